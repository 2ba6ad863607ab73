//! What somebody types to sign up, parsed.

use approval::Secret;

use crate::{
    password::NewPassword,
    text::{
        address::Email,
        name,
        phone::{PhoneCountry, PhoneNumber},
    },
};

pub(crate) use crate::text::phone::calling_code;
pub use crate::text::phone::{country_of, grouped, phone_ending};

/// What signs up, every part of it acceptable.
#[derive(Debug, Clone)]
pub(crate) struct Person {
    pub(crate) full_name: String,
    pub(crate) email: Email,
    pub(crate) phone: PhoneNumber,
    pub(crate) password: NewPassword,
}

/// The fields as they were typed.
#[derive(Debug, Clone)]
pub struct Typed<'a> {
    /// The name.
    pub full_name: &'a str,
    /// The email address.
    pub email: &'a str,
    /// The phone's country: a calling code, or an ISO 3166-1 code.
    pub country_code: &'a str,
    /// The phone number.
    pub phone: &'a Secret,
    /// The number chosen if `phone` is ambiguous.
    pub meant: Option<&'a Secret>,
    /// The password.
    pub password: &'a Secret,
}

/// Field and sentence.
pub type FieldErrors = Vec<(&'static str, String)>;

impl Person {
    /// Takes the fields, or says beside which one what is wrong; all at once, so that nobody corrects one by one.
    ///
    /// # Errors
    /// The sentences for the fields.
    pub(crate) fn parse(typed: &Typed<'_>) -> Result<Self, FieldErrors> {
        let mut errors = FieldErrors::new();
        let full_name = noted(&mut errors, "full_name", name::full_name(typed.full_name));
        let email = noted(&mut errors, "email", Email::parse(typed.email));
        let country = PhoneCountry::parse(typed.country_code).ok_or("Please choose your country.");
        let phone = noted(&mut errors, "country_code", country).and_then(|country| {
            let phone = PhoneNumber::parse(country, typed.phone.expose(), typed.meant.map(Secret::expose));
            noted(&mut errors, "phone", phone)
        });
        let password = NewPassword::parse(typed.password);
        let password = noted(&mut errors, "password", password);
        match (full_name, email, phone, password) {
            (Some(full_name), Some(email), Some(phone), Some(password)) => {
                Ok(Self { full_name, email, phone, password })
            }
            _ => Err(errors),
        }
    }
}

fn noted<T>(errors: &mut FieldErrors, field: &'static str, parsed: Result<T, impl ToString>) -> Option<T> {
    parsed.map_err(|error| errors.push((field, error.to_string()))).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(country_code: &str, phone: &str) -> Result<Person, FieldErrors> {
        Person::parse(&Typed {
            full_name: "Ada Lovelace",
            email: " Ada@Example.com ",
            country_code,
            phone: &Secret::new(phone),
            meant: None,
            password: &Secret::new("difference engine"),
        })
    }

    #[test]
    fn a_number_is_taken_however_it_is_grouped() {
        for (code, phone) in [("1", "201-555-0123"), ("+1", "(201) 555 0123"), ("1", "+1 201 555 0123")] {
            let person = parse(code, phone).unwrap();
            assert_eq!(person.phone.e164.expose(), "+12015550123");
            assert_eq!(person.phone.national.expose(), "2015550123");
            assert!(!format!("{person:?}").contains("5550123"));
            assert_eq!(person.email.as_str(), "ada@example.com");
        }
        assert_eq!(parse("44", "07400 123456").unwrap().phone.e164.expose(), "+447400123456");
    }

    #[test]
    fn impossible_numbers_are_refused_beside_their_field() {
        for (code, phone) in [("1", "12"), ("1", "+447400123456"), ("49", ""), ("1", "201-555-01234567")] {
            assert_eq!(parse(code, phone).unwrap_err()[0].0, "phone", "{code} {phone}");
        }
        assert_eq!(parse("0", "201-555-0123").unwrap_err()[0].0, "country_code");
    }

    #[test]
    fn everything_wrong_is_said_at_once() {
        let typed = Typed {
            full_name: " ",
            email: "ada",
            country_code: "",
            phone: &Secret::new(""),
            meant: None,
            password: &Secret::new("short"),
        };
        let fields: Vec<_> = Person::parse(&typed).unwrap_err().into_iter().map(|(field, _)| field).collect();
        assert_eq!(fields, ["full_name", "email", "country_code", "password"]);
    }
}
