//! The provider's error answers, word for word.

use axum::{
    Json,
    http::StatusCode,
    response::{IntoResponse, Response},
};
use serde_json::{Map, Value, json};

/// Why a call is refused.
#[derive(Debug)]
pub(super) enum Refusal {
    BadKey,
    InvalidRequest,
    NotUtf8,
    Missing(&'static str),
    NotAnInteger {
        name: &'static str,
        value: String,
    },
    /// What of a new user is not valid: its email, its phone, or both.
    InvalidUser(&'static [&'static str]),
    UserNotFound,
    TokenInvalid,
    TokenReused,
    PhoneRefused,
    /// Nobody waits for a code of this number.
    NothingToVerify(String),
    NotVerified,
    /// It is not signed by whoever has the signing key.
    BadSignature,
    NoWebhook,
    RequestNotFound(String),
    /// The user has no app that could be asked.
    NoDevice,
    Down,
}

impl Refusal {
    fn status(&self) -> StatusCode {
        match self {
            Self::BadKey | Self::BadSignature | Self::TokenInvalid | Self::TokenReused | Self::NotVerified => {
                StatusCode::UNAUTHORIZED
            }
            Self::UserNotFound | Self::RequestNotFound(_) | Self::NothingToVerify(_) | Self::NoWebhook => {
                StatusCode::NOT_FOUND
            }
            Self::Down => StatusCode::SERVICE_UNAVAILABLE,
            _ => StatusCode::BAD_REQUEST,
        }
    }

    fn code(&self) -> &'static str {
        match self {
            Self::Down | Self::NoWebhook => "60000",
            Self::BadKey => "60001",
            Self::InvalidRequest => "60002",
            Self::Missing(_) | Self::NotAnInteger { .. } => "60004",
            Self::NotUtf8 => "60005",
            Self::TokenReused => "60019",
            Self::TokenInvalid => "60020",
            Self::NotVerified => "60022",
            Self::NothingToVerify(_) => "60023",
            Self::UserNotFound => "60026",
            Self::InvalidUser(_) => "60027",
            Self::PhoneRefused => "60033",
            Self::RequestNotFound(_) => "60049",
            Self::NoDevice => "60051",
            Self::BadSignature => "60087",
        }
    }

    fn message(&self) -> String {
        match self {
            Self::BadKey => "Invalid API key".into(),
            Self::InvalidRequest => "Invalid request".into(),
            Self::NotUtf8 => "Invalid parameters: not UTF-8".into(),
            Self::Missing(name) => format!("Invalid parameter: {name} - Parameter is required"),
            Self::NotAnInteger { name, value } => {
                format!("Invalid parameter: {name} - '{value}' is not a valid Integer")
            }
            Self::InvalidUser(_) => "User was not valid".into(),
            Self::UserNotFound => "User not found.".into(),
            Self::TokenInvalid => "Token is invalid".into(),
            Self::TokenReused => "Token was already used".into(),
            Self::PhoneRefused => "Phone number is invalid".into(),
            Self::NothingToVerify(number) => format!("No pending verifications for {number} found."),
            Self::NotVerified => "Verification code is incorrect".into(),
            Self::BadSignature => "Invalid signature".into(),
            Self::NoWebhook => "Webhook not found".into(),
            Self::RequestNotFound(uuid) => format!("Approval request not found: {uuid}"),
            Self::NoDevice => "The user has no device registered".into(),
            Self::Down => "Service unavailable".into(),
        }
    }

    /// The fields that stand in `errors` and again beside it.
    fn fields(&self) -> Map<String, Value> {
        let names = if let Self::InvalidUser(names) = self { *names } else { &[] };
        names.iter().map(|name| ((*name).to_owned(), json!("is invalid"))).collect()
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let (message, fields) = (self.message(), self.fields());
        let mut errors = fields.clone();
        if !matches!(self, Self::RequestNotFound(_)) {
            errors.insert("message".into(), json!(message));
        }
        let mut body = fields;
        body.extend([
            ("message".into(), json!(message)),
            ("success".into(), json!(false)),
            ("errors".into(), json!(errors)),
            ("error_code".into(), json!(self.code())),
        ]);
        if matches!(self, Self::TokenInvalid | Self::TokenReused) {
            body.insert("token".into(), json!("is invalid"));
        }
        (self.status(), Json(body)).into_response()
    }
}
