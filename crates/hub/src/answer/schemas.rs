//! The limits that the code enforces, as schemas of the OpenAPI document where no derive can say them. The numbers are
//! those that the code compares with; a derive takes none but its own, which a test of `route/openapi.rs` compares.

use approval::{Resolution, Shown};
use serde_json::json;
use utoipa::openapi::{
    ArrayBuilder, KnownFormat, Object, ObjectBuilder, OneOfBuilder, Ref, Schema, SchemaFormat, Type,
    extensions::Extensions,
};

use crate::{
    password::NewPassword,
    person::{Email, NAME_LIMIT},
    text::phone::{COUNTRY_CODES, PHONE_LIMIT},
};

/// What no text may hold that is shown to somebody: see [`approval::is_plain`].
const ODD: &str = r"\u0000-\u001f\u007f-\u009f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069";

/// The sentence to approve.
pub(crate) fn message() -> Object {
    plain(Shown::MESSAGE_LIMIT)
}

/// The labelled values below it.
pub(crate) fn details() -> Object {
    let mut labels = plain(Shown::LABEL_LIMIT);
    labels.extensions = Some(Extensions::from_iter([("not", json!({ "pattern": reserved() }))]));
    ObjectBuilder::new()
        .schema_type(Type::Object)
        .description(Some(format!(
            "Labels and values, shown in this order. The labels {} are reserved: Countersign adds them itself.",
            Shown::RESERVED.join(", ")
        )))
        .max_properties(Some(Shown::DETAILS_LIMIT))
        .property_names(Some(labels))
        .additional_properties(Some(Schema::from(plain(Shown::VALUE_LIMIT))))
        .build()
}

/// Pictures: none, or one for all screens and at most one for each other kind.
pub(crate) fn logos() -> Schema {
    let of = |res: Resolution, least: u8| {
        let one = json!({ "properties": { "res": { "const": res } } });
        json!({ "contains": one, "minContains": least, "maxContains": 1 })
    };
    let others = [Resolution::Low, Resolution::Med, Resolution::High].map(|res| of(res, 0));
    let rules = [("anyOf", json!([{ "maxItems": 0 }, of(Resolution::Default, 1)])), ("allOf", json!(others))];
    ArrayBuilder::new()
        .description(Some("Pictures beside it: none, or one for all screens and perhaps others for some."))
        .items(Ref::from_schema_name("Logo"))
        .max_items(Some(4))
        .extensions(Some(Extensions::from_iter(rules)))
        .into()
}

/// A person's name.
pub(crate) fn full_name() -> Object {
    plain(NAME_LIMIT)
}

/// An email address: something on both sides of its `@`. Whether it exists, only a message could tell.
pub(crate) fn email() -> Object {
    let local = format!(r"[^\s{ODD}]+");
    let label = format!(r"[^\s@.{ODD}]+");
    text(Email::LONGEST).pattern(Some(format!(r"^\s*{local}@{label}(\.{label})*\s*$"))).build()
}

/// The calling code of a country, as a text or a number, or its ISO 3166-1 code.
pub(crate) fn country_code() -> Schema {
    let (least, most) = COUNTRY_CODES.into_inner();
    let number = ObjectBuilder::new().schema_type(Type::Integer).minimum(Some(least)).maximum(Some(most));
    let digits = r"^\s*([A-Za-z]{2}|\+*(0{0,2}[1-9]|0?[1-9][0-9]|[1-9][0-9]{2}))\s*$";
    let text = ObjectBuilder::new().schema_type(Type::String).pattern(Some(digits));
    let described = "The country: its calling code, or its ISO 3166-1 code of two letters.";
    OneOfBuilder::new().description(Some(described)).item(text).item(number).into()
}

/// A phone number, whose spellings no pattern can list.
pub(crate) fn phone() -> Object {
    let described = "A phone number of that country, in any usual spelling: international behind a plus or `00`, or as it \
                     is dialled within the country, with spaces, dots, dashes and brackets, in the digits of any script. \
                     Where it can be several numbers the answer is 422 and names them; the right one, sent with its plus, \
                     is taken.";
    text(PHONE_LIMIT).description(Some(described)).build()
}

/// A password that may be chosen.
pub(crate) fn new_password() -> Object {
    let described = "Any characters; what many people use, or one's own name or address, is refused.";
    text(NewPassword::LONGEST)
        .description(Some(described))
        .min_length(Some(NewPassword::SHORTEST))
        .format(Some(SchemaFormat::KnownFormat(KnownFormat::Password)))
        .write_only(true)
        .build()
}

/// The labels that nobody may use, in any case, with or without space around them.
fn reserved() -> String {
    let any_case = |one: char| {
        let (upper, lower) = (one.to_ascii_uppercase(), one.to_ascii_lowercase());
        if upper == lower { one.to_string() } else { format!("[{upper}{lower}]") }
    };
    let labels = Shown::RESERVED.map(|label| label.chars().map(any_case).collect::<String>());
    format!(r"^\s*({})\s*$", labels.join("|"))
}

/// A text that shows as it is written, and not only spaces.
fn plain(longest: usize) -> Object {
    text(longest).pattern(Some(format!(r"^[^{ODD}]*[^\s{ODD}][^{ODD}]*$"))).build()
}

fn text(longest: usize) -> ObjectBuilder {
    ObjectBuilder::new().schema_type(Type::String).min_length(Some(1)).max_length(Some(longest))
}
