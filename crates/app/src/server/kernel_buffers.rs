//! Limits the system's buffers for each connection of a listener. A cgroup counts them: without a limit, a peer that
//! sends requests and never reads the answers fills megabytes. Knows no HTTP.

use approval::told;
use rustix::net::sockopt::{set_socket_recv_buffer_size, set_socket_send_buffer_size};
use tokio::net::TcpListener;

/// The sizes of both buffers in bytes: for answers that the peer has not acknowledged, and for requests that were not
/// read. Linux doubles them for its own use. A window of 32 KiB takes the longest request in a few round trips, and is
/// as large as a page.
const SEND_BUFFER: usize = 32 * 1024;
const RECEIVE_BUFFER: usize = 32 * 1024;

/// Sets the limits for all connections that `listener` accepts from now on.
pub(super) fn bound(listener: &TcpListener) {
    let sent = set_socket_send_buffer_size(listener, SEND_BUFFER);
    if let Err(error) = sent.and_then(|()| set_socket_recv_buffer_size(listener, RECEIVE_BUFFER)) {
        tracing::warn!(error = %told(&error), "the sizes of socket buffers could not be set");
    }
}

#[cfg(test)]
mod tests {
    use rustix::net::sockopt::{socket_recv_buffer_size, socket_send_buffer_size};
    use tokio::net::TcpStream;

    use super::*;

    #[tokio::test]
    async fn an_accepted_connection_has_the_bounds_of_its_listener() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        bound(&listener);
        let _client = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
        let (accepted, _) = listener.accept().await.unwrap();
        assert_eq!(socket_send_buffer_size(&accepted).unwrap(), 2 * SEND_BUFFER);
        assert_eq!(socket_recv_buffer_size(&accepted).unwrap(), 2 * RECEIVE_BUFFER);
    }
}
