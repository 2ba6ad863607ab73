//! The parameters of one call to the provider, whichever way they were sent: JSON, a form with brackets in its names,
//! or the query string. Knows no names of parameters.

use indexmap::IndexMap;
use serde::{Deserialize, Serialize};

/// One value: what JSON can say, with the order of maps kept, because the phone shows details in that order.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub(crate) enum Param {
    Null,
    Flag(bool),
    Number(serde_json::Number),
    Text(String),
    List(Vec<Self>),
    Map(Fields),
}

/// Named values.
pub(crate) type Fields = IndexMap<String, Param>;

/// Why a request has no parameters that could be read.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Unreadable {
    NotUtf8,
    NotJson,
}

/// Brackets deeper than this are no parameters of the provider's.
const DEPTH: usize = 8;

/// Reads query and body into one tree; the body wins. Content types are ignored, as clients send wrong ones.
pub(crate) fn read(query: &str, body: &[u8]) -> Result<Fields, Unreadable> {
    let body = std::str::from_utf8(body).map_err(|_| Unreadable::NotUtf8)?.trim();
    let mut fields = Fields::new();
    read_form(query, &mut fields);
    if body.starts_with(['{', '[', '"']) {
        fields.extend(serde_json::from_str::<Fields>(body).map_err(|_| Unreadable::NotJson)?);
    } else {
        read_form(body, &mut fields);
    }
    Ok(fields)
}

impl Param {
    /// A text or a number, as text; nothing for the rest and for an empty text.
    pub(crate) fn text(&self) -> Option<String> {
        match self {
            Self::Text(text) if !text.is_empty() => Some(text.clone()),
            Self::Number(number) => Some(number.to_string()),
            Self::Flag(flag) => Some(flag.to_string()),
            _ => None,
        }
    }

    /// A value inside a map.
    pub(crate) fn get(&self, name: &str) -> Option<&Self> {
        if let Self::Map(fields) = self { fields.get(name) } else { None }
    }

    /// The elements of a list, also where a client numbered them: `logos[0][res]`.
    pub(crate) fn elements(&self) -> Vec<&Self> {
        match self {
            Self::List(list) => list.iter().collect(),
            Self::Map(fields) => fields.values().collect(),
            _ => Vec::new(),
        }
    }

    /// Null, an empty text, an empty list or an empty map.
    pub(crate) fn is_empty(&self) -> bool {
        match self {
            Self::Null => true,
            Self::Text(text) => text.is_empty(),
            Self::List(list) => list.is_empty(),
            Self::Map(fields) => fields.is_empty(),
            Self::Flag(_) | Self::Number(_) => false,
        }
    }
}

fn read_form(text: &str, fields: &mut Fields) {
    for (name, value) in form_urlencoded::parse(text.as_bytes()) {
        let (first, brackets) = name.split_once('[').unwrap_or((&name, ""));
        let keys: Vec<&str> = brackets.split('[').map(|key| key.trim_end_matches(']')).collect();
        let keys = if brackets.is_empty() { &[] } else { keys.as_slice() };
        if keys.len() <= DEPTH {
            put(fields.entry(first.to_owned()).or_insert(Param::Null), keys, value.into_owned());
        }
    }
}

fn put(place: &mut Param, keys: &[&str], value: String) {
    match keys {
        [] => *place = Param::Text(value),
        ["", rest @ ..] => push(place, rest, value),
        [key, rest @ ..] => {
            if !matches!(place, Param::Map(_)) {
                *place = Param::Map(Fields::new());
            }
            if let Param::Map(fields) = place {
                put(fields.entry((*key).to_owned()).or_insert(Param::Null), rest, value);
            }
        }
    }
}

/// `list[][a]=1&list[][b]=2` is one element with two names, as Rack has it: a pair opens a new element when its name
/// stands in the last one already.
fn push(place: &mut Param, keys: &[&str], value: String) {
    if !matches!(place, Param::List(_)) {
        *place = Param::List(Vec::new());
    }
    let Param::List(list) = place else { return };
    let fits = |last: &&mut Param| keys.first().is_some_and(|key| last.get(key).is_none());
    if let Some(last) = list.last_mut().filter(fits) {
        put(last, keys, value);
    } else {
        let mut element = Param::Null;
        put(&mut element, keys, value);
        list.push(element);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const WANTED: &str = concat!(
        r#"{"message":"Send?","details":{"To":"Jarod","Amount":"1,000,000"},"#,
        r#""logos":[{"res":"default","url":"http://x/1"},{"res":"low","url":"http://x/2"}]}"#
    );

    fn wanted() -> Fields {
        serde_json::from_str(WANTED).unwrap()
    }

    #[test]
    fn json_form_and_query_say_the_same() {
        let form = concat!(
            "message=Send%3F&details[To]=Jarod&details%5BAmount%5D=1%2C000%2C000",
            "&logos[][res]=default&logos[][url]=http://x/1&logos[][res]=low&logos[][url]=http://x/2"
        );
        assert_eq!(read("", WANTED.as_bytes()), Ok(wanted()));
        assert_eq!(read("", form.as_bytes()), Ok(wanted()));
        assert_eq!(read(form, b""), Ok(wanted()));
        assert_eq!(read(form, b"{}"), Ok(wanted()));
    }

    #[test]
    fn numbered_elements_are_elements() {
        let fields = read("", b"logos[0][res]=default&logos[0][url]=u&logos[1][res]=low&logos[1][url]=v").unwrap();
        let res: Vec<_> = fields["logos"].elements().into_iter().filter_map(|logo| logo.get("res")?.text()).collect();
        assert_eq!(res, ["default", "low"]);
    }

    #[test]
    fn the_order_of_details_is_kept() {
        assert_eq!(serde_json::to_string(&read("", WANTED.as_bytes()).unwrap()).unwrap(), WANTED);
    }

    #[test]
    fn what_is_neither_json_nor_text_is_refused() {
        assert_eq!(read("", b"{\"a\":"), Err(Unreadable::NotJson));
        assert_eq!(read("", b"\xff"), Err(Unreadable::NotUtf8));
    }

    #[test]
    fn brackets_without_end_are_ignored() {
        assert!(read("", "a[".repeat(5000).as_bytes()).unwrap().is_empty());
    }
}
