//! The receiver over HTTP, with an event log that remembers.

#![expect(clippy::unwrap_used, reason = "a test may panic")]

#[path = "receiver/address.rs"]
mod address;
mod fake;

use std::{cell::RefCell, io, sync::Once, time::Duration};

use approval::{Callback, Echo, Event, Flat, MessageId, subject};
use axum::{
    Router,
    body::Body,
    http::{HeaderValue, Method, Request, StatusCode, header},
    routing::any,
};
use fake::{
    Answer, BODY, FakeLog, KEY, Mood, NOW, beside, get, key_of, post, post_signed_with, receiving, receiving_for,
    request, send, send_to, sign_for,
};
use futures_util::stream;
use provider::{ApiKeys, NONCE_HEADER, SIGNATURE_HEADER};
use tracing_subscriber::filter::LevelFilter;

const LIMIT: usize = 64 * 1024;
/// A wrong signature of the right length.
const SIGNATURE: &str = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";

fn event() -> Event {
    let flat = |label: &str, value: &str| Some(Flat::from([(label.to_owned(), value.to_owned())]));
    Event::Callback(Callback {
        request: "4a725520-bff5".parse().unwrap(),
        provider_user: "688611".parse().unwrap(),
        status: "approved".into(),
        echo: Echo {
            message: Some("canary-message".into()),
            details: flat("Number", "47"),
            hidden: flat("digest", "00"),
        },
        received_at: NOW,
    })
}

fn is_problem(answer: &Answer, kind: &str) -> bool {
    answer.headers[header::CONTENT_TYPE] == "application/problem+json"
        && answer.body.contains(&format!(r#""type":"{kind}""#))
        && answer.body.contains(&format!(r#""status":{}"#, answer.status.as_u16()))
}

#[tokio::test]
async fn a_signed_callback_is_published_and_answered_200_with_nothing() {
    for signed in [post(BODY), get(BODY)] {
        let log = FakeLog::new(Mood::Well);
        let answer = send(&log, signed).await;
        assert_eq!((answer.status, answer.body.as_str()), (StatusCode::OK, ""));
        let published = log.published.lock().unwrap();
        let [message] = published.as_slice() else { panic!("{published:?}") };
        assert_eq!(message.subject, subject::CALLBACK);
        assert_eq!(Event::from_bytes(&message.payload), Some(event()));
    }
}

#[tokio::test]
async fn a_callback_that_is_replayed_is_published_once_and_its_repeats_once_more_so_that_they_are_written_down() {
    let log = FakeLog::new(Mood::Well);
    for signed in [post(BODY), post(BODY), post(&BODY.replace(':', " : ")), get(BODY), post(BODY)] {
        assert_eq!(send(&log, signed).await.status, StatusCode::OK);
    }
    let published = log.published.lock().unwrap().clone();
    let [first, again] = &published[..] else { panic!("{published:?}") };
    assert!(first.id != again.id && first.payload == again.payload);
}

#[tokio::test]
async fn a_contradiction_is_no_repeat() {
    let log = FakeLog::new(Mood::Well);
    let contradiction = BODY.replace(r#""status":"approved""#, r#""status":"denied""#);
    for signed in [post(BODY), post(&contradiction)] {
        assert_eq!(send(&log, signed).await.status, StatusCode::OK);
    }
    let published = log.published.lock().unwrap().clone();
    let [first, other] = &published[..] else { panic!("{published:?}") };
    assert!(first.id != other.id && first.payload != other.payload);
}

#[tokio::test]
async fn what_is_not_signed_by_the_provider_is_refused_and_not_published() {
    let without = |header: &str| {
        let mut request = post(BODY);
        request.headers_mut().remove(header);
        request
    };
    let with = |header: &'static str, value: &'static str| {
        let mut request = post(BODY);
        request.headers_mut().insert(header, HeaderValue::from_static(value));
        request
    };
    let twice = |header: &'static str| {
        let mut request = post(BODY);
        let value = request.headers()[header].clone();
        request.headers_mut().append(header, value);
        request
    };
    let signature = post(BODY).headers()[SIGNATURE_HEADER].to_str().unwrap().to_owned();
    let signed_but = |body: &str| request(Method::POST, "/authy/callback", &signature, body.to_owned());
    for forged in [
        without(SIGNATURE_HEADER),
        without(NONCE_HEADER),
        with(SIGNATURE_HEADER, ""),
        with(SIGNATURE_HEADER, "garbage"),
        with(SIGNATURE_HEADER, "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="),
        with(NONCE_HEADER, ""),
        with(NONCE_HEADER, "1512923420"),
        twice(SIGNATURE_HEADER),
        twice(NONCE_HEADER),
        signed_but(&BODY.replace("approved", "denied")),
        signed_but(""),
        signed_but("[]"),
        signed_but("authy_id=688611&status=approved"),
        request(Method::GET, "/authy/callback", &signature, BODY),
        request(Method::GET, "/authy/callback?authy_id=1&status=approved&uuid=4a725520-bff5", &signature, ""),
    ] {
        let log = FakeLog::new(Mood::Well);
        let shown = format!("{forged:?}");
        let answer = send(&log, forged).await;
        assert_eq!(answer.status, StatusCode::UNAUTHORIZED, "{shown}");
        assert!(is_problem(&answer, "invalid-signature"), "{}", answer.body);
        assert!(log.is_empty(), "{shown}");
    }
}

#[tokio::test]
async fn while_keys_are_exchanged_callbacks_of_both_are_taken_and_are_repeats_of_each_other() {
    let (new, old) = (key_of("the-new-key"), key_of("the-old-key"));
    let both = ApiKeys::new(new.clone(), Some(old.clone()));
    for (keys, by_new, by_old) in [(both, 200, 200), (new.clone().into(), 200, 401), (old.clone().into(), 401, 200)] {
        let log = FakeLog::new(Mood::Well);
        for (key, expected) in [(&new, by_new), (&old, by_old), (&key_of("another-application's-key"), 401)] {
            let answer = send_to(receiving(&log, keys.clone()), post_signed_with(key, BODY)).await;
            assert_eq!(answer.status.as_u16(), expected);
        }
        let ids = log.ids();
        let same = |id: &MessageId| *id == ids[0] || *id == ids[0].again();
        assert!(!ids.is_empty() && ids.iter().all(same), "{ids:?}");
    }
}

#[tokio::test]
async fn a_signed_callback_that_cannot_be_read_is_buried_as_it_came() {
    let body = r#"{ "webhook":"test", "authy_id":1234 }"#;
    let odd = r#"{"authy_id":1234,"status":"approved","uuid":"../sms"}"#;
    for (signed, kept) in [(post(body), body), (get(body), "authy_id=1234&webhook=test"), (post(odd), odd)] {
        let log = FakeLog::new(Mood::Well);
        assert_eq!(send(&log, signed).await.status, StatusCode::OK);
        assert!(log.published.lock().unwrap().is_empty());
        let buried = log.buried.lock().unwrap();
        let (message, reason) = &buried[0];
        assert_eq!((message.subject, &message.payload[..]), (subject::DEAD_LETTER, kept.as_bytes()));
        assert_eq!(reason, "the signed callback has no readable uuid");
    }
}

#[tokio::test]
async fn a_callback_from_any_host_and_origin_is_taken() {
    let log = FakeLog::new(Mood::Well);
    let mut signed = post(BODY);
    for (name, value) in [("host", "evil.example"), ("origin", "null"), ("sec-fetch-site", "cross-site")] {
        signed.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    assert_eq!(send(&log, signed).await.status, StatusCode::OK);
}

#[tokio::test]
async fn a_body_of_64_kib_is_taken_and_one_byte_more_is_not() {
    let padded = |length: usize| format!("{BODY}{}", " ".repeat(length - BODY.len()));
    let log = FakeLog::new(Mood::Well);
    assert_eq!(send(&log, post(&padded(LIMIT))).await.status, StatusCode::OK);
    let refused = send(&log, post(&padded(LIMIT + 1))).await;
    assert_eq!(refused.status, StatusCode::PAYLOAD_TOO_LARGE);
    assert!(is_problem(&refused, "too-large"));
    assert_eq!(log.ids().len(), 1);
}

#[tokio::test]
async fn no_other_method_is_taken_even_when_it_is_signed() {
    let signed = get(BODY);
    let (uri, signature) = (signed.uri().to_string(), signed.headers()[SIGNATURE_HEADER].to_str().unwrap());
    for method in [Method::HEAD, Method::PUT, Method::PATCH, Method::DELETE, Method::OPTIONS, Method::TRACE] {
        let log = FakeLog::new(Mood::Well);
        let answer = send(&log, request(method.clone(), &uri, signature, "")).await;
        assert_eq!(answer.status, StatusCode::METHOD_NOT_ALLOWED, "{method}");
        assert_eq!(answer.headers[header::ALLOW], "GET, POST");
        assert!(log.is_empty(), "{method}");
    }
}

#[tokio::test]
async fn an_answer_is_nothing_that_a_browser_would_run_frame_or_keep() {
    let log = FakeLog::new(Mood::Well);
    let mut delete = post(BODY);
    *delete.method_mut() = Method::DELETE;
    let mut answers = Vec::new();
    let elsewhere = request(Method::GET, "/authy", "", String::new());
    for request in [post(BODY), request(Method::GET, "/authy/callback", "", String::new()), delete, elsewhere] {
        let answer = send(&log, request).await;
        answers.push((answer.status, answer.headers));
    }
    assert_eq!(answers.iter().map(|(status, _)| status.as_u16()).collect::<Vec<_>>(), [200, 401, 405, 404]);
    for (_, headers) in answers {
        assert_eq!(headers[header::CONTENT_SECURITY_POLICY], "default-src 'none'; frame-ancestors 'none'");
        assert_eq!(headers[header::X_CONTENT_TYPE_OPTIONS], "nosniff");
        assert_eq!(headers[header::CACHE_CONTROL], "no-store");
    }
}

#[tokio::test]
async fn a_log_that_fails_is_answered_503() {
    for signed in [post(BODY), post(r#"{"authy_id":1234}"#)] {
        let answer = send(&FakeLog::new(Mood::Broken), signed).await;
        assert_eq!(answer.status, StatusCode::SERVICE_UNAVAILABLE);
        assert!(is_problem(&answer, "unavailable"));
    }
}

#[tokio::test(start_paused = true)]
async fn a_log_that_does_not_acknowledge_is_given_eight_seconds() {
    let started = tokio::time::Instant::now();
    let answer = send(&FakeLog::new(Mood::Silent), post(BODY)).await;
    assert_eq!(answer.status, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(started.elapsed().as_secs(), 8);
}

#[tokio::test(start_paused = true)]
async fn a_body_that_never_ends_is_not_waited_for() {
    let endless = Body::from_stream(stream::pending::<Result<&[u8], io::Error>>());
    let started = tokio::time::Instant::now();
    let answer = send(&FakeLog::new(Mood::Well), request(Method::POST, "/authy/callback", SIGNATURE, endless)).await;
    assert_eq!(answer.status, StatusCode::BAD_REQUEST);
    assert!(started.elapsed() < Duration::from_secs(6));
}

#[tokio::test]
async fn a_body_is_not_read_when_its_headers_cannot_be_those_of_a_signature() {
    for signature in ["", "x", "AAAA", &"A".repeat(44), &"A".repeat(60_000)] {
        let unread = Body::from_stream(stream::poll_fn(|_| -> std::task::Poll<Option<Result<&[u8], io::Error>>> {
            panic!("the body was asked for")
        }));
        let answer = send(&FakeLog::new(Mood::Well), request(Method::POST, "/authy/callback", signature, unread)).await;
        assert_eq!(answer.status, StatusCode::UNAUTHORIZED, "{}", signature.len());
    }
}

#[tokio::test]
async fn large_callbacks_are_taken_while_strangers_send_larger_ones() {
    let log = FakeLog::new(Mood::Well);
    let router = receiving(&log, key_of(KEY).into());
    let body = format!("{{\"a\":\"{}\"}}", "~".repeat(LIMIT - 10));
    let strangers =
        (0..50).map(|_| send_to(router.clone(), request(Method::POST, "/authy/callback", SIGNATURE, body.clone())));
    let strangers = futures_util::future::join_all(strangers);
    let large = format!("{BODY}{}", " ".repeat(10_000));
    let (refused, large) = futures_util::future::join(strangers, send_to(router.clone(), post(&large))).await;
    assert!(refused.iter().all(|answer| answer.status == StatusCode::UNAUTHORIZED));
    assert_eq!((large.status, log.ids().len()), (StatusCode::OK, 1));
}

/// A body of the largest size with a wrong signature.
fn forged() -> Request<Body> {
    request(Method::POST, "/authy/callback", SIGNATURE, format!("{{\"a\":\"{}\"}}", "~".repeat(LIMIT - 10)))
}

#[tokio::test]
async fn a_large_callback_waits_for_its_turn_behind_200_forged_ones() {
    let log = FakeLog::new(Mood::Well);
    let router = receiving(&log, key_of(KEY).into());
    let forged = futures_util::future::join_all((0..200).map(|_| send_to(router.clone(), forged())));
    let large = format!("{BODY}{}", " ".repeat(10_000));
    let genuine = [post(&large), get(&BODY.replace("canary-message", &"~".repeat(3000)))];
    let genuine = futures_util::future::join_all(genuine.map(|signed| send_to(router.clone(), signed)));
    let (forged, genuine) = futures_util::future::join(forged, genuine).await;
    assert!(forged.iter().all(|answer| answer.status == StatusCode::UNAUTHORIZED));
    assert!(genuine.iter().all(|answer| answer.status == StatusCode::OK));
    assert_eq!(log.ids().len(), 2);
}

#[tokio::test(start_paused = true)]
async fn beyond_the_queue_large_bodies_are_answered_503_and_small_callbacks_are_taken() {
    let log = FakeLog::new(Mood::Well);
    let router = receiving(&log, key_of(KEY).into());
    let strangers = futures_util::future::join_all((0..200).map(|_| send_to(router.clone(), forged())));
    let small = async {
        // The turns do not reach the end of the queue in time.
        tokio::time::advance(Duration::from_secs(5)).await;
        send_to(router.clone(), post(BODY)).await
    };
    let (refused, small) = futures_util::future::join(strangers, small).await;
    let busy: Vec<_> = refused.iter().filter(|answer| answer.status == StatusCode::SERVICE_UNAVAILABLE).collect();
    assert!(!busy.is_empty());
    assert!(busy.iter().all(|answer| is_problem(answer, "busy") && answer.headers[header::RETRY_AFTER] == "1"));
    assert_eq!((small.status, log.ids().len()), (StatusCode::OK, 1));
}

thread_local! {
    /// What was logged on this thread, and so by this test.
    static LINES: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
}

struct Lines;

impl io::Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        LINES.with_borrow_mut(|lines| lines.write(bytes))
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Collects what is logged from now on.
fn listen() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        tracing_subscriber::fmt().with_max_level(LevelFilter::TRACE).with_ansi(false).with_writer(|| Lines).init();
    });
    // Other tests may have passed the same places while nobody listened.
    tracing::callsite::rebuild_interest_cache();
}

/// What was logged on this thread since [`listen`].
fn heard() -> String {
    String::from_utf8(LINES.take()).unwrap()
}

#[tokio::test]
async fn every_callback_leaves_one_line_and_no_secret_in_the_log() {
    listen();
    let signature = post(BODY).headers()[SIGNATURE_HEADER].to_str().unwrap().to_owned();
    let unsigned = Request::post("/authy/callback").body(Body::from(BODY)).unwrap();

    send(&FakeLog::new(Mood::Well), post(BODY)).await;
    send(&FakeLog::new(Mood::Well), post(r#"{"message":"canary-message"}"#)).await;
    send(&FakeLog::new(Mood::Well), unsigned).await;
    send(&FakeLog::new(Mood::Broken), get(BODY)).await;

    let text = heard();
    let ours: Vec<&str> = text.lines().filter(|line| line.contains("receiver")).collect();
    assert_eq!(ours.len(), 4, "{text}");
    for (line, outcome) in ours.iter().zip(["published", "buried", "refused", "unavailable"]) {
        assert!(line.contains(&format!("callback.outcome=\"{outcome}\"")) && line.contains("duration_ms="), "{line}");
    }
    for secret in [KEY, "canary-message", "688611", &signature] {
        assert!(!text.contains(secret), "{text}");
    }
}
