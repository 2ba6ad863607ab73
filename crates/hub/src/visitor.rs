//! Who is asking: the session behind the cookie, the browser and the place, in words.

use std::net::{IpAddr, SocketAddr};

use approval::{Approval, ApprovalId, Purpose};
use axum::{
    extract::{ConnectInfo, FromRequestParts},
    http::{HeaderMap, header, request::Parts},
};
use axum_extra::extract::cookie::{Cookie, CookieJar, SameSite};
use storage::{Session, Via};
use time::Duration;

use crate::{hub::Hub, problem::Problem, proof::Confirmed, settings::PENDING_SESSION, token::Token};

/// A live session and the token that was shown for it.
#[derive(Debug, Clone)]
pub(crate) struct Caller {
    pub(crate) session: Session,
    pub(crate) token: Token,
}

/// The caller, where there is one. The token before counts here; only repeating its proof may use it.
#[derive(Debug, Clone)]
pub(crate) struct MaybeCaller(pub(crate) Option<Caller>);

/// The browser and the place a request comes from, in words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Visitor {
    /// As in `Firefox on Linux`.
    pub(crate) browser: String,
    /// As in `203.0.113.7`.
    pub(crate) place: String,
    /// The address itself, where the connection has one.
    pub(crate) address: Option<IpAddr>,
}

impl Visitor {
    /// What of the address counts for limits: a provider gives each of its customers a /64 of IPv6, so all addresses
    /// in one are taken for one.
    pub(crate) fn network(&self) -> String {
        match self.address.map(|address| address.to_canonical()) {
            None => "unknown".to_owned(),
            Some(IpAddr::V4(address)) => address.to_string(),
            Some(IpAddr::V6(address)) => {
                let [a, b, c, d, ..] = address.segments();
                format!("{a:x}:{b:x}:{c:x}:{d:x}::/64")
            }
        }
    }
}

impl Caller {
    /// Whether a proof has confirmed the session.
    pub(crate) const fn is_confirmed(&self) -> bool {
        self.session.confirmed_at.is_some()
    }

    /// The approval, if it is this session's; of all others nobody learns that they exist.
    pub(crate) async fn own(&self, hub: &Hub, id: ApprovalId) -> Result<Approval, Problem> {
        let approval = hub.storage.approval(id).await?;
        approval.filter(|approval| approval.session == self.session.id).ok_or_else(Problem::not_found)
    }

    /// The approval, if it is this session's, or a transaction of the same person who is in elsewhere now: to look at,
    /// not to act on.
    pub(crate) async fn sees(&self, hub: &Hub, id: ApprovalId) -> Result<Approval, Problem> {
        let approval = hub.storage.approval(id).await?;
        let elsewhere = |approval: &Approval| {
            self.is_confirmed() && approval.user == self.session.user && approval.purpose == Purpose::Transaction
        };
        let seen = approval.filter(|approval| approval.session == self.session.id || elsewhere(approval));
        seen.ok_or_else(Problem::not_found)
    }

    /// Whether the session is a sign-up's: its account waits for the phone to be proven.
    pub(crate) const fn is_sign_up(&self) -> bool {
        !self.session.active
    }

    /// What a browser's cookies become with a confirmed session.
    pub(crate) fn confirmed_cookies(hub: &Hub, confirmed: &Confirmed) -> CookieJar {
        match confirmed {
            Confirmed::With(token) => CookieJar::new().add(Self::cookie(hub, token, true)),
            Confirmed::Already => CookieJar::new(),
        }
    }

    /// The cookie that holds `token`.
    pub(crate) fn cookie(hub: &Hub, token: &Token, confirmed: bool) -> Cookie<'static> {
        let secure = is_secure(hub);
        let age: Duration = if confirmed { hub.settings.session() } else { PENDING_SESSION };
        Cookie::build((cookie_name(secure), token.expose().to_owned()))
            .path("/")
            .http_only(true)
            .secure(secure)
            .same_site(SameSite::Lax)
            .max_age(age)
            .build()
    }

    /// The cookie that takes the token away: only for a sign-out.
    pub(crate) fn no_cookie(hub: &Hub) -> Cookie<'static> {
        let mut cookie = Self::cookie(hub, &Token::shown(""), false);
        cookie.make_removal();
        cookie
    }
}

impl MaybeCaller {
    /// The caller by the token in force.
    pub(crate) fn current(self) -> Option<Caller> {
        self.0.filter(|caller| caller.session.via == Via::Current)
    }

    /// The caller by the token in force, or the problem of having none.
    pub(crate) fn required(self) -> Result<Caller, Problem> {
        self.current().ok_or_else(Problem::no_session)
    }

    /// The caller by the token in force, if a proof has confirmed the session, or the problem of having none.
    pub(crate) fn confirmed(self) -> Result<Caller, Problem> {
        self.current().filter(Caller::is_confirmed).ok_or_else(Problem::no_session)
    }

    /// The session behind a token.
    pub(crate) async fn of(hub: &Hub, token: Token) -> Result<Self, Problem> {
        let session = hub.storage.session(token.hash()).await?;
        Ok(Self(session.map(|session| Caller { session, token })))
    }
}

impl FromRequestParts<Hub> for MaybeCaller {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, hub: &Hub) -> Result<Self, Problem> {
        let jar = CookieJar::from_headers(&parts.headers);
        match jar.get(cookie_name(is_secure(hub))) {
            Some(cookie) => Self::of(hub, Token::shown(cookie.value())).await,
            None => Ok(Self(None)),
        }
    }
}

impl FromRequestParts<Hub> for Visitor {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _hub: &Hub) -> Result<Self, Problem> {
        let address = parts.extensions.get::<ConnectInfo<SocketAddr>>().map(|info| info.0.ip());
        Ok(Self { browser: browser(&parts.headers), place: place(address), address })
    }
}

/// Browsers keep cookies for loopback without TLS only if they are not `Secure`.
fn is_secure(hub: &Hub) -> bool {
    !hub.origins.is_loopback()
}

/// `__Host-` makes browsers refuse the cookie from any other host or path (RFC 6265bis, 4.1.3.2); it needs `Secure`.
pub(crate) const fn cookie_name(secure: bool) -> &'static str {
    if secure { "__Host-countersign" } else { "countersign" }
}

fn place(address: Option<IpAddr>) -> String {
    match address.map(|address| address.to_canonical()) {
        None => "an unknown place".to_owned(),
        Some(address) if address.is_loopback() => "This computer".to_owned(),
        Some(address) => address.to_string(),
    }
}

/// Names the browser and the system; a rough word is enough for a person to know their own.
fn browser(headers: &HeaderMap) -> String {
    let agent = headers.get(header::USER_AGENT).and_then(|value| value.to_str().ok()).unwrap_or_default();
    // In this order: most browsers also carry the names of those below them.
    let browsers = [
        ("Edg", "Edge"),
        ("OPR/", "Opera"),
        ("Firefox/", "Firefox"),
        ("FxiOS/", "Firefox"),
        ("CriOS/", "Chrome"),
        ("Chrome/", "Chrome"),
        ("Safari/", "Safari"),
    ];
    let systems = [
        ("Android", "Android"),
        ("iPhone", "iPhone"),
        ("iPad", "iPad"),
        ("Windows", "Windows"),
        ("Mac OS X", "macOS"),
        ("CrOS", "ChromeOS"),
        ("Linux", "Linux"),
    ];
    let named =
        |words: &[(&str, &'static str)]| words.iter().find(|(part, _)| agent.contains(part)).map(|(_, name)| *name);
    match (named(&browsers), named(&systems)) {
        (Some(browser), Some(system)) => format!("{browser} on {system}"),
        (Some(browser), None) => browser.to_owned(),
        (None, _) => "A program".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn browsers_are_named_as_people_know_them() {
        let name = |agent: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(header::USER_AGENT, agent.parse().unwrap());
            browser(&headers)
        };
        assert_eq!(name("Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"), "Firefox on Linux");
        assert_eq!(
            name(
                "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0 Safari/537.36 Edg/140.0"
            ),
            "Edge on Windows"
        );
        assert_eq!(
            name(
                "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1 (KHTML, like Gecko) Version/18.0 Mobile Safari/604.1"
            ),
            "Safari on iPhone"
        );
        assert_eq!(name("curl/8.0"), "A program");
        assert_eq!(browser(&HeaderMap::new()), "A program");
    }

    #[test]
    fn a_place_is_an_address_or_this_computer() {
        assert_eq!(place(Some("::ffff:127.0.0.1".parse().unwrap())), "This computer");
        assert_eq!(place(Some("203.0.113.7".parse().unwrap())), "203.0.113.7");
    }

    #[test]
    fn an_ipv6_client_counts_by_its_64_and_an_ipv4_one_by_itself_however_it_is_written() {
        let network = |address: &str| {
            let address = address.parse().ok();
            Visitor { browser: String::new(), place: String::new(), address }.network()
        };
        assert_eq!(network("2001:db8:1:2:3:4:5:6"), "2001:db8:1:2::/64");
        assert_eq!(network("2001:db8:1:2::1"), network("2001:db8:1:2:ffff::9"));
        assert_ne!(network("2001:db8:1:3::1"), network("2001:db8:1:2::1"));
        assert_eq!(network("::ffff:203.0.113.7"), "203.0.113.7");
        assert_eq!(network("203.0.113.7"), "203.0.113.7");
    }
}
