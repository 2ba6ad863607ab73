//! Ports for processes that have to know each other's addresses before any of them has begun.

use std::net::TcpListener;
use std::sync::atomic::{AtomicU32, Ordering};

/// A port that is free, and none of those that are given to whoever asks for any port: nobody takes it meanwhile, or while
/// the process is started again.
pub(crate) fn free_port() -> u16 {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    // Runs beside this one begin elsewhere.
    let begin = std::process::id().wrapping_mul(211);
    loop {
        let number = 10_000 + begin.wrapping_add(NEXT.fetch_add(1, Ordering::Relaxed)) % 20_000;
        let port = u16::try_from(number).unwrap();
        if TcpListener::bind(("127.0.0.1", port)).is_ok() {
            return port;
        }
    }
}
