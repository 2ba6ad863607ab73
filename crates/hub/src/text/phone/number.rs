//! A phone number, its country, and the reasons to refuse one. Knows no spelling.

use approval::Secret;
use thiserror::Error;

use super::plan::{self, COUNTRY_CODES, grouped};

/// A phone number that can exist in its country.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PhoneNumber {
    /// ITU-T E.164, as in `+12015550123`.
    pub e164: Secret,
    /// The calling code.
    pub country_code: u16,
    /// The digits after it.
    pub national: Secret,
}

/// The country of a phone: a region, or the regions that share a calling code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PhoneCountry {
    pub(super) code: u16,
    /// The place of its plan among those of the calling code.
    pub(super) region: usize,
}

/// Why a number is refused.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum PhoneRefusal {
    /// Nothing was typed.
    #[error("Please write your phone number.")]
    Empty,
    /// No number is as long.
    #[error("This is too long for a phone number. Please check it.")]
    Long,
    /// It has letters.
    #[error("A phone number has digits only. Please leave out the letters.")]
    Letters,
    /// It has signs that no number has.
    #[error("A phone number has digits only. Please leave out the other signs.")]
    Signs,
    /// It has an extension.
    #[error("A number with an extension cannot approve sign-ins. Please give a number that rings your phone directly.")]
    Extension,
    /// It is too short for the country.
    #[error("This number is too short for that country. Please check it.")]
    TooShort,
    /// It is too long for the country.
    #[error("This number is too long for that country. Please check it.")]
    TooLong,
    /// The country has no such number.
    #[error("This number cannot exist in that country. Please check it.")]
    Impossible,
    /// It begins with another calling code, which is this.
    #[error("This number belongs to calling code +{0}. Please choose its country.")]
    OtherCountry(u16),
    /// A premium-rate number.
    #[error("This is a premium-rate number, which cannot approve sign-ins. Please give another one.")]
    Premium,
    /// A shared-cost number.
    #[error("This is a shared-cost number, which cannot approve sign-ins. Please give another one.")]
    SharedCost,
    /// The number of a pager.
    #[error("This is the number of a pager, which cannot approve sign-ins. Please give another one.")]
    Pager,
    /// The number of a voicemail.
    #[error("This is the number of a voicemail, which cannot approve sign-ins. Please give another one.")]
    Voicemail,
    /// It is ambiguous: it can be each of these.
    #[error("Did you mean {}?", in_words(.0))]
    Question(Vec<PhoneNumber>),
}

/// Characters in a phone number as it is typed; copied ones bring invisible characters along.
pub const PHONE_LIMIT: usize = 64;

impl PhoneCountry {
    /// Reads a calling code (`1`, `+1`) or an ISO 3166-1 code of two letters (`CA`).
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        if text.len() == 2 && text.bytes().all(|byte| byte.is_ascii_alphabetic()) {
            return plan::region(&text.to_ascii_uppercase()).map(|(code, region)| Self { code, region });
        }
        let digits = text.trim_start_matches('+');
        let code = digits.parse().ok().filter(|code| COUNTRY_CODES.contains(code) && digits.len() <= 3)?;
        Some(Self { code, region: 0 }).filter(|_| !plan::plans(code).is_empty())
    }

    /// Its calling code.
    #[must_use]
    pub const fn calling_code(self) -> u16 {
        self.code
    }
}

impl PhoneNumber {
    /// The number in full, as its country writes it for callers from abroad.
    #[must_use]
    pub fn grouped(&self) -> String {
        grouped(self.e164.expose())
    }

    /// The number behind a calling code.
    pub(super) fn new(code: u16, national: &str) -> Self {
        let e164 = Secret::new(format!("+{code}{national}"));
        Self { e164, country_code: code, national: Secret::new(national) }
    }
}

/// The last two digits of an E.164 number, by which people recognise their own phone.
#[must_use]
pub fn phone_ending(e164: &str) -> String {
    e164.chars().rev().take(2).collect::<Vec<_>>().into_iter().rev().collect()
}

fn in_words(numbers: &[PhoneNumber]) -> String {
    let numbers: Vec<_> = numbers.iter().map(PhoneNumber::grouped).collect();
    numbers.join(" or ")
}
