//! Files and folders depend downward only: in no crate do files use each other in a circle, nor folders.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use crate::uses::{Uses, uses};

/// The files of one circle, each of which uses the next and the last of which uses the first.
fn circle(mut uses: Uses) -> Option<Vec<String>> {
    loop {
        let left: BTreeSet<String> = uses.keys().cloned().collect();
        uses.retain(|_, used| !used.is_disjoint(&left));
        if uses.len() == left.len() {
            break;
        }
    }
    // Whatever is left uses something that is left.
    let mut way = vec![uses.keys().next()?];
    loop {
        let next = uses[way[way.len() - 1]].iter().find_map(|file| uses.get_key_value(file)).unwrap().0;
        match way.iter().position(|file| *file == next) {
            Some(begin) => return Some(way[begin..].iter().copied().cloned().collect()),
            None => way.push(next),
        }
    }
}

fn among<const N: usize>(files: [(&str, &str); N]) -> Option<Vec<String>> {
    circle(uses("lib.rs", |path| files.iter().find(|(one, _)| *one == path).map(|(_, text)| (*text).to_owned())))
}

/// What the files use, by the folders (or files) in which they lie apart: `live/feed.rs` that uses `text/name.rs` is
/// `live` that uses `text`. A file and the folder below it are one.
fn folders(uses: &Uses) -> Uses {
    let mut folders = Uses::new();
    let edges = uses.iter().flat_map(|(file, used)| used.iter().map(move |used| (file, used)));
    for (one, other) in edges {
        let parts = |file: &str| file.trim_end_matches(".rs").split('/').map(str::to_owned).collect::<Vec<_>>();
        let (one, other) = (parts(one), parts(other));
        let common = one.iter().zip(&other).take_while(|(one, other)| one == other).count();
        if common < one.len().min(other.len()) {
            folders.entry(other[..=common].join("/")).or_default();
            folders.entry(one[..=common].join("/")).or_default().insert(other[..=common].join("/"));
        }
    }
    folders
}

/// What the files of each crate use, by the name of the crate.
fn crates() -> Vec<(String, Uses)> {
    let crates = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let crates = fs::read_dir(crates).unwrap().map(|one| {
        let one = one.unwrap();
        let (name, source) = (one.file_name().into_string().unwrap(), one.path().join("src"));
        let root = if source.join("lib.rs").exists() { "lib.rs" } else { "main.rs" };
        let uses = uses(root, |path| fs::read_to_string(source.join(path)).ok());
        assert!(uses.values().any(|used| !used.is_empty()), "{name} is not read");
        (name, uses)
    });
    crates.collect()
}

#[test]
fn no_files_use_each_other_in_a_circle() {
    for (name, uses) in crates() {
        if let Some(files) = circle(uses) {
            panic!("in {name} there is a circle: {} → {}", files.join(" → "), files[0]);
        }
    }
}

#[test]
fn no_folders_use_each_other_in_a_circle() {
    let mut circles = String::new();
    for (name, uses) in crates() {
        if let Some(found) = circle(folders(&uses)) {
            writeln!(circles, "in {name} there is a circle of folders: {} → {}", found.join(" → "), found[0]).unwrap();
        }
    }
    assert!(circles.is_empty(), "{circles}");
}

#[test]
fn folders_that_use_each_other_by_different_files_are_a_circle() {
    let lib = ("lib.rs", "mod above; mod below;");
    let files = [
        lib,
        ("above.rs", "mod one; mod two; pub(crate) use two::Two;"),
        ("above/one.rs", "pub(crate) struct One(crate::below::Below);"),
        ("above/two.rs", "pub(crate) struct Two;"),
        ("below.rs", "mod inner; pub(crate) struct Below;"),
        ("below/inner.rs", "pub(crate) struct Inner(crate::above::Two);"),
    ];
    let read = |path: &str| files.iter().find(|(one, _)| *one == path).map(|(_, text)| (*text).to_owned());
    let uses = uses("lib.rs", read);
    assert_eq!(circle(uses.clone()), None);
    assert_eq!(circle(folders(&uses)), Some(vec!["above".to_owned(), "below".to_owned()]));
}

#[test]
fn what_a_face_passes_on_is_of_the_file_that_has_it() {
    let lib = ("lib.rs", "mod face; mod below; pub use face::Inner;");
    let face = ("face.rs", "mod inner; pub(crate) use inner::Inner; pub(crate) struct Face;");
    let inner = ("face/inner.rs", "use super::Face; pub(crate) struct Inner(Face);");
    assert_eq!(among([lib, face, inner, ("below.rs", "fn of(_: crate::Inner) {}")]), None);
    let using = ("face.rs", "mod inner; pub(crate) use inner::Inner; pub(crate) struct Face(Inner);");
    assert_eq!(among([lib, using, inner, ("below.rs", "")]), Some(vec!["face.rs".into(), "face/inner.rs".into()]));
    let inner = ("face/inner.rs", "pub(crate) struct Inner(crate::below::Below);");
    let below = ("below.rs", "use crate::face; pub(crate) struct Below(face::Inner);");
    assert_eq!(among([lib, face, inner, below]), Some(vec!["below.rs".into(), "face/inner.rs".into()]));
}

#[test]
fn a_module_may_share_its_name_with_what_it_has() {
    let (lib, one) =
        (("lib.rs", "mod one; mod two; pub use one::one;"), ("one.rs", "use crate::two; pub fn one() { two::two() }"));
    let circle = Some(vec!["one.rs".to_owned(), "two.rs".to_owned()]);
    assert_eq!(among([lib, one, ("two.rs", "use crate::one; pub fn two() { one() }")]), circle);
    assert_eq!(among([lib, one, ("two.rs", "pub fn two() { crate::one() }")]), circle);
}

#[test]
fn attributes_and_macros_use_what_they_name_and_tests_count_for_nothing() {
    let (lib, one) = (("lib.rs", "mod one; mod two;"), ("one.rs", "use crate::two::two; pub fn one() { two() }"));
    let circle = Some(vec!["one.rs".to_owned(), "two.rs".to_owned()]);
    for (two, found) in [
        ("#[path(crate::one::one)] pub fn two() {}", &circle),
        ("pub fn two() { print!(\"{}\", super::one::one()) }", &circle),
        ("use crate::one; pub fn two() { one::one() }", &circle),
        ("use crate::one; pub fn two() {}", &None),
        ("use crate::one::*; pub fn two() {}", &circle),
        ("pub fn two() {} #[cfg(test)] mod tests { use crate::one::one; }", &None),
    ] {
        assert_eq!(among([lib, one, ("two.rs", two)]), *found, "{two}");
    }
}
