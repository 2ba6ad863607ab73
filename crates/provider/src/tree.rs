//! JSON as Ruby reads it, as far as a signature can tell: the order of the members, and each scalar as the text that
//! `to_s` makes of it. Knows nothing of callbacks.

use std::{collections::HashMap, fmt};

use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;
use thiserror::Error;

use crate::ruby_float;

/// A JSON value. `null` and the empty text are the same to the signature, and so are `1` and `"1"`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Tree {
    Scalar(String),
    List(Vec<Self>),
    Map(Vec<(String, Self)>),
}

/// Why a body has no canonical form.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum Malformed {
    /// It is not JSON, or not an object.
    #[error("the body is no JSON object")]
    NotAnObject,
    /// It nests deeper than 100 levels.
    #[error("the body nests too deep")]
    TooDeep,
    /// Its canonical form would be out of all proportion: long names over many members.
    #[error("the canonical form of the body is too long")]
    TooLong,
}

const DEPTH_LIMIT: usize = 100;

impl Tree {
    /// Reads a JSON object.
    pub(crate) fn parse(json: &[u8]) -> Result<Self, Malformed> {
        let raw: &RawValue = serde_json::from_slice(json).map_err(|_| Malformed::NotAnObject)?;
        match read(raw, DEPTH_LIMIT)? {
            map @ Self::Map(_) => Ok(map),
            Self::Scalar(_) | Self::List(_) => Err(Malformed::NotAnObject),
        }
    }
}

/// Reads one level at a time from the raw text: it keeps the digits of integers that no machine number holds, and
/// the depth is ours to count.
fn read(raw: &RawValue, levels: usize) -> Result<Tree, Malformed> {
    let text = raw.get();
    let inner = || levels.checked_sub(1).ok_or(Malformed::TooDeep);
    match text.as_bytes().first() {
        Some(b'{') => {
            let (Members(members), levels) = (from_json(text)?, inner()?);
            let read_member = |(name, raw)| Ok((name, read(raw, levels)?));
            Ok(Tree::Map(distinct(members.into_iter().map(read_member).collect::<Result<_, _>>()?)))
        }
        Some(b'[') => {
            let (items, levels): (Vec<&RawValue>, _) = (from_json(text)?, inner()?);
            Ok(Tree::List(items.into_iter().map(|raw| read(raw, levels)).collect::<Result<_, _>>()?))
        }
        Some(b'"') => from_json(text).map(Tree::Scalar),
        Some(b'n') => Ok(Tree::Scalar(String::new())),
        Some(b't' | b'f') => Ok(Tree::Scalar(text.to_owned())),
        _ => number(text).map(Tree::Scalar),
    }
}

fn from_json<'a, T: Deserialize<'a>>(text: &'a str) -> Result<T, Malformed> {
    serde_json::from_str(text).map_err(|_| Malformed::NotAnObject)
}

fn number(text: &str) -> Result<String, Malformed> {
    if text == "-0" {
        return Ok("0".to_owned());
    }
    if !text.contains(['.', 'e', 'E']) {
        return Ok(text.to_owned());
    }
    // Not serde_json: to be fast, it may miss the nearest number by one bit.
    text.parse().map(ruby_float::to_s).map_err(|_| Malformed::NotAnObject)
}

/// Of a name that stands twice the last value counts, at the place of the first.
fn distinct(members: Vec<(String, Tree)>) -> Vec<(String, Tree)> {
    let mut kept: Vec<(String, Tree)> = Vec::new();
    let mut places: HashMap<String, usize> = HashMap::new();
    for (name, value) in members {
        if let Some(&place) = places.get(&name) {
            kept[place].1 = value;
        } else {
            places.insert(name.clone(), kept.len());
            kept.push((name, value));
        }
    }
    kept
}

/// The members of an object in order.
struct Members<'a>(Vec<(String, &'a RawValue)>);

impl<'de: 'a, 'a> Deserialize<'de> for Members<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(InOrder)
    }
}

struct InOrder;

impl<'de> Visitor<'de> for InOrder {
    type Value = Members<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Members<'de>, A::Error> {
        let mut members = Vec::new();
        while let Some(member) = map.next_entry::<String, &RawValue>()? {
            members.push(member);
        }
        Ok(Members(members))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn nested(levels: usize) -> String {
        format!("{}1{}", "{\"a\":".repeat(levels), "}".repeat(levels))
    }

    #[test]
    fn a_hundred_levels_are_read_and_more_are_refused() {
        assert!(Tree::parse(nested(100).as_bytes()).is_ok());
        assert_eq!(Tree::parse(nested(101).as_bytes()), Err(Malformed::TooDeep));
        let lists = format!("{{\"a\":{}{}}}", "[".repeat(30_000), "]".repeat(30_000));
        assert_eq!(Tree::parse(lists.as_bytes()), Err(Malformed::TooDeep));
    }

    #[test]
    fn what_is_no_json_object_is_refused() {
        for body in
            ["", "[]", "1", "\"a\"", "null", "{", "{}x", "{\"a\":NaN}", "{\"a\":01}", "{\"a\":\"\\ud800\"}", "a=1"]
        {
            assert_eq!(Tree::parse(body.as_bytes()), Err(Malformed::NotAnObject), "{body}");
        }
        let unused = Tree::parse(br#"{"a":"\ud800","a":1}"#);
        assert_eq!(unused, Err(Malformed::NotAnObject), "a value that does not count is no place for anything else");
        assert_eq!(Tree::parse(b"{\"a\":\"\xff\"}"), Err(Malformed::NotAnObject));
    }

    #[test]
    fn of_a_name_that_stands_twice_the_last_value_counts_at_the_first_place() {
        let scalar = |text: &str| Tree::Scalar(text.to_owned());
        assert_eq!(
            Tree::parse(br#"{"a":1,"b":2,"a":3}"#),
            Ok(Tree::Map(vec![("a".to_owned(), scalar("3")), ("b".to_owned(), scalar("2"))]))
        );
    }
}
