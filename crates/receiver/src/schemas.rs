//! What a callback is made of, and what is answered, as the OpenAPI document says it. Nobody makes a value of these types;
//! what counts is read from the signed text alone.

#![expect(dead_code, reason = "the types stand for requests and answers in the document")]

use provider::Rejected;
use utoipa::{IntoParams, IntoResponses, ToSchema};

use crate::answer::{Problem, Refused};

/// What the provider calls back with. More fields may come, and everything that comes is signed.
#[derive(ToSchema)]
#[schema(examples(json!({
    "authy_id": 688_611,
    "uuid": "4a725520-bff5-0135-eb01-0e5d90336a8c",
    "status": "approved",
    "approval_request": {
        "transaction": {
            "message": "Sign in to Countersign?",
            "details": { "Number": "47" },
            "hidden_details": { "approval": "01935f6e-7c00-7000-8000-00000000002a" }
        }
    }
})))]
pub(crate) struct Callback {
    /// Whom the provider knows by this phone, as a number or a text.
    #[schema(value_type = Value, required = false)]
    authy_id: Option<String>,
    /// The provider's id of the request.
    #[schema(value_type = Value, required = false)]
    uuid: Option<String>,
    /// `approved`, `denied` or `expired`; any other word decides nothing.
    #[schema(value_type = Value, required = false)]
    status: Option<String>,
    /// The request, as the provider repeats it.
    #[schema(value_type = Value, required = false)]
    approval_request: Option<String>,
}

/// The same in a query, where nested names are written as `approval_request[transaction][message]`.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct Query {
    /// Whom the provider knows by this phone.
    authy_id: Option<String>,
    /// The provider's id of the request.
    uuid: Option<String>,
    /// `approved`, `denied` or `expired`; any other word decides nothing.
    status: Option<String>,
}

/// What makes each signature another.
#[derive(IntoParams)]
#[into_params(parameter_in = Header)]
pub(crate) struct Nonce {
    /// Any text; it is signed along.
    #[param(rename = "X-Authy-Signature-Nonce", nullable = false)]
    nonce: Option<String>,
}

/// What a callback by body can be answered beside 200.
#[derive(IntoResponses)]
pub(crate) enum BodyRefused {
    /// The body did not come to its end within 5 s.
    #[response(status = 400, content_type = "application/problem+json", example = json!(Problem::of(&Refused::Incomplete)))]
    Incomplete(Problem),
    /// The signature is missing or wrong.
    #[response(status = 401, content_type = "application/problem+json", example = json!(Problem::of(&UNSIGNED)))]
    Signature(Problem),
    /// The body is larger than 64 KiB.
    #[response(status = 413, content_type = "application/problem+json", example = json!(Problem::of(&Refused::TooLarge)))]
    TooLarge(Problem),
    /// The event log did not acknowledge the callback (`unavailable`). Or the callback has more than 4 KiB and waited 4 s
    /// because too many such are being checked (`busy`, with `Retry-After`).
    #[response(status = 503, content_type = "application/problem+json", examples(
        ("unavailable" = (value = json!(Problem::of(&UNAVAILABLE)))),
        ("busy" = (value = json!(Problem::of(&Refused::Busy))))
    ))]
    Unavailable(Problem),
}

/// What a callback by query can be answered beside 200.
#[derive(IntoResponses)]
pub(crate) enum QueryRefused {
    /// The signature is missing or wrong.
    #[response(status = 401, content_type = "application/problem+json", example = json!(Problem::of(&UNSIGNED)))]
    Signature(Problem),
    /// The event log did not acknowledge the callback (`unavailable`). Or the callback has more than 4 KiB and waited 4 s
    /// because too many such are being checked (`busy`, with `Retry-After`).
    #[response(status = 503, content_type = "application/problem+json", examples(
        ("unavailable" = (value = json!(Problem::of(&UNAVAILABLE)))),
        ("busy" = (value = json!(Problem::of(&Refused::Busy))))
    ))]
    Unavailable(Problem),
}

const UNSIGNED: Refused = Refused::Signature(Rejected::Unsigned);
const UNAVAILABLE: Refused = Refused::Unavailable(None);
