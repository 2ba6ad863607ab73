//! Sessions: what opens them, and what ends them.

use approval::{Change, Channel, Details, Entropy, Number, Shown, Status};
use storage::{ConfirmedBy, Heard, Replaced};
use time::Duration;

use crate::given::{Given, callback};

#[tokio::test]
async fn an_unknown_token_opens_nothing() {
    let given = Given::empty().await;
    given.account("ada@example.com").await;
    assert!(given.storage.sessions().find(given.token()).await.unwrap().is_none());
}

#[tokio::test]
async fn a_pending_session_lives_a_quarter_of_an_hour() {
    let given = Given::empty().await;
    let waiting = given.sign_in(given.account("ada@example.com").await).await;
    given.pass(Duration::milliseconds(15 * 60_000 - 1));
    assert!(given.storage.sessions().find(waiting.token).await.unwrap().is_some());
    given.pass(Duration::milliseconds(1));
    assert!(given.storage.sessions().find(waiting.token).await.unwrap().is_none());
}

#[tokio::test]
async fn signing_out_ends_this_session_and_no_other() {
    let given = Given::empty().await;
    let user = given.account("ada@example.com").await;
    let (one, other) = (given.sign_in(user).await, given.sign_in(user).await);
    let cancelled = given.storage.sessions().sign_out(&one.session).await.unwrap();
    assert_eq!((cancelled[0].id, given.now(&one).await.status), (one.approval.id, Status::Cancelled));
    assert!(given.storage.sessions().find(one.token).await.unwrap().is_none());
    assert!(given.storage.sessions().find(other.token).await.unwrap().is_some());
}

#[tokio::test]
async fn signing_out_twice_at_once_is_written_down_once() {
    let given = Given::empty().await;
    let user = given.account("ada@example.com").await;
    let waiting = given.sign_in(user).await;
    let (one, other) = tokio::join!(
        given.storage.sessions().sign_out(&waiting.session),
        given.storage.sessions().sign_out(&waiting.session)
    );
    assert_eq!(one.unwrap().len() + other.unwrap().len(), 1);
    let trail = given.storage.audit().of_account(user).await.unwrap();
    assert_eq!(trail.iter().filter(|row| row.kind == "signed_out").count(), 1);
}

#[tokio::test]
async fn recent_sign_ins_are_the_confirmed_ones_newest_first() {
    let given = Given::empty().await;
    let user = given.account("ada@example.com").await;
    given.pass(Duration::hours(1));
    let waiting = given.sign_in(user).await;
    given.sign_in(user).await;
    let token = given.new_token(&waiting);
    given.storage.codes().confirm_by_code(&waiting.session, storage::CodeHash([1; 32]), "code", token).await.unwrap();
    let sign_ins = given.storage.sessions().recent_sign_ins(&waiting.session).await.unwrap();
    let seen: Vec<_> = sign_ins.iter().map(|one| (one.by, one.current)).collect();
    assert_eq!(seen, [(ConfirmedBy::Code, true), (ConfirmedBy::Approval, false)]);
}

#[tokio::test]
async fn a_session_remembers_how_its_code_was_sent() {
    let given = Given::empty().await;
    let waiting = given.sign_in(given.account("ada@example.com").await).await;
    given.storage.codes().record_sent(waiting.session.id, waiting.session.user, Channel::Call, false).await.unwrap();
    let session = given.storage.sessions().find(waiting.token).await.unwrap().unwrap();
    assert_eq!((session.code_sent_by, session.code_trouble), (Some(Channel::Call), true));
}

#[tokio::test]
async fn asking_again_cancels_the_old_request_and_shows_another_number() {
    let given = Given::empty().await;
    let waiting = given.sign_in(given.account("ada@example.com").await).await;
    let again = |old: &approval::Approval, taken: &[Number]| {
        assert_eq!(taken, [old.number]);
        let number = Number::random(&given.entropy, taken);
        let shown = Shown::new("Sign in to Countersign?".into(), Details::default()).unwrap().numbered(number);
        approval::Approval { id: approval::Id::new(&given.clock, &given.entropy), number, shown, ..old.clone() }
    };
    let Replaced::Now(both) = given.storage.approvals().replace(waiting.approval.id, again).await.unwrap() else {
        panic!()
    };
    let (old, new) = *both;
    assert_eq!((old.status, old.replaced_by), (Status::Cancelled, Some(new.id)));
    assert_ne!(old.number, new.number);
    assert!(given.audited(&waiting).await.contains(&"approval_replaced".to_owned()));
    let twice = given.storage.approvals().replace(waiting.approval.id, |old, _| old.clone()).await.unwrap();
    assert_eq!(twice, Replaced::Before(Box::new(new.clone())));
    given.storage.approvals().end(new.id, Change::Cancel).await.unwrap();
    assert_eq!(given.storage.approvals().replace(new.id, |old, _| old.clone()).await.unwrap(), Replaced::No);
}

#[tokio::test]
async fn what_takes_the_place_of_a_denied_request_never_shows_its_number_again() {
    let given = Given::empty().await;
    let denied = given.sign_in(given.account("ada@example.com").await).await;
    let request = given.sent(&denied).await;
    given.storage.approvals().decide(&callback(&request, "denied"), Heard::Callback).await.unwrap();
    let again = |old: &approval::Approval, taken: &[Number]| {
        // What would give the old number again, were it free.
        let draw = old.number.to_string().parse::<u8>().unwrap() - 10;
        let entropy = Entropy::from_fn(move |buffer| buffer[0] = draw);
        let (id, number) = (approval::Id::new(&given.clock, &given.entropy), Number::random(&entropy, taken));
        approval::Approval { id, number, status: Status::Pending, decided_at: None, ..old.clone() }
    };
    let Replaced::Now(both) = given.storage.approvals().replace(denied.approval.id, again).await.unwrap() else {
        panic!()
    };
    assert_ne!(both.0.number, both.1.number);
}

/// Somebody who is in: the session's token.
async fn signed_in(given: &Given, user: approval::UserId) -> storage::TokenHash {
    let waiting = given.sign_in(user).await;
    let request = given.sent(&waiting).await;
    given.storage.approvals().decide(&callback(&request, "approved"), Heard::Callback).await.unwrap();
    let token = given.new_token(&waiting);
    given.complete(&waiting, token).await;
    token.new
}

#[tokio::test]
async fn a_session_that_nobody_uses_for_an_hour_ends() {
    let given = Given::empty().await;
    let user = given.account("ada@example.com").await;
    let (token, never_used) = (signed_in(&given, user).await, signed_in(&given, user).await);
    given.pass(Duration::hours(1) - Duration::milliseconds(1));
    assert!(given.storage.sessions().find(token).await.unwrap().is_some());
    given.pass(Duration::milliseconds(1));
    assert!(given.storage.sessions().find(never_used).await.unwrap().is_none());
    given.pass(Duration::hours(1) - Duration::milliseconds(2));
    assert!(given.storage.sessions().find(token).await.unwrap().is_some(), "a use begins the hour again");
    given.pass(Duration::hours(1));
    assert!(given.storage.sessions().find(token).await.unwrap().is_none());
}

#[tokio::test]
async fn a_clock_that_is_set_back_revives_no_session_that_was_found_ended() {
    let given = Given::empty().await;
    let user = given.account("ada@example.com").await;
    let (confirmed, pending) = (signed_in(&given, user).await, given.sign_in(user).await);
    given.pass(Duration::hours(1));
    for token in [confirmed, pending.token] {
        assert!(given.storage.sessions().find(token).await.unwrap().is_none());
    }
    given.pass(Duration::minutes(-50));
    for token in [confirmed, pending.token] {
        assert!(given.storage.sessions().find(token).await.unwrap().is_none(), "it ended for good");
    }
    assert!(!given.storage.sessions().is_confirmed(pending.session.id).await.unwrap());
}

#[tokio::test]
async fn a_clock_that_is_set_back_revives_nothing_that_was_swept() {
    let given = Given::empty().await;
    let user = given.account("ada@example.com").await;
    let (waiting, token) = (given.sign_in(user).await, signed_in(&given, user).await);
    let request = given.sent(&waiting).await;
    given.storage.approvals().decide(&callback(&request, "approved"), Heard::Callback).await.unwrap();
    let next = given.new_token(&waiting);
    given.complete(&waiting, next).await;
    given.pass(Duration::minutes(2));
    given.storage.maintenance().sweep().await.unwrap();
    given.pass(Duration::minutes(-2));
    assert!(given.storage.sessions().find(waiting.token).await.unwrap().is_none(), "the token before had its minute");
    assert!(given.storage.sessions().find(next.new).await.unwrap().is_some());
    given.pass(Duration::hours(2));
    given.storage.maintenance().sweep().await.unwrap();
    given.pass(Duration::hours(-2));
    for token in [token, next.new] {
        assert!(given.storage.sessions().find(token).await.unwrap().is_none(), "it ended for good");
    }
}

#[tokio::test]
async fn a_clock_that_was_ahead_ends_what_it_found_ended_and_nothing_else() {
    let given = Given::empty().await;
    let user = given.account("ada@example.com").await;
    let (seen, other) = (signed_in(&given, user).await, given.another_process().await);
    given.pass(Duration::minutes(30));
    let later = signed_in(&given, user).await;
    given.pass(Duration::minutes(40));
    given.storage.maintenance().sweep().await.unwrap();
    given.pass(Duration::minutes(-60));
    assert!(other.sessions().find(seen).await.unwrap().is_none(), "in every process");
    assert!(other.sessions().find(later).await.unwrap().is_some());
    let fresh = signed_in(&given, user).await;
    assert!(given.storage.sessions().find(fresh).await.unwrap().is_some(), "whoever signs in again is in");
}

#[tokio::test]
async fn a_session_ends_at_its_time_however_much_it_is_used() {
    let given = Given::empty().await;
    let token = signed_in(&given, given.account("ada@example.com").await).await;
    for _ in 0..23 {
        given.pass(Duration::minutes(30));
        assert!(given.storage.sessions().find(token).await.unwrap().is_some());
    }
    given.pass(Duration::minutes(30) - Duration::milliseconds(1));
    assert!(given.storage.sessions().find(token).await.unwrap().is_some());
    given.pass(Duration::milliseconds(1));
    assert!(given.storage.sessions().find(token).await.unwrap().is_none());
}

#[tokio::test]
async fn the_last_use_is_written_at_most_once_a_minute() {
    let given = Given::empty().await;
    let token = signed_in(&given, given.account("ada@example.com").await).await;
    let mut written = Vec::new();
    for _ in 0..240 {
        let session = given.storage.sessions().find(token).await.unwrap().unwrap();
        written.push(given.storage.sessions().live(&session).await.unwrap()[0].last_used_at);
        given.pass(Duration::seconds(1));
    }
    written.dedup();
    assert_eq!(written.len(), 4);
}

#[tokio::test]
async fn using_a_pending_session_does_not_make_it_live_longer() {
    let given = Given::empty().await;
    let waiting = given.sign_in(given.account("ada@example.com").await).await;
    for _ in 0..14 {
        given.pass(Duration::minutes(1));
        assert!(given.storage.sessions().find(waiting.token).await.unwrap().is_some());
    }
    given.pass(Duration::minutes(1));
    assert!(given.storage.sessions().find(waiting.token).await.unwrap().is_none());
}

#[tokio::test]
async fn live_sessions_are_those_of_the_account_the_one_that_asks_first() {
    let given = Given::empty().await;
    let user = given.account("ada@example.com").await;
    let (old, token) = (signed_in(&given, user).await, signed_in(&given, user).await);
    given.pass(Duration::minutes(2));
    let pending = given.sign_in(user).await;
    given.sign_in(given.account("eve@example.com").await).await;
    let session = given.storage.sessions().find(token).await.unwrap().unwrap();
    let listed = given.storage.sessions().live(&session).await.unwrap();
    let seen: Vec<_> = listed.iter().map(|one| (one.current, one.confirmed_at.is_some())).collect();
    assert_eq!(seen[..2], [(true, true), (false, false)]);
    assert_eq!((listed[0].id, listed[1].id), (session.id, pending.session.id));
    let other = given.storage.sessions().find(old).await.unwrap().unwrap();
    given.storage.sessions().sign_out(&other).await.unwrap();
    let left = given.storage.sessions().live(&session).await.unwrap();
    assert!(left.len() + 1 == listed.len() && left.iter().all(|one| one.id != other.id));
}

#[tokio::test]
async fn one_session_or_all_others_are_ended_and_none_of_somebody_else() {
    let given = Given::empty().await;
    let (user, somebody_else) = (given.account("ada@example.com").await, given.account("eve@example.com").await);
    let (mine, other) = (signed_in(&given, user).await, signed_in(&given, user).await);
    let (pending, eves) = (given.sign_in(user).await, signed_in(&given, somebody_else).await);
    let storage = &given.storage;
    let session = |token| async move { storage.sessions().find(token).await.unwrap() };
    let me = session(mine).await.unwrap();
    let eve = session(eves).await.unwrap();
    assert!(given.storage.sessions().end(&me, eve.id).await.unwrap().is_none());
    let cancelled = given.storage.sessions().end(&me, pending.session.id).await.unwrap().unwrap();
    assert_eq!((cancelled[0].id, given.now(&pending).await.status), (pending.approval.id, Status::Cancelled));
    assert!(given.storage.sessions().end(&me, pending.session.id).await.unwrap().is_none(), "it has ended already");
    given.storage.sessions().end_others(&me).await.unwrap();
    assert!(session(pending.token).await.is_none() && session(other).await.is_none());
    assert!(session(mine).await.is_some() && session(eves).await.is_some());
}
