//! The checks as an ordinary test: each seed as it is, then changed in ways that follow no rule. `PROPTEST_CASES` says
//! how often.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::path::Path;

use proptest::prelude::*;
use proptest::sample::{Index, select};

mod checks;

// Part of the executable, and of no library.
#[path = "../crates/app/src"]
mod app {
    #[expect(dead_code, reason = "the executable uses more of it")]
    pub(crate) mod config;
    #[expect(dead_code, reason = "the executable uses more of it")]
    pub(crate) mod database;
}
use app::{config, database};

/// What happens to a seed on its way.
#[derive(Debug, Clone)]
enum Edit {
    Insert(Index, Vec<u8>),
    Replace(Index, u8),
    Remove(Index, usize),
    Repeat(Index, usize),
}

fn any_edit(pieces: Vec<Vec<u8>>) -> impl Strategy<Value = Edit> {
    let at = any::<Index>;
    prop_oneof![
        (at(), prop::collection::vec(any::<u8>(), 1..4)).prop_map(|(at, bytes)| Edit::Insert(at, bytes)),
        (at(), select(pieces), at(), 1..20usize).prop_map(|(at, piece, from, length)| {
            let from = from.index(piece.len());
            Edit::Insert(at, piece[from..piece.len().min(from + length)].to_vec())
        }),
        (at(), any::<u8>()).prop_map(|(at, byte)| Edit::Replace(at, byte)),
        (at(), select(&b"\0\n \"%&+,-./:=[]{}\\"[..])).prop_map(|(at, byte)| Edit::Replace(at, byte)),
        (at(), 1..9usize).prop_map(|(at, length)| Edit::Remove(at, length)),
        (at(), 1..33usize).prop_map(|(at, length)| Edit::Repeat(at, length)),
    ]
}

impl Edit {
    fn apply(self, bytes: &mut Vec<u8>) {
        let within = |at: Index, length: usize| at.index(length + 1);
        match self {
            Self::Insert(at, new) => {
                let at = within(at, bytes.len());
                bytes.splice(at..at, new);
            }
            Self::Replace(at, byte) if !bytes.is_empty() => {
                let at = at.index(bytes.len());
                bytes[at] = byte;
            }
            Self::Replace(..) => {}
            Self::Remove(at, length) => {
                let at = within(at, bytes.len());
                bytes.drain(at..bytes.len().min(at + length));
            }
            Self::Repeat(at, length) => {
                let at = within(at, bytes.len());
                let again = bytes[at..bytes.len().min(at + length)].to_vec();
                bytes.splice(at..at, again);
            }
        }
    }
}

/// The seeds of a check.
fn seeds(name: &str) -> Vec<Vec<u8>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/seeds").join(name);
    let files = folder.read_dir().unwrap().map(|file| file.unwrap().path());
    files.map(|file| std::fs::read(file).unwrap()).collect()
}

fn holds(name: &str) {
    let (check, seeds) = (checks::named(name), seeds(name));
    for seed in &seeds {
        check(seed);
    }
    let changed =
        (select(seeds.clone()), prop::collection::vec(any_edit(seeds), 0..6)).prop_map(|(mut bytes, edits)| {
            for edit in edits {
                edit.apply(&mut bytes);
            }
            bytes
        });
    // What is found becomes a seed.
    let settings = ProptestConfig { failure_persistence: None, ..ProptestConfig::default() };
    let told = proptest::test_runner::TestRunner::new(settings).run(&changed, |bytes| {
        check(&bytes);
        Ok(())
    });
    told.unwrap_or_else(|error| panic!("{error}"));
}

#[test]
fn two_implementations_agree_on_what_is_signed() {
    holds("signature");
}

#[test]
fn a_callback_says_what_was_signed_or_nothing() {
    holds("callback");
}

#[test]
fn a_query_says_what_was_signed_or_nothing() {
    holds("query");
}

#[test]
fn an_event_is_read_as_it_was_written_or_not_at_all() {
    holds("event");
}

#[test]
fn a_code_is_six_to_ten_digits_and_nothing_else() {
    holds("code");
}

#[test]
fn an_address_is_that_of_the_last_who_is_no_trusted_proxy_whatever_strangers_wrote_before() {
    holds("forwarded");
}

#[test]
fn no_origin_passes_but_our_own() {
    holds("origin");
}

#[test]
fn no_page_leads_away_from_us() {
    holds("redirect");
}

#[test]
fn a_mistake_in_the_configuration_is_one_sentence_without_a_secret() {
    holds("config");
}
