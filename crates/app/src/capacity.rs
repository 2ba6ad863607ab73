//! Plans at start how many connections the process accepts, from its limit of file descriptors. Knows no listener.

use hub::{SeatLimits, TrustedProxies};
use rustix::process::{Resource, getrlimit};

use crate::config::{Listen, Sockets};
use crate::server::{REFUSALS, SlotLimits, Slots};

/// Descriptors kept from clients: for the database, files, NATS, the provider, refused connections and
/// [`ADMIN_CONNECTIONS`].
const RESERVED_DESCRIPTORS: usize = 160;
/// Connections at the operators' listener.
const ADMIN_CONNECTIONS: usize = 16;
/// The plan never exceeds this many connections.
const MOST_CONNECTIONS: usize = 100_000;

/// The slots of each listener, and the seats for waiting browsers.
#[derive(Debug, Clone)]
pub(crate) struct Capacity {
    /// For browsers, programs and callbacks, over all listeners of the process.
    pub(crate) slots: Slots,
    /// For operators.
    pub(crate) admin: Slots,
    /// The limits of waiting browsers.
    pub(crate) seats: SeatLimits,
    descriptors: Option<usize>,
    plan: Plan,
}

/// The planned limits as numbers.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Plan {
    connections: usize,
    per_address: usize,
    sockets: u32,
}

impl Capacity {
    /// Plans for this process's limit of file descriptors.
    pub(crate) fn plan(listen: &Listen, sockets: &Sockets) -> Self {
        let descriptors = getrlimit(Resource::Nofile).current.and_then(|most| usize::try_from(most).ok());
        let wanted = listen.connections_per_address.map(|most| usize::try_from(most).unwrap_or(MOST_CONNECTIONS));
        let plan = Plan::of(descriptors, wanted, sockets);
        let exempt = listen.trusted_proxies.clone().unwrap_or_default();
        let Sockets { per_session, per_address, opening, .. } = *sockets;
        Self {
            slots: Slots::new(SlotLimits { all: plan.connections, per_network: plan.per_address, exempt }),
            admin: Slots::new(SlotLimits {
                all: ADMIN_CONNECTIONS,
                per_network: ADMIN_CONNECTIONS,
                exempt: TrustedProxies::default(),
            }),
            seats: SeatLimits { all: plan.sockets, per_session, per_address, opening },
            descriptors,
            plan,
        }
    }

    /// Logs the plan.
    pub(crate) fn report(&self) {
        let (Plan { connections, per_address, sockets }, descriptors) = (&self.plan, self.descriptors);
        tracing::info!(descriptors, connections, per_address, sockets, "planned how many connections may be open");
    }
}

impl Plan {
    /// Waiting browsers get at most three quarters of the connections, so that callbacks and pages always get through.
    /// One address gets at most half of them, unless `per_address` is set.
    fn of(descriptors: Option<usize>, per_address: Option<usize>, sockets: &Sockets) -> Self {
        let descriptors = descriptors.unwrap_or(usize::MAX);
        let connections =
            descriptors.saturating_sub(RESERVED_DESCRIPTORS).max(descriptors / 2).clamp(1, MOST_CONNECTIONS);
        let seats = u32::try_from(connections / 4 * 3).unwrap_or(u32::MAX).max(1);
        Self {
            connections,
            per_address: per_address.unwrap_or(connections.div_ceil(2)),
            sockets: sockets.all.min(seats),
        }
    }
}

// A refused connection holds a descriptor of the reserve for a moment, and so does each connection of an operator.
const _: () = assert!(RESERVED_DESCRIPTORS >= 6 * REFUSALS + ADMIN_CONNECTIONS);

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
    fn few_descriptors_are_halved_and_many_allow_the_configured_limit() {
        assert_eq!(plan(Some(64), None), Plan { connections: 32, per_address: 16, sockets: 24 });
        assert_eq!(plan(Some(1), None), Plan { connections: 1, per_address: 1, sockets: 1 });
        assert_eq!(plan(None, None), Plan { connections: 100_000, per_address: 50_000, sockets: 20_000 });
    }
}
