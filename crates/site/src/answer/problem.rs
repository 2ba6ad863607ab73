//! What went wrong, as a client is told it: `application/problem+json` (RFC 9457). A page shows the same in HTML.
//! `refusal` makes one of each refusal of the hub; `limited` is what a client that reaches a limit is told.

mod limited;
mod refusal;

use axum::{
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use hub::{
    INVITATION, RESET_LINK,
    text::{address::EmailError, code::CODE_DIGITS},
};
use serde::Serialize;
use utoipa::ToSchema;

pub(crate) use limited::in_words;

/// What went wrong (RFC 9457).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub(crate) struct Problem {
    /// Its kind; what a program goes by.
    #[serde(rename = "type")]
    pub(crate) kind: Kind,
    /// The kind in words.
    pub(crate) title: &'static str,
    /// The status of the answer.
    #[serde(serialize_with = "as_number")]
    #[schema(value_type = u16, minimum = 400, maximum = 599)]
    pub(crate) status: StatusCode,
    /// This case in words.
    pub(crate) detail: String,
    /// What is wrong with which field.
    #[serde(skip_serializing_if = "Vec::is_empty", serialize_with = "as_map")]
    #[schema(value_type = std::collections::BTreeMap<String, String>)]
    pub(crate) errors: Vec<(&'static str, String)>,
    /// Seconds until another try makes sense.
    #[serde(skip)]
    pub(crate) retry_after: Option<i64>,
}

/// The reason shown when there is no session: a request does not reveal which of the two is true.
pub(crate) const ENDED: &str = "Your sign-in has ended, or this browser keeps no cookies for this site.";

/// The reason shown when a form was refused before it rang a phone.
pub(crate) const NO_COOKIES: &str = "This browser keeps no cookies for this site, so it could not stay signed in. Your \
                                     phone was not asked. Please allow cookies, then try again.";

/// Seconds after which whoever found no room asks again: seats come free at any moment.
const SOON: i64 = 5;

/// The stable names of all kinds of trouble, each a URI reference.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
#[schema(as = ProblemType)]
pub(crate) enum Kind {
    BadRequest,
    TooLarge,
    UnsupportedType,
    InvalidInput,
    InvalidCredentials,
    InvalidCode,
    InvalidLink,
    InvalidInvitation,
    SignUpClosed,
    TextFirst,
    WrongPassword,
    NewPasswordNeeded,
    TooManyAttempts,
    TooManySockets,
    NoSession,
    NotFound,
    MethodNotAllowed,
    NotApproved,
    AlreadyDecided,
    AlreadyRegistered,
    AlreadySignedIn,
    PushOff,
    CodesOff,
    ForeignOrigin,
    ProviderUnavailable,
    Busy,
    DatabaseBusy,
    TooLong,
    Internal,
}

impl Problem {
    const fn new(kind: Kind, title: &'static str, status: StatusCode) -> Self {
        Self { kind, title, status, detail: String::new(), errors: Vec::new(), retry_after: None }
    }

    fn saying(self, detail: impl Into<String>) -> Self {
        Self { detail: detail.into(), ..self }
    }

    /// The request cannot be read.
    pub(crate) fn bad_request(detail: &'static str) -> Self {
        Self::new(Kind::BadRequest, "The request cannot be read", StatusCode::BAD_REQUEST).saying(detail)
    }

    /// The body is too large.
    pub(crate) fn too_large() -> Self {
        Self::new(Kind::TooLarge, "The request is too large", StatusCode::PAYLOAD_TOO_LARGE)
            .saying("Please send less and try again.")
    }

    /// The body is of another type than this address takes.
    pub(crate) fn unsupported_type() -> Self {
        Self::new(Kind::UnsupportedType, "The content type is not supported", StatusCode::UNSUPPORTED_MEDIA_TYPE)
            .saying("Our pages send forms, programs send JSON.")
    }

    /// Some fields hold what cannot be taken.
    pub(crate) fn invalid(errors: Vec<(&'static str, String)>) -> Self {
        let problem = Self::new(Kind::InvalidInput, "Some fields need another look", StatusCode::UNPROCESSABLE_ENTITY);
        Self { errors, ..problem }
    }

    /// Unknown email or wrong password; nobody learns which.
    pub(crate) fn invalid_credentials() -> Self {
        Self::new(Kind::InvalidCredentials, "Email or password is wrong", StatusCode::FORBIDDEN)
            .saying("Email or password is wrong. Please try again.")
    }

    /// An address with an invisible character, which no account has. No password was checked, and no attempt is
    /// counted.
    pub(crate) fn hidden_in_address() -> Self {
        Self::invalid_credentials().saying(EmailError::Hidden.to_string())
    }

    /// The old password is wrong.
    pub(crate) fn wrong_password() -> Self {
        Self::new(Kind::WrongPassword, "The password is wrong", StatusCode::FORBIDDEN)
            .saying("This is not your password. Please try again.")
    }

    /// Whoever is in has said that something was not them, and not chosen another password yet.
    pub(crate) fn new_password_needed() -> Self {
        Self::new(Kind::NewPasswordNeeded, "Choose a new password first", StatusCode::FORBIDDEN)
            .saying("You said that something was not you. Please choose a new password first.")
    }

    /// A reset link that is used, expired or unknown; nobody learns which.
    pub(crate) fn invalid_link() -> Self {
        Self::new(Kind::InvalidLink, "This link does not work", StatusCode::FORBIDDEN)
            .saying(format!("A link works once, for {} minutes. Please ask for a new one.", RESET_LINK.whole_minutes()))
    }

    /// An invitation that is used, expired, replaced or unknown; one answer for all of them.
    pub(crate) fn invalid_invitation() -> Self {
        let days = INVITATION.whole_days();
        Self::new(Kind::InvalidInvitation, "This invitation does not work", StatusCode::FORBIDDEN)
            .saying(format!("An invitation works once, for {days} days. Please ask for a new one."))
    }

    /// A sign-up without an invitation, where one is needed.
    pub(crate) fn invitation_needed() -> Self {
        Self::new(Kind::InvalidInvitation, "You need an invitation", StatusCode::FORBIDDEN)
            .saying("You need an invitation to create an account here. Please open the link that you were given.")
    }

    /// Sign-ups are closed.
    pub(crate) fn sign_up_closed() -> Self {
        Self::new(Kind::SignUpClosed, "New accounts are not open", StatusCode::FORBIDDEN)
            .saying("You cannot create an account here yourself. If you have one already, please sign in.")
    }

    /// A code that is wrong, used or too old.
    pub(crate) fn invalid_code() -> Self {
        Self::new(Kind::InvalidCode, "The code is not right", StatusCode::UNAUTHORIZED)
            .saying("This code is wrong or was used before. Check the newest one and try again.")
    }

    /// The text is no code, so none was checked and no attempt is counted.
    pub(crate) fn malformed_code() -> Self {
        let (least, most) = CODE_DIGITS.into_inner();
        Self::invalid_code().saying(format!("A code has {least} to {most} digits. Please check what you typed."))
    }

    /// The same for a transaction: only codes that were sent for it count.
    pub(crate) fn invalid_transaction_code() -> Self {
        Self::invalid_code().saying(
            "This is not the code that we sent for this request. Codes from an authenticator do not count here: they \
             do not say what they approve.",
        )
    }

    /// The request needs a session, or a confirmed one.
    pub(crate) fn no_session() -> Self {
        Self::new(Kind::NoSession, "You are not signed in", StatusCode::UNAUTHORIZED)
            .saying(format!("{ENDED} Please sign in again."))
    }

    /// Nothing is here, or nothing of yours.
    pub(crate) fn not_found() -> Self {
        Self::new(Kind::NotFound, "There is nothing here", StatusCode::NOT_FOUND)
            .saying("The address may be wrong, or what it shows belongs to another sign-in.")
    }

    /// The address does not take this method.
    pub(crate) fn wrong_method() -> Self {
        Self::new(Kind::MethodNotAllowed, "This cannot be done here", StatusCode::METHOD_NOT_ALLOWED)
            .saying("This address is for something else.")
    }

    /// The approval is not approved.
    pub(crate) fn not_approved() -> Self {
        Self::new(Kind::NotApproved, "This is not approved", StatusCode::CONFLICT)
            .saying("Nothing was done. Your phone has not approved it.")
    }

    /// The approval cannot be cancelled or sent again any more.
    pub(crate) fn already_decided() -> Self {
        Self::new(Kind::AlreadyDecided, "This has been decided", StatusCode::CONFLICT)
            .saying("It was answered or cancelled before, and stays as it is.")
    }

    /// The phone is proven, and its owner has an account already.
    pub(crate) fn already_registered() -> Self {
        Self::new(Kind::AlreadyRegistered, "You have an account already", StatusCode::CONFLICT)
            .saying("There is an account with this email address already. Please sign in.")
    }

    /// The request comes from another site.
    pub(crate) fn foreign_origin() -> Self {
        Self::new(Kind::ForeignOrigin, "This request came from another site", StatusCode::FORBIDDEN)
            .saying("For your safety, forms are only accepted from our own pages.")
    }

    /// The provider cannot be reached or does not take our requests.
    pub(crate) fn provider_unavailable() -> Self {
        Self::new(Kind::ProviderUnavailable, "The phone service is not available", StatusCode::SERVICE_UNAVAILABLE)
            .saying("We cannot reach the phone service right now. Please try again in a minute.")
    }

    /// More people than this machine can check passwords for, or than may wait here.
    pub(crate) fn busy() -> Self {
        let problem = Self::new(Kind::Busy, "Many people are here", StatusCode::SERVICE_UNAVAILABLE);
        Self { retry_after: Some(SOON), ..problem }
            .saying("Many people are here right now. Please try again in a moment.")
    }

    /// Another program has the database locked.
    pub(crate) fn database_busy() -> Self {
        let problem = Self::new(Kind::DatabaseBusy, "Nothing can be saved right now", StatusCode::SERVICE_UNAVAILABLE);
        Self { retry_after: Some(SOON), ..problem }
            .saying("We cannot save anything right now. Please try again in a moment.")
    }

    /// The session is through already; what is asked for is for sessions that wait.
    pub(crate) fn already_signed_in() -> Self {
        Self::new(Kind::AlreadySignedIn, "You are signed in already", StatusCode::CONFLICT)
            .saying("There is nothing left to do here.")
    }

    /// Our own fault; the cause is in the log.
    pub(crate) fn internal() -> Self {
        Self::new(Kind::Internal, "Something went wrong on our side", StatusCode::INTERNAL_SERVER_ERROR)
            .saying("Please try again in a moment.")
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let body = serde_json::to_vec(&self).unwrap_or_default();
        let content_type = HeaderValue::from_static("application/problem+json");
        let mut response = (self.status, [(header::CONTENT_TYPE, content_type)], body).into_response();
        if let Some(seconds) = self.retry_after {
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        // The pages take it from here and show it in HTML.
        response.extensions_mut().insert(self);
        response
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "the signature is serde's")]
fn as_number<S: serde::Serializer>(status: &StatusCode, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_u16(status.as_u16())
}

fn as_map<S: serde::Serializer>(errors: &[(&'static str, String)], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_map(errors.iter().map(|(field, error)| (field, error)))
}
