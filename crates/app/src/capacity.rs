//! How many connections the process can hold, planned at its start from the file descriptors that it may open. Knows no
//! listener.

use hub::{SeatLimits, TrustedProxies};
use rustix::process::{Resource, getrlimit};

use crate::config::{Listen, Sockets};
use crate::server::{REFUSALS, SlotLimits, Slots};

/// Descriptors that no client can take: database, files, NATS, the provider, what is refused, and [`ADMIN`].
const RESERVE: usize = 160;
/// Connections to the listener for operators.
const ADMIN: usize = 16;
/// More connections than this are not planned for, however many descriptors there are.
const MOST: usize = 100_000;

/// How many connections the process can hold.
#[derive(Debug, Clone)]
pub(crate) struct Capacity {
    /// For browsers, programs and callbacks, over all listeners of the process.
    pub(crate) slots: Slots,
    /// For whoever looks after the process.
    pub(crate) admin: Slots,
    /// How many browsers may wait at once.
    pub(crate) seats: SeatLimits,
    descriptors: Option<usize>,
    plan: Plan,
}

/// The same as numbers.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Plan {
    connections: usize,
    per_address: usize,
    sockets: u32,
}

impl Capacity {
    /// Plans with the descriptors of this process.
    pub(crate) fn plan(listen: &Listen, sockets: &Sockets) -> Self {
        let descriptors = getrlimit(Resource::Nofile).current.and_then(|most| usize::try_from(most).ok());
        let wanted = listen.connections_per_address.map(|most| usize::try_from(most).unwrap_or(MOST));
        let plan = Plan::of(descriptors, wanted, sockets);
        let exempt = listen.trusted_proxies.clone().unwrap_or_default();
        let Sockets { per_session, per_address, opening, .. } = *sockets;
        Self {
            slots: Slots::new(SlotLimits { all: plan.connections, per_network: plan.per_address, exempt }),
            admin: Slots::new(SlotLimits { all: ADMIN, per_network: ADMIN, exempt: TrustedProxies::default() }),
            seats: SeatLimits { all: plan.sockets, per_session, per_address, opening },
            descriptors,
            plan,
        }
    }

    /// Says in the log what was planned.
    pub(crate) fn report(&self) {
        let (Plan { connections, per_address, sockets }, descriptors) = (&self.plan, self.descriptors);
        tracing::info!(descriptors, connections, per_address, sockets, "planned how many connections may be open");
    }
}

impl Plan {
    /// Of the connections a quarter is kept from waiting browsers, so that callbacks and pages always get through; and
    /// one address gets no more than half of them, unless `per_address` says otherwise.
    fn of(descriptors: Option<usize>, per_address: Option<usize>, sockets: &Sockets) -> Self {
        let descriptors = descriptors.unwrap_or(usize::MAX);
        let connections = descriptors.saturating_sub(RESERVE).max(descriptors / 2).clamp(1, MOST);
        let seats = u32::try_from(connections / 4 * 3).unwrap_or(u32::MAX).max(1);
        Self {
            connections,
            per_address: per_address.unwrap_or(connections.div_ceil(2)),
            sockets: sockets.all.min(seats),
        }
    }
}

// What is refused holds a descriptor of the reserve for a moment, and so does each connection for operators.
const _: () = assert!(RESERVE >= 6 * REFUSALS + ADMIN);

#[cfg(test)]
mod tests {
    use super::*;

    fn plan(descriptors: Option<usize>, per_address: Option<usize>) -> Plan {
        Plan::of(descriptors, per_address, &Sockets { all: 20_000, per_session: 20, per_address: None, opening: 500 })
    }

    #[test]
    fn the_reserve_stays_free_and_waiting_browsers_leave_a_quarter() {
        assert_eq!(plan(Some(1024), None), Plan { connections: 864, per_address: 432, sockets: 648 });
        assert_eq!(plan(Some(1024), Some(50)), Plan { connections: 864, per_address: 50, sockets: 648 });
    }

    #[test]
    fn a_process_with_few_descriptors_keeps_half_of_them_and_one_with_many_holds_what_is_configured() {
        assert_eq!(plan(Some(64), None), Plan { connections: 32, per_address: 16, sockets: 24 });
        assert_eq!(plan(Some(1), None), Plan { connections: 1, per_address: 1, sockets: 1 });
        assert_eq!(plan(None, None), Plan { connections: 100_000, per_address: 50_000, sockets: 20_000 });
    }
}
