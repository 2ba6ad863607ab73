//! Transactions: asked for once, approved by a tap or by a code for them alone.

use approval::{ApprovalId, Channel, Id, Purpose, Status};
use storage::{Asked, CodeApproved, CodeHash, Completed, Listed};
use time::Duration;

use crate::given::{Given, Waiting};

/// Somebody who is in and waits for a transaction.
async fn asking(given: &Given) -> Waiting {
    let user = given.account("ada@example.com").await;
    let signed_in = given.sign_in(user).await;
    let token = given.new_token(&signed_in);
    given.storage.codes().confirm_by_code(&signed_in.session, CodeHash([9; 32]), "code", token).await.unwrap();
    let session = given.storage.sessions().find(token.new).await.unwrap().unwrap();
    let asked = ask(given, &session, Id::new(&given.clock, &given.entropy)).await;
    let Asked::Now(approval) = asked else { panic!("{asked:?}") };
    Waiting { session, token: token.new, approval: *approval }
}

async fn ask(given: &Given, session: &storage::Session, id: ApprovalId) -> Asked {
    let make = |taken: &[_]| approval::Approval { id, ..given.approval_of(session, Purpose::Transaction, taken) };
    given.storage.transactions().begin(id, session.user, session.id, make).await.unwrap()
}

#[tokio::test]
async fn one_id_asks_once() {
    let given = Given::empty().await;
    let waiting = asking(&given).await;
    let again = ask(&given, &waiting.session, waiting.approval.id).await;
    assert_eq!(again, Asked::Before(Box::new(waiting.approval.clone())));
    let listed = given.storage.transactions().list(waiting.session.user, None).await.unwrap();
    assert_eq!(listed, Listed { transactions: vec![waiting.approval], more: false });
}

#[tokio::test]
async fn a_code_comes_too_late_after_the_monotonic_limit_although_the_clock_was_set_back() {
    let given = Given::empty().await;
    let waiting = asking(&given).await;
    given.storage.approvals().limit_life(waiting.approval.id, tokio::time::Instant::now());
    given.pass(-Duration::HOUR);
    let approved =
        given.storage.codes().approve_by_code(&waiting.session, waiting.approval.id, CodeHash([7; 32])).await;
    let Ok(Some(CodeApproved::Fresh(approval))) = approved else { panic!("{approved:?}") };
    assert_eq!(approval.status, Status::Expired);
}

#[tokio::test]
async fn all_transactions_are_listed_twenty_at_a_time_each_once_and_newest_first() {
    let given = Given::empty().await;
    let waiting = asking(&given).await;
    let mut ids = vec![waiting.approval.id];
    for nth in 1..45 {
        // Two at a time in the same millisecond.
        given.pass(Duration::milliseconds(nth % 2));
        let Asked::Now(one) = ask(&given, &waiting.session, Id::new(&given.clock, &given.entropy)).await else {
            panic!()
        };
        ids.push(one.id);
    }
    let (mut seen, mut before, mut more) = (Vec::new(), None, Vec::new());
    while more.last() != Some(&false) {
        let listed = given.storage.transactions().list(waiting.session.user, before).await.unwrap();
        seen.extend(listed.transactions.iter().map(|one| (one.created_at, one.id.to_string())));
        before = listed.transactions.last().map(|one| one.id);
        more.push(listed.more);
    }
    assert_eq!(more, [true, true, false]);
    assert!(seen.is_sorted_by(|one, next| one > next));
    assert_eq!(seen.len(), ids.len());
    let stranger = given.account("eve@example.com").await;
    assert!(given.storage.transactions().list(stranger, before).await.unwrap().transactions.is_empty());
}

#[tokio::test]
async fn a_code_approves_its_transaction_once_and_is_then_used() {
    let given = Given::empty().await;
    let one = asking(&given).await;
    let Asked::Now(other) = ask(&given, &one.session, Id::new(&given.clock, &given.entropy)).await else { panic!() };
    let approved =
        given.storage.codes().approve_by_code(&one.session, one.approval.id, CodeHash([1; 32])).await.unwrap();
    assert!(matches!(approved, Some(CodeApproved::Fresh(now)) if now.status == Status::Approved));
    let again = given.storage.codes().approve_by_code(&one.session, other.id, CodeHash([1; 32])).await.unwrap();
    assert_eq!(again, Some(CodeApproved::Used));
    assert_eq!(given.storage.approvals().find(other.id).await.unwrap().unwrap().status, Status::Pending);
    assert_eq!(given.complete(&one, given.new_token(&one)).await, Completed::Consumed);
}

#[tokio::test]
async fn a_code_that_comes_too_late_approves_nothing() {
    let given = Given::empty().await;
    let waiting = asking(&given).await;
    given.pass(Duration::seconds(120));
    let late =
        given.storage.codes().approve_by_code(&waiting.session, waiting.approval.id, CodeHash([1; 32])).await.unwrap();
    assert!(matches!(late, Some(CodeApproved::Fresh(now)) if now.status == Status::Expired));
}

#[tokio::test]
async fn a_code_of_another_session_approves_nothing() {
    let given = Given::empty().await;
    let waiting = asking(&given).await;
    let other = given.sign_in(waiting.session.user).await;
    let code = CodeHash([1; 32]);
    assert_eq!(given.storage.codes().approve_by_code(&other.session, waiting.approval.id, code).await.unwrap(), None);
    assert_eq!(given.storage.codes().approve_by_code(&other.session, other.approval.id, code).await.unwrap(), None);
    assert_eq!(given.now(&waiting).await.status, Status::Pending);
}

#[tokio::test]
async fn how_its_code_travelled_stays_with_the_transaction() {
    let given = Given::empty().await;
    let waiting = asking(&given).await;
    for (by, sent, known) in [(Channel::Call, true, Channel::Call), (Channel::Sms, false, Channel::Call)] {
        given.storage.transactions().record_code_sent(waiting.approval.id, by, sent).await.unwrap();
        assert_eq!(given.now(&waiting).await.code_sent_by, Some(known));
    }
}
