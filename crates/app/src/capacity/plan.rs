//! The arithmetic of the plan: limits and settings in, numbers and warnings out. Reads nothing by itself.

use hub::HASH_MEMORY;

use super::memory::MemoryLimit;

/// Descriptors kept from clients: for the database, files, NATS, the provider, refused connections and operators.
pub(super) const RESERVED_DESCRIPTORS: usize = 160;
/// Calls to the provider at once, out of the reserved descriptors.
pub(super) const PROVIDER_CALLS: usize = 20;
/// The most calls to the provider at once with [`MANY_DESCRIPTORS`]; the additional descriptors are taken from clients.
const MOST_PROVIDER_CALLS: usize = 256;
/// From this limit of open files on, one in 16 is for a call to the provider.
const MANY_DESCRIPTORS: usize = 2048;
/// The plan never exceeds this many connections.
pub(super) const MOST_CONNECTIONS: usize = 100_000;
/// Memory of a process before its first client, in bytes, with full caches of its database files.
const HUB_BASE: u64 = 56 << 20;
const OTHER_BASE: u64 = 32 << 20;
/// Memory of one connection, in bytes: its buffers, its task, a short request, and an answer that is not sent yet.
/// docs/running.md has the measurements.
const CONNECTION: u64 = 32 << 10;
/// At least this many connections are planned, however little memory there is.
const FEWEST_CONNECTIONS: u64 = 64;
/// Bytes of large requests that all connections may hold together, at least and at most.
const REQUEST_BYTES: (u64, u64) = (1 << 20, 128 << 20);
/// By default hashing takes at most one part in 8 of the memory; with the setting, at most one in 2.
const HASHING_PART: u64 = 8;
const MOST_HASHING_PART: u64 = 2;
/// Passwords that may wait in each half of the hashing pool. With 30 ms for each, the last one waits a few seconds.
const HASH_QUEUE: usize = 100;
/// Guesses that may wait for the delays of their accounts.
const WAITING_GUESSES: usize = 1024;

/// `SOCKETS` in config/default.toml.
pub(super) const DEFAULT_SOCKETS: u32 = 20_000;

/// The limits of machine and cgroup.
#[derive(Debug, Clone, Copy)]
pub(super) struct Limits {
    pub(super) descriptors: Option<usize>,
    pub(super) memory: Option<MemoryLimit>,
    pub(super) cores: usize,
}

/// The settings that the limits may not allow.
#[derive(Debug, Clone, Copy)]
pub(super) struct Requested {
    /// True for roles with people: they hash passwords and have waiting browsers.
    pub(super) is_hub: bool,
    pub(super) per_address: Option<usize>,
    pub(super) sockets: u32,
    pub(super) hashing_threads: Option<usize>,
    pub(super) memory_mb: Option<u64>,
}

/// The planned limits as numbers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Plan {
    pub(super) connections: usize,
    pub(super) per_address: usize,
    pub(super) sockets: u32,
    pub(super) request_bytes: usize,
    pub(super) hashing_threads: usize,
    pub(super) hash_queue: usize,
    pub(super) waiting_guesses: usize,
}

/// Something that the limits do not allow, and what an operator can do.
#[derive(Debug, Clone)]
pub(super) struct Warning {
    pub(super) sentence: String,
    pub(super) remedy: &'static str,
}

impl Plan {
    /// Connections get half of the memory that base and hashing leave, and large requests a quarter. That quarter is an
    /// eighth in received bytes, because a growing buffer is up to twice as large as its content. The rest stays free.
    ///
    /// Waiting browsers get at most three quarters of the connections, so that callbacks and pages always get through.
    /// One address gets at most half of them, unless a setting says otherwise; passwords and guesses that wait hold at
    /// most an eighth each.
    pub(super) fn of(limits: Limits, requested: Requested) -> Self {
        let hashing_threads = if requested.is_hub { hashing_threads(limits, requested.hashing_threads) } else { 0 };
        let free = limits
            .memory
            .map_or(u64::MAX, |memory| memory.bytes.saturating_sub(memory_at_start(hashing_threads, requested)));
        let by_memory = (free / 2 / CONNECTION).max(FEWEST_CONNECTIONS);
        let connections = connections_by_descriptors(limits).min(usize::try_from(by_memory).unwrap_or(usize::MAX));
        let seats = u32::try_from(connections / 4 * 3).unwrap_or(u32::MAX).max(1);
        let (fewest, most) = REQUEST_BYTES;
        Self {
            connections,
            per_address: requested.per_address.unwrap_or(connections.div_ceil(2)).min(connections),
            sockets: requested.sockets.min(seats),
            request_bytes: usize::try_from((free / 8).clamp(fewest, most)).unwrap_or(usize::MAX),
            hashing_threads,
            hash_queue: HASH_QUEUE.min(connections.div_ceil(16)),
            waiting_guesses: WAITING_GUESSES.min(connections.div_ceil(8)),
        }
    }

    /// A warning for each setting that the limits do not allow, and for too little memory.
    pub(super) fn warnings(&self, limits: Limits, requested: Requested) -> Vec<Warning> {
        let mut warnings = Vec::new();
        let mut compare = |name: &str, wanted: usize, planned: usize| {
            if wanted > planned {
                let (cause, remedy) = self.cause(limits);
                let sentence = format!("{name}={wanted} cannot be held, {planned} is used instead: {cause}");
                warnings.push(Warning { sentence, remedy });
            }
        };
        // The default suits few machines exactly, so it counts as a wish only where less than half of it can be held.
        if requested.is_hub && (requested.sockets != DEFAULT_SOCKETS || self.sockets < DEFAULT_SOCKETS / 2) {
            compare("SOCKETS", requested.sockets as usize, self.sockets as usize);
        }
        compare("CONNECTIONS_PER_ADDRESS", requested.per_address.unwrap_or(0), self.per_address);
        let Some(memory) = limits.memory else { return warnings };
        let (megabytes, source) = (memory.megabytes(), memory.source);
        if let Some(wanted) =
            requested.hashing_threads.filter(|wanted| requested.is_hub && *wanted > self.hashing_threads)
        {
            let (each, planned) = (HASH_MEMORY >> 20, self.hashing_threads);
            let sentence = format!(
                "HASHING_THREADS={wanted} cannot be held, {planned} is used instead: each takes {each} MB, and all may take \
                 half of the memory limit of {megabytes} MB ({source})"
            );
            warnings.push(Warning { sentence, remedy: "raise the limit, or lower the setting" });
        }
        if let Some(wanted) = requested.memory_mb.filter(|wanted| *wanted > megabytes) {
            let sentence = format!(
                "MEMORY_MB={wanted} cannot be held, the plan is for {megabytes} MB: that is the memory limit ({source})"
            );
            warnings.push(Warning { sentence, remedy: "raise the limit, or lower the setting" });
        }
        let least = (memory_at_start(self.hashing_threads, requested)
            + 2 * FEWEST_CONNECTIONS * CONNECTION
            + 2 * REQUEST_BYTES.0)
            >> 20;
        if megabytes < least {
            let sentence = format!(
                "the memory limit of {megabytes} MB ({source}) is less than the {least} MB that the process needs; it may be \
                 killed"
            );
            warnings.push(Warning { sentence, remedy: "raise the limit" });
        }
        warnings
    }

    /// The limit that determines the number of connections, and what an operator can do.
    fn cause(&self, limits: Limits) -> (String, &'static str) {
        let connections = self.connections;
        match (limits.descriptors, limits.memory) {
            (_, Some(memory)) if connections < connections_by_descriptors(limits) => {
                let (megabytes, source) = (memory.megabytes(), memory.source);
                let cause = format!("the memory limit of {megabytes} MB ({source}) allows {connections} connections");
                (cause, "raise the limit, or lower the setting")
            }
            (Some(descriptors), _) => {
                let cause = format!("the limit of {descriptors} open files allows {connections} connections");
                (cause, "raise the limit (LimitNOFILE= of systemd, `ulimit -Hn`), or lower the setting")
            }
            (None, _) => (format!("a process accepts {connections} connections at most"), "lower the setting"),
        }
    }
}

/// The calls to the provider that these descriptors allow at once. Each may hold a connection.
pub(super) const fn provider_calls(descriptors: usize) -> usize {
    if descriptors < MANY_DESCRIPTORS {
        return PROVIDER_CALLS;
    }
    let share = descriptors / 16;
    if share < MOST_PROVIDER_CALLS { share } else { MOST_PROVIDER_CALLS }
}

fn connections_by_descriptors(limits: Limits) -> usize {
    let descriptors = limits.descriptors.unwrap_or(usize::MAX);
    let reserved = RESERVED_DESCRIPTORS + (provider_calls(descriptors) - PROVIDER_CALLS);
    descriptors.saturating_sub(reserved).max(descriptors / 2).clamp(1, MOST_CONNECTIONS)
}

fn hashing_threads(limits: Limits, wanted: Option<usize>) -> usize {
    let fitting = |part| {
        let bytes = limits.memory.map_or(u64::MAX, |memory| memory.bytes) / part;
        usize::try_from(bytes / HASH_MEMORY).unwrap_or(usize::MAX)
    };
    match wanted {
        Some(wanted) => wanted.min(fitting(MOST_HASHING_PART)).max(1),
        None => limits.cores.min(fitting(HASHING_PART)).max(1),
    }
}

/// Memory in use before the first client, in bytes.
fn memory_at_start(hashing_threads: usize, requested: Requested) -> u64 {
    let base = if requested.is_hub { HUB_BASE } else { OTHER_BASE };
    base + HASH_MEMORY * hashing_threads as u64
}

#[cfg(test)]
mod tests {
    use super::super::memory::MemorySource;
    use super::*;

    const REQUESTED: Requested =
        Requested { is_hub: true, per_address: None, sockets: 20_000, hashing_threads: None, memory_mb: None };

    fn limits(descriptors: usize, megabytes: u64, cores: usize) -> Limits {
        let memory = MemoryLimit { bytes: megabytes << 20, source: MemorySource::Cgroup };
        Limits { descriptors: Some(descriptors), memory: Some(memory), cores }
    }

    fn plan(descriptors: usize, megabytes: u64, cores: usize) -> Plan {
        Plan::of(limits(descriptors, megabytes, cores), REQUESTED)
    }

    #[test]
    fn the_default_of_the_settings_is_known_here() {
        let settings = include_str!("../../../../config/default.toml");
        assert!(settings.lines().any(|line| line == format!("all = {DEFAULT_SOCKETS}")), "[sockets] all");
    }

    #[test]
    fn the_reserve_stays_free_and_waiting_browsers_leave_a_quarter() {
        let large = plan(1024, 8192, 2);
        assert_eq!((large.connections, large.per_address, large.sockets), (864, 432, 648));
        let fifty = Plan::of(limits(1024, 8192, 2), Requested { per_address: Some(50), ..REQUESTED });
        assert_eq!(fifty.per_address, 50);
    }

    #[test]
    fn few_descriptors_are_halved_and_many_allow_the_configured_limit() {
        let few = plan(64, 8192, 2);
        assert_eq!((few.connections, few.per_address, few.sockets), (32, 16, 24));
        assert_eq!((plan(1, 8192, 2).connections, plan(1, 8192, 2).sockets), (1, 1));
        let unlimited = Plan::of(Limits { descriptors: None, memory: None, cores: 2 }, REQUESTED);
        assert_eq!((unlimited.connections, unlimited.sockets, unlimited.hashing_threads), (100_000, 20_000, 2));
    }

    #[test]
    fn hashing_is_as_wide_as_the_cores_or_an_eighth_of_the_memory() {
        for (megabytes, cores, threads) in
            [(64, 4, 1), (128, 64, 1), (256, 64, 1), (512, 64, 3), (1024, 64, 6), (1024, 2, 2), (65_536, 64, 64)]
        {
            assert_eq!(plan(65_536, megabytes, cores).hashing_threads, threads, "{megabytes} MB, {cores} cores");
        }
        let wanting = |threads| Requested { hashing_threads: Some(threads), ..REQUESTED };
        for (wanted, threads) in [(1, 1), (4, 4), (6, 6), (7, 6), (1000, 6)] {
            assert_eq!(Plan::of(limits(65_536, 256, 2), wanting(wanted)).hashing_threads, threads, "{wanted}");
        }
        assert_eq!(Plan::of(limits(1024, 256, 2), Requested { is_hub: false, ..REQUESTED }).hashing_threads, 0);
    }

    #[test]
    fn all_parts_of_the_plan_together_fit_into_the_memory() {
        for megabytes in [96, 128, 192, 256, 512, 1000, 4000, 65_536] {
            for is_hub in [true, false] {
                let plan = Plan::of(limits(1_000_000, megabytes, 8), Requested { is_hub, ..REQUESTED });
                let requested = Requested { is_hub, ..REQUESTED };
                let worst = memory_at_start(plan.hashing_threads, requested)
                    + plan.connections as u64 * CONNECTION
                    + 2 * plan.request_bytes as u64;
                assert!(worst <= megabytes << 20, "{megabytes} MB: {} MB", worst >> 20);
                assert!(plan.warnings(limits(1_000_000, megabytes, 8), requested).len() <= 1);
            }
        }
    }

    #[test]
    fn small_plans_leave_connections_to_people_who_do_not_wait_for_a_hash() {
        for descriptors in [64, 256, 1024] {
            let plan = plan(descriptors, 8192, 2);
            assert!(2 * plan.hash_queue + plan.waiting_guesses <= plan.connections / 4 + 3, "{plan:?}");
        }
        let large = plan(20_000, 8192, 2);
        assert_eq!((large.hash_queue, large.waiting_guesses), (HASH_QUEUE, WAITING_GUESSES));
    }

    #[test]
    fn a_setting_that_cannot_be_held_is_named_with_both_figures_and_the_limit() {
        let warnings = |limits, requested| -> Vec<String> {
            Plan::of(limits, requested)
                .warnings(limits, requested)
                .into_iter()
                .map(|warning| warning.sentence)
                .collect()
        };
        assert_eq!(warnings(limits(65_536, 8192, 2), REQUESTED), [""; 0]);
        assert_eq!(warnings(limits(20_000, 8192, 2), REQUESTED), [""; 0], "it is the default");
        let wished = warnings(limits(20_000, 8192, 2), Requested { sockets: 19_999, ..REQUESTED });
        assert!(wished[0].contains("SOCKETS=19999"), "{wished:?}");
        let [files] = &warnings(limits(1024, 8192, 2), REQUESTED)[..] else { panic!("one warning") };
        assert!(
            files.contains("SOCKETS=20000") && files.contains("648") && files.contains("1024 open files"),
            "{files}"
        );
        let [memory] = &warnings(limits(65_536, 128, 2), REQUESTED)[..] else { panic!("one warning") };
        assert!(memory.contains("SOCKETS=20000") && memory.contains("128 MB (cgroup)"), "{memory}");
        let wanting =
            Requested { hashing_threads: Some(8), memory_mb: Some(512), per_address: Some(5000), ..REQUESTED };
        let all = warnings(limits(65_536, 128, 2), wanting).join("\n");
        for part in ["HASHING_THREADS=8", "3 is used", "MEMORY_MB=512", "CONNECTIONS_PER_ADDRESS=5000"] {
            assert!(all.contains(part), "{part}: {all}");
        }
        let receiver = Requested { is_hub: false, ..wanting };
        let all = warnings(limits(65_536, 128, 2), receiver).join("\n");
        assert!(!all.contains("SOCKETS") && !all.contains("HASHING"), "a receiver reads neither: {all}");
        assert!(warnings(limits(1024, 64, 2), Requested { sockets: 1, ..REQUESTED })[0].contains("needs"));
    }
}
