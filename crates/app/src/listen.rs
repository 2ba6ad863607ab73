//! Opens the ports, and says where the process can be reached.

use std::io::ErrorKind;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use anyhow::anyhow;
use listenfd::ListenFd;
use tokio::net::TcpListener;

use crate::say::say;
use crate::service_manager;

/// A socket that listens.
#[derive(Debug)]
pub(crate) struct Listening {
    pub(crate) socket: TcpListener,
    /// True if a service manager holds the same socket, and keeps it open for the next process.
    pub(crate) is_inherited: bool,
}

/// Listeners on `host` and `port`, and the address of the first one. Sockets of a service manager take the place of
/// that address. Errors name `PORT`.
///
/// # Errors
/// A sentence that names the port and what to do.
pub(crate) async fn bind(host: IpAddr, port: u16) -> anyhow::Result<(Vec<Listening>, SocketAddr)> {
    let mut listeners = handed_over(&mut ListenFd::from_env())?;
    if listeners.is_empty() {
        listeners.push(bind_one(host, port, "PORT").await?.0);
    }
    let address = listeners[0].socket.local_addr()?;
    Ok((listeners, address))
}

/// A listener on `host` and `port`, the latter set by `variable`; and the address that it got.
///
/// # Errors
/// A sentence that names the port and what to do.
pub(crate) async fn bind_one(host: IpAddr, port: u16, variable: &str) -> anyhow::Result<(Listening, SocketAddr)> {
    let wanted = SocketAddr::new(host, port);
    let socket = TcpListener::bind(wanted).await.map_err(|cause| match cause.kind() {
        ErrorKind::AddrInUse => {
            anyhow!("port {port} on {host} is in use; stop the program that uses it, or set {variable} to another port")
        }
        ErrorKind::PermissionDenied => {
            anyhow!("port {port} on {host} may not be used by this user; set {variable} to a port above 1023")
        }
        ErrorKind::AddrNotAvailable => anyhow!("{host} is no address of this machine; set HOST to one that is"),
        _ => anyhow!("port {port} on {host} cannot be listened on ({cause}); set HOST and {variable} to others"),
    })?;
    let address = socket.local_addr()?;
    Ok((Listening { socket, is_inherited: false }, address))
}

/// The listening sockets of a service manager, if there are any.
///
/// # Errors
/// A sentence that names the first socket that is no TCP listener.
fn handed_over(sockets: &mut ListenFd) -> anyhow::Result<Vec<Listening>> {
    let mut listeners = Vec::new();
    for nth in 0..sockets.len() {
        let listener = sockets.take_tcp_listener(nth).map_err(|cause| {
            let nth = nth + 1;
            anyhow!("socket {nth} of the service manager cannot be used ({cause}); hand over TCP sockets only (ListenStream)")
        })?;
        if let Some(listener) = listener {
            listener.set_nonblocking(true)?;
            listeners.push(Listening { socket: TcpListener::from_std(listener)?, is_inherited: true });
        }
    }
    Ok(listeners)
}

/// The URL at which a program on this machine reaches `address`, without a slash at the end.
pub(crate) fn local_url(address: SocketAddr) -> String {
    let ip = match address.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        ip => ip,
    };
    format!("http://{}", SocketAddr::new(ip, address.port()))
}

/// Says `text` once the process can be reached, and lets the service manager know, if there is one.
pub(crate) fn ready(text: &str) {
    say(text);
    service_manager::ready();
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unspecified_address_is_reached_through_the_loopback() {
        for (address, url) in [
            ("127.0.0.1:3000", "http://127.0.0.1:3000"),
            ("0.0.0.0:3000", "http://127.0.0.1:3000"),
            ("[::]:3000", "http://[::1]:3000"),
            ("192.0.2.7:80", "http://192.0.2.7:80"),
        ] {
            assert_eq!(local_url(address.parse().unwrap()), url);
        }
    }
}
