//! Parses phone numbers as people type them. A usual spelling is accepted, an ambiguous one leads to a question, and
//! any other is refused with the reason. No number becomes another one. Knows no provider, which decides whether a
//! number exists.

mod choice;
mod number;
#[cfg(test)]
mod oracle;
mod plan;
mod readings;
mod spelling;
#[cfg(test)]
mod tests;

pub(crate) use number::{PHONE_LIMIT, PhoneCountry, PhoneNumber, PhoneRefusal, phone_ending};
pub(crate) use plan::{COUNTRY_CODES, calling_code, country_of, grouped, load};
