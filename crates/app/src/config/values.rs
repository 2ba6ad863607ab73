//! Reads single values of the configuration. Each complaint completes a sentence that begins with the name of the
//! variable or key, says what the value must be, and never repeats the value.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::ops::RangeInclusive;
use std::path::PathBuf;

use approval::Secret;
use hub::SignUpMode;
use provider::{CallbackUrl, Method};
use serde::de::Error as _;
use serde::{Deserialize as _, Deserializer};
use site::{ForwardedHeader, TrustedProxies};
use toml::Value;
use url::{Host, Url};

use crate::database::DatabaseUrl;

/// How log lines are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum LogFormat {
    /// For people.
    Text,
    /// One JSON object a line.
    Json,
}

/// The error for a value with an invisible character, usually copied along with it.
const UNSEEN: &str = "has a character in it that cannot be seen; type it instead of pasting it";

/// True for an invisible character that belongs in no value. Control characters have an error of their own.
pub(super) fn is_unseen(character: char) -> bool {
    !character.is_control() && hub::has_hidden(character.encode_utf8(&mut [0; 4]))
}

pub(super) fn text<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    match Value::deserialize(deserializer) {
        Ok(Value::String(text)) if text.chars().any(is_unseen) => Err(D::Error::custom(UNSEEN)),
        Ok(Value::String(text)) => Ok(text),
        _ => Err(D::Error::custom("must be a text in quotes")),
    }
}

pub(super) fn secret<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Secret, D::Error> {
    let secret = text(deserializer)?;
    if secret.trim().is_empty() { Err(D::Error::custom("must not be blank")) } else { Ok(Secret::new(secret)) }
}

pub(super) fn callback_url<'de, D: Deserializer<'de>>(deserializer: D) -> Result<CallbackUrl, D::Error> {
    let url = text(deserializer)?.parse();
    url.map_err(|_| D::Error::custom("must be a whole URL, http:// or https://, without blanks, user or password"))
}

pub(super) fn path<'de, D: Deserializer<'de>>(deserializer: D) -> Result<PathBuf, D::Error> {
    text(deserializer).map(PathBuf::from)
}

pub(super) fn name<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    let name = text(deserializer)?;
    let fits = name.chars().count() <= 40 && !name.trim().is_empty() && !name.contains(char::is_control);
    if fits { Ok(name) } else { Err(D::Error::custom("must be one line of 1 to 40 characters")) }
}

pub(super) fn host<'de, D: Deserializer<'de>>(deserializer: D) -> Result<IpAddr, D::Error> {
    match text(deserializer)?.as_str() {
        "localhost" => Ok(Ipv4Addr::LOCALHOST.into()),
        other => other.parse().map_err(|_| D::Error::custom("must be an IP address or localhost")),
    }
}

pub(super) fn port<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u16, D::Error> {
    number(deserializer, 0..=u16::MAX)
}

pub(super) fn seconds<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u32, D::Error> {
    number(deserializer, 6..=600)
}

pub(super) fn few<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u32, D::Error> {
    number(deserializer, 1..=1000)
}

pub(super) fn count<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u32, D::Error> {
    number(deserializer, 1..=1_000_000)
}

pub(super) fn wait<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u32, D::Error> {
    number(deserializer, 0..=600)
}

/// How long a session lasts. Its use is written down once a minute, so nothing much shorter would be told apart.
pub(super) fn session_seconds<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u32, D::Error> {
    number(deserializer, 300..=2_592_000)
}

/// How long a connection may be idle.
pub(super) fn keep_alive<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u32, D::Error> {
    number(deserializer, 1..=7200)
}

pub(super) fn drain<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u32, D::Error> {
    number(deserializer, 0..=30)
}

pub(super) fn days<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u32, D::Error> {
    number(deserializer, 0..=36_500)
}

pub(super) fn milliseconds<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u32, D::Error> {
    number(deserializer, 100..=60_000)
}

/// Copies of each message that NATS keeps: an odd number, so that there is a majority.
pub(super) fn replicas<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u8, D::Error> {
    let replicas = number(deserializer, 1..=5)?;
    if replicas % 2 == 1 { Ok(replicas) } else { Err(D::Error::custom("must be 1, 3 or 5")) }
}

pub(super) fn megabytes<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u32, D::Error> {
    number(deserializer, 1..=1_000_000)
}

/// On or off: true or false in a file, these words in a variable.
pub(super) fn switch<'de, D: Deserializer<'de>>(deserializer: D) -> Result<bool, D::Error> {
    match Value::deserialize(deserializer) {
        Ok(Value::Boolean(on)) => Ok(on),
        Ok(Value::String(word)) if word == "true" => Ok(true),
        Ok(Value::String(word)) if word == "false" => Ok(false),
        _ => Err(D::Error::custom("must be true or false")),
    }
}

/// Where to listen: an IP address and a port.
pub(super) fn address<'de, D: Deserializer<'de>>(deserializer: D) -> Result<SocketAddr, D::Error> {
    let address = text(deserializer)?.parse();
    address.map_err(|_| D::Error::custom("must be an IP address and a port, as in 127.0.0.1:9000"))
}

/// Proxies that are believed about who asks.
pub(super) fn proxies<'de, D: Deserializer<'de>>(deserializer: D) -> Result<TrustedProxies, D::Error> {
    let proxies = text(deserializer)?.parse();
    proxies
        .map_err(|_| D::Error::custom("must be IP addresses or networks, as in 10.0.0.0/8, with commas between them"))
}

/// Host names in lower case, as in a `Host` header without its port.
pub(super) fn host_names<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<String>, D::Error> {
    let text = text(deserializer)?;
    let names: Vec<_> = text.split(',').map(|name| name.trim().to_ascii_lowercase()).collect();
    // Parsed as in a URL, so that a name that can never match is refused here.
    let fits = |name: &String| Host::parse(name).is_ok_and(|host| host.to_string() == *name);
    if names.iter().all(fits) {
        Ok(names)
    } else {
        Err(D::Error::custom("must be names of hosts without a port, as in simulator, with commas between them"))
    }
}

/// The header that they write.
pub(super) fn forwarded_header<'de, D: Deserializer<'de>>(deserializer: D) -> Result<ForwardedHeader, D::Error> {
    match text(deserializer)?.as_str() {
        "X-Forwarded-For" => Ok(ForwardedHeader::XForwardedFor),
        "Forwarded" => Ok(ForwardedHeader::Forwarded),
        _ => Err(D::Error::custom("must be X-Forwarded-For or Forwarded")),
    }
}

/// Parses the mode of sign-ups.
pub(super) fn sign_up<'de, D: Deserializer<'de>>(deserializer: D) -> Result<SignUpMode, D::Error> {
    match text(deserializer)?.as_str() {
        "open" => Ok(SignUpMode::Open),
        "invited" => Ok(SignUpMode::Invited),
        "closed" => Ok(SignUpMode::Closed),
        _ => Err(D::Error::custom("must be open, invited or closed")),
    }
}

/// An address of an HTTP service.
pub(super) fn url<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Url, D::Error> {
    let url = Url::parse(&text(deserializer)?).ok().filter(|url| matches!(url.scheme(), "http" | "https"));
    url.ok_or_else(|| D::Error::custom("must be a URL that begins with http:// or https://"))
}

/// The address of a whole web site. Browsers keep no session for one without TLS, but on their own machine.
pub(super) fn origin<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Url, D::Error> {
    let url = url(deserializer)?;
    let bare = url.path() == "/" && url.query().is_none() && url.fragment().is_none();
    let bare = bare && url.username().is_empty() && url.password().is_none();
    if !bare {
        return Err(D::Error::custom("must be http:// or https:// and a host, with nothing after it"));
    }
    if url.scheme() == "http" && !site::is_loopback(&url) {
        return Err(D::Error::custom("must begin with https://, unless it is on this machine"));
    }
    Ok(url)
}

pub(super) fn database<'de, D: Deserializer<'de>>(deserializer: D) -> Result<DatabaseUrl, D::Error> {
    let url = DatabaseUrl::parse(text(deserializer)?);
    url.ok_or_else(|| D::Error::custom("must be sqlite: followed by the path of a file"))
}

pub(super) fn callback_method<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Method, D::Error> {
    match text(deserializer)?.as_str() {
        "POST" => Ok(Method::Post),
        "GET" => Ok(Method::Get),
        _ => Err(D::Error::custom("must be POST or GET")),
    }
}

pub(super) fn log_format<'de, D: Deserializer<'de>>(deserializer: D) -> Result<LogFormat, D::Error> {
    match text(deserializer)?.as_str() {
        "text" => Ok(LogFormat::Text),
        "json" => Ok(LogFormat::Json),
        _ => Err(D::Error::custom("must be text or json")),
    }
}

/// A whole number in `range`: a number in a file, digits in a variable.
fn number<'de, D, N>(deserializer: D, range: RangeInclusive<N>) -> Result<N, D::Error>
where
    D: Deserializer<'de>,
    N: TryFrom<i64> + PartialOrd + std::fmt::Display,
{
    let number = match Value::deserialize(deserializer) {
        Ok(Value::Integer(number)) => Some(number),
        Ok(Value::String(digits)) => digits.parse().ok(),
        _ => None,
    };
    let number = number.and_then(|number| N::try_from(number).ok()).filter(|number| range.contains(number));
    number.ok_or_else(|| D::Error::custom(format!("must be a whole number from {} to {}", range.start(), range.end())))
}
