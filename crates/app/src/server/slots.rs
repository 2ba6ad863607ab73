//! Limits open connections, in all and from one network. When no slot is free, the oldest connection without a whole
//! request is evicted, else the one that has been idle longest after an answer. A connection whose request is being
//! answered, or that carries a socket, is never evicted. Knows no HTTP.

use std::collections::{BTreeSet, HashMap};
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use hub::{Network, TrustedProxies};
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
}

/// The slot of one open connection. Free again when the last clone is dropped.
#[derive(Debug, Clone)]
pub(super) struct Slot(Arc<Held>);

#[derive(Debug)]
struct Held {
    slots: Slots,
    number: u64,
    evicted: CancellationToken,
}

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
}

#[derive(Debug)]
struct Connection {
    network: Option<Network>,
    phase: Phase,
    /// Numbers grow, so the smallest one has been in its phase for longest.
    since: u64,
    evicted: CancellationToken,
}

#[derive(Debug, Default)]
struct PerNetwork {
    open: usize,
    waiting: Waiting,
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
            let oldest = crowd.waiting.oldest().ok_or(NoSlot)?;
            open.evict(oldest);
        }
        if open.connections.len() >= limits.all {
            let oldest = open.all.oldest().ok_or(NoSlot)?;
            open.evict(oldest);
        }
        let evicted = CancellationToken::new();
        let number = open.add(network, evicted.clone());
        drop(open);
        Ok(Slot(Arc::new(Held { slots: self.clone(), number, evicted })))
    }

    /// Evicts one connection to free its file descriptor and memory, after accepting another one failed.
    pub(super) fn evict_one(&self) {
        let mut open = self.open();
        if let Some(oldest) = open.all.oldest() {
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
        self.0.slots.open().enter(self.0.number, phase);
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
        let connection = Connection { network, phase: Phase::Arriving, since: number, evicted };
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
        self.wait(number, &connection);
        self.connections.insert(number, connection);
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
        if let Some(network) = connection.network
            && let Some(crowd) = self.networks.get_mut(&network)
        {
            crowd.open -= 1;
            if crowd.open == 0 {
                self.networks.remove(&network);
            }
        }
        Some(connection)
    }

    fn wait(&mut self, number: u64, connection: &Connection) {
        let place = (connection.since, number);
        self.all.add(connection.phase, place);
        if let Some(network) = connection.network {
            self.networks.entry(network).or_default().waiting.add(connection.phase, place);
        }
    }

    fn wait_no_more(&mut self, number: u64, connection: &Connection) {
        let place = (connection.since, number);
        self.all.remove(connection.phase, place);
        if let Some(crowd) = connection.network.and_then(|network| self.networks.get_mut(&network)) {
            crowd.waiting.remove(connection.phase, place);
        }
    }

    fn tick(&mut self) -> u64 {
        self.next += 1;
        self.next
    }
}

impl Waiting {
    fn oldest(&self) -> Option<u64> {
        self.arriving.first().or_else(|| self.idle.first()).map(|&(_, number)| number)
    }

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
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn slots(all: usize, per_network: usize) -> Slots {
        Slots::new(SlotLimits { all, per_network, exempt: "10.0.0.5".parse().unwrap() })
    }

    fn from(slots: &Slots, peer: &str) -> Result<Slot, NoSlot> {
        slots.admit(peer.parse().unwrap())
    }

    fn is_evicted(slot: &Slot) -> bool {
        slot.0.evicted.is_cancelled()
    }

    #[test]
    fn the_oldest_silent_connection_is_evicted_before_an_idle_one() {
        let slots = slots(3, 3);
        let open: Vec<_> = (1..=3).map(|n| from(&slots, &format!("192.0.2.{n}")).unwrap()).collect();
        open[0].enter(Phase::Serving);
        open[0].enter(Phase::Idle);
        let fourth = from(&slots, "192.0.2.4").unwrap();
        assert_eq!(open.iter().map(is_evicted).collect::<Vec<_>>(), [false, true, false]);
        open[2].enter(Phase::Serving);
        fourth.enter(Phase::Serving);
        let fifth = from(&slots, "192.0.2.5").unwrap();
        assert_eq!(open.iter().map(is_evicted).collect::<Vec<_>>(), [true, true, false]);
        fifth.enter(Phase::Serving);
        assert_eq!(from(&slots, "192.0.2.6").unwrap_err(), NoSlot, "whoever is served stays");
        drop(fifth);
        assert!(from(&slots, "192.0.2.6").is_ok());
    }

    #[test]
    fn a_network_that_has_all_its_slots_takes_none_from_others() {
        let slots = slots(10, 2);
        let other = from(&slots, "192.0.2.1").unwrap();
        let first = from(&slots, "2001:db8::1").unwrap();
        let second = from(&slots, "2001:db8::2").unwrap();
        let third = from(&slots, "2001:db8:0:0:ffff::3").unwrap();
        assert_eq!((is_evicted(&other), is_evicted(&first)), (false, true));
        third.enter(Phase::Serving);
        drop(second);
        from(&slots, "2001:db8::4").unwrap().enter(Phase::Serving);
        let fifth = from(&slots, "2001:db8::5").unwrap();
        fifth.enter(Phase::Serving);
        assert_eq!(from(&slots, "2001:db8::6").unwrap_err(), NoSlot);
        assert!(from(&slots, "2001:db8:0:1::6").is_ok(), "another /64");
    }

    #[test]
    fn a_mapped_address_counts_as_the_address_of_ipv4_that_it_is() {
        let slots = slots(10, 1);
        let first = from(&slots, "::ffff:192.0.2.1").unwrap();
        first.enter(Phase::Serving);
        assert_eq!(from(&slots, "192.0.2.1").unwrap_err(), NoSlot);
    }

    #[test]
    fn a_trusted_proxy_has_no_limit_of_its_own() {
        let slots = slots(10, 1);
        let open: Vec<_> = (0..10).map(|_| from(&slots, "10.0.0.5").unwrap()).collect();
        assert!(!open.iter().any(is_evicted));
        for slot in &open {
            slot.enter(Phase::Serving);
        }
        assert_eq!(from(&slots, "10.0.0.5").unwrap_err(), NoSlot, "but no more than there are");
    }

    #[test]
    fn an_evicted_slot_is_freed_only_once() {
        let slots = slots(1, 1);
        let first = from(&slots, "192.0.2.1").unwrap();
        let second = from(&slots, "192.0.2.2").unwrap();
        second.enter(Phase::Serving);
        first.enter(Phase::Idle);
        drop(first);
        assert_eq!(from(&slots, "192.0.2.3").unwrap_err(), NoSlot);
    }

    proptest! {
        /// In any order of events, the limits hold, and a connection that ended leaves nothing behind.
        #[test]
        fn the_limits_hold_and_nothing_stays_behind(steps in prop::collection::vec((0..5u8, 0..4u8, any::<prop::sample::Index>()), 0..200)) {
            const ALL: usize = 8;
            let slots = slots(ALL, 3);
            let mut open: Vec<Slot> = Vec::new();
            for (step, network, which) in steps {
                match step {
                    0 | 1 => open.extend(from(&slots, &format!("192.0.2.{network}"))),
                    2 if !open.is_empty() => drop(open.swap_remove(which.index(open.len()))),
                    3 if !open.is_empty() => open[which.index(open.len())].enter(Phase::Serving),
                    4 if !open.is_empty() => open[which.index(open.len())].enter(Phase::Idle),
                    _ => {}
                }
                let now = slots.open();
                prop_assert!(now.connections.len() <= ALL && now.networks.values().all(|crowd| crowd.open <= 3));
                let waiting = now.connections.values().filter(|one| one.phase != Phase::Serving).count();
                prop_assert_eq!(now.all.arriving.len() + now.all.idle.len(), waiting);
            }
            drop(open);
            let now = slots.open();
            prop_assert!(now.connections.is_empty() && now.networks.is_empty());
            prop_assert!(now.all.arriving.is_empty() && now.all.idle.is_empty());
        }
    }
}
