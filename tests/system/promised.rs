//! What SECURITY.md promises is held by what it names: each test and file is in the tree, and each row names one or says why
//! it does not apply.

use std::fs;
use std::path::{Path, PathBuf};

/// A table, by its heading: the cells of each row below its head.
fn table(heading: &str) -> Vec<Vec<String>> {
    let text = fs::read_to_string(root().join("SECURITY.md")).unwrap();
    let (_, section) = text.split_once(&format!("\n## {heading}\n")).expect("the section is there");
    let section = section.split("\n## ").next().unwrap_or_default();
    let rows = section.lines().filter(|line| line.starts_with("| ")).skip(1);
    rows.map(|row| row.trim_matches('|').split('|').map(|cell| cell.trim().to_owned()).collect()).collect()
}

/// What stands in backticks.
fn named(text: &str) -> impl Iterator<Item = &str> {
    text.split('`').skip(1).step_by(2)
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// All Rust files below `folder`.
fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let passed_over = ["node_modules", "target", ".tools"].iter().any(|name| path.ends_with(name));
        if path.is_dir() && !passed_over {
            found.extend(files(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
    found
}

/// The tests of the tree, each as `file::function`; those of `lib.rs`, `mod.rs` and `tests.rs` by their folder.
fn tests() -> Vec<String> {
    let mut all = Vec::new();
    for path in ["crates", "tests"].iter().flat_map(|folder| files(&root().join(folder))) {
        let stem = path.file_stem().unwrap().to_str().unwrap().to_owned();
        let folder = || path.parent().and_then(Path::file_name).unwrap().to_str().unwrap().to_owned();
        let file = if ["lib", "mod", "tests"].contains(&&*stem) { folder() } else { stem };
        let text = fs::read_to_string(&path).unwrap();
        let mut lines = text.lines().map(str::trim);
        while lines.by_ref().any(|line| matches!(line, "#[test]" | "#[tokio::test]")) {
            let name = lines.by_ref().find_map(|line| line.split_once("fn ")?.1.split('(').next());
            all.extend(name.map(|name| format!("{file}::{name}")));
        }
    }
    all
}

/// Whether this is a file of the tree.
fn is_file(name: &str) -> bool {
    name.contains('.') && !name.contains(' ') && root().join(name).is_file()
}

#[test]
fn every_test_and_every_file_that_is_named_is_in_the_tree() {
    let (text, tests) = (fs::read_to_string(root().join("SECURITY.md")).unwrap(), tests());
    let mut count = 0;
    for name in named(&text) {
        let is_there = if name.contains("::") {
            count += 1;
            tests.iter().any(|test| test == name)
        } else {
            !name.contains('/') || name.starts_with("..") || is_file(name)
        };
        assert!(is_there, "{name} is not in the tree");
    }
    assert!(count > 100, "{count}");
}

#[test]
fn every_threat_is_there_and_names_its_tests_or_says_why_it_does_not_apply() {
    let rows = table("Threats");
    for (number, row) in (1..).zip(&rows) {
        let [at, what, reference, held] = &row[..] else { panic!("{row:?}") };
        assert_eq!((at, what.is_empty(), reference.is_empty()), (&number.to_string(), false, false));
        let has_test = named(held).any(|name| name.contains("::"));
        assert!(has_test || held.starts_with("Does not apply"), "{number}: {held}");
    }
    assert_eq!(rows.len(), 39);
}

#[test]
fn every_requirement_has_a_verdict_and_what_is_met_says_where() {
    let (nist, asvs) = (table("NIST SP 800-63B-4"), table("OWASP ASVS 5.0, chapter V6"));
    let chapters = [3, 12, 8, 6, 8, 4, 2, 4];
    let all = (1..).zip(chapters).flat_map(|(chapter, count)| (1..=count).map(move |nth| format!("6.{chapter}.{nth}")));
    assert!(asvs.iter().map(|row| row[0].clone()).eq(all), "each requirement once, in its order");
    for row in nist.iter().chain(&asvs) {
        let [section, wish, verdict, held] = &row[..] else { panic!("{row:?}") };
        let verdicts = ["**met**", "**partly**", "**not met**", "**does not apply**"];
        assert!(verdicts.iter().any(|one| verdict.starts_with(one)), "{section} {wish}: {verdict}");
        let says = named(held).next().is_some() || held.starts_with("there ");
        assert!(says || !verdict.starts_with("**met**"), "{section} {wish}: {held}");
    }
}
