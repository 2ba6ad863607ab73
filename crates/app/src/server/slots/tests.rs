//! The slots in every order of connections that come, change their phase, receive and leave.

use proptest::prelude::*;
use tokio::time::advance;

use super::open::SLOW;
use super::*;

/// Bytes of requests that all connections may hold together.
const REQUEST_BYTES: usize = 4 * COUNTED_STEP;

fn slots(all: usize, per_network: usize) -> Slots {
    let exempt = "10.0.0.5".parse().unwrap();
    Slots::new(SlotLimits { all, per_network, exempt, request_bytes: REQUEST_BYTES })
}

fn from(slots: &Slots, peer: &str) -> Result<Slot, NoSlot> {
    slots.admit(peer.parse().unwrap())
}

fn is_evicted(slot: &Slot) -> bool {
    slot.0.evicted.is_cancelled()
}

#[tokio::test(start_paused = true)]
async fn the_oldest_silent_connection_is_evicted_before_an_idle_one() {
    let slots = slots(3, 3);
    let open: Vec<_> = (1..=3).map(|n| from(&slots, &format!("192.0.2.{n}")).unwrap()).collect();
    open[0].enter(Phase::Serving);
    open[0].enter(Phase::Idle);
    advance(SLOW).await;
    let fourth = from(&slots, "192.0.2.4").unwrap();
    assert_eq!(open.iter().map(is_evicted).collect::<Vec<_>>(), [false, true, false]);
    open[2].enter(Phase::Serving);
    fourth.enter(Phase::Serving);
    let fifth = from(&slots, "192.0.2.5").unwrap();
    assert_eq!(open.iter().map(is_evicted).collect::<Vec<_>>(), [true, true, false]);
    fifth.enter(Phase::Serving);
    assert_eq!(from(&slots, "192.0.2.6").unwrap_err(), NoSlot, "whoever is served stays");
    drop(fifth);
    assert!(from(&slots, "192.0.2.6").is_ok());
}

#[tokio::test(start_paused = true)]
async fn a_burst_of_newcomers_takes_the_place_of_idle_connections_and_of_none_of_its_own() {
    for per_network in [30, 100] {
        let slots = slots(30, per_network);
        let idle: Vec<_> = (0..30).map(|_| from(&slots, "192.0.2.1").unwrap()).collect();
        for slot in &idle {
            slot.enter(Phase::Idle);
        }
        advance(60 * SLOW).await;
        let burst: Vec<_> = (0..20).map(|_| from(&slots, "192.0.2.1").unwrap()).collect();
        assert!(!burst.iter().any(is_evicted));
        assert_eq!(idle.iter().filter(|slot| is_evicted(slot)).count(), 20);
        advance(SLOW).await;
        from(&slots, "192.0.2.1").unwrap();
        assert!(is_evicted(&burst[0]), "it has sent nothing since");
    }
}

#[test]
fn one_network_holds_at_most_half_of_the_memory_for_large_requests() {
    let slots = slots(100, 100);
    let open: Vec<_> = (0..2).map(|_| large(&slots, "192.0.2.1", 1).0).collect();
    let (third, received) = large(&slots, "192.0.2.1", 1);
    assert_eq!(received, Ok(()), "its own oldest gives way");
    assert_eq!(open.iter().map(is_evicted).collect::<Vec<_>>(), [true, false]);
    third.enter(Phase::Serving);
    open[1].enter(Phase::Serving);
    assert_eq!(large(&slots, "192.0.2.1", 1).1, Err(NoMemory));
    let others: Vec<_> = (0..2).map(|_| large(&slots, "192.0.2.2", 1)).collect();
    assert!(others.iter().all(|(_, received)| received.is_ok()) && !is_evicted(&open[1]));
    drop((open, others));
    assert_eq!(large(&slots, "10.0.0.5", 3).1, Ok(()), "a trusted proxy has no limit of its own");
}

#[test]
fn a_network_that_has_all_its_slots_takes_none_from_others() {
    let slots = slots(10, 2);
    let other = from(&slots, "192.0.2.1").unwrap();
    let first = from(&slots, "2001:db8::1").unwrap();
    let second = from(&slots, "2001:db8::2").unwrap();
    let third = from(&slots, "2001:db8:0:0:ffff::3").unwrap();
    assert_eq!((is_evicted(&other), is_evicted(&first)), (false, true));
    third.enter(Phase::Serving);
    drop(second);
    from(&slots, "2001:db8::4").unwrap().enter(Phase::Serving);
    let fifth = from(&slots, "2001:db8::5").unwrap();
    fifth.enter(Phase::Serving);
    assert_eq!(from(&slots, "2001:db8::6").unwrap_err(), NoSlot);
    assert!(from(&slots, "2001:db8:0:1::6").is_ok(), "another /64");
}

#[test]
fn a_mapped_address_counts_as_the_address_of_ipv4_that_it_is() {
    let slots = slots(10, 1);
    let first = from(&slots, "::ffff:192.0.2.1").unwrap();
    first.enter(Phase::Serving);
    assert_eq!(from(&slots, "192.0.2.1").unwrap_err(), NoSlot);
}

#[test]
fn a_trusted_proxy_has_no_limit_of_its_own() {
    let slots = slots(10, 1);
    let open: Vec<_> = (0..10).map(|_| from(&slots, "10.0.0.5").unwrap()).collect();
    assert!(!open.iter().any(is_evicted));
    for slot in &open {
        slot.enter(Phase::Serving);
    }
    assert_eq!(from(&slots, "10.0.0.5").unwrap_err(), NoSlot, "but no more than there are");
}

#[test]
fn an_evicted_slot_is_freed_only_once() {
    let slots = slots(1, 1);
    let first = from(&slots, "192.0.2.1").unwrap();
    let second = from(&slots, "192.0.2.2").unwrap();
    second.enter(Phase::Serving);
    first.enter(Phase::Idle);
    drop(first);
    assert_eq!(from(&slots, "192.0.2.3").unwrap_err(), NoSlot);
}

/// The connection received this many steps more than it may hold uncounted.
fn large(slots: &Slots, peer: &str, steps: usize) -> (Slot, Result<(), NoMemory>) {
    let slot = from(slots, peer).unwrap();
    let received = slot.receive(FREE_BYTES + steps * COUNTED_STEP);
    (slot, received)
}

#[test]
fn short_requests_are_held_uncounted() {
    let slots = slots(100, 100);
    let open: Vec<_> = (0..100).map(|_| from(&slots, "192.0.2.1").unwrap()).collect();
    for slot in &open {
        assert_eq!(slot.receive(FREE_BYTES), Ok(()));
        slot.enter(Phase::Serving);
        slot.enter(Phase::Idle);
        assert_eq!(slot.receive(FREE_BYTES), Ok(()));
    }
    assert_eq!(slots.open().bytes, 0);
    assert!(!open.iter().any(is_evicted));
}

#[test]
fn the_oldest_large_request_gives_way_and_one_that_is_being_answered_never() {
    let slots = slots(100, 100);
    let short = from(&slots, "192.0.2.1").unwrap();
    let open: Vec<_> = (1..5).map(|network| large(&slots, &format!("192.0.2.{network}"), 1).0).collect();
    open[0].enter(Phase::Serving);
    let (fifth, received) = large(&slots, "192.0.2.5", 1);
    assert_eq!(received, Ok(()));
    assert_eq!(open.iter().map(is_evicted).collect::<Vec<_>>(), [false, true, false, false]);
    for slot in open[2..].iter().chain([&fifth]) {
        slot.enter(Phase::Serving);
    }
    assert_eq!(large(&slots, "192.0.2.6", 1).1, Err(NoMemory));
    open[0].enter(Phase::Idle);
    let (_sixth, received) = large(&slots, "192.0.2.6", 1);
    assert_eq!(received, Ok(()), "a kept connection holds the buffer of its longest request, and gives way");
    assert!(is_evicted(&open[0]) && !is_evicted(&short));
}

#[test]
fn a_request_larger_than_all_memory_is_refused_and_takes_nothing() {
    let slots = slots(100, 100);
    assert_eq!(large(&slots, "192.0.2.1", 5).1, Err(NoMemory));
    assert_eq!(slots.open().bytes, 0);
}

#[test]
fn a_socket_holds_no_request() {
    let slots = slots(100, 100);
    let sockets: Vec<_> = (1..5).map(|network| large(&slots, &format!("192.0.2.{network}"), 1).0).collect();
    for slot in &sockets {
        slot.enter(Phase::Serving);
        slot.carry_socket();
        assert_eq!(slot.receive(10 * MOST_BYTES), Ok(()), "frames have limits of their own");
    }
    assert_eq!(slots.open().bytes, 0);
    assert_eq!(large(&slots, "10.0.0.5", 4).1, Ok(()));
    assert!(!sockets.iter().any(is_evicted));
}

proptest! {
    /// In any order of events, the limits hold, and a connection that ended leaves nothing behind.
    #[test]
    fn the_limits_hold_and_nothing_stays_behind(steps in prop::collection::vec((0..6u8, 0..4u8, any::<prop::sample::Index>()), 0..200)) {
        const ALL: usize = 8;
        let slots = slots(ALL, 3);
        let mut open: Vec<Slot> = Vec::new();
        for (step, network, which) in steps {
            match step {
                0 | 1 => open.extend(from(&slots, &format!("192.0.2.{network}"))),
                2 if !open.is_empty() => drop(open.swap_remove(which.index(open.len()))),
                3 if !open.is_empty() => open[which.index(open.len())].enter(Phase::Serving),
                4 if !open.is_empty() => open[which.index(open.len())].enter(Phase::Idle),
                5 if !open.is_empty() => drop(open[which.index(open.len())].receive(COUNTED_STEP)),
                _ => {}
            }
            let now = slots.open();
            prop_assert!(now.connections.len() <= ALL && now.networks.values().all(|crowd| crowd.open <= 3));
            let waiting = now.connections.values().filter(|one| one.phase != Phase::Serving).count();
            prop_assert_eq!(now.all.arriving.len() + now.all.idle.len(), waiting);
            prop_assert_eq!(now.bytes, now.connections.values().map(|one| one.bytes).sum::<usize>());
            prop_assert!(now.bytes <= REQUEST_BYTES);
            prop_assert!(now.networks.values().all(|crowd| crowd.bytes <= REQUEST_BYTES / 2));
        }
        drop(open);
        let now = slots.open();
        prop_assert!(now.connections.is_empty() && now.networks.is_empty());
        prop_assert!(now.all.arriving.is_empty() && now.all.idle.is_empty());
        prop_assert!(now.bytes == 0 && now.large.arriving.is_empty() && now.large.idle.is_empty());
    }
}
