//! The problem that a client is told for each refusal of the hub.

use approval::ShownError;
use axum::http::StatusCode;
use hub::{LimitName, Refusal};

use super::{Kind, Problem};

impl From<Refusal> for Problem {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::Fields(errors) => Self::invalid(errors),
            Refusal::InvalidCredentials => Self::invalid_credentials(),
            Refusal::HiddenInAddress => Self::hidden_in_address(),
            Refusal::WrongPassword => Self::wrong_password(),
            Refusal::NewPasswordNeeded => Self::new_password_needed(),
            Refusal::InvalidLink => Self::invalid_link(),
            Refusal::InvalidInvitation => Self::invalid_invitation(),
            Refusal::InvitationNeeded => Self::invitation_needed(),
            Refusal::SignUpClosed => Self::sign_up_closed(),
            Refusal::InvalidCode => Self::invalid_code(),
            Refusal::MalformedCode => Self::malformed_code(),
            Refusal::InvalidTransactionCode => Self::invalid_transaction_code(),
            Refusal::CodeInWork => Self::code_in_work(),
            Refusal::CodesOff => Self::codes_off(),
            Refusal::TextFirst(limited) => Self::text_first(limited),
            Refusal::NoSession => Self::no_session(),
            Refusal::NotFound => Self::not_found(),
            Refusal::NotApproved => Self::not_approved(),
            Refusal::AlreadyDecided => Self::already_decided(),
            Refusal::AlreadyRegistered => Self::already_registered(),
            Refusal::AlreadySignedIn => Self::already_signed_in(),
            Refusal::Limited(LimitName::Addresses, limited) => Self::too_many_addresses(limited),
            Refusal::Limited(limit, limited) => Self::too_many(tried(limit), limited),
            Refusal::Withheld(why, Some(limited)) => Self::push_waits(why, limited),
            Refusal::Withheld(_, None) => Self::push_off(),
            Refusal::TooManySockets => Self::too_many_sockets(),
            Refusal::Busy => Self::busy(),
            Refusal::NotShown(error) => Self::not_shown(&error),
            Refusal::ProviderUnavailable => Self::provider_unavailable(),
            Refusal::ProviderOverLimit(retry_after) => Self::provider_over_limit(retry_after),
            Refusal::DatabaseBusy => Self::database_busy(),
            Refusal::Internal => Self::internal(),
        }
    }
}

impl Problem {
    fn not_shown(error: &ShownError) -> Self {
        Self::new(Kind::TooLong, "A phone cannot show this", StatusCode::UNPROCESSABLE_ENTITY).saying(error.to_string())
    }
}

/// What there was too much of, for people.
const fn tried(limit: LimitName) -> &'static str {
    match limit {
        LimitName::Passwords => "wrong passwords",
        LimitName::NewPasswords => "new passwords",
        LimitName::WrongCodes | LimitName::CodesOff => "wrong codes",
        LimitName::SentCodes => "codes were sent",
        LimitName::Pushes => "requests were sent",
        LimitName::SignIns => "sign-ins to this account from your address",
        LimitName::SignUps => "people signed up from your address",
        LimitName::Addresses => "addresses were tried with your phone",
        LimitName::Sockets => "pages are waiting",
    }
}
