//! What somebody types to sign up, parsed.

use crate::{
    password::NewPassword,
    text::phone::{Country, Phone},
};
use approval::{Secret, Shown, is_plain};

pub(crate) use crate::text::phone::{calling_code, phone_ending};

/// An email address, in lower case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Email(String);

/// What signs up, every part of it acceptable.
#[derive(Debug, Clone)]
pub(crate) struct Person {
    pub(crate) full_name: String,
    pub(crate) email: Email,
    pub(crate) phone: Phone,
    pub(crate) password: NewPassword,
}

/// The fields as they were typed.
#[derive(Debug, Clone)]
pub(crate) struct Typed<'a> {
    pub(crate) full_name: &'a str,
    pub(crate) email: &'a str,
    pub(crate) country_code: &'a str,
    pub(crate) phone: &'a Secret,
    /// The number chosen where `phone` can be several.
    pub(crate) meant: Option<&'a Secret>,
    pub(crate) password: &'a Secret,
}

/// Characters in a name.
pub(crate) const NAME_LIMIT: usize = 100;

/// Field and sentence.
pub(crate) type FieldErrors = Vec<(&'static str, String)>;

impl Person {
    /// Takes the fields, or says beside which one what is wrong; all at once, so that nobody corrects one by one.
    ///
    /// # Errors
    /// The sentences for the fields.
    pub(crate) fn parse(typed: &Typed<'_>) -> Result<Self, FieldErrors> {
        let mut errors = FieldErrors::new();
        let full_name = full_name(typed.full_name)
            .ok_or_else(|| format!("Please write your name, in {NAME_LIMIT} characters or fewer."));
        let full_name = noted(&mut errors, "full_name", full_name);
        let email = Email::parse(typed.email).ok_or("This does not look like an email address.");
        let email = noted(&mut errors, "email", email);
        let country = Country::parse(typed.country_code).ok_or("Please choose your country.");
        let phone = noted(&mut errors, "country_code", country).and_then(|country| {
            let phone = Phone::parse(country, typed.phone.expose(), typed.meant.map(Secret::expose));
            noted(&mut errors, "phone", phone)
        });
        let password = NewPassword::parse(typed.password, &[typed.email, typed.full_name]);
        let password = noted(&mut errors, "password", password);
        match (full_name, email, phone, password) {
            (Some(full_name), Some(email), Some(phone), Some(password)) => {
                Ok(Self { full_name, email, phone, password })
            }
            _ => Err(errors),
        }
    }
}

impl Email {
    /// The phone shows the address as a detail of each request, and nothing is ever cut: of the 254 characters that RFC
    /// 5321 (4.5.3.1.3) allows, as many as a detail may have.
    pub(crate) const LONGEST: usize = Shown::VALUE_LIMIT;

    /// Takes whatever can be an address; whether it exists only a message could tell.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let text = text.trim().to_lowercase();
        let (local, domain) = text.rsplit_once('@')?;
        let sane = |part: &str| !part.is_empty() && is_plain(part) && !part.chars().any(char::is_whitespace);
        let dotted =
            !domain.starts_with('.') && !domain.ends_with('.') && !domain.contains("..") && !domain.contains('@');
        (sane(local) && sane(domain) && dotted && text.chars().count() <= Self::LONGEST).then_some(Self(text))
    }

    /// The text.
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

fn noted<T>(errors: &mut FieldErrors, field: &'static str, parsed: Result<T, impl ToString>) -> Option<T> {
    parsed.map_err(|error| errors.push((field, error.to_string()))).ok()
}

fn full_name(text: &str) -> Option<String> {
    let text = text.trim();
    let sane = !text.is_empty() && text.chars().count() <= NAME_LIMIT && is_plain(text);
    sane.then(|| text.to_owned())
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

    #[test]
    fn an_address_has_something_on_both_sides_of_its_at() {
        for bad in ["", "@", "a@", "@b", "a b@c.d", "a@b c", "a@.b", "a@b..c", "a\0@b.c", "\u{202e}a@b.c"] {
            assert_eq!(Email::parse(bad), None, "{bad:?}");
        }
        assert!(Email::parse(&format!("{}@b.c", "a".repeat(196))).is_some());
        assert!(Email::parse(&format!("{}@b.c", "a".repeat(197))).is_none());
    }
}
