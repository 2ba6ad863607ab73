//! A time as a page shows it.

use std::fmt;

use time::{
    OffsetDateTime,
    format_description::{BorrowedFormatItem, well_known::Rfc3339},
    macros::format_description,
};

/// A time that prints for people, as in `22 Nov 2026, 09:05 UTC`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Moment(pub(crate) OffsetDateTime);

const FOR_PEOPLE: &[BorrowedFormatItem<'_>] =
    format_description!("[day padding:none] [month repr:short] [year], [hour]:[minute] UTC");

impl Moment {
    /// The time for a `datetime` attribute (RFC 3339).
    pub(crate) fn for_machines(self) -> String {
        self.0.format(&Rfc3339).unwrap_or_default()
    }
}

impl fmt::Display for Moment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.format(FOR_PEOPLE).map_err(|_| fmt::Error)?)
    }
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::*;

    #[test]
    fn a_moment_prints_for_people_and_for_machines() {
        let moment = Moment(datetime!(2026-11-02 09:05:07.120 UTC));
        assert_eq!(moment.to_string(), "2 Nov 2026, 09:05 UTC");
        assert_eq!(moment.for_machines(), "2026-11-02T09:05:07.12Z");
    }
}
