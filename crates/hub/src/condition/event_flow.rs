//! Records whether this hub takes events from the event log; if not, since when and why. Knows no event log and no
//! approval.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use approval::{Lasting, told};
use broker::ConsumeError;
use time::OffsetDateTime;

/// A trouble that has lasted this long is a readiness fault.
const FAULT_AFTER: Duration = Duration::from_secs(5);
/// Events count as taken again once no attempt has failed for this long. A failing attempt fails sooner.
const QUIET: Duration = Duration::from_secs(3);

/// Notes how each attempt to take an event went.
#[derive(Debug)]
pub(crate) struct EventFlow {
    flow: Mutex<Flow>,
    stated: Lasting,
}

#[derive(Debug, Default)]
struct Flow {
    trouble: Option<Trouble>,
    /// Until when events were not taken or came late, by the clock of the approvals' `created_at`.
    disturbed_until: Option<OffsetDateTime>,
}

#[derive(Debug)]
struct Trouble {
    began: Instant,
    last: Instant,
    /// The cause; `None` if the event log reports its fault itself.
    cause: Option<String>,
}

impl Default for EventFlow {
    fn default() -> Self {
        Self { flow: Mutex::default(), stated: Lasting::new(Duration::ZERO) }
    }
}

impl EventFlow {
    /// Notes a failed attempt. Logs it if it is a new trouble, or has a new cause.
    pub(crate) fn failed(&self, error: &ConsumeError, now: Instant, clock: OffsetDateTime) {
        // An unusable event log has already logged cause and remedy itself.
        let cause = (!matches!(error, ConsumeError::Unusable(_))).then(|| told(error));
        if let Some(cause) = cause.as_ref().filter(|cause| self.stated.failed(cause, now)) {
            tracing::error!(error = cause, "callbacks cannot be taken; trying again");
        }
        let mut flow = self.flow();
        let began = flow.trouble.as_ref().map_or(now, |trouble| trouble.began);
        flow.trouble = Some(Trouble { began, last: now, cause });
        flow.disturbed_until = Some(clock);
    }

    /// Notes that an event was taken.
    pub(crate) fn took(&self, now: Instant, clock: OffsetDateTime) {
        self.end(now, clock, |_| true);
    }

    /// Notes that an attempt waits for an event. Waiting for a while without a failure counts as working.
    pub(crate) fn waits(&self, now: Instant, clock: OffsetDateTime) {
        self.end(now, clock, |trouble| now.saturating_duration_since(trouble.last) >= QUIET);
    }

    /// Notes that the event log cannot be used, and that it reports this itself.
    pub(crate) fn waits_for_log(&self, clock: OffsetDateTime) {
        self.flow().disturbed_until = Some(clock);
    }

    /// Notes that an event was taken long after its callback, because a receiver could not publish it earlier.
    pub(crate) fn came_late(&self, clock: OffsetDateTime) {
        self.flow().disturbed_until = Some(clock);
    }

    /// Why no events are taken; `None` if the trouble is too short, or the event log reports it itself.
    pub(crate) fn fault(&self, now: Instant) -> Option<String> {
        let flow = self.flow();
        let trouble = flow.trouble.as_ref()?;
        let lasts = now.saturating_duration_since(trouble.began) >= FAULT_AFTER;
        trouble.cause.clone().filter(|_| lasts)
    }

    /// True if an event about an approval made at `created_at` may be missing because of our own side.
    pub(crate) fn was_disturbed_since(&self, created_at: OffsetDateTime) -> bool {
        let flow = self.flow();
        flow.trouble.is_some() || flow.disturbed_until.is_some_and(|until| until >= created_at)
    }

    fn end(&self, now: Instant, clock: OffsetDateTime, is_over: impl Fn(&Trouble) -> bool) {
        let mut flow = self.flow();
        if flow.trouble.take_if(|trouble| is_over(trouble)).is_none() {
            return;
        }
        flow.disturbed_until = Some(clock);
        if let Some(failures) = self.stated.worked(now) {
            tracing::info!(failures, "callbacks are taken again");
        }
    }

    fn flow(&self) -> MutexGuard<'_, Flow> {
        // Each change is one assignment.
        self.flow.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    const CLOCK: OffsetDateTime = OffsetDateTime::UNIX_EPOCH;

    fn unreadable() -> ConsumeError {
        ConsumeError::Unreadable(Arc::new(std::io::Error::other("stream not found")))
    }

    /// Seconds after the begin, on both clocks.
    fn at(begun: Instant, seconds: u32) -> (Instant, OffsetDateTime) {
        (begun + Duration::from_secs(seconds.into()), CLOCK + time::Duration::seconds(seconds.into()))
    }

    #[test]
    fn failures_are_a_fault_after_five_seconds_and_none_once_an_event_is_taken() {
        let (flow, begun) = (EventFlow::default(), Instant::now());
        for second in 0..=5 {
            let (now, clock) = at(begun, second);
            flow.failed(&unreadable(), now, clock);
            flow.waits(now, clock);
            assert_eq!(flow.fault(now).is_some(), second == 5, "{second}");
        }
        let (now, clock) = at(begun, 6);
        assert!(flow.fault(now).unwrap().contains("stream not found"));
        flow.took(now, clock);
        assert_eq!(flow.fault(at(begun, 60).0), None);
    }

    #[test]
    fn an_attempt_that_waits_ends_the_trouble_once_nothing_has_failed_for_three_seconds() {
        let (flow, begun) = (EventFlow::default(), Instant::now());
        let (now, clock) = at(begun, 0);
        flow.failed(&unreadable(), now, clock);
        flow.failed(&unreadable(), at(begun, 9).0, at(begun, 9).1);
        flow.waits(at(begun, 11).0, at(begun, 11).1);
        assert!(flow.fault(at(begun, 11).0).is_some());
        flow.waits(at(begun, 12).0, at(begun, 12).1);
        assert_eq!(flow.fault(at(begun, 12).0), None);
    }

    #[test]
    fn what_the_event_log_reports_itself_is_no_second_fault_and_still_a_disturbance() {
        let (flow, begun) = (EventFlow::default(), Instant::now());
        let unusable = ConsumeError::Unusable(Arc::new(std::io::Error::other("it is paused")));
        for second in [0, 20] {
            flow.failed(&unusable, at(begun, second).0, at(begun, second).1);
        }
        assert_eq!(flow.fault(at(begun, 20).0), None);
        assert!(flow.was_disturbed_since(at(begun, 100).1));
    }

    #[test]
    fn approvals_made_before_the_end_of_a_disturbance_are_disturbed_and_later_ones_are_not() {
        let (flow, begun) = (EventFlow::default(), Instant::now());
        assert!(!flow.was_disturbed_since(CLOCK));
        flow.failed(&unreadable(), at(begun, 10).0, at(begun, 10).1);
        flow.took(at(begun, 20).0, at(begun, 20).1);
        assert!(flow.was_disturbed_since(at(begun, 19).1));
        assert!(!flow.was_disturbed_since(at(begun, 21).1));
        flow.came_late(at(begun, 30).1);
        assert!(flow.was_disturbed_since(at(begun, 29).1));
        flow.waits_for_log(at(begun, 40).1);
        assert!(flow.was_disturbed_since(at(begun, 39).1) && flow.fault(at(begun, 60).0).is_none());
    }
}
