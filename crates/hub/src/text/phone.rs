//! A phone number that people type: read in every usual spelling, or refused with the reason, or asked about where it
//! can be two numbers. Never turned into another number. Knows no provider, which has the last word.

#[cfg(test)]
mod oracle;
mod plan;
mod readings;
mod spelling;
#[cfg(test)]
mod tests;

use approval::Secret;
use thiserror::Error;

use plan::{Kind, Standing};
pub(crate) use plan::{grouped, load};
use readings::{Reading, readings};
use spelling::Spelling;

/// A phone number that can exist in its country.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Phone {
    /// ITU-T E.164, as in `+12015550123`.
    pub(crate) e164: Secret,
    /// The calling code.
    pub(crate) country_code: u16,
    /// The digits after it.
    pub(crate) national: Secret,
}

/// The country of a phone: a region, or the regions that share a calling code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Country {
    code: u16,
    /// The place of its plan among those of the calling code.
    region: usize,
}

/// Why a number is not taken.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub(crate) enum PhoneRefusal {
    #[error("Please write your phone number.")]
    Empty,
    #[error("This is too long for a phone number. Please check it.")]
    Long,
    #[error("A phone number has digits only. Please leave out the letters.")]
    Letters,
    #[error("A phone number has digits only. Please leave out the other signs.")]
    Signs,
    #[error("A number with an extension cannot approve sign-ins. Please give a number that rings your phone directly.")]
    Extension,
    #[error("This number is too short for that country. Please check it.")]
    TooShort,
    #[error("This number is too long for that country. Please check it.")]
    TooLong,
    #[error("This number cannot exist in that country. Please check it.")]
    Impossible,
    #[error("This number belongs to calling code +{0}. Please choose its country.")]
    OtherCountry(u16),
    #[error("This is a premium-rate number, which cannot approve sign-ins. Please give another one.")]
    Premium,
    #[error("This is a shared-cost number, which cannot approve sign-ins. Please give another one.")]
    SharedCost,
    #[error("This is the number of a pager, which cannot approve sign-ins. Please give another one.")]
    Pager,
    #[error("This is the number of a voicemail, which cannot approve sign-ins. Please give another one.")]
    Voicemail,
    /// It can be each of these.
    #[error("Did you mean {}?", in_words(.0))]
    Question(Vec<Phone>),
}

/// Characters in a phone number as it is typed; copied ones bring invisible characters along.
pub(crate) const PHONE_LIMIT: usize = 64;
/// The calling codes of countries.
pub(crate) const COUNTRY_CODES: std::ops::RangeInclusive<u16> = 1..=999;
/// Numbers that a question names.
const ASKED_LIMIT: usize = 3;

impl Country {
    /// Reads a calling code (`1`, `+1`) or an ISO 3166-1 code of two letters (`CA`).
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        if text.len() == 2 && text.bytes().all(|byte| byte.is_ascii_alphabetic()) {
            return plan::region(&text.to_ascii_uppercase()).map(|(code, region)| Self { code, region });
        }
        let digits = text.trim_start_matches('+');
        let code = digits.parse().ok().filter(|code| COUNTRY_CODES.contains(code) && digits.len() <= 3)?;
        Some(Self { code, region: 0 }).filter(|_| !plan::plans(code).is_empty())
    }

    /// Its calling code.
    #[cfg(test)]
    pub(crate) const fn calling_code(self) -> u16 {
        self.code
    }
}

impl Phone {
    /// Reads a number of `country`. `meant` answers a question about this very text: one of the numbers that it named.
    ///
    /// # Errors
    /// The reason to show beside the field.
    pub(crate) fn parse(country: Country, text: &str, meant: Option<&str>) -> Result<Self, PhoneRefusal> {
        let spelling = Spelling::parse(text)?;
        let readings = readings(country, &spelling)?;
        match choose(&readings, spelling.bracketed_zero) {
            Err(PhoneRefusal::Question(numbers)) => {
                let answer = numbers.iter().find(|number| meant == Some(number.e164.expose()));
                answer.cloned().ok_or(PhoneRefusal::Question(numbers))
            }
            chosen => chosen,
        }
    }

    /// The number in full, as its country writes it for callers from abroad.
    pub(crate) fn grouped(&self) -> String {
        grouped(self.e164.expose())
    }

    fn new(code: u16, national: &str) -> Self {
        let e164 = Secret::new(format!("+{code}{national}"));
        Self { e164, country_code: code, national: Secret::new(national) }
    }
}

/// The last two digits of an E.164 number: enough to know one's own phone.
pub(crate) fn phone_ending(e164: &str) -> String {
    e164.chars().rev().take(2).collect::<Vec<_>>().into_iter().rev().collect()
}

/// The country that an E.164 number belongs to, as an ISO 3166-1 code, or its calling code where no plan knows the number.
pub(crate) fn country_of(e164: &str) -> String {
    let Some((code, national)) = e164.strip_prefix('+').and_then(plan::split_code) else { return String::new() };
    plan::region_of(code, national).map_or_else(|| code.to_string(), str::to_owned)
}

/// The calling code of the country that an E.164 number belongs to; 0 for what is none.
pub(crate) fn calling_code(e164: &str) -> u16 {
    e164.strip_prefix('+').and_then(plan::split_code).map_or(0, |(code, _)| code)
}

/// The number that the readings agree on. The plan may be older than a number, so a possible length is enough where the
/// plan knows no reading; a reading that it knows outweighs the others, unless a zero in brackets says otherwise. A guess
/// is only taken where the number exists.
fn choose(readings: &[Reading], bracketed_zero: bool) -> Result<Phone, PhoneRefusal> {
    let best = readings.iter().map(|reading| reading.standing).max().unwrap_or(Standing::TooShort);
    if best <= Standing::Impossible {
        let whole = readings.iter().filter(|reading| !reading.number.national.expose().starts_with('0'));
        return Err(match whole.map(|reading| reading.standing).max() {
            Some(Standing::TooShort) => PhoneRefusal::TooShort,
            Some(Standing::TooLong) => PhoneRefusal::TooLong,
            _ => PhoneRefusal::Impossible,
        });
    }
    let least = if bracketed_zero { Standing::Possible } else { best };
    let likely = || readings.iter().filter(|reading| reading.standing >= least);
    let refusal = likely().find_map(|reading| refused(reading.kind));
    let mut open: Vec<_> = likely().filter(|reading| refused(reading.kind).is_none()).collect();
    open.sort_by_key(|reading| reading.kind != Some(Kind::Mobile));
    match (open.as_slice(), refusal) {
        ([], refusal) => Err(refusal.unwrap_or(PhoneRefusal::Impossible)),
        ([one], None) if one.kind.is_some() || !one.guessed => Ok(one.number.clone()),
        (several, _) => {
            Err(PhoneRefusal::Question(several.iter().take(ASKED_LIMIT).map(|one| one.number.clone()).collect()))
        }
    }
}

fn refused(kind: Option<Kind>) -> Option<PhoneRefusal> {
    match kind? {
        Kind::Premium => Some(PhoneRefusal::Premium),
        Kind::SharedCost => Some(PhoneRefusal::SharedCost),
        Kind::Pager => Some(PhoneRefusal::Pager),
        Kind::Voicemail => Some(PhoneRefusal::Voicemail),
        Kind::Other | Kind::Mobile | Kind::Fixed => None,
    }
}

fn in_words(numbers: &[Phone]) -> String {
    let numbers: Vec<_> = numbers.iter().map(Phone::grouped).collect();
    numbers.join(" or ")
}
