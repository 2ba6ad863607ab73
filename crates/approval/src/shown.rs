//! What is shown on the phone, and the limits it must keep.

use std::fmt;

use serde::{
    Deserialize, Deserializer, Serialize, Serializer,
    de::{MapAccess, Visitor},
    ser::SerializeMap,
};
use thiserror::Error;

use crate::{Flat, Number, is_plain};

/// Message and details as the phone shows them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shown {
    message: String,
    details: Details,
}

/// Labelled values, in the order they are shown.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Details(Vec<(String, String)>);

/// What we hand the provider beside what it shows, to find the approval again. Not shown on the phone.
pub type Hidden = Flat;

/// Why something cannot be shown. Nothing is ever cut to fit.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum ShownError {
    /// The message is empty or longer than [`Shown::MESSAGE_LIMIT`].
    #[error("the message must have 1 to {} characters", Shown::MESSAGE_LIMIT)]
    Message,
    /// More than [`Shown::DETAILS_LIMIT`] details.
    #[error("there can be at most {} details", Shown::DETAILS_LIMIT)]
    TooMany,
    /// A label is empty, longer than [`Shown::LABEL_LIMIT`], or stands twice.
    #[error("a label must have 1 to {} characters and stand once", Shown::LABEL_LIMIT)]
    Label,
    /// A value is empty or longer than [`Shown::VALUE_LIMIT`].
    #[error("a value must have 1 to {} characters", Shown::VALUE_LIMIT)]
    Value,
}

impl Shown {
    /// Characters in a message.
    pub const MESSAGE_LIMIT: usize = 144;
    /// Details in a request, the number to compare not counted.
    pub const DETAILS_LIMIT: usize = 10;
    /// Characters in a label.
    pub const LABEL_LIMIT: usize = 20;
    /// Characters in a value.
    pub const VALUE_LIMIT: usize = 200;
    /// The labels that Countersign adds by itself. The hub refuses an application's labels that look like one of these.
    pub const RESERVED: [&str; 4] = [Self::NUMBER, Self::EMAIL, Self::PLACE, Self::BROWSER];
    /// The label of the number to compare.
    pub const NUMBER: &str = "Number";
    /// The label of the account's email address.
    pub const EMAIL: &str = "Email Address";
    /// The label of the place that the browser is at.
    pub const PLACE: &str = "Where";
    /// The label of the browser.
    pub const BROWSER: &str = "Browser";

    /// Takes what fits.
    ///
    /// # Errors
    /// [`ShownError`] when a limit is passed; nothing is cut.
    pub fn new(message: String, details: Details) -> Result<Self, ShownError> {
        if !fits(&message, Self::MESSAGE_LIMIT) {
            return Err(ShownError::Message);
        }
        if details.iter().filter(|(label, _)| *label != Self::NUMBER).count() > Self::DETAILS_LIMIT {
            return Err(ShownError::TooMany);
        }
        for (index, (label, value)) in details.0.iter().enumerate() {
            let twice = details.0[..index].iter().any(|(other, _)| other == label);
            if twice || !fits(label, Self::LABEL_LIMIT) {
                return Err(ShownError::Label);
            }
            if !fits(value, Self::VALUE_LIMIT) {
                return Err(ShownError::Value);
            }
        }
        Ok(Self { message, details })
    }

    /// The same with this number to compare as its first detail.
    #[must_use]
    pub fn numbered(&self, number: Number) -> Self {
        let others = self.details.0.iter().filter(|(label, _)| label != Self::NUMBER).cloned();
        let details = std::iter::once((Self::NUMBER.to_owned(), number.to_string())).chain(others).collect();
        Self { message: self.message.clone(), details: Details(details) }
    }

    /// The sentence to approve.
    #[must_use]
    pub fn message(&self) -> &str {
        &self.message
    }

    /// The labelled values below it.
    #[must_use]
    pub const fn details(&self) -> &Details {
        &self.details
    }
}

fn fits(text: &str, limit: usize) -> bool {
    !text.trim().is_empty() && text.chars().nth(limit).is_none() && is_plain(text)
}

impl Details {
    /// Details in this order.
    #[must_use]
    pub fn new(pairs: impl IntoIterator<Item = (String, String)>) -> Self {
        Self(pairs.into_iter().collect())
    }

    /// Label and value, in order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(label, value)| (label.as_str(), value.as_str()))
    }

    /// The value under `label`.
    #[must_use]
    pub fn get(&self, label: &str) -> Option<&str> {
        self.iter().find_map(|(one, value)| (one == label).then_some(value))
    }

    /// As an unordered map, for comparison with what a callback echoes.
    #[must_use]
    pub fn to_flat(&self) -> Flat {
        self.0.iter().cloned().collect()
    }
}

impl Serialize for Details {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.0.len()))?;
        for (label, value) in self.iter() {
            map.serialize_entry(label, value)?;
        }
        map.end()
    }
}

impl<'de> Deserialize<'de> for Details {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct InOrder;
        impl<'de> Visitor<'de> for InOrder {
            type Value = Details;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a map of texts")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Details, A::Error> {
                let mut pairs = Vec::new();
                while let Some(pair) = map.next_entry()? {
                    pairs.push(pair);
                }
                Ok(Details(pairs))
            }
        }
        deserializer.deserialize_map(InOrder)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one(label: &str, value: &str) -> Details {
        Details::new([(label.to_owned(), value.to_owned())])
    }

    #[test]
    fn what_is_too_long_is_refused_and_what_just_fits_is_taken() {
        let message = |length| Shown::new("ä".repeat(length), Details::default());
        assert!(message(144).is_ok());
        assert_eq!(message(145), Err(ShownError::Message));
        assert_eq!(message(0), Err(ShownError::Message));
        let detail = |label, value| Shown::new("m".into(), one(&"l".repeat(label), &"v".repeat(value)));
        assert!(detail(20, 200).is_ok());
        assert_eq!(detail(21, 1), Err(ShownError::Label));
        assert_eq!(detail(1, 201), Err(ShownError::Value));
        let many = |count| Shown::new("m".into(), Details::new((0..count).map(|n| (format!("{n}"), "v".into()))));
        assert!(many(10).is_ok());
        assert_eq!(many(11), Err(ShownError::TooMany));
    }

    #[test]
    fn what_would_read_otherwise_than_it_is_written_is_refused() {
        for odd in ["a\u{202e}b", "a\u{2066}b", "a\nb", "a\0b"] {
            assert_eq!(Shown::new(odd.into(), Details::default()), Err(ShownError::Message));
            assert_eq!(Shown::new("m".into(), one("l", odd)), Err(ShownError::Value));
        }
    }

    #[test]
    fn a_number_stands_first_and_once_however_often_it_is_set() {
        let shown = Shown::new("m".into(), Details::new((0..10).map(|n| (format!("{n}"), "v".into())))).unwrap();
        let twice = shown.numbered("47".parse().unwrap()).numbered("52".parse().unwrap());
        assert_eq!(twice.details().iter().next(), Some(("Number", "52")));
        assert_eq!(twice.details().iter().count(), 11);
        assert_eq!(Shown::new("m".into(), twice.details().clone()), Ok(twice));
    }

    #[test]
    fn a_label_that_stands_twice_is_refused() {
        let twice: Details = serde_json::from_str(r#"{"Amount":"1","Amount":"1000000"}"#).unwrap();
        assert_eq!(Shown::new("m".into(), twice), Err(ShownError::Label));
    }

    #[test]
    fn details_keep_their_order_through_json() {
        let text = r#"{"To":"Jarod","Amount":"1,000,000","Currency":"Galleons"}"#;
        let details: Details = serde_json::from_str(text).unwrap();
        assert_eq!(serde_json::to_string(&details).unwrap(), text);
    }
}
