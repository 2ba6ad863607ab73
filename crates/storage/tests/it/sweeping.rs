//! Sweeping out: what has served its time goes, in rounds that keep nobody waiting.

use approval::{ApprovalId, Change};
use storage::{AttemptKind, Limit, Subject};
use time::Duration;

use crate::given::Given;

async fn there(given: &Given, id: ApprovalId) -> bool {
    given.storage.approvals().find(id).await.unwrap().is_some()
}

#[tokio::test]
async fn what_nobody_confirmed_goes_after_a_day_and_what_somebody_did_after_ninety() {
    let given = Given::empty().await;
    let user = given.account("ada@example.com").await;
    let (pending, confirmed) = (given.sign_in(user).await, given.sign_in(user).await);
    let token = given.new_token(&confirmed);
    given.storage.codes().confirm_by_code(&confirmed.session, storage::CodeHash([1; 32]), "code", token).await.unwrap();
    let minute = Duration::minutes(1);
    for (pass, pending_stays, confirmed_stays) in [
        (Duration::days(1) + Duration::minutes(15), true, true),
        (minute, false, true),
        (Duration::days(89) + Duration::minutes(44), false, true),
        (minute, false, false),
    ] {
        given.pass(pass);
        given.storage.maintenance().sweep().await.unwrap();
        let stay = (there(&given, pending.approval.id).await, there(&given, confirmed.approval.id).await);
        assert_eq!(stay, (pending_stays, confirmed_stays), "after {pass} more");
    }
}

#[tokio::test]
async fn what_a_long_pause_has_left_is_swept_out_in_rounds() {
    let given = Given::empty().await;
    let user = given.account("ada@example.com").await;
    let first = given.sign_in(user).await.approval.id;
    for nth in 1..150 {
        given.sign_in(user).await;
        let limit = Limit { count: 1, window: Duration::HOUR };
        given
            .storage
            .limits()
            .count(AttemptKind::Code, &[(Subject::turn(nth, "proof"), limit)])
            .await
            .unwrap()
            .unwrap();
    }
    let last = given.sign_in(user).await.approval.id;
    given.pass(Duration::days(2));
    assert!(given.storage.maintenance().sweep().await.unwrap(), "more than goes in one round");
    assert!(!there(&given, first).await && there(&given, last).await);
    assert!(!given.storage.maintenance().sweep().await.unwrap(), "the rest has gone");
    assert!(!there(&given, last).await);
}

#[tokio::test]
async fn the_audit_trail_goes_back_as_far_as_it_shall_and_no_further() {
    let given = Given::empty().await;
    let waiting = given.sign_in(given.account("ada@example.com").await).await;
    let year = Duration::days(365);
    given.pass(year);
    given.storage.approvals().end(waiting.approval.id, Change::Cancel).await.unwrap();
    given.storage.maintenance().sweep_audit(year).await.unwrap();
    assert_eq!(given.audited(&waiting).await, ["approval_requested", "approval_decided"]);
    given.pass(Duration::MILLISECOND);
    assert!(!given.storage.maintenance().sweep_audit(year).await.unwrap(), "no more than a round");
    assert_eq!(given.audited(&waiting).await, ["approval_decided"]);
}
