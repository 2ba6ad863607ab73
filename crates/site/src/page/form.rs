//! One field of a form: what was typed, and what is wrong with it.

/// A field with the value it keeps after an error.
#[derive(Clone, Default, PartialEq, Eq)]
pub(crate) struct Field {
    /// What the person typed; shown again. Stays empty for a password.
    pub(crate) value: String,
    /// The sentence beside the field.
    pub(crate) error: Option<String>,
}

/// The longest text that a page shows again, in bytes: more than anybody types, and little enough to escape.
const SHOWN_AGAIN: usize = 4096;

/// The text to show again in its field; nothing of one that is too long, which was made by no person.
pub(crate) fn shown_again(text: String) -> String {
    if text.len() <= SHOWN_AGAIN { text } else { String::new() }
}

#[cfg(test)]
mod tests {
    use std::{fs, path::Path};

    #[test]
    fn no_field_cuts_off_what_is_pasted_or_has_a_limit_of_its_own() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../web/templates");
        for template in fs::read_dir(folder).unwrap() {
            let text = fs::read_to_string(template.unwrap().path()).unwrap();
            assert!(!text.contains("maxlength="), "{text}");
            for limit in text.split("minlength=\"").skip(1) {
                assert!(limit.starts_with("{{ hub::"), "{limit}");
            }
        }
    }
}
