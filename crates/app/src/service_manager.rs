//! Notifies a service manager such as systemd that this process is ready, stops, or lives (`sd_notify(3)`). Sends
//! nothing without `NOTIFY_SOCKET`.

use std::env;
use std::ffi::OsStr;
use std::io;
use std::os::linux::net::SocketAddrExt as _;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::net::{SocketAddr, UnixDatagram};
use std::time::{Duration, Instant};

use approval::{Lasting, told};
use sd_notify::NotifyState;
use tokio::time::interval;

use crate::lifecycle::Lifecycle;

/// How long to wait while the service manager's queue is full.
const SEND_WITHIN: Duration = Duration::from_secs(1);

/// Reports that the process is ready. A failure is logged, because the service manager would then end the process.
pub(crate) fn ready() {
    if let Err(error) = notify(&NotifyState::Ready) {
        tracing::warn!(
            error = %told(&error),
            "the service manager could not be told that the process is ready, and may end it (TimeoutStartSec of \
             systemd); check that the process may write to NOTIFY_SOCKET"
        );
    }
}

/// Reports when the process stops, and, twice in `WATCHDOG_USEC`, that it lives. A process with hanging threads does
/// not report it.
pub(crate) fn keep_informed(lifecycle: &Lifecycle) {
    if env::var_os("NOTIFY_SOCKET").is_none() {
        return;
    }
    let stop = lifecycle.ending.draining.clone();
    lifecycle.keep(async move {
        stop.cancelled().await;
        if let Err(error) = notify(&NotifyState::Stopping) {
            tracing::warn!(error = %told(&error), "the service manager could not be told that the process stops");
        }
    });
    if let Some(limit) = sd_notify::watchdog_enabled().filter(|limit| *limit >= Duration::from_millis(2)) {
        // Until the process exits: one that takes long to stop still lives.
        lifecycle.keep(async move { say_alive(limit / 2).await });
    }
}

async fn say_alive(every: Duration) {
    let (trouble, mut tick) = (Lasting::default(), interval(every));
    loop {
        tick.tick().await;
        match notify(&NotifyState::Watchdog).map_err(|error| told(&error)) {
            Err(cause) if trouble.failed(&cause, Instant::now()) => {
                tracing::warn!(
                    error = cause,
                    "the service manager could not be told that the process lives; trying again"
                );
            }
            Err(_) => {}
            Ok(()) => _ = trouble.worked(Instant::now()),
        }
    }
}

fn notify(state: &NotifyState<'_>) -> io::Result<()> {
    let Some(socket) = env::var_os("NOTIFY_SOCKET") else { return Ok(()) };
    let datagram = UnixDatagram::unbound()?;
    datagram.set_write_timeout(Some(SEND_WITHIN))?;
    datagram.send_to_addr(format!("{state}\n").as_bytes(), &address(&socket)?)?;
    Ok(())
}

/// A path, or, behind an `@`, a name in the abstract namespace, which `sd_notify` does not reach.
fn address(socket: &OsStr) -> io::Result<SocketAddr> {
    match socket.as_bytes().split_first() {
        Some((b'@', name)) => SocketAddr::from_abstract_name(name),
        _ => SocketAddr::from_pathname(socket),
    }
}
