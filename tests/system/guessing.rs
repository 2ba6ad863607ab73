//! Password guesses from many networks at once, with the owner among them.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use reqwest::Client;
use serde_json::json;
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

use crate::browser::Browser;
use crate::client::client;
use crate::process::PATIENCE;
use crate::world::World;

/// The required time for an owner in a network where the account was never used.
const IN_TIME: Duration = Duration::from_mins(3);
const PASSWORD: &str = "difference engine";

/// Sends one password from one address; returns the status and `Retry-After`.
async fn give(http: &Client, url: &str, from: &str, email: &str, password: &str) -> (u16, Duration) {
    let request = http.post(format!("{url}/api/session")).header("x-forwarded-for", from);
    let answer = request.json(&json!({ "email": email, "password": password })).send().await.unwrap();
    let wait = answer.headers().get("retry-after").map_or(0, |wait| wait.to_str().unwrap().parse().unwrap());
    (answer.status().as_u16(), Duration::from_secs(wait))
}

/// Guesses wrong without a pause, for any answers, and counts the checked guesses. Ends when the returned value is
/// dropped.
fn guess_without_a_pause<T: Future<Output = (u16, Duration)> + Send + 'static>(
    many: usize,
    guess: impl Fn(usize) -> T + Send + Sync + Clone + 'static,
) -> (JoinSet<()>, Arc<AtomicU32>) {
    let (mut guessers, checked) = (JoinSet::new(), Arc::new(AtomicU32::new(0)));
    for nth in 0..many {
        let (guess, checked) = (guess.clone(), Arc::clone(&checked));
        guessers.spawn(async move {
            for round in 0.. {
                if guess(nth + round * many).await.0 == 403 {
                    checked.fetch_add(1, Ordering::Relaxed);
                }
            }
        });
    }
    (guessers, checked)
}

async fn until_checked(checked: &AtomicU32, guesses: u32) {
    let enough = async {
        while checked.load(Ordering::Relaxed) < guesses {
            sleep(Duration::from_millis(20)).await;
        }
    };
    timeout(PATIENCE, enough).await.expect("the guessers guess");
}

async fn world() -> World {
    World::start_with(&[("TRUSTED_PROXIES", "127.0.0.1"), ("PENDING_PUSHES", "100")]).await
}

#[tokio::test]
async fn the_owner_signs_in_while_eight_networks_guess_without_a_pause() {
    let world = world().await;
    let person = Browser::default().sign_up(&world, 10).await;
    let (http, url, email) = (client(), world.url.clone(), person.email.clone());
    let (_guessers, checked) = guess_without_a_pause(8, move |nth| {
        let (http, url, email) = (http.clone(), url.clone(), email.clone());
        let from = format!("2001:db8:{:x}::1", 1 + nth % 8);
        async move { give(&http, &url, &from, &email, &format!("guess {nth}")).await }
    });
    // The delay that all strangers share has started.
    until_checked(&checked, 12).await;
    let owner = async |from: &str| give(&world.http, &world.url, from, &person.email, PASSWORD).await;
    assert_eq!(owner("127.0.0.1").await.0, 201, "where the account was used, at the first try");
    let elsewhere = async {
        loop {
            match owner("2001:db8:99::1").await {
                (201, _) => return,
                (status, wait) => {
                    assert_eq!(status, 429);
                    sleep(wait).await;
                }
            }
        }
    };
    timeout(IN_TIME, elsewhere).await.expect("the owner is in");
    assert!(checked.load(Ordering::Relaxed) < 40, "and the guessers are slow");
}

#[tokio::test]
async fn a_guess_that_waits_leaves_its_place_when_its_client_hangs_up() {
    let world = world().await;
    let person = Browser::default().sign_up(&world, 10).await;
    let give_from =
        async |from: &str, password: &str| give(&world.http, &world.url, from, &person.email, password).await;
    // The last three wait for their turn. The next delay is 8 s.
    for number in 1..=13 {
        assert_eq!(give_from(&format!("2001:db8:{number:x}::1"), "wrong").await.0, 403);
    }
    let leaves = timeout(Duration::from_secs(1), give_from("2001:db8:99::1", PASSWORD)).await;
    assert!(leaves.is_err(), "it waits");
    // Long before the first would have ended by itself, its block has a place again.
    let mut status = 429;
    for _ in 0..20 {
        status = give_from("2001:db8:99::2", PASSWORD).await.0;
        if status != 429 {
            break;
        }
        sleep(Duration::from_millis(50)).await;
    }
    assert_eq!(status, 201);
}

#[tokio::test]
async fn a_flood_of_passwords_from_rotating_networks_keeps_no_owner_out() {
    let world = world().await;
    let person = Browser::default().sign_up(&world, 10).await;
    let (http, url) = (client(), world.url.clone());
    let (_guessers, checked) = guess_without_a_pause(250, move |nth| {
        let (http, url) = (http.clone(), url.clone());
        // Four /48s, each guess from another /64 at another address.
        let from = format!("2001:db8:{:x}:{:x}::1", 1 + nth % 4, (nth / 4) & 0xffff);
        async move { give(&http, &url, &from, &format!("{nth}@example.com"), "not the password").await }
    });
    until_checked(&checked, 20).await;
    for round in 0..5 {
        let new = format!("2001:db8:{:x}::1", 0x99 + round);
        let (known, elsewhere) = tokio::join!(
            give(&world.http, &world.url, "127.0.0.1", &person.email, PASSWORD),
            give(&world.http, &world.url, &new, &person.email, PASSWORD),
        );
        assert_eq!((known.0, elsewhere.0), (201, 201));
    }
}
