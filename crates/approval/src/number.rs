//! The number that the page shows and the phone repeats, for comparison by eye.

use std::{fmt, str::FromStr};

use thiserror::Error;

use crate::Entropy;

/// Two digits, 10 to 99. No proof: the provider cannot ask for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Number(u8);

impl Number {
    const FIRST: u8 = 10;
    const COUNT: u8 = 90;

    /// A random number that is none of `taken`, so that two requests on one phone can be told apart.
    /// When all are taken, any.
    #[must_use]
    pub fn random(entropy: &Entropy, taken: &[Self]) -> Self {
        let free: Vec<Self> =
            (Self::FIRST..Self::FIRST + Self::COUNT).map(Self).filter(|one| !taken.contains(one)).collect();
        let pool = if free.is_empty() { taken } else { &free };
        let draw = u64::from_le_bytes(entropy.bytes());
        let index = usize::try_from(draw % pool.len() as u64).unwrap_or_default();
        pool[index]
    }
}

/// A text that is no number from 10 to 99.
#[derive(Debug, Error, PartialEq, Eq)]
#[error("not a number from 10 to 99")]
pub struct ParseNumberError;

impl FromStr for Number {
    type Err = ParseNumberError;

    fn from_str(text: &str) -> Result<Self, ParseNumberError> {
        match text.parse() {
            Ok(value @ Self::FIRST..=99) => Ok(Self(value)),
            _ => Err(ParseNumberError),
        }
    }
}

impl fmt::Display for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:02}", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Always draws `number`.
    fn drawing(number: u64) -> Entropy {
        Entropy::from_fn(move |bytes| bytes.copy_from_slice(&number.to_le_bytes()))
    }

    #[test]
    fn a_draw_counts_through_the_numbers_that_are_free_and_begins_again_behind_the_last() {
        let taken = [10, 12].map(Number);
        for (draw, number) in [(0, 11), (1, 13), (87, 99), (88, 11)] {
            assert_eq!(Number::random(&drawing(draw), &taken), Number(number));
        }
    }

    #[test]
    fn ninety_requests_at_once_all_show_another_number() {
        let entropy = Entropy::system();
        let mut taken = Vec::new();
        for _ in 0..90 {
            let number = Number::random(&entropy, &taken);
            assert!(!taken.contains(&number));
            assert_eq!(number.to_string().parse(), Ok(number));
            taken.push(number);
        }
        assert!(taken.contains(&Number::random(&entropy, &taken)));
    }
}
