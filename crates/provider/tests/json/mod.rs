//! JSON for the property tests: any object, spelled in many ways, and a second implementation of `Hash#to_query`
//! that shares nothing with the crate's own.

use proptest::prelude::*;

#[derive(Debug, Clone)]
pub(crate) enum Json {
    Null,
    Bool(bool),
    Number(i128),
    Text(String),
    List(Vec<Self>),
    Map(Vec<(String, Self)>),
}

pub(crate) fn any_object() -> impl Strategy<Value = Json> {
    prop::collection::vec((any_name(), any_json()), 0..6).prop_map(|members| Json::Map(distinct(members)))
}

fn any_json() -> impl Strategy<Value = Json> {
    let scalar = prop_oneof![
        Just(Json::Null),
        any::<bool>().prop_map(Json::Bool),
        any::<i64>().prop_map(|number| Json::Number(i128::from(number) * 1_000_003)),
        any_text().prop_map(Json::Text),
    ];
    scalar.prop_recursive(4, 24, 5, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Json::List),
            prop::collection::vec((any_name(), inner), 0..5).prop_map(|members| Json::Map(distinct(members))),
        ]
    })
}

fn any_name() -> impl Strategy<Value = String> {
    prop_oneof!["[aA]{0,2}[ 0-9~*.-]{0,2}", "[\\[\\]ab&=%+]{0,4}", ".{0,3}"]
}

fn any_text() -> impl Strategy<Value = String> {
    prop_oneof![".{0,8}", "[~*+ %&=\\[\\]|\"\\\\/\n\t]{0,6}"]
}

fn distinct(members: Vec<(String, Json)>) -> Vec<(String, Json)> {
    let mut names = std::collections::BTreeSet::new();
    members.into_iter().filter(|(name, _)| names.insert(name.clone())).collect()
}

impl Json {
    pub(crate) fn compact(&self) -> String {
        let mut out = String::new();
        self.write(&mut Spelling { dice: None }, false, &mut out);
        out
    }

    /// The same object with other white space, other escapes and, where Ruby sorts, another order of members.
    pub(crate) fn respelled(&self, seed: u64) -> String {
        let mut out = String::new();
        self.write(&mut Spelling { dice: Some(seed | 1) }, false, &mut out);
        out
    }

    fn write(&self, spelling: &mut Spelling, ordered: bool, out: &mut String) {
        spelling.space(out);
        match self {
            Self::Null => out.push_str("null"),
            Self::Bool(value) => out.push_str(if *value { "true" } else { "false" }),
            Self::Number(value) => out.push_str(&value.to_string()),
            Self::Text(text) => spelling.text(text, out),
            Self::List(items) => {
                out.push('[');
                for (index, item) in items.iter().enumerate() {
                    out.push_str(if index == 0 { "" } else { "," });
                    item.write(spelling, true, out);
                }
                out.push(']');
            }
            Self::Map(members) => {
                let mut members: Vec<_> = members.iter().collect();
                if !ordered && !members.is_empty() {
                    let turn = spelling.below(members.len());
                    members.rotate_left(turn);
                }
                out.push('{');
                for (index, (name, value)) in members.into_iter().enumerate() {
                    out.push_str(if index == 0 { "" } else { "," });
                    spelling.space(out);
                    spelling.text(name, out);
                    spelling.space(out);
                    out.push(':');
                    // Below a name with brackets Rails may leave the order alone; so do we.
                    value.write(spelling, ordered || name.contains(['[', ']']) || name.is_empty(), out);
                }
                spelling.space(out);
                out.push('}');
            }
        }
        spelling.space(out);
    }

    /// `Hash#to_query`: flattens first, escapes last.
    pub(crate) fn to_query(&self) -> String {
        self.lines(None).iter().map(Line::encode).collect::<Vec<_>>().join("&")
    }

    fn lines(&self, name: Option<&str>) -> Vec<Line> {
        let line = |value: &str| vec![Line::Pair(name.unwrap_or_default().to_owned(), value.to_owned())];
        match self {
            Self::Null => line(""),
            Self::Bool(value) => line(if *value { "true" } else { "false" }),
            Self::Number(value) => line(&value.to_string()),
            Self::Text(text) => line(text),
            Self::List(items) => {
                let name = format!("{}[]", name.unwrap_or_default());
                if items.is_empty() {
                    Self::Null.lines(Some(&name))
                } else {
                    groups(items.iter().map(|item| item.lines(Some(&name))))
                }
            }
            Self::Map(members) => {
                let mut all: Vec<Vec<Line>> = members
                    .iter()
                    .filter(|(_, value)| !matches!(value, Self::List(items) if items.is_empty()))
                    .filter(|(_, value)| !matches!(value, Self::Map(members) if members.is_empty()))
                    .map(|(key, value)| value.lines(Some(&name.map_or(key.clone(), |name| format!("{name}[{key}]")))))
                    .collect();
                if !name.unwrap_or_default().contains("[]") {
                    all.sort_by_key(|lines| lines.iter().map(Line::encode).collect::<Vec<_>>().join("&").into_bytes());
                }
                groups(all.into_iter())
            }
        }
    }
}

/// One piece between two `&`.
enum Line {
    Pair(String, String),
    /// What is left of a map whose members were all dropped.
    Nothing,
}

impl Line {
    fn encode(&self) -> String {
        match self {
            Self::Pair(name, value) => format!("{}={}", escape(name), escape(value)),
            Self::Nothing => String::new(),
        }
    }
}

fn groups(groups: impl Iterator<Item = Vec<Line>>) -> Vec<Line> {
    groups.flat_map(|lines| if lines.is_empty() { vec![Line::Nothing] } else { lines }).collect()
}

fn escape(text: &str) -> String {
    text.bytes().fold(String::new(), |out, byte| match byte {
        b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'_' | b'.' | b'-' | b'~' => {
            out + char::from(byte).encode_utf8(&mut [0; 4])
        }
        b' ' => out + "+",
        _ => out + &format!("%{byte:02X}"),
    })
}

/// How to spell what JSON leaves open; without dice, the shortest way.
struct Spelling {
    dice: Option<u64>,
}

impl Spelling {
    fn below(&mut self, bound: usize) -> usize {
        let Some(state) = &mut self.dice else { return 0 };
        *state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(*state >> 33).unwrap() % bound
    }

    fn space(&mut self, out: &mut String) {
        out.push_str(["", "", " ", "\n", "\t\r"][self.below(5)]);
    }

    fn text(&mut self, text: &str, out: &mut String) {
        out.push('"');
        for one in text.chars() {
            if self.below(3) == 2 || one.is_control() || matches!(one, '"' | '\\') {
                out.extend(one.encode_utf16(&mut [0; 2]).iter().map(|unit| format!("\\u{unit:04x}")));
            } else {
                out.push(one);
            }
        }
        out.push('"');
    }
}
