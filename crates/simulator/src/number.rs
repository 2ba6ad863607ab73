//! A phone number as the provider takes it, and its masked spellings.

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

/// A plausible number: nobody is called, so digits are counted and no numbering plan is asked.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct PhoneNumber {
    pub(crate) country_code: u16,
    national: String,
}

impl PhoneNumber {
    /// `None` when it cannot be a number: the country code has 1 to 3 digits, the rest 5 to 14, both together at most
    /// 15 (E.164). Dashes, dots, spaces and brackets are allowed in `cellphone`.
    pub(crate) fn parse(country_code: &str, cellphone: &str) -> Option<Self> {
        let country_code: u16 = country_code.trim().trim_start_matches('+').parse().ok()?;
        let plausible = |char: char| char.is_ascii_digit() || "-. ()".contains(char);
        if !(1..=999).contains(&country_code) || !cellphone.chars().all(plausible) {
            return None;
        }
        let national: String = cellphone.chars().filter(char::is_ascii_digit).collect();
        let in_all = national.len() + country_code.to_string().len();
        ((5..=14).contains(&national.len()) && in_all <= 15).then_some(Self { country_code, national })
    }

    /// E.164.
    pub(crate) fn e164(&self) -> String {
        format!("+{}{}", self.country_code, self.national)
    }

    /// As the answer to a sent code spells it: `+57-XXX-XXX-XX12`.
    pub(crate) fn ending_in_two(&self) -> String {
        format!("+{}-XXX-XXX-XX{}", self.country_code, self.last(2))
    }

    /// As a user's status spells it: `XXX-XXX-9302`.
    pub(crate) fn ending_in_four(&self) -> String {
        format!("XXX-XXX-{}", self.last(4))
    }

    /// For people: `+57 300 123 4512`.
    pub(crate) fn grouped(&self) -> String {
        format!("+{} {}", self.country_code, self.groups().join(" "))
    }

    /// As the answers about a verification spell it: `+57 300-123-4512`.
    pub(crate) fn dashed(&self) -> String {
        format!("+{} {}", self.country_code, self.groups().join("-"))
    }

    /// The id of the user with this number, of 9 digits. One number has one id, even in a simulator that forgot it, so
    /// that a service's own database stays right when the simulator starts afresh.
    pub(crate) fn authy_id(&self) -> u32 {
        let hash = Sha256::digest(self.e164());
        100_000_000 + u32::from_be_bytes([hash[0], hash[1], hash[2], hash[3]]) % 900_000_000
    }

    fn groups(&self) -> Vec<&str> {
        let (rest, last) = self.national.split_at(self.national.len() - 4);
        let (first, middle) = rest.split_at(rest.len().saturating_sub(3));
        [first, middle, last].into_iter().filter(|group| !group.is_empty()).collect()
    }

    fn last(&self, count: usize) -> &str {
        &self.national[self.national.len() - count..]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_number_has_one_spelling_and_one_id() {
        let number = PhoneNumber::parse("57", "300-123 45.12").unwrap();
        let same = PhoneNumber::parse("+57", "(300) 1234512").unwrap();
        assert_eq!((number.e164(), number.authy_id()), (same.e164(), same.authy_id()));
        assert_eq!(number.ending_in_two(), "+57-XXX-XXX-XX12");
        assert_eq!(number.ending_in_four(), "XXX-XXX-4512");
        assert_eq!((number.grouped(), number.dashed()), ("+57 300 123 4512".into(), "+57 300-123-4512".into()));
        assert_eq!(PhoneNumber::parse("1", "282-23").unwrap().dashed(), "+1 2-8223");
    }

    #[test]
    fn what_cannot_be_a_number_is_refused() {
        for (country_code, cellphone) in
            [("57", "1234"), ("57", "12345678901234"), ("", "3001234512"), ("x", "3001234512")]
        {
            assert!(PhoneNumber::parse(country_code, cellphone).is_none(), "{country_code} {cellphone}");
        }
        assert!(PhoneNumber::parse("57", "300123451x").is_none());
    }
}
