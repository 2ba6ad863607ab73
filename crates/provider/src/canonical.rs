//! The canonical parameter string of a JSON body: what Rails' `Hash#to_query` makes of it, byte for byte, for the
//! provider signs that. Held by the vectors under `tests/vectors`.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use crate::tree::{Malformed, Tree};

/// What `CGI.escape` of Ruby 2.5 and later encodes; the space becomes a plus.
const CGI: AsciiSet = NON_ALPHANUMERIC.remove(b'_').remove(b'.').remove(b'-').remove(b'~').remove(b' ');
/// What older Rubies encode: the tilde too.
const OLD_CGI: AsciiSet = CGI.add(b'~');

/// A body of 64 KiB needs a fifth of this; one that is made to blow up is stopped here, before any signature is known.
const LENGTH_LIMIT: usize = 1 << 20;

/// The canonical parameter string of a JSON object. A `POST` signs it; a `GET` sends it as its query and signs that.
///
/// # Errors
/// [`Malformed`] when `json` is no object, or one that nobody would send.
pub fn canonical(json: &[u8]) -> Result<String, Malformed> {
    to_query(&Tree::parse(json)?)
}

/// `Hash#to_query` as Rails does it today.
pub(crate) fn to_query(tree: &Tree) -> Result<String, Malformed> {
    Encoder { reserved: &CGI, left: LENGTH_LIMIT }.top(tree)
}

/// `Hash#to_query` on Ruby before 2.5.
pub(crate) fn to_old_query(tree: &Tree) -> Result<String, Malformed> {
    Encoder { reserved: &OLD_CGI, left: LENGTH_LIMIT }.top(tree)
}

struct Encoder {
    reserved: &'static AsciiSet,
    left: usize,
}

impl Encoder {
    fn top(&mut self, tree: &Tree) -> Result<String, Malformed> {
        match tree {
            Tree::Map(members) => self.map(None, members),
            Tree::List(_) | Tree::Scalar(_) => Err(Malformed::NotAnObject),
        }
    }

    /// One value under its name: its pairs, joined.
    fn chunk(&mut self, name: &str, tree: &Tree) -> Result<String, Malformed> {
        match tree {
            Tree::Scalar(text) => self.pair(name, text),
            Tree::List(items) => self.list(name, items),
            Tree::Map(members) => self.map(Some(name), members),
        }
    }

    fn list(&mut self, name: &str, items: &[Tree]) -> Result<String, Malformed> {
        let name = self.spend(format!("{name}[]"))?;
        if items.is_empty() {
            return self.pair(&name, "");
        }
        let chunks = items.iter().map(|item| self.chunk(&name, item)).collect::<Result<Vec<_>, _>>()?;
        Ok(chunks.join("&"))
    }

    /// Empty members are dropped, chunks are sorted as wholes. Rails leaves the order alone wherever the name has
    /// `[]` in it: inside a list, and by accident below an empty name.
    fn map(&mut self, name: Option<&str>, members: &[(String, Tree)]) -> Result<String, Malformed> {
        let mut chunks = Vec::with_capacity(members.len());
        for (key, value) in members.iter().filter(|(_, value)| !value.is_empty()) {
            chunks.push(match name {
                None => self.chunk(key, value)?,
                Some(name) => {
                    let name = self.spend(format!("{name}[{key}]"))?;
                    self.chunk(&name, value)?
                }
            });
        }
        if !name.is_some_and(|name| name.contains("[]")) {
            chunks.sort_unstable();
        }
        Ok(chunks.join("&"))
    }

    fn pair(&mut self, name: &str, value: &str) -> Result<String, Malformed> {
        let pair = format!("{}={}", self.escape(name), self.escape(value));
        self.spend(pair)
    }

    fn escape(&self, text: &str) -> String {
        utf8_percent_encode(text, self.reserved).to_string().replace(' ', "+")
    }

    fn spend(&mut self, text: String) -> Result<String, Malformed> {
        self.left = self.left.checked_sub(text.len()).ok_or(Malformed::TooLong)?;
        Ok(text)
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
        let members: Vec<String> = (0..4_000).map(|n| format!("\"{n}\":1")).collect();
        let body = format!("{{\"{}\":{{{}}}}}", "*".repeat(20_000), members.join(","));
        assert_eq!(canonical(body.as_bytes()), Err(Malformed::TooLong));
    }

    #[test]
    fn an_old_ruby_encodes_the_tilde() {
        let tree = Tree::parse(br#"{"~":"~","z":"*"}"#).unwrap();
        assert_eq!(to_query(&tree).unwrap(), "z=%2A&~=~");
        assert_eq!(to_old_query(&tree).unwrap(), "%7E=%7E&z=%2A");
    }
}
