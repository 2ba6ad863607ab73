//! Says something on standard output, to whoever started the process. What is for the log goes to `telemetry`.

use std::io::{self, Write as _};

/// Writes `text` as a line of its own; that nobody reads it is no failure.
pub(crate) fn say(text: &str) {
    let mut output = io::stdout().lock();
    let _ = writeln!(output, "{text}").and_then(|()| output.flush());
}
