//! When a phone is asked after the clock was set back.

use super::*;

#[tokio::test]
async fn a_clock_that_is_set_back_gives_a_phone_no_rest_for_as_long() {
    let (given, user) = given().await;
    let waiting = pushed(&given, user).await;
    answer(&given, &waiting, "denied").await;
    given.pass(-Duration::HOUR);
    assert_eq!(given.storage.accounts().may_push(user).await.unwrap(), Push::Allowed);
}

#[tokio::test]
async fn a_clock_that_is_set_back_keeps_a_phone_from_no_rest_after_it() {
    let (given, user) = given().await;
    let (one, late) = (pushed(&given, user).await, pushed(&given, user).await);
    answer(&given, &one, "denied").await;
    given.pass(-Duration::days(30));
    answer(&given, &late, "denied").await;
    let until = given.clock.now() + Duration::seconds(150);
    assert_eq!(given.storage.accounts().may_push(user).await.unwrap(), Push::Withheld(Withheld::Refused(until)));
}

#[tokio::test]
async fn a_clock_that_is_set_back_locks_out_nobody_whose_push_and_codes_are_off() {
    let (given, user) = given().await;
    let waiting = given.sign_in(user).await;
    given.storage.approvals().record_delivery(waiting.approval.id, Delivery::NoApp, None).await.unwrap();
    given.storage.approvals().end(waiting.approval.id, Change::Expire).await.unwrap();
    switched_off(&given, user).await;
    for _ in 0..IN_A_ROW {
        let free = CodeLimits { tries: vec![], in_a_row: IN_A_ROW };
        given.storage.codes().count_try(&waiting.session, &free).await.unwrap().unwrap();
        given.storage.codes().code_wrong(&waiting.session, IN_A_ROW).await.unwrap();
    }
    given.pass(-Duration::days(30));
    assert_eq!(given.storage.accounts().may_push(user).await.unwrap(), Push::Allowed);
}
