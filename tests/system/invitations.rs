//! The three modes of sign-ups: open, invited, closed. And what sign-ups reveal about addresses.

use serde_json::{Value, json};

use crate::browser::{Answer, Browser, id, text};
use crate::process::{Ended, Process};
use crate::world::World;

const PHONE: &str = "+12025550110";

fn body(email: &str, invitation: Option<&str>) -> Value {
    let mut body = json!({ "full_name": "Ada", "email": email, "country_code": "1", "phone": &PHONE[2..],
        "password": "difference engine" });
    if let Some(invitation) = invitation {
        body["invitation"] = invitation.into();
    }
    body
}

async fn sign_up(world: &World, browser: &mut Browser, email: &str, invitation: Option<&str>) -> Answer {
    browser.post(world, "/api/users", body(email, invitation)).await
}

/// Proves the phone of a pending sign-up; returns the answer to its completion.
async fn prove(world: &World, browser: &mut Browser, begun: &Answer) -> Answer {
    let approval = begun.json()["approval"].clone();
    world.tap(PHONE, &approval, "approve").await;
    browser.until(world, &approval, "approved").await;
    browser.act(world, &approval, "complete").await
}

/// Signs up and proves the phone.
async fn open(world: &World, email: &str, invitation: Option<&str>) -> Answer {
    let mut browser = Browser::default();
    let begun = sign_up(world, &mut browser, email, invitation).await;
    assert_eq!(begun.status, 201, "{}", begun.text);
    prove(world, &mut browser, &begun).await
}

async fn operator(world: &World, arguments: &[&str], more: &[(&str, &str)]) -> Ended {
    let variables = [&[("PUBLIC_URL", &*world.url)][..], more].concat();
    Process::start(world.folder.path(), arguments, &variables).ended().await
}

/// The whole link of an invitation, and its token.
async fn invite(world: &World, email: &str) -> (String, String) {
    let made = operator(world, &["user", "invite", email], &[]).await;
    assert!(made.status.success(), "{made:?}");
    let link = made.output[0].clone();
    let (page, behind) = link.split_once('#').unwrap();
    assert_eq!(page, format!("{}/invitation", world.url));
    let token = behind.split(':').next().unwrap().to_owned();
    assert_eq!(token.len(), 43);
    (link, token)
}

/// A form as the page sends it.
async fn submit(world: &World, email: &str, invitation: Option<&str>) -> Answer {
    let fields = body(email, invitation);
    let fields: Vec<_> =
        fields.as_object().unwrap().iter().map(|(name, value)| (&**name, value.as_str().unwrap())).collect();
    Browser::default().submit(world, "/sign-up", &fields).await
}

#[tokio::test]
async fn where_sign_ups_are_closed_pages_and_api_say_so_and_offer_none() {
    let world = World::start_with(&[("SIGN_UP", "closed")]).await;
    let mut browser = Browser::default();
    for path in ["/sign-up", "/invitation"] {
        let page = browser.get(&world, path).await;
        assert_eq!(page.status, 403, "{path}");
        assert!(page.text.contains("New accounts are not open") && !page.text.contains("<form"), "{}", page.text);
    }
    for path in ["/", "/sign-in"] {
        let page = browser.get(&world, path).await;
        assert!(page.status == 200 && !page.text.contains("/sign-up"), "{}", page.text);
    }
    assert_eq!(submit(&world, "ada@example.com", None).await.status, 403);
    for body in [body("ada@example.com", None), body("ada@example.com", Some("any")), body("no address", None)] {
        let refused = browser.post(&world, "/api/users", body).await;
        assert_eq!((refused.status, refused.problem()), (403, "sign-up-closed".to_owned()));
    }
    let made = operator(&world, &["user", "invite", "ada@example.com"], &[("SIGN_UP", "closed")]).await;
    assert!(!made.status.success() && made.errors.join("\n").contains("SIGN_UP is closed"), "{made:?}");
}

#[tokio::test]
async fn where_people_need_an_invitation_nobody_signs_up_without_a_good_one() {
    let world = World::start_with(&[("SIGN_UP", "invited")]).await;
    let page = Browser::default().get(&world, "/sign-up").await;
    assert!(page.status == 200 && page.text.contains("Key from your invitation"), "{}", page.text);
    let refused = sign_up(&world, &mut Browser::default(), "ada@example.com", None).await;
    assert_eq!((refused.status, refused.problem()), (403, "invalid-invitation".to_owned()));
    let form = submit(&world, "ada@example.com", Some(" ")).await;
    assert!(form.status == 403 && form.text.contains("You need an invitation"), "{}", form.text);
    assert!(form.text.contains(r#"id="invitation-error""#) && form.text.contains(r#"value="ada@example.com""#));

    let (link, token) = invite(&world, "ada@example.com").await;
    let other = sign_up(&world, &mut Browser::default(), "eve@example.com", Some(&token)).await;
    assert_eq!((other.status, other.problem()), (422, "invalid-input".to_owned()));
    assert!(other.json()["errors"]["email"].is_string() && !other.text.contains("ada@"), "{}", other.text);
    assert_eq!(
        open(&world, "Ada@Example.com", Some(&link)).await.status,
        200,
        "the whole link is as good as its token"
    );

    let unknown = sign_up(&world, &mut Browser::default(), "ada@example.com", Some("unknown")).await;
    let used = sign_up(&world, &mut Browser::default(), "ada@example.com", Some(&token)).await;
    let (replaced, _) = (invite(&world, "grace@example.com").await.1, invite(&world, "grace@example.com").await);
    let replaced = sign_up(&world, &mut Browser::default(), "grace@example.com", Some(&replaced)).await;
    assert_eq!((unknown.status, unknown.problem()), (403, "invalid-invitation".to_owned()));
    assert_eq!((&used.text, &replaced.text), (&unknown.text, &unknown.text), "one answer for all of them");
}

#[tokio::test]
async fn an_invitation_proves_its_address_and_a_reset_link_warns_of_one_that_was_never_proven() {
    let world = World::start().await;
    let page = Browser::default().get(&world, "/sign-up").await;
    assert!(!page.text.contains("invitation"), "{}", page.text);
    let page = Browser::default().get(&world, "/invitation").await;
    assert!(page.text.contains("invitation.js") && page.text.contains("Key from your invitation"), "{}", page.text);
    let (_, token) = invite(&world, "ada@example.com").await;
    assert_eq!(open(&world, "ada@example.com", Some(&token)).await.status, 200);
    assert_eq!(open(&world, "eve@example.com", None).await.status, 200);
    let reset = async |email: &str| operator(&world, &["user", "reset-link", email], &[]).await.output.join("\n");
    assert!(!reset("ada@example.com").await.contains("never proven"));
    let warned = reset("eve@example.com").await;
    assert!(warned.contains("/reset#") && warned.contains("this address was never proven"), "{warned}");
    let again = operator(&world, &["user", "invite", "ADA@example.com"], &[]).await;
    assert!(!again.status.success() && again.errors.join("\n").contains("has an account already"), "{again:?}");
    let odd = operator(&world, &["user", "invite", "nobody"], &[]).await;
    assert!(!odd.status.success() && odd.errors.join("\n").contains("is no email address"), "{odd:?}");
}

#[tokio::test]
async fn guesses_at_invitations_count_as_sign_ups_and_none_is_in_the_log() {
    let world = World::start_with(&[("SIGN_UP", "invited"), ("SIGN_UPS_PER_ADDRESS", "3")]).await;
    let (_, token) = invite(&world, "ada@example.com").await;
    for guess in 0..3 {
        let refused = sign_up(&world, &mut Browser::default(), "ada@example.com", Some(&format!("guess{guess}"))).await;
        assert_eq!(refused.problem(), "invalid-invitation");
    }
    let refused = sign_up(&world, &mut Browser::default(), "ada@example.com", Some(&token)).await;
    assert_eq!((refused.status, refused.problem()), (429, "too-many-attempts".to_owned()));
    world.serve.signal("TERM").await;
    let log = world.serve.ended().await.errors.join("\n");
    assert!(log.contains(" INFO ") && !log.contains(&token) && !log.contains("guess0"), "{log}");
}

#[tokio::test]
async fn a_mistyped_address_beside_a_good_invitation_uses_up_no_sign_up() {
    let world = World::start_with(&[("SIGN_UP", "invited"), ("SIGN_UPS_PER_ADDRESS", "1")]).await;
    let (_, token) = invite(&world, "ada@example.com").await;
    for slip in ["adda@example.com", "ada@example.org"] {
        let refused = sign_up(&world, &mut Browser::default(), slip, Some(&token)).await;
        assert_eq!((refused.status, refused.problem()), (422, "invalid-input".to_owned()));
    }
    assert_eq!(open(&world, "ada@example.com", Some(&token)).await.status, 200);
}

#[tokio::test]
async fn a_sign_up_begun_before_the_operator_closed_them_opens_no_account() {
    for (mode, problem) in [("closed", "sign-up-closed"), ("invited", "invalid-invitation")] {
        let mut world = World::start().await;
        let (mut tapped, mut typing) = (Browser::default(), Browser::default());
        let by_tap = sign_up(&world, &mut tapped, "ada@example.com", None).await;
        let by_code = sign_up(&world, &mut typing, "eve@example.com", None).await;
        world.tap(PHONE, &by_tap.json()["approval"], "approve").await;
        tapped.until(&world, &by_tap.json()["approval"], "approved").await;
        assert_eq!(typing.ask_for_code(&world, "sms").await.status, 202);
        world.restart_with(&[("SIGN_UP", mode)]).await;

        let refused = tapped.act(&world, &by_tap.json()["approval"], "complete").await;
        assert_eq!((refused.status, refused.problem()), (403, problem.to_owned()));
        let refused = typing.act(&world, &by_code.json()["approval"], "resend").await;
        assert_eq!((refused.status, refused.problem()), (403, problem.to_owned()));
        let code = text(&world.phone(PHONE).await["authenticator"], "code").to_owned();
        let refused = typing.type_code(&world, &code).await;
        assert_eq!((refused.status, refused.problem()), (403, problem.to_owned()));
        for email in ["ada@example.com", "eve@example.com"] {
            let reset = operator(&world, &["user", "reset-link", email], &[]).await;
            assert!(!reset.status.success(), "{email} has no account");
        }
    }
}

#[tokio::test]
async fn an_invited_sign_up_begun_before_is_completed_where_people_need_an_invitation() {
    let mut world = World::start().await;
    let (_, token) = invite(&world, "ada@example.com").await;
    let mut browser = Browser::default();
    let begun = sign_up(&world, &mut browser, "ada@example.com", Some(&token)).await;
    let approval = begun.json()["approval"].clone();
    world.tap(PHONE, &approval, "approve").await;
    browser.until(&world, &approval, "approved").await;
    world.restart_with(&[("SIGN_UP", "invited")]).await;
    assert_eq!(browser.act(&world, &approval, "complete").await.status, 200);
}

#[tokio::test]
async fn an_invited_person_who_changes_the_number_keeps_the_invitation() {
    for mode in ["open", "invited"] {
        let world = World::start_with(&[("SIGN_UP", mode)]).await;
        let (_, token) = invite(&world, "ada@example.com").await;
        let mut browser = Browser::default();
        let wrong = sign_up(&world, &mut browser, "Ada@example.com", Some(&token)).await.json()["approval"].clone();
        let form = browser.submit(&world, "/sign-up/change", &[]).await;
        assert!(form.status == 200 && !form.text.contains("Key from your invitation"), "{}", form.text);
        assert!(
            world.audit(&wrong).await.iter().any(|line| line.contains("cancelled")),
            "the wrong phone rings no more"
        );

        let weak = changed(&world, &mut browser, "password").await;
        assert!(weak.status == 422 && !weak.text.contains("Key from your invitation"), "{}", weak.text);
        let begun = changed(&world, &mut browser, "difference engine").await;
        assert_eq!(begun.status, 303, "{}", begun.text);
        let approval = json!({ "id": begun.header("location").rsplit('/').next().unwrap() });
        let approval = browser.look(&world, &approval).await;
        world.tap("+12025550111", &approval, "approve").await;
        browser.until(&world, &approval, "approved").await;
        assert_eq!(browser.act(&world, &approval, "complete").await.status, 200);
        let reset = operator(&world, &["user", "reset-link", "ada@example.com"], &[]).await;
        assert!(reset.status.success() && !reset.output.join("\n").contains("never proven"), "{mode}: {reset:?}");
    }
}

/// The form as it is shown again, with another number.
async fn changed(world: &World, browser: &mut Browser, password: &str) -> Answer {
    let fields = [("full_name", "Ada"), ("email", "ada@example.com"), ("country_code", "1"), ("phone", "2025550111")];
    browser.submit(world, "/sign-up", &[&fields[..], &[("password", password)]].concat()).await
}

#[tokio::test]
async fn another_address_and_another_browser_have_no_part_in_an_invitation() {
    let world = World::start_with(&[("SIGN_UP", "invited")]).await;
    let (_, token) = invite(&world, "ada@example.com").await;
    let mut browser = Browser::default();
    sign_up(&world, &mut browser, "ada@example.com", Some(&token)).await;
    let other = sign_up(&world, &mut Browser::default(), "ada@example.com", None).await;
    assert_eq!((other.status, other.problem()), (403, "invalid-invitation".to_owned()));
    let other = sign_up(&world, &mut browser, "eve@example.com", None).await;
    assert_eq!((other.status, other.problem()), (403, "invalid-invitation".to_owned()));
}

#[tokio::test]
async fn a_proven_phone_learns_of_three_addresses_a_day_and_of_the_next_ones_alike() {
    let world = World::start().await;
    let known = Browser::default().sign_up(&world, 11).await.email;
    let owner = open(&world, "ada@example.com", None).await;
    assert_eq!(owner.status, 200);
    assert_eq!(open(&world, &known, None).await.problem(), "already-registered");
    assert_eq!(open(&world, "third@example.com", None).await.status, 200);
    assert_eq!(open(&world, &known, None).await.problem(), "already-registered", "this was learned before");

    let other = Browser::default().sign_up(&world, 12).await.email;
    let mut answers = Vec::new();
    for email in [&*other, "unknown@example.com"] {
        let mut browser = Browser::default();
        let begun = sign_up(&world, &mut browser, email, None).await;
        let page_of = format!("/approvals/{}/complete", id(&begun.json()["approval"]));
        let refused = prove(&world, &mut browser, &begun).await;
        assert_eq!((refused.status, refused.problem()), (429, "too-many-attempts".to_owned()));
        assert!(refused.header("retry-after").parse::<u32>().unwrap() > 3600);
        let page = browser.submit(&world, &page_of, &[]).await;
        assert_eq!(page.status, 429);
        let reset = operator(&world, &["user", "reset-link", "unknown@example.com"], &[]).await;
        assert!(!reset.status.success(), "there is no such account");
        answers.push((refused.text, page.text, browser.state(&world).await));
    }
    assert_eq!(answers[0], answers[1]);
}

#[tokio::test]
async fn a_denied_sign_up_rings_the_phone_no_more_and_leaves_its_owner_alone() {
    let world = World::start().await;
    let owner = Browser::default().sign_up(&world, 10).await;
    let begun = sign_up(&world, &mut Browser::default(), "eve@example.com", None).await;
    assert_eq!(world.tap(&owner.cellphone, &begun.json()["approval"], "deny").await, 204);
    let mut stranger = Browser::default();
    world.audited(&begun.json()["approval"], "approval_decided: denied, by a callback").await;
    for email in ["eve@example.com", "mallory@example.com"] {
        let again = sign_up(&world, &mut stranger, email, None).await;
        assert_eq!((again.status, again.json()["next"].as_str()), (201, Some("code")), "{}", again.text);
    }
    let page = stranger.get(&world, "/code").await;
    assert!(page.text.contains("You can sign up again in"), "{}", page.text);
    assert_eq!(stranger.ask_for_code(&world, "sms").await.status, 202, "codes remain");
    let mut own = Browser::default();
    let approval = own.sign_in(&world, &owner).await;
    assert_eq!(world.tap(&owner.cellphone, &approval, "approve").await, 204, "the owner's phone is asked as always");
}

#[tokio::test]
async fn a_phone_nobody_has_proven_gets_a_text_message_before_a_call() {
    let world = World::start().await;
    let mut browser = Browser::default();
    sign_up(&world, &mut browser, "ada@example.com", None).await;
    let refused = browser.ask_for_code(&world, "call").await;
    assert_eq!((refused.status, refused.problem()), (409, "text-first".to_owned()));
    assert!(browser.get(&world, "/code").await.text.contains("Possible a minute after a text message"));
    assert_eq!(browser.ask_for_code(&world, "sms").await.status, 202);
    let refused = browser.ask_for_code(&world, "call").await;
    assert_eq!((refused.status, refused.problem()), (409, "text-first".to_owned()));
    assert!((1..=60).contains(&refused.header("retry-after").parse::<u32>().unwrap()));
    let page = browser.submit(&world, "/code/send", &[("channel", "call")]).await;
    assert!(
        page.status == 409 && page.text.contains("We can call in") && page.text.contains("Possible in"),
        "{}",
        page.text
    );
    assert_eq!(world.phone(PHONE).await["calls"], json!([]));
}

#[tokio::test]
async fn all_sign_ups_share_a_limit_of_codes_and_its_end_is_logged_once() {
    let world = World::start_with(&[("CODES_PER_HOUR", "2")]).await;
    let owner = Browser::default().sign_up(&world, 11).await;
    let mut browser = Browser::default();
    sign_up(&world, &mut browser, "ada@example.com", None).await;
    for _ in 0..2 {
        assert_eq!(browser.ask_for_code(&world, "sms").await.status, 202);
    }
    for _ in 0..3 {
        let refused = browser.ask_for_code(&world, "sms").await;
        assert_eq!((refused.status, refused.problem()), (429, "too-many-attempts".to_owned()));
    }
    let mut own = Browser::default();
    own.sign_in(&world, &owner).await;
    assert_eq!(own.ask_for_code(&world, "sms").await.status, 202, "owners have codes of their own");
    world.serve.signal("TERM").await;
    let log = world.serve.ended().await.errors;
    let alarms: Vec<_> = log.iter().filter(|line| line.contains("CODES_PER_HOUR")).collect();
    assert!(alarms.len() == 1 && alarms[0].contains("ERROR"), "{log:?}");
}

#[tokio::test]
async fn an_account_has_few_sessions_that_wait_and_all_of_them_are_listed() {
    let world = World::start().await;
    let mut inside = Browser::default();
    let person = inside.sign_up(&world, 10).await;
    let mut browsers = Vec::new();
    for _ in 0..12 {
        let mut browser = Browser::default();
        let body = json!({ "email": person.email, "password": "difference engine" });
        assert_eq!(browser.post(&world, "/api/session", body).await.status, 201);
        browsers.push(browser);
    }
    for (number, state) in [(0, "pending"), (1, "pending"), (2, "404"), (3, "404"), (4, "pending"), (11, "pending")] {
        assert_eq!(browsers[number].state(&world).await, state, "{number}: the first two wait for requests");
    }
    let listed = inside.get(&world, "/api/sessions").await.json();
    let pending = listed["sessions"].as_array().unwrap().iter().filter(|one| one["state"] == "pending").count();
    assert_eq!(pending, 10);
    assert_eq!(inside.state(&world).await, "confirmed", "who is in stays in");
}
