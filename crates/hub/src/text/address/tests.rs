//! Which spellings are the same address, which are refused, and that no two addresses look alike.

use proptest::prelude::*;

use super::super::normal::is_space;
use super::*;

fn key(text: &str) -> Result<String, EmailError> {
    Email::parse(text).map(|email| email.as_str().to_owned())
}

#[test]
fn every_spelling_of_an_address_is_one_address() {
    for (same, spellings) in [
        (
            "ada@xn--bcher-kva.example",
            &[
                "ada@bücher.example",
                "ada@bu\u{308}cher.example",
                "ada@xn--bcher-kva.example",
                "ADA@XN--BCHER-KVA.EXAMPLE",
                "ada@BÜCHER.example.",
                "ada@bü\u{ad}cher.example",
                "ada\u{ff20}bücher\u{3002}example",
                "\u{202a}ada@bücher.example\u{202c}",
                "\u{feff} ada@bücher.example\u{200b}\n",
            ][..],
        ),
        (
            "ada@example.com",
            &[
                "Ada@Example.com",
                "ａｄａ＠ｅｘａｍｐｌｅ．ｃｏｍ",
                "ada@exam\u{ad}ple.com",
                "ada@example.com.",
                "\u{2068}ada@example.com\u{2069}",
                "\u{a0}ada@example.com\u{3164}",
            ],
        ),
        ("josé@example.com", &["jose\u{301}@example.com", "JOSÉ@example.com"]),
        ("用户@xn--fsqu00a.example", &["用户@例子.example", "用户@例子\u{ff0e}example"]),
        ("ada@localhost", &["ada@localhost", "ada@localhost."]),
        ("a+b.c_d@example.com", &["A+b.c_D@example.com"]),
    ] {
        for text in spellings {
            assert_eq!(key(text).as_deref(), Ok(same), "{text:?}");
        }
    }
}

#[test]
fn people_are_shown_the_unicode_form_unless_it_looks_like_another() {
    let shown = |text| Email::parse(text).unwrap().shown().to_owned();
    for (text, seen) in [
        ("ada@xn--bcher-kva.example", "ada@bücher.example"),
        ("ada@почта.рф", "ada@почта.рф"),
        ("ada@日本語.jp", "ada@日本語.jp"),
        // A Cyrillic word that looks like "apple"; Cyrillic beside Latin; an invisible joiner.
        ("ada@\u{430}\u{440}\u{440}\u{4cf}\u{435}.com", "ada@xn--80ak6aa92e.com"),
        ("ada@p\u{430}ypal.com", "ada@xn--pypal-4ve.com"),
        ("ada@نامه\u{200c}ای.com", "ada@xn--mgba3gch31f060k.com"),
    ] {
        assert_eq!(shown(text), seen);
    }
}

#[test]
fn a_hidden_character_inside_is_refused_with_its_own_sentence() {
    for hidden in ['\u{200b}', '\u{2060}', '\u{feff}', '\u{202e}', '\u{200e}', '\u{3164}', '\u{115f}', '\u{e0041}'] {
        for text in [format!("a{hidden}da@example.com"), format!("ada@exam{hidden}ple.com")] {
            assert_eq!(key(&text), Err(EmailError::Hidden), "{text:?}");
        }
    }
    for text in ["a\u{ad}da@example.com", "ada\u{200d}@example.com", "ada\u{200b}@example.com"] {
        assert_eq!(key(text), Err(EmailError::Hidden), "{text:?}");
    }
    assert!(EmailError::Hidden.to_string().contains("hidden character"));
}

#[test]
fn what_can_be_no_address_is_refused() {
    for bad in [
        "",
        "@",
        "a@",
        "@b",
        "a b@c.d",
        "a@b c",
        "a@.b",
        "a@b..c",
        "a\0@b.c",
        "ada",
        "a@b.c..",
        "a@-b.c",
        "a@b-.c",
        "a@b_c.d",
        "a@[127.0.0.1]",
        "a@b/c",
        "<a@b.c>",
        "a@xn--a",
        "a@xn--zzzzzz--.c",
        "a\u{2800}b@c.d",
        "a\u{a8}@b.c",
        "a@\u{ad}",
        "a\u{1d159}@b.c",
        "a\u{e000}@b.c",
    ] {
        assert_eq!(key(bad), Err(EmailError::Malformed), "{bad:?}");
    }
    assert!(key(&format!("{}@b.c", "a".repeat(196))).is_ok());
    for long in [format!("{}@b.c", "a".repeat(197)), format!("{}@b.c", "\u{fdfa}x".repeat(100)), "a".repeat(16_000)] {
        assert!(matches!(key(&long), Err(EmailError::Long | EmailError::Malformed)), "{long}");
    }
    assert!(key(&format!("a@{}.com", "b".repeat(64))).is_err());
}

#[test]
fn letters_that_look_like_latin_are_refused_and_whole_alphabets_are_not() {
    for odd in ["\u{430}da@example.com", "ad\u{430}@example.com", "\u{441}\u{43e}\u{440}@example.com", "\u{3bf}da@b.c"]
    {
        assert_eq!(key(odd), Err(EmailError::Lookalike), "{odd}");
    }
    for fine in ["иван@пример.рф", "роса@пример.рф", "用户one@example.com", "ユーザー@example.jp", "müller@example.com"]
    {
        assert!(key(fine).is_ok(), "{fine}");
    }
}

#[test]
fn an_account_from_before_is_looked_for_by_its_spelling_too() {
    let wanted = WantedEmail::parse(" Ada@BÜCHER.example ").unwrap();
    assert_eq!((&*wanted.spelling, &*wanted.key), ("ada@bücher.example", "ada@xn--bcher-kva.example"));
    let hidden = WantedEmail::parse("a\u{200b}da@example.com").unwrap();
    assert_eq!((&*hidden.spelling, &*hidden.key), ("a\u{200b}da@example.com", "a\u{200b}da@example.com"));
    assert_eq!(hidden.error, Some(EmailError::Hidden));
    let marked = WantedEmail::parse("\u{202a}ada@example.com\u{202c}").unwrap();
    assert_eq!((&*marked.spelling, &*marked.key), ("ada@example.com", "ada@example.com"));
    assert_eq!(WantedEmail::parse("ada"), None);
}

/// The visible characters of a text.
fn visible(text: &str) -> String {
    text.chars().filter(|one| !is_format(*one) && !is_space(*one) && !one.is_control()).collect()
}

/// Addresses out of few characters, so that two of them are often alike.
fn address() -> impl Strategy<Value = String> {
    let local = "[aA\u{ff41}\u{430}e\u{301}\u{e9} \u{200b}-\u{200f}\u{ad}\u{3164}\u{2800}\u{fe0f}.]{1,4}";
    let domain =
        "(xn--bcher-kva|bücher|bu\u{308}cher|BÜCHER|b\u{200b}|b\u{ad}|B|\u{ff42}|\u{432}|نامه\u{200c}ای|نامهای)";
    (local, "(@|\u{ff20})", domain, "(\\.c|\\.c\\.|\u{3002}c|\\.\u{441}| )").prop_map(|(a, b, c, d)| a + &b + &c + &d)
}

proptest! {
    #[test]
    fn an_address_parses_to_itself_by_its_key_and_as_it_is_shown(text in prop_oneof![address(), "\\PC{1,6}@\\PC{1,6}\\.com"]) {
        if let Ok(email) = Email::parse(&text) {
            prop_assert_eq!(Email::parse(email.as_str()), Ok(email.clone()));
            prop_assert_eq!(Email::parse(email.shown()), Ok(email.clone()));
            prop_assert!(Shown::new("m".into(), approval::Details::new([("l".into(), email.shown().into())])).is_ok());
        }
    }

    #[test]
    fn two_accepted_addresses_differ_in_a_character_that_can_be_seen(one in address(), other in address()) {
        if let (Ok(one), Ok(other)) = (Email::parse(&one), Email::parse(&other)) {
            prop_assert_eq!(one.as_str() == other.as_str(), visible(one.shown()) == visible(other.shown()));
            prop_assert_eq!(visible(one.shown()), one.shown());
        }
    }
}
