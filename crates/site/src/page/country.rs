//! The countries and their calling codes, from `web/countries.txt`.

use std::sync::LazyLock;

/// A country as the sign-up form offers it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Country {
    /// Its ISO 3166-1 code of two letters.
    pub(crate) iso: &'static str,
    /// The digits of its calling code (ITU-T E.164).
    pub(crate) calling_code: &'static str,
    /// Its English name.
    pub(crate) name: &'static str,
    /// Whether it stands for its calling code where several countries share one.
    pub(crate) main: bool,
}

/// All countries, by name.
pub(crate) fn all() -> &'static [Country] {
    static ALL: LazyLock<Vec<Country>> =
        LazyLock::new(|| include_str!("../../../../web/countries.txt").lines().filter_map(country).collect());
    &ALL
}

/// The options of the form's list, in HTML, with the `chosen` country selected: an ISO 3166-1 code or a calling code.
pub(crate) fn options(chosen: &str) -> String {
    // The parts around the mark of the selected one. To escape all names for each page costs more than the rest of it.
    static PARTS: LazyLock<Vec<(String, String)>> = LazyLock::new(|| {
        let parts = |one: &Country| {
            let name = one.name.replace('&', "&amp;");
            (format!("<option value=\"{}\"", one.iso), format!(">{name} (+{})</option>", one.calling_code))
        };
        all().iter().map(parts).collect()
    });
    let mut options = String::with_capacity(16 * 1024);
    for ((begin, end), one) in PARTS.iter().zip(all()) {
        options.push_str(begin);
        options.push_str(if one.is(chosen) { " selected" } else { "" });
        options.push_str(end);
    }
    options
}

/// Characters that a code may have with spaces around it; a longer text is no country's.
const CHOSEN_LIMIT: usize = 16;

impl Country {
    /// True if `chosen`, an ISO 3166-1 code or a calling code, is this country's.
    pub(crate) fn is(&self, chosen: &str) -> bool {
        if chosen.len() > CHOSEN_LIMIT {
            return false;
        }
        let chosen = chosen.trim();
        self.iso.eq_ignore_ascii_case(chosen) || (self.main && self.calling_code == chosen.trim_start_matches('+'))
    }
}

/// Reads a line: ISO 3166-1 code, calling code, name, parted by tabs; a star marks the main country of a code.
fn country(line: &'static str) -> Option<Country> {
    let mut parts = line.split('\t');
    let (iso, code, name) = (parts.next()?, parts.next()?, parts.next()?);
    let calling_code = code.trim_end_matches('*');
    Some(Country { iso, calling_code, name, main: calling_code != code })
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn every_line_is_a_country_and_every_code_has_one_main_country() {
        assert_eq!(all().len(), include_str!("../../../../web/countries.txt").lines().count());
        let codes: HashSet<&str> = all().iter().map(|one| one.calling_code).collect();
        let main: Vec<&str> = all().iter().filter(|one| one.main).map(|one| one.calling_code).collect();
        assert_eq!((main.len(), main.into_iter().collect::<HashSet<_>>()), (codes.len(), codes));
        assert!(all().iter().all(|one| one.calling_code.bytes().all(|byte| byte.is_ascii_digit())));
    }

    #[test]
    fn the_list_marks_one_country_and_needs_no_other_escape() {
        assert!(all().iter().all(|one| !one.name.contains(['<', '>', '"', '\''])));
        let options = options("CA");
        assert_eq!(options.matches("<option value=").count(), all().len());
        assert_eq!(options.matches(" selected").count(), 1);
        assert!(options.contains(r#"<option value="CA" selected>Canada (+1)</option>"#), "{options}");
        assert_eq!(super::options(&" ".repeat(CHOSEN_LIMIT)).matches(" selected").count(), 0);
    }

    #[test]
    fn every_country_can_be_chosen_and_is_then_the_only_one() {
        for one in all() {
            let parsed = hub::text::phone::PhoneCountry::parse(one.iso).unwrap();
            assert_eq!(parsed.calling_code().to_string(), one.calling_code, "{}", one.iso);
            for chosen in [one.iso.to_lowercase(), format!(" {}", one.iso)] {
                assert_eq!(all().iter().filter(|other| other.is(&chosen)).collect::<Vec<_>>(), [one]);
            }
            assert_eq!(all().iter().filter(|other| other.is(one.calling_code)).count(), 1);
        }
    }

    #[test]
    fn the_united_states_stand_for_the_code_that_north_america_shares() {
        let one: Vec<_> = all().iter().filter(|one| one.calling_code == "1" && one.main).collect();
        assert_eq!(one.iter().map(|one| one.name).collect::<Vec<_>>(), ["United States"]);
    }
}
