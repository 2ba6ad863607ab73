//! The limits that the code enforces, as schemas of the OpenAPI document where no derive can say them. The numbers are
//! those that the code compares with; a derive takes none but its own, which a test of `route/openapi.rs` compares.

use approval::{Resolution, Shown};
use serde_json::json;
use utoipa::openapi::{
    ArrayBuilder, KnownFormat, Object, ObjectBuilder, OneOfBuilder, Ref, Schema, SchemaFormat, Type,
    extensions::Extensions,
};

use hub::{
    NewPassword,
    text::{
        address::Email,
        name::NAME_LIMIT,
        phone::{COUNTRY_CODES, PHONE_LIMIT},
    },
};

/// Characters forbidden in shown texts, as the first and last of each range: see `text::normal::has_hidden`.
const HIDDEN: [(char, char); 21] = [
    ('\0', '\u{1f}'),
    ('\u{7f}', '\u{9f}'),
    ('\u{ad}', '\u{ad}'),
    ('\u{34f}', '\u{34f}'),
    ('\u{61c}', '\u{61c}'),
    ('\u{115f}', '\u{1160}'),
    ('\u{17b4}', '\u{17b5}'),
    ('\u{180e}', '\u{180e}'),
    ('\u{200b}', '\u{200b}'),
    ('\u{200e}', '\u{200f}'),
    ('\u{2028}', '\u{202e}'),
    ('\u{2060}', '\u{206f}'),
    ('\u{3164}', '\u{3164}'),
    ('\u{feff}', '\u{feff}'),
    ('\u{ffa0}', '\u{ffa0}'),
    ('\u{fff0}', '\u{fffb}'),
    ('\u{13430}', '\u{1343f}'),
    ('\u{1bca0}', '\u{1bca3}'),
    ('\u{1d173}', '\u{1d17a}'),
    ('\u{e0000}', '\u{e00ff}'),
    ('\u{e01f0}', '\u{e0fff}'),
];

/// Characters that scripts need, so a text may have them beside visible ones: see `text::normal::is_joiner`.
const JOINERS: [(char, char); 5] = [
    ('\u{180b}', '\u{180d}'),
    ('\u{180f}', '\u{180f}'),
    ('\u{200c}', '\u{200d}'),
    ('\u{fe00}', '\u{fe0f}'),
    ('\u{e0100}', '\u{e01ef}'),
];

/// Characters with an empty glyph, beside white space and hidden ones: see `text::normal::is_visible`.
const EMPTY: [(char, char); 3] = [('\u{2800}', '\u{2800}'), ('\u{16fe4}', '\u{16fe4}'), ('\u{1d159}', '\u{1d159}')];

/// Characters forbidden in names; direction marks are dropped instead.
const UNSHOWABLE: &str = r"\u0000-\u001f\u007f-\u009f\u2028\u2029\u202d\u202e";

/// The sentence to approve.
pub(crate) fn message() -> Object {
    plain(Shown::MESSAGE_LIMIT)
}

/// The labelled values below it.
pub(crate) fn details() -> Object {
    let (hidden, empty) = (class(&HIDDEN) + &class(&JOINERS), class(&EMPTY));
    let label = format!(r"^[^{hidden}]*[^\s{hidden}{empty}][^{hidden}]*$");
    let mut labels = text(Shown::LABEL_LIMIT).pattern(Some(label)).build();
    labels.extensions = Some(Extensions::from_iter([("not", json!({ "pattern": reserved() }))]));
    ObjectBuilder::new()
        .schema_type(Type::Object)
        .description(Some(format!(
            "Labels and values, shown in this order. The labels {} are reserved: Countersign adds them itself. So is every \
             label that looks like one of them, and no two labels may look alike.",
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
    let described = "Direction marks and other characters that show nothing are dropped.";
    let empty = class(&HIDDEN) + &class(&JOINERS) + &class(&EMPTY);
    let name = format!(r"^[^{UNSHOWABLE}]*[^\s{empty}][^{UNSHOWABLE}]*$");
    text(NAME_LIMIT).description(Some(described)).pattern(Some(name)).build()
}

/// An email address: something on both sides of its `@`. Whether it exists, only a message could tell.
pub(crate) fn email() -> Object {
    let described = "Every spelling of one address is the same: the domain by UTS 46, the part before it in Unicode \
                     Normalization Form KC and lower case. Characters that show nothing are dropped around it and \
                     refused inside.";
    let hidden = class(&HIDDEN);
    let local = format!(r"[^\s{hidden}]+");
    let label = format!(r"[^\s@.{hidden}]+");
    text(Email::LONGEST)
        .description(Some(described))
        .pattern(Some(format!(r"^\s*{local}@{label}(\.{label})*\s*$")))
        .build()
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
    let described = "A phone number of that country, in any usual spelling: international after a plus or `00`, or as \
                     dialled within the country, with spaces, dots, dashes and brackets, in the digits of any script. \
                     An ambiguous number is refused with 422, which lists the possible ones: send the right one with \
                     its plus.";
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
    let (hidden, joiners, empty) = (class(&HIDDEN), class(&JOINERS), class(&EMPTY));
    text(longest).pattern(Some(format!(r"^[^{hidden}]*[^\s{hidden}{joiners}{empty}][^{hidden}]*$"))).build()
}

/// These ranges, as inside the brackets of a pattern. Escapes have four digits only, so characters beyond U+FFFF are
/// not escaped.
fn class(ranges: &[(char, char)]) -> String {
    let one = |character: char| match u32::from(character) {
        code @ 0..=0xffff => format!(r"\u{code:04x}"),
        _ => character.to_string(),
    };
    ranges.iter().map(|(first, last)| [one(*first), "-".to_owned(), one(*last)].concat()).collect()
}

fn text(longest: usize) -> ObjectBuilder {
    ObjectBuilder::new().schema_type(Type::String).min_length(Some(1)).max_length(Some(longest))
}

#[cfg(test)]
mod tests {
    use super::*;
    use hub::text::normal::{has_hidden, is_joiner, is_visible};

    #[test]
    fn the_schemas_know_every_character_that_is_hidden_or_empty() {
        let within =
            |ranges: &[(char, char)], one: char| ranges.iter().any(|(first, last)| (*first..=*last).contains(&one));
        for one in '\0'..=char::MAX {
            let (hidden, joiner) = (within(&HIDDEN, one), within(&JOINERS, one));
            assert_eq!(hidden, has_hidden(one.encode_utf8(&mut [0; 4])), "{one:?}");
            assert_eq!(joiner, is_joiner(one), "{one:?}");
            let empty = hidden || joiner || one.is_whitespace() || within(&EMPTY, one);
            assert_eq!(!empty, is_visible(one), "{one:?}");
        }
    }
}
