//! Which passwords are refused, and that no password is costly to check.

use std::time::{Duration, Instant};

use proptest::prelude::*;

use super::*;

fn guessable_of_ada(password: &str) -> Option<Guessable> {
    let own = OwnWords::of("Ada Byron-Lovelace Núñez", "ada.king+mail@analytical-engines.example.com", "Countersign");
    guessable(&nfkc(password), &own)
}

#[test]
fn common_passwords_and_simple_variations_are_refused() {
    for common in [
        "password",
        "12345678",
        "qwertyuiop",
        "iloveyou",
        "Password1",
        "aaaaaaaa",
        "P@ssw0rd",
        "p4$5w0rd",
        "P@$$w0rd!",
        "passw0rd2024",
        "!!password!!",
        "$unsh1ne",
        "Dr@g0n123",
        "1q2w3e4r",
        "qwerty123",
        "drowssap",
        "ｐａｓｓｗｏｒｄ",
        "1l0v3y0u",
        "11111111",
        "letmein1!",
        "m0nk3y99",
        "(((((((((",
        "abcdefgh",
        "4@4@4@4@4@4@",
        "b@seb@11",
    ] {
        assert_eq!(guessable_of_ada(common), Some(Guessable::Common), "{common}");
    }
}

#[test]
fn the_owners_own_words_are_refused_with_little_beside_them() {
    for own in [
        "lovelace",
        "Lovelace1815",
        "byron-lovelace",
        "adalovelace",
        "AdaByron!",
        "ada.king+mail",
        "adakingmail",
        "kingkingking",
        "analytical",
        "analytical-engines",
        "example.com",
        "countersign",
        "countersign1",
        "C0unter$ign",
        "Countersign2026",
        "ngisretnuoc",
        "l0v3l@c3!",
        "núñez.ada",
        "NU\u{301}N\u{303}EZada",
        "ada@countersign",
        "ada.king+mail@analytical-engines.example.com",
        "ada.king+mail@analytical-engines.example.comada.king+mail@analytical-engines.example.com",
    ] {
        assert_eq!(guessable_of_ada(own), Some(Guessable::Own), "{own}");
    }
    let short = OwnWords::of("Al Xu", "al@b.co", "Countersign");
    assert_eq!(guessable("xu-al-9c-al", &short), None, "pieces of two are no words");
}

#[test]
fn other_passwords_are_taken() {
    for good in [
        "difference engine",
        "analytical engine of mine",
        "correct horse battery staple",
        "ähwxpocq",
        "all small letters",
        "adamantine wolf",
        "kf83hd92kd",
        "4@8({[</369&#!1/|0$5+7%2",
        "lovelace sleeps at noon",
        "xK%9(q2[",
        "zx83920184",
        "k4839201847",
        "\u{fdfa}\u{fdfa}\u{fdfa}\u{fdfa}\u{fdfa}\u{fdfa}\u{fdfa}\u{fdfa}",
    ] {
        assert_eq!(guessable_of_ada(good), None, "{good}");
    }
}

/// The quickest of three.
fn took(password: &str) -> Duration {
    let once = || {
        let begun = Instant::now();
        std::hint::black_box(guessable_of_ada(password));
        begun.elapsed()
    };
    (0..3).map(|_| once()).min().unwrap_or_default()
}

#[test]
fn the_slowest_password_costs_a_few_times_as_much_as_letters() {
    let letters = "theandforthatwiththisfromhavewillyouwhatyourlovewelcomehouseman";
    let (_, plain) = (took(letters), took(letters));
    for dear in [
        "4@8({[</369&#!1/|0$5+7%2/4@8({[</369&#!1/|0$5+7%2/4@8({[</369&#!",
        "4@8*{[**369&#**/**0**5**7**2/4@8*{[**369&#**/**0**5**7**2/4@8*{[",
        "1|7!1|7!1|7!1|7!1|7!1|7!1|7!1|7!1|7!1|7!1|7!1|7!1|7!1|7!1|7!1|7!",
        "12345678901234567890123456789012345678901234567890123456789a1234",
        "4836170925283940586719028374650918273645546372819092837465019283",
        "11/11/1111/11/1111/11/1111/11/1111/11/1111/11/1111/11/1111/11/11",
    ] {
        let dearest = took(dear);
        assert!(dearest < plain * 12, "{dear}: {dearest:?}, and letters {plain:?}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    #[test]
    fn no_reading_has_a_sign_that_multiplies_the_work(text in "[4@8(\\{\\[</369&#!1|0$5+7%2a-z*]{0,64}") {
        let readings = readings(&text);
        prop_assert!(readings.len() <= 3);
        prop_assert!(readings.iter().all(|reading| !reading.contains(is_sign)));
        prop_assert!(readings[1..].iter().all(|reading| !reading.contains(|one: char| one.is_ascii_digit())));
        prop_assert!(readings.iter().all(|reading| reading.chars().count() == text.chars().count()));
    }

    #[test]
    fn any_password_costs_at_most_a_few_times_as_much_as_letters(text in "[4@8(\\{\\[</369&#!1|0$5+7%2]{40,64}|\\PC{0,64}") {
        let plain = took("theandforthatwiththisfromhavewillyouwhatyourlovewelcomehouseman");
        let dear = took(&text);
        prop_assert!(dear < plain * 12, "{dear:?}, and letters {plain:?}");
    }
}
