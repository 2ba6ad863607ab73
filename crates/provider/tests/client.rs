//! The client of the provider's API, against a provider that answers whatever it is told to.

#![expect(clippy::unwrap_used, reason = "a test may panic")]

mod balancer;
mod fake;

use std::{error::Error, iter, num::NonZeroU32, time::Duration};

use approval::{Channel, Details, Hidden, Logos, ProviderUserId, RequestId, Secret, Shown};
use balancer::Balancer;
use fake::{Fake, KEY, client};
use provider::{
    Action, ApiKey, Authy, AuthySettings, Code, CodeCheck, CodeSent, ProviderError, SettingsError, UserStatus,
};
use tokio::{io::AsyncReadExt as _, net::TcpListener};

const CREATED: &str = r#"{"approval_request":{"uuid":"dda2c400-bc43"},"success":true}"#;
const VALID: &str = r#"{"message":"Token is valid.","token":"is valid","success":"true","device":{"id":null}}"#;

fn user() -> ProviderUserId {
    "1635".parse().unwrap()
}

fn code() -> Code {
    "0123456".parse().unwrap()
}

fn request(uuid: &str) -> RequestId {
    uuid.parse().unwrap()
}

async fn create(authy: &Authy) -> Result<RequestId, ProviderError> {
    let details = Details::new([("To".into(), "Jarod's vault".into()), ("Amount".into(), "1,000,000".into())]);
    let shown = Shown::new("Send Galleons?".into(), details).unwrap();
    let hidden = Hidden::from([("digest".into(), "00".into())]);
    let logos = Logos::one("https://example.com/a.png".into()).unwrap();
    authy.create_request(&user(), &shown, &hidden, &logos, NonZeroU32::new(115).unwrap()).await
}

fn error(message: &str, code: &str) -> String {
    format!(r#"{{"message":"{message}","success":false,"errors":{{"message":"{message}"}},"error_code":{code}}}"#)
}

#[tokio::test]
async fn registering_sends_the_phone_and_no_link_to_the_app() {
    for (id, read) in [("1635", "1635"), ("\"1635\"", "1635")] {
        let body = format!(r#"{{"message":"User created successfully.","user":{{"id":{id}}},"success":true}}"#);
        let fake = Fake::answering(200, &body).await;
        let user = fake.client().register("jane@example.com", 49, "171-555 0100").await.unwrap();
        assert_eq!(user.as_str(), read);
        let seen = fake.only();
        assert_eq!(seen.line, "POST /base/protected/json/users/new");
        assert_eq!(seen.headers["x-authy-api-key"], KEY);
        assert_eq!(
            seen.body,
            concat!(
                r#"{"user":{"email":"jane@example.com","cellphone":"171-555 0100","country_code":49},"#,
                r#""send_install_link_via_sms":false}"#
            )
        );
    }
}

#[tokio::test]
async fn registering_is_repeated_while_the_provider_is_down_as_it_gives_the_same_user_again() {
    let created = r#"{"message":"User created successfully.","user":{"id":1635},"success":true}"#;
    let fake = Fake::answering_in_turn(&[(503, ""), (503, ""), (200, created)]).await;
    let user = fake.client().register("jane@example.com", 49, "1715550100").await.unwrap();
    let seen: Vec<_> = fake.seen().into_iter().map(|seen| (seen.line, seen.body)).collect();
    assert_eq!((user.as_str(), seen.len()), ("1635", 3), "{seen:?}");
    assert!(seen.iter().all(|one| *one == seen[0]), "{seen:?}");
}

type Expected = fn(&ProviderError) -> bool;

#[tokio::test]
async fn every_refusal_has_its_own_error() {
    use ProviderError as E;
    let field = |field: &str| {
        format!(
            r#"{{"message":"User was not valid","success":false,"errors":{{"{field}":"is invalid"}},"error_code":"60027"}}"#
        )
    };
    let cases: [(u16, String, Expected); 18] = [
        (400, field("cellphone"), |error| matches!(error, E::PhoneRefused)),
        (400, field("country_code"), |error| matches!(error, E::PhoneRefused)),
        (400, field("email"), |error| matches!(error, E::EmailRefused)),
        (400, error("Phone number is invalid", "60033"), |error| matches!(error, E::PhoneRefused)),
        (404, error("User not found.", "\"60026\""), |error| matches!(error, E::UnknownUser)),
        (400, error("No app", "60050"), |error| matches!(error, E::NoApp)),
        (400, error("No device", "\"60051\""), |error| matches!(error, E::NoApp)),
        (404, error("Approval request not found", "\"60049\""), |error| matches!(error, E::UnknownRequest)),
        (401, error("Invalid API key", "\"60001\""), |error| matches!(error, E::BadKey)),
        (200, error("Invalid API key", "60001").replace("false", "\"false\""), |error| matches!(error, E::BadKey)),
        (429, String::new(), |error| matches!(error, E::OverLimit { retry_after: Some(wait) } if wait.as_secs() == 17)),
        (400, error("DoS protection", "60003"), |error| matches!(error, E::OverLimit { .. })),
        (500, "<html>".into(), |error| matches!(error, E::Down(None))),
        (503, error("Feature off", "60000"), |error| matches!(error, E::Down(None))),
        (504, String::new(), |error| matches!(error, E::Slow(None))),
        (400, error("Invalid parameter", "60004"), |error| {
            matches!(error, E::Unexpected { status: 400, code: Some(60004) })
        }),
        (200, "<html>".into(), |error| matches!(error, E::Unexpected { status: 200, code: None })),
        (302, String::new(), |error| matches!(error, E::Unexpected { status: 302, .. })),
    ];
    for (status, body, expected) in cases {
        let fake = Fake::answering(status, &body).await;
        let error = create(&fake.client()).await.unwrap_err();
        assert!(expected(&error), "{status} {body}: {error:?}");
        assert_eq!(fake.only().line, "POST /base/onetouch/json/users/1635/approval_requests");
    }
}

#[tokio::test]
async fn the_status_of_a_user_is_read() {
    let body = concat!(
        r#"{"status":{"authy_id":2,"confirmed":true,"registered":false,"country_code":1,"devices":["iphone"],"#,
        r#""account_disabled":false},"message":"User status.","success":true}"#
    );
    let fake = Fake::answering(200, body).await;
    let status = fake.client().status(&user()).await.unwrap();
    assert_eq!(status, UserStatus { registered: false, confirmed: true, disabled: false });
    assert_eq!(fake.only().line, "GET /base/protected/json/users/1635/status");
}

#[tokio::test]
async fn removing_a_user_posts_once() {
    let fake = Fake::answering(200, r#"{"message":"User removed from application","success":true}"#).await;
    fake.client().remove(&user()).await.unwrap();
    assert_eq!(fake.only().line, "POST /base/protected/json/users/1635/remove");
}

#[tokio::test]
async fn a_code_is_always_forced_and_an_ignored_one_is_told() {
    let sent = Fake::answering(200, r#"{"success":true,"message":"SMS token was sent"}"#).await;
    let answer = sent.client().send_code(&user(), Channel::Sms, None).await.unwrap();
    assert_eq!(answer, CodeSent { ignored: false });
    assert_eq!(sent.only().line, "GET /base/protected/json/sms/1635?force=true");

    let ignored = Fake::answering(200, r#"{"success":true,"ignored":true,"device":"android"}"#).await;
    let action = Action { name: "0199", message: "Send 1 & 2?" };
    let answer = ignored.client().send_code(&user(), Channel::Call, Some(&action)).await.unwrap();
    assert_eq!(answer, CodeSent { ignored: true });
    assert_eq!(
        ignored.only().line,
        "GET /base/protected/json/call/1635?force=true&action=0199&action_message=Send+1+%26+2%3F"
    );
}

#[tokio::test]
async fn a_code_is_accepted_only_when_the_token_is_valid() {
    let fake = Fake::answering(200, VALID).await;
    let check = fake.client().check_code(&user(), &code(), Some("0199")).await.unwrap();
    assert_eq!(check, CodeCheck::Accepted);
    assert_eq!(fake.only().line, "GET /base/protected/json/verify/0123456/1635?force=true&action=0199");

    for (status, body) in [
        (200, ""),
        (200, "{}"),
        (200, r#"{"success":true,"message":"SMS token was sent"}"#),
        (200, r#"{"success":"true","token":"is Valid"}"#),
        (200, r#"{"success":"true","token":true}"#),
        (200, r#"{"success":false,"token":"is valid"}"#),
        (200, r#"{"success":"true","tokens":"is valid"}"#),
        (200, r#"["token","is valid"]"#),
        (201, VALID),
        (401, VALID),
        (500, VALID),
    ] {
        let fake = Fake::answering(status, body).await;
        let check = fake.client().check_code(&user(), &code(), None).await;
        assert!(check.is_err(), "{status} {body}: {check:?}");
    }
}

#[tokio::test]
async fn a_wrong_code_is_told_from_a_wrong_key() {
    for body in [
        r#"{"message":"Token is invalid","token":"is invalid","success":false,"error_code":"60020"}"#,
        r#"{"message":"Token is invalid","token":"is invalid","success":"false"}"#,
        r#"{"message":"Token was reused","success":false,"error_code":60019}"#,
    ] {
        let fake = Fake::answering(401, body).await;
        assert_eq!(fake.client().check_code(&user(), &code(), None).await.unwrap(), CodeCheck::Refused);
    }
    let fake = Fake::answering(401, &error("Invalid API key", "\"60001\"")).await;
    let refused = fake.client().check_code(&user(), &code(), None).await;
    assert!(matches!(refused, Err(ProviderError::BadKey)), "{refused:?}");
}

#[tokio::test]
async fn a_request_is_sent_with_its_details_in_order() {
    let fake = Fake::answering(200, CREATED).await;
    assert_eq!(create(&fake.client()).await.unwrap(), request("dda2c400-bc43"));
    assert_eq!(
        fake.only().body,
        concat!(
            r#"{"message":"Send Galleons?","details":{"To":"Jarod's vault","Amount":"1,000,000"},"#,
            r#""hidden_details":{"digest":"00"},"#,
            r#""logos":[{"res":"default","url":"https://example.com/a.png"}],"seconds_to_expire":115}"#
        )
    );
}

#[tokio::test]
async fn the_state_of_a_request_is_read_as_it_came() {
    for status in ["pending", "approved", "Approved", "expired", "?"] {
        let body = format!(
            r#"{{"approval_request":{{"_authy_id":28894864,"status":"{status}","uuid":"8d031630-aa","user_id":"5840"}},"success":true}}"#
        );
        let fake = Fake::answering(200, &body).await;
        let state = fake.client().read_request(&request("8d031630-aa")).await.unwrap();
        assert_eq!((state.status.as_str(), state.provider_user.as_str()), (status, "28894864"));
        assert_eq!(fake.only().line, "GET /base/onetouch/json/approval_requests/8d031630-aa");
    }
}

#[tokio::test]
async fn the_state_of_another_request_or_of_nobody_is_refused() {
    for body in [
        r#"{"approval_request":{"_authy_id":1,"status":"approved","uuid":"other"},"success":true}"#,
        r#"{"approval_request":{"status":"approved","uuid":"asked"},"success":true}"#,
        r#"{"approval_request":{"_authy_id":1,"uuid":"asked"},"success":true}"#,
        r#"{"approval_request":{"_authy_id":1,"status":"approved","uuid":"asked"},"success":false}"#,
        r#"{"success":true,"status":"approved"}"#,
    ] {
        let fake = Fake::answering(200, body).await;
        let state = fake.client().read_request(&request("asked")).await;
        assert!(matches!(state, Err(ProviderError::Unexpected { status: 200, .. })), "{body}: {state:?}");
    }
}

#[tokio::test]
async fn an_id_that_is_no_plain_word_is_not_taken_from_the_provider() {
    for id in ["", ".", "..", "../sms", "1/../2", "1?force=false", "1#", "%2e%2e", "1 ", "é"] {
        let body = format!(r#"{{"user":{{"id":"{id}"}},"approval_request":{{"uuid":"{id}"}},"success":true}}"#);
        let fake = Fake::answering(200, &body).await;
        let authy = fake.client();
        let registered = authy.register("jane@example.com", 49, "171-555 0100").await;
        assert!(matches!(registered, Err(ProviderError::Unexpected { status: 200, .. })), "{id}");
        assert!(matches!(create(&authy).await, Err(ProviderError::Unexpected { status: 200, .. })), "{id}");
    }
}

#[tokio::test]
async fn harmless_calls_are_made_again_while_the_provider_is_down() {
    let state = r#"{"approval_request":{"_authy_id":1,"status":"denied","uuid":"u"},"success":true}"#;
    let fake = Fake::answering_in_turn(&[(503, ""), (500, "x"), (200, state)]).await;
    assert_eq!(fake.client().read_request(&request("u")).await.unwrap().status, "denied");
    assert_eq!(fake.seen().len(), 3);

    let fake = Fake::answering(503, "").await;
    assert!(matches!(fake.client().status(&user()).await, Err(ProviderError::Down(None))));
    assert_eq!(fake.seen().len(), 3);

    let fake = Fake::answering(404, &error("User not found.", "60026")).await;
    assert!(matches!(fake.client().status(&user()).await, Err(ProviderError::UnknownUser)));
    assert_eq!(fake.seen().len(), 1);
}

#[tokio::test]
async fn calls_that_do_something_are_made_once() {
    let fake = Fake::answering(503, "").await;
    let authy = fake.client();
    assert!(matches!(create(&authy).await, Err(ProviderError::Down(_))));
    assert!(matches!(authy.send_code(&user(), Channel::Sms, None).await, Err(ProviderError::Down(_))));
    assert!(matches!(authy.check_code(&user(), &code(), None).await, Err(ProviderError::Down(_))));
    assert!(matches!(authy.remove(&user()).await, Err(ProviderError::Down(_))));
    assert_eq!(fake.seen().len(), 4);
}

#[tokio::test]
async fn a_provider_that_does_not_answer_is_slow_and_asked_once() {
    let fake = Fake::silent().await;
    let authy = fake.impatient_client();
    assert!(matches!(create(&authy).await, Err(ProviderError::Slow(_))));
    assert_eq!(fake.seen().len(), 1);
    assert!(matches!(authy.status(&user()).await, Err(ProviderError::Slow(_))));
    assert_eq!(fake.seen().len(), 2);
}

#[tokio::test]
async fn a_connection_that_breaks_may_have_carried_the_request() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let authy = client(&format!("http://{}", listener.local_addr().unwrap()), Duration::from_secs(10));
    let hang_up = async {
        let (mut socket, _) = listener.accept().await.unwrap();
        let _ = socket.read(&mut [0; 512]).await.unwrap();
    };
    let (created, ()) = tokio::join!(create(&authy), hang_up);
    assert!(matches!(created, Err(ProviderError::Slow(Some(_)))), "{created:?}");
}

#[tokio::test]
async fn a_provider_that_is_not_there_is_down_and_its_error_tells_no_secret() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let gone = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    let error = client(&gone, Duration::from_secs(10)).check_code(&user(), &code(), None).await.unwrap_err();
    assert!(matches!(error, ProviderError::Down(Some(_))), "{error:?}");
    let causes = iter::successors(Some(&error as &dyn Error), |&error| error.source());
    let text: Vec<String> = causes.map(|error| format!("{error} {error:?}")).collect();
    let text = text.join("\n");
    for secret in ["0123456", KEY, "verify", "1635"] {
        assert!(!text.contains(secret), "{text}");
    }
}

#[tokio::test]
async fn an_answer_without_end_is_not_read() {
    let fake =
        Fake::answering(200, &format!(r#"{{"token":"is valid","success":true,"x":"{}"}}"#, "x".repeat(300_000))).await;
    let check = fake.client().check_code(&user(), &code(), None).await;
    assert!(matches!(check, Err(ProviderError::Unexpected { status: 200, code: None })), "{check:?}");
}

const DISTANCE: Duration = Duration::from_millis(20);

/// Makes `first`, and `then` so long after its answer as the balancer takes to close the connection, less or more. All at
/// once, each on a client of its own; how many of the second calls were answered.
async fn around_the_end<T>(
    idle: Duration,
    answer: &'static str,
    call: impl AsyncFn(&Authy) -> Result<T, ProviderError>,
) -> Vec<bool> {
    let balancer = Balancer::start(idle, DISTANCE, answer).await;
    let url = format!("http://{}", balancer.address);
    let calls = (0..50u32).map(|nth| {
        let (authy, call) = (client(&url, Duration::from_secs(10)), &call);
        async move {
            call(&authy).await.unwrap();
            tokio::time::sleep(idle.saturating_sub(Duration::from_millis(100)) + Duration::from_millis(3) * nth).await;
            call(&authy).await.is_ok()
        }
    });
    futures_util::future::join_all(calls).await
}

#[tokio::test]
async fn no_push_is_lost_on_a_connection_that_a_balancer_is_closing() {
    for idle in [Duration::from_secs(3), Duration::from_secs(1)] {
        let rang = around_the_end(idle, CREATED, create).await;
        assert_eq!(rang, [true; 50], "{idle:?}");
    }
}

#[tokio::test]
async fn calls_in_a_row_share_a_connection() {
    let balancer = Balancer::start(Duration::from_mins(1), Duration::ZERO, CREATED).await;
    let authy = client(&format!("http://{}", balancer.address), Duration::from_secs(10));
    for _ in 0..10 {
        create(&authy).await.unwrap();
    }
    assert!(balancer.connections() < 10, "{}", balancer.connections());
}

#[tokio::test]
async fn a_harmless_call_that_meets_a_closing_connection_is_made_again() {
    const STATE: &str = r#"{"approval_request":{"_authy_id":1,"status":"denied","uuid":"u"},"success":true}"#;
    let idle = Duration::from_millis(130);
    let read = around_the_end(idle, STATE, async |authy| authy.read_request(&request("u")).await).await;
    assert_eq!(read, [true; 50]);
}

#[tokio::test]
async fn calls_wait_for_a_place_and_a_read_needs_none_of_those() {
    let fake = Fake::silent().await;
    let authy = fake.crowded_client();
    let id = request("u");
    let (first, second, read) = tokio::join!(create(&authy), create(&authy), authy.read_request(&id));
    let outcomes = [first, second].map(|outcome| outcome.unwrap_err());
    assert!(outcomes.iter().any(|error| matches!(error, ProviderError::Slow(_))), "{outcomes:?}");
    assert!(outcomes.iter().any(|error| matches!(error, ProviderError::Crowded)), "{outcomes:?}");
    assert!(matches!(read, Err(ProviderError::Slow(_))), "{read:?}");
    assert_eq!(fake.seen().len(), 2);
}

#[tokio::test]
async fn settings_that_cannot_work_are_refused() {
    let settings = |base: &str, key: &str| AuthySettings {
        base_url: base.parse().unwrap(),
        api_key: ApiKey::new(Secret::new(key)).unwrap(),
        timeout: Duration::from_secs(1),
        calls_at_once: 8,
    };
    let refused = |base, key| Authy::new(settings(base, key)).unwrap_err();
    assert!(matches!(refused("mailto:a@b", "k"), SettingsError::BaseUrl));
    assert!(matches!(refused("ftp://host/", "k"), SettingsError::BaseUrl));
    assert!(Authy::new(settings("https://host/", "007")).is_ok());
}
