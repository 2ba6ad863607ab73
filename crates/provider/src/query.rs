//! Restores the provider's spelling of a `GET` callback's query, which is what was signed. A proxy may encode the same
//! pairs differently, such as `[` for `%5B` or `%20` for `+`. Knows no signature.

use percent_encoding::percent_decode;

use crate::canonical::{Ruby, escape_into};
use crate::tree::{Malformed, VALUE_LIMIT};

/// The spellings of a query that the provider may have signed, and the one that names the callback.
pub(crate) struct Spellings<'a> {
    /// The query as it came.
    raw: &'a str,
    /// Its pairs as Ruby spells them today, in their order.
    today: String,
}

impl<'a> Spellings<'a> {
    /// Decodes the pairs of `query` and encodes them again.
    ///
    /// # Errors
    /// [`Malformed::TooMany`] when it has more pairs than a callback.
    pub(crate) fn of(query: &'a str) -> Result<Self, Malformed> {
        // Separators without a pair count as well: each costs as much.
        if query.split('&').count() > VALUE_LIMIT {
            return Err(Malformed::TooMany);
        }
        Ok(Self { raw: query, today: respelled(query, Ruby::Today) })
    }

    /// The result of `find` for the first spelling for which it has one. Each spelling is tried once.
    pub(crate) fn find<T>(&self, find: impl Fn(&str) -> Option<T>) -> Option<T> {
        find(self.raw)
            .or_else(|| find_sorted(self.raw, &find))
            .or_else(|| if self.today == self.raw { None } else { find_in_any_order(&self.today, &find) })
            .or_else(|| find_in_any_order(&self.old()?, &find))
    }

    /// The canonical spelling: the same for every spelling and order of the pairs.
    pub(crate) fn into_params(self) -> String {
        if is_sorted(&self.today) { self.today } else { sorted(&self.today) }
    }

    /// The spelling of an older Ruby, if it differs: it is not known which Ruby the provider runs.
    fn old(&self) -> Option<String> {
        let old = self.today.contains('~').then(|| respelled(self.raw, Ruby::Old));
        old.filter(|old| old != self.raw)
    }
}

fn find_in_any_order<T>(spelling: &str, find: impl Fn(&str) -> Option<T>) -> Option<T> {
    find(spelling).or_else(|| find_sorted(spelling, &find))
}

/// A proxy may have put the pairs into another order.
fn find_sorted<T>(spelling: &str, find: impl Fn(&str) -> Option<T>) -> Option<T> {
    if is_sorted(spelling) { None } else { find(&sorted(spelling)) }
}

/// The pairs of a query as Ruby's `CGI.escape` spells them, in their order. An empty piece stays: Rails writes one for
/// an empty object in a list.
fn respelled(query: &str, ruby: Ruby) -> String {
    let mut out = String::with_capacity(query.len());
    for (nth, pair) in query.split('&').enumerate() {
        if nth > 0 {
            out.push('&');
        }
        if pair.is_empty() {
            continue;
        }
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        respell_into(&mut out, name, ruby);
        out.push('=');
        respell_into(&mut out, value, ruby);
    }
    out
}

/// One name or value, byte by byte, so that bytes which are no UTF-8 text are kept.
fn respell_into(out: &mut String, escaped: &str, ruby: Ruby) {
    for (nth, part) in escaped.split('+').enumerate() {
        if nth > 0 {
            // A space.
            out.push('+');
        }
        escape_into(out, percent_decode(part.as_bytes()), ruby);
    }
}

fn is_sorted(query: &str) -> bool {
    query.split('&').is_sorted()
}

fn sorted(query: &str) -> String {
    let mut pairs: Vec<&str> = query.split('&').collect();
    pairs.sort_unstable();
    pairs.join("&")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_pairs_of_a_query_are_spelled_as_ruby_spells_them() {
        for (query, spelled) in [
            ("", ""),
            ("a=1", "a=1"),
            ("a", "a="),
            ("a&&b=2&", "a=&&b=2&"),
            ("a[b]=1%2b1", "a%5Bb%5D=1%2B1"),
            ("a%5bb%5d=x%20y", "a%5Bb%5D=x+y"),
            ("a=%7E*%2A", "a=~%2A%2A"),
            ("a=b=c", "a=b%3Dc"),
            ("a=\u{e9}%ff%zz%4", "a=%C3%A9%FF%25zz%254"),
        ] {
            assert_eq!(respelled(query, Ruby::Today), spelled, "{query}");
        }
        assert_eq!(respelled("~=%7e", Ruby::Old), "%7E=%7E");
    }

    #[test]
    fn no_spelling_is_tried_twice() {
        for (query, tries) in [("a=1", 1), ("b=1&a=1", 2), ("a=%7e", 3), ("b=~&a=[", 6), ("a=~", 2)] {
            let tried = std::cell::RefCell::new(Vec::new());
            let spellings = Spellings::of(query).unwrap();
            assert_eq!(
                spellings.find(|one| {
                    tried.borrow_mut().push(one.to_owned());
                    None::<()>
                }),
                None
            );
            let mut tried = tried.into_inner();
            assert_eq!(tried.len(), tries, "{tried:?}");
            tried.sort();
            tried.dedup();
            assert_eq!(tried.len(), tries, "{tried:?}");
        }
    }
}
