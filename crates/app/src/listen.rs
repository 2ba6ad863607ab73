//! Opens the ports, and says where the process can be reached.

use std::io::ErrorKind;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use anyhow::anyhow;
use listenfd::ListenFd;
use tokio::net::TcpListener;

use crate::say::say;

/// A listener on `host` and `port`, the latter set by `variable`; and the address that it got.
///
/// # Errors
/// A sentence that names the port and what to do.
pub(crate) async fn bind(host: IpAddr, port: u16, variable: &str) -> anyhow::Result<(TcpListener, SocketAddr)> {
    let wanted = SocketAddr::new(host, port);
    if let Some(listener) = handed_over(variable)? {
        let address = listener.local_addr()?;
        return Ok((listener, address));
    }
    let listener = TcpListener::bind(wanted).await.map_err(|cause| match cause.kind() {
        ErrorKind::AddrInUse => {
            anyhow!("port {port} on {host} is in use; stop the program that uses it, or set {variable} to another port")
        }
        ErrorKind::PermissionDenied => {
            anyhow!("port {port} on {host} may not be used by this user; set {variable} to a port above 1023")
        }
        ErrorKind::AddrNotAvailable => anyhow!("{host} is no address of this machine; set HOST to one that is"),
        _ => anyhow!("port {port} on {host} cannot be listened on ({cause}); set HOST and {variable} to others"),
    })?;
    let address = listener.local_addr()?;
    Ok((listener, address))
}

/// The socket that a service manager listens on for us, where it does; never more than one, and that is `PORT`.
fn handed_over(variable: &str) -> anyhow::Result<Option<TcpListener>> {
    if variable != "PORT" {
        return Ok(None);
    }
    let Some(listener) = ListenFd::from_env().take_tcp_listener(0)? else { return Ok(None) };
    listener.set_nonblocking(true)?;
    Ok(Some(TcpListener::from_std(listener)?))
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
    // Without a service manager there is nobody to notify.
    let _ = sd_notify::notify(&[sd_notify::NotifyState::Ready]);
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
