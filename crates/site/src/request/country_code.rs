//! The country of a phone as forms and programs send it. Knows no numbering plan.

use std::fmt;

use serde::{Deserialize, Deserializer, de};

use crate::request::body::Whole;

/// The calling code of a country, 1 to 999, or its ISO 3166-1 code.
#[derive(Debug)]
pub(crate) enum CountryCode {
    Text(String),
    Number(Whole),
}

/// Not an untagged enum: that would buffer a list or an object of any size, to try each variant.
impl<'de> Deserialize<'de> for CountryCode {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct TextOrNumber;

        impl de::Visitor<'_> for TextOrNumber {
            type Value = CountryCode;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a text or a whole number")
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<CountryCode, E> {
                Ok(CountryCode::Text(text.to_owned()))
            }

            fn visit_f64<E: de::Error>(self, number: f64) -> Result<CountryCode, E> {
                Whole::try_from(number).map(CountryCode::Number).map_err(E::custom)
            }

            fn visit_u64<E: de::Error>(self, number: u64) -> Result<CountryCode, E> {
                u32::try_from(number).map(|number| CountryCode::Number(Whole(number))).map_err(E::custom)
            }
        }

        deserializer.deserialize_any(TextOrNumber)
    }
}

impl fmt::Display for CountryCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(text) => f.write_str(text),
            Self::Number(Whole(number)) => write!(f, "{number}"),
        }
    }
}
