//! The names of real browsers, by the headers that they send.

use super::*;

const CHROME: &str = "AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0";
const SAFARI: &str = "AppleWebKit/605.1.15 (KHTML, like Gecko)";
const ANDROID: &str = "Mozilla/5.0 (Linux; Android 10; K)";
const WINDOWS: &str = "Mozilla/5.0 (Windows NT 10.0; Win64; x64)";
const MAC: &str = "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7)";
const IPHONE: &str = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X)";
const IPAD: &str = "Mozilla/5.0 (iPad; CPU OS 18_0 like Mac OS X)";

fn name(agent: &str, brands: &str) -> String {
    let mut headers = HeaderMap::new();
    headers.insert(header::USER_AGENT, agent.parse().unwrap());
    if !brands.is_empty() {
        headers.insert(BRANDS, brands.parse().unwrap());
    }
    browser_name(&headers)
}

#[test]
fn browsers_are_named_as_people_know_them() {
    for (agent, wanted) in [
        ("Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0".to_owned(), "Firefox on Linux"),
        ("Mozilla/5.0 (Android 14; Mobile; rv:140.0) Gecko/140.0 Firefox/140.0".to_owned(), "Firefox on Android"),
        (format!("{WINDOWS} {CHROME} Safari/537.36"), "Chrome on Windows"),
        (format!("{ANDROID} {CHROME} Mobile Safari/537.36"), "Chrome on Android"),
        (format!("{MAC} {CHROME} Safari/537.36"), "Chrome on macOS"),
        (format!("{WINDOWS} {CHROME} Safari/537.36 Edg/140.0"), "Edge on Windows"),
        (format!("{ANDROID} {CHROME} Mobile Safari/537.36 EdgA/140.0"), "Edge on Android"),
        (format!("{IPHONE} {SAFARI} Version/18.0 EdgiOS/140.0 Mobile/15E148 Safari/604.1"), "Edge on iPhone"),
        (format!("{IPHONE} {SAFARI} Version/18.0 Mobile/15E148 Safari/604.1"), "Safari on iPhone"),
        (format!("{IPHONE} {SAFARI} CriOS/140.0 Mobile/15E148 Safari/604.1"), "Chrome on iPhone"),
        (format!("{IPAD} {SAFARI} FxiOS/140.0 Mobile/15E148 Safari/605.1.15"), "Firefox on iPad"),
        (format!("{MAC} {CHROME} Safari/537.36 OPR/120.0"), "Opera on macOS"),
        (format!("{IPHONE} {SAFARI} Version/18.0 Mobile/15E148 Safari/604.1 OPT/5.0"), "Opera on iPhone"),
        ("Opera/9.80 (Android; Opera Mini/36.2/191; U; en) Presto/2.12 Version/12.16".to_owned(), "Opera on Android"),
        (
            format!(
                "{ANDROID} AppleWebKit/537.36 (KHTML, like Gecko) SamsungBrowser/28.0 Chrome/130.0.0.0 Mobile Safari/537.36"
            ),
            "Samsung Internet on Android",
        ),
        (
            format!(
                "{WINDOWS} AppleWebKit/537.36 (KHTML, like Gecko) Chrome/138.0.0.0 YaBrowser/25.8 Yowser/2.5 Safari/537.36"
            ),
            "Yandex Browser on Windows",
        ),
        (format!("{WINDOWS} {CHROME} Safari/537.36 Vivaldi/7.6"), "Vivaldi on Windows"),
        (format!("{MAC} {SAFARI} Version/18.0 Safari/605.1.15 Ddg/18.0"), "DuckDuckGo on Mac or iPad"),
    ] {
        assert_eq!(name(&agent, ""), wanted, "{agent}");
    }
}

#[test]
fn a_brand_names_a_browser_that_calls_itself_chrome() {
    let agent = format!("{WINDOWS} {CHROME} Safari/537.36");
    for (brand, wanted) in [
        ("Google Chrome", "Chrome on Windows"),
        ("HeadlessChrome", "Chrome on Windows"),
        ("Brave", "Brave on Windows"),
        ("Vivaldi", "Vivaldi on Windows"),
        ("Opera", "Opera on Windows"),
        ("Yandex", "Yandex Browser on Windows"),
        ("Some Browser", "A Chromium browser on Windows"),
    ] {
        let brands = format!(r#""Not?A_Brand";v="24", "Chromium";v="140", "{brand}";v="140""#);
        assert_eq!(name(&agent, &brands), wanted);
    }
    let alone = r#""Chromium";v="140", "Not=A?Brand";v="24""#;
    assert_eq!(name(&agent, alone), "A Chromium browser on Windows");
}

#[test]
fn an_ipad_that_calls_itself_a_mac_is_not_said_to_be_one() {
    assert_eq!(name(&format!("{MAC} {SAFARI} Version/18.0 Safari/605.1.15"), ""), "Safari on Mac or iPad");
    assert_eq!(name(&format!("{MAC} {SAFARI} CriOS/140 Version/18.0 Safari/605.1.15"), ""), "Chrome on iPad");
}

#[test]
fn a_page_inside_an_app_is_not_said_to_be_in_a_browser() {
    for (agent, wanted) in [
        ("Mozilla/5.0 (Linux; Android 14; Pixel 8 Build/U; wv) AppleWebKit/537.36 (KHTML, like Gecko) Version/4.0 Chrome/140.0 Mobile Safari/537.36".to_owned(), "An app on Android"),
        (format!("{IPHONE} {SAFARI} Mobile/15E148"), "An app on iPhone"),
        (format!("{IPHONE} {SAFARI} Mobile/15E148 [FBAN/FBIOS;FBAV/400.0]"), "An app on iPhone"),
    ] {
        assert_eq!(name(&agent, ""), wanted, "{agent}");
    }
}

#[test]
fn an_unknown_browser_gets_no_name_of_another_one() {
    for (agent, wanted) in [
        (format!("{ANDROID} {CHROME} Mobile Safari/537.36 NewBrowser/1.0"), "A browser on Android"),
        (format!("{MAC} {SAFARI} Version/18.0 Safari/605.1.15 NewBrowser/1.0"), "A browser on Mac or iPad"),
        (
            "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0 NewBrowser/1.0".to_owned(),
            "A browser on Linux",
        ),
        ("Mozilla/5.0".to_owned(), "A browser"),
        ("curl/8.0".to_owned(), "A program"),
    ] {
        assert_eq!(name(&agent, ""), wanted, "{agent}");
    }
    assert_eq!(browser_name(&HeaderMap::new()), "A program");
}

#[test]
fn only_the_beginning_of_a_long_header_is_read() {
    let mut headers = HeaderMap::new();
    let agent = format!("{WINDOWS} {CHROME} Safari/537.36 {} Vivaldi/7.6", "é".repeat(8000));
    headers.insert(header::USER_AGENT, header::HeaderValue::from_bytes(agent.as_bytes()).unwrap());
    assert!(text(&headers, header::USER_AGENT.as_str()).chars().count() <= READ_BYTES);
    assert_eq!(browser_name(&headers), "A browser on Windows");
}
