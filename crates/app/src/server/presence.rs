//! Notices that a client has gone while its request waits. A closed connection and a half-closed one look the same
//! (RFC 9293, 3.6) until something is sent: the system of a client that has closed both halves answers with a reset.
//! Knows no handler.

use std::time::Duration;

use hub::client::WaitMark;
use hyper::Version;
use tokio::time::{sleep, timeout};

use super::line::OpenConnection;

/// A waiting client with a closed half is sent something this often.
const AGAIN: Duration = Duration::from_secs(2);
/// HTTP/1.0 has no interim answers, so such a client counts as gone this long after it has closed its half.
const OLD_CLIENT: Duration = Duration::from_secs(1);
/// Clients that did not ask for it ignore it (RFC 9110, 15.2.1).
const INTERIM: &[u8] = b"HTTP/1.1 100 Continue\r\n\r\n";

/// A sign of a client.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sign {
    /// The client has closed its half. Sending something shows whether it is still there.
    Silence,
    /// The client has gone.
    Gone,
}

/// Waits for a sign of a client; `is_silent` if it is already known to have closed its half.
pub(super) async fn next_sign(line: &OpenConnection, is_silent: bool) -> Sign {
    if !is_silent {
        line.sends_no_more().await;
        return Sign::Silence;
    }
    match timeout(AGAIN, line.broken()).await {
        Ok(()) => Sign::Gone,
        Err(_) => Sign::Silence,
    }
}

/// Returns when the client has gone while its request only waits. Its answer must not have begun.
pub(super) async fn client_gone_while_waiting(line: &OpenConnection, mark: &WaitMark, version: Version) {
    let mut is_silent = false;
    loop {
        mark.is(true).await;
        tokio::select! {
            biased;
            () = mark.is(false) => {}
            sign = next_sign(line, is_silent), if !is_silent || version >= Version::HTTP_11 => {
                // At once: a client that has gone must not take a turn from those that wait.
                is_silent = true;
                if sign == Sign::Gone || (version >= Version::HTTP_11 && line.try_write_between_answers(INTERIM).is_err()) {
                    return;
                }
            }
            () = http10_client_gone(line, version) => return,
        }
    }
}

/// Returns when an HTTP/1.0 client counts as gone; never for a newer one.
async fn http10_client_gone(line: &OpenConnection, version: Version) {
    if version >= Version::HTTP_11 {
        std::future::pending::<()>().await;
    }
    line.sends_no_more().await;
    sleep(OLD_CLIENT).await;
}
