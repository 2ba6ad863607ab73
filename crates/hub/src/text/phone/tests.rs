//! Examples of parsed phone numbers; `oracle` has every country.

use proptest::prelude::*;

use super::*;

fn read(country: &str, text: &str) -> Result<String, PhoneRefusal> {
    let number = PhoneNumber::parse(PhoneCountry::parse(country).unwrap(), text, None)?;
    assert_eq!(number.e164.expose(), format!("+{}{}", number.country_code, number.national.expose()));
    Ok(number.e164.expose().to_owned())
}

#[test]
fn numbers_are_read_as_people_write_them() {
    for (country, text, right) in [
        ("DE", "0049 151 23456789", "+4915123456789"),
        ("49", "0049 (0)151 23456789", "+4915123456789"),
        ("DE", "(+49) 151 23456789", "+4915123456789"),
        ("DE", "+49151-23456789", "+4915123456789"),
        ("DE", "tel:+49-151-23456789", "+4915123456789"),
        ("DE", "\u{202a}+49 151 23456789\u{202c}", "+4915123456789"),
        ("DE", "\u{feff}０１５１／２３４５６７８９", "+4915123456789"),
        ("1", "1-201-555-0123", "+12015550123"),
        ("US", "011 1 201 555 0123", "+12015550123"),
        ("CA", "(416) 555-0123", "+14165550123"),
        ("44", "0044 7400 123456", "+447400123456"),
        ("JE", "07797 712345", "+447797712345"),
        ("IL", "٠٥٠-٢٣٤-٥٦٧٨", "+972502345678"),
        ("IT", "391 234 5678", "+393912345678"),
        ("IT", "+39 06 1234 5678", "+390612345678"),
        ("HU", "06 20 123 4567", "+36201234567"),
        ("HU", "+36 (06) 20 123 4567", "+36201234567"),
        ("KZ", "8 (701) 234-56-78", "+77012345678"),
        ("RU", "8~10 7 912 345 67 89", "+79123456789"),
        ("MX", "+52 1 55 1234 5678", "+525512345678"),
        ("MX", "044 55 1234 5678", "+525512345678"),
        ("AR", "011 15-2345-6789", "+5491123456789"),
        ("AR", "+54 11 15 2345 6789", "+5491123456789"),
        ("BR", "0 15 11 96123-4567", "+5511961234567"),
        ("AU", "0011 61 412 345 678", "+61412345678"),
        ("DE", "0151 23456789,", "+4915123456789"),
        ("XK", "0038343201234", "+38343201234"),
        ("IL", "972-50-234-5678", "+972502345678"),
        ("IN", "91 98765 43210", "+919876543210"),
        ("SG", "001 65 8123 4567", "+6581234567"),
        ("AT", "0043 (0) 664 123456", "+43664123456"),
        ("882", "+882 16 33 123456", "+8821633123456"),
        ("CH", "079'123'45'67", "+41791234567"),
    ] {
        assert_eq!(read(country, text).as_deref(), Ok(right), "{country} {text}");
    }
}

#[test]
fn a_number_that_can_be_two_is_asked_about() {
    let country = PhoneCountry::parse("DE").unwrap();
    let text = "4915123456789";
    let refusal = PhoneNumber::parse(country, text, None).unwrap_err();
    assert_eq!(refusal.to_string(), "Did you mean +49 1512 3456789 or +49 491 5123456789?");
    for meant in ["+4915123456789", "+494915123456789"] {
        assert_eq!(PhoneNumber::parse(country, text, Some(meant)).unwrap().e164.expose(), meant);
    }
    // An answer to another question, or none of the numbers.
    assert_eq!(PhoneNumber::parse(country, text, Some("+4915123456780")).unwrap_err(), refusal);
    assert_eq!(
        PhoneNumber::parse(country, "0151 23456780", Some("+4915123456789")).unwrap().e164.expose(),
        "+4915123456780"
    );
    // One digit too many, or the calling code without its plus before a number that the plan does not know.
    assert_eq!(read("IT", "391 234 56789").unwrap_err().to_string(), "Did you mean +39 123456789?");
    assert_eq!(
        read("IT", "+39 (0) 312 345 6789").unwrap_err().to_string(),
        "Did you mean +39 312 345 6789 or +39 031 2345 6789?"
    );
}

#[test]
fn a_refusal_says_what_is_wrong() {
    use PhoneRefusal as Refusal;
    for (country, text, refusal) in [
        ("1", "201-555-O123", Refusal::Letters),
        ("1", "1-800-FLOWERS", Refusal::Letters),
        ("1", "my phone", Refusal::Letters),
        ("1", "201-555-0123 ext. 5", Refusal::Extension),
        ("1", "2015550123x5", Refusal::Extension),
        ("1", "201 555 0123 #5", Refusal::Extension),
        ("1", "tel:+12015550123;ext=5", Refusal::Extension),
        ("1", "201-555-0123,,5", Refusal::Extension),
        ("1", "*31# 201 555 0123", Refusal::Signs),
        ("1", "201 555 0123 + 1", Refusal::Signs),
        ("1", "201 555 012³", Refusal::Signs),
        ("49", "", Refusal::Empty),
        ("49", "\u{200b} -", Refusal::Empty),
        ("49", "12", Refusal::TooShort),
        ("1", "555-0123", Refusal::TooShort),
        ("1", "201-555-01234567", Refusal::TooLong),
        ("1", "111 555 0123", Refusal::Impossible),
        ("34", "0000 00000", Refusal::Impossible),
        ("GB", "07400 12345", Refusal::TooShort),
        ("GB", "07400 1234567", Refusal::TooLong),
        ("1", "+44 7400 123456", Refusal::OtherCountry(44)),
        ("DE", "0044 7400 123456", Refusal::OtherCountry(44)),
        ("IT", "00 298 211234", Refusal::OtherCountry(298)),
        ("979", "+979 123456789", Refusal::Premium),
        ("DE", "0900 1234567", Refusal::Premium),
        ("DE", "0180 5 123456", Refusal::SharedCost),
        ("1", &"1".repeat(PHONE_LIMIT), Refusal::TooLong),
        ("1", &" ".repeat(PHONE_LIMIT + 1), Refusal::Long),
    ] {
        assert_eq!(read(country, text), Err(refusal), "{country} {text}");
    }
}

#[test]
fn a_prefix_newer_than_the_plan_is_left_to_the_provider() {
    // Germany has assigned no numbers at 0140, and Italy none at 301.
    assert_eq!(read("DE", "0140 2345678").as_deref(), Ok("+491402345678"));
    assert_eq!(read("IT", "301 234 5678").as_deref(), Ok("+393012345678"));
}

#[test]
fn a_country_is_a_calling_code_or_two_letters() {
    let code = |text| PhoneCountry::parse(text).map(PhoneCountry::calling_code);
    assert_eq!(["1", "+1", " 44 ", "CA", "kz", "je"].map(code), [1, 1, 44, 1, 7, 44].map(Some));
    assert_eq!(
        ["", "0", "999", "1000", "XX", "USA", "C1", "001", "ÅX"].map(code),
        [None, None, None, None, None, None, None, Some(1), None]
    );
}

#[test]
fn numbers_stay_out_of_debug_output() {
    let number = PhoneNumber::parse(PhoneCountry::parse("1").unwrap(), "2015550123", None);
    let question = PhoneNumber::parse(PhoneCountry::parse("DE").unwrap(), "4915123456789", None);
    let shown = format!("{number:?} {question:?}");
    assert!(!shown.contains("5550123") && !shown.contains("3456789"), "{shown}");
}

#[test]
fn a_masked_phone_shows_two_digits() {
    assert_eq!(phone_ending("+12015550123"), "23");
}

#[test]
fn a_number_tells_its_calling_code() {
    assert_eq!(["+12015550123", "+447400123456", "+3531", "none"].map(calling_code), [1, 44, 353, 0]);
}

#[test]
fn a_number_tells_its_country() {
    let numbers = ["+12015550123", "+15062345678", "+447400123456", "+447797712345", "+77710009998", "none"];
    assert_eq!(numbers.map(country_of), ["US", "CA", "GB", "JE", "KZ", ""]);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn a_number_that_was_taken_is_read_as_itself(
        country in "(AR|AT|BR|BY|CI|CN|DE|FI|GA|GB|HU|ID|IT|JP|KZ|LT|MN|MX|NG|RU|SM|US|UZ)",
        text in "[+]?[0-9]{4,17}",
    ) {
        let country = PhoneCountry::parse(&country).unwrap();
        if let Ok(number) = PhoneNumber::parse(country, &text, None) {
            for spelling in [number.e164.expose().to_owned(), number.grouped()] {
                match PhoneNumber::parse(country, &spelling, None) {
                    Ok(again) => prop_assert_eq!(&again, &number, "{}", &spelling),
                    Err(PhoneRefusal::Question(numbers)) => prop_assert!(numbers.contains(&number), "{}", &spelling),
                    Err(refusal) => prop_assert!(false, "{} {}", &spelling, refusal),
                }
            }
        }
    }

    #[test]
    fn any_text_has_an_answer(text in "\\PC{0,70}", country in "[A-Z]{2}|[0-9]{1,3}") {
        let _ = PhoneCountry::parse(&country).map(|country| PhoneNumber::parse(country, &text, None));
    }
}
