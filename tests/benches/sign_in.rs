//! Whether the time of a sign-in tells which addresses have an account: `cargo bench --bench sign_in`. Wrong passwords
//! for addresses that are known and for those that are not, in turn, each address once, without a line in between.

#![expect(clippy::unwrap_used, clippy::print_stdout, reason = "a measurement that cannot go on has failed, and prints")]

#[path = "../enumeration/hub.rs"]
#[expect(dead_code, reason = "shared with the test, which uses more of it")]
mod hub;

use std::time::{Duration, Instant};

use hub::Hub;
use serde_json::json;
use sqlx::{Connection as _, Executor as _, SqliteConnection};

/// Addresses of each kind.
const ADDRESSES: usize = 500;
/// Before that, to warm up.
const UNCOUNTED: usize = 20;

#[tokio::main]
async fn main() {
    let hub = Hub::start().await;
    hub.sign_up("known0@example.com", "2025550110").await;
    multiply(&hub.database).await;
    let (mut known, mut unknown) = (Vec::new(), Vec::new());
    for number in 0..ADDRESSES + UNCOUNTED {
        // In turn, so that neither always comes after the other: passwords are hashed by threads in turn, and one thread
        // can be faster than the other, for the memory that it has kept.
        let kinds = if number % 2 == 0 { ["known", "unknown"] } else { ["unknown", "known"] };
        for kind in kinds {
            let took = time(&hub, kind, number).await;
            if number >= UNCOUNTED {
                let times = if kind == "known" { &mut known } else { &mut unknown };
                times.push(took);
            }
        }
    }
    known.sort_unstable();
    unknown.sort_unstable();
    println!("wrong passwords, {ADDRESSES} addresses that have an account and as many that have none, in ms");
    println!("           p10     p50     p90");
    println!("known   {}", line(&known));
    println!("unknown {}", line(&unknown));
    println!("a guess by the time of one answer is right in {:.1} % (50 % is chance)", guessed(&known, &unknown));
}

/// Makes one account many, alike but for what is one's own.
async fn multiply(database: &str) {
    let mut db = SqliteConnection::connect(database).await.unwrap();
    db.execute("CREATE TEMP TABLE one AS SELECT * FROM users").await.unwrap();
    for number in 1..ADDRESSES + UNCOUNTED {
        let own = format!(
            "UPDATE one SET id = '01935f6e-7c00-7000-8000-{number:012x}', email = 'known{number}@example.com',
                provider_user = '{number}'; INSERT INTO users SELECT * FROM one"
        );
        db.execute(sqlx::AssertSqlSafe(own)).await.unwrap();
    }
}

async fn time(hub: &Hub, kind: &str, number: usize) -> Duration {
    let body = json!({ "email": format!("{kind}{number}@example.com"), "password": "not the password" });
    let begun = Instant::now();
    let answer = hub.post("/api/session", "", body).await;
    let took = begun.elapsed();
    assert_eq!(answer.status, 403);
    took
}

/// How often, of all pairs, the slower one is the known one; turned so that it is the better of two guesses.
#[expect(clippy::cast_precision_loss, reason = "a count of some hundred thousands")]
fn guessed(known: &[Duration], unknown: &[Duration]) -> f64 {
    let slower = known.iter().flat_map(|one| unknown.iter().map(move |other| one > other)).filter(|slower| *slower);
    let share = slower.count() as f64 / (known.len() * unknown.len()) as f64 * 100.0;
    share.max(100.0 - share)
}

fn line(sorted: &[Duration]) -> String {
    let at = |percent: usize| sorted[sorted.len() * percent / 100].as_secs_f64() * 1000.0;
    format!("{:7.2} {:7.2} {:7.2}", at(10), at(50), at(90))
}
