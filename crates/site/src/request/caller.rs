//! Whose request it is: the cookie that holds the session's token. Knows no rule of sessions.

use axum::{
    extract::FromRequestParts,
    http::{HeaderMap, request::Parts},
};
use axum_extra::extract::cookie::{Cookie, CookieJar, SameSite};
use hub::{Token, caller::MaybeCaller, steps::proof::Confirmed};

use crate::{answer::problem::Problem, request::cookie::cookie, site::Site};

/// The cookie that holds `token`, of a session that is confirmed or pending.
pub(crate) fn session_cookie(site: &Site, token: &Token, confirmed: bool) -> Cookie<'static> {
    let secure = site.is_secure();
    Cookie::build((cookie_name(secure), token.expose().to_owned()))
        .path("/")
        .http_only(true)
        .secure(secure)
        .same_site(SameSite::Lax)
        .max_age(site.hub.session_life(confirmed))
        .build()
}

/// The cookie that takes the token away: only for a sign-out.
pub(crate) fn no_cookie(site: &Site) -> Cookie<'static> {
    let mut cookie = session_cookie(site, &Token::shown(""), false);
    cookie.make_removal();
    cookie
}

/// What a browser's cookies become when its session is confirmed.
pub(crate) fn confirmed_cookies(site: &Site, confirmed: &Confirmed) -> CookieJar {
    match confirmed {
        Confirmed::With(token) => CookieJar::new().add(session_cookie(site, token, true)),
        Confirmed::Already => CookieJar::new(),
    }
}

impl FromRequestParts<Site> for MaybeCaller {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, site: &Site) -> Result<Self, Problem> {
        match token(site, &parts.headers) {
            Some(token) => Ok(Self::of(&site.hub, token).await?),
            None => Ok(Self(None)),
        }
    }
}

/// The token in the request's cookie, valid or not. A value of another length is no token, and nothing looks it up.
pub(crate) fn token(site: &Site, headers: &HeaderMap) -> Option<Token> {
    let value = cookie(headers, cookie_name(site.is_secure()));
    value.filter(|value| value.len() == Token::LENGTH).map(Token::shown)
}

/// `__Host-` makes browsers refuse the cookie from any other host or path (RFC 6265bis, 4.1.3.2); it needs `Secure`.
pub(crate) const fn cookie_name(secure: bool) -> &'static str {
    if secure { "__Host-countersign" } else { "countersign" }
}
