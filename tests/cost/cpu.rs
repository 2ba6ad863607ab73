//! The CPU time of work on the thread of a test, scaled to one machine, and its limits. Threads of their own, for
//! instance those for password hashing and for the database, do not count. Knows no crate of the workspace.

use std::fmt::Write as _;
use std::hint::black_box;
use std::time::Duration;

use rustix::time::{ClockId, clock_gettime};

/// The cost limit of one input (invariant 11). An unoptimised build takes about 20 times as long.
const LIMIT: Duration = Duration::from_micros(if cfg!(debug_assertions) { 20 * 300 } else { 300 });
/// Parsing the JSON of a callback takes so long on the machine that the limit is stated for. The costs on a slower one
/// are scaled by it.
const REFERENCE: Duration = Duration::from_nanos(4500);
/// The cost limit of a counted input, which uses the database several times, and the provider.
pub(crate) const COUNTED: Duration = LIMIT.saturating_mul(10);
/// A genuine callback.
const CALLBACK: &[u8] = include_bytes!("../benches/callback.json");
/// How often a callback is parsed to see how fast the machine is.
const PARSES: u32 = 20;
/// How often an input is sent; the first time warms up and does not count.
const RUNS: usize = 16;

/// The costs of inputs, by name.
#[derive(Default)]
pub(crate) struct Bill(Vec<(String, Duration)>);

impl Bill {
    /// Sends an input several times; `send` returns the CPU time of one.
    pub(crate) async fn add(&mut self, what: impl Into<String>, mut send: impl AsyncFnMut() -> Duration) {
        let (mut costs, mut references) = (Vec::with_capacity(RUNS), Vec::with_capacity(RUNS));
        for _ in 0..RUNS {
            references.push(parsing());
            costs.push(send().await);
        }
        references.sort_unstable();
        let reference = references[RUNS / 2];
        // Noise only adds: the other threads of the machine empty the caches, and timers of the hub fall due meanwhile.
        let least = costs.into_iter().skip(1).min().unwrap_or_default();
        let scale = REFERENCE.as_secs_f64() / reference.max(REFERENCE).as_secs_f64();
        self.0.push((what.into(), least.mul_f64(scale)));
    }

    /// Prints the cost of each input, the highest first, and fails if one is over the limit.
    pub(crate) fn settle(self) {
        self.settle_within(LIMIT);
    }

    /// As `settle`, with another limit.
    pub(crate) fn settle_within(mut self, limit: Duration) {
        self.0.sort_by_key(|(_, cost)| std::cmp::Reverse(*cost));
        let mut text = String::new();
        for (what, cost) in &self.0 {
            writeln!(text, "{:>8} µs  {what}", cost.as_micros()).unwrap();
        }
        eprint!("{text}");
        let over: Vec<_> = self.0.iter().filter(|(_, cost)| *cost > limit).collect();
        assert!(over.is_empty(), "over {limit:?}: {over:#?}");
    }
}

/// The CPU time that this thread uses for `work`.
pub(crate) async fn cost<T>(work: impl Future<Output = T>) -> (T, Duration) {
    let begun = used();
    let done = work.await;
    (done, used().saturating_sub(begun))
}

/// The CPU time that parsing the JSON of a callback takes now, the mean of [`PARSES`].
fn parsing() -> Duration {
    let begun = used();
    for _ in 0..PARSES {
        let callback: serde_json::Value = serde_json::from_slice(black_box(CALLBACK)).unwrap();
        black_box(callback);
    }
    used().saturating_sub(begun) / PARSES
}

fn used() -> Duration {
    let used = clock_gettime(ClockId::ThreadCPUTime);
    Duration::new(used.tv_sec.try_into().unwrap(), used.tv_nsec.try_into().unwrap())
}

/// A handler that keeps its thread busy for nearly a millisecond, as fast as this machine is, is over the limit.
#[tokio::test]
#[should_panic(expected = "over")]
async fn a_busy_millisecond_is_over_the_limit() {
    let rounds = LIMIT.as_nanos() * 3 / REFERENCE.as_nanos() / u128::from(PARSES);
    let busy = async || (0..rounds).for_each(|_| _ = parsing());
    let mut bill = Bill::default();
    bill.add("busy", async || cost(busy()).await.1).await;
    bill.settle();
}

#[tokio::test]
async fn waiting_costs_nothing() {
    let ((), spent) = cost(tokio::time::sleep(Duration::from_millis(20))).await;
    assert!(spent < LIMIT, "{spent:?}");
}
