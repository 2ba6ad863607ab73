//! Callbacks that come late, twice, against each other, or before anybody expects them.

use approval::{Logos, Shown};
use serde_json::{Map, Value, json};

use crate::browser::{Browser, signing_in};
use crate::signed::{callback, send_callback, sign};
use crate::world::{KEY, World};

/// What a body may have to ask for a transaction.
const LARGEST_BODY: usize = 16 * 1024;
const APPROVED: &str = "approval_decided: approved, by a callback";

/// Calls back with this status, well signed.
async fn call_back(world: &World, genuine: &Value, status: &str) {
    let mut body = genuine.clone();
    body["status"] = json!(status);
    assert_eq!(send_callback(world, &body, Some(&sign(world, KEY, &body))).await, 200, "{status}");
}

/// What a callback echoes of the hidden details.
fn hidden(callback: &Value) -> Value {
    callback["approval_request"]["transaction"]["hidden_details"].clone()
}

fn count(trail: &[String], kind: &str) -> usize {
    trail.iter().filter(|line| line.starts_with(kind)).count()
}

#[tokio::test]
async fn a_delayed_callback_still_lets_the_browser_in() {
    let world = World::start().await;
    let (person, mut browser, approval) = signing_in(&world).await;
    world.switch(&person.cellphone, json!({ "delay_ms": 1500 })).await;
    let mut socket = browser.listen(&world, &approval).await;
    let (tapped, state) = tokio::join!(world.tap(&person.cellphone, &approval, "approve"), async {
        world.phone_when(&person.cellphone, |phone| (phone["requests"][1]["status"] == "approved").then_some(())).await;
        browser.look(&world, &approval).await["status"].clone()
    });
    assert_eq!((tapped, state), (204, json!("pending")), "the tap alone decides nothing");
    socket.until("approved").await;
    assert_eq!(browser.act(&world, &approval, "complete").await.status, 200);
    world.audited(&approval, APPROVED).await;
}

#[tokio::test]
async fn an_approval_told_after_the_end_leaves_it_expired_and_is_written_down() {
    let world = World::start_with(&[("SIGN_IN_SECONDS", "7")]).await;
    let (person, mut browser, approval) = signing_in(&world).await;
    let mut socket = browser.listen(&world, &approval).await;
    browser.until_is(&world, &approval, |now| now["delivery"] == "sent").await;
    // Tapped in time, told after our end; and asked before, the provider does not answer.
    world.switch(&person.cellphone, json!({ "delay_ms": 8000, "provider_down": true })).await;
    let (tapped, _) = tokio::join!(world.tap(&person.cellphone, &approval, "approve"), socket.until("expired"));
    assert_eq!(tapped, 204);
    let late = "callback_refused: is expired already; approved changes nothing";
    let trail = world.audited(&approval, late).await;
    assert_eq!(count(&trail, "approval_decided"), 1, "{trail:?}");
    assert_eq!(world.phone(&person.cellphone).await["callback"]["consecutive_errors"], 0);
    assert_eq!(browser.look(&world, &approval).await["status"], "expired");
    assert_eq!(browser.act(&world, &approval, "complete").await.problem(), "not-approved");
}

#[tokio::test]
async fn a_denial_after_the_approval_takes_nothing_back() {
    let world = World::start().await;
    let (person, mut browser, approval) = signing_in(&world).await;
    let genuine = callback(&world, &person.cellphone, &approval).await;
    world.tap(&person.cellphone, &approval, "approve").await;
    browser.until(&world, &approval, "approved").await;
    call_back(&world, &genuine, "denied").await;
    world.audited(&approval, "callback_refused: is approved already; denied changes nothing").await;
    assert_eq!(browser.act(&world, &approval, "complete").await.status, 200);
    call_back(&world, &genuine, "expired").await;
    world.audited(&approval, "callback_refused: is approved already; expired changes nothing").await;
    assert_eq!(browser.state(&world).await, "confirmed");
}

#[tokio::test]
async fn of_callbacks_that_contradict_each_other_at_once_one_decides_and_the_rest_are_written_down() {
    let world = World::start().await;
    let (person, mut browser, approval) = signing_in(&world).await;
    let mut socket = browser.listen(&world, &approval).await;
    let genuine = callback(&world, &person.cellphone, &approval).await;
    tokio::join!(
        call_back(&world, &genuine, "denied"),
        call_back(&world, &genuine, "approved"),
        call_back(&world, &genuine, "expired")
    );
    let decided = browser.until_is(&world, &approval, |now| now["status"] != "pending").await;
    let trail = world.audit_when(&approval, |trail| count(trail, "callback_refused") == 2).await;
    assert_eq!(count(&trail, "approval_decided"), 1, "{trail:?}");
    let status = decided["status"].as_str().unwrap();
    assert_eq!(socket.until(status).await["status"], status);
    assert_eq!(browser.look(&world, &approval).await["status"], status);
    let completed = browser.act(&world, &approval, "complete").await.status == 200;
    assert_eq!(completed, status == "approved");
}

#[tokio::test]
async fn whatever_is_wrong_with_a_well_signed_callback_nothing_happens_but_a_line_in_the_trail() {
    let world = World::start().await;
    let grace = Browser::default().sign_up(&world, 11).await;
    let (ada, mut browser, approval) = signing_in(&world).await;
    let mut elsewhere = Browser::default();
    let other = elsewhere.sign_in(&world, &ada).await;
    for (browser, approval) in [(&mut browser, &approval), (&mut elsewhere, &other)] {
        browser.until_is(&world, approval, |now| now["delivery"] == "sent").await;
    }
    let good = callback(&world, &ada.cellphone, &approval).await;
    let of_other = callback(&world, &ada.cellphone, &other).await;
    let with = |path: &str, value: &Value| {
        let mut changed = good.clone();
        *changed.pointer_mut(path).unwrap() = value.clone();
        changed
    };
    let shown = "/approval_request/transaction";
    let wrong = [
        ("names another user", with("/authy_id", &world.phone(&grace.cellphone).await["authy_id"])),
        ("is about another request", with("/uuid", &json!("nobodys"))),
        ("shows other content", with(&format!("{shown}/message"), &json!("Sign in to Elsewhere?"))),
        ("shows other content", with(&format!("{shown}/details/Number"), &json!("1"))),
        ("shows other content", with(&format!("{shown}/hidden_details/digest"), &json!("0"))),
        ("shows other content", with(&format!("{shown}/hidden_details"), &hidden(&of_other))),
        ("has an unknown status", with("/status", &json!("Approved"))),
    ];
    for (before, (doubt, callback)) in wrong.iter().enumerate() {
        assert_eq!(send_callback(&world, callback, Some(&sign(&world, KEY, callback))).await, 200);
        let trail = world.audit_when(&approval, |trail| count(trail, "callback_refused") > before).await;
        assert_eq!(trail.last().unwrap(), &format!("callback_refused: {doubt}"));
    }
    let crossed = with("/uuid", &of_other["uuid"]);
    assert_eq!(send_callback(&world, &crossed, Some(&sign(&world, KEY, &crossed))).await, 200);
    world.audited(&other, "callback_refused: shows other content").await;
    for (browser, approval) in [(&mut browser, &approval), (&mut elsewhere, &other)] {
        assert_eq!(browser.look(&world, approval).await["status"], "pending");
        assert_eq!(browser.act(&world, approval, "complete").await.problem(), "not-approved");
    }
    call_back(&world, &good, "approved").await;
    browser.until(&world, &approval, "approved").await;
}

#[tokio::test]
async fn a_callback_decides_at_every_spelling_of_its_address_and_elsewhere_leaves_a_warning() {
    let mut world = World::start().await;
    let person = Browser::default().sign_up(&world, 10).await;
    for path in ["/authy/callback/", "//authy/callback", "/authy//callback"] {
        let mut browser = Browser::default();
        let approval = browser.sign_in(&world, &person).await;
        let body = callback(&world, &person.cellphone, &approval).await;
        let signature = sign(&world, KEY, &body);
        assert_eq!(send_to(&world, "/prefix/authy/callback", &body, &signature).await, 404);
        while !world.serve.error_line().await.contains(r#"path="/prefix/authy/callback""#) {}
        assert_eq!(send_to(&world, path, &body, &signature).await, 200, "{path}");
        browser.until(&world, &approval, "approved").await;
    }
}

/// Sends a signed callback to this path of the product.
async fn send_to(world: &World, path: &str, body: &Value, signature: &str) -> u16 {
    let request = world.http.post(format!("{}{path}", world.url)).body(body.to_string());
    let request = request.header("x-authy-signature", signature).header("x-authy-signature-nonce", "1795000000");
    request.send().await.unwrap().status().as_u16()
}

#[tokio::test]
async fn callbacks_by_get_decide_as_those_by_post_do() {
    let mut world = World::start_with(&[("AUTHY_CALLBACK_METHOD", "GET")]).await;
    let (person, mut browser, approval) = signing_in(&world).await;
    world.tap(&person.cellphone, &approval, "approve").await;
    browser.until(&world, &approval, "approved").await;
    while !world.simulator.error_line().await.contains("callback sent status=200") {}
    assert_eq!(browser.act(&world, &approval, "complete").await.status, 200);
    world.audited(&approval, APPROVED).await;
}

/// As long as the account page and the API take it: 16 KiB, nearly all of it characters that need three bytes for each
/// of their own in a query. The largest logo is as long as is left.
fn largest_transaction() -> Value {
    let wide = |count: usize| "\u{20bb7}".repeat(count);
    let label = |index: u32| format!("{}{index}", wide(Shown::LABEL_LIMIT - 1));
    let details: Map<_, _> = (0..10).map(|index| (label(index), json!(wide(Shown::VALUE_LIMIT)))).collect();
    let logo = |res: &str, count| json!({ "res": res, "url": format!("https://{}", wide(count)) });
    let of = |left: usize| {
        let full = Logos::URL_LIMIT - "https://".len();
        let logos = [logo("default", full), logo("low", full), logo("med", full), logo("high", left)];
        json!({ "message": wide(Shown::MESSAGE_LIMIT), "details": details, "logos": logos, "expires_in": 600 })
    };
    let left = (LARGEST_BODY - of(0).to_string().len()) / '\u{20bb7}'.len_utf8();
    of(left)
}

#[tokio::test]
async fn the_longest_callback_that_can_be_asked_for_decides_by_get_and_counts_as_no_error() {
    let world = World::start_with(&[("AUTHY_CALLBACK_METHOD", "GET")]).await;
    let mut browser = Browser::default();
    let person = browser.sign_up(&world, 10).await;
    let asked = browser.post(&world, "/api/approvals", largest_transaction()).await;
    assert_eq!(asked.status, 201, "{}", asked.text);
    let approval = asked.json();
    let mut told = callback(&world, &person.cellphone, &approval).await;
    told["approval_request"]["logos"] = largest_transaction()["logos"].clone();
    let query = provider::canonical(told.to_string().as_bytes()).unwrap();
    assert!(query.len() > 45_000, "{}", query.len());
    world.tap(&person.cellphone, &approval, "approve").await;
    assert_eq!(world.phone(&person.cellphone).await["callback"]["consecutive_errors"], 0);
    browser.until(&world, &approval, "approved").await;
    world.audited(&approval, APPROVED).await;
}

#[tokio::test]
async fn a_callback_sent_twice_decides_once() {
    let mut world = World::start().await;
    let (person, mut browser, approval) = signing_in(&world).await;
    world.switch(&person.cellphone, json!({ "duplicate": true })).await;
    world.tap(&person.cellphone, &approval, "approve").await;
    browser.until(&world, &approval, "approved").await;
    // The first was for the sign-up.
    for _ in 0..3 {
        while !world.simulator.error_line().await.contains("callback sent status=200") {}
    }
    assert_eq!(browser.act(&world, &approval, "complete").await.status, 200);
    let trail = world.audited(&approval, APPROVED).await;
    assert_eq!(count(&trail, "approval_decided"), 1, "{trail:?}");
}

#[tokio::test]
async fn callbacks_that_outrun_the_ids_of_their_requests_each_find_their_own_browser() {
    let world = World::start().await;
    let person = Browser::default().sign_up(&world, 10).await;
    world.switch(&person.cellphone, json!({ "out_of_order": true })).await;
    let (mut one, mut other) = (Browser::default(), Browser::default());
    let (first, second) = (one.sign_in(&world, &person).await, other.sign_in(&world, &person).await);
    world.request(&person.cellphone, &first).await;
    world.tap(&person.cellphone, &second, "approve").await;
    other.until(&world, &second, "approved").await;
    world.tap(&person.cellphone, &first, "deny").await;
    one.until(&world, &first, "denied").await;
    assert_eq!(one.act(&world, &first, "complete").await.problem(), "not-approved");
    assert_eq!(other.act(&world, &second, "complete").await.status, 200);
}

#[tokio::test]
async fn without_any_callback_the_audit_trail_says_that_asking_decided() {
    let world = World::start_with(&[("SIGN_IN_SECONDS", "8")]).await;
    let (person, mut browser, approval) = signing_in(&world).await;
    world.switch(&person.cellphone, json!({ "never_call_back": true })).await;
    world.tap(&person.cellphone, &approval, "deny").await;
    browser.until(&world, &approval, "denied").await;
    world.audited(&approval, "approval_decided: denied, by asking the provider").await;
}
