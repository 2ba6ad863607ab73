//! The pool under load, with waiters that stay and waiters that give up.

use futures_util::FutureExt as _;
use proptest::prelude::*;

use super::*;
use crate::network::Network;

/// Waiters in each half.
const QUEUE: usize = 100;

fn pool(threads: usize) -> HashPool {
    HashPool::new(HashLimits { threads, queue: QUEUE })
}

fn client(address: &str, is_known: bool) -> PoolClient {
    PoolClient { block: Some(Network::of(address.parse().unwrap()).fair()), is_known }
}

fn stranger(block: usize) -> PoolClient {
    client(&format!("2001:db8:{block:x}::1"), false)
}

fn lengths(pool: &HashPool) -> [usize; 2] {
    let state = pool.state();
    [state.lanes[KNOWN].count, state.lanes[STRANGERS].count]
}

/// Lets every task run until it waits.
async fn settle() {
    for _ in 0..300 {
        tokio::task::yield_now().await;
    }
}

/// Begins to wait.
fn wait(pool: &HashPool, client: PoolClient) -> tokio::task::JoinHandle<Result<CorePermit, PoolFull>> {
    let pool = pool.clone();
    tokio::spawn(async move { pool.turn(client).await })
}

#[tokio::test(start_paused = true)]
async fn strangers_never_take_the_half_of_known_networks() {
    for width in 2..6 {
        let pool = pool(width);
        let flood: Vec<_> = (0..50).map(|_| wait(&pool, stranger(1))).collect();
        settle().await;
        assert_eq!(lengths(&pool), [0, 50 - (width - width / 2)]);
        let known = || pool.turn(client("203.0.113.7", true)).now_or_never();
        let turns: Vec<_> = (0..width / 2).map(|_| known().expect("there is a turn at once").unwrap()).collect();
        assert!(known().is_none(), "and all cores are busy then");
        drop((turns, flood));
    }
}

#[tokio::test(start_paused = true)]
async fn known_networks_use_free_turns_and_a_stranger_waits_for_one_at_most() {
    let pool = pool(2);
    let first = pool.turn(client("203.0.113.7", true)).await.unwrap();
    let _second = pool.turn(client("203.0.113.7", true)).await.unwrap();
    let _more: Vec<_> = (0..20).map(|_| wait(&pool, client("203.0.113.7", true))).collect();
    let newcomer = wait(&pool, stranger(1));
    settle().await;
    drop(first);
    let turn = newcomer.await.unwrap();
    assert!(turn.is_ok(), "the next free turn is the stranger's");
}

#[tokio::test(start_paused = true)]
async fn each_block_has_one_turn_after_the_other() {
    let pool = pool(2);
    let mut turn = pool.turn(stranger(1)).await.unwrap();
    let mut flood: Vec<_> = (0..60).map(|place| wait(&pool, stranger(1 + place % 3))).collect();
    settle().await;
    let owner = wait(&pool, stranger(99));
    settle().await;
    for _ in 0..3 {
        drop(turn);
        settle().await;
        assert!(!owner.is_finished());
        let next = flood.iter().position(tokio::task::JoinHandle::is_finished).unwrap();
        turn = flood.remove(next).await.unwrap().unwrap();
    }
    drop(turn);
    let _turn = owner.await.unwrap().expect("it is next, after one turn of each block that came before");
    assert_eq!(lengths(&pool), [0, 57]);
}

#[tokio::test(start_paused = true)]
async fn a_full_queue_makes_room_for_a_block_with_fewer_waiters() {
    let pool = pool(1);
    let _turn = pool.turn(stranger(1)).await.unwrap();
    let mut flood: Vec<_> = (0..QUEUE + 20).map(|place| wait(&pool, stranger(1 + place % 4))).collect();
    settle().await;
    assert_eq!(lengths(&pool), [0, QUEUE]);
    let owner = wait(&pool, stranger(99));
    settle().await;
    assert!(!owner.is_finished(), "the owner waits, and somebody of the flood was sent away");
    assert_eq!(lengths(&pool), [0, QUEUE]);
    let mut sent_away = 0;
    for waiter in &mut flood {
        if let Some(Ok(Err(PoolFull))) = waiter.now_or_never() {
            sent_away += 1;
        }
    }
    assert_eq!(sent_away, 21);
}

#[tokio::test(start_paused = true)]
async fn a_waiter_that_gave_up_gets_no_turn() {
    let pool = pool(1);
    let turn = pool.turn(stranger(1)).await.unwrap();
    let gone = wait(&pool, stranger(2));
    settle().await;
    gone.abort();
    assert_eq!(pool.turn(stranger(3)).await.err(), Some(PoolFull), "after the longest wait");
    let last = wait(&pool, stranger(4));
    settle().await;
    drop(turn);
    assert!(last.await.unwrap().is_ok());
    settle().await;
    let state = pool.state();
    assert!(state.lanes.iter().all(|lane| lane.running == 0 && lane.count == 0 && lane.waiting.is_empty()));
}

#[tokio::test(start_paused = true)]
async fn one_core_alternates_between_the_halves() {
    let pool = pool(1);
    let turn = pool.turn(stranger(1)).await.unwrap();
    let flood: Vec<_> = (0..50).map(|_| wait(&pool, stranger(1))).collect();
    settle().await;
    let known = wait(&pool, client("203.0.113.7", true));
    settle().await;
    drop(turn);
    let turn = known.await.unwrap().unwrap();
    assert!(flood.iter().all(|stranger| !stranger.is_finished()), "the known client is next");
    drop(turn);
    settle().await;
    assert_eq!(flood.iter().filter(|stranger| stranger.is_finished()).count(), 1);
}

proptest! {
    #[test]
    fn no_client_waits_while_it_has_a_free_turn(width in 1_usize..5, steps in prop::collection::vec((0_usize..4, any::<bool>(), any::<bool>()), 0..60)) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        let _entered = runtime.enter();
        let pool = pool(width);
        let (mut turns, mut waiting) = (Vec::new(), Vec::new());
        for (block, is_known, leaves) in steps {
            if leaves && !turns.is_empty() {
                let nth = block % turns.len();
                drop(turns.remove(nth));
            } else {
                let pool = pool.clone();
                waiting.push(Box::pin(async move { pool.turn(PoolClient { is_known, ..stranger(block) }).await }));
            }
            for mut waiter in std::mem::take(&mut waiting) {
                match (&mut waiter).now_or_never() {
                    Some(turn) => turns.push(turn.unwrap()),
                    None => waiting.push(waiter),
                }
            }
            let state = pool.state();
            let running = [state.lanes[KNOWN].running, state.lanes[STRANGERS].running];
            prop_assert!(running[0] + running[1] <= width && running[1] <= pool.0.strangers);
            prop_assert!(state.lanes[KNOWN].count == 0 || running[0] + running[1] == width);
            prop_assert!(state.lanes[STRANGERS].count == 0 || running[1] == pool.0.strangers || running[0] + running[1] == width);
        }
    }
}
