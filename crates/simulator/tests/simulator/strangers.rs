//! The simulator answers programs on this machine and its own pages. It refuses other web sites, and foreign names that
//! resolve to this machine.

use reqwest::{Method, StatusCode};
use serde_json::json;

use crate::harness::{Builder, KEY, TestSimulator};

/// Calls of the provider's API, each with the right key.
fn calls(id: u64, uuid: &str) -> Vec<(Method, String)> {
    let user = |rest: &str| format!("/protected/json/users/{id}/{rest}?api_key={KEY}");
    vec![
        (Method::POST, user("secret")),
        (Method::GET, user("status")),
        (Method::GET, format!("/protected/json/sms/{id}?force=true&api_key={KEY}")),
        (Method::GET, format!("/protected/json/verify/1234567/{id}?api_key={KEY}")),
        (Method::GET, format!("/protected/json/app/details?api_key={KEY}")),
        (Method::GET, format!("/onetouch/json/approval_requests/{uuid}?api_key={KEY}")),
        (Method::POST, format!("/onetouch/json/users/{id}/approval_requests?message=Send&api_key={KEY}")),
        (Method::GET, "/dashboard/json/application/webhooks".to_owned()),
        (Method::GET, "/protected/json/nothing".to_owned()),
        (Method::POST, user("remove")),
    ]
}

async fn status(simulator: &TestSimulator, (method, path): &(Method, String), headers: &[(&str, &str)]) -> StatusCode {
    let mut request = simulator.http.request(method.clone(), simulator.url(path));
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    request.send().await.unwrap().status()
}

#[tokio::test]
async fn no_web_site_and_no_rebound_name_reaches_the_providers_api() {
    let simulator = Builder::new().start().await;
    let id = simulator.register("3001234567").await;
    let uuid = simulator.ask(id, &json!({ "message": "Send?" })).await;
    let own = simulator.base.trim_start_matches("http://").to_owned();
    let strangers: [&[(&str, &str)]; 7] = [
        &[("origin", "https://evil.example")],
        &[("origin", "null")],
        &[("sec-fetch-site", "cross-site")],
        &[("sec-fetch-site", "same-site")],
        &[("host", "evil.example:3001")],
        &[("host", "evil.example:3001"), ("origin", "http://evil.example:3001"), ("sec-fetch-site", "same-origin")],
        &[("host", "simulator.evil.example")],
    ];
    for call in calls(id, &uuid) {
        for headers in strangers {
            assert_eq!(status(&simulator, &call, headers).await, StatusCode::FORBIDDEN, "{call:?} {headers:?}");
        }
    }
    let phone = simulator.phone(id).await;
    assert_eq!((&phone["requests"].as_array().unwrap().len(), &phone["sms"]), (&1, &json!([])), "nothing was done");
    for call in calls(id, &uuid) {
        for headers in [&[][..], &[("host", &*own)], &[("host", "localhost")], &[("host", "Simulator:3001")]] {
            assert_ne!(status(&simulator, &call, headers).await, StatusCode::FORBIDDEN, "{call:?} {headers:?}");
        }
    }
}

#[tokio::test]
async fn a_configured_name_opens_the_api_and_not_the_phones() {
    let simulator = Builder::new().start().await;
    let id = simulator.register("3001234567").await;
    let named = [("host", "simulator:3001")];
    for path in
        ["/".to_owned(), format!("/phone/{id}"), "/events".to_owned(), "/phones".to_owned(), format!("/phones/{id}")]
    {
        let call = (Method::GET, path);
        assert_eq!(status(&simulator, &call, &named).await, StatusCode::FORBIDDEN, "{call:?}");
    }
}
