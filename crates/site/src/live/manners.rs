//! What a browser on a socket may do: say little, and now and then give a sign of life. Knows no socket.

use std::time::Duration;

use tokio::time::Instant;

/// How many messages are heard within [`SPAN`]. Our page pings once a second, and answers ours.
const MESSAGES: u32 = 30;
/// See [`MESSAGES`].
const SPAN: Duration = Duration::from_secs(10);

/// How one browser behaves.
#[derive(Debug)]
pub(crate) struct Manners {
    since: Instant,
    heard: u32,
    alive: bool,
}

impl Manners {
    /// Those of a browser that has just come.
    pub(crate) const fn new(now: Instant) -> Self {
        Self { since: now, heard: 0, alive: true }
    }

    /// Notes a message, of whatever kind; whether it may still be heard.
    pub(crate) fn hear(&mut self, now: Instant) -> bool {
        self.alive = true;
        if now.duration_since(self.since) >= SPAN {
            (self.since, self.heard) = (now, 0);
        }
        self.heard += 1;
        self.heard <= MESSAGES
    }

    /// Whether anything was heard since this was asked last.
    pub(crate) const fn was_alive(&mut self) -> bool {
        std::mem::replace(&mut self.alive, false)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn so_many_messages_are_heard_in_a_while_and_more_in_the_next() {
        let begun = Instant::now();
        let mut manners = Manners::new(begun);
        for _ in 0..MESSAGES {
            assert!(manners.hear(begun + SPAN / 2));
        }
        assert!(!manners.hear(begun + SPAN / 2));
        assert!(manners.hear(begun + SPAN));
    }

    #[test]
    fn a_page_that_pings_once_a_second_is_always_heard() {
        let begun = Instant::now();
        let mut manners = Manners::new(begun);
        assert!((0..600).all(|second| manners.hear(begun + Duration::from_secs(second))));
    }

    #[test]
    fn who_says_nothing_from_one_beat_to_the_next_is_gone() {
        let mut manners = Manners::new(Instant::now());
        assert!(manners.was_alive());
        manners.hear(Instant::now());
        assert!(manners.was_alive());
        assert!(!manners.was_alive());
    }
}
