//! A typed code, and the wish for one, as forms and programs send them.

use approval::{Channel, Secret};
use serde::Deserialize;
use utoipa::ToSchema;

use crate::answer::words::ChannelWords;

/// A typed code.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = Code, examples(json!({ "code": "0123456" })))]
pub(crate) struct TypedCode {
    /// Six to ten digits of any script; spaces, dashes and dots between and around them are ignored.
    #[schema(value_type = String, max_length = 64, pattern = r"^[\s.\-]*([0-9][\s.\-]*){6,10}$", write_only)]
    pub(crate) code: Secret,
}

/// How to send one.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = SendCode, examples(json!({ "channel": "sms" })))]
pub(crate) struct WantedCode {
    #[schema(value_type = ChannelWords)]
    pub(crate) channel: Channel,
}
