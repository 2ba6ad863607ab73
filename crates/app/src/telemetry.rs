//! What the process tells about itself: log lines on standard error. Secrets, codes, tokens, phone numbers and
//! passwords are in none of them, and no client can make them grow without a limit.

mod sampling;

use std::io::{self, IsTerminal as _};
use std::panic::{self, PanicHookInfo};
use std::time::Duration;

use tracing::{Event, Level, Metadata};
use tracing_subscriber::filter::EnvFilter;
use tracing_subscriber::layer::{Context, Filter, Layer as _, SubscriberExt as _};
use tracing_subscriber::util::SubscriberInitExt as _;
use tracing_subscriber::{Registry, fmt};

use crate::config::{ConfigError, LogFormat};

pub(crate) use sampling::Sampler;

/// A period of the sampler: at its end the log says what it left out, and the counts start again.
const PERIOD: Duration = Duration::from_mins(1);

/// The crates whose debug and trace lines may be seen.
const OURS: [&str; 9] =
    ["approval", "broker", "countersign", "hub", "provider", "receiver", "simulator", "site", "storage"];

/// Said by libraries, and to be heard only by who asks for it: whoever waits for a slow statement says so anyway, and
/// `broker` says once what the library for NATS says at each attempt to connect.
const UNASKED: &str = "sqlx::query=error,async_nats=off";

/// Starts to log what `filter` admits, and panics, in this `format`. The caller runs [`report_periodically`] with the
/// returned sampler, and calls [`report_left_out`] at the end.
///
/// # Errors
/// When `filter` cannot be read.
pub(crate) fn start(filter: &str, format: LogFormat) -> Result<Sampler, ConfigError> {
    let filter = EnvFilter::builder().parse(format!("{UNASKED},{filter}")).map_err(|_| {
        ConfigError::value("LOG", "must be a level such as info, or levels of parts such as \"info,hub=debug\"")
    })?;
    let lines = fmt::layer().with_writer(io::stderr);
    let lines = match format {
        LogFormat::Text => lines.with_ansi(io::stderr().is_terminal()).boxed(),
        LogFormat::Json => lines.json().flatten_event(true).with_current_span(false).boxed(),
    };
    let sampler = Sampler::default();
    Registry::default().with(lines.with_filter(Written(sampler.clone()))).with(filter).init();
    panic::set_hook(Box::new(log_panic));
    Ok(sampler)
}

/// Logs after each period how many lines of each kind were left out. Never returns.
pub(crate) async fn report_periodically(sampler: Sampler) {
    let mut periods = tokio::time::interval(PERIOD);
    loop {
        periods.tick().await;
        report_left_out(&sampler);
    }
}

/// Logs how many lines of each kind were left out since the last report.
pub(crate) fn report_left_out(sampler: &Sampler) {
    for kind in sampler.end_period() {
        tracing::warn!(
            left_out = kind.lines,
            of = kind.target,
            line = kind.message,
            words = kind.words,
            "lines of one kind exceeded their limit; the rest are not logged"
        );
    }
}

/// Decides which lines are written.
struct Written(Sampler);

impl<S> Filter<S> for Written {
    fn enabled(&self, line: &Metadata<'_>, _: &Context<'_, S>) -> bool {
        may_be_seen(line)
    }

    fn event_enabled(&self, line: &Event<'_>, _: &Context<'_, S>) -> bool {
        // The sampler's own reports are not sampled: the number of kinds limits them.
        line.metadata().target() == module_path!() || self.0.admits(line)
    }
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
mod tests;
