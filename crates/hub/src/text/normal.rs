//! The normalisation that every kind of text shares: format characters, spaces and digits of other scripts, and the
//! Unicode forms. Knows no kind of text.

use unicode_normalization::UnicodeNormalization as _;
use unicode_properties::{GeneralCategory, UnicodeGeneralCategory as _};

/// True for a character that shows nothing of its own and joins, orders or fills text: Unicode category Cf, variation
/// selectors, and the fillers that other categories hold (Unicode 16, `Default_Ignorable_Code_Point`). The signs that
/// Arabic, Syriac and Kaithi write around numbers are of category Cf as well, and show.
pub(crate) fn is_format(character: char) -> bool {
    if character.is_ascii() {
        return false;
    }
    let around_numbers = matches!(
        character,
        '\u{600}'..='\u{605}' | '\u{6dd}' | '\u{70f}' | '\u{890}' | '\u{891}' | '\u{8e2}' | '\u{110bd}' | '\u{110cd}'
    );
    (character.general_category() == GeneralCategory::Format && !around_numbers)
        || matches!(character,
            '\u{034f}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}' | '\u{180b}'..='\u{180f}' | '\u{2065}'
            | '\u{3164}' | '\u{fe00}'..='\u{fe0f}' | '\u{ffa0}' | '\u{fff0}'..='\u{fff8}' | '\u{e0000}'..='\u{e0fff}')
}

/// True for a character that shows as an empty place: white space, and the blank Braille pattern.
pub(crate) fn is_space(character: char) -> bool {
    character.is_whitespace() || character == '\u{2800}'
}

/// True for the format characters without which scripts and emoji are written wrong: zero-width joiner and non-joiner,
/// and the selectors of a variant.
#[must_use]
pub fn is_joiner(character: char) -> bool {
    matches!(character,
        '\u{200c}' | '\u{200d}' | '\u{180b}'..='\u{180d}' | '\u{180f}' | '\u{fe00}'..='\u{fe0f}'
        | '\u{e0100}'..='\u{e01ef}')
}

/// True for a visible character, even if a font shows it only as a box.
#[must_use]
pub fn is_visible(character: char) -> bool {
    // Two characters have an empty glyph: a null notehead, and a Khitan filler.
    let empty = matches!(character, '\u{1d159}' | '\u{16fe4}') || character.is_control();
    !empty && !is_space(character) && !is_format(character)
}

/// True for a character that Unicode assigns: all others look alike, as boxes.
pub(crate) fn is_assigned(character: char) -> bool {
    !matches!(character.general_category(), GeneralCategory::PrivateUse | GeneralCategory::Unassigned)
}

/// True if `text` has an invisible character that no script needs: a phone or a page would not show the text as it was
/// written.
#[must_use]
pub fn has_hidden(text: &str) -> bool {
    text.chars()
        .any(|one| one.is_control() || matches!(one, '\u{2028}' | '\u{2029}') || (is_format(one) && !is_joiner(one)))
}

/// The text without the spaces and format characters around it.
pub(crate) fn trimmed(text: &str) -> &str {
    text.trim_matches(|character| is_space(character) || is_format(character))
}

/// The text without any format character.
pub(crate) fn without_format(text: &str) -> String {
    text.chars().filter(|character| !is_format(*character)).collect()
}

/// The text with every decimal digit of any script (Unicode category Nd) as its ASCII digit.
pub(crate) fn ascii_digits(text: &str) -> String {
    text.chars().map(|character| decimal(character).unwrap_or(character)).collect()
}

/// The text in Unicode Normalization Form C (UAX 15).
pub(crate) fn nfc(text: &str) -> String {
    text.nfc().collect()
}

/// The text in Unicode Normalization Form KC (UAX 15).
pub(crate) fn nfkc(text: &str) -> String {
    text.nfkc().collect()
}

/// The ASCII digit of a decimal digit. Unicode encodes the ten digits of a script one after the other from zero
/// (Unicode 16, 4.6), so the place in a run of digits tells the value.
fn decimal(character: char) -> Option<char> {
    let is_decimal =
        |code: u32| char::from_u32(code).is_some_and(|one| one.general_category() == GeneralCategory::DecimalNumber);
    let code = u32::from(character);
    if character.is_ascii() || !is_decimal(code) {
        return None;
    }
    let before = (0..code).rev().take_while(|earlier| is_decimal(*earlier)).count();
    char::from_digit(u32::try_from(before % 10).ok()?, 10)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn digits_of_every_script_become_ascii() {
        for digits in ["٠١٢٣٤٥٦٧٨٩", "۰۱۲۳۴۵۶۷۸۹", "०१२३४५६७८९", "０１２３４５６７８９", "𝟎𝟏𝟐𝟑𝟒𝟓𝟔𝟕𝟖𝟗", "𝟶𝟷𝟸𝟹𝟺𝟻𝟼𝟽𝟾𝟿"]
        {
            assert_eq!(ascii_digits(digits), "0123456789", "{digits}");
        }
        assert_eq!(ascii_digits("½ ² Ⅷ 五"), "½ ² Ⅷ 五", "these are numbers, and no decimal digits");
    }

    #[test]
    fn marks_around_a_text_are_cut_and_those_inside_stay() {
        for around in ["\u{202a}", "\u{202c}", "\u{2066}", "\u{200e}", "\u{feff}", "\u{a0}", "\u{3164}", "\u{2800}"] {
            assert_eq!(trimmed(&format!("{around}a{around}b {around}")), format!("a{around}b"));
        }
    }

    #[test]
    fn what_shows_is_visible_and_what_a_script_needs_is_not_hidden() {
        for shown in ['a', 'é', '٣', '漢', '😀', '\u{6dd}', '\u{301}'] {
            assert!(is_visible(shown), "{shown:?}");
        }
        for empty in ['\u{200b}', '\u{3164}', '\u{2800}', ' ', '\0', '\u{1d159}'] {
            assert!(!is_visible(empty), "{empty:?}");
        }
        assert!(is_assigned('a') && !is_assigned('\u{e000}') && !is_assigned('\u{378}'));
        for fine in ["a b", "می\u{200c}خواهم", "👩\u{200d}🚀", "❤\u{fe0f}", "葛\u{e0100}"] {
            assert!(!has_hidden(fine), "{fine:?}");
        }
        for odd in ["a\u{200b}", "a\u{ad}b", "\u{202e}a", "a\u{2028}b", "a\u{0}", "\u{3164}", "a\u{e0041}"] {
            assert!(has_hidden(odd), "{odd:?}");
        }
    }

    proptest! {
        #[test]
        fn every_step_is_idempotent(text in "\\PC{0,20}") {
            prop_assert_eq!(ascii_digits(&ascii_digits(&text)), ascii_digits(&text));
            prop_assert_eq!(without_format(&without_format(&text)), without_format(&text));
            prop_assert_eq!(trimmed(trimmed(&text)), trimmed(&text));
            prop_assert_eq!(nfkc(&nfkc(&text)), nfkc(&text));
            prop_assert_eq!(nfc(&nfc(&text)), nfc(&text));
        }
    }
}
