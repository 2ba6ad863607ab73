//! A second implementation of what a callback's signature covers, written from the provider's scheme alone: Rails'
//! `Hash#to_query`, and what a query says. Shares nothing with the crate `provider`.

use super::json::Value;

/// `Hash#to_query`.
pub(crate) fn to_query(value: &Value) -> String {
    query(value, None)
}

/// The names and values of all scalars, as they are before anything is encoded.
pub(crate) fn leaves(value: &Value) -> Vec<(String, String)> {
    let mut found = Vec::new();
    gather(value, None, &mut found);
    found
}

/// The names and values of a query, decoded.
pub(crate) fn pairs(query: &str) -> Vec<(String, String)> {
    let pieces = query.split('&').filter(|piece| !piece.is_empty());
    pieces
        .map(|piece| piece.split_once('=').unwrap_or((piece, "")))
        .map(|(name, value)| (decoded(name), decoded(value)))
        .collect()
}

/// A query as the provider spells it, with its pairs in order.
pub(crate) fn spelled(query: &str) -> String {
    let spell = |text: &str| encoded_bytes(&decoded_bytes(text));
    let pair = |piece: &str| match piece.split_once('=') {
        // Rails writes an empty piece for an empty object in a list.
        None if piece.is_empty() => String::new(),
        None => format!("{}=", spell(piece)),
        Some((name, value)) => format!("{}={}", spell(name), spell(value)),
    };
    let mut pairs: Vec<_> = query.split('&').map(pair).collect();
    pairs.sort_unstable();
    pairs.join("&")
}

/// The one value under `name`: `Ok(None)` when there is none or it is empty, `Err` when there are several.
pub(crate) fn single<'a>(pairs: &'a [(String, String)], name: &str) -> Result<Option<&'a str>, ()> {
    let values: Vec<_> = pairs.iter().filter(|(one, _)| one == name).map(|(_, value)| value.as_str()).collect();
    match values[..] {
        [] | [""] => Ok(None),
        [value] => Ok(Some(value)),
        _ => Err(()),
    }
}

fn query(value: &Value, name: Option<&str>) -> String {
    let name_or_none = name.unwrap_or_default();
    match value {
        Value::Scalar(text) => format!("{}={}", encoded(name_or_none), encoded(text)),
        Value::List(items) if items.is_empty() => format!("{}=", encoded(&format!("{name_or_none}[]"))),
        Value::List(items) => {
            let name = format!("{name_or_none}[]");
            items.iter().map(|item| query(item, Some(&name))).collect::<Vec<_>>().join("&")
        }
        Value::Map(members) => {
            let kept = members.iter().filter(|(_, value)| !is_empty(value));
            let mut chunks: Vec<_> = kept.map(|(key, value)| query(value, Some(&below(name, key)))).collect();
            if !name_or_none.contains("[]") {
                chunks.sort_by(|one, other| one.as_bytes().cmp(other.as_bytes()));
            }
            chunks.join("&")
        }
    }
}

fn gather(value: &Value, name: Option<&str>, found: &mut Vec<(String, String)>) {
    let list = format!("{}[]", name.unwrap_or_default());
    match value {
        Value::Scalar(text) => found.push((name.unwrap_or_default().to_owned(), text.clone())),
        Value::List(items) if items.is_empty() => found.push((list, String::new())),
        Value::List(items) => {
            for item in items {
                gather(item, Some(&list), found);
            }
        }
        Value::Map(members) => {
            for (key, value) in members.iter().filter(|(_, value)| !is_empty(value)) {
                gather(value, Some(&below(name, key)), found);
            }
        }
    }
}

fn below(name: Option<&str>, key: &str) -> String {
    name.map_or_else(|| key.to_owned(), |name| format!("{name}[{key}]"))
}

fn is_empty(value: &Value) -> bool {
    match value {
        Value::Scalar(_) => false,
        Value::List(items) => items.is_empty(),
        Value::Map(members) => members.is_empty(),
    }
}

/// `CGI.escape`.
fn encoded(text: &str) -> String {
    encoded_bytes(text.as_bytes())
}

fn encoded_bytes(bytes: &[u8]) -> String {
    let one = |byte: u8| match byte {
        b' ' => "+".to_owned(),
        _ if byte.is_ascii_alphanumeric() || b"_.-~".contains(&byte) => char::from(byte).to_string(),
        _ => format!("%{byte:02X}"),
    };
    bytes.iter().copied().map(one).collect()
}

/// `CGI.unescape`; what is no UTF-8 becomes U+FFFD.
fn decoded(text: &str) -> String {
    String::from_utf8_lossy(&decoded_bytes(text)).into_owned()
}

fn decoded_bytes(text: &str) -> Vec<u8> {
    let (bytes, mut out, mut at) = (text.as_bytes(), Vec::new(), 0);
    while at < bytes.len() {
        let hex = |offset: usize| bytes.get(at + offset).and_then(|digit| char::from(*digit).to_digit(16));
        let (byte, length) = match (bytes[at], hex(1), hex(2)) {
            (b'%', Some(high), Some(low)) => (u8::try_from(high * 16 + low).unwrap_or_default(), 3),
            (b'+', ..) => (b' ', 1),
            (other, ..) => (other, 1),
        };
        out.push(byte);
        at += length;
    }
    out
}
