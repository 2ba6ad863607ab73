//! The log and its sampling.

use std::sync::{Arc, Mutex};

use proptest::prelude::*;

use super::sampling::WRITTEN_PER_PERIOD;
use super::*;

#[derive(Clone, Default)]
struct Lines(Arc<Mutex<Vec<u8>>>);

impl Lines {
    /// The lines written.
    fn written(&self) -> Vec<String> {
        String::from_utf8(self.0.lock().unwrap().clone()).unwrap().lines().map(str::to_owned).collect()
    }
}

impl io::Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// The lines that `run` logs through this sampler.
fn logged(sampler: &Sampler, run: impl FnOnce()) -> Vec<String> {
    let lines = Lines::default();
    let writer = lines.clone();
    let layer = fmt::layer().with_ansi(false).with_writer(move || writer.clone());
    let subscriber = Registry::default().with(layer.with_filter(Written(sampler.clone())));
    tracing::subscriber::with_default(subscriber, run);
    lines.written()
}

fn refuse(reason: &str) {
    tracing::warn!(callback.reason = reason, duration_ms = 0.2, "refused a callback");
}

fn count(lines: &[String], text: &str) -> u64 {
    lines.iter().filter(|line| line.contains(text)).count() as u64
}

#[test]
fn a_panic_is_logged_with_its_place_and_never_with_its_message() {
    let (lines, before) = (Lines::default(), panic::take_hook());
    let writer = lines.clone();
    let subscriber = fmt().with_max_level(Level::TRACE).with_writer(move || writer.clone()).finish();
    tracing::subscriber::with_default(subscriber, || {
        panic::set_hook(Box::new(log_panic));
        let panicked = panic::catch_unwind(|| panic!("the password is {}", "hunter2"));
        panic::set_hook(before);
        assert!(panicked.is_err());
    });
    let said = lines.written().concat();
    assert!(said.contains("tests.rs:") && !said.contains("hunter2"), "{said}");
}

#[test]
fn a_flood_of_one_kind_hides_no_line_of_another() {
    let lines = logged(&Sampler::default(), || {
        for _ in 0..3000 {
            refuse("unsigned");
        }
        refuse("wrong signature");
        tracing::error!("the disk is full");
    });
    assert_eq!(count(&lines, "unsigned"), WRITTEN_PER_PERIOD);
    assert_eq!((count(&lines, "wrong signature"), count(&lines, "the disk is full")), (1, 1));
}

#[test]
fn the_end_of_a_period_tells_what_was_left_out_and_begins_another() {
    let sampler = Sampler::default();
    let lines = logged(&sampler, || {
        for _ in 0..2 {
            (0..WRITTEN_PER_PERIOD + 7).for_each(|_| refuse("unsigned"));
            report_left_out(&sampler);
        }
        report_left_out(&sampler);
    });
    assert_eq!(count(&lines, "refused a callback callback.reason"), 2 * WRITTEN_PER_PERIOD);
    let told: Vec<_> = lines.iter().filter(|line| line.contains("left_out=7")).collect();
    assert_eq!(told.len(), 2, "{lines:#?}");
    assert!(told[0].contains("refused a callback") && told[0].contains("unsigned"), "{told:?}");
}

#[test]
fn a_line_that_goes_on_for_ever_is_written_in_each_period() {
    let sampler = Sampler::default();
    let lines = logged(&sampler, || {
        for _ in 0..5 {
            (0..500).for_each(|_| tracing::error!("the database does not answer"));
            report_left_out(&sampler);
        }
    });
    assert_eq!(count(&lines, "ERROR"), 5 * WRITTEN_PER_PERIOD);
}

#[test]
fn each_callback_that_is_taken_has_its_line_and_its_repeats_do_not() {
    let lines = logged(&Sampler::default(), || {
        for outcome in ["published", "repeated"] {
            (0..500).for_each(|_| tracing::info!(callback.outcome = outcome, "took a callback"));
        }
    });
    assert_eq!(count(&lines, "published"), 500);
    assert_eq!(count(&lines, "repeated"), WRITTEN_PER_PERIOD);
}

#[test]
fn words_without_end_take_up_no_more_memory_than_the_kinds_allow() {
    let sampler = Sampler::default();
    let lines = logged(&sampler, || {
        for number in 0..10_000 {
            refuse(&format!("{number} {}", "long".repeat(4096)));
        }
    });
    // 1,024 separate kinds, and one for all others.
    assert_eq!(lines.len() as u64, 1024 + WRITTEN_PER_PERIOD);
    let left_out = sampler.end_period();
    assert_eq!(left_out.iter().map(|kind| kind.lines).sum::<u64>(), 10_000 - 1024 - WRITTEN_PER_PERIOD);
    assert!(left_out.iter().all(|kind| kind.words.len() <= 120));
}

proptest! {
    /// For any lines in any order: each is written or counted, and no kind exceeds its limit in a period.
    #[test]
    fn each_line_is_written_or_counted(kinds in prop::collection::vec(0..4usize, 0..300), ends in prop::collection::vec(any::<bool>(), 300)) {
        const REASONS: [&str; 4] = ["unsigned", "wrong signature", "too large", "wrong method"];
        let sampler = Sampler::default();
        let mut left_out = 0;
        let mut periods = 1;
        let lines = logged(&sampler, || {
            for (kind, end) in kinds.iter().zip(&ends) {
                refuse(REASONS[*kind]);
                if *end {
                    periods += 1;
                    left_out += sampler.end_period().iter().map(|kind| kind.lines).sum::<u64>();
                }
            }
        });
        left_out += sampler.end_period().iter().map(|kind| kind.lines).sum::<u64>();
        prop_assert_eq!(lines.len() as u64 + left_out, kinds.len() as u64);
        for reason in REASONS {
            prop_assert!(count(&lines, reason) <= periods * WRITTEN_PER_PERIOD);
        }
    }
}

#[test]
fn all_crates_are_ours() {
    let crates = std::fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/..")).unwrap();
    let mut names: Vec<_> = crates.map(|one| one.unwrap().file_name().into_string().unwrap()).collect();
    names.iter_mut().filter(|name| *name == "app").for_each(|name| "countersign".clone_into(name));
    names.sort();
    assert_eq!(names, OURS);
}
