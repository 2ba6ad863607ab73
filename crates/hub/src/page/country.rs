//! The countries and their calling codes, from `web/countries.txt`.

use std::sync::LazyLock;

/// A country as the sign-up form offers it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Country {
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

/// Reads a line: ISO 3166-1 code, calling code, name, parted by tabs; a star marks the main country of a code.
fn country(line: &'static str) -> Option<Country> {
    let mut parts = line.split('\t').skip(1);
    let (code, name) = (parts.next()?, parts.next()?);
    let calling_code = code.trim_end_matches('*');
    Some(Country { calling_code, name, main: calling_code != code })
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
    fn the_united_states_stand_for_the_code_that_north_america_shares() {
        let one: Vec<_> = all().iter().filter(|one| one.calling_code == "1" && one.main).collect();
        assert_eq!(one.iter().map(|one| one.name).collect::<Vec<_>>(), ["United States"]);
    }
}
