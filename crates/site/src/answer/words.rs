//! The words and pictures of an approval as the OpenAPI document describes them: one type for each, without values. A
//! test of `route/openapi.rs` compares them with those of `approval`.

#![expect(dead_code, reason = "the types stand for words in the document")]

use utoipa::ToSchema;

/// Where an approval stands. All but pending are final.
#[derive(ToSchema)]
#[schema(as = Status, rename_all = "snake_case")]
pub(crate) enum StatusWords {
    /// Waiting for the tap.
    Pending,
    /// The person approved.
    Approved,
    /// The person denied.
    Denied,
    /// Nobody answered in time.
    Expired,
    /// The browser that asked took it back, or got in another way.
    Cancelled,
}

/// What an approval is for.
#[derive(ToSchema)]
#[schema(as = Purpose, rename_all = "snake_case")]
pub(crate) enum PurposeWords {
    /// Proves the phone of a new account.
    SignUp,
    /// Lets a session in.
    SignIn,
    /// Approves one transaction.
    Transaction,
}

/// How far the provider got with handing the request to the phone.
#[derive(ToSchema)]
#[schema(as = Delivery, rename_all = "snake_case")]
pub(crate) enum DeliveryWords {
    /// We are handing the request to the provider.
    Sending,
    /// The provider took it.
    Sent,
    /// The provider knows no app for this phone.
    NoApp,
    /// The provider refused, was over its limit or could not be reached.
    Unavailable,
    /// No answer came in time: it may have arrived.
    Unknown,
}

/// How a code travels.
#[derive(ToSchema)]
#[schema(as = Channel, rename_all = "snake_case")]
pub(crate) enum ChannelWords {
    /// A text message.
    Sms,
    /// A telephone call.
    Call,
}

/// The screens a logo is for.
#[derive(ToSchema)]
#[schema(as = Resolution, rename_all = "lowercase")]
pub(crate) enum ResolutionWords {
    /// All that have none of their own.
    Default,
    /// Of low resolution.
    Low,
    /// Of medium resolution.
    Med,
    /// Of high resolution.
    High,
}

/// A picture beside the request, for one kind of screen.
#[derive(ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = Logo)]
pub(crate) struct LogoFields {
    /// For which screens.
    res: ResolutionWords,
    /// Where the phone finds it.
    #[schema(
        max_length = 500,
        pattern = r"^https?://[^\s\u0000-\u001f\u007f-\u009f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]+$",
        examples("https://example.com/logo.png")
    )]
    url: String,
}
