//! Questions to the provider: one asker for each, and no more than so many in a second.

use storage::Question;
use time::Duration;

use crate::given::Given;

#[tokio::test]
async fn of_several_hubs_one_asks_each_question() {
    let given = Given::empty().await;
    let approval = given.sign_up("ada@example.com").await.approval.id;
    let other = given.another_process().await;
    let (one, two) = tokio::join!(
        given.storage.claims().claim_question(approval, 0, 10),
        other.claims().claim_question(approval, 0, 10)
    );
    let mut claims = [one.unwrap(), two.unwrap()];
    claims.sort_by_key(|claim| *claim == Question::Taken);
    assert_eq!(claims, [Question::Yours, Question::Taken]);
    assert_eq!(other.claims().claim_question(approval, 1, 10).await.unwrap(), Question::Yours);
}

#[tokio::test]
async fn all_hubs_together_ask_no_more_than_so_many_in_a_second() {
    let given = Given::empty().await;
    let approval = given.sign_up("ada@example.com").await.approval.id;
    let other = given.another_process().await;
    assert_eq!(given.storage.claims().claim_question(approval, 0, 2).await.unwrap(), Question::Yours);
    assert_eq!(other.claims().claim_question(approval, 1, 2).await.unwrap(), Question::Yours);
    assert_eq!(given.storage.claims().claim_question(approval, 2, 2).await.unwrap(), Question::Later);
    assert_eq!(given.storage.claims().claim_question(approval, 1, 2).await.unwrap(), Question::Taken, "not later");
    given.pass(Duration::seconds(1));
    assert_eq!(given.storage.claims().claim_question(approval, 2, 2).await.unwrap(), Question::Yours);
}
