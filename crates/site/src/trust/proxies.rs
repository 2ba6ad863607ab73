//! Whose address a request has behind proxies. A forwarded header is anybody's to write, so it is read only when the
//! connection itself comes from a proxy that the operator trusts, and only from its end, where that proxy wrote.

use std::borrow::Cow;
use std::net::{IpAddr, SocketAddr};
use std::str::FromStr;

use axum::http::{HeaderMap, HeaderName, header};
use ipnet::{IpNet, Ipv4Net};
use thiserror::Error;

use crate::trust::forwarded;

/// The proxies that are believed about who asks, and the header that they write it into.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Proxies {
    /// Their addresses; none, and no header is read.
    pub trusted: TrustedProxies,
    /// The header.
    pub header: ForwardedHeader,
}

/// Addresses and networks of proxies.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TrustedProxies(Vec<IpNet>);

/// The header in which proxies name whom they ask for. One, and no other: a proxy that writes the one may pass on what
/// a client wrote into the other.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum ForwardedHeader {
    /// `X-Forwarded-For`, which nearly all proxies write.
    #[default]
    XForwardedFor,
    /// `Forwarded` (RFC 7239).
    Forwarded,
}

/// Something in a list of proxies that is neither an address nor a network.
#[derive(Debug, Error)]
#[error("neither an address nor a network")]
pub struct NoNetwork;

/// A trusted proxy does not tell whom it asks for, or not in words that can be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Untold;

/// More trusted proxies in a row are refused. No installation has so many; a client inside a trusted network could list
/// thousands.
const MOST_HOPS: usize = 32;
/// The longest element of a list that is read, in bytes. An address has 45 characters at most, beside a few short
/// pairs.
const LONGEST_HOP: usize = 512;

impl Proxies {
    /// Whose request it is that came from `peer`: the peer itself, or, from a trusted proxy, the last one in its header
    /// that is no such proxy.
    ///
    /// # Errors
    /// [`Untold`] when a trusted proxy sent no client address, or one that cannot be parsed, or more trusted proxies in
    /// a row than are allowed.
    pub fn client(&self, peer: IpAddr, headers: &HeaderMap) -> Result<IpAddr, Untold> {
        if !self.trusted.contains(peer) {
            return Ok(peer);
        }
        let mut client = Err(Untold);
        let mut left = MOST_HOPS;
        // Several headers of one name are one list (RFC 9110, 5.3). It is read from its end and no further than needed:
        // what stands before may be a stranger's, and shall not make ours unreadable.
        let values = headers.get_all(self.header.name()).iter().rev();
        let hops = values.flat_map(|value| value.as_bytes().rsplit(|byte| *byte == b','));
        // Empty elements are ignored (RFC 9110, 5.6.1), but they count for the limit, because a client may send
        // thousands.
        for hop in hops {
            left = left.checked_sub(1).ok_or(Untold)?;
            if hop.trim_ascii().is_empty() {
                continue;
            }
            let named = self.header.address(hop).ok_or(Untold)?;
            client = Ok(named);
            if !self.trusted.contains(named) {
                break;
            }
        }
        client
    }
}

impl TrustedProxies {
    /// True if `address` is one of these proxies.
    #[must_use]
    pub fn contains(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        self.0.iter().any(|network| network.contains(&address))
    }
}

impl ForwardedHeader {
    const fn name(self) -> HeaderName {
        match self {
            Self::XForwardedFor => HeaderName::from_static("x-forwarded-for"),
            Self::Forwarded => header::FORWARDED,
        }
    }

    /// Whom one element of the list names.
    fn address(self, element: &[u8]) -> Option<IpAddr> {
        if element.len() > LONGEST_HOP {
            return None;
        }
        let element = str::from_utf8(element).ok()?.trim();
        match self {
            Self::XForwardedFor => address(element),
            Self::Forwarded => forwarded::node(element).and_then(address),
        }
    }
}

impl FromStr for TrustedProxies {
    type Err = NoNetwork;

    /// Addresses and networks such as `10.0.0.0/8`, parted by commas. Those of IPv4 may be written as IPv6
    /// (`::ffff:10.0.0.0/104`), and an address of IPv6 in brackets.
    fn from_str(text: &str) -> Result<Self, NoNetwork> {
        let networks = text.split(',').map(|one| network(one.trim()).ok_or(NoNetwork));
        networks.collect::<Result<_, _>>().map(Self)
    }
}

fn network(text: &str) -> Option<IpNet> {
    let network = text.parse::<IpNet>().ok().or_else(|| unbracketed(text).parse().map(IpAddr::into).ok())?;
    Some(canonical(network))
}

/// Converts a network of IPv4 addresses that are written as IPv6 (RFC 4291, 2.5.5.2) to IPv4, as the addresses that are
/// compared with it are.
fn canonical(network: IpNet) -> IpNet {
    let IpNet::V6(mapped) = network else { return network };
    let ipv4 = mapped.addr().to_ipv4_mapped().zip(mapped.prefix_len().checked_sub(96));
    ipv4.and_then(|(address, prefix)| Ipv4Net::new(address, prefix).ok()).map_or(network, IpNet::V4)
}

/// An address as proxies write it: alone, in quotes, with a zone, or with a port. Only the address counts.
fn address(text: &str) -> Option<IpAddr> {
    let text = text.strip_prefix('"').and_then(|text| text.strip_suffix('"')).unwrap_or(text);
    let text = without_zone(text);
    let address = unbracketed(&text).parse().ok();
    let address = address.or_else(|| text.parse().ok().map(|address: SocketAddr| address.ip()));
    address.map(|address: IpAddr| address.to_canonical())
}

/// An address of IPv6 without its zone (RFC 4007, 11), which names an interface of the proxy.
fn without_zone(text: &str) -> Cow<'_, str> {
    match text.split_once('%') {
        Some((address, zone)) if address.contains(':') => match zone.split_once(']') {
            Some((_, port)) => format!("{address}]{port}").into(),
            None => address.into(),
        },
        _ => text.into(),
    }
}

fn unbracketed(text: &str) -> &str {
    text.strip_prefix('[').and_then(|text| text.strip_suffix(']')).unwrap_or(text)
}

#[cfg(test)]
mod tests;
