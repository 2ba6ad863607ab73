//! The CPU time of a request on the runtime's one thread: the whole handler, except password hashing and database
//! connections, which have their own threads.

use std::fmt::Write as _;
use std::time::Duration;

use rustix::time::{ClockId, clock_gettime};

/// The cost limit of one input (invariant 11). An unoptimised build takes about 20 times as long.
const LIMIT: Duration = Duration::from_micros(if cfg!(debug_assertions) { 20 * 300 } else { 300 });
/// The cost limit of a counted input, which uses the database several times, and the provider.
pub(crate) const COUNTED: Duration = LIMIT.saturating_mul(10);
/// How often an input is sent; the first time warms up and does not count.
const RUNS: usize = 16;

/// The costs of inputs, by name.
#[derive(Default)]
pub(crate) struct Bill(Vec<(String, Duration)>);

impl Bill {
    /// Sends an input several times; `send` returns the CPU time of one.
    pub(crate) async fn add(&mut self, what: impl Into<String>, mut send: impl AsyncFnMut() -> Duration) {
        let mut costs = Vec::with_capacity(RUNS);
        for _ in 0..RUNS {
            costs.push(send().await);
        }
        // Noise only adds: the other threads of the machine empty the caches, and timers of the hub fall due meanwhile.
        let least = costs.into_iter().skip(1).min().unwrap_or_default();
        self.0.push((what.into(), least));
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

fn used() -> Duration {
    let used = clock_gettime(ClockId::ThreadCPUTime);
    Duration::new(used.tv_sec.try_into().unwrap(), used.tv_nsec.try_into().unwrap())
}

/// A handler that keeps its thread busy for a millisecond is over the limit.
#[tokio::test]
#[should_panic(expected = "over")]
async fn a_busy_millisecond_is_over_the_limit() {
    let busy = async || {
        let begun = used();
        while used() < begun + LIMIT * 10 / 3 {}
    };
    let mut bill = Bill::default();
    bill.add("busy", async || cost(busy()).await.1).await;
    bill.settle();
}

#[tokio::test]
async fn waiting_costs_nothing() {
    let ((), spent) = cost(tokio::time::sleep(Duration::from_millis(20))).await;
    assert!(spent < LIMIT, "{spent:?}");
}
