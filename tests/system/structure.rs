//! The shape of the source: who may know whom, where SQL may stand, and that every file says what it is.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

/// The crates of the workspace, and which of the others each may use.
const MAY_USE: [(&str, &[&str]); 9] = [
    ("approval", &[]),
    ("provider", &["approval"]),
    ("storage", &["approval"]),
    ("broker", &["approval"]),
    ("receiver", &["approval", "provider", "broker"]),
    ("hub", &["approval", "provider", "storage", "broker"]),
    ("site", &["approval", "hub"]),
    ("simulator", &["approval", "provider"]),
    ("countersign", &["approval", "provider", "storage", "broker", "receiver", "hub", "site", "simulator"]),
];

/// What the tests of a crate may use beside: they try it on real parts.
const TESTS_MAY_USE: [(&str, &[&str]); 1] = [("site", &["provider", "storage", "broker"])];

/// The libraries that a crate must not know, beside its tests.
const MUST_NOT_KNOW: [(&str, &[&str]); 8] = [
    ("approval", &["tokio", "tokio-util", "axum", "hyper", "tower", "utoipa", "sqlx", "async-nats", "reqwest"]),
    ("provider", &["axum", "sqlx", "async-nats"]),
    ("storage", &["axum", "async-nats", "reqwest"]),
    ("broker", &["axum", "reqwest"]),
    ("receiver", &["sqlx", "async-nats", "reqwest"]),
    ("hub", &["axum", "axum-extra", "hyper", "tower", "askama", "utoipa", "sqlx", "async-nats", "reqwest"]),
    ("site", &["sqlx", "async-nats", "reqwest"]),
    ("simulator", &["sqlx", "async-nats"]),
];

/// Names that say nothing of what they hold.
const DRAWERS: [&str; 8] = ["common", "core", "helper", "helpers", "misc", "types", "util", "utils"];
/// The longest that a source file may be.
const LINES: usize = 400;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().unwrap()
}

/// Every crate of the workspace, and what it depends on: the name, and whether only its tests do.
fn dependencies() -> BTreeMap<String, Vec<(String, bool)>> {
    let cargo = Command::new(env!("CARGO"))
        .args(["metadata", "--no-deps", "--offline", "--format-version", "1"])
        .current_dir(root())
        .output()
        .unwrap();
    let metadata: Value = serde_json::from_slice(&cargo.stdout).unwrap();
    let packages = metadata["packages"].as_array().unwrap().iter();
    packages
        .map(|package| (name(package), package["dependencies"].as_array().unwrap().iter().map(edge).collect()))
        .collect()
}

fn name(package: &Value) -> String {
    package["name"].as_str().unwrap().to_owned()
}

fn edge(dependency: &Value) -> (String, bool) {
    (name(dependency), dependency["kind"] == "dev")
}

/// All Rust files below `folder`.
fn sources(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() && !path.ends_with("node_modules") && !path.ends_with("target") {
            found.extend(sources(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
    found
}

fn all_sources() -> impl Iterator<Item = (PathBuf, String)> {
    let files = ["crates", "fuzz", "tests"].into_iter().flat_map(|folder| sources(&root().join(folder)));
    files.map(|path| (path.clone(), fs::read_to_string(path).unwrap()))
}

#[test]
fn a_crate_uses_only_the_crates_that_it_may_know() {
    let dependencies = dependencies();
    let crates: BTreeSet<&str> = MAY_USE.iter().map(|(name, _)| *name).collect();
    assert_eq!(dependencies.keys().map(String::as_str).collect::<BTreeSet<_>>(), crates);
    for (name, may_use) in MAY_USE {
        let in_tests = TESTS_MAY_USE.iter().find(|(one, _)| *one == name).map_or(&[][..], |(_, used)| used);
        for (used, only_tests) in dependencies[name].iter().filter(|(used, _)| crates.contains(used.as_str())) {
            let may = may_use.contains(&used.as_str()) || (*only_tests && in_tests.contains(&used.as_str()));
            assert!(may, "{name} must not know {used}");
        }
    }
}

#[test]
fn a_crate_uses_no_library_that_it_must_not_know() {
    let dependencies = dependencies();
    for (name, must_not_know) in MUST_NOT_KNOW {
        for (used, _) in dependencies[name].iter().filter(|(_, only_tests)| !only_tests) {
            assert!(!must_not_know.contains(&used.as_str()), "{name} must not know {used}");
        }
    }
}

#[test]
fn every_file_opens_with_what_it_owns_and_is_short() {
    for (path, text) in all_sources() {
        assert!(text.starts_with("//! "), "{} does not say what it is", path.display());
        assert!(text.lines().count() <= LINES, "{} is too long", path.display());
    }
}

#[test]
fn nothing_is_named_after_a_drawer() {
    for (path, _) in all_sources() {
        let path = path.strip_prefix(root()).unwrap();
        let drawer = path.with_extension("");
        let drawer = drawer.components().find(|part| DRAWERS.iter().any(|drawer| part.as_os_str() == *drawer));
        assert_eq!(drawer, None, "{}", path.display());
    }
}

#[test]
fn every_error_in_a_log_line_is_told_with_its_causes() {
    for (path, text) in all_sources().filter(|(path, _)| path.components().any(|part| part.as_os_str() == "src")) {
        for alone in ["%error,", "?error,", "as &dyn Error"] {
            assert!(!text.contains(alone), "{} tells an error without its causes: {alone}", path.display());
        }
    }
}

#[test]
fn sql_stands_only_in_migrations_storage_and_broker() {
    for (path, text) in all_sources().filter(|(path, _)| path.components().any(|part| part.as_os_str() == "src")) {
        let within = path.strip_prefix(root().join("crates")).unwrap();
        if within.starts_with("storage") || within.starts_with("broker") {
            continue;
        }
        for words in
            ["SELECT ", "INSERT INTO ", "UPDATE ", "DELETE FROM ", "CREATE TABLE ", "BEGIN IMMEDIATE", "PRAGMA "]
        {
            assert!(!text.contains(words), "{} has SQL: {words}", path.display());
        }
    }
}
