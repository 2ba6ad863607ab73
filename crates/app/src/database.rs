//! Where things are kept: the database's URL, and the files that stand beside the database. Opens none of them.

use std::borrow::Cow;
use std::fmt;
use std::path::{Path, PathBuf};

/// `sqlite:` and the path of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct DatabaseUrl(Cow<'static, str>);

impl DatabaseUrl {
    /// The database of `serve` where none is configured.
    pub(crate) const SERVE: Self = Self(Cow::Borrowed("sqlite:data/countersign.db"));
    /// The database of `demo` where none is configured: another one, so that made-up people never meet real ones.
    pub(crate) const DEMO: Self = Self(Cow::Borrowed("sqlite:data/demo.db"));

    /// Reads a URL; `None` if it is not `sqlite:PATH`.
    pub(crate) fn parse(url: String) -> Option<Self> {
        let url = Self(Cow::Owned(url));
        let path = url.0.strip_prefix("sqlite:")?;
        let names_a_file = url.path().file_name().is_some() && !path.starts_with(":memory:");
        names_a_file.then_some(url)
    }

    /// The URL as it was written.
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }

    /// The folder of the database; empty for the current one.
    pub(crate) fn folder(&self) -> &Path {
        self.path().parent().unwrap_or(Path::new(""))
    }

    /// The file of the events on their way: beside the database, and named after it.
    pub(crate) fn broker(&self) -> PathBuf {
        let stem = self.path().file_stem().unwrap_or_default().to_string_lossy();
        self.path().with_file_name(format!("{stem}-broker.db"))
    }

    fn path(&self) -> &Path {
        let path = self.0.strip_prefix("sqlite:").unwrap_or(&self.0);
        Path::new(path.strip_prefix("//").unwrap_or(path))
    }
}

impl fmt::Display for DatabaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_events_are_kept_beside_the_database() {
        for (url, file) in [
            ("sqlite:data/countersign.db", "data/countersign-broker.db"),
            ("sqlite:///var/lib/cs.sqlite", "/var/lib/cs-broker.db"),
            ("sqlite:here.db", "here-broker.db"),
        ] {
            assert_eq!(DatabaseUrl::parse(url.to_owned()).unwrap().broker(), Path::new(file), "{url}");
        }
    }

    #[test]
    fn a_url_without_a_file_is_none() {
        for url in ["", "sqlite:", "sqlite:/", "sqlite::memory:", "data/countersign.db", "mysql://host/db"] {
            assert_eq!(DatabaseUrl::parse(url.to_owned()), None, "{url}");
        }
    }
}
