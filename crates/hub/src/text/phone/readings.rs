//! The possible readings of typed digits: a national number, an international one, or one after a calling code without
//! a plus. Refuses only numbers of another country.

use super::{
    number::{PhoneCountry, PhoneNumber, PhoneRefusal},
    plan::{self, NumberKind, NumberingPlan, Standing},
    spelling::Spelling,
};

/// One way to read the digits.
pub(super) struct Reading {
    pub(super) number: PhoneNumber,
    pub(super) standing: Standing,
    pub(super) kind: Option<NumberKind>,
    /// True if the text gives no evidence for leaving out the digits that this reading lacks.
    pub(super) guessed: bool,
}

/// Digits that contain a national number, and the way they were typed.
struct Part<'a> {
    digits: &'a str,
    plan: &'a NumberingPlan,
    way: Way,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Way {
    National,
    /// After a plus or an exit code.
    International,
    /// After a calling code without a plus.
    BareCode,
}

/// Each possible number, at most twelve, the closest to the text first.
pub(super) fn readings(country: PhoneCountry, spelling: &Spelling) -> Result<Vec<Reading>, PhoneRefusal> {
    let plans = plan::plans(country.code);
    let (plan, main) = plans.get(country.region).zip(plans.first()).ok_or(PhoneRefusal::Impossible)?;
    let digits = spelling.digits.as_str();
    let (mut parts, mut other) = (Vec::new(), None);
    let abroad: Vec<_> =
        if spelling.plus { vec![digits.trim_start_matches("00")] } else { plan.after_exit(digits).collect() };
    for digits in abroad {
        match plan::split_code(digits) {
            Some((code, digits)) if code == country.code => {
                parts.push(Part { digits, plan: main, way: Way::International });
            }
            found => other = other.or(found.map(|(code, _)| code)),
        }
    }
    if !spelling.plus {
        // No national number begins with an exit code.
        let is_abroad = |part: &Part<'_>| plan::standing(plans, part.digits) == Standing::Known;
        if !digits.starts_with("00") && !parts.iter().any(is_abroad) {
            parts.push(Part { digits, plan, way: Way::National });
        }
        let behind_code = digits.strip_prefix(&country.code.to_string());
        parts.extend(behind_code.map(|digits| Part { digits, plan: main, way: Way::BareCode }));
    }
    let mut readings: Vec<Reading> = Vec::new();
    for (national, guessed) in parts.iter().flat_map(|part| part.nationals(spelling)) {
        if readings.iter().all(|reading| reading.number.national.expose() != national) {
            let standing = plan::standing(plans, &national);
            let kind = if standing == Standing::Known { plan::kind(plans, &national) } else { None };
            readings.push(Reading { number: PhoneNumber::new(country.code, &national), standing, kind, guessed });
        }
    }
    let possible = readings.iter().any(|reading| reading.standing > Standing::Impossible);
    match other.filter(|_| !possible) {
        Some(code) => Err(PhoneRefusal::OtherCountry(code)),
        None => Ok(readings),
    }
}

impl Part<'_> {
    /// The national numbers that these digits can be, and whether each is a guess: the digits themselves, without a
    /// trunk prefix, or without a zero that belongs to no number.
    fn nationals(&self, spelling: &Spelling) -> impl Iterator<Item = (String, bool)> + use<> {
        let is_bare = self.way == Way::BareCode;
        let is_mobile = || self.plan.kind(self.digits) == Some(NumberKind::Mobile);
        // A mobile number with a zero keeps it behind a calling code.
        let keeps_zero = self.way != Way::National && !spelling.bracketed_zero && is_mobile();
        let without_zero = self.digits.strip_prefix('0').filter(|_| !keeps_zero);
        [
            self.plan.without_trunk(self.digits).map(|national| (national, is_bare)),
            Some((self.digits.to_owned(), is_bare)),
            without_zero.map(|national| (national.to_owned(), is_bare || !spelling.bracketed_zero)),
        ]
        .into_iter()
        .flatten()
    }
}
