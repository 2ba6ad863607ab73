//! `/api/openapi.json`: the description of everything that programs find here, made from the handlers themselves.

use axum::{
    extract::State,
    http::header,
    response::{IntoResponse as _, Response},
};
use utoipa::{
    Modify, OpenApi as _,
    openapi::{
        OpenApi,
        security::{ApiKey, ApiKeyValue, SecurityScheme},
    },
};

use super::{approval, events, locked::Locked, password, reset, session, sessions, sign_in, sign_up, transaction};
use crate::{
    answer::{problem::Problem, words::LogoFields},
    request::caller::cookie_name,
    site::Site,
};

/// What the handlers say about themselves.
#[derive(utoipa::OpenApi)]
#[openapi(
    info(
        title = "Countersign",
        description = include_str!("openapi.md"),
        license(name = "MIT OR Apache-2.0", identifier = "MIT OR Apache-2.0")
    ),
    tags(
        (name = "session", description = "From nobody to somebody who is in, and out again."),
        (name = "approvals", description = "What a person is asked on the phone, and what becomes of it.")
    ),
    paths(
        show,
        sign_up::create,
        sign_in::create,
        session::show,
        session::end,
        session::code,
        session::send_code,
        sessions::list,
        sessions::end,
        sessions::end_others,
        sessions::not_me,
        password::change,
        reset::reset,
        transaction::create,
        transaction::code,
        transaction::send_code,
        approval::show,
        approval::complete,
        approval::cancel,
        approval::resend,
        events::events
    ),
    components(schemas(Problem, LogoFields))
)]
struct Described;

/// The cookie that holds a session.
struct Cookie {
    secure: bool,
}

/// The document of a hub whose cookies are `secure` or not, with `others`, which describes what else is served at the
/// same address.
pub(crate) fn document(secure: bool, others: Option<OpenApi>) -> OpenApi {
    let mut document = Described::openapi();
    Locked.modify(&mut document);
    Cookie { secure }.modify(&mut document);
    if let Some(others) = others {
        document.merge(others);
    }
    document
}

/// Describes everything that programs find here, in OpenAPI 3.1.
#[utoipa::path(
    get,
    path = "/api/openapi.json",
    operation_id = "describe",
    responses((status = OK, body = Object, description = "This document.", example = json!({ "openapi": "3.1.0" })))
)]
pub(crate) async fn show(State(site): State<Site>) -> Response {
    ([(header::CONTENT_TYPE, "application/json")], site.document.clone()).into_response()
}

impl Modify for Cookie {
    fn modify(&self, document: &mut OpenApi) {
        let name = cookie_name(self.secure);
        let described = "A session, pending or confirmed. `__Host-` is left out of its name on loopback without TLS.";
        let cookie = SecurityScheme::ApiKey(ApiKey::Cookie(ApiKeyValue::with_description(name, described)));
        document.components.get_or_insert_default().add_security_scheme("session", cookie);
    }
}

#[cfg(test)]
mod tests {
    use ::approval::{Channel, Delivery, Logo, Logos, Purpose, Resolution, Status};
    use hub::{text::code::CODE_DIGITS, wanted::EXPIRES_IN};

    use serde_json::json;
    use strum::VariantArray as _;

    use super::*;

    fn words<T: Copy>(all: &[T], word: impl Fn(T) -> &'static str) -> Vec<&'static str> {
        all.iter().copied().map(word).collect()
    }

    #[test]
    fn the_limits_that_stand_with_a_derive_are_those_of_the_code() {
        let document = serde_json::to_value(document(true, None)).unwrap();
        let field = |of: &str, name: &str| document["components"]["schemas"][of]["properties"][name].clone();
        let expires_in = field("Transaction", "expires_in");
        assert_eq!(expires_in["minimum"], *EXPIRES_IN.start());
        assert_eq!(expires_in["maximum"], *EXPIRES_IN.end());
        let digits = format!("{{{},{}}}", CODE_DIGITS.start(), CODE_DIGITS.end());
        assert!(field("Code", "code")["pattern"].as_str().unwrap().contains(&digits));
        for (name, words) in [
            ("Status", words(Status::VARIANTS, Status::word)),
            ("Purpose", words(Purpose::VARIANTS, Purpose::word)),
            ("Delivery", words(Delivery::VARIANTS, Delivery::word)),
            ("Channel", words(Channel::VARIANTS, Channel::word)),
        ] {
            assert_eq!(document["components"]["schemas"][name]["enum"], json!(words), "{name}");
        }
        assert_eq!(document["components"]["schemas"]["Resolution"]["enum"], json!(Resolution::VARIANTS));
        let logo = &document["components"]["schemas"]["Logo"];
        assert_eq!(logo["additionalProperties"], false);
        let fields = |of: &serde_json::Value| of.as_object().unwrap().keys().cloned().collect::<Vec<_>>();
        let one = Logo { res: Resolution::Default, url: String::new() };
        assert_eq!(fields(&logo["properties"]), fields(&json!(one)));
        assert_eq!(field("Logo", "url")["maxLength"], Logos::URL_LIMIT);
        assert_eq!(field("Sessions", "sessions")["maxItems"], hub::LISTED_SESSIONS);
    }
}
