//! Parses a code as people type or paste it: grouped, in the digits of any script, with invisible characters. Knows no
//! provider but the strict [`Code`].

use std::ops::RangeInclusive;

use provider::Code;
use unicode_properties::{GeneralCategory, UnicodeGeneralCategory as _};

use super::normal::{ascii_digits, is_format, is_space};

/// The digits that a code may have, fewest to most.
pub const CODE_DIGITS: RangeInclusive<usize> = Code::SHORTEST..=Code::LONGEST;

/// Characters of the longest text that is parsed; no typed code is as long.
const LONGEST: usize = 64;

/// The typed code. `None` if the text has anything but digits and separators, so no letter, slash or percent sign can
/// reach the provider's path.
pub(crate) fn typed_code(text: &str) -> Option<Code> {
    if text.chars().nth(LONGEST).is_some() {
        return None;
    }
    let digits: String = text.chars().filter(|character| !stands_between(*character)).collect();
    ascii_digits(&digits).parse().ok()
}

/// True for separators that people and apps write around digits: spaces, dashes, dots and invisible characters.
fn stands_between(character: char) -> bool {
    is_space(character)
        || is_format(character)
        || character.general_category() == GeneralCategory::DashPunctuation
        || matches!(
            character,
            '\u{2212}' | '.' | '\u{b7}' | '\u{2022}' | '\u{2024}' | '\u{2027}' | '\u{3002}' | '\u{ff0e}'
        )
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn read(text: &str) -> Option<String> {
        typed_code(text).map(|code| code.expose().to_owned())
    }

    #[test]
    fn a_code_is_taken_as_apps_and_messages_show_it() {
        for text in [
            "3289208",
            "328 9208",
            " 328-9208\n",
            "328\u{202f}9208",
            "328\u{a0}9208",
            "328\u{2013}9208",
            "328\u{2212}9208",
            "3289208.",
            "3.289.208",
            "3\u{b7}289208",
            "\u{202a}3289208\u{202c}",
            "\u{feff}328\u{200b}9208",
            "\u{2068}328 9208\u{2069}",
            "٣٢٨٩٢٠٨",
            "۳۲۸-۹۲۰۸",
            "३२८ ९२०८",
            "３２８９２０８",
        ] {
            assert_eq!(read(text).as_deref(), Some("3289208"), "{text:?}");
        }
    }

    #[test]
    fn a_text_with_anything_else_is_no_code() {
        for text in [
            "",
            " - ",
            "12345",
            "12345678901",
            "../sms",
            "../../sms",
            "0000000/1#",
            "000000?",
            "%2e%2e",
            "%30%30%30%30%30%30",
            "1234567\0",
            "+123456",
            "12345a",
            "½½½½½½",
            "²²²²²²",
            "ⅧⅧⅧⅧⅧⅧ",
            "五五五五五五",
        ] {
            assert_eq!(read(text), None, "{text:?}");
        }
        assert_eq!(read(&format!("123456{}", " ".repeat(LONGEST))), None);
    }

    proptest! {
        #[test]
        fn a_code_that_was_read_reads_as_itself(text in "[0-9٠-٩ .\u{200b}/a-]{0,16}") {
            if let Some(code) = read(&text) {
                prop_assert_eq!(read(&code), Some(code));
                prop_assert!(!text.contains(['/', 'a']));
            }
        }
    }
}
