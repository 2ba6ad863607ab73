//! Reads one cookie out of a request's `Cookie` headers, byte by byte. Anybody may set other cookies of the same host,
//! so their contents must not affect ours. Knows no session.

use axum::http::{HeaderMap, header};
use memchr::{memchr, memmem};

/// The most cookies of our name that are compared. No browser sends as many.
const SAME_NAME_LIMIT: usize = 16;

/// The value of the one cookie called `name`, exactly as it was set: not decoded, not unquoted, not cut. `None` if it
/// is missing, or if several have different values: nothing tells which one is ours.
pub(crate) fn cookie<'a>(headers: &'a HeaderMap, name: &'a str) -> Option<&'a str> {
    let lines = headers.get_all(header::COOKIE).iter();
    let mut values = lines.flat_map(|line| values(line.as_bytes(), name));
    let value = values.next()?;
    let is_only = values.by_ref().take(SAME_NAME_LIMIT).all(|other| other == value) && values.next().is_none();
    str::from_utf8(value).ok().filter(|value| is_only && value.is_ascii())
}

/// True if there is a cookie called `name`, with any value.
pub(crate) fn has_cookie(headers: &HeaderMap, name: &str) -> bool {
    headers.get_all(header::COOKIE).iter().any(|line| values(line.as_bytes(), name).next().is_some())
}

/// The values of the pairs called `name` in one header. Searches for the name and reads no other pair: a header may have
/// 80 KiB of them.
fn values<'a>(line: &'a [u8], name: &'a str) -> impl Iterator<Item = &'a [u8]> {
    memmem::find_iter(line, name).filter_map(move |begin| {
        // Only spaces and tabs are trimmed around a pair (RFC 6265, 5.4), never Unicode white space: a browser keeps it
        // as part of the name, so any page could set such a cookie.
        let begins_pair = matches!(without_blanks(&line[..begin]), [] | [.., b';']);
        let value = line[begin + name.len()..].strip_prefix(b"=").filter(|_| begins_pair)?;
        Some(without_blanks(memchr(b';', value).map_or(value, |end| &value[..end])))
    })
}

/// The bytes without the spaces and tabs at their end.
fn without_blanks(mut bytes: &[u8]) -> &[u8] {
    while let [rest @ .., b' ' | b'\t'] = bytes {
        bytes = rest;
    }
    bytes
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;
    use proptest::prelude::*;

    use super::*;

    fn read(lines: &[&[u8]]) -> Option<String> {
        let mut headers = HeaderMap::new();
        for line in lines {
            headers.append(header::COOKIE, HeaderValue::from_bytes(line).unwrap());
        }
        cookie(&headers, "countersign").map(str::to_owned)
    }

    #[test]
    fn ours_is_found_among_others_whatever_bytes_they_have() {
        let found: [&[&[u8]]; 9] = [
            &[b"countersign=token"],
            &["name=José; countersign=token".as_bytes()],
            &[b"name=\xff\xfe; countersign=token; other=\x80"],
            &["countersign=token; 名=値".as_bytes()],
            &[b"a; =; ==; ;; countersign=token;"],
            &[b"\t countersign=token \t"],
            &["name=José".as_bytes(), b"countersign=token"],
            &[b"x-countersign=1; countersign=token; countersign2=2; Countersign=3"],
            &[b"countersign=token; countersign=token"],
        ];
        for lines in found {
            assert_eq!(read(lines).as_deref(), Some("token"), "{lines:?}");
        }
    }

    #[test]
    fn a_name_that_only_looks_like_ours_is_not_ours() {
        for line in [
            "",
            "countersign",
            "Countersign=token",
            "countersign =token",
            "\u{a0}countersign=token",
            "\u{2003}countersign=token",
            "countersign\u{a0}=token",
            "c%6funtersign=token",
            "\"countersign\"=token",
            "=countersign=token",
            "other=countersign=token",
            "other=\"; x\", countersign=token",
            "$Version=1, countersign=token",
        ] {
            assert_eq!(read(&[line.as_bytes()]), None, "{line:?}");
        }
    }

    #[test]
    fn a_value_is_taken_as_it_stands() {
        for value in ["", "\"token\"", "to%6ben", "token=", "to ken", "tok,en"] {
            assert_eq!(read(&[format!("countersign={value}").as_bytes()]).as_deref(), Some(value));
        }
        assert_eq!(read(&["countersign=tokén".as_bytes()]), None);
    }

    #[test]
    fn more_of_our_cookies_than_a_browser_sends_count_as_none() {
        let many = |count| read(&["countersign=token;".repeat(count).as_bytes()]);
        assert_eq!(many(1 + SAME_NAME_LIMIT).as_deref(), Some("token"));
        assert_eq!(many(2 + SAME_NAME_LIMIT), None);
    }

    #[test]
    fn two_different_values_of_our_cookie_count_as_none() {
        assert_eq!(read(&[b"countersign=token; countersign=planted"]), None);
        assert_eq!(read(&[b"countersign=planted", b"countersign=token"]), None);
        assert_eq!(read(&["countersign=tokén; countersign=token".as_bytes()]), None);
    }

    /// Bytes that a header may have.
    fn any_bytes() -> impl Strategy<Value = Vec<u8>> {
        prop::collection::vec(prop_oneof![0x20..0x7f_u8, 0x80..=0xff_u8], 0..40)
    }

    proptest! {
        #[test]
        fn no_other_cookie_takes_ours_away(before in any_bytes(), after in any_bytes()) {
            let line = [&before[..], &b"; countersign=token; "[..], &after[..]].concat();
            prop_assert_eq!(read(&[&line]), Some("token".to_owned()));
        }
    }
}
