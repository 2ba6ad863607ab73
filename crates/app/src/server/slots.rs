//! Limits open connections, in all and from one network, and the memory of their requests. When no slot or memory is
//! free, the oldest connection that is slow to send a whole request is evicted, else the one that has been idle longest
//! after an answer, else a young one. A connection whose request is being answered, or that carries a socket, is never
//! evicted. Knows no HTTP.

mod open;

use std::net::IpAddr;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use hub::Network;
use site::TrustedProxies;
use tokio_util::sync::CancellationToken;

use open::Open;
pub(super) use open::{NoMemory, Phase};

/// The slots of a process, or of one of its listeners. Cheap to clone; clones share the slots.
#[derive(Debug, Clone)]
pub(crate) struct Slots(Arc<Shared>);

/// How many connections may be open.
#[derive(Debug, Clone)]
pub(crate) struct SlotLimits {
    /// In all.
    pub(crate) all: usize,
    /// From one client address; of IPv6, from one /64.
    pub(crate) per_network: usize,
    /// All clients of a trusted proxy come from its address, so it has no limit of its own.
    pub(crate) exempt: TrustedProxies,
    /// Bytes of requests that all connections may hold together, beyond the [`FREE_BYTES`] of each connection.
    pub(crate) request_bytes: usize,
}

/// Bytes of a request that each connection may hold uncounted: they fit into hyper's first buffer, and nearly all
/// requests and callbacks are shorter.
pub(crate) const FREE_BYTES: usize = 8 * 1024;
/// Bytes are counted in steps of this size.
const COUNTED_STEP: usize = 16 * 1024;
/// A connection holds no more than this, in bytes: the longest head and the longest body. Further bytes are discarded.
const MOST_BYTES: usize = 160 * 1024;

/// The slot of one open connection. Free again when the last clone is dropped.
#[derive(Debug, Clone)]
pub(super) struct Slot(Arc<Held>);

#[derive(Debug)]
struct Held {
    slots: Slots,
    number: u64,
    evicted: CancellationToken,
    /// Bytes received since the last request was complete.
    received: AtomicUsize,
    /// Bytes counted for this connection. They never decrease, because hyper keeps the buffer of the longest request.
    counted: AtomicUsize,
    /// True while a request is being answered, and once the connection carries a socket.
    is_serving: AtomicBool,
}

/// No slot is free, and no connection can be evicted.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct NoSlot;

#[derive(Debug)]
struct Shared {
    limits: SlotLimits,
    open: Mutex<Open>,
}

impl Slots {
    pub(crate) fn new(limits: SlotLimits) -> Self {
        Self(Arc::new(Shared { limits, open: Mutex::default() }))
    }

    /// A slot for a connection from `peer`; may evict another connection.
    ///
    /// # Errors
    /// [`NoSlot`] if no connection can be evicted.
    pub(super) fn admit(&self, peer: IpAddr) -> Result<Slot, NoSlot> {
        let limits = &self.0.limits;
        let peer = peer.to_canonical();
        let network = (!limits.exempt.contains(peer)).then(|| Network::of(peer));
        let mut open = self.open();
        if let Some(crowd) = network.and_then(|network| open.networks.get(&network))
            && crowd.open >= limits.per_network
        {
            let oldest = open.oldest(&crowd.waiting).ok_or(NoSlot)?;
            open.evict(oldest);
        }
        if open.connections.len() >= limits.all {
            let oldest = open.oldest(&open.all).ok_or(NoSlot)?;
            open.evict(oldest);
        }
        let evicted = CancellationToken::new();
        let number = open.add(network, evicted.clone());
        drop(open);
        let (received, counted, is_serving) = Default::default();
        Ok(Slot(Arc::new(Held { slots: self.clone(), number, evicted, received, counted, is_serving })))
    }

    /// Evicts one connection to free its file descriptor and memory, after accepting another one failed.
    pub(super) fn evict_one(&self) {
        let mut open = self.open();
        if let Some(oldest) = open.oldest(&open.all) {
            open.evict(oldest);
        }
    }

    fn open(&self) -> MutexGuard<'_, Open> {
        // Nothing between lock and unlock panics.
        self.0.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Slot {
    /// The connection changes its phase.
    pub(super) fn enter(&self, phase: Phase) {
        let held = &self.0;
        held.is_serving.store(phase == Phase::Serving, Ordering::Relaxed);
        if phase == Phase::Serving {
            // The whole request has arrived. Bytes from now on belong to the next one.
            held.received.store(0, Ordering::Relaxed);
        }
        held.slots.open().enter(held.number, phase);
    }

    /// The connection received `bytes` of a request. May evict other connections.
    ///
    /// # Errors
    /// [`NoMemory`] if the request cannot be held.
    pub(super) fn receive(&self, bytes: usize) -> Result<(), NoMemory> {
        let held = &self.0;
        let received = held.received.fetch_add(bytes, Ordering::Relaxed).saturating_add(bytes);
        let wanted = received.min(MOST_BYTES).saturating_sub(FREE_BYTES).next_multiple_of(COUNTED_STEP);
        if wanted <= held.counted.load(Ordering::Relaxed) || held.is_serving.load(Ordering::Relaxed) {
            return Ok(());
        }
        held.slots.open().count(held.number, wanted, held.slots.0.limits.request_bytes)?;
        held.counted.store(wanted, Ordering::Relaxed);
        Ok(())
    }

    /// The connection became a socket: it holds no request any more.
    pub(super) fn carry_socket(&self) {
        self.0.is_serving.store(true, Ordering::Relaxed);
        self.0.slots.open().count_nothing(self.0.number);
    }

    /// Returns when the connection is evicted.
    pub(super) async fn evicted(&self) {
        self.0.evicted.cancelled().await;
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        self.slots.open().remove(self.number);
    }
}

#[cfg(test)]
mod tests;
