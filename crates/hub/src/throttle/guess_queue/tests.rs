//! The queue under attack, on tokio's clock: guessers who never pause, and an owner among them.

use std::sync::atomic::{AtomicU64, Ordering};

use storage::Delay;
use tokio::task::JoinSet;

use super::*;
use crate::request::network::Network;
use crate::throttle::GUESSES;

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
    let Some(place) = queues.join(EMAIL, block, &delayed) else { return refused(delayed) };
    while place.drawn(until, entropy).await {
        match counted.count(block, false) {
            Ok(()) => return Ok(()),
            Err(again) => delayed = again,
        }
        place.put_back(&delayed);
    }
    refused(Delayed { shared: Some(place.shared_delay()), ..delayed })
}

/// The time until the owner's guess is counted. She arrives when the attack is `age` old, and obeys `Retry-After`.
async fn owner_among_guessers(age: Duration, seed: u64) -> Duration {
    let (queues, counted) = (GuessQueues::default(), Arc::new(Counted::default()));
    let entropy = seeded(seed);
    let mut guessers = JoinSet::<()>::new();
    for number in 1..=8 {
        let (queues, counted, entropy) = (queues.clone(), Arc::clone(&counted), entropy.clone());
        guessers.spawn(async move {
            loop {
                // The next guess follows almost immediately, refused or not.
                let _ = guess(&queues, &counted, block(number), &entropy).await;
                tokio::time::sleep(Duration::from_millis(250)).await;
            }
        });
    }
    tokio::time::sleep(age).await;
    let begun = Instant::now();
    while let Err(wait) = guess(&queues, &counted, block(99), &entropy).await {
        tokio::time::sleep(Duration::from_secs(wait.as_secs() + u64::from(wait.subsec_nanos() > 0))).await;
    }
    begun.elapsed()
}

#[tokio::test(start_paused = true)]
async fn an_owner_signs_in_within_3_minutes_while_8_guess_without_a_pause() {
    for age in [3, 20, 60, 200, 660, 1500] {
        let mut late = 0;
        for seed in 0..10 {
            let took = owner_among_guessers(Duration::from_secs(age + seed), seed * 1000 + age).await;
            late += u32::from(took > Duration::from_mins(3));
        }
        assert!(late <= 1, "{late} of 10 took longer, {age} s after the guessing began");
    }
}

#[tokio::test(start_paused = true)]
async fn each_block_that_never_guessed_wrong_is_drawn_as_often_as_another() {
    let entropy = seeded(7);
    let delayed = Delayed { own: time::Duration::ZERO, shared: Some(time::Duration::SECOND), wrong: 0 };
    let mut drawn = HashMap::new();
    for _ in 0..400 {
        let queues = GuessQueues::default();
        // One block has three places, and is not drawn more often.
        let places: Vec<_> = [1, 1, 1, 2, 3, 4]
            .into_iter()
            .map(|number| (number, queues.join(EMAIL, block(number), &delayed).unwrap()))
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
    let (queues, entropy) = (GuessQueues::default(), seeded(1));
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
    assert_eq!(queues.state().places, 0);
}

#[tokio::test(start_paused = true)]
async fn a_place_waits_for_ten_seconds_and_no_longer_than_it_can_help() {
    let (queues, entropy) = (GuessQueues::default(), seeded(1));
    let delayed = |own, shared| Delayed {
        own: time::Duration::seconds(own),
        shared: Some(time::Duration::seconds(shared)),
        wrong: 3,
    };
    assert!(queues.join(EMAIL, block(1), &delayed(11, 1)).is_none(), "its own delay is too long");
    assert!(queues.join(EMAIL, block(1), &delayed(0, 11)).is_none(), "the account's delay is too long");
    assert!(queues.join(EMAIL, block(1), &delayed(3, 0)).is_none(), "nobody contends for its own delay");
    assert!(queues.join(EMAIL, block(1), &Delayed { shared: None, ..delayed(3, 0) }).is_none());
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

#[tokio::test(start_paused = true)]
async fn queues_are_bounded_in_all_for_an_account_and_for_a_block() {
    let queues = GuessQueues::default();
    let delayed = Delayed { own: time::Duration::ZERO, shared: Some(time::Duration::SECOND), wrong: 0 };
    let of_block: Vec<_> = (0..9).filter_map(|_| queues.join(EMAIL, block(1), &delayed)).collect();
    assert_eq!(of_block.len(), GuessQueues::OF_ONE_BLOCK);
    let of_account: Vec<_> = (2..500).filter_map(|number| queues.join(EMAIL, block(number), &delayed)).collect();
    assert_eq!(of_block.len() + of_account.len(), GuessQueues::IN_ONE_QUEUE);
    let made_up: Vec<_> =
        (0..5000).filter_map(|number| queues.join(&format!("{number}@example.com"), block(1), &delayed)).collect();
    assert_eq!(of_block.len() + of_account.len() + made_up.len(), GuessQueues::PLACES);
    drop((of_block, of_account, made_up));
    assert!(queues.state().accounts.is_empty() && queues.state().places == 0);
}

#[test]
fn a_refused_client_comes_back_a_little_before_the_delay_ends() {
    let seconds =
        |own, shared| come_back_in(time::Duration::seconds(own), time::Duration::seconds(shared)).whole_seconds();
    assert_eq!([seconds(0, 30), seconds(0, 9), seconds(0, 3), seconds(0, 0), seconds(25, 30)], [22, 1, 1, 1, 25]);
}
