//! A phone number as it was typed, down to its digits. Knows no country.

use unicode_properties::{GeneralCategory, UnicodeGeneralCategory as _};

use super::number::{PHONE_LIMIT, PhoneRefusal};
use crate::text::normal::{ascii_digits, is_space, trimmed, without_format};

/// The digits of a number, and what the signs between them say.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Spelling {
    /// A plus stands before them.
    pub(super) plus: bool,
    /// A zero stands in brackets, as in `+49 (0) 151`: it counts within the country alone.
    pub(super) bracketed_zero: bool,
    pub(super) digits: String,
}

/// Digits in the longest spelling of a number: the longest exit code (10), and 15 as ITU-T E.164 allows, and a trunk prefix.
const DIGITS_LIMIT: usize = 27;

impl Spelling {
    /// Reads the digits of any script and drops what stands between them.
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

/// The text behind `tel:`, as links and business cards have it.
fn without_name(text: &str) -> &str {
    let text = trimmed(text).trim_end_matches([',', ';', ':']);
    text.strip_prefix("tel").map_or(text, |rest| rest.trim_start_matches([':', '.', '：', ' ']))
}

fn separates(character: char) -> bool {
    is_space(character)
        || character.general_category() == GeneralCategory::DashPunctuation
        || "().[]/~_'’·•|\\（）．／［］～−⁄∕∙‧・ー。\u{20e3}".contains(character)
}

/// Why what begins at `rest` is no part of a number: an extension begins like this, or it is something else.
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
