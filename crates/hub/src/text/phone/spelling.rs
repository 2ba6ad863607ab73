//! Reduces a typed phone number to its digits. Knows no country.

use unicode_properties::{GeneralCategory, UnicodeGeneralCategory as _};

use super::number::{PHONE_LIMIT, PhoneRefusal};
use crate::text::normal::{ascii_digits, is_space, trimmed, without_format};

/// The digits of a number, and the meaning of the signs between them.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Spelling {
    /// True after a plus.
    pub(super) plus: bool,
    /// True for a zero in brackets, as in `+49 (0) 151`, which is dialled only within the country.
    pub(super) bracketed_zero: bool,
    pub(super) digits: String,
}

/// Digits in the longest spelling of a number: the longest exit code (10), 15 of ITU-T E.164, and a trunk prefix.
const DIGITS_LIMIT: usize = 27;

impl Spelling {
    /// Parses digits of any script, and drops separators.
    pub(super) fn parse(text: &str) -> Result<Self, PhoneRefusal> {
        if text.chars().count() > PHONE_LIMIT {
            return Err(PhoneRefusal::Long);
        }
        let text = ascii_digits(&without_format(text)).to_lowercase();
        let number = without_name(&text);
        let close: String = number.chars().filter(|one| !is_space(*one)).collect();
        let bracketed_zero = ["(0)", "[0]", "（0）", "［0］"].iter().any(|zero| close.contains(zero));
        let mut spelling = Self { plus: false, bracketed_zero, digits: String::new() };
        for (place, character) in number.char_indices() {
            match character {
                '0'..='9' => spelling.digits.push(character),
                '+' | '＋' | '﹢' if spelling.digits.is_empty() => spelling.plus = true,
                _ if separates(character) => {}
                _ => return Err(unreadable(&spelling, &number[place..])),
            }
        }
        match spelling.digits.len() {
            0 => Err(PhoneRefusal::Empty),
            1..=DIGITS_LIMIT => Ok(spelling),
            _ => Err(PhoneRefusal::TooLong),
        }
    }
}

/// The text after `tel:`, as in links and on business cards.
fn without_name(text: &str) -> &str {
    let text = trimmed(text).trim_end_matches([',', ';', ':']);
    text.strip_prefix("tel").map_or(text, |rest| rest.trim_start_matches([':', '.', '：', ' ']))
}

fn separates(character: char) -> bool {
    is_space(character)
        || character.general_category() == GeneralCategory::DashPunctuation
        || "().[]/~_'’·•|\\（）．／［］～−⁄∕∙‧・ー。\u{20e3}".contains(character)
}

/// The error for a text that continues with `rest`: an extension, a letter or another sign.
fn unreadable(before: &Spelling, rest: &str) -> PhoneRefusal {
    let names = ["extension", "ext", "ex", "x", "#", ";ext=", ",", ";", "доб", "int", "poste", "durchwahl", "dw"];
    let is_extension = names.iter().filter_map(|name| rest.strip_prefix(name)).any(|extension| {
        let digits = extension.trim_start_matches(|one| separates(one) || ":=,;.".contains(one));
        digits.starts_with(|one: char| one.is_ascii_digit()) && !digits.contains(char::is_alphabetic)
    });
    match (is_extension && before.digits.len() > 3, rest.chars().next().is_some_and(char::is_alphabetic)) {
        (true, _) => PhoneRefusal::Extension,
        (false, true) => PhoneRefusal::Letters,
        (false, false) => PhoneRefusal::Signs,
    }
}
