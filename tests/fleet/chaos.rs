//! A load of sign-ins while everything is killed, stopped, restarted and cut off at random. Whoever calls back keeps
//! account of what was answered, and each browser of what it was told.
//!
//! `CHAOS_SIGN_INS` and `CHAOS_BLOWS` make it longer, `CHAOS_SEED` repeats one; `./test chaos` is the long form.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use approval::Entropy;
use reqwest::Method;
use serde_json::{Value, json};
use sqlx::SqlitePool;
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

use crate::blows::{Blows, Dice};
use crate::browser::{Browser, Person, id};
use crate::signed::sign;
use crate::world::{KEY, Plan, World};

/// People who sign in, each with a phone of his own.
const PEOPLE: u8 = 12;
/// Sign-ins under way at once.
const AT_ONCE: usize = 16;
/// From the tap to the page, also when NATS, hubs and receivers were all away for a while.
const PATIENCE: Duration = Duration::from_mins(1);

/// What became of one sign-in: its approval, what was tapped, and how long the browser had to wait for it.
pub(super) type Told = (String, &'static str, Duration);

#[tokio::test(flavor = "multi_thread")]
async fn every_answered_callback_decides_and_reaches_its_browser_whatever_happens_to_everything_else() {
    let (sign_ins, blows) = (number("CHAOS_SIGN_INS", 80), number("CHAOS_BLOWS", 16));
    let seed = number("CHAOS_SEED", u64::from_le_bytes(Entropy::system().bytes()) % 1_000_000);
    println!("CHAOS_SEED={seed} CHAOS_SIGN_INS={sign_ins} CHAOS_BLOWS={blows}");
    let variables = [vec![("LOG", "error".into())], Plan::patient_phones()].concat();
    let mut world = World::start_with(Plan { hubs: 3, variables, ..Plan::default() }).await;
    let people = people(&world).await;
    let blows = Blows::on(&mut world, Dice::new(seed), blows);
    let world = Arc::new(world);
    let striking = tokio::spawn(blows.strike(Arc::clone(&world)));

    let end = striking.abort_handle();
    let told = load(&world, &people, seed, move |begun| begun >= sign_ins && end.is_finished()).await;
    let blows = striking.await.unwrap();

    check(&world, &told).await;
    let mut took: Vec<_> = told.iter().map(|told| told.2).collect();
    took.sort();
    println!("{} sign-ins told the truth; {blows}", told.len());
    println!(
        "from the tap to the page: half within {:?}, the longest {:?}",
        took[took.len() / 2],
        took[took.len() - 1]
    );
}

pub(super) fn number(variable: &str, default: u64) -> u64 {
    std::env::var(variable).map_or(default, |text| text.parse().expect("a whole number"))
}

/// People with accounts, each with the id of his phone.
pub(super) async fn people(world: &World) -> Vec<(Person, Value)> {
    let mut people = Vec::new();
    for line in 10..10 + PEOPLE {
        let person = Browser::default().sign_up(world, line).await;
        let authy_id = world.phone(&person.cellphone).await["authy_id"].clone();
        people.push((person, authy_id));
    }
    people
}

/// Signs in until `enough` says so of the number that have begun, as many at once as there are hands.
pub(super) async fn load(
    world: &Arc<World>,
    people: &[(Person, Value)],
    seed: u64,
    enough: impl Fn(u64) -> bool + Clone + Send + 'static,
) -> Vec<Told> {
    let next = Arc::new(AtomicU64::new(0));
    let mut hands = JoinSet::new();
    for _ in 0..AT_ONCE {
        let (world, people, next, enough) = (Arc::clone(world), people.to_vec(), Arc::clone(&next), enough.clone());
        hands.spawn(async move {
            let mut told = Vec::new();
            loop {
                let number = next.fetch_add(1, Ordering::Relaxed);
                if enough(number) {
                    return told;
                }
                let mut dice = Dice::new(seed.wrapping_add(1 + number));
                let whose = usize::try_from(dice.below(people.len() as u64)).unwrap();
                told.push(sign_in(&world, &people[whose].0, &people[whose].1, &mut dice).await);
            }
        });
    }
    hands.join_all().await.concat()
}

/// One sign-in from the password to its end, with a person and a provider who do not give up.
async fn sign_in(world: &World, person: &Person, authy_id: &Value, dice: &mut Dice) -> Told {
    let (mut browser, approval, request) = begin(world, person, authy_id).await;
    let verdict = if dice.below(4) == 0 { "denied" } else { "approved" };
    if dice.below(4) == 0 {
        let forged = callback(authy_id, &request, "approved");
        let answer = post(world, &forged, &sign(world, "another-key", &forged)).await;
        assert_ne!(answer, Some(200), "a forged callback is never taken");
    }
    let begun = Instant::now();
    let mut listener = browser.clone();
    let listening = listen(world, &mut listener, &approval);
    let calling = async {
        let genuine = callback(authy_id, &request, verdict);
        let signature = sign(world, KEY, &genuine);
        // Some are sent twice.
        for _ in 0..=dice.below(2) {
            while post(world, &genuine, &signature).await != Some(200) {
                sleep(Duration::from_millis(50)).await;
            }
        }
    };
    let (told, ()) = tokio::join!(timeout(PATIENCE, listening), calling);
    let (status, at) = told.unwrap_or_else(|_| panic!("{approval} was never told, and was {verdict}"));
    assert_eq!(status, verdict, "{approval}");
    let (status, _) = persist(world, &mut browser, &format!("/api/approvals/{}/complete", id(&approval)), None).await;
    assert_eq!(status, if verdict == "approved" { 200 } else { 409 }, "{approval}");
    (id(&approval).to_owned(), verdict, at - begun)
}

/// Signs in until a request is on the phone: a hub that dies takes a push along, and the person asks again.
async fn begin(world: &World, person: &Person, authy_id: &Value) -> (Browser, Value, Value) {
    loop {
        let mut browser = Browser::default();
        let body = json!({ "email": person.email, "password": "difference engine" });
        let (status, begun) = persist(world, &mut browser, "/api/session", Some(body)).await;
        assert_eq!(status, 201, "{begun}");
        let approval = begun["approval"].clone();
        for _ in 0..100 {
            let phone: Value = world.get(&format!("{}/phones/{authy_id}", world.phones)).await;
            let requests = phone["requests"].as_array().unwrap();
            if let Some(request) = requests.iter().find(|one| one["hidden_details"]["approval"] == approval["id"]) {
                return (browser, approval, request.clone());
            }
            sleep(Duration::from_millis(30)).await;
        }
    }
}

/// Posts until there is an answer that is no fault of ours. Whoever is asked to wait does: a hub that dies while it
/// checks a password takes with it how that went, and may so make the next one late.
async fn persist(world: &World, browser: &mut Browser, path: &str, body: Option<Value>) -> (u16, Value) {
    loop {
        let sending = browser.try_send(world, Method::POST, path, body.clone());
        match timeout(Duration::from_secs(5), sending).await {
            Ok(Ok(answer)) if answer.status == 429 => {
                sleep(Duration::from_secs(answer.header("retry-after").parse().unwrap())).await;
            }
            Ok(Ok(answer)) if answer.status < 500 => return (answer.status, answer.json()),
            _ => sleep(Duration::from_millis(50)).await,
        }
    }
}

/// What a browser that comes again whenever it is cut off is told in the end, and when.
async fn listen(world: &World, browser: &mut Browser, approval: &Value) -> (String, Instant) {
    loop {
        if let Some(mut socket) = browser.try_listen(world, approval).await {
            while let Ok(Ok(frame)) = timeout(Duration::from_secs(3), socket.heard()).await {
                let status = frame["approval"]["status"].as_str().unwrap_or_default();
                if !["", "pending"].contains(&status) {
                    return (status.to_owned(), Instant::now());
                }
            }
        }
        sleep(Duration::from_millis(100)).await;
    }
}

fn callback(authy_id: &Value, request: &Value, status: &str) -> Value {
    let transaction = json!({ "message": request["message"], "details": request["details"],
        "hidden_details": request["hidden_details"], "status": status });
    json!({ "authy_id": authy_id, "uuid": request["uuid"], "status": status,
        "callback_action": "approval_request_status", "approval_request": { "transaction": transaction, "logos": null } })
}

/// What a callback was answered, if it was.
async fn post(world: &World, body: &Value, signature: &str) -> Option<u16> {
    let request = world.http.post(world.callback_url()).body(body.to_string()).timeout(Duration::from_secs(10));
    let request = request.header("x-authy-signature", signature).header("x-authy-signature-nonce", "1795000000");
    Some(request.send().await.ok()?.status().as_u16())
}

/// What the database says must be what was tapped, decided once, and nobody is in without it.
async fn check(world: &World, told: &[Told]) {
    let database = format!("sqlite:{}", world.path().join("data/countersign.db").display());
    let pool = SqlitePool::connect(&database).await.unwrap();
    let rows: Vec<(String, String)> =
        sqlx::query_as("SELECT id, status FROM approvals").fetch_all(&pool).await.unwrap();
    let stored: HashMap<_, _> = rows.into_iter().collect();
    for (approval, verdict, _) in told {
        assert_eq!(stored[approval], *verdict, "{approval}");
        let decided = "SELECT count(*) FROM audit WHERE approval_id = $1 AND kind = 'approval_decided'";
        let decided: i64 = sqlx::query_scalar(decided).bind(approval).fetch_one(&pool).await.unwrap();
        assert_eq!(decided, 1, "{approval}");
    }
    let approved = stored.values().filter(|status| *status == "approved").count();
    let tapped = told.iter().filter(|told| told.1 == "approved").count() + usize::from(PEOPLE);
    assert_eq!(approved, tapped, "nothing is approved that nobody tapped");
    let unproven = "SELECT count(*) FROM sessions WHERE confirmed_at IS NOT NULL AND NOT EXISTS
        (SELECT 1 FROM approvals WHERE id = proof AND session_id = sessions.id AND status = 'approved')";
    let unproven: i64 = sqlx::query_scalar(unproven).fetch_one(&pool).await.unwrap();
    assert_eq!(unproven, 0, "nobody is in without a proof");
}
