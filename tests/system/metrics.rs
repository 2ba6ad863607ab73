//! What is counted, for whoever looks after the processes.

use crate::browser::signing_in;
use crate::port::free_port;
use crate::world::World;

/// What `/metrics` says at this address.
pub(crate) async fn counted(world: &World, admin: &str) -> String {
    let answer = world.http.get(format!("http://{admin}/metrics")).send().await.unwrap();
    assert_eq!(answer.headers()["content-type"], "text/plain; version=0.0.4; charset=utf-8");
    answer.text().await.unwrap()
}

#[tokio::test]
async fn a_limit_that_is_reached_is_counted_by_its_name_and_nothing_says_by_whom() {
    let admin = format!("127.0.0.1:{}", free_port());
    let world = World::start_with(&[("ADMIN_ADDR", &admin)]).await;
    let (person, mut browser, _) = signing_in(&world).await;
    for guess in 0..6 {
        browser.type_code(&world, &format!("{guess:07}")).await;
    }
    let text = counted(&world, &admin).await;
    assert!(text.contains("countersign_limits_reached_total{limit=\"wrong_codes\"} 1"), "{text}");
    for secret in [&person.email, &person.cellphone, &browser.cookie, "127.0.0.1"] {
        assert!(!text.contains(secret), "{text}");
    }
}
