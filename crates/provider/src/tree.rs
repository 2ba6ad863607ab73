//! JSON as Ruby reads it, as far as it affects a signature: the order of the members, and each scalar as its `to_s`.
//! Input comes from unauthenticated clients, so it is parsed in one pass, in time that grows only with its length, and
//! values beyond the limits are refused immediately. Knows nothing of callbacks.

use std::collections::HashMap;

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
    /// It nests deeper than 16 levels; a callback has 5.
    #[error("the body nests too deep")]
    TooDeep,
    /// It has more than 512 values, or a query more than 512 pairs; a callback has about 50.
    #[error("there are too many values")]
    TooMany,
    /// Its canonical form would be far longer than the body, or a number is longer than any program writes.
    #[error("the canonical form of the body is too long")]
    TooLong,
}

/// Levels of nested objects and lists. Genuine callbacks have 5.
const DEPTH_LIMIT: usize = 16;
/// Objects, lists and scalars in all, and pairs of a query. A callback with every detail that a phone shows has fewer
/// than 100.
pub(crate) const VALUE_LIMIT: usize = 512;
/// Characters of one number; no machine number needs more than 24.
const NUMBER_LIMIT: usize = 64;
/// Significant digits of a number with a point or an exponent. Ruby writes 17; with 20 or more, finding the nearest
/// float may take ten microseconds.
const FLOAT_DIGITS: usize = 19;
/// Numbers with a point or an exponent. They are the most expensive to parse and to write, and callbacks have none.
const FLOAT_LIMIT: usize = 64;

impl Tree {
    /// Reads a JSON object.
    pub(crate) fn parse(json: &[u8]) -> Result<Self, Malformed> {
        let text = str::from_utf8(json).map_err(|_| Malformed::NotAnObject)?;
        let mut reader = Reader { text, at: 0, values: 0, floats: 0 };
        let tree = reader.value(DEPTH_LIMIT)?;
        reader.skip_blanks();
        match tree {
            Self::Map(_) if reader.at == text.len() => Ok(tree),
            _ => Err(Malformed::NotAnObject),
        }
    }
}

/// A JSON text (RFC 8259), and the position in it.
struct Reader<'a> {
    text: &'a str,
    at: usize,
    values: usize,
    floats: usize,
}

impl Reader<'_> {
    fn value(&mut self, levels: usize) -> Result<Tree, Malformed> {
        self.values += 1;
        if self.values > VALUE_LIMIT {
            return Err(Malformed::TooMany);
        }
        self.skip_blanks();
        let inner = || levels.checked_sub(1).ok_or(Malformed::TooDeep);
        match self.peek() {
            Some(b'{') => self.map(inner()?),
            Some(b'[') => self.list(inner()?),
            Some(b'"') => self.string().map(Tree::Scalar),
            Some(b't') => self.word("true", "true"),
            Some(b'f') => self.word("false", "false"),
            Some(b'n') => self.word("null", ""),
            _ => self.number().map(Tree::Scalar),
        }
    }

    /// The members of an object, in order. Of a repeated name the last value counts, at the position of the first.
    fn map(&mut self, levels: usize) -> Result<Tree, Malformed> {
        let mut members: Vec<(String, Tree)> = Vec::new();
        let mut places: HashMap<String, usize> = HashMap::new();
        self.at += 1;
        if self.closes(b'}') {
            return Ok(Tree::Map(members));
        }
        loop {
            self.skip_blanks();
            let name = self.string()?;
            self.skip_blanks();
            self.expect(b':')?;
            let value = self.value(levels)?;
            if let Some(&place) = places.get(&name) {
                members[place].1 = value;
            } else {
                places.insert(name.clone(), members.len());
                members.push((name, value));
            }
            if self.closes(b'}') {
                return Ok(Tree::Map(members));
            }
            self.expect(b',')?;
        }
    }

    fn list(&mut self, levels: usize) -> Result<Tree, Malformed> {
        let mut items = Vec::new();
        self.at += 1;
        if self.closes(b']') {
            return Ok(Tree::List(items));
        }
        loop {
            items.push(self.value(levels)?);
            if self.closes(b']') {
                return Ok(Tree::List(items));
            }
            self.expect(b',')?;
        }
    }

    fn string(&mut self) -> Result<String, Malformed> {
        let start = self.at;
        self.expect(b'"')?;
        let mut escaped = false;
        loop {
            match self.peek().ok_or(Malformed::NotAnObject)? {
                b'"' => break,
                b'\\' => {
                    escaped = true;
                    self.at += 2;
                }
                control if control < b' ' => return Err(Malformed::NotAnObject),
                _ => self.at += 1,
            }
        }
        self.at += 1;
        if escaped {
            // The character after a wrong backslash may be longer than the one byte that was skipped.
            let quoted = self.text.get(start..self.at).ok_or(Malformed::NotAnObject)?;
            serde_json::from_str(quoted).map_err(|_| Malformed::NotAnObject)
        } else {
            Ok(self.text[start + 1..self.at - 1].to_owned())
        }
    }

    fn word(&mut self, word: &str, text: &str) -> Result<Tree, Malformed> {
        let follows = self.text.as_bytes()[self.at..].starts_with(word.as_bytes());
        self.at += word.len();
        follows.then(|| Tree::Scalar(text.to_owned())).ok_or(Malformed::NotAnObject)
    }

    /// Keeps the digits of integers that are too large for machine numbers.
    fn number(&mut self) -> Result<String, Malformed> {
        let start = self.at;
        self.takes(b"-");
        if !self.takes(b"0") {
            self.digits()?;
        }
        let mut is_float = false;
        if self.takes(b".") {
            is_float = true;
            self.digits()?;
        }
        if self.takes(b"eE") {
            is_float = true;
            self.takes(b"+-");
            self.digits()?;
        }
        let text = &self.text[start..self.at];
        if text.len() > NUMBER_LIMIT {
            return Err(Malformed::TooLong);
        }
        if !is_float {
            return Ok(if text == "-0" { "0" } else { text }.to_owned());
        }
        self.floats += 1;
        if self.floats > FLOAT_LIMIT {
            return Err(Malformed::TooMany);
        }
        let mantissa = text.split(['e', 'E']).next().unwrap_or_default();
        if mantissa.bytes().filter(u8::is_ascii_digit).skip_while(|digit| *digit == b'0').count() > FLOAT_DIGITS {
            return Err(Malformed::TooLong);
        }
        // Not serde_json, which is fast but may miss the nearest float by one bit.
        text.parse().map(ruby_float::to_s).map_err(|_| Malformed::NotAnObject)
    }

    fn digits(&mut self) -> Result<(), Malformed> {
        let before = self.at;
        while self.takes(b"0123456789") {}
        if self.at > before { Ok(()) } else { Err(Malformed::NotAnObject) }
    }

    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    /// Takes the next byte if it is one of these.
    fn takes(&mut self, bytes: &[u8]) -> bool {
        let takes = self.peek().is_some_and(|byte| bytes.contains(&byte));
        self.at += usize::from(takes);
        takes
    }

    fn expect(&mut self, byte: u8) -> Result<(), Malformed> {
        if self.takes(&[byte]) { Ok(()) } else { Err(Malformed::NotAnObject) }
    }

    /// Whether an object or a list ends here.
    fn closes(&mut self, byte: u8) -> bool {
        self.skip_blanks();
        self.takes(&[byte])
    }

    fn skip_blanks(&mut self) {
        while self.takes(b" \t\n\r") {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn nested(levels: usize) -> String {
        format!("{}1{}", "{\"a\":".repeat(levels), "}".repeat(levels))
    }

    #[test]
    fn sixteen_levels_are_read_and_more_are_refused() {
        assert!(Tree::parse(nested(16).as_bytes()).is_ok());
        assert_eq!(Tree::parse(nested(17).as_bytes()), Err(Malformed::TooDeep));
        let lists = format!("{{\"a\":{}{}}}", "[".repeat(30_000), "]".repeat(30_000));
        assert_eq!(Tree::parse(lists.as_bytes()), Err(Malformed::TooDeep));
    }

    #[test]
    fn five_hundred_values_are_read_and_many_more_are_refused() {
        let list = |items: usize| format!("{{\"a\":[{}]}}", vec!["1"; items].join(","));
        assert!(Tree::parse(list(510).as_bytes()).is_ok(), "with the object and the list they are 512");
        assert_eq!(Tree::parse(list(511).as_bytes()), Err(Malformed::TooMany));
        let same_name = format!("{{{}}}", vec!["\"a\":1"; 600].join(","));
        assert_eq!(Tree::parse(same_name.as_bytes()), Err(Malformed::TooMany), "also those that do not count");
    }

    #[test]
    fn numbers_are_read_up_to_the_limit_of_digits_and_refused_beyond() {
        let nines = "9".repeat(64);
        let fraction = format!("-0.000{}e-300", "1".repeat(19));
        for (number, longer) in [(&nines, nines.clone() + "9"), (&fraction, fraction.replace('e', "1e"))] {
            assert!(Tree::parse(format!("{{\"a\":{number}}}").as_bytes()).is_ok());
            assert_eq!(Tree::parse(format!("{{\"a\":{longer}}}").as_bytes()), Err(Malformed::TooLong));
        }
        let floats = |count: usize| format!("{{\"a\":[{}]}}", vec!["0.1"; count].join(","));
        assert!(Tree::parse(floats(64).as_bytes()).is_ok());
        assert_eq!(Tree::parse(floats(65).as_bytes()), Err(Malformed::TooMany));
    }

    #[test]
    fn what_is_no_json_object_is_refused() {
        for body in [
            "",
            "[]",
            "1",
            "\"a\"",
            "null",
            "{",
            "{}x",
            "{\"a\":NaN}",
            "{\"a\":01}",
            "{\"a\":\"\\ud800\"}",
            "a=1",
            "{\"a\"}",
            "{\"a\":}",
            "{\"a\":1,}",
            "{,}",
            "{\"a\":1 \"b\":2}",
            "{a:1}",
            "{\"a\":[1,]}",
            "{\"a\":[1 2]}",
            "{\"a\":1.}",
            "{\"a\":.1}",
            "{\"a\":-}",
            "{\"a\":1e}",
            "{\"a\":+1}",
            "{\"a\":tru}",
            "{\"a\":nul",
            "{\"a\":\"",
            "{\"a\":\"\\",
            "{\"a\":\"\\\"}",
            "{\"a\":\"\\é\"}",
            "{\"a\":\"\n\"}",
            "\u{feff}{}",
            "{\"a\":1}\u{a0}",
            "{\"a\":\"\\x\"}",
        ] {
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
