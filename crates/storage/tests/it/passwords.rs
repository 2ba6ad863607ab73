//! Passwords set anew: nothing that began with the old one is of use afterwards.

use approval::{Purpose, Secret, Status};
use storage::{Asked, Completed, Heard, LinkHash, PasswordChange, Replaced, Session, TokenHash};
use time::Duration;

use crate::given::{Given, Waiting, callback};

const LINK: LinkHash = LinkHash([1; 32]);

fn new() -> Secret {
    Secret::new("$argon2id$new")
}

/// Somebody who is in.
async fn signed_in(given: &Given, email: &str) -> (Session, TokenHash) {
    let user = given.account(email).await;
    confirmed(given, &given.sign_in(user).await).await
}

async fn confirmed(given: &Given, waiting: &Waiting) -> (Session, TokenHash) {
    approved(given, waiting).await;
    let token = given.new_token(waiting);
    assert_eq!(given.complete(waiting, token).await, Completed::Confirmed);
    (given.storage.sessions().find(token.new).await.unwrap().unwrap(), token.new)
}

async fn approved(given: &Given, waiting: &Waiting) {
    let request = given.sent(waiting).await;
    given.storage.approvals().decide(&callback(&request, "approved"), Heard::Callback).await.unwrap();
}

/// A transaction of somebody who is in.
async fn transaction(given: &Given, session: &Session, token: TokenHash) -> Waiting {
    let approval = given.approval_of(session, Purpose::Transaction, &[]);
    let asked = given.storage.transactions().begin(approval.id, session.user, session.id, |_| approval).await.unwrap();
    let Asked::Now(approval) = asked else { panic!("{asked:?}") };
    Waiting { session: session.clone(), token, approval: *approval }
}

async fn change(given: &Given, session: &Session, shown: TokenHash, next: TokenHash) -> bool {
    let old = given.password_hash(session.user).await;
    let change = PasswordChange { old: &old, new: &new(), shown, next };
    given.storage.accounts().change_password(session, change).await.unwrap().is_some()
}

async fn is_live(given: &Given, token: TokenHash) -> bool {
    given.storage.sessions().find(token).await.unwrap().is_some()
}

#[tokio::test]
async fn a_changed_password_ends_every_other_session_and_pending_sign_in_and_keeps_this_one_under_another_token() {
    let given = Given::empty().await;
    let (session, token) = signed_in(&given, "ada@example.com").await;
    let (_, elsewhere) = confirmed(&given, &given.sign_in(session.user).await).await;
    let (pending, next) = (given.sign_in(session.user).await, given.token());
    assert!(change(&given, &session, token, next).await);
    assert!(
        !is_live(&given, token).await && !is_live(&given, elsewhere).await && !is_live(&given, pending.token).await
    );
    assert_eq!(given.now(&pending).await.status, Status::Cancelled);
    let kept = given.storage.sessions().find(next).await.unwrap().unwrap();
    assert_eq!((kept.id, kept.password_set_at), (session.id, Some(given.clock.now())));
    assert_eq!(given.password_hash(session.user).await, new());
}

#[tokio::test]
async fn a_sign_in_whose_password_is_changed_while_it_was_checked_begins_no_session() {
    let given = Given::empty().await;
    let (session, token) = signed_in(&given, "ada@example.com").await;
    let old = given.password_hash(session.user).await;
    let late = given.new_session(session.user);
    assert!(change(&given, &session, token, given.token()).await);
    let begun = given.storage.sessions().begin(&late, None, &old, |_| panic!("no approval is made")).await.unwrap();
    assert!(begun.is_none() && !is_live(&given, late.token).await);
}

#[tokio::test]
async fn of_two_changes_at_once_one_counts() {
    let given = Given::empty().await;
    let (session, token) = signed_in(&given, "ada@example.com").await;
    let (one, other) =
        tokio::join!(change(&given, &session, token, given.token()), change(&given, &session, token, given.token()));
    assert!(one != other);
}

#[tokio::test]
async fn no_approval_from_before_a_change_completes_or_is_asked_again_after_it() {
    let given = Given::empty().await;
    let (session, token) = signed_in(&given, "ada@example.com").await;
    let (tapped, waiting) = (transaction(&given, &session, token).await, transaction(&given, &session, token).await);
    approved(&given, &tapped).await;
    let signing_in = given.sign_in(session.user).await;
    approved(&given, &signing_in).await;
    given.pass(Duration::milliseconds(1));
    assert!(change(&given, &session, token, given.token()).await);
    assert_eq!(given.now(&waiting).await.status, Status::Cancelled);
    for one in [&tapped, &waiting, &signing_in] {
        assert_eq!(given.complete(one, given.new_token(one)).await, Completed::NotApproved);
        let again = given.storage.approvals().replace(one.approval.id, |old, _| old.clone()).await.unwrap();
        assert_eq!(again, Replaced::No);
    }
    let after = transaction(&given, &session, token).await;
    approved(&given, &after).await;
    assert_eq!(given.complete(&after, given.new_token(&after)).await, Completed::Consumed);
}

#[tokio::test]
async fn a_transaction_of_a_session_that_has_ended_is_neither_completed_nor_begun_nor_sent_again() {
    let given = Given::empty().await;
    let (session, token) = signed_in(&given, "ada@example.com").await;
    let (tapped, denied) = (transaction(&given, &session, token).await, transaction(&given, &session, token).await);
    approved(&given, &tapped).await;
    let request = given.sent(&denied).await;
    given.storage.approvals().decide(&callback(&request, "denied"), Heard::Callback).await.unwrap();
    let (other, _) = confirmed(&given, &given.sign_in(session.user).await).await;
    given.storage.sessions().end(&other, session.id).await.unwrap().unwrap();
    assert_eq!(given.complete(&tapped, given.new_token(&tapped)).await, Completed::NotApproved);
    let again =
        |_: &approval::Approval, taken: &[approval::Number]| given.approval_of(&session, Purpose::Transaction, taken);
    assert_eq!(given.storage.approvals().replace(denied.approval.id, again).await.unwrap(), Replaced::No);
    let late = given.approval_of(&session, Purpose::Transaction, &[]);
    assert_eq!(
        given.storage.transactions().begin(late.id, session.user, session.id, |_| late).await.unwrap(),
        Asked::Ended
    );
}

#[tokio::test]
async fn a_reset_link_sets_the_password_once_and_ends_every_session() {
    let given = Given::empty().await;
    let (session, token) = signed_in(&given, "ada@example.com").await;
    let pending = given.sign_in(session.user).await;
    let until = given.clock.now() + Duration::minutes(30);
    assert!(given.storage.accounts().issue_reset_link("ada@example.com", LINK, until).await.unwrap().is_some());
    assert!(is_live(&given, token).await, "a link alone changes nothing");
    assert_eq!(given.storage.accounts().reset_link_owner(LINK).await.unwrap().unwrap().email, "ada@example.com");
    let cancelled = given.storage.accounts().reset_password(LINK, &new()).await.unwrap().unwrap();
    assert_eq!(cancelled[0].id, pending.approval.id);
    assert!(!is_live(&given, token).await && !is_live(&given, pending.token).await);
    assert!(given.storage.accounts().reset_password(LINK, &new()).await.unwrap().is_none(), "a second use is refused");
    assert!(given.storage.accounts().reset_link_owner(LINK).await.unwrap().is_none());
}

#[tokio::test]
async fn a_reset_link_used_twice_at_once_counts_once() {
    let given = Given::empty().await;
    given.account("ada@example.com").await;
    let until = given.clock.now() + Duration::minutes(30);
    given.storage.accounts().issue_reset_link("ada@example.com", LINK, until).await.unwrap();
    let other = given.another_process().await;
    let (hash, same) = (new(), new());
    let (one, two) = tokio::join!(
        given.storage.accounts().reset_password(LINK, &hash),
        other.accounts().reset_password(LINK, &same)
    );
    assert!(one.unwrap().is_some() != two.unwrap().is_some());
}

#[tokio::test]
async fn a_reset_link_ends_at_its_time_with_another_link_and_with_a_changed_password() {
    let given = Given::empty().await;
    let (session, token) = signed_in(&given, "ada@example.com").await;
    let make = |link| {
        let until = given.clock.now() + Duration::minutes(30);
        given.storage.accounts().issue_reset_link("ada@example.com", link, until)
    };
    let other = LinkHash([2; 32]);
    make(LINK).await.unwrap();
    make(other).await.unwrap();
    assert!(given.storage.accounts().reset_password(LINK, &new()).await.unwrap().is_none(), "another took its place");
    assert!(change(&given, &session, token, given.token()).await);
    assert!(
        given.storage.accounts().reset_password(other, &new()).await.unwrap().is_none(),
        "the password is known again"
    );
    make(LINK).await.unwrap();
    given.pass(Duration::minutes(30));
    assert!(given.storage.accounts().reset_link_owner(LINK).await.unwrap().is_none());
    assert!(given.storage.accounts().reset_password(LINK, &new()).await.unwrap().is_none());
}

#[tokio::test]
async fn nobody_without_an_active_account_gets_a_reset_link() {
    let given = Given::empty().await;
    given.sign_up("ada@example.com").await;
    let until = given.clock.now() + Duration::minutes(30);
    for email in ["ada@example.com", "nobody@example.com"] {
        assert!(given.storage.accounts().issue_reset_link(email, LINK, until).await.unwrap().is_none(), "{email}");
    }
}

#[tokio::test]
async fn not_me_ends_the_others_and_marks_the_password_until_there_is_a_new_one() {
    let given = Given::empty().await;
    let (session, token) = signed_in(&given, "ada@example.com").await;
    let pending = given.sign_in(session.user).await;
    let cancelled = given.storage.accounts().doubt_password(&session).await.unwrap();
    assert_eq!(cancelled[0].id, pending.approval.id);
    assert!(!is_live(&given, pending.token).await);
    assert!(given.storage.sessions().find(token).await.unwrap().unwrap().password_doubted);
    let (again, _) = confirmed(&given, &given.sign_in(session.user).await).await;
    assert!(again.password_doubted, "a sign-in with the old password leads there too");
    let next = given.token();
    assert!(change(&given, &session, token, next).await);
    assert!(!given.storage.sessions().find(next).await.unwrap().unwrap().password_doubted);
}

#[tokio::test]
async fn a_clock_that_is_set_back_revives_no_reset_link_that_was_refused() {
    let given = Given::empty().await;
    given.account("ada@example.com").await;
    let until = given.clock.now() + Duration::minutes(30);
    given.storage.accounts().issue_reset_link("ada@example.com", LINK, until).await.unwrap();
    given.pass(Duration::minutes(30));
    assert!(given.storage.accounts().reset_password(LINK, &new()).await.unwrap().is_none());
    given.pass(Duration::minutes(-10));
    assert!(given.storage.accounts().reset_link_owner(LINK).await.unwrap().is_none());
    assert!(given.storage.accounts().reset_password(LINK, &new()).await.unwrap().is_none());
}
