//! An accepted code counts once for a phone: for whichever account, at sign-up and sign-in, at the same moment, in another
//! process and after a restart. The provider of these tests would take it each time.

use futures_util::future::join_all;
use reqwest::header;
use serde_json::json;

use crate::browser::Browser;
use crate::stand_in::{StandIn, signing_up};
use crate::world::World;

const CODE: &str = "0123456";

/// What a process at `url` answers to `browser` when it types the code.
async fn typed_at(world: &World, url: &str, browser: &Browser) -> u16 {
    let request = world.http.post(format!("{url}/api/session/code")).json(&json!({ "code": CODE }));
    request.header(header::COOKIE, &browser.cookie).send().await.unwrap().status().as_u16()
}

#[tokio::test]
async fn an_accepted_code_never_counts_again_for_its_phone() {
    let provider = StandIn::well().await;
    let mut world = World::start_with(&[("AUTHY_API_URL", &provider.url)]).await;
    let (mut ada, person, _) = signing_up(&world, "ada", 10).await;
    assert_eq!(ada.type_code(&world, CODE).await.status, 200);
    let (mut grace, _, _) = signing_up(&world, "grace", 10).await;
    assert_eq!(grace.type_code(&world, CODE).await.problem(), "invalid-code", "another account on the same phone");
    let mut again = Browser::default();
    again.sign_in(&world, &person).await;
    assert_eq!(again.type_code(&world, CODE).await.problem(), "invalid-code", "used to sign up, and to sign in");
    world.restart().await;
    assert_eq!(again.type_code(&world, CODE).await.problem(), "invalid-code", "after a restart");
    let (_folder, _serve, url) = world.another().await;
    assert_eq!(typed_at(&world, &url, &again).await, 401, "in another process");
    assert_eq!((grace.state(&world).await, again.state(&world).await), ("pending".to_owned(), "pending".to_owned()));
    assert_eq!(again.type_code(&world, "7654321").await.status, 200, "another code does count");
}

#[tokio::test]
async fn one_code_typed_fifty_times_at_once_in_two_processes_by_two_sessions_lets_one_of_them_in() {
    let provider = StandIn::well().await;
    let world = World::start_with(&[("AUTHY_API_URL", &provider.url)]).await;
    let (mut first, person, _) = signing_up(&world, "ada", 10).await;
    assert_eq!(first.type_code(&world, "7654321").await.status, 200);
    let (_folder, _serve, other) = world.another().await;
    let mut browsers = [Browser::default(), Browser::default()];
    for browser in &mut browsers {
        browser.sign_in(&world, &person).await;
    }
    let typing = (0..50).map(|at| {
        let (url, browser) = ([&world.url, &other][at / 2 % 2], &browsers[at % 2]);
        let world = &world;
        async move { (at % 2, typed_at(world, url, browser).await) }
    });
    let answers = join_all(typing).await;
    let in_by_it = |whose| answers.iter().any(|(at, status)| *at == whose && *status == 200);
    assert!(in_by_it(0) != in_by_it(1), "{answers:?}");
    assert!(answers.iter().all(|(_, status)| [200, 401, 429].contains(status)), "{answers:?}");
}
