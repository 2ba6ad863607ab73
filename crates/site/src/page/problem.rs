//! What a browser gets instead of `application/problem+json`.

use askama::Template;

use super::Shell;

/// Something that went wrong, told in a title, a sentence and one next step.
#[derive(Debug, Template)]
#[template(path = "problem.html")]
pub(crate) struct Problem {
    /// The frame.
    pub(crate) shell: Shell,
    /// What happened, in a few words.
    pub(crate) title: String,
    /// What it means for the person, in a sentence or two.
    pub(crate) sentence: String,
    /// Where the one next step leads: a path of ours.
    pub(crate) next: &'static str,
    /// What its button says.
    pub(crate) next_label: &'static str,
}
