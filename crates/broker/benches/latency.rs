//! What the embedded log costs: `cargo bench -p broker`.

#![expect(clippy::unwrap_used, reason = "a measurement that cannot go on has failed")]
#![expect(clippy::print_stdout, reason = "the figures are what it is for")]

use std::sync::Arc;
use std::time::{Duration, Instant};

use approval::{Clock, MessageId};
use broker::{Embedded, EmbeddedSettings, EventLog as _, Intake as _, Message, Outcome};
use futures_util::FutureExt as _;
use tempfile::TempDir;

async fn open(folder: &TempDir) -> Arc<Embedded> {
    let path = folder.path().join("events.db");
    Arc::new(Embedded::open(&path, Clock::system(), EmbeddedSettings::default()).await.unwrap())
}

fn message(number: u32) -> Message {
    Message::event(MessageId::of(&number.to_be_bytes()), vec![b'x'; 600].into())
}

fn report(what: &str, mut times: Vec<Duration>) {
    times.sort();
    let at = |share: usize| times[times.len() * share / 1000];
    println!("{what}: p50 {:?}, p99 {:?}, p99.9 {:?}", at(500), at(990), at(999));
}

#[tokio::main]
async fn main() {
    one_at_a_time().await;
    many_publishers().await;
}

async fn one_at_a_time() {
    let folder = TempDir::new().unwrap();
    let log = open(&folder).await;
    let (mut acknowledged, mut handed, mut settled) = (Vec::new(), Vec::new(), Vec::new());
    for number in 0..3_000 {
        let mut next = log.next();
        assert!((&mut next).now_or_never().is_none(), "it waits");
        let begun = Instant::now();
        let publish = async {
            log.publish(message(number)).await.unwrap();
            begun.elapsed()
        };
        let consume = async { (next.await.unwrap(), begun.elapsed()) };
        let (answered, (received, arrived)) = tokio::join!(publish, consume);
        acknowledged.push(answered);
        handed.push(arrived);
        let begun = Instant::now();
        log.settle(received, Outcome::Done).await.unwrap();
        settled.push(begun.elapsed());
    }
    report("publish to acknowledgement", acknowledged);
    report("publish to waiting consumer", handed);
    report("settle", settled);
}

async fn many_publishers() {
    const PUBLISHERS: u32 = 64;
    const EACH: u32 = 300;
    let folder = TempDir::new().unwrap();
    let log = open(&folder).await;
    let begun = Instant::now();
    for publisher in 0..PUBLISHERS {
        let log = Arc::clone(&log);
        tokio::spawn(async move {
            for number in 0..EACH {
                log.publish(message(publisher * EACH + number)).await.unwrap();
            }
        });
    }
    let consumers: Vec<_> = (0..8)
        .map(|_| {
            let log = Arc::clone(&log);
            tokio::spawn(async move {
                for _ in 0..PUBLISHERS * EACH / 8 {
                    let received = log.next().await.unwrap();
                    log.settle(received, Outcome::Done).await.unwrap();
                }
            })
        })
        .collect();
    for consumer in consumers {
        consumer.await.unwrap();
    }
    let rate = f64::from(PUBLISHERS * EACH) / begun.elapsed().as_secs_f64();
    println!("published, handed out and settled: {rate:.0}/s");
}
