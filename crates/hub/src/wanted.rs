//! What somebody wants approved: as it was written, and as a phone can show it. Knows no session.

use approval::{Approval, Details, Logo, Logos, LogosError, Shown, ShownError};

use crate::{
    person::FieldErrors,
    text::label::{self, LabelError},
};

/// What somebody wants approved, as it was written.
#[derive(Debug)]
pub struct Typed {
    /// The sentence to approve.
    pub message: String,
    /// The details below it.
    pub details: Details,
    /// The pictures beside it.
    pub logos: Vec<Logo>,
    /// Seconds until it expires; `None`: as configured.
    pub expires_in: Option<u32>,
}

/// What somebody wants approved, as a phone can show it.
#[derive(Debug, Clone)]
pub struct Wanted {
    /// What the phone shows.
    pub(crate) shown: Shown,
    /// The pictures beside it; the configured one if there is none.
    pub(crate) logos: Logos,
    /// Seconds until it expires; `None`: as configured.
    pub(crate) seconds: Option<u32>,
}

/// Countersign's own labels, except the last.
const OWN_BUT_LAST: [&str; 3] = [Shown::NUMBER, Shown::EMAIL, Shown::PLACE];

/// Seconds that a request may ask for.
pub const EXPIRES_IN: std::ops::RangeInclusive<u32> = 30..=600;

impl Wanted {
    /// Accepts texts that a phone shows exactly as they are written; an error names the field. Texts that look like
    /// Countersign's own for `product` are refused.
    ///
    /// # Errors
    /// The sentences for the fields.
    pub fn parse(typed: Typed, product: &str) -> Result<Self, FieldErrors> {
        let mut errors = FieldErrors::new();
        if let Err(sentence) = message(&typed.message, product) {
            errors.push(("message", sentence));
        }
        let details = details(typed.details).map_err(|sentence| errors.push(("details", sentence)));
        let logos = Logos::new(typed.logos).map_err(|error| errors.push(("logos", pictures(&error).to_owned())));
        if typed.expires_in.is_some_and(|seconds| !EXPIRES_IN.contains(&seconds)) {
            let (least, most) = EXPIRES_IN.into_inner();
            errors.push(("expires_in", format!("Please choose {least} to {most} seconds.")));
        }
        match (details, logos) {
            (Ok(details), Ok(logos)) if errors.is_empty() => {
                let shown = Shown::new(typed.message, details).map_err(|error| vec![("message", sentence(&error))])?;
                Ok(Self { shown, logos, seconds: typed.expires_in })
            }
            _ => Err(errors),
        }
    }

    /// Whether this is what `approval` shows already.
    pub(crate) fn is_shown_by(&self, approval: &Approval) -> bool {
        self.shown.numbered(approval.number) == approval.shown
    }
}

fn message(text: &str, product: &str) -> Result<(), String> {
    Shown::new(text.to_owned(), Details::default()).map_err(|error| sentence(&error))?;
    if !label::shows_as_written(text) {
        return Err(sentence(&ShownError::Message));
    }
    if label::is_own_message(text, product) {
        return Err("We write this ourselves when somebody signs in or up. Please write another message.".to_owned());
    }
    Ok(())
}

fn details(details: Details) -> Result<Details, String> {
    let shown = Shown::new("…".to_owned(), details).map_err(|error| sentence(&error))?;
    label::check(shown.details()).map_err(|error| match error {
        LabelError::Hidden => "Some detail has a hidden character. Please type it instead of pasting it.".to_owned(),
        LabelError::Reserved => {
            format!("{} and {} are names that we add ourselves.", OWN_BUT_LAST.join(", "), Shown::BROWSER)
        }
        LabelError::Twice => sentence(&ShownError::Label),
    })?;
    Ok(shown.details().clone())
}

const fn pictures(error: &LogosError) -> &'static str {
    match error {
        LogosError::Address => "Please write a web address that begins with https:// or http://.",
        LogosError::Screens => {
            "Please give one picture for all screens, the default, and at most one for each other kind."
        }
    }
}

fn sentence(error: &ShownError) -> String {
    match error {
        ShownError::Message => format!("Please write a message of 1 to {} plain characters.", Shown::MESSAGE_LIMIT),
        ShownError::TooMany => format!("Please write at most {} details.", Shown::DETAILS_LIMIT),
        ShownError::Label => {
            format!("Please give every detail a name of its own, of 1 to {} plain characters.", Shown::LABEL_LIMIT)
        }
        ShownError::Value => format!("Please give every detail 1 to {} plain characters.", Shown::VALUE_LIMIT),
    }
}

#[cfg(test)]
mod tests {
    use approval::Resolution;

    use super::*;

    fn typed(message: &str, details: &[(&str, &str)]) -> Typed {
        let details = Details::new(details.iter().map(|(label, value)| ((*label).to_owned(), (*value).to_owned())));
        Typed { message: message.into(), details, logos: vec![], expires_in: None }
    }

    fn fields(typed: Typed) -> Vec<&'static str> {
        Wanted::parse(typed, "Countersign").unwrap_err().into_iter().map(|(field, _)| field).collect()
    }

    #[test]
    fn what_a_phone_can_show_is_taken_as_it_is_written() {
        let details = [("From", "Jarod"), ("Amount", "1,000,000"), ("Currency", "Galleons")];
        let wanted = Wanted::parse(typed("Request to send money to Jarod's vault", &details), "Countersign").unwrap();
        assert_eq!(wanted.shown.message(), "Request to send money to Jarod's vault");
        assert_eq!(wanted.shown.details().iter().collect::<Vec<_>>(), details);
    }

    #[test]
    fn everything_that_is_wrong_is_said_at_once_beside_its_field() {
        let logos = vec![Logo { res: Resolution::High, url: "https://a.example/a.png".into() }];
        let all = Typed { logos, expires_in: Some(29), ..typed(&"m".repeat(145), &[("Amount", "")]) };
        assert_eq!(fields(all), ["message", "details", "logos", "expires_in"]);
    }

    #[test]
    fn pictures_without_a_default_are_not_taken_for_a_wrong_address() {
        let logo = |res, url: &str| Logo { res, url: url.into() };
        let said = |logo| {
            Wanted::parse(Typed { logos: vec![logo], ..typed("m", &[]) }, "Countersign").unwrap_err().remove(0).1
        };
        assert!(said(logo(Resolution::Low, "https://a.example/a.png")).contains("the default"));
        assert!(said(logo(Resolution::Default, "a.png")).contains("a web address"));
    }

    #[test]
    fn the_labels_we_add_ourselves_are_refused() {
        for label in Shown::RESERVED {
            assert_eq!(fields(typed("m", &[(label, "47")])), ["details"], "{label}");
        }
        let said = Wanted::parse(typed("m", &[("Numb\u{435}r", "47")]), "Countersign").unwrap_err();
        let sentence = "Number, Email Address, Where and Browser are names that we add ourselves.";
        assert_eq!(said, [("details", sentence.to_owned())]);
    }

    #[test]
    fn the_messages_we_write_ourselves_are_refused() {
        for message in ["Sign in to Countersign?", "Op\u{435}n your account at Countersign?", "a\u{200b}b", "\u{3164}"]
        {
            assert_eq!(fields(typed(message, &[])), ["message"], "{message}");
        }
    }
}
