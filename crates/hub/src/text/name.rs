//! A person's name in any script, without characters that keyboards and other programs add.

use thiserror::Error;

use super::normal::{is_format, is_joiner, is_space, is_visible, nfc};

/// Characters in a name.
pub const NAME_LIMIT: usize = 100;

/// Bytes of the longest text that is parsed: four for each character, and room for dropped characters.
const LONGEST_TYPED: usize = 8 * NAME_LIMIT;

/// Why a name is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub(crate) enum NameError {
    /// It has no visible character.
    #[error("Please write your name.")]
    Empty,
    /// It is too long.
    #[error("Please write your name in {NAME_LIMIT} characters or fewer.")]
    Long,
    /// It has a control character, a line break, or a mark that overrides the reading direction.
    #[error("This name has a character that cannot be shown. Please type it again.")]
    Unshowable,
}

/// Parses a name, in Unicode Normalization Form C. Invisible characters are dropped, such as the direction marks that
/// Hebrew and Arabic keyboards add. Joiners and variants of scripts and emoji stay where they have an effect.
///
/// # Errors
/// [`NameError`], which is the sentence for the field.
pub(crate) fn full_name(text: &str) -> Result<String, NameError> {
    if text.len() > LONGEST_TYPED {
        return Err(NameError::Long);
    }
    let kept: String = text.chars().filter(|one| !is_format(*one) || is_joiner(*one) || is_override(*one)).collect();
    let name = kept
        .trim_start_matches(|one| is_space(one) || is_joiner(one))
        .trim_end_matches(|one| is_space(one) || matches!(one, '\u{200c}' | '\u{200d}'));
    if !name.chars().any(is_visible) {
        return Err(NameError::Empty);
    }
    if name.chars().any(|one| one.is_control() || is_override(one) || matches!(one, '\u{2028}' | '\u{2029}')) {
        return Err(NameError::Unshowable);
    }
    let name = nfc(name);
    if name.chars().nth(NAME_LIMIT).is_some() { Err(NameError::Long) } else { Ok(name) }
}

/// True for the two marks that override the order of letters. No keyboard adds them.
fn is_override(character: char) -> bool {
    matches!(character, '\u{202d}' | '\u{202e}')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn names_stay_as_they_are_written_in_every_script() {
        for name in [
            "Ada Lovelace",
            "Nguyễn Thị Minh Khai",
            "O’Brien-Łukasiewicz",
            "محمد رضا\u{200c}زاده",
            "ශ්\u{200d}රී",
            "葛\u{e0100}城",
            "Ada 👩\u{200d}🚀",
            "Ada ❤\u{fe0f}",
            "עדה",
        ] {
            assert_eq!(full_name(name).as_deref(), Ok(name));
        }
    }

    #[test]
    fn characters_that_keyboards_and_copying_add_are_dropped() {
        for (typed, name) in [
            ("\u{200f}עדה\u{200e}", "עדה"),
            ("ad\u{200e}a", "ada"),
            ("\u{2067}עדה\u{2069} \u{feff}", "עדה"),
            (" Ada\u{a0}\u{200b}", "Ada"),
            ("Ada\u{ad} Love\u{ad}lace", "Ada Lovelace"),
            ("\u{200d}Ada\u{200c}", "Ada"),
            ("Jose\u{301}", "José"),
        ] {
            assert_eq!(full_name(typed).as_deref(), Ok(name), "{typed:?}");
        }
    }

    #[test]
    fn each_refusal_says_what_is_wrong_with_the_name() {
        for empty in
            ["", " ", "\u{200b}", "\u{3164}", "\u{2800}", "\u{200e}\u{200d}", "\u{fe0f}", "\u{ffa0}", "\u{115f}"]
        {
            assert_eq!(full_name(empty), Err(NameError::Empty), "{empty:?}");
        }
        for odd in ["A\nB", "A\0", "A\u{202e}B", "A\u{2028}B"] {
            assert_eq!(full_name(odd), Err(NameError::Unshowable), "{odd:?}");
        }
        assert!(full_name(&"ä".repeat(100)).is_ok());
        assert!(full_name(&"a\u{308}".repeat(100)).is_ok());
        for long in ["ä".repeat(101), "a".repeat(16_000)] {
            assert_eq!(full_name(&long), Err(NameError::Long));
        }
    }

    proptest! {
        #[test]
        fn a_name_that_was_taken_is_taken_as_it_is(text in "[\\PC\u{200b}-\u{200f}\u{fe0f}]{0,12}") {
            if let Ok(name) = full_name(&text) {
                prop_assert_eq!(full_name(&name), Ok(name));
            }
        }
    }
}
