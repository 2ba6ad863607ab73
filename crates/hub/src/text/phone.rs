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

pub use number::{PHONE_LIMIT, PhoneCountry, PhoneNumber, PhoneRefusal, phone_ending};
pub use plan::{COUNTRY_CODES, country_of, grouped};
pub(crate) use plan::{calling_code, load};
