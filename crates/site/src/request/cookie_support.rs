//! Whether the browser keeps our cookies. The forms that ring a phone ask this first: without cookies the person could
//! not go on, and the phone would ring at each try. Knows no session.

use std::convert::Infallible;

use axum::{
    extract::FromRequestParts,
    http::{HeaderMap, request::Parts},
};
use axum_extra::extract::cookie::{Cookie, CookieJar, SameSite};

use crate::{
    request::{caller::cookie_name, cookie::has_cookie},
    site::Site,
};

/// The query of a form that was sent again after the check cookie was set: a browser without any cookie now keeps none.
pub(crate) const CHECKED: &str = "cookies";

/// Evidence in a request that the browser keeps cookies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct CookieSupport {
    /// The request has the check cookie.
    checked: bool,
    /// A browser requests a page or sends a form.
    browser: bool,
    /// The conclusion for a form of this request.
    verdict: CookieCheck,
}

/// Whether a form can go on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum CookieCheck {
    /// The browser sent a cookie of ours, or this is a program.
    Kept,
    /// The browser sent none. It may have lost them: the form is to be sent again with the check cookie set.
    Unproven,
    /// The browser sent none right after one was set.
    Blocked,
}

impl CookieSupport {
    fn of(headers: &HeaderMap, query: Option<&str>, secure: bool) -> Self {
        let checked = has_cookie(headers, check_name(secure));
        let any = checked || has_cookie(headers, cookie_name(secure));
        let browser = headers.get("sec-fetch-mode").is_some_and(|mode| mode == "navigate");
        let verdict = match query {
            _ if any || !browser => CookieCheck::Kept,
            Some(CHECKED) => CookieCheck::Blocked,
            _ => CookieCheck::Unproven,
        };
        Self { checked, browser, verdict }
    }

    /// Whether the form of this request can go on.
    pub(crate) const fn verdict(self) -> CookieCheck {
        self.verdict
    }

    /// Sets the check cookie if the browser does not have it yet. It lasts until the browser is closed.
    pub(crate) fn check(self, site: &Site) -> CookieJar {
        if self.checked || !self.browser {
            return CookieJar::new();
        }
        let secure = site.is_secure();
        let cookie =
            Cookie::build((check_name(secure), "1")).path("/").http_only(true).secure(secure).same_site(SameSite::Lax);
        CookieJar::new().add(cookie.build())
    }
}

/// The name of the check cookie; with the prefix `__Host-` if browsers reach us by TLS.
const fn check_name(secure: bool) -> &'static str {
    if secure { "__Host-countersign-check" } else { "countersign-check" }
}

impl FromRequestParts<Site> for CookieSupport {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, site: &Site) -> Result<Self, Infallible> {
        Ok(Self::of(&parts.headers, parts.uri.query(), site.is_secure()))
    }
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    fn verdict(pairs: &[(&'static str, &[u8])], query: Option<&str>) -> CookieCheck {
        of(pairs, query, false)
    }

    fn of(pairs: &[(&'static str, &[u8])], query: Option<&str>, secure: bool) -> CookieCheck {
        let pairs = pairs.iter().map(|(name, value)| (name.parse().unwrap(), HeaderValue::from_bytes(value).unwrap()));
        CookieSupport::of(&pairs.collect(), query, secure).verdict()
    }

    #[test]
    fn a_browser_without_any_cookie_of_ours_is_checked_once() {
        let browser: (&str, &[u8]) = ("sec-fetch-mode", b"navigate");
        assert_eq!(verdict(&[browser], None), CookieCheck::Unproven);
        assert_eq!(verdict(&[browser, ("cookie", b"other=1")], Some("ended")), CookieCheck::Unproven);
        assert_eq!(verdict(&[browser], Some(CHECKED)), CookieCheck::Blocked);
    }

    #[test]
    fn the_check_cookie_or_a_session_shows_that_cookies_are_kept() {
        let browser: (&str, &[u8]) = ("sec-fetch-mode", b"navigate");
        for cookie in [&b"countersign-check=1"[..], b"a=Jos\xe9; countersign=x"] {
            assert_eq!(of(&[browser, ("cookie", cookie)], Some(CHECKED), false), CookieCheck::Kept);
        }
        for cookie in [&b"__Host-countersign-check=1"[..], b"a=Jos\xe9; __Host-countersign=x"] {
            assert_eq!(of(&[browser, ("cookie", cookie)], Some(CHECKED), true), CookieCheck::Kept);
        }
        assert_eq!(of(&[browser, ("cookie", b"x-countersign=1")], Some(CHECKED), false), CookieCheck::Blocked);
    }

    #[test]
    fn a_program_needs_no_cookie() {
        assert_eq!(verdict(&[], None), CookieCheck::Kept);
        assert_eq!(verdict(&[("sec-fetch-mode", b"cors")], Some(CHECKED)), CookieCheck::Kept);
    }
}
