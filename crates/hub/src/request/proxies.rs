//! Whose address a request has behind proxies. A forwarded header is anybody's to write, so it is read only when the
//! connection itself comes from a proxy that the operator trusts, and only from its end, where that proxy wrote.

use std::net::{IpAddr, SocketAddr};
use std::str::FromStr;

use axum::http::{HeaderMap, HeaderName, header};
use ipnet::IpNet;
use thiserror::Error;

use crate::request::forwarded;

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
        for hop in values.flat_map(|value| value.as_bytes().rsplit(|byte| *byte == b',')) {
            left = left.checked_sub(1).ok_or(Untold)?;
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

    /// Addresses and networks such as `10.0.0.0/8`, parted by commas.
    fn from_str(text: &str) -> Result<Self, NoNetwork> {
        let network = |text: &str| text.parse::<IpNet>().ok().or_else(|| text.parse().map(IpAddr::into).ok());
        let networks = text.split(',').map(str::trim).map(|one| network(one).ok_or(NoNetwork));
        networks.collect::<Result<_, _>>().map(Self)
    }
}

/// An address as proxies write it: alone, or with a port, which counts for nothing.
fn address(text: &str) -> Option<IpAddr> {
    let bare = text.strip_prefix('[').and_then(|text| text.strip_suffix(']')).unwrap_or(text);
    let address = bare.parse().ok().or_else(|| text.parse().ok().map(|address: SocketAddr| address.ip()));
    address.map(|address: IpAddr| address.to_canonical())
}

#[cfg(test)]
mod tests;
