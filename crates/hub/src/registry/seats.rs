//! How many browsers may wait here at once, on a socket or on a long poll: in all, with one session, from
//! one address where that is configured, and how many of them may still be coming in. Knows no approval.
//!
//! Who sits stays: another one is refused, and its page asks now and then instead. Were the oldest sent away for it,
//! pages that wait in too many tabs would push each other out in turn, for ever.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use approval::SessionId;
use storage::LimitName;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::{
    metrics,
    network::{Block, Network},
    refusal::Refusal,
    settings::SeatLimits,
};

/// All seats of this process.
#[derive(Debug, Clone)]
pub(crate) struct Seats(Arc<Shared>);

/// What one waiting browser takes up. Free again when dropped.
#[derive(Debug)]
pub struct Seat {
    seats: Seats,
    session: Option<SessionId>,
    network: Option<Network>,
    opening: Option<OwnedSemaphorePermit>,
}

#[derive(Debug)]
struct Shared {
    limits: SeatLimits,
    taken: Mutex<Taken>,
    opening: Arc<Semaphore>,
}

#[derive(Debug, Default)]
struct Taken {
    all: u32,
    sessions: Counts<SessionId>,
    blocks: Counts<Block>,
}

/// How many seats each of some has; nobody is counted who is not known.
#[derive(Debug)]
struct Counts<K>(HashMap<K, u32>);

impl Seats {
    pub(crate) fn new(limits: SeatLimits) -> Self {
        let opening = usize::try_from(limits.opening).unwrap_or(Semaphore::MAX_PERMITS).min(Semaphore::MAX_PERMITS);
        Self(Arc::new(Shared { limits, taken: Mutex::default(), opening: Arc::new(Semaphore::new(opening)) }))
    }

    /// A seat for a browser with this session, if it has one, that comes from `network`.
    pub(crate) fn take(&self, session: Option<SessionId>, network: Option<Network>) -> Result<Seat, Refusal> {
        self.find(session, network).inspect_err(|_| metrics::limit_reached(LimitName::Sockets))
    }

    fn find(&self, session: Option<SessionId>, network: Option<Network>) -> Result<Seat, Refusal> {
        let limits = &self.0.limits;
        let network = network.filter(|_| limits.per_address.is_some());
        let opening = Arc::clone(&self.0.opening).try_acquire_owned().map_err(|_| Refusal::Busy)?;
        let mut taken = self.taken();
        if taken.all >= limits.all {
            return Err(Refusal::Busy);
        }
        let full = taken.sessions.of(session) >= limits.per_session
            || limits.per_address.is_some_and(|most| taken.is_full(network, most));
        if full {
            return Err(Refusal::TooManySockets);
        }
        taken.all += 1;
        taken.sessions.take(session);
        blocks(network).for_each(|(block, _)| taken.blocks.take(Some(block)));
        Ok(Seat { seats: self.clone(), session, network, opening: Some(opening) })
    }

    fn taken(&self) -> MutexGuard<'_, Taken> {
        // Nothing between lock and unlock can leave the counts half changed.
        self.0.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Seat {
    /// The first state was told: another one may come in.
    pub(crate) fn settle(&mut self) {
        self.opening = None;
    }

    /// The same for who knows the state already, or is told none.
    #[must_use]
    pub fn settled(mut self) -> Self {
        self.settle();
        self
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        let mut taken = self.seats.taken();
        taken.all -= 1;
        taken.sessions.leave(self.session);
        blocks(self.network).for_each(|(block, _)| taken.blocks.leave(Some(block)));
    }
}

impl Taken {
    /// True if the network, or a wider block around it, has no seat left.
    fn is_full(&self, network: Option<Network>, most: u32) -> bool {
        blocks(network).any(|(block, times)| self.blocks.of(Some(block)) >= most.saturating_mul(times))
    }
}

/// The blocks whose seats are counted, each with its limit as a multiple of one network's.
fn blocks(network: Option<Network>) -> impl Iterator<Item = (Block, u32)> {
    network.into_iter().flat_map(Network::limited)
}

impl<K: Copy + Eq + Hash> Counts<K> {
    fn of(&self, one: Option<K>) -> u32 {
        one.and_then(|one| self.0.get(&one).copied()).unwrap_or_default()
    }

    fn take(&mut self, one: Option<K>) {
        if let Some(one) = one {
            *self.0.entry(one).or_default() += 1;
        }
    }

    fn leave(&mut self, one: Option<K>) {
        let Some(one) = one else { return };
        match self.0.get_mut(&one) {
            Some(count) if *count > 1 => *count -= 1,
            _ => drop(self.0.remove(&one)),
        }
    }
}

impl<K> Default for Counts<K> {
    fn default() -> Self {
        Self(HashMap::new())
    }
}

#[cfg(test)]
mod tests {
    use approval::{Clock, Entropy, Id};

    use super::*;

    const MANY: SeatLimits = SeatLimits { all: 100, per_session: 100, per_address: None, opening: 100 };

    fn session() -> SessionId {
        Id::new(&Clock::system(), &Entropy::system())
    }

    fn refusal(taken: Result<Seat, Refusal>) -> Option<Refusal> {
        taken.err()
    }

    #[test]
    fn a_session_has_its_seats_and_another_session_others() {
        let seats = Seats::new(SeatLimits { per_session: 2, ..MANY });
        let (one, other) = (Some(session()), Some(session()));
        let first = seats.take(one, None).unwrap();
        let _second = seats.take(one, None).unwrap();
        assert_eq!(refusal(seats.take(one, None)), Some(Refusal::TooManySockets));
        assert!(seats.take(other, None).is_ok());
        drop(first);
        assert!(seats.take(one, None).is_ok());
    }

    #[test]
    fn a_process_has_so_many_seats_whoever_comes() {
        let seats = Seats::new(SeatLimits { all: 2, ..MANY });
        let _two = [seats.take(Some(session()), None).unwrap(), seats.take(None, None).unwrap()];
        assert_eq!(refusal(seats.take(Some(session()), None)), Some(Refusal::Busy));
    }

    #[test]
    fn an_address_counts_only_where_it_is_configured_and_one_of_ipv6_with_its_network() {
        let (one, neighbour, other) = ("2001:db8::1", "2001:db8::2", "2001:db8:0:1::1");
        let network = |text: &str| Some(Network::of(text.parse().unwrap()));
        let seats = Seats::new(SeatLimits { per_address: Some(1), ..MANY });
        let _seat = seats.take(Some(session()), network(one)).unwrap();
        assert_eq!(refusal(seats.take(Some(session()), network(neighbour))), Some(Refusal::TooManySockets));
        assert!(seats.take(Some(session()), network(other)).is_ok());
        let seats = Seats::new(MANY);
        let _seat = seats.take(Some(session()), network(one)).unwrap();
        assert!(seats.take(Some(session()), network(one)).is_ok());
    }

    #[test]
    fn rotating_networks_of_ipv6_have_4_and_16_times_the_seats_of_one() {
        let network =
            |third: u16, last: u16| Some(Network::of(format!("2001:db8:{third:x}:{last:x}::1").parse().unwrap()));
        let seats = Seats::new(SeatLimits { all: 1000, opening: 1000, per_address: Some(2), ..MANY });
        let of_56: Vec<_> = (0..256).filter_map(|last| seats.take(None, network(1, last)).ok()).collect();
        let of_48: Vec<_> = (0..256).filter_map(|last| seats.take(None, network(2, last << 8)).ok()).collect();
        assert_eq!((of_56.len(), of_48.len()), (2 * 4, 2 * 16));
        drop((of_56, of_48));
        assert!(seats.taken().blocks.0.is_empty());
    }

    #[test]
    fn who_is_told_the_first_state_lets_the_next_one_in() {
        let seats = Seats::new(SeatLimits { opening: 1, ..MANY });
        let mut first = seats.take(Some(session()), None).unwrap();
        assert_eq!(refusal(seats.take(Some(session()), None)), Some(Refusal::Busy));
        first.settle();
        assert!(seats.take(Some(session()), None).is_ok());
    }

    #[test]
    fn nobody_is_remembered_who_has_left() {
        let seats = Seats::new(SeatLimits { per_address: Some(1), ..MANY });
        drop(seats.take(Some(session()), Some(Network::of("203.0.113.7".parse().unwrap()))));
        let taken = seats.taken();
        assert!(taken.all == 0 && taken.sessions.0.is_empty() && taken.blocks.0.is_empty());
    }
}
