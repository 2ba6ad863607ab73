//! The canonical parameter string of a JSON body: what Rails' `Hash#to_query` makes of it, byte for byte, for the
//! provider signs that. Held by the vectors under `tests/vectors`.

use std::cmp::Ordering;
use std::ops::Range;

use crate::tree::{Malformed, Tree};

/// The Ruby version whose escaping is used.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ruby {
    /// 2.5 and later.
    Today,
    /// Older ones, which escape the tilde too.
    Old,
}

/// The limit of the canonical form: this many bytes for each byte of the body, and [`BASE_LENGTH`] more. Genuine
/// callbacks have 1.6. One byte becomes at most 3, and a name is repeated for each value below it.
const LENGTH_PER_BYTE: usize = 6;
/// See [`LENGTH_PER_BYTE`].
const BASE_LENGTH: usize = 8 * 1024;

/// The canonical parameter string of a JSON object. A `POST` signs it; a `GET` sends it as its query and signs that.
///
/// # Errors
/// [`Malformed`] when `json` is no object, or one that nobody would send.
pub fn canonical(json: &[u8]) -> Result<String, Malformed> {
    to_query(&Tree::parse(json)?, json.len())
}

/// `Hash#to_query` as Rails does it today, of a body of `length` bytes.
pub(crate) fn to_query(tree: &Tree, length: usize) -> Result<String, Malformed> {
    Encoder::new(Ruby::Today, length).top(tree)
}

/// `Hash#to_query` on Ruby before 2.5.
pub(crate) fn to_old_query(tree: &Tree, length: usize) -> Result<String, Malformed> {
    Encoder::new(Ruby::Old, length).top(tree)
}

/// Writes into one text, and keeps the escaped name of the current value, so that each name and value of the body is
/// escaped once.
struct Encoder {
    ruby: Ruby,
    out: String,
    name: Name,
    limit: usize,
}

/// The escaped name of a value, such as `a%5Bb%5D`.
#[derive(Default)]
struct Name {
    escaped: String,
    /// True if the name contains `[]` before it is escaped.
    has_brackets: bool,
}

impl Encoder {
    fn new(ruby: Ruby, length: usize) -> Self {
        let limit = BASE_LENGTH + LENGTH_PER_BYTE * length;
        Self { ruby, out: String::new(), name: Name::default(), limit }
    }

    fn top(mut self, tree: &Tree) -> Result<String, Malformed> {
        let Tree::Map(members) = tree else { return Err(Malformed::NotAnObject) };
        self.map(members, true)?;
        Ok(self.out)
    }

    /// One value under its name: its pairs, joined.
    fn chunk(&mut self, tree: &Tree) -> Result<(), Malformed> {
        match tree {
            Tree::Scalar(text) => self.pair(text),
            Tree::List(items) => self.list(items),
            Tree::Map(members) => self.map(members, false),
        }
    }

    fn list(&mut self, items: &[Tree]) -> Result<(), Malformed> {
        let outer = self.name.enter("%5B%5D", true);
        if items.is_empty() {
            self.pair("")?;
        }
        for (index, item) in items.iter().enumerate() {
            self.separate(index);
            self.chunk(item)?;
        }
        self.name.leave(outer);
        Ok(())
    }

    /// Empty members are dropped, chunks are sorted as wholes. Rails leaves the order alone wherever the name has
    /// `[]` in it: inside a list, and by accident below an empty name.
    fn map(&mut self, members: &[(String, Tree)], is_top: bool) -> Result<(), Malformed> {
        let start = self.out.len();
        let mut chunks = Vec::with_capacity(members.len());
        for (index, (key, value)) in members.iter().filter(|(_, value)| !value.is_empty()).enumerate() {
            self.separate(index);
            let begin = self.out.len();
            let mut segment = String::new();
            escape_into(&mut segment, key.bytes(), self.ruby);
            let outer = if is_top {
                self.name.enter(&segment, key.contains("[]"))
            } else {
                // The key inside `[key]`.
                let brackets = key.is_empty() || key.starts_with(']') || key.ends_with('[') || key.contains("[]");
                self.name.enter(&format!("%5B{segment}%5D"), brackets)
            };
            self.chunk(value)?;
            self.name.leave(outer);
            chunks.push(begin..self.out.len());
        }
        if is_top || !self.name.has_brackets {
            self.sort(start, chunks);
        }
        Ok(())
    }

    fn pair(&mut self, value: &str) -> Result<(), Malformed> {
        self.out.push_str(&self.name.escaped);
        self.out.push('=');
        escape_into(&mut self.out, value.bytes(), self.ruby);
        if self.out.len() > self.limit { Err(Malformed::TooLong) } else { Ok(()) }
    }

    fn separate(&mut self, index: usize) {
        if index > 0 {
            self.out.push('&');
        }
    }

    /// Sorts the chunks of one object, which begin at `start`. Nearly all begin with the object's name, so it is not
    /// compared again and again. A chunk begins otherwise if its first piece is empty: that of an object in it which has
    /// nothing but empty members.
    fn sort(&mut self, start: usize, mut chunks: Vec<Range<usize>>) {
        let (out, name) = (&self.out, self.name.escaped.as_str());
        let order = |chunk: &Range<usize>| {
            let chunk = &out[chunk.clone()];
            match chunk.strip_prefix(name) {
                Some(rest) => (Ordering::Equal, rest),
                None => (chunk.cmp(name), chunk),
            }
        };
        if chunks.is_sorted_by_key(order) {
            return;
        }
        chunks.sort_unstable_by_key(order);
        let sorted = chunks.into_iter().map(|chunk| &out[chunk]).collect::<Vec<_>>().join("&");
        self.out.replace_range(start.., &sorted);
    }
}

impl Name {
    /// Appends a segment; returns the state for [`Name::leave`].
    fn enter(&mut self, segment: &str, brackets: bool) -> (usize, bool) {
        let outer = (self.escaped.len(), self.has_brackets);
        self.escaped.push_str(segment);
        self.has_brackets |= brackets;
        outer
    }

    fn leave(&mut self, (length, has_brackets): (usize, bool)) {
        self.escaped.truncate(length);
        self.has_brackets = has_brackets;
    }
}

/// `CGI.escape`.
pub(crate) fn escape_into(out: &mut String, bytes: impl Iterator<Item = u8>, ruby: Ruby) {
    const HEX: [char; 16] = ['0', '1', '2', '3', '4', '5', '6', '7', '8', '9', 'A', 'B', 'C', 'D', 'E', 'F'];
    out.reserve(3 * bytes.size_hint().0);
    for byte in bytes {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'_' | b'.' | b'-' => out.push(char::from(byte)),
            b'~' if ruby == Ruby::Today => out.push('~'),
            b' ' => out.push('+'),
            _ => {
                out.push('%');
                out.push(HEX[usize::from(byte >> 4)]);
                out.push(HEX[usize::from(byte & 15)]);
            }
        }
    }
}

impl Tree {
    fn is_empty(&self) -> bool {
        match self {
            Self::Scalar(_) => false,
            Self::List(items) => items.is_empty(),
            Self::Map(members) => members.is_empty(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_body_made_to_blow_up_is_stopped() {
        let members: Vec<String> = (0..400).map(|n| format!("\"{n}\":1")).collect();
        let body = format!("{{\"{}\":{{{}}}}}", "*".repeat(20_000), members.join(","));
        assert_eq!(canonical(body.as_bytes()), Err(Malformed::TooLong));
    }

    #[test]
    fn brackets_in_a_name_keep_the_order_below_it() {
        for (json, params) in [
            (r#"{"a[]":{"z":1,"b":2}}"#, "a%5B%5D%5Bz%5D=1&a%5B%5D%5Bb%5D=2"),
            (r#"{"":{"z":1,"b":2}}"#, "%5Bb%5D=2&%5Bz%5D=1"),
            (r#"{"x":{"":{"z":1,"b":2}}}"#, "x%5B%5D%5Bz%5D=1&x%5B%5D%5Bb%5D=2"),
            (r#"{"x":{"]":{"z":1,"b":2}}}"#, "x%5B%5D%5D%5Bz%5D=1&x%5B%5D%5D%5Bb%5D=2"),
            (r#"{"x":{"[":{"z":1,"b":2}}}"#, "x%5B%5B%5D%5Bz%5D=1&x%5B%5B%5D%5Bb%5D=2"),
            (
                r#"{"x":{"][":{"z":1,"b":2},"a":{"z":1,"b":2}}}"#,
                "x%5B%5D%5B%5D%5Bz%5D=1&x%5B%5D%5B%5D%5Bb%5D=2&x%5Ba%5D%5Bb%5D=2&x%5Ba%5D%5Bz%5D=1",
            ),
        ] {
            assert_eq!(canonical(json.as_bytes()).unwrap(), params, "{json}");
        }
    }

    #[test]
    fn an_object_of_empty_members_is_an_empty_piece_that_sorts_as_one() {
        for (json, params) in [
            (r#"{"a":{"z":1,"b":{"c":[]}},"b":2}"#, "&a%5Bz%5D=1&b=2"),
            (r#"{"x":{"a":1,"t":{"z":1,"b":{"c":[]}}}}"#, "&x%5Bt%5D%5Bz%5D=1&x%5Ba%5D=1"),
            (r#"{"x":{"a":1,"t":{"z":1,"b":{"c":[],"d":{"e":{}}},"s":{"e":{}}}}}"#, "&&x%5Bt%5D%5Bz%5D=1&x%5Ba%5D=1"),
            (r#"{"é":{"a":1,"t":{"z":1,"b":{"c":[]}}}}"#, "%C3%A9%5Ba%5D=1&&%C3%A9%5Bt%5D%5Bz%5D=1"),
        ] {
            assert_eq!(canonical(json.as_bytes()).unwrap(), params, "{json}");
        }
    }

    #[test]
    fn an_old_ruby_encodes_the_tilde() {
        let tree = Tree::parse(br#"{"~":"~","z":"*"}"#).unwrap();
        assert_eq!(to_query(&tree, 0).unwrap(), "z=%2A&~=~");
        assert_eq!(to_old_query(&tree, 0).unwrap(), "%7E=%7E&z=%2A");
    }
}
