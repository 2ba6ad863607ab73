//! The open connections of a process, and the bytes that their requests hold: which of them may be evicted, and which is
//! next. Knows no limits and no task.

use std::collections::{BTreeSet, HashMap};
use std::time::Duration;

use hub::Network;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

/// A connection that has sent no whole request for this long is slow. A younger one may only have been accepted a moment
/// ago.
pub(super) const SLOW: Duration = Duration::from_secs(1);

#[derive(Debug, Default)]
pub(super) struct Open {
    next: u64,
    pub(super) connections: HashMap<u64, Connection>,
    pub(super) all: Waiting,
    pub(super) networks: HashMap<Network, PerNetwork>,
    /// Counted bytes of all connections.
    pub(super) bytes: usize,
    /// Connections with counted bytes that may be evicted.
    pub(super) large: Waiting,
}

/// The phase of a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in super::super) enum Phase {
    /// It has not sent a whole request yet.
    Arriving,
    /// A request is being answered, or it became a socket.
    Serving,
    /// It was answered, and may send another request.
    Idle,
}

/// The memory of all requests is in use, and no connection can be evicted for this one.
#[derive(Debug, PartialEq, Eq)]
pub(in super::super) struct NoMemory;

#[derive(Debug)]
pub(super) struct Connection {
    pub(super) network: Option<Network>,
    pub(super) phase: Phase,
    /// Numbers grow, so the smallest one has been in its phase for longest.
    since: u64,
    /// When it entered its phase.
    at: Instant,
    evicted: CancellationToken,
    /// Bytes that are counted.
    pub(super) bytes: usize,
}

#[derive(Debug, Default)]
pub(super) struct PerNetwork {
    pub(super) open: usize,
    pub(super) waiting: Waiting,
    /// As in [`Open`].
    pub(super) bytes: usize,
    pub(super) large: Waiting,
}

/// Connections that may be evicted, as (since, number).
#[derive(Debug, Default)]
pub(super) struct Waiting {
    pub(super) arriving: BTreeSet<(u64, u64)>,
    pub(super) idle: BTreeSet<(u64, u64)>,
}

impl Open {
    pub(super) fn add(&mut self, network: Option<Network>, evicted: CancellationToken) -> u64 {
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

    pub(super) fn enter(&mut self, number: u64, phase: Phase) {
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
    pub(super) fn oldest(&self, waiting: &Waiting) -> Option<u64> {
        let [arriving, idle] = [&waiting.arriving, &waiting.idle].map(|places| places.first().map(|place| place.1));
        let is_slow = |number: &u64| self.connections.get(number).is_some_and(|one| one.at.elapsed() >= SLOW);
        arriving.filter(is_slow).or(idle).or(arriving)
    }

    /// Counts `bytes` for a connection, and evicts others with counted bytes until all are within `limit`, and those of
    /// its network within a half of it.
    pub(super) fn count(&mut self, number: u64, bytes: usize, limit: usize) -> Result<(), NoMemory> {
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

    pub(super) fn count_nothing(&mut self, number: u64) {
        if let Some(connection) = self.connections.get_mut(&number) {
            let bytes = std::mem::take(&mut connection.bytes);
            self.bytes -= bytes;
            if let Some(crowd) = connection.network.and_then(|network| self.networks.get_mut(&network)) {
                crowd.bytes -= bytes;
            }
        }
    }

    /// Its slot is free immediately; its descriptor is closed as soon as its task runs.
    pub(super) fn evict(&mut self, number: u64) {
        if let Some(connection) = self.remove(number) {
            connection.evicted.cancel();
        }
    }

    pub(super) fn remove(&mut self, number: u64) -> Option<Connection> {
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
