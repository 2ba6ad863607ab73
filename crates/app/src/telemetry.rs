//! What the process tells about itself: log lines on standard error. Secrets, codes, tokens, phone numbers and
//! passwords are in none of them.

use std::io::{self, IsTerminal as _};
use std::panic::{self, PanicHookInfo};

use tracing::{Level, Metadata};
use tracing_subscriber::filter::{EnvFilter, filter_fn};
use tracing_subscriber::layer::{Layer as _, SubscriberExt as _};
use tracing_subscriber::util::SubscriberInitExt as _;
use tracing_subscriber::{Registry, fmt};

use crate::config::{ConfigError, LogFormat};

/// The crates whose debug and trace lines may be seen.
const OURS: [&str; 8] = ["approval", "broker", "countersign", "hub", "provider", "receiver", "simulator", "storage"];

/// Said by libraries, and to be heard only by who asks for it: whoever waits for a slow statement says so anyway.
const UNASKED: &str = "sqlx::query=error";

/// Begins to log what `filter` lets pass, in this `format`, and lets panics be logged as well.
///
/// # Errors
/// When `filter` cannot be read.
pub(crate) fn start(filter: &str, format: LogFormat) -> Result<(), ConfigError> {
    let filter = EnvFilter::builder().parse(format!("{UNASKED},{filter}")).map_err(|_| {
        ConfigError::value("LOG", "must be a level such as info, or levels of parts such as \"info,hub=debug\"")
    })?;
    let lines = fmt::layer().with_writer(io::stderr);
    let lines = match format {
        LogFormat::Text => lines.with_ansi(io::stderr().is_terminal()).boxed(),
        LogFormat::Json => lines.json().flatten_event(true).with_current_span(false).boxed(),
    };
    Registry::default().with(lines.with_filter(filter_fn(may_be_seen))).with(filter).init();
    panic::set_hook(Box::new(log_panic));
    Ok(())
}

/// Below `info`, libraries write whole URLs, headers and frames, which hold codes and tokens: only our own lines pass.
fn may_be_seen(line: &Metadata<'_>) -> bool {
    let part = line.target().split("::").next().unwrap_or_default();
    *line.level() <= Level::INFO || OURS.contains(&part)
}

/// Where a panic happened is logged; its message is not, as it may quote a value.
fn log_panic(panic: &PanicHookInfo<'_>) {
    let place = panic.location().map(ToString::to_string).unwrap_or_default();
    tracing::error!(panic.location = place, "a part of the program failed unexpectedly");
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use super::*;

    #[derive(Clone, Default)]
    struct Lines(Arc<Mutex<Vec<u8>>>);

    impl io::Write for Lines {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().write(bytes)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
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
        let said = String::from_utf8(lines.0.lock().unwrap().clone()).unwrap();
        assert!(said.contains("telemetry.rs:") && !said.contains("hunter2"), "{said}");
    }
}
