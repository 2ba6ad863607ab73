//! Reads one element of `Forwarded` (RFC 7239, 4): for whom a proxy asked, as it wrote it. Believes nothing.

/// What the `for` of an element names: an address, perhaps with a port, or a word. `None`: it does not say for whom, or
/// says it twice, or is no such element, or has separators within quotes, which addresses have no need of.
pub(crate) fn node(element: &str) -> Option<&str> {
    let mut node = None;
    for pair in element.split(';') {
        let (name, text) = pair.split_once('=')?;
        let text = unquoted(text.trim())?;
        if name.trim().eq_ignore_ascii_case("for") && node.replace(text).is_some() {
            return None;
        }
    }
    node
}

/// A value without its quotes, which must be two or none, around it.
fn unquoted(text: &str) -> Option<&str> {
    let inner = text.strip_prefix('"').map_or(Some(text), |text| text.strip_suffix('"'))?;
    (!inner.contains(['"', '\\'])).then_some(inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_element_says_for_whom() {
        for (element, named) in [
            ("for=192.0.2.43", "192.0.2.43"),
            (r#"For="[2001:db8:cafe::17]:4711";proto=http; by=203.0.113.43"#, "[2001:db8:cafe::17]:4711"),
            (r#"host="login.example.com";for=_hidden"#, "_hidden"),
        ] {
            assert_eq!(node(element), Some(named));
        }
    }

    #[test]
    fn what_is_no_such_element_names_nobody() {
        for odd in [
            "",
            "192.0.2.1",
            "proto=https",
            "for=a;for=b",
            r#"for="a"#,
            r#"for="a\"b""#,
            r#"for=a""#,
            // The end of host="x, for=192.0.2.1;proto=y", which the proxy took from a stranger.
            r#"for=192.0.2.1;proto=y""#,
        ] {
            assert_eq!(node(odd), None, "{odd:?}");
        }
    }
}
