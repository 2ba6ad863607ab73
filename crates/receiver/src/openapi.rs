//! The receiver's part of the OpenAPI document.

use utoipa::{
    Modify, OpenApi as _,
    openapi::{
        OpenApi,
        security::{ApiKey, ApiKeyValue, SecurityScheme},
    },
};

use crate::{answer::Problem, route};

#[derive(utoipa::OpenApi)]
#[openapi(
    tags((name = "callback", description = "What the provider tells of its requests.")),
    paths(route::take_body, route::take_query),
    components(schemas(Problem)),
    modifiers(&Signature)
)]
struct Described;

/// Describes what the receiver takes and answers.
#[must_use]
pub fn document() -> OpenApi {
    Described::openapi()
}

/// The header that proves a callback.
struct Signature;

impl Modify for Signature {
    fn modify(&self, document: &mut OpenApi) {
        let described =
            "HMAC-SHA256 under the API key over `nonce|METHOD|URL|parameters`, in Base64, as Authy makes it.";
        let header =
            SecurityScheme::ApiKey(ApiKey::Header(ApiKeyValue::with_description("X-Authy-Signature", described)));
        document.components.get_or_insert_default().add_security_scheme("signature", header);
    }
}
