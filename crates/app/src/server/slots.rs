//! Limits open connections, in all and from one network, and the memory of their requests. When no slot or memory is
//! free, the oldest connection that is slow to send a whole request is evicted, else the one that has been idle longest
//! after an answer, else a young one. A connection whose request is being answered, or that carries a socket, is never
//! evicted. Knows no HTTP.

use std::collections::{BTreeSet, HashMap};
use std::net::IpAddr;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use hub::{Network, TrustedProxies};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

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
/// A connection that has sent no whole request for this long is slow. A younger one may only have been accepted a moment
/// ago.
const SLOW: Duration = Duration::from_secs(1);
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

/// The memory of all requests is in use, and no connection can be evicted for this one.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct NoMemory;

/// No slot is free, and no connection can be evicted.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct NoSlot;

/// The phase of a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Phase {
    /// It has not sent a whole request yet.
    Arriving,
    /// A request is being answered, or it became a socket.
    Serving,
    /// It was answered, and may send another request.
    Idle,
}

#[derive(Debug)]
struct Shared {
    limits: SlotLimits,
    open: Mutex<Open>,
}

#[derive(Debug, Default)]
struct Open {
    next: u64,
    connections: HashMap<u64, Connection>,
    all: Waiting,
    networks: HashMap<Network, PerNetwork>,
    /// Counted bytes of all connections.
    bytes: usize,
    /// Connections with counted bytes that may be evicted.
    large: Waiting,
}

#[derive(Debug)]
struct Connection {
    network: Option<Network>,
    phase: Phase,
    /// Numbers grow, so the smallest one has been in its phase for longest.
    since: u64,
    /// When it entered its phase.
    at: Instant,
    evicted: CancellationToken,
    /// Bytes that are counted.
    bytes: usize,
}

#[derive(Debug, Default)]
struct PerNetwork {
    open: usize,
    waiting: Waiting,
    /// As in [`Open`].
    bytes: usize,
    large: Waiting,
}

/// Connections that may be evicted, as (since, number).
#[derive(Debug, Default)]
struct Waiting {
    arriving: BTreeSet<(u64, u64)>,
    idle: BTreeSet<(u64, u64)>,
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

impl Open {
    fn add(&mut self, network: Option<Network>, evicted: CancellationToken) -> u64 {
        let number = self.tick();
        let at = Instant::now();
        let connection = Connection { network, phase: Phase::Arriving, since: number, at, evicted, bytes: 0 };
        self.wait(number, &connection);
        if let Some(network) = network {
            self.networks.entry(network).or_default().open += 1;
        }
        self.connections.insert(number, connection);
        number
    }

    fn enter(&mut self, number: u64, phase: Phase) {
        // It may have been evicted meanwhile.
        let Some(mut connection) = self.connections.remove(&number) else { return };
        self.wait_no_more(number, &connection);
        connection.phase = phase;
        connection.since = self.tick();
        connection.at = Instant::now();
        self.wait(number, &connection);
        self.connections.insert(number, connection);
    }

    /// The connection to evict among these: a slow one, else one that is idle, else a young one.
    fn oldest(&self, waiting: &Waiting) -> Option<u64> {
        let [arriving, idle] = [&waiting.arriving, &waiting.idle].map(|places| places.first().map(|place| place.1));
        let is_slow = |number: &u64| self.connections.get(number).is_some_and(|one| one.at.elapsed() >= SLOW);
        arriving.filter(is_slow).or(idle).or(arriving)
    }

    /// Counts `bytes` for a connection, and evicts others with counted bytes until all are within `limit`, and those of
    /// its network within a half of it.
    fn count(&mut self, number: u64, bytes: usize, limit: usize) -> Result<(), NoMemory> {
        // It may have been evicted meanwhile.
        let Some(mut connection) = self.connections.remove(&number) else { return Ok(()) };
        // It must not be evicted for itself.
        self.wait_no_more(number, &connection);
        let more = bytes.saturating_sub(connection.bytes);
        while let Some(crowd) = connection.network.and_then(|network| self.networks.get(&network))
            && crowd.bytes + more > limit / 2
            && let Some(oldest) = self.oldest(&crowd.large)
        {
            self.evict(oldest);
        }
        while self.bytes + more > limit
            && let Some(oldest) = self.oldest(&self.large)
        {
            self.evict(oldest);
        }
        let crowd = connection.network.and_then(|network| self.networks.get_mut(&network));
        let fits = self.bytes + more <= limit && crowd.as_ref().is_none_or(|crowd| crowd.bytes + more <= limit / 2);
        if fits {
            self.bytes += more;
            connection.bytes += more;
            if let Some(crowd) = crowd {
                crowd.bytes += more;
            }
        }
        self.wait(number, &connection);
        self.connections.insert(number, connection);
        if fits { Ok(()) } else { Err(NoMemory) }
    }

    fn count_nothing(&mut self, number: u64) {
        if let Some(connection) = self.connections.get_mut(&number) {
            let bytes = std::mem::take(&mut connection.bytes);
            self.bytes -= bytes;
            if let Some(crowd) = connection.network.and_then(|network| self.networks.get_mut(&network)) {
                crowd.bytes -= bytes;
            }
        }
    }

    /// Its slot is free immediately; its descriptor is closed as soon as its task runs.
    fn evict(&mut self, number: u64) {
        if let Some(connection) = self.remove(number) {
            connection.evicted.cancel();
        }
    }

    fn remove(&mut self, number: u64) -> Option<Connection> {
        let connection = self.connections.remove(&number)?;
        self.wait_no_more(number, &connection);
        self.bytes -= connection.bytes;
        if let Some(network) = connection.network
            && let Some(crowd) = self.networks.get_mut(&network)
        {
            crowd.open -= 1;
            crowd.bytes -= connection.bytes;
            if crowd.open == 0 {
                self.networks.remove(&network);
            }
        }
        Some(connection)
    }

    fn wait(&mut self, number: u64, connection: &Connection) {
        let place = (connection.since, number);
        self.all.add(connection.phase, place);
        if connection.bytes > 0 {
            self.large.add(connection.phase, place);
        }
        if let Some(network) = connection.network {
            let crowd = self.networks.entry(network).or_default();
            crowd.waiting.add(connection.phase, place);
            if connection.bytes > 0 {
                crowd.large.add(connection.phase, place);
            }
        }
    }

    fn wait_no_more(&mut self, number: u64, connection: &Connection) {
        let place = (connection.since, number);
        self.all.remove(connection.phase, place);
        self.large.remove(connection.phase, place);
        if let Some(crowd) = connection.network.and_then(|network| self.networks.get_mut(&network)) {
            crowd.waiting.remove(connection.phase, place);
            crowd.large.remove(connection.phase, place);
        }
    }

    fn tick(&mut self) -> u64 {
        self.next += 1;
        self.next
    }
}

impl Waiting {
    fn add(&mut self, phase: Phase, place: (u64, u64)) {
        if let Some(places) = self.of(phase) {
            places.insert(place);
        }
    }

    fn remove(&mut self, phase: Phase, place: (u64, u64)) {
        if let Some(places) = self.of(phase) {
            places.remove(&place);
        }
    }

    const fn of(&mut self, phase: Phase) -> Option<&mut BTreeSet<(u64, u64)>> {
        match phase {
            Phase::Arriving => Some(&mut self.arriving),
            Phase::Serving => None,
            Phase::Idle => Some(&mut self.idle),
        }
    }
}

#[cfg(test)]
mod tests;
