//! Where a request comes from: read from its connection and its headers.

use std::convert::Infallible;
use std::net::SocketAddr;

use axum::{
    extract::{ConnectInfo, FromRequestParts},
    http::request::Parts,
};
use hub::Visitor;

use crate::{request::browser_name::browser_name, site::Site};

impl FromRequestParts<Site> for Visitor {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, site: &Site) -> Result<Self, Infallible> {
        let peer = parts.extensions.get::<ConnectInfo<SocketAddr>>().map(|peer| peer.0.ip().to_canonical());
        let client = peer.and_then(|peer| site.proxies.client(peer, &parts.headers).ok());
        Ok(Self::new(browser_name(&parts.headers), client, peer, site.origins.is_loopback()))
    }
}
