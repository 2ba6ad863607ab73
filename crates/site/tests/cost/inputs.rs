//! The most expensive known inputs, with their names: texts for any field, whole bodies and headers.

/// The largest body that the hub reads, in bytes.
pub(crate) const LARGEST_BODY: usize = 16 * 1024;
/// The largest head that a connection takes, in bytes, where callbacks come by GET as well.
pub(crate) const LARGEST_HEAD: usize = 80 * 1024;
/// The longest URL that the server accepts, in bytes.
pub(crate) const LONGEST_URL: usize = 65_000;
/// Bytes left for the other fields of a form.
const OTHERS: usize = 600;

/// `unit`, repeated as often as it fits into `size` bytes.
pub(crate) fn filled(unit: &str, size: usize) -> String {
    unit.repeat(size / unit.len())
}

/// As many different numbered units as fit into `size` bytes.
pub(crate) fn numbered(size: usize, unit: impl Fn(usize) -> String) -> String {
    let mut text = String::new();
    for count in 0.. {
        let next = unit(count);
        if text.len() + next.len() > size {
            break;
        }
        text.push_str(&next);
    }
    text
}

/// Texts that are expensive to parse, to normalise, to compare or to show again.
pub(crate) fn texts() -> Vec<(&'static str, String)> {
    let full = |unit: &str| filled(unit, LARGEST_BODY - OTHERS);
    let domain = |label: String| format!("a@{label}.example");
    vec![
        ("signs that stand for letters (zxcvbn)", SUBSTITUTIONS.to_owned()),
        ("64 signs that repeat (zxcvbn)", filled("4@8({[", 64)),
        ("64 letters and years (zxcvbn)", filled("qwerty1999-12-31", 64)),
        ("letters", full("a")),
        ("signs that pages escape", full("<\">'")),
        ("a ligature of 18 letters (NFKC)", full("\u{fdfa}")),
        ("a thousand passwords' worth of ligatures", "\u{fdfa}".repeat(1000)),
        ("combining marks out of order (NFC)", format!("a{}", full("\u{0315}\u{0300}\u{05ae}\u{0327}"))),
        ("a letter that grows in lower case", full("\u{0130}")),
        ("full-width digits", full("\u{ff11}")),
        ("digits of the last script", full("\u{1fbf9}")),
        ("marks that nobody sees", full("\u{200b}")),
        ("wide spaces", full("\u{3000}")),
        ("at signs", full("@")),
        ("dots", full(".")),
        ("an address with a long label (Punycode)", domain(full("\u{fc}"))),
        (
            "an address with a label of many letters",
            domain((0..5_000).filter_map(|at| char::from_u32(0x4e00 + at)).collect()),
        ),
        ("an address with a decoded label", domain(format!("xn--{}", full("9")))),
        ("an address with many labels", domain(full("a.\u{e9}."))),
        ("a long number", format!("+{}", full("1"))),
        ("a number of 30 signs", "+1 (201) 555-0123 ext. 1234567".to_owned()),
        ("a number with brackets", filled("(+1)-", 30)),
        ("an id in hexadecimal digits", full("01935f6e-7c00-7000-8000-00000000002a")),
    ]
}

/// The slowest known text for zxcvbn, of 64 characters (F1).
const SUBSTITUTIONS: &str = "4@8({[</369&#!1/|0$5+7%2/4@8({[</369&#!1/|0$5+7%2/4@8({[</369&#!";

/// Forms with unknown fields, of the largest size.
pub(crate) fn forms() -> Vec<(&'static str, String)> {
    let full = |unit: &str| filled(unit, LARGEST_BODY);
    vec![
        ("thousands of pairs", full("a=&")),
        ("thousands of names", full("a&")),
        ("thousands of labels and values", full("label=%41&value=%41&")),
        ("nothing but separators", full("&")),
        ("one encoded text", format!("email={}", filled("%C3%BC", LARGEST_BODY - 6))),
        ("one text of pluses", format!("email={}", filled("+", LARGEST_BODY - 6))),
        ("an encoded name", full("%65mail")),
    ]
}

/// JSON with unknown fields, of the largest size.
pub(crate) fn jsons() -> Vec<(&'static str, String)> {
    let within = |before: &str, inner: String, after: &str| format!("{before}{inner}{after}");
    let left = LARGEST_BODY - 200;
    let list = |unit: &str| format!("[{}1]", filled(unit, left));
    let members = numbered(left, |count| format!("\"{count}\":[],"));
    vec![
        ("lists in lists", format!("{}{}", filled("[", left / 2), filled("]", left / 2))),
        ("lists in lists as deep as they are read", format!("{}{}", "[".repeat(120), "]".repeat(120))),
        ("a list of numbers", list("1,")),
        ("a list of fractions", list("1.1e-5,")),
        ("one long fraction", format!("0.{}", filled("12345678901234567890", left))),
        ("a list of lists", list("[],")),
        ("a list of texts", list("\"\",")),
        ("a list of escaped texts", list("\"\\n\",")),
        ("an object of many members", within("{", members, "\"x\":1}")),
        ("an object of one member again and again", within("{", filled("\"a\":{},", left), "\"x\":1}")),
        ("one escaped text", within("\"", filled("\\ud83d\\ude00", left), "\"")),
        ("nothing but spaces", filled(" ", LARGEST_BODY)),
    ]
}

/// Headers that some handler reads, of the largest size.
pub(crate) fn headers() -> Vec<(&'static str, &'static str, String)> {
    let full = |unit: &str| filled(unit, LARGEST_HEAD - 1000);
    vec![
        ("many cookies", "cookie", full("a=b;")),
        ("many encoded cookies", "cookie", full("a=%41; ")),
        ("many cookies of our name", "cookie", full("countersign=a;")),
        ("names that are nearly ours", "cookie", full("countersig=a;")),
        ("cookies without a name", "cookie", full(";")),
        ("one long cookie of ours", "cookie", format!("countersign={}", full("a"))),
        ("one long encoded cookie of ours", "cookie", format!("countersign={}", full("%41"))),
        ("many trusted hops", "x-forwarded-for", full("10.1.2.3,")),
        ("many long trusted hops", "x-forwarded-for", full("[fd00:1111:2222:3333:4444:5555:6666:7777]:8080,")),
        ("nothing but commas", "x-forwarded-for", full(",")),
        ("many elements", "forwarded", full("for=10.1.2.3,")),
        ("one element of many pairs", "forwarded", format!("{}for=10.1.2.3", full("by=a;"))),
        ("a long browser", "user-agent", full("Edg OPR Firefox FxiOS CriOS Chrome Safari ")),
        ("a browser that is nearly one", "user-agent", full("Chrome")),
        ("a long origin", "origin", full("http://127.0.0.1:3000")),
        ("a long site", "sec-fetch-site", full("same-origin")),
        ("a long type", "content-type", format!("application/json;{}", full("a=b;"))),
        ("what is accepted", "accept", full("text/event-strea,")),
        ("tags of what is known", "if-none-match", full("\"a\",")),
        ("a long range", "range", format!("bytes={}", full("0-1,"))),
        ("a long address", "referer", full("http://127.0.0.1:3000/")),
        ("a long language", "accept-language", full("de;q=0.1,")),
    ]
}
