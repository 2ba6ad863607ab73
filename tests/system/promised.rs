//! What SECURITY.md promises is held by what it names: each test and file is in the tree, and each row names one or says why
//! it does not apply. What ARCHITECTURE.md and docs/decisions.md name is in the tree as well.

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
pub(crate) fn named(text: &str) -> impl Iterator<Item = &str> {
    text.split('`').skip(1).step_by(2)
}

pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// Everything below `folder`, files and folders.
fn tree(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if ["node_modules", "target", ".tools", ".git"].iter().any(|name| path.ends_with(name)) {
            continue;
        }
        if path.is_dir() {
            found.extend(tree(&path));
        }
        found.push(path);
    }
    found
}

/// All Rust files below `folder`.
fn files(folder: &Path) -> impl Iterator<Item = PathBuf> + use<> {
    tree(folder).into_iter().filter(|path| path.extension().is_some_and(|extension| extension == "rs"))
}

/// The tests of the tree, each as `file::function`; those of `lib.rs`, `mod.rs` and `tests.rs` by their folder.
pub(crate) fn tests() -> Vec<String> {
    let mut all = Vec::new();
    for path in ["crates", "tests"].iter().flat_map(|folder| files(&root().join(folder))) {
        let stem = path.file_stem().unwrap().to_str().unwrap().to_owned();
        let folder = || path.parent().and_then(Path::file_name).unwrap().to_str().unwrap().to_owned();
        let file = if ["lib", "mod", "tests"].contains(&&*stem) { folder() } else { stem };
        let text = fs::read_to_string(&path).unwrap();
        let mut lines = text.lines().map(str::trim);
        while lines.by_ref().any(|line| line == "#[test]" || line.starts_with("#[tokio::test")) {
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

/// Whether a name in backticks is one of a test or of something else in a file, as in `file::function`.
fn names_code(name: &str) -> bool {
    name.contains("::") && name.chars().all(|letter| letter.is_alphanumeric() || "_:".contains(letter))
}

/// Whether a name in backticks is one of a file or a folder: by its end, or by a slash in it that no address begins with.
fn names_a_path(name: &str) -> bool {
    const KINDS: [&str; 9] = ["conf", "css", "html", "js", "json", "md", "rs", "toml", "yaml"];
    let kind = Path::new(name).extension().and_then(|kind| kind.to_str());
    let plain = !name.contains(|letter: char| letter.is_whitespace() || "#{}".contains(letter));
    plain && !name.starts_with('/') && (name.contains('/') || kind.is_some_and(|kind| KINDS.contains(&kind)))
}

#[test]
fn every_file_and_whatever_is_in_one_that_the_other_documents_name_is_in_the_tree() {
    let (paths, tests) = (tree(&root()), tests());
    let sources: String = files(&root().join("crates")).map(|path| fs::read_to_string(path).unwrap()).collect();
    let defined =
        |name: &str| ["fn", "struct", "enum", "mod"].iter().any(|what| sources.contains(&format!("{what} {name}")));
    let mut count = 0;
    for document in ["ARCHITECTURE.md", "docs/decisions.md"] {
        for name in named(&fs::read_to_string(root().join(document)).unwrap()) {
            let is_there = if names_code(name) {
                tests.iter().any(|test| test == name) || name.rsplit("::").next().is_some_and(defined)
            } else if names_a_path(name) {
                paths.iter().any(|path| path.ends_with(name))
            } else {
                continue;
            };
            count += 1;
            assert!(is_there, "{document}: {name} is not in the tree");
        }
    }
    assert!(count > 90, "{count}");
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
