//! A phone number that people type: read in every usual spelling, or refused with the reason, or asked about where it
//! can be two numbers. Never turned into another number. Knows no provider, which has the last word.

mod choice;
mod number;
#[cfg(test)]
mod oracle;
mod plan;
mod readings;
mod spelling;
#[cfg(test)]
mod tests;

pub(crate) use number::{Country, PHONE_LIMIT, Phone, PhoneRefusal, phone_ending};
pub(crate) use plan::{COUNTRY_CODES, calling_code, country_of, grouped, load};
