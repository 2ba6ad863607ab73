//! Sessions: what opens them, and what ends them.

use approval::{Change, Channel, Details, Number, Shown, Status};
use storage::{ConfirmedBy, Replaced};
use time::Duration;

use crate::given::Given;

#[tokio::test]
async fn an_unknown_token_opens_nothing() {
    let given = Given::empty().await;
    given.account("ada@example.com").await;
    assert!(given.storage.session(given.token()).await.unwrap().is_none());
}

#[tokio::test]
async fn a_pending_session_lives_a_quarter_of_an_hour() {
    let given = Given::empty().await;
    let waiting = given.sign_in(given.account("ada@example.com").await).await;
    given.pass(Duration::milliseconds(15 * 60_000 - 1));
    assert!(given.storage.session(waiting.token).await.unwrap().is_some());
    given.pass(Duration::milliseconds(1));
    assert!(given.storage.session(waiting.token).await.unwrap().is_none());
}

#[tokio::test]
async fn signing_out_ends_this_session_and_no_other() {
    let given = Given::empty().await;
    let user = given.account("ada@example.com").await;
    let (one, other) = (given.sign_in(user).await, given.sign_in(user).await);
    let cancelled = given.storage.sign_out(&one.session).await.unwrap();
    assert_eq!((cancelled[0].id, given.now(&one).await.status), (one.approval.id, Status::Cancelled));
    assert!(given.storage.session(one.token).await.unwrap().is_none());
    assert!(given.storage.session(other.token).await.unwrap().is_some());
}

#[tokio::test]
async fn recent_sign_ins_are_the_confirmed_ones_newest_first() {
    let given = Given::empty().await;
    let user = given.account("ada@example.com").await;
    given.pass(Duration::hours(1));
    let waiting = given.sign_in(user).await;
    given.sign_in(user).await;
    let token = given.new_token(&waiting);
    given.storage.confirm_by_code(&waiting.session, storage::CodeHash([1; 32]), "code", token).await.unwrap();
    let sign_ins = given.storage.recent_sign_ins(&waiting.session).await.unwrap();
    let seen: Vec<_> = sign_ins.iter().map(|one| (one.by, one.current)).collect();
    assert_eq!(seen, [(ConfirmedBy::Code, true), (ConfirmedBy::Approval, false)]);
}

#[tokio::test]
async fn a_session_remembers_how_its_code_was_sent() {
    let given = Given::empty().await;
    let waiting = given.sign_in(given.account("ada@example.com").await).await;
    given.storage.code_sent(waiting.session.id, waiting.session.user, Channel::Call, false).await.unwrap();
    let session = given.storage.session(waiting.token).await.unwrap().unwrap();
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
    let Replaced::Now(both) = given.storage.replace(waiting.approval.id, again).await.unwrap() else { panic!() };
    let (old, new) = *both;
    assert_eq!((old.status, old.replaced_by), (Status::Cancelled, Some(new.id)));
    assert_ne!(old.number, new.number);
    assert!(given.audited(&waiting).await.contains(&"approval_replaced".to_owned()));
    let twice = given.storage.replace(waiting.approval.id, |old, _| old.clone()).await.unwrap();
    assert_eq!(twice, Replaced::Before(Box::new(new.clone())));
    given.storage.end(new.id, Change::Cancel).await.unwrap();
    assert_eq!(given.storage.replace(new.id, |old, _| old.clone()).await.unwrap(), Replaced::No);
}
