//! One field of a form: what was typed, and what is wrong with it.

/// A field with the value it keeps after an error.
#[derive(Clone, Default, PartialEq, Eq)]
pub(crate) struct Field {
    /// What the person typed; shown again. Stays empty for a password.
    pub(crate) value: String,
    /// The sentence beside the field.
    pub(crate) error: Option<String>,
}
