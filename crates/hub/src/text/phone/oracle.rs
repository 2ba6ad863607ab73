//! Compares our parsing of phone numbers with libphonenumber's, from files that `tests/phones/oracle.py` writes.

use super::{
    PhoneCountry, PhoneNumber,
    PhoneRefusal::{Pager, Premium, Question, SharedCost, Voicemail},
    calling_code,
};

/// A region's line of `spellings.tsv`.
struct Region {
    id: &'static str,
    code: &'static str,
    mobile: &'static str,
    fixed: &'static str,
    refused: &'static str,
    /// Each spelling of the mobile number, and whether libphonenumber reads it as that number.
    spellings: Vec<(&'static str, bool)>,
}

/// The result of parsing a spelling.
#[derive(Debug, PartialEq, Eq)]
enum Outcome {
    Right,
    Asked,
    Refused,
    Wrong,
}

fn regions() -> Vec<Region> {
    let lines = include_str!("../../../../../tests/phones/spellings.tsv").lines();
    let regions = lines.map(|line| {
        let mut parts = line.split('\t');
        let mut next = || parts.next().unwrap();
        let (id, code, mobile, fixed, refused) = (next(), next(), next(), next(), next());
        let spellings = parts.map(|spelling| (&spelling[1..], spelling.starts_with('='))).collect();
        Region { id, code, mobile, fixed, refused, spellings }
    });
    regions.collect()
}

fn outcome(country: &str, text: &str, right: &str) -> Outcome {
    match PhoneNumber::parse(PhoneCountry::parse(country).unwrap(), text, None) {
        Ok(number) if number.e164.expose() == right => Outcome::Right,
        Err(Question(numbers)) if numbers.iter().any(|one| one.e164.expose() == right) => Outcome::Asked,
        Ok(_) | Err(Question(_)) => Outcome::Wrong,
        Err(_) => Outcome::Refused,
    }
}

/// The text with the digits of the script that begins at `zero`.
fn digits_from(zero: char, text: &str) -> String {
    let digit = |one: char| one.to_digit(10).and_then(|value| char::from_u32(u32::from(zero) + value)).unwrap_or(one);
    text.chars().map(digit).collect()
}

fn each(text: &str, put: impl Fn(char) -> String) -> String {
    text.chars().map(put).collect()
}

/// Variants of one text: other separators, other scripts, and characters that copying adds.
fn disguises(text: &str) -> Vec<String> {
    let spaced = |space: &str| each(text, |one| if one == ' ' { space.to_owned() } else { one.to_string() });
    let mut all: Vec<String> = [
        "-", ".", "/", "\u{a0}", "\u{202f}", "\u{2009}", "\u{2003}", "\u{3000}", "\u{2011}", "\u{2013}", "\u{2014}",
        "\u{2212}", "  ", " - ", "\t", "'", "·", "\u{ff0d}", "\u{200b}",
    ]
    .into_iter()
    .map(spaced)
    .collect();
    all.extend(['٠', '۰', '०', '０', '০', '๐', '၀', '𝟎', '᠐'].map(|zero| digits_from(zero, text)));
    all.extend(
        [
            ("\u{202a}", "\u{202c}"),
            ("\u{2066}", "\u{2069}"),
            ("\u{200e}", "\u{200f}"),
            ("\u{feff}", ""),
            (" ", "\n"),
            ("tel:", ""),
            ("Tel.: ", ""),
            ("TEL ", ""),
            ("\u{2068}", "."),
            ("(", ")"),
            ("\u{202d}", "\u{202c} "),
            ("\u{ad}", "-"),
        ]
        .map(|(before, after)| format!("{before}{text}{after}")),
    );
    all.push(each(text, |one| match one {
        '+' => "＋".into(),
        '(' => "（".into(),
        ')' => "）".into(),
        one => one.into(),
    }));
    all.push(each(text, |one| format!("{one}\u{200d}")));
    all.push(each(text, |one| if one.is_ascii_digit() { format!("{one}\u{fe0f}\u{20e3}") } else { one.into() }));
    all.push(each(text, |one| if one.is_ascii_digit() { format!("{one}-") } else { one.into() }));
    all
}

#[test]
fn no_spelling_of_any_country_becomes_another_number() {
    let mut wrong = Vec::new();
    let mut refused = Vec::new();
    for region in regions() {
        let plain = region.spellings.iter().map(|(text, is_read)| ((*text).to_owned(), *is_read));
        let shapes = [0, 1, 6].map(|shape| region.spellings[shape]);
        let disguised =
            shapes.iter().flat_map(|(text, is_read)| disguises(text).into_iter().map(|one| (one, *is_read)));
        let all: Vec<_> = plain.chain(disguised).collect();
        assert!(all.len() > 100, "{}", region.id);
        for (text, is_read) in all {
            match outcome(region.id, &text, region.mobile) {
                Outcome::Wrong => wrong.push(format!("{} {text}", region.id)),
                Outcome::Refused if is_read => refused.push(format!("{} {text}", region.id)),
                _ => {}
            }
        }
    }
    assert_eq!((wrong, refused), (Vec::<String>::new(), Vec::<String>::new()));
}

#[test]
fn usual_spellings_of_every_country_are_taken_without_a_question() {
    for region in regions() {
        for shape in [0, 1, 2, 3] {
            let text = region.spellings[shape].0;
            // Gabon's plan has this number with and without its zero.
            let right = if text == "06 03 12 34" { Outcome::Asked } else { Outcome::Right };
            assert_eq!(outcome(region.id, text, region.mobile), right, "{} {text}", region.id);
        }
        let abroad = format!("00 {} {}", region.code, &region.mobile[1 + region.code.len()..]);
        assert_eq!(outcome(region.id, &abroad, region.mobile), Outcome::Right, "{} {abroad}", region.id);
        assert_eq!(outcome(region.code, region.mobile, region.mobile), Outcome::Right, "{}", region.id);
    }
}

#[test]
fn fixed_lines_are_taken_and_numbers_that_nobody_can_approve_with_are_not() {
    for region in regions() {
        if !region.fixed.is_empty() {
            assert_eq!(outcome(region.id, region.fixed, region.fixed), Outcome::Right, "{}", region.fixed);
        }
        for number in region.refused.split(' ').filter(|number| !number.is_empty()) {
            let parsed = PhoneNumber::parse(PhoneCountry::parse(region.id).unwrap(), number, None);
            assert!(
                matches!(parsed, Err(Premium | SharedCost | Pager | Voicemail)),
                "{} {number} {parsed:?}",
                region.id
            );
        }
    }
}

#[test]
fn valid_mobiles_of_a_newer_plan_are_taken() {
    let mut others = Vec::new();
    for line in include_str!("../../../../../tests/phones/mobiles.tsv").lines() {
        let (id, numbers) = line.split_once('\t').unwrap();
        for (number, national) in numbers.split('\t').filter_map(|number| number.split_once('|')) {
            let code = calling_code(number).to_string();
            assert_eq!(outcome(id, number, number), Outcome::Right, "{id} {number}");
            let digits = &number[1 + code.len()..];
            for text in [
                national,
                digits,
                &format!("{code}{digits}"),
                &format!("00{code}{digits}"),
                &format!("+{code} (0) {digits}"),
            ] {
                match outcome(id, text, number) {
                    Outcome::Right | Outcome::Asked => {}
                    outcome => others.push(format!("{outcome:?} {id} {number} {text}")),
                }
            }
        }
    }
    others.retain(|other| !other.contains("(0)") || other.starts_with("Wrong"));
    assert_eq!(others, Vec::<String>::new());
}
