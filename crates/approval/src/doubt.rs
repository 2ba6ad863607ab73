//! What a well-signed callback may decide. Knows no clock: whether it comes in time is for the transition.

use crate::{Approval, Callback, Change};

/// Why a well-signed callback decides nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Doubt {
    /// It names another user of the provider.
    AnotherUser,
    /// It is about another request than the one whose approval it claims to be of.
    AnotherRequest,
    /// What it says was shown is not what we asked to show.
    AnotherContent,
    /// Its status is no word we know.
    UnknownStatus,
}

impl Doubt {
    /// The words for it in audit rows and logs.
    #[must_use]
    pub const fn words(self) -> &'static str {
        match self {
            Self::AnotherUser => "names another user",
            Self::AnotherRequest => "is about another request",
            Self::AnotherContent => "shows other content",
            Self::UnknownStatus => "has an unknown status",
        }
    }
}

/// The change of `approval` that `callback` asks for.
///
/// # Errors
/// [`Doubt`] unless it is of the same user, request and content. Where no request id is stored yet, and where nothing is
/// echoed, there is nothing to compare.
pub fn change_by(approval: &Approval, callback: &Callback) -> Result<Change, Doubt> {
    if approval.provider_user != callback.provider_user {
        return Err(Doubt::AnotherUser);
    }
    if approval.request.as_ref().is_some_and(|request| *request != callback.request) {
        return Err(Doubt::AnotherRequest);
    }
    let hidden = callback.echo.hidden.as_ref().is_none_or(|hidden| *hidden == approval.hidden());
    if !hidden || !callback.echo.agrees_with(&approval.shown) {
        return Err(Doubt::AnotherContent);
    }
    Change::from_provider(&callback.status).ok_or(Doubt::UnknownStatus)
}

#[cfg(test)]
mod tests {
    use time::OffsetDateTime;

    use super::*;
    use crate::{Clock, Details, Draft, Echo, Entropy, Flat, Id, Logos, Purpose, Shown};

    /// An approval that was asked for, and the callback that echoes it all.
    fn asked() -> (Approval, Callback) {
        let (clock, entropy) = (Clock::system(), Entropy::system());
        let details = Details::new([(Shown::EMAIL.to_owned(), "ada@example.com".to_owned())]);
        let draft = Draft {
            id: Id::new(&clock, &entropy),
            user: Id::new(&clock, &entropy),
            session: Id::new(&clock, &entropy),
            provider_user: "688611".parse().unwrap(),
            purpose: Purpose::SignIn,
            shown: Shown::new("Sign in to Countersign?".into(), details).unwrap(),
            logos: Logos::default(),
            created_at: clock.now(),
            expires_at: clock.now(),
        };
        let (request, stored) = ("4a725520-bff5".parse().unwrap(), "4a725520-bff5".parse().ok());
        let approval = Approval { request: stored, ..Approval::pending(draft, "47".parse().unwrap()) };
        let echo = Echo {
            message: Some(approval.shown.message().to_owned()),
            details: Some(approval.shown.details().to_flat()),
            hidden: Some(approval.hidden()),
        };
        let (provider_user, received_at) = (approval.provider_user.clone(), OffsetDateTime::UNIX_EPOCH);
        (approval, Callback { request, provider_user, status: "approved".into(), echo, received_at })
    }

    #[test]
    fn each_word_of_the_provider_asks_for_its_change_and_no_other_word_for_any() {
        let (approval, callback) = asked();
        for (status, change) in [
            ("approved", Ok(Change::Approve)),
            ("denied", Ok(Change::Deny)),
            ("expired", Ok(Change::Expire)),
            ("pending", Err(Doubt::UnknownStatus)),
            ("Approved", Err(Doubt::UnknownStatus)),
        ] {
            assert_eq!(
                change_by(&approval, &Callback { status: status.into(), ..callback.clone() }),
                change,
                "{status}"
            );
        }
    }

    #[test]
    fn user_and_request_are_enough_where_nothing_is_echoed() {
        let (approval, callback) = asked();
        assert_eq!(change_by(&approval, &Callback { echo: Echo::default(), ..callback }), Ok(Change::Approve));
    }

    #[test]
    fn before_its_request_id_is_stored_an_approval_is_found_by_what_is_hidden_alone() {
        let (approval, callback) = asked();
        let early = Approval { request: None, ..approval };
        assert_eq!(change_by(&early, &callback), Ok(Change::Approve));
        let (_, of_another) = asked();
        assert_eq!(change_by(&early, &of_another), Err(Doubt::AnotherContent));
    }

    #[test]
    fn another_user_or_request_decides_nothing_whatever_is_echoed() {
        let (approval, callback) = asked();
        let anothers = Callback { provider_user: "1234".parse().unwrap(), ..callback.clone() };
        assert_eq!(change_by(&approval, &anothers), Err(Doubt::AnotherUser));
        let of_another = Callback { request: "4a725520-bff6".parse().unwrap(), ..callback };
        assert_eq!(change_by(&approval, &of_another), Err(Doubt::AnotherRequest));
    }

    #[test]
    fn content_that_differs_anywhere_decides_nothing() {
        let (approval, callback) = asked();
        let changes: [fn(&mut Echo); 6] = [
            |echo| echo.message = Some("Sign in to Somewhere else?".into()),
            |echo| echo.details = Some(Flat::from([("Number".into(), "11".into())])),
            |echo| drop(echo.details.as_mut().unwrap().insert("Amount".into(), "1".into())),
            |echo| drop(echo.hidden.as_mut().unwrap().insert("digest".into(), "0".repeat(64))),
            |echo| drop(echo.hidden.as_mut().unwrap().remove("user")),
            |echo| echo.hidden = Some(Flat::new()),
        ];
        for (nth, change) in changes.into_iter().enumerate() {
            let mut other = callback.clone();
            change(&mut other.echo);
            assert_eq!(change_by(&approval, &other), Err(Doubt::AnotherContent), "{nth}");
        }
    }
}
