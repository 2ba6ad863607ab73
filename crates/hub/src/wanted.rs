//! What somebody wants approved: as it was written, and as a phone can show it. Knows no session.

use approval::{Approval, Details, Logo, Logos, LogosError, Shown, ShownError};

use crate::person::FieldErrors;

/// What somebody wants approved, as it was written.
#[derive(Debug)]
pub(crate) struct Typed {
    pub(crate) message: String,
    pub(crate) details: Details,
    pub(crate) logos: Vec<Logo>,
    pub(crate) expires_in: Option<u32>,
}

/// What somebody wants approved, as a phone can show it.
#[derive(Debug, Clone)]
pub(crate) struct Wanted {
    pub(crate) shown: Shown,
    pub(crate) logos: Logos,
    /// Seconds until it expires; `None`: as configured.
    pub(crate) seconds: Option<u32>,
}

/// Seconds that a request may ask for.
pub(crate) const EXPIRES_IN: std::ops::RangeInclusive<u32> = 30..=600;

impl Wanted {
    /// Takes what a phone can show, exactly as it is written, or says beside which field what is wrong.
    ///
    /// # Errors
    /// The sentences for the fields.
    pub(crate) fn parse(typed: Typed) -> Result<Self, FieldErrors> {
        let mut errors = FieldErrors::new();
        let mut wrong = |field, error: ShownError| errors.push((field, sentence(&error)));
        let message = Shown::new(typed.message.clone(), Details::default());
        message.map_or_else(|error| wrong("message", error), drop);
        let details = typed.details.unreserved().and_then(|details| Shown::new("…".into(), details));
        let details = details.map(|shown| shown.details().clone()).map_err(|error| wrong("details", error));
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
        ShownError::Reserved => "Number, Email Address, Where and Browser are names that we add ourselves.".to_owned(),
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
        Wanted::parse(typed).unwrap_err().into_iter().map(|(field, _)| field).collect()
    }

    #[test]
    fn what_a_phone_can_show_is_taken_as_it_is_written() {
        let details = [("From", "Jarod"), ("Amount", "1,000,000"), ("Currency", "Galleons")];
        let wanted = Wanted::parse(typed("Request to send money to Jarod's vault", &details)).unwrap();
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
        let said = |logo| Wanted::parse(Typed { logos: vec![logo], ..typed("m", &[]) }).unwrap_err().remove(0).1;
        assert!(said(logo(Resolution::Low, "https://a.example/a.png")).contains("the default"));
        assert!(said(logo(Resolution::Default, "a.png")).contains("a web address"));
    }

    #[test]
    fn the_labels_we_add_ourselves_are_refused() {
        for label in Shown::RESERVED {
            assert_eq!(fields(typed("m", &[(label, "47")])), ["details"], "{label}");
        }
    }
}
