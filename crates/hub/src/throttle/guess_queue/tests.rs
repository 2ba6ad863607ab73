//! The queue under attack, on tokio's clock: guessers who never pause, and an owner among them.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};

use storage::Delay;
use tokio::task::JoinSet;

use super::queue::{IN_ONE_QUEUE, OF_ONE_BLOCK};
use super::*;
use crate::network::Network;
use crate::throttle::GUESSES;

/// Places in all queues.
const PLACES: usize = 1024;
const EMAIL: &str = "ada@example.com";

/// Wrong guesses at one account, counted as the database counts them.
#[derive(Debug, Default)]
struct Counted(Mutex<HashMap<Option<Block>, Vec<Instant>>>);

impl Counted {
    fn count(&self, block: Option<Block>, others_wait: bool) -> Result<(), Delayed> {
        let mut counted = self.0.lock().unwrap();
        let of = |guesses: &[Instant], delay: Delay| {
            let window = std_duration(delay.window);
            let lately: Vec<_> = guesses.iter().filter(|at| at.elapsed() < window).collect();
            let wrong = u32::try_from(lately.len()).unwrap();
            let last = lately.iter().max().map_or(Duration::MAX, |at| at.elapsed());
            (std_duration(delay.after(wrong)).saturating_sub(last), wrong)
        };
        let all: Vec<Instant> = counted.values().flatten().copied().collect();
        let (shared, _) = of(&all, GUESSES.account);
        let (own, wrong) = of(counted.entry(block).or_default(), GUESSES.pair);
        if !own.is_zero() || !shared.is_zero() || others_wait {
            let [own, shared] = [own, shared].map(|wait| wait.try_into().unwrap());
            return Err(Delayed { own, shared: Some(shared), wrong });
        }
        counted.entry(block).or_default().push(Instant::now());
        Ok(())
    }
}

/// Randomness that is the same in each run.
fn seeded(seed: u64) -> Entropy {
    let state = AtomicU64::new(seed);
    Entropy::from_fn(move |buffer| {
        for byte in buffer {
            // The generator of Steele, Lea and Flood (SplitMix64).
            let mut next = state.fetch_add(0x9e37_79b9_7f4a_7c15, Ordering::Relaxed);
            next = (next ^ (next >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            next = (next ^ (next >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
            *byte = (next >> 56).to_le_bytes()[0];
        }
    })
}

fn block(number: u16) -> Option<Block> {
    format!("2001:db8:{number:x}::1").parse().ok().map(|address| Network::of(address).fair())
}

/// One guess, as in `steps::guess`. The error is the `Retry-After` of a refused one.
async fn guess(
    queues: &GuessQueues,
    counted: &Counted,
    block: Option<Block>,
    entropy: &Entropy,
) -> Result<(), Duration> {
    let mut delayed = match counted.count(block, queues.any_wait(EMAIL)) {
        Ok(()) => return Ok(()),
        Err(delayed) => delayed,
    };
    let refused = |delayed: Delayed| Err(std_duration(come_back_in(delayed.own, delayed.shared.unwrap_or_default())));
    let until = Instant::now() + LONGEST_WAIT;
    let place = match queues.join(EMAIL, block, &delayed) {
        Ok(place) => place,
        Err(NoPlace::NotNeeded) => return counted.count(block, false).or_else(refused),
        Err(NoPlace::Refused) => return refused(delayed),
    };
    while place.drawn(until, entropy).await {
        match counted.count(block, false) {
            Ok(()) => return Ok(()),
            Err(again) => delayed = again,
        }
        place.put_back(&delayed);
    }
    refused(Delayed { shared: Some(place.shared_delay()), ..delayed })
}

/// Guessers who never pause for longer than this.
struct Attack {
    blocks: u16,
    /// Guesses of each block at once.
    at_once: usize,
    pause: Duration,
    /// Wrong guesses of each block in the hour before.
    before: u32,
}

/// How long an owner needs who comes when the attack is `age` old, and obeys Retry-After.
async fn owner_among_guessers(attack: &Attack, age: Duration, seed: u64) -> Duration {
    let (queues, counted) = (GuessQueues::new(PLACES), Arc::new(Counted::default()));
    let entropy = seeded(seed);
    let numbers = 1..=attack.blocks;
    for _ in 0..attack.before {
        for number in numbers.clone() {
            counted.0.lock().unwrap().entry(block(number)).or_default().push(Instant::now());
            tokio::time::advance(Duration::from_mins(20) / u32::from(attack.blocks)).await;
        }
    }
    let mut guessers = JoinSet::<()>::new();
    for number in numbers.flat_map(|number| std::iter::repeat_n(number, attack.at_once)) {
        let (queues, counted, entropy, pause) = (queues.clone(), Arc::clone(&counted), entropy.clone(), attack.pause);
        guessers.spawn(async move {
            loop {
                // The next guess follows almost immediately, refused or not.
                let _ = guess(&queues, &counted, block(number), &entropy).await;
                tokio::time::sleep(pause).await;
            }
        });
    }
    tokio::time::sleep(age).await;
    let begun = Instant::now();
    while let Err(wait) = guess(&queues, &counted, block(999), &entropy).await {
        if begun.elapsed() > Duration::from_mins(6) {
            break;
        }
        tokio::time::sleep(Duration::from_secs(wait.as_secs() + u64::from(wait.subsec_nanos() > 0))).await;
    }
    begun.elapsed()
}

#[tokio::test(start_paused = true)]
async fn an_owner_in_a_new_network_is_in_within_3_minutes_while_8_guess_without_a_pause() {
    let attack = Attack { blocks: 8, at_once: 1, pause: Duration::from_millis(250), before: 0 };
    for age in [3, 20, 60, 200, 660, 1500] {
        let mut late = 0;
        for seed in 0..10 {
            let took = owner_among_guessers(&attack, Duration::from_secs(age + seed), seed * 1000 + age).await;
            late += u32::from(took > Duration::from_mins(3));
        }
        assert!(late <= 1, "{late} of 10 took longer, {age} s after the guessing began");
    }
}

#[tokio::test(start_paused = true)]
async fn an_owner_is_in_within_3_minutes_while_40_blocks_guess_four_at_once() {
    // In the first minutes the owner cannot be told from blocks that have not guessed wrong yet.
    let attack = Attack { blocks: 40, at_once: 4, pause: Duration::from_secs(1), before: 3 };
    let mut late = 0;
    for seed in 0..10 {
        let took = owner_among_guessers(&attack, Duration::from_secs(20 + seed), seed).await;
        late += u32::from(took > Duration::from_mins(3));
    }
    assert!(late <= 1, "{late} of 10 took longer");
}

#[tokio::test(start_paused = true)]
async fn each_block_that_never_guessed_wrong_is_drawn_as_often_as_another() {
    let entropy = seeded(7);
    let delayed = Delayed { own: time::Duration::ZERO, shared: Some(time::Duration::SECOND), wrong: 0 };
    let mut drawn = HashMap::new();
    for _ in 0..400 {
        let queues = GuessQueues::new(PLACES);
        // One block guesses three times at once, and is drawn no more often for it.
        let places: Vec<_> = [1, 1, 1, 2, 3, 4]
            .into_iter()
            .filter_map(|number| Some((number, queues.join(EMAIL, block(number), &delayed).ok()?)))
            .collect();
        let (until, entropy) = (Instant::now() + LONGEST_WAIT, &entropy);
        let waits = places
            .iter()
            .map(|(number, place)| Box::pin(async move { place.drawn(until, entropy).await.then_some(*number) }));
        let first = futures_util::future::select_all(waits);
        *drawn.entry(first.await.0.unwrap()).or_insert(0) += 1;
    }
    assert!(drawn.len() == 4 && drawn.values().all(|times| (60..=140).contains(times)), "{drawn:?}");
}

#[tokio::test(start_paused = true)]
async fn one_guess_is_counted_at_a_time_and_the_next_is_drawn_when_it_leaves() {
    let (queues, entropy) = (GuessQueues::new(PLACES), seeded(1));
    let delayed = Delayed { own: time::Duration::ZERO, shared: Some(time::Duration::SECOND), wrong: 0 };
    let mut waiting = JoinSet::new();
    let until = Instant::now() + LONGEST_WAIT;
    for number in 0..5 {
        let (place, entropy) = (queues.join(EMAIL, block(number), &delayed).unwrap(), entropy.clone());
        waiting.spawn(async move { place.drawn(until, &entropy).await.then_some(place) });
    }
    for left in (0..5).rev() {
        let place = waiting.join_next().await.unwrap().unwrap().expect("it is drawn");
        tokio::time::sleep(Duration::from_millis(10)).await;
        assert_eq!(waiting.len(), left);
        assert!(waiting.try_join_next().is_none(), "nobody else is drawn meanwhile");
        drop(place);
    }
    assert!(!queues.any_wait(EMAIL));
}

#[tokio::test(start_paused = true)]
async fn a_place_waits_for_ten_seconds_and_no_longer_than_it_can_help() {
    let (queues, entropy) = (GuessQueues::new(PLACES), seeded(1));
    let delayed = |own, shared| Delayed {
        own: time::Duration::seconds(own),
        shared: Some(time::Duration::seconds(shared)),
        wrong: 3,
    };
    assert!(queues.join(EMAIL, block(1), &delayed(11, 1)).is_err(), "its own delay is too long");
    assert!(queues.join(EMAIL, block(1), &delayed(0, 11)).is_err(), "the account's delay is too long");
    assert!(queues.join(EMAIL, block(1), &delayed(3, 0)).is_err(), "nobody contends for its own delay");
    assert!(queues.join(EMAIL, block(1), &Delayed { shared: None, ..delayed(3, 0) }).is_err());
    let begun = Instant::now();
    let first = queues.join(EMAIL, block(1), &delayed(0, 5)).unwrap();
    let second = queues.join(EMAIL, block(2), &delayed(0, 5)).unwrap();
    let until = begun + LONGEST_WAIT;
    let (one, other) = tokio::join!(first.drawn(until, &entropy), second.drawn(until, &entropy));
    assert!(one != other);
    let waited = begun.elapsed();
    assert!(waited >= LONGEST_WAIT && waited < LONGEST_WAIT + Duration::from_millis(10), "to the end: {waited:?}");
    let begun = Instant::now();
    let drawn = if one { &first } else { &second };
    drawn.put_back(&delayed(0, 30));
    assert!(!drawn.drawn(begun + LONGEST_WAIT, &entropy).await);
    assert_eq!(begun.elapsed(), Duration::ZERO, "the next delay ends too late");
}

/// A guess that waits for its own delay and for that of the account.
fn delayed(own: i64, wrong: u32) -> Delayed {
    Delayed { own: time::Duration::seconds(own), shared: Some(time::Duration::seconds(5)), wrong }
}

/// Whether the place had to make room: it learns that at once.
async fn is_evicted(place: &Place) -> bool {
    let begun = Instant::now();
    let until = begun + Duration::from_secs(1);
    !place.drawn(until, &seeded(1)).await && begun.elapsed().is_zero() && !place.is_waiting()
}

impl Place {
    fn is_waiting(&self) -> bool {
        self.queues.queues().places().any(|(_, one)| one.id == self.id)
    }
}

#[tokio::test(start_paused = true)]
async fn a_newcomer_takes_the_place_of_the_worst_guesser_in_a_full_queue() {
    let queues = GuessQueues::new(PLACES);
    let wrong = |number: u16| delayed(0, if number == 7 { 3 } else { 1 });
    let all = 1..=u16::try_from(IN_ONE_QUEUE).unwrap();
    let mut places: Vec<_> = all.map(|number| queues.join(EMAIL, block(number), &wrong(number)).unwrap()).collect();
    assert!(queues.join(EMAIL, block(998), &delayed(0, 3)).is_err(), "it guessed wrong as often as the worst");
    let worst = places.remove(6);
    let woken = tokio::spawn(async move { worst.drawn(Instant::now() + LONGEST_WAIT, &seeded(1)).await });
    tokio::task::yield_now().await;
    let begun = Instant::now();
    let owner = queues.join(EMAIL, block(999), &delayed(0, 0)).expect("the newcomer has a place");
    assert!(!woken.await.unwrap());
    assert!(begun.elapsed().is_zero(), "the evicted guess waits no longer");
    assert!(!is_evicted(&owner).await);
    assert!(places.iter().all(Place::is_waiting));
}

#[tokio::test(start_paused = true)]
async fn a_block_has_one_place_in_a_queue_and_its_older_guess_keeps_it() {
    let queues = GuessQueues::new(PLACES);
    let slow = queues.join(EMAIL, block(1), &delayed(9, 4)).unwrap();
    assert!(queues.join(EMAIL, block(1), &delayed(9, 4)).is_err());
    let ready = queues.join(EMAIL, block(1), &delayed(0, 4)).expect("its own delay ends earlier");
    assert!(is_evicted(&slow).await);
    tokio::time::advance(Duration::from_secs(1)).await;
    assert!(queues.join(EMAIL, block(1), &delayed(0, 4)).is_err(), "an older guess keeps its place");
    assert!(queues.join("grace@example.com", block(1), &delayed(0, 0)).is_ok());
    drop(slow);
    assert!(ready.is_waiting() && queues.any_wait(EMAIL), "the evicted guess takes nothing along");
}

#[tokio::test(start_paused = true)]
async fn a_guess_that_came_after_others_is_free_when_these_have_left() {
    let queues = GuessQueues::new(PLACES);
    let first = queues.join(EMAIL, block(1), &delayed(0, 0)).unwrap();
    let after_others = Delayed { own: time::Duration::ZERO, shared: Some(time::Duration::ZERO), wrong: 0 };
    drop(first);
    assert_eq!(queues.join(EMAIL, block(2), &after_others).unwrap_err(), NoPlace::NotNeeded);
}

#[tokio::test(start_paused = true)]
async fn a_drawn_guess_is_never_evicted() {
    let queues = GuessQueues::new(PLACES);
    let guess = Delayed { shared: Some(time::Duration::MILLISECOND), ..delayed(0, 9) };
    let drawn = queues.join(EMAIL, block(1), &guess).unwrap();
    assert!(drawn.drawn(Instant::now() + LONGEST_WAIT, &seeded(1)).await);
    let others = 2..=u16::try_from(IN_ONE_QUEUE).unwrap();
    let others: Vec<_> = others.filter_map(|number| queues.join(EMAIL, block(number), &delayed(0, 1)).ok()).collect();
    assert_eq!(others.len() + 1, IN_ONE_QUEUE);
    let _owner = queues.join(EMAIL, block(999), &delayed(0, 0)).expect("another makes room");
    assert!(drawn.is_waiting());
}

#[tokio::test(start_paused = true)]
async fn one_block_cannot_hold_the_places_of_all_accounts() {
    let queues = GuessQueues::new(PLACES);
    let join = |account: usize, number| queues.join(&format!("{account}@example.com"), block(number), &delayed(0, 0));
    let mut places = Vec::new();
    for number in 0..u16::try_from(PLACES / OF_ONE_BLOCK).unwrap() {
        let of_block: Vec<_> = (0..50).filter_map(|account| join(account, number).ok()).collect();
        assert_eq!(of_block.len(), OF_ONE_BLOCK);
        places.extend(of_block);
    }
    assert_eq!(places.len(), PLACES);
    // Each newcomer has its place, until no block has many more than another.
    for number in 100..200 {
        places.push(join(77, number).expect("a block with many places makes room"));
        assert_eq!(queues.queues().places().count(), PLACES);
    }
    assert_eq!(places.iter().filter(|place| !place.is_waiting()).count(), 100);
    drop(places);
    assert!(queues.queues().accounts.is_empty());
}

#[test]
fn a_refused_client_comes_back_a_little_before_the_delay_ends() {
    let seconds =
        |own, shared| come_back_in(time::Duration::seconds(own), time::Duration::seconds(shared)).whole_seconds();
    assert_eq!([seconds(0, 30), seconds(0, 9), seconds(0, 3), seconds(0, 0), seconds(25, 30)], [22, 1, 1, 1, 25]);
}
