//! Decides the number that a spelling means, or refuses it, or asks which of several. Knows no page and no field.

use super::{
    number::{PhoneCountry, PhoneNumber, PhoneRefusal},
    plan::{NumberKind, Standing},
    readings::{Reading, readings},
    spelling::Spelling,
};

/// At most this many numbers are offered in a question.
const ASKED_LIMIT: usize = 3;

impl PhoneNumber {
    /// Parses a number of `country`. `meant` is the number chosen in the question about this text; others are ignored.
    ///
    /// # Errors
    /// The reason to show beside the field.
    pub fn parse(country: PhoneCountry, text: &str, meant: Option<&str>) -> Result<Self, PhoneRefusal> {
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
}

/// The number on which the readings agree. Readings known to the plan outweigh the others, unless the text has a zero
/// in brackets. If the plan knows none, a possible length is enough, because the plan may be outdated. A guessed
/// reading must be known to the plan.
fn choose(readings: &[Reading], bracketed_zero: bool) -> Result<PhoneNumber, PhoneRefusal> {
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
    open.sort_by_key(|reading| reading.kind != Some(NumberKind::Mobile));
    match (open.as_slice(), refusal) {
        ([], refusal) => Err(refusal.unwrap_or(PhoneRefusal::Impossible)),
        ([one], None) if one.kind.is_some() || !one.guessed => Ok(one.number.clone()),
        (several, _) => {
            Err(PhoneRefusal::Question(several.iter().take(ASKED_LIMIT).map(|one| one.number.clone()).collect()))
        }
    }
}

fn refused(kind: Option<NumberKind>) -> Option<PhoneRefusal> {
    match kind? {
        NumberKind::Premium => Some(PhoneRefusal::Premium),
        NumberKind::SharedCost => Some(PhoneRefusal::SharedCost),
        NumberKind::Pager => Some(PhoneRefusal::Pager),
        NumberKind::Voicemail => Some(PhoneRefusal::Voicemail),
        NumberKind::Other | NumberKind::Mobile | NumberKind::Fixed => None,
    }
}
