//! Names the browser and the system of a request, for a person who compares them on the phone. If the headers do not
//! identify the browser, the name is general, never that of another browser. Knows neither address nor session.

use axum::http::{HeaderMap, header};

/// Bytes of a header that are read; real values are about half as long.
const READ_BYTES: usize = 512;
/// Where Chromium browsers list their brands (User-Agent Client Hints, 3.1).
const BRANDS: &str = "sec-ch-ua";

/// Tokens of the `User-Agent` and the browsers that send them. Order matters: most browsers also send tokens of
/// browsers further down.
const TOKENS: [(&str, &str); 28] = [
    ("EdgA/", "Edge"),
    ("EdgiOS/", "Edge"),
    ("Edg/", "Edge"),
    ("Edge/", "Edge"),
    ("OPR/", "Opera"),
    ("OPT/", "Opera"),
    ("OPX/", "Opera"),
    ("OPiOS/", "Opera"),
    ("Opera", "Opera"),
    ("SamsungBrowser/", "Samsung Internet"),
    ("YaBrowser/", "Yandex Browser"),
    ("YaSearchBrowser/", "Yandex app"),
    ("Vivaldi/", "Vivaldi"),
    ("Brave/", "Brave"),
    ("DuckDuckGo/", "DuckDuckGo"),
    ("Ddg/", "DuckDuckGo"),
    ("UCBrowser/", "UC Browser"),
    ("MiuiBrowser/", "Mi Browser"),
    ("HuaweiBrowser/", "Huawei Browser"),
    ("Whale/", "Whale"),
    ("Silk/", "Silk"),
    ("Ecosia", "Ecosia"),
    ("GSA/", "Google app"),
    ("Focus/", "Firefox Focus"),
    ("Klar/", "Firefox Klar"),
    ("FxiOS/", "Firefox"),
    ("CriOS/", "Chrome"),
    ("SeaMonkey/", "SeaMonkey"),
];

/// Brands of the client hints and the browsers that send them; every Chromium browser also sends "Chromium".
const NAMED_BRANDS: [(&str, &str); 9] = [
    ("Android WebView", AN_APP),
    ("Microsoft Edge", "Edge"),
    ("Opera", "Opera"),
    ("Samsung Internet", "Samsung Internet"),
    ("Yandex", "Yandex Browser"),
    ("YaBrowser", "Yandex Browser"),
    ("Vivaldi", "Vivaldi"),
    ("Brave", "Brave"),
    ("DuckDuckGo", "DuckDuckGo"),
];

/// The tokens of plain Chrome, Firefox and Safari. Any other token means another browser.
const PLAIN_TOKENS: [&str; 10] =
    ["Mozilla", "AppleWebKit", "Chrome", "HeadlessChrome", "Safari", "Mobile", "Version", "Gecko", "Firefox", "Fedora"];

const SYSTEMS: [(&str, &str); 7] = [
    ("Android", "Android"),
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Windows", "Windows"),
    ("Macintosh", "macOS"),
    ("CrOS", "ChromeOS"),
    ("Linux", "Linux"),
];

const AN_APP: &str = "An app";
const A_BROWSER: &str = "A browser";
const A_PROGRAM: &str = "A program";

/// The browser and the system, as in `Firefox on Linux`.
pub(super) fn browser_name(headers: &HeaderMap) -> String {
    let agent = text(headers, header::USER_AGENT.as_str());
    let Some(browser) = browser(&agent, &text(headers, BRANDS)) else { return A_PROGRAM.to_owned() };
    match system(&agent, browser) {
        Some(system) => format!("{browser} on {system}"),
        None => browser.to_owned(),
    }
}

/// The beginning of a header: at most [`READ_BYTES`].
fn text(headers: &HeaderMap, name: &str) -> String {
    let bytes = headers.get(name).map_or(&[][..], axum::http::HeaderValue::as_bytes);
    String::from_utf8_lossy(&bytes[..bytes.len().min(READ_BYTES)]).into_owned()
}

/// The browser's name; `None` if the client does not call itself a browser.
fn browser(agent: &str, brands: &str) -> Option<&'static str> {
    let has = |token: &str| agent.contains(token);
    if !has("Mozilla/") && !has("Opera") {
        return None;
    }
    let by_token = TOKENS.iter().find(|(token, _)| has(token)).map(|(_, name)| *name);
    // The brand is needed too: Brave and Vivaldi send the `User-Agent` of Chrome.
    let by_brand = NAMED_BRANDS.iter().find(|(brand, _)| brands.contains(&format!("\"{brand}\""))).map(|one| one.1);
    by_token.or(by_brand).or_else(|| is_embedded(agent).then_some(AN_APP)).or_else(|| Some(plain(agent, brands)))
}

/// True if the page is shown inside an app.
fn is_embedded(agent: &str) -> bool {
    let apple = ["iPhone", "iPad"].iter().any(|device| agent.contains(device));
    agent.contains("; wv)") || (apple && !agent.contains("Safari/"))
}

/// The name of a browser without a special token or brand.
fn plain(agent: &str, brands: &str) -> &'static str {
    if has_other_tokens(agent) {
        return A_BROWSER;
    }
    let has = |token: &str| agent.contains(token);
    if has("Firefox/") {
        "Firefox"
    } else if has("Chrome/") {
        // Other Chromium browsers lack Chrome's brand here, unless they imitate Chrome on purpose.
        if brands.contains("\"Chromium\"") && !brands.contains("Chrome\"") { "A Chromium browser" } else { "Chrome" }
    } else if has("Safari/") && has("Version/") {
        "Safari"
    } else {
        A_BROWSER
    }
}

/// True if there is a product token (RFC 9110, 10.1.5) that plain browsers do not send, outside of comments in
/// brackets.
fn has_other_tokens(agent: &str) -> bool {
    let mut depth = 0_usize;
    let outside = agent.replace(
        |sign: char| {
            match sign {
                '(' => depth += 1,
                ')' => depth = depth.saturating_sub(1),
                _ => {}
            }
            depth > 0 || sign == ')'
        },
        " ",
    );
    outside.split_whitespace().any(|token| {
        let product = token.split('/').next().unwrap_or_default();
        !PLAIN_TOKENS.contains(&product)
    })
}

/// The system that `agent` names. An iPad calls itself a Mac, except in a browser with a token that only iPhones and
/// iPads send.
fn system(agent: &str, browser: &str) -> Option<&'static str> {
    let named = SYSTEMS.iter().find(|(part, _)| agent.contains(part)).map(|(_, name)| *name)?;
    if named != "macOS" {
        return Some(named);
    }
    let on_ios = ["CriOS/", "FxiOS/", "EdgiOS/", "OPT/", "OPX/", "OPiOS/", "GSA/"];
    Some(match browser {
        _ if on_ios.iter().any(|token| agent.contains(token)) => "iPad",
        _ if agent.contains("Chrome/") || agent.contains("Firefox/") => "macOS",
        _ => "Mac or iPad",
    })
}

#[cfg(test)]
mod tests;
