//! Plans at start, from the limits of machine and cgroup, how many connections, waiting browsers, hashes and queued
//! requests the process accepts, and how much memory requests may take. Knows no listener.

mod memory;
mod plan;

use std::num::NonZeroUsize;
use std::path::Path;
use std::thread::available_parallelism;

use hub::{HashLimits, SeatLimits};
use provider::AuthySettings;
use rustix::process::{Resource, getrlimit};
use site::TrustedProxies;

use crate::config::{Config, Listen, Role};
use crate::finding::{Finding, Part};
use crate::lifecycle::Lifecycle;
use crate::server::{Heads, PATIENCE, REFUSALS, SlotLimits, Slots, Terms};
use memory::{MemoryLimit, MemorySource};
use plan::{Limits, MOST_CONNECTIONS, PROVIDER_CALLS, Plan, RESERVED_DESCRIPTORS, Requested, Warning, provider_calls};

/// Connections at the operators' listener.
const ADMIN_CONNECTIONS: usize = 16;
/// Bytes of large requests that these may hold together.
const ADMIN_REQUEST_BYTES: usize = 1 << 20;

/// The slots of each listener, and the limits of a hub.
#[derive(Debug, Clone)]
pub(crate) struct Capacity {
    /// For browsers, programs and callbacks, over all listeners of the process.
    slots: Slots,
    /// For operators.
    pub(crate) admin: Slots,
    /// The limits of a hub, if the process is one.
    pub(crate) hub: HubCapacity,
    /// Calls to the provider at once.
    pub(crate) provider_calls: usize,
    limits: Limits,
    plan: Plan,
    warnings: Vec<Warning>,
}

/// The planned limits of a hub.
#[derive(Debug, Clone, Copy)]
pub(crate) struct HubCapacity {
    /// Limits of waiting browsers.
    pub(crate) seats: SeatLimits,
    /// Limits of passwords that are hashed or wait for hashing.
    pub(crate) hashing: HashLimits,
    /// The most guesses that may wait for the delays of their accounts.
    pub(crate) waiting_guesses: usize,
}

impl Capacity {
    /// Plans for a process of this role, within its limits.
    pub(crate) fn plan(config: &Config, role: Role) -> Self {
        let count = |number: u32| usize::try_from(number).unwrap_or(MOST_CONNECTIONS);
        let requested = Requested {
            is_hub: matches!(role, Role::Demo | Role::Serve | Role::Hub),
            per_address: config.listen.connections_per_address.map(count),
            sockets: config.sockets.all,
            hashing_threads: config.capacity.hashing_threads.map(count),
            memory_mb: config.capacity.memory_mb.map(u64::from),
        };
        let limits = Limits {
            descriptors: getrlimit(Resource::Nofile).current.and_then(|most| usize::try_from(most).ok()),
            memory: set_lower(MemoryLimit::find(Path::new("/")), requested.memory_mb),
            cores: available_parallelism().map_or(1, NonZeroUsize::get),
        };
        let plan = Plan::of(limits, requested);
        let exempt = config.listen.trusted_proxies.clone().unwrap_or_default();
        let (all, per_network, request_bytes) = (plan.connections, plan.per_address, plan.request_bytes);
        Self {
            slots: Slots::new(SlotLimits { all, per_network, exempt, request_bytes }),
            admin: Slots::new(SlotLimits {
                all: ADMIN_CONNECTIONS,
                per_network: ADMIN_CONNECTIONS,
                exempt: TrustedProxies::default(),
                request_bytes: ADMIN_REQUEST_BYTES,
            }),
            hub: HubCapacity {
                seats: SeatLimits {
                    all: plan.sockets,
                    per_session: config.sockets.per_session,
                    per_address: config.sockets.per_address,
                    opening: config.sockets.opening,
                },
                hashing: HashLimits { threads: plan.hashing_threads, queue: plan.hash_queue },
                waiting_guesses: plan.waiting_guesses,
            },
            provider_calls: provider_calls(limits.descriptors.unwrap_or(usize::MAX)),
            warnings: plan.warnings(limits, requested),
            limits,
            plan,
        }
    }

    /// How a listener for browsers, programs and callbacks serves.
    pub(crate) fn terms(&self, listen: &Listen, heads: Heads, lifecycle: &Lifecycle) -> Terms {
        let (slots, keep_alive, ending) = (self.slots.clone(), listen.keep_alive(), lifecycle.ending.clone());
        Terms { heads, slots, patience: PATIENCE, keep_alive, ending }
    }

    /// Logs the plan, and a warning for each setting that the limits do not allow.
    pub(crate) fn report(&self) {
        let (Limits { descriptors, memory, cores }, plan) = (self.limits, &self.plan);
        tracing::info!(
            descriptors,
            reserved_descriptors = descriptors.map(|all| all.saturating_sub(plan.connections)),
            memory_mb = memory.map(MemoryLimit::megabytes),
            memory_from = memory.map(|memory| tracing::field::display(memory.source)),
            cores,
            connections = plan.connections,
            provider_calls = self.provider_calls,
            per_address = plan.per_address,
            request_kb = plan.request_bytes >> 10,
            sockets = plan.sockets,
            hashing_threads = plan.hashing_threads,
            hash_queue = plan.hash_queue,
            waiting_guesses = plan.waiting_guesses,
            "planned the capacity from the limits of machine and cgroup"
        );
        for warning in &self.warnings {
            tracing::warn!(remedy = warning.remedy, "{}", warning.sentence);
        }
    }

    /// These warnings, as findings.
    pub(crate) fn findings(&self) -> impl Iterator<Item = Finding> {
        self.warnings.iter().map(|warning| Finding::warn(Part::Capacity, &*warning.sentence, warning.remedy))
    }
}

/// The limit that was found, or a lower one that was set.
fn set_lower(found: Option<MemoryLimit>, megabytes: Option<u64>) -> Option<MemoryLimit> {
    let set = megabytes.map(|megabytes| MemoryLimit { bytes: megabytes << 20, source: MemorySource::Setting });
    // `min_by_key` returns the first of two equal limits: the one that was found.
    found.into_iter().chain(set).min_by_key(|limit| limit.bytes)
}

// A refused connection holds a descriptor of the reserve for a moment, and so does each connection of an operator.
const _: () = assert!(RESERVED_DESCRIPTORS >= 6 * REFUSALS + ADMIN_CONNECTIONS);
// The database, files and NATS take fewer than 64 descriptors.
const _: () = assert!(
    RESERVED_DESCRIPTORS >= 64 + REFUSALS + ADMIN_CONNECTIONS + PROVIDER_CALLS + AuthySettings::OTHER_CONNECTIONS
);
