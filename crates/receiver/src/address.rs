//! The addresses at which callbacks are taken. The signature covers the configured URL and not the path of the request,
//! so the path may be spelled differently. Knows no handler.

use provider::CallbackUrl;

/// The address that every receiver has.
pub(crate) const CALLBACK_PATH: &str = "/authy/callback";
/// At most this many slashes too many are ignored: a path of nothing but slashes would cost more than a handler may.
const EXTRA_SLASHES: usize = 64;
/// At most this many characters of a path are logged.
const LOGGED_CHARS: usize = 120;

/// The paths at which callbacks are taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Addresses {
    /// The path of the configured URL, if it is another than [`CALLBACK_PATH`].
    configured: Option<String>,
}

impl Addresses {
    /// [`CALLBACK_PATH`], and the path of `url`.
    pub(crate) fn of(url: &CallbackUrl) -> Self {
        let path: String = parts(url.target().path()).flat_map(|part| ["/", part]).collect();
        let path = if path.is_empty() { "/".to_owned() } else { path };
        Self { configured: (path != CALLBACK_PATH).then_some(path) }
    }

    /// True if callbacks are taken at `path`. A slash at its end and doubled slashes are ignored.
    pub(crate) fn contain(&self, path: &str) -> bool {
        let is = |ours: &str| path.len() <= ours.len() + EXTRA_SLASHES && parts(path).eq(parts(ours));
        is(CALLBACK_PATH) || self.configured.as_deref().is_some_and(is)
    }

    /// The path of the configured URL, if it is another than [`CALLBACK_PATH`].
    pub(crate) fn configured(&self) -> Option<&str> {
        self.configured.as_deref()
    }
}

/// The path for a log line: cut, and without characters that could forge a line.
pub(crate) fn logged(path: &str) -> String {
    path.chars().take(LOGGED_CHARS).flat_map(char::escape_default).collect()
}

/// The segments of a path between its slashes.
fn parts(path: &str) -> impl Iterator<Item = &str> {
    path.split('/').filter(|part| !part.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn addresses(url: &str) -> Addresses {
        Addresses::of(&url.parse().unwrap())
    }

    #[test]
    fn slashes_too_many_count_for_nothing_and_anything_else_does() {
        let ours = addresses("https://app.example.com/authy/callback");
        assert_eq!(ours.configured(), None);
        for path in
            ["/authy/callback", "/authy/callback/", "//authy/callback", "/authy//callback", "///authy///callback//"]
        {
            assert!(ours.contain(path), "{path}");
        }
        for path in
            ["/", "", "/authy", "/Authy/Callback", "/authy/./callback", "/prefix/authy/callback", "/authycallback"]
        {
            assert!(!ours.contain(path), "{path}");
        }
    }

    #[test]
    fn the_path_of_the_configured_url_is_taken_as_well() {
        let other = addresses("https://app.example.com/hooks//authy/?tenant=1");
        assert_eq!(other.configured(), Some("/hooks/authy"));
        for path in ["/hooks/authy", "/hooks/authy/", "//hooks/authy", "/authy/callback"] {
            assert!(other.contain(path), "{path}");
        }
        assert!(!other.contain("/hooks"));
        assert_eq!(addresses("https://hooks.example.com").configured(), Some("/"));
    }

    #[test]
    fn a_logged_path_is_short_and_forges_no_line() {
        assert_eq!(logged("/a\n\u{202e}b"), "/a\\n\\u{202e}b");
        assert_eq!(logged(&"/".repeat(60_000)).len(), LOGGED_CHARS);
    }
}
