//! When a phone is asked and when a code is tried: what strangers can do with a password, and what they cannot.

mod clock;

use approval::{Change, Delivery, Secret, Status, UserId};
use sqlx::{Connection as _, SqliteConnection};
use storage::{
    AttemptKind, Begun, CodeConfirmed, CodeHash, CodeLimits, Completed, Decided, Heard, Limit, LimitName, LinkHash,
    NotTried, NoticeKind, Push, PushRules, Subject, Withheld,
};
use time::Duration;

use crate::given::{Given, Waiting, callback};

const RULES: PushRules = PushRules {
    pending: 2,
    refused: 3,
    first_wait: Duration::seconds(5),
    growth: 30,
    longest_wait: Duration::minutes(15),
    on_phone: 45,
    off_without_codes: Duration::HOUR,
};
const IN_A_ROW: u32 = 100;

async fn given() -> (Given, UserId) {
    let mut given = Given::empty().await;
    let user = given.account("ada@example.com").await;
    given.storage = given.storage.with_push_rules(RULES);
    (given, user)
}

async fn pushed(given: &Given, user: UserId) -> Waiting {
    let waiting = given.sign_in(user).await;
    given.sent(&waiting).await;
    waiting
}

async fn answer(given: &Given, waiting: &Waiting, status: &str) -> Decided {
    let request = given.now(waiting).await.request.unwrap();
    given.storage.approvals().decide(&callback(&request, status), Heard::Callback).await.unwrap()
}

/// Denied as often as push needs to be off.
async fn switched_off(given: &Given, user: UserId) {
    for _ in 0..3 {
        let waiting = pushed(given, user).await;
        answer(given, &waiting, "denied").await;
        given.pass(Duration::minutes(15));
    }
    assert_eq!(given.storage.accounts().may_push(user).await.unwrap(), Push::Withheld(Withheld::Off));
}

/// Asked for and taken back as often as push needs to be off, while another request may wait.
async fn taken_back(given: &Given, user: UserId) {
    for _ in 0..3 {
        let waiting = pushed(given, user).await;
        given.storage.approvals().end(waiting.approval.id, Change::Cancel).await.unwrap();
    }
    assert_eq!(given.storage.accounts().may_push(user).await.unwrap(), Push::Withheld(Withheld::Off));
}

fn codes() -> CodeLimits {
    let five = Limit { count: 5, window: Duration::minutes(10) };
    CodeLimits {
        tries: vec![(Subject::address("account"), five), (Subject::address("phone"), five)],
        in_a_row: IN_A_ROW,
    }
}

/// As many wrong codes as are taken.
async fn codes_switched_off(given: &Given, waiting: &Waiting) {
    for tried in 0..IN_A_ROW {
        if tried > 0 && tried % 5 == 0 {
            given.pass(Duration::minutes(10));
        }
        given.storage.codes().count_try(&waiting.session, &codes()).await.unwrap().unwrap();
        given.storage.codes().code_wrong(&waiting.session, IN_A_ROW).await.unwrap();
    }
    given.pass(Duration::minutes(10));
}

async fn told(given: &Given, user: UserId) -> Vec<(NoticeKind, bool)> {
    let notices = given.storage.notices().list(user).await.unwrap();
    notices.into_iter().map(|notice| (notice.kind, notice.ended_at.is_some())).collect()
}

#[tokio::test]
async fn two_requests_may_be_on_a_phone_and_both_stay_whoever_signs_in_next() {
    let (given, user) = given().await;
    let (one, two) = (pushed(&given, user).await, pushed(&given, user).await);
    let Push::Withheld(Withheld::Pending(until)) = given.storage.accounts().may_push(user).await.unwrap() else {
        panic!()
    };
    assert_eq!(until, one.approval.expires_at);
    for waiting in [&one, &two] {
        assert_eq!(given.now(waiting).await.status, Status::Pending);
    }
    answer(&given, &two, "approved").await;
    assert_eq!(given.storage.accounts().may_push(user).await.unwrap(), Push::Allowed);
}

#[tokio::test]
async fn a_phone_that_has_no_app_is_kept_free_by_no_request() {
    let (given, user) = given().await;
    for _ in 0..3 {
        let waiting = given.sign_in(user).await;
        given.storage.approvals().record_delivery(waiting.approval.id, Delivery::NoApp, None).await.unwrap();
    }
}

#[tokio::test]
async fn a_request_takes_a_place_on_the_phone_where_it_may_ring() {
    for delivery in [Delivery::Sending, Delivery::Sent, Delivery::NoApp, Delivery::Unavailable, Delivery::Unknown] {
        let (given, user) = given().await;
        for _ in 0..RULES.pending {
            let waiting = given.sign_in(user).await;
            given.storage.approvals().record_delivery(waiting.approval.id, delivery, None).await.unwrap();
        }
        let withheld = given.storage.accounts().may_push(user).await.unwrap() != Push::Allowed;
        assert_eq!(withheld, delivery.may_ring(), "{delivery}");
    }
}

#[tokio::test]
async fn each_denied_or_unanswered_request_makes_the_next_wait_longer_and_the_third_is_the_last() {
    let (given, user) = given().await;
    let one = pushed(&given, user).await;
    answer(&given, &one, "denied").await;
    let until = one.approval.created_at + Duration::seconds(5);
    assert_eq!(given.storage.accounts().may_push(user).await.unwrap(), Push::Withheld(Withheld::Refused(until)));
    given.pass(Duration::seconds(5));
    let two = pushed(&given, user).await;
    given.pass(Duration::minutes(2));
    given.storage.approvals().end(two.approval.id, Change::Expire).await.unwrap();
    let until = two.approval.created_at + Duration::seconds(150);
    assert_eq!(given.storage.accounts().may_push(user).await.unwrap(), Push::Withheld(Withheld::Refused(until)));
    given.pass(Duration::seconds(30));
    let three = pushed(&given, user).await;
    answer(&given, &three, "denied").await;
    given.pass(Duration::days(1));
    assert_eq!(given.storage.accounts().may_push(user).await.unwrap(), Push::Withheld(Withheld::Off));
    let kinds = [NoticeKind::PushOff, NoticeKind::SignInDenied, NoticeKind::SignInUnanswered, NoticeKind::SignInDenied];
    assert_eq!(told(&given, user).await, kinds.map(|kind| (kind, false)));
}

#[tokio::test]
async fn ringing_and_taking_back_counts_as_unanswered_and_nobody_rings_a_phone_for_ever() {
    let (given, user) = given().await;
    for _ in 0..3 {
        let waiting = pushed(&given, user).await;
        given.storage.sessions().sign_out(&waiting.session).await.unwrap();
    }
    assert_eq!(given.storage.accounts().may_push(user).await.unwrap(), Push::Withheld(Withheld::Off));
}

#[tokio::test]
async fn a_tap_that_approves_ends_the_row() {
    let (given, user) = given().await;
    for _ in 0..4 {
        for status in ["denied", "denied", "approved"] {
            given.pass(Duration::minutes(15));
            let waiting = pushed(&given, user).await;
            answer(&given, &waiting, status).await;
        }
    }
    assert_eq!(given.storage.accounts().may_push(user).await.unwrap(), Push::Allowed);
}

#[tokio::test]
async fn a_code_switches_push_on_again_and_the_notice_says_so() {
    let (given, user) = given().await;
    let last = pushed(&given, user).await;
    taken_back(&given, user).await;
    let token = given.new_token(&last);
    let confirmed =
        given.storage.codes().confirm_by_code(&last.session, CodeHash([1; 32]), "code", token).await.unwrap();
    assert!(matches!(confirmed, CodeConfirmed::Fresh(Completed::Confirmed, _)));
    assert_eq!(given.storage.accounts().may_push(user).await.unwrap(), Push::Allowed);
    assert!(told(&given, user).await.contains(&(NoticeKind::PushOff, true)));
}

#[tokio::test]
async fn ringing_and_taking_back_before_the_provider_has_answered_counts_as_well() {
    let (given, user) = given().await;
    for _ in 0..3 {
        let waiting = given.sign_in(user).await;
        given.storage.approvals().end(waiting.approval.id, Change::Cancel).await.unwrap();
    }
    assert_eq!(given.storage.accounts().may_push(user).await.unwrap(), Push::Withheld(Withheld::Off));
}

#[tokio::test]
async fn what_a_browser_takes_back_by_signing_in_again_counts_before_the_phone_is_asked_again() {
    let (given, user) = given().await;
    let mut waiting = pushed(&given, user).await;
    for _ in 0..2 {
        let session = given.new_session(user);
        let (begun, cancelled) = given.begin(&session, Some(&waiting.session)).await;
        let Begun::Asked(approval) = begun else { panic!("{begun:?}") };
        assert_eq!(cancelled[0].id, waiting.approval.id);
        assert!(given.storage.sessions().find(waiting.token).await.unwrap().is_none());
        let now = given.storage.sessions().find(session.token).await.unwrap().unwrap();
        waiting = Waiting { session: now, token: session.token, approval: *approval };
        given.sent(&waiting).await;
    }
    let (begun, cancelled) = given.begin(&given.new_session(user), Some(&waiting.session)).await;
    assert_eq!((begun, cancelled[0].id), (Begun::Withheld(Withheld::Off), waiting.approval.id));
}

#[tokio::test]
async fn a_request_that_ends_while_it_is_on_its_way_to_the_phone_was_not_answered() {
    let (given, user) = given().await;
    let waiting = given.sign_in(user).await;
    given.pass(Duration::seconds(120));
    given.storage.approvals().end(waiting.approval.id, Change::Expire).await.unwrap();
    assert!(told(&given, user).await.contains(&(NoticeKind::SignInUnanswered, false)));
}

#[tokio::test]
async fn what_the_owner_takes_back_for_everybody_else_does_not_count_and_a_reset_puts_push_on_again() {
    let (given, user) = given().await;
    let own = pushed(&given, user).await;
    answer(&given, &own, "approved").await;
    assert_eq!(given.complete(&own, given.new_token(&own)).await, Completed::Confirmed);
    let (one, other) = (pushed(&given, user).await, pushed(&given, user).await);
    given.storage.accounts().doubt_password(&own.session).await.unwrap();
    for waiting in [&one, &other] {
        assert_eq!(given.now(waiting).await.status, Status::Cancelled);
    }
    assert_eq!(given.storage.accounts().may_push(user).await.unwrap(), Push::Allowed);
    taken_back(&given, user).await;

    let link = LinkHash([7; 32]);
    given
        .storage
        .accounts()
        .issue_reset_link("ada@example.com", link, given.clock.now() + Duration::HOUR)
        .await
        .unwrap();
    given.storage.accounts().reset_password(link, &Secret::new("$argon2id$")).await.unwrap().unwrap();

    assert_eq!(given.storage.accounts().may_push(user).await.unwrap(), Push::Allowed);
    assert!(told(&given, user).await.contains(&(NoticeKind::PushOff, true)));
}

#[tokio::test]
async fn a_callback_for_an_account_whose_push_is_off_approves_nothing_and_is_audited() {
    let (given, user) = given().await;
    let before = pushed(&given, user).await;
    taken_back(&given, user).await;
    assert!(matches!(answer(&given, &before, "approved").await, Decided::Now(now) if now.status == Status::Cancelled));
    let trail = given.audited(&before).await;
    assert_eq!(trail[trail.len() - 2..], ["callback_refused", "approval_decided"]);
    // Push comes back, and the tap is still none.
    let token = given.new_token(&before);
    given.storage.codes().confirm_by_code(&before.session, CodeHash([9; 32]), "code", token).await.unwrap();
    assert_eq!(given.storage.accounts().may_push(user).await.unwrap(), Push::Allowed);
    assert!(matches!(answer(&given, &before, "approved").await, Decided::Before(_)));
    assert_eq!(given.now(&before).await.status, Status::Cancelled);
}

#[tokio::test]
async fn a_hundred_wrong_codes_in_a_row_switch_codes_off_until_something_is_approved_on_the_phone() {
    let (given, user) = given().await;
    let waiting = pushed(&given, user).await;
    codes_switched_off(&given, &waiting).await;
    let refused = given.storage.codes().count_try(&waiting.session, &codes()).await.unwrap();
    assert_eq!(refused, Err(NotTried::Off));
    assert!(told(&given, user).await.contains(&(NoticeKind::CodesOff, false)));
    let again = pushed(&given, user).await;
    answer(&given, &again, "approved").await;
    assert!(given.storage.codes().count_try(&again.session, &codes()).await.unwrap().is_ok());
    assert!(told(&given, user).await.contains(&(NoticeKind::CodesOff, true)));
}

#[tokio::test]
async fn a_right_code_ends_the_row_of_wrong_ones() {
    let (given, user) = given().await;
    for round in 0..4_u8 {
        let waiting = given.sign_in(user).await;
        for tried in 0..40 {
            if tried % 5 == 0 {
                given.pass(Duration::minutes(10));
            }
            given.storage.codes().count_try(&waiting.session, &codes()).await.unwrap().unwrap();
            given.storage.codes().code_wrong(&waiting.session, IN_A_ROW).await.unwrap();
        }
        given.storage.approvals().end(waiting.approval.id, Change::Expire).await.unwrap();
        let other = given.sign_in(user).await;
        let token = given.new_token(&other);
        given.storage.codes().confirm_by_code(&other.session, CodeHash([round; 32]), "code", token).await.unwrap();
    }
    assert!(!given.storage.codes().are_off(user, IN_A_ROW).await.unwrap());
}

#[tokio::test]
async fn a_code_that_was_never_tried_counts_nowhere() {
    let (given, user) = given().await;
    let waiting = given.sign_in(user).await;
    for _ in 0..=IN_A_ROW {
        let attempt = given.storage.codes().count_try(&waiting.session, &codes()).await.unwrap().unwrap();
        given.storage.codes().not_tried(&waiting.session, &attempt).await.unwrap();
    }
}

#[tokio::test]
async fn a_try_is_counted_for_account_and_phone_or_for_neither() {
    let (given, user) = given().await;
    let waiting = given.sign_in(user).await;
    for _ in 0..5 {
        given.storage.codes().count_try(&waiting.session, &codes()).await.unwrap().unwrap();
    }
    let five = Limit { count: 5, window: Duration::minutes(10) };
    let other = CodeLimits {
        tries: vec![(Subject::address("another"), five), (Subject::address("phone"), five)],
        in_a_row: IN_A_ROW,
    };
    for _ in 0..10 {
        assert!(
            given.storage.codes().count_try(&waiting.session, &other).await.unwrap().is_err(),
            "the phone has had five"
        );
    }
    let alone = CodeLimits { tries: vec![(Subject::address("another"), five)], in_a_row: IN_A_ROW };
    assert!(given.storage.codes().count_try(&waiting.session, &alone).await.unwrap().is_ok(), "and the account none");
}

#[tokio::test]
async fn whoever_switches_both_off_locks_nobody_out_for_good() {
    let (given, user) = given().await;
    let waiting = given.sign_in(user).await;
    // It reached no phone, so it says nothing about who rings.
    given.storage.approvals().record_delivery(waiting.approval.id, Delivery::NoApp, None).await.unwrap();
    given.storage.approvals().end(waiting.approval.id, Change::Expire).await.unwrap();
    switched_off(&given, user).await;
    let off_since = given.clock.now();
    for _ in 0..IN_A_ROW {
        let free = CodeLimits { tries: vec![], in_a_row: IN_A_ROW };
        given.storage.codes().count_try(&waiting.session, &free).await.unwrap().unwrap();
        given.storage.codes().code_wrong(&waiting.session, IN_A_ROW).await.unwrap();
    }
    let Push::Withheld(Withheld::Refused(until)) = given.storage.accounts().may_push(user).await.unwrap() else {
        panic!()
    };
    assert!(until <= off_since + Duration::HOUR);
    given.pass(Duration::HOUR);
    let owner = pushed(&given, user).await;
    assert!(matches!(answer(&given, &owner, "approved").await, Decided::Now(_)));
    assert!(!given.storage.codes().are_off(user, IN_A_ROW).await.unwrap());
}

#[tokio::test]
async fn a_dismissed_notice_is_gone_and_only_its_owner_dismisses_it() {
    let (given, user) = given().await;
    let waiting = pushed(&given, user).await;
    answer(&given, &waiting, "denied").await;
    let [notice] = &given.storage.notices().list(user).await.unwrap()[..] else { panic!() };
    assert_eq!((notice.browser.as_deref(), notice.place.as_deref()), (Some("Firefox on Linux"), Some("This computer")));
    let stranger = given.account("eve@example.com").await;
    given.storage.notices().dismiss(stranger, notice.id).await.unwrap();
    assert_eq!(given.storage.notices().list(user).await.unwrap().len(), 1);
    given.storage.notices().dismiss(user, notice.id).await.unwrap();
    assert!(given.storage.notices().list(user).await.unwrap().is_empty());
}

#[tokio::test]
async fn refused_codes_keep_nobody_from_writing() {
    let (given, user) = given().await;
    let waiting = given.sign_in(user).await;
    let limits = codes();
    for _ in 0..5 {
        assert!(given.storage.codes().count_try(&waiting.session, &limits).await.unwrap().is_ok());
    }
    assert!(matches!(
        given.storage.codes().count_try(&waiting.session, &limits).await.unwrap(),
        Err(NotTried::Limited(_))
    ));
    let turn = [(Subject::turn(waiting.session.id, "proof"), Limit { count: 1, window: Duration::MINUTE })];
    given.storage.limits().count(AttemptKind::Turn, &turn).await.unwrap().unwrap();
    // An open write transaction: any other writer fails after 5 s.
    let path = given.folder.path().join("test.db");
    let mut db = SqliteConnection::connect(&format!("sqlite:{}", path.display())).await.unwrap();
    let _writing = db.begin_with("BEGIN IMMEDIATE").await.unwrap();
    for _ in 0..100 {
        assert!(matches!(
            given.storage.codes().count_try(&waiting.session, &limits).await.unwrap(),
            Err(NotTried::Limited(_))
        ));
        assert!(given.storage.codes().refusal(&waiting.session, &limits).await.unwrap().is_some());
    }
    assert!(given.storage.limits().count(AttemptKind::Turn, &turn).await.unwrap().is_err());
    given.storage.limits().note_reached(&waiting.session, LimitName::WrongCodes).await.unwrap();
}
