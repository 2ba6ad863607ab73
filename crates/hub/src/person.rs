//! What somebody types to sign up, parsed.

use approval::{Secret, Shown, is_plain};
use phonenumber::{Mode, country::Id as Region};

use crate::password::NewPassword;

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

/// A phone number that exists in its country's plan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Phone {
    /// ITU-T E.164, as in `+12015550123`.
    pub(crate) e164: Secret,
    /// The calling code.
    pub(crate) country_code: u16,
    /// The digits after it.
    pub(crate) national: Secret,
}

/// The fields as they were typed.
#[derive(Debug, Clone)]
pub(crate) struct Typed<'a> {
    pub(crate) full_name: &'a str,
    pub(crate) email: &'a str,
    pub(crate) country_code: &'a str,
    pub(crate) phone: &'a Secret,
    pub(crate) password: &'a Secret,
}

/// Characters in a name.
pub(crate) const NAME_LIMIT: usize = 100;
/// The calling codes of countries.
pub(crate) const COUNTRY_CODES: std::ops::RangeInclusive<u16> = 1..=999;
/// Characters in a phone number as it is typed.
pub(crate) const PHONE_LIMIT: usize = 30;

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
        let country = country_code(typed.country_code).ok_or("Please choose your country.");
        let phone = noted(&mut errors, "country_code", country).and_then(|code| {
            let phone = Phone::parse(code, typed.phone.expose());
            noted(&mut errors, "phone", phone.ok_or("This number cannot exist in that country. Please check it."))
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

impl Phone {
    /// Parses the national number of a country; spaces, dots, dashes and brackets are welcome.
    fn parse(country_code: u16, text: &str) -> Option<Self> {
        if text.chars().count() > PHONE_LIMIT {
            return None;
        }
        let text = text.trim();
        let full = if text.starts_with('+') { text.to_owned() } else { format!("+{country_code} {text}") };
        let number = phonenumber::parse(None::<Region>, full).ok().filter(phonenumber::is_valid)?;
        (number.country().code() == country_code).then(|| Self {
            e164: Secret::new(number.format().mode(Mode::E164).to_string()),
            country_code,
            national: Secret::new(number.national().to_string()),
        })
    }
}

/// The last two digits of an E.164 number: enough to know one's own phone.
pub(crate) fn phone_ending(e164: &str) -> String {
    e164.chars().rev().take(2).collect::<Vec<_>>().into_iter().rev().collect()
}

/// The calling code of the country that an E.164 number belongs to; 0 for what is none.
pub(crate) fn calling_code(e164: &str) -> u16 {
    phonenumber::parse(None::<Region>, e164).map_or(0, |number| number.country().code())
}

fn noted<T>(errors: &mut FieldErrors, field: &'static str, parsed: Result<T, impl ToString>) -> Option<T> {
    parsed.map_err(|error| errors.push((field, error.to_string()))).ok()
}

fn full_name(text: &str) -> Option<String> {
    let text = text.trim();
    let sane = !text.is_empty() && text.chars().count() <= NAME_LIMIT && is_plain(text);
    sane.then(|| text.to_owned())
}

fn country_code(text: &str) -> Option<u16> {
    let digits = text.trim().trim_start_matches('+');
    digits.parse().ok().filter(|code| COUNTRY_CODES.contains(code) && digits.len() <= 3)
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

    #[test]
    fn a_masked_phone_shows_two_digits() {
        assert_eq!(phone_ending("+12015550123"), "23");
    }

    #[test]
    fn a_number_tells_its_calling_code() {
        assert_eq!(["+12015550123", "+447400123456", "none"].map(calling_code), [1, 44, 0]);
    }
}
