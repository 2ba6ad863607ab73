//! Accepts connections, and closes a listener without losing one: new handshakes are held back, begun ones are
//! completed, and all connections that the system has accepted are taken. Reads nothing from a connection.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use approval::told;
use socket2::{SockFilter, SockRef};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::sleep;

/// Begun handshakes may take this long. A client whose first packet is dropped meanwhile sends it again after a second
/// (RFC 6298, 2.1), and is then refused, or reaches the next process.
const HANDSHAKE: Duration = Duration::from_millis(50);

/// An accept that fails, for instance because all descriptors are in use, is tried this often, after a pause in which an
/// evicted connection is closed.
const TRIES: usize = 50;
const ROOM: Duration = Duration::from_millis(10);

/// A BPF program that drops packets with SYN and without ACK. Its input begins with the header of TCP, whose byte 13
/// holds the flags (RFC 9293, 3.1).
const NO_NEW_HANDSHAKE: [SockFilter; 5] = [
    SockFilter::new(LOAD_BYTE, 0, 0, 13),
    SockFilter::new(AND, 0, 0, SYN | ACK),
    SockFilter::new(JUMP_IF_EQUAL, 0, 1, SYN),
    SockFilter::new(RETURN, 0, 0, 0),
    SockFilter::new(RETURN, 0, 0, u32::MAX),
];
const SYN: u32 = 0x02;
const ACK: u32 = 0x10;
// Instructions from linux/bpf_common.h: load the byte at a fixed offset; bitwise and with a constant; jump if equal to
// a constant; return a constant.
const LOAD_BYTE: u16 = 0x30;
const AND: u16 = 0x54;
const JUMP_IF_EQUAL: u16 = 0x15;
const RETURN: u16 = 0x06;

/// Closes `listener`, and hands all connections that it had accepted to `take`. `make_room` frees a descriptor when none
/// is left.
pub(super) async fn close_and_drain(listener: TcpListener, take: impl Fn(TcpStream, SocketAddr), make_room: impl Fn()) {
    // Without the filter, a handshake that is completed between the last `accept` and `close` is reset.
    match SockRef::from(&listener).attach_filter(&NO_NEW_HANDSHAKE) {
        Ok(()) => sleep(HANDSHAKE).await,
        Err(error) => tracing::debug!(error = %told(&error), "new handshakes cannot be held back"),
    }
    let listener = match listener.into_std() {
        Ok(listener) => listener,
        Err(error) => return cannot_accept(&error),
    };
    let mut tries = 0;
    loop {
        match accepted(&listener) {
            Ok(Some((stream, peer))) => take(stream, peer),
            Ok(None) => return,
            Err(_) if tries < TRIES => {
                tries += 1;
                make_room();
                sleep(ROOM).await;
            }
            Err(error) => return cannot_accept(&error),
        }
    }
}

fn cannot_accept(error: &io::Error) {
    tracing::warn!(error = %told(error), "the last connections could not be accepted");
}

/// Whether an error is the fault of the peer that was about to be accepted, not of the listener.
pub(super) fn concerns_one_connection(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset};
    matches!(error.kind(), ConnectionAborted | ConnectionRefused | ConnectionReset)
}

/// The next waiting connection; `None` if there is none. Asks the listener itself, because its known readiness may be out
/// of date.
fn accepted(listener: &std::net::TcpListener) -> io::Result<Option<(TcpStream, SocketAddr)>> {
    loop {
        match listener.accept() {
            Ok((stream, peer)) => {
                stream.set_nonblocking(true)?;
                return Ok(Some((TcpStream::from_std(stream)?, peer)));
            }
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(None),
            Err(error) if concerns_one_connection(&error) => {}
            Err(error) => return Err(error),
        }
    }
}
