//! Tells an error together with its causes, on one line, for people.

use std::error::Error;
use std::iter::successors;

/// The error and its causes; a cause that the text has named already is not repeated.
pub(crate) fn told(error: &(dyn Error + 'static)) -> String {
    let mut told = String::new();
    for error in successors(Some(error), |&error| error.source()) {
        let text = error.to_string().split_whitespace().collect::<Vec<_>>().join(" ");
        if told.is_empty() {
            told = text;
        } else if !told.contains(&text) {
            told = format!("{told}: {text}");
        }
    }
    told
}

#[cfg(test)]
mod tests {
    use anyhow::anyhow;

    use super::*;

    #[test]
    fn causes_follow_each_other_on_one_line_and_none_is_told_twice() {
        let error = anyhow!("disk\nfull").context("not written: disk full").context("start failed");
        assert_eq!(told(error.as_ref()), "start failed: not written: disk full");
    }
}
