//! Limits how many lines of one kind the log takes in a period, so that no client can fill the disk. Warnings and
//! errors are sampled: the first ones of each kind are written, the rest are counted, and one line says how many were
//! left out. A kind is a place in our source and a few fixed words, never text that a client sent. Knows no clock: its
//! caller ends the periods.

use std::collections::HashMap;
use std::fmt::{Debug, Write as _};
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tracing::callsite::Identifier;
use tracing::field::{Field, Visit};
use tracing::{Event, Level, Metadata};

/// How many lines of one kind are written in a period.
pub(super) const WRITTEN_PER_PERIOD: u64 = 20;
/// This many kinds are distinguished by their words; further ones count by their place in the source alone.
const KIND_LIMIT: usize = 1024;
/// The fields that distinguish kinds at one place. Their values are fixed words.
const KIND_FIELDS: [&str; 4] = ["limit", "reason", "callback.outcome", "callback.reason"];
/// The outcome of a repeated callback. Its info line is sampled too, because a client can cause it as often as it
/// likes.
const REPEATED_OUTCOME: &str = "repeated";
/// The longest name of a kind, in characters; the rest is cut.
const NAME_CHARS: usize = 120;

/// Counts the lines of this period. Cheap to clone; clones share the counts.
#[derive(Debug, Clone, Default)]
pub(crate) struct Sampler(Arc<Mutex<HashMap<Kind, Count>>>);

/// Lines that are counted together.
#[derive(Debug, PartialEq, Eq, Hash)]
struct Kind {
    place: Identifier,
    words: u64,
}

#[derive(Debug)]
struct Count {
    lines: u64,
    name: LeftOut,
}

/// How many lines of one kind were left out of the log in a period.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct LeftOut {
    pub(super) target: &'static str,
    pub(super) message: String,
    pub(super) words: String,
    pub(super) lines: u64,
}

/// Collects the name of a line's kind from its fields.
#[derive(Debug, Default)]
struct Named {
    message: String,
    words: String,
}

impl Sampler {
    /// True if this line is to be written; otherwise it is counted.
    pub(super) fn admits(&self, line: &Event<'_>) -> bool {
        let level = *line.metadata().level();
        if level > Level::INFO {
            return true;
        }
        let mut named = Named::default();
        line.record(&mut named);
        if level == Level::INFO && named.words != REPEATED_OUTCOME {
            return true;
        }
        self.count(line.metadata(), named)
    }

    /// Ends a period: returns the counts of left-out lines, and starts again at zero.
    pub(super) fn end_period(&self) -> Vec<LeftOut> {
        let counts = std::mem::take(&mut *self.counts());
        let left_out = |count: Count| {
            let lines = count.lines.saturating_sub(WRITTEN_PER_PERIOD);
            (lines > 0).then_some(LeftOut { lines, ..count.name })
        };
        counts.into_values().filter_map(left_out).collect()
    }

    fn count(&self, line: &'static Metadata<'static>, named: Named) -> bool {
        let mut counts = self.counts();
        let full = counts.len() >= KIND_LIMIT;
        let mut kind = Kind { place: line.callsite(), words: hash(&named.words) };
        if full && !counts.contains_key(&kind) {
            kind.words = 0;
        }
        let count = counts.entry(kind).or_insert_with(|| {
            let name = LeftOut { target: line.target(), message: named.message, words: named.words, lines: 0 };
            Count { lines: 0, name }
        });
        count.lines += 1;
        count.lines <= WRITTEN_PER_PERIOD
    }

    fn counts(&self) -> MutexGuard<'_, HashMap<Kind, Count>> {
        // A count is whole after each statement.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Named {
    fn note(&mut self, field: &Field, value: &dyn Debug) {
        if field.name() == "message" {
            write_short(&mut self.message, value);
        } else if KIND_FIELDS.contains(&field.name()) {
            let separator = if self.words.is_empty() { "" } else { " " };
            self.words.push_str(separator);
            write_short(&mut self.words, value);
        }
    }
}

impl Visit for Named {
    fn record_str(&mut self, field: &Field, value: &str) {
        self.note(field, &format_args!("{value}"));
    }

    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        self.note(field, value);
    }
}

/// Adds no more than the first characters of `value`.
fn write_short(text: &mut String, value: &dyn Debug) {
    let mut short = Short { text, left: NAME_CHARS };
    // `Short` fails on purpose once it is full.
    let _ = write!(short, "{value:?}");
}

struct Short<'a> {
    text: &'a mut String,
    left: usize,
}

impl std::fmt::Write for Short<'_> {
    fn write_str(&mut self, more: &str) -> std::fmt::Result {
        for character in more.chars() {
            self.left = self.left.checked_sub(1).ok_or(std::fmt::Error)?;
            self.text.push(character);
        }
        Ok(())
    }
}

fn hash(words: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    words.hash(&mut hasher);
    hasher.finish()
}
