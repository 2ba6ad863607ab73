//! Classifies national numbers by the numbering plans of the crate `phonenumber`. Knows no spelling.
//!
//! Only the library's data is used. Its matcher compiles a pattern each time (several milliseconds for North America),
//! and its parser reads letters as digits and misreads Italian 39x numbers.

use std::{collections::BTreeMap, sync::LazyLock};

use phonenumber::metadata::{DATABASE, Descriptor, Format, Metadata};
use regex_lite::Regex;

/// The plan of one region.
pub(super) struct NumberingPlan {
    /// The exit codes, which have the meaning of a plus.
    exit: Option<Regex>,
    /// The prefixes of a number within the region, and their replacement.
    trunk: Option<(Regex, String)>,
    /// The usual trunk prefix.
    trunk_digits: Option<&'static str>,
    leading: Option<Regex>,
    general: Regex,
    kinds: Vec<Numbers>,
    formats: Vec<(Option<Regex>, Regex, String)>,
}

/// The numbers of one kind.
struct Numbers {
    kind: NumberKind,
    pattern: Regex,
    lengths: Vec<u16>,
}

/// The kind of a number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum NumberKind {
    Premium,
    SharedCost,
    Pager,
    Voicemail,
    /// Free, internet and company numbers.
    Other,
    Mobile,
    Fixed,
}

/// The plans' judgement of a national number, the most likely last.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Standing {
    TooShort,
    TooLong,
    /// No line has this length, or none can begin like this.
    Impossible,
    /// A line can have this length, though the plan does not know the beginning.
    Possible,
    /// The plan knows the beginning and the length.
    Known,
}

/// The calling codes of countries.
pub const COUNTRY_CODES: std::ops::RangeInclusive<u16> = 1..=999;

/// Mexico's prefixes until 2020. Many address books still have them, and the current plan calls such numbers too long.
const MEXICO: (u16, &str) = (52, "0(?:1|4[45])|1");

/// The plans by calling code, each main region first.
static PLANS: LazyLock<BTreeMap<u16, Vec<NumberingPlan>>> = LazyLock::new(|| {
    let plans = |code| Some((code, DATABASE.by_code(&code)?.into_iter().filter_map(NumberingPlan::of).collect()));
    COUNTRY_CODES.filter_map(plans).collect()
});

/// Reads the plans, so that the first sign-up does not wait for it (0.1 s).
pub(crate) fn load() {
    LazyLock::force(&PLANS);
}

/// The plans of a calling code; none when no country has it.
pub(super) fn plans(code: u16) -> &'static [NumberingPlan] {
    PLANS.get(&code).map_or(&[], Vec::as_slice)
}

/// The calling code of an ISO 3166-1 region, and the place of its plan among those of the code.
pub(super) fn region(iso: &str) -> Option<(u16, usize)> {
    let code = DATABASE.by_id(iso).filter(|region| region.id() != "001")?.country_code();
    let place = DATABASE.region(&code)?.iter().position(|id| *id == iso)?;
    Some((code, place))
}

/// The country of an E.164 number, as an ISO 3166-1 code, or as its calling code if no plan knows the number. Empty if
/// the text is no number.
pub fn country_of(e164: &str) -> String {
    let Some((code, national)) = e164.strip_prefix('+').and_then(split_code) else { return String::new() };
    let regions = DATABASE.region(&code).into_iter().flatten().zip(plans(code));
    let (own, shared): (Vec<_>, Vec<_>) = regions.partition(|(_, plan)| plan.leading.is_some());
    let known = own.into_iter().chain(shared).find(|(_, plan)| {
        plan.leading.as_ref().is_none_or(|digits| digits.is_match(national)) && plan.kind(national).is_some()
    });
    known.map_or_else(|| code.to_string(), |(region, _)| region.to_owned())
}

/// Splits international digits into calling code and the rest. No code is the beginning of another.
pub(super) fn split_code(digits: &str) -> Option<(u16, &str)> {
    (1..=3).find_map(|length| {
        let (code, rest) = digits.split_at_checked(length).filter(|_| !digits.starts_with('0'))?;
        let code = code.parse().ok().filter(|code| PLANS.contains_key(code))?;
        Some((code, rest))
    })
}

/// The calling code of an E.164 number; 0 if the text is no number.
pub(crate) fn calling_code(e164: &str) -> u16 {
    e164.strip_prefix('+').and_then(split_code).map_or(0, |(code, _)| code)
}

/// The kind of a national number that is valid in one of the plans. Regions with digits of their own go first.
pub(super) fn kind(plans: &[NumberingPlan], national: &str) -> Option<NumberKind> {
    let own = plans.iter().filter(|plan| plan.leading.as_ref().is_some_and(|digits| digits.is_match(national)));
    own.chain(plans.iter().filter(|plan| plan.leading.is_none())).find_map(|plan| plan.kind(national))
}

/// The plans' judgement of a national number.
pub(super) fn standing(plans: &[NumberingPlan], national: &str) -> Standing {
    let kinds = || plans.iter().flat_map(|plan| &plan.kinds);
    let lines = || kinds().filter(|numbers| numbers.kind.is_line()).flat_map(Numbers::lengths);
    let begins_as_prefix = |plan: &NumberingPlan| plan.trunk_digits.is_some_and(|trunk| national.starts_with(trunk));
    let is_mobile = |national: &str| kind(plans, national) == Some(NumberKind::Mobile);
    let digits = national.len();
    let fits = kinds().flat_map(Numbers::lengths).any(|length| length == digits);
    if fits && plans.iter().any(|plan| plan.general.is_match(national)) {
        Standing::Known
    } else if lines().min().is_some_and(|shortest| digits < shortest) {
        Standing::TooShort
    } else if lines().max().is_some_and(|longest| digits > longest) {
        Standing::TooLong
    } else if national.starts_with('0') || plans.iter().any(begins_as_prefix) || lines().all(|length| length != digits)
    {
        Standing::Impossible
    } else if is_mobile(&format!("{national}0")) {
        Standing::TooShort
    } else if is_mobile(&national[..digits - 1]) {
        Standing::TooLong
    } else {
        Standing::Possible
    }
}

/// An E.164 number in the international format of its country, as in `+49 1512 3456789`.
pub fn grouped(e164: &str) -> String {
    let Some((code, national)) = e164.strip_prefix('+').and_then(split_code) else { return e164.to_owned() };
    let fits = |(leading, pattern, _): &&(Option<Regex>, Regex, String)| {
        leading.as_ref().is_none_or(|leading| leading.is_match(national)) && pattern.is_match(national)
    };
    let format = plans(code).first().and_then(|plan| plan.formats.iter().find(fits));
    let national = format.map_or(national.into(), |(_, pattern, format)| pattern.replace(national, format));
    format!("+{code} {national}")
}

impl NumberingPlan {
    fn of(region: &'static Metadata) -> Option<Self> {
        let all = region.descriptors();
        // The order of libphonenumber.
        let kinds = [
            (NumberKind::Premium, all.premium_rate()),
            (NumberKind::Other, all.toll_free()),
            (NumberKind::SharedCost, all.shared_cost()),
            (NumberKind::Other, all.voip()),
            (NumberKind::Other, all.personal_number()),
            (NumberKind::Pager, all.pager()),
            (NumberKind::Other, all.uan()),
            (NumberKind::Voicemail, all.voicemail()),
            (NumberKind::Mobile, all.mobile()),
            (NumberKind::Fixed, all.fixed_line()),
        ];
        let kinds = kinds.into_iter().filter_map(|(kind, one)| Numbers::of(kind, one?));
        let formats =
            [region.international_formats(), region.formats()].into_iter().find(|formats| !formats.is_empty());
        Some(Self {
            exit: region.international_prefix().and_then(|digits| beginning(digits.as_str())),
            trunk: trunk(region),
            trunk_digits: region.national_prefix(),
            leading: region.leading_digits().and_then(|digits| beginning(digits.as_str())),
            general: whole(all.general().national_number().as_str())?,
            kinds: kinds.collect(),
            formats: formats.unwrap_or_default().iter().filter_map(format).collect(),
        })
    }

    /// The digits after an exit code: `00`, which people use everywhere, or the region's own.
    pub(super) fn after_exit<'a>(&self, digits: &'a str) -> impl Iterator<Item = &'a str> + use<'a> {
        let own = self.exit.as_ref().and_then(|exit| exit.find(digits)).map(|found| &digits[found.end()..]);
        digits.strip_prefix("00").into_iter().chain(own)
    }

    /// The number without its trunk prefix.
    pub(super) fn without_trunk(&self, digits: &str) -> Option<String> {
        let (trunk, rest) = self.trunk.as_ref()?;
        let found = trunk.captures(digits)?;
        // The replacement applies if the last group matched (libphonenumber, maybeStripNationalPrefix).
        let rewrites = found.len() > 1 && found.get(found.len() - 1).is_some();
        let with = if rewrites { rest.as_str() } else { "" };
        Some(trunk.replace(digits, with).into_owned())
    }

    /// The kind of a national number that is valid in this plan.
    pub(super) fn kind(&self, national: &str) -> Option<NumberKind> {
        let has = |numbers: &&Numbers| {
            numbers.lengths().any(|length| length == national.len()) && numbers.pattern.is_match(national)
        };
        self.kinds.iter().find(has).filter(|_| self.general.is_match(national)).map(|numbers| numbers.kind)
    }
}

impl Numbers {
    fn of(kind: NumberKind, all: &Descriptor) -> Option<Self> {
        Some(Self { kind, pattern: whole(all.national_number().as_str())?, lengths: all.possible_length().to_vec() })
    }

    fn lengths(&self) -> impl Iterator<Item = usize> {
        self.lengths.iter().map(|length| usize::from(*length))
    }
}

impl NumberKind {
    fn is_line(self) -> bool {
        matches!(self, Self::Mobile | Self::Fixed)
    }
}

fn trunk(region: &Metadata) -> Option<(Regex, String)> {
    let digits = match region.national_prefix_for_parsing() {
        _ if region.country_code() == MEXICO.0 => MEXICO.1,
        Some(digits) => digits.as_str(),
        None => region.national_prefix()?,
    };
    Some((beginning(digits)?, replacement(region.national_prefix_transform_rule().unwrap_or_default())))
}

fn format(format: &Format) -> Option<(Option<Regex>, Regex, String)> {
    let shown = Some(format.format()).filter(|format| *format != "NA").map(replacement)?;
    let leading = format.leading_digits().last().and_then(|digits| beginning(digits.as_str()));
    Some((leading, whole(format.pattern().as_str())?, shown))
}

/// `${1}` for `$1`: otherwise digits after it would become part of the group's name.
fn replacement(rule: &str) -> String {
    let parts = rule.split('$').enumerate().map(|(place, part)| match part.split_at_checked(1) {
        Some((group, rest)) if place > 0 => format!("${{{group}}}{rest}"),
        _ => part.to_owned(),
    });
    parts.collect()
}

fn whole(pattern: &str) -> Option<Regex> {
    Regex::new(&format!("^(?:{})$", compact(pattern))).ok()
}

fn beginning(pattern: &str) -> Option<Regex> {
    Regex::new(&format!("^(?:{})", compact(pattern))).ok()
}

fn compact(pattern: &str) -> String {
    pattern.chars().filter(|character| !character.is_whitespace()).collect()
}
