//! Tells an error together with its causes, on one line: the one way in which log lines and the command line name what
//! went wrong. A log for programs would leave out the sources of an error that is handed to it as one.
//!
//! No cause may hold a secret: whoever makes an error of what a library says takes out addresses and contents first.

use std::error::Error;
use std::iter::successors;

/// The longest text of an error, in bytes: a cause may quote text that a client sent.
const LONGEST: usize = 1000;

/// The error and its causes; a cause that the text already contains is not repeated. A text of more than 1,000 bytes is
/// cut there, and ends in `…`.
#[must_use]
pub fn told(error: &(dyn Error + 'static)) -> String {
    let mut told = String::new();
    for error in successors(Some(error), |&error| error.source()) {
        let text = error.to_string().split_whitespace().collect::<Vec<_>>().join(" ");
        if told.is_empty() {
            told = text;
        } else if !told.contains(&text) {
            told = format!("{told}: {text}");
        }
    }
    if told.len() > LONGEST {
        told.truncate(told.floor_char_boundary(LONGEST));
        told.push('…');
    }
    told
}

#[cfg(test)]
mod tests {
    use std::io;

    use thiserror::Error;

    use super::*;

    #[derive(Debug, Error)]
    #[error("not written: disk full")]
    struct Unwritten(#[source] io::Error);

    #[derive(Debug, Error)]
    #[error("start failed")]
    struct Failed(#[source] Unwritten);

    #[test]
    fn causes_follow_each_other_on_one_line_and_none_is_told_twice() {
        let error = Failed(Unwritten(io::Error::other("disk\nfull")));
        assert_eq!(told(&error), "start failed: not written: disk full");
    }

    #[test]
    fn an_error_that_quotes_a_long_text_is_cut() {
        let quoting = io::Error::other("é".repeat(16 << 10));
        let text = told(&quoting);
        assert!(text.len() <= LONGEST + '…'.len_utf8() && text.ends_with("é…"), "{}", text.len());
    }
}
