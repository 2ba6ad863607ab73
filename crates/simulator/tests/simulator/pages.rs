//! The phone as a page.

use provider::Method;
use reqwest::{StatusCode, header};
use serde_json::json;

use crate::harness::{Builder, KEY, Service, TestSimulator};

async fn page(simulator: &TestSimulator, path: &str) -> String {
    simulator.http.get(simulator.url(path)).send().await.unwrap().text().await.unwrap()
}

async fn redirects_to(simulator: &TestSimulator, path: &str) -> Option<String> {
    let response = simulator.http.get(simulator.url(path)).send().await.unwrap();
    response.headers().get(header::LOCATION).map(|value| value.to_str().unwrap().to_owned())
}

#[tokio::test]
async fn the_start_page_leads_to_the_only_phone_and_lists_several() {
    let simulator = Builder::new().start().await;
    assert!(page(&simulator, "/").await.contains("No phone yet"));
    let first = simulator.register("3001234512").await;
    assert_eq!(redirects_to(&simulator, "/").await, Some(format!("/phone/{first}")));
    let second = simulator.register("3001234513").await;
    let list = page(&simulator, "/").await;
    assert!(list.contains(&format!("/phone/{first}")) && list.contains(&format!("/phone/{second}")));
}

#[tokio::test]
async fn a_request_is_shown_without_what_is_hidden_and_answered_by_a_form() {
    let simulator = Builder::new().start().await;
    let id = simulator.register("3001234512").await;
    let request =
        json!({ "message": "Send <b>1</b>?", "details": { "To": "Jarod" }, "hidden_details": { "h": "secret-9" } });
    let uuid = simulator.ask(id, &request).await;
    let shown = page(&simulator, &format!("/phone/{id}")).await;
    assert!(shown.contains("Send &#60;b&#62;1&#60;/b&#62;?") && shown.contains("<dd>Jarod</dd>"));
    assert!(!shown.contains("secret-9"));

    let form = simulator.url(&format!("/phone/{id}/requests/{uuid}/approve"));
    let response = simulator.http.post(form).send().await.unwrap();
    assert_eq!(response.status(), StatusCode::SEE_OTHER);
    assert_eq!(simulator.phone(id).await["requests"][0]["status"], "approved");
    assert!(!page(&simulator, &format!("/phone/{id}")).await.contains(">Approve</button>"));
}

#[tokio::test]
async fn the_switch_for_the_app_is_a_form() {
    let simulator = Builder::new().start().await;
    let id = simulator.register("3001234512").await;
    let form = simulator.http.post(simulator.url(&format!("/phone/{id}/switches")));
    let response = form.form(&[("has_app", "false")]).send().await.unwrap();
    assert_eq!(response.status(), StatusCode::SEE_OTHER);
    assert_eq!(simulator.phone(id).await["has_app"], false);
}

#[tokio::test]
async fn a_callback_that_was_disabled_is_shown_so_and_enabled_again_by_a_form() {
    let service = Service::answering(&[500, 500, 500]).await;
    let simulator = Builder::new().calling(&service.url, Method::Post).start().await;
    let id = simulator.register("3001234512").await;
    let path = format!("/phone/{id}");
    for words in ["On. Errors in a row: 1 of 3.", "On. Errors in a row: 2 of 3.", "Disabled after 3 errors in a row."] {
        assert!(!page(&simulator, &path).await.contains("/callback/enable"), "{words}");
        let uuid = simulator.ask(id, &json!({ "message": "Send?" })).await;
        simulator.tap(id, &uuid, "approve").await;
        assert!(page(&simulator, &path).await.contains(words), "{words}");
    }
    let form = format!("{path}/callback/enable");
    assert!(page(&simulator, &path).await.contains(&format!(r#"<form method="post" action="{form}">"#)));
    let response = simulator.http.post(simulator.url(&form)).send().await.unwrap();
    assert_eq!(response.status(), StatusCode::SEE_OTHER);
    assert_eq!(response.headers()[header::LOCATION], path);
    assert!(page(&simulator, &path).await.contains("On. Every tap is told to this address."));
    let callback = simulator.phone(id).await["callback"].clone();
    assert_eq!((&callback["disabled"], &callback["consecutive_errors"]), (&json!(false), &json!(0)));
}

#[tokio::test]
async fn the_picture_for_all_screens_is_shown_and_only_from_the_web() {
    let simulator = Builder::new().start().await;
    let id = simulator.register("3001234512").await;
    let ask = async |url: &str| {
        let logos = json!([{ "res": "low", "url": "https://x.example/low.png" }, { "res": "default", "url": url }]);
        simulator.ask(id, &json!({ "message": "Send?", "logos": logos })).await;
        page(&simulator, &format!("/phone/{id}")).await
    };
    for refused in ["javascript:alert(1)", "data:image/png;base64,AAAA", "/assets/phone.css"] {
        assert!(!ask(refused).await.contains("<img"), "{refused}");
    }
    assert!(ask("https://x.example/1.png").await.contains(r#"<img src="https://x.example/1.png" alt="""#));
}

#[tokio::test]
async fn details_stand_in_the_order_they_were_sent_and_letter_by_letter() {
    let simulator = Builder::new().start().await;
    let id = simulator.register("3001234512").await;
    let body =
        r#"{"message":"Send?","details":{"Payee":"Jarod’s <vault>","Amount":"1,000,000","A":"  two  spaces  "}}"#;
    let url = simulator.url(&format!("/onetouch/json/users/{id}/approval_requests?api_key={KEY}"));
    simulator.http.post(url).body(body).send().await.unwrap();
    let shown = page(&simulator, &format!("/phone/{id}")).await;
    let values: Vec<_> = shown.split("<dd>").skip(1).map(|rest| rest.split("</dd>").next().unwrap()).collect();
    assert_eq!(values, ["Jarod’s &#60;vault&#62;", "1,000,000", "  two  spaces  "]);
}

#[tokio::test]
async fn both_delays_are_chosen_on_the_page_and_one_that_a_program_set_is_among_the_choices() {
    let simulator = Builder::new().start().await;
    let id = simulator.register("3001234512").await;
    let form = simulator.http.post(simulator.url(&format!("/phone/{id}/switches")));
    form.form(&[("slow_ms", "4000"), ("delay_ms", "2000")]).send().await.unwrap();
    let switches = simulator.phone(id).await["switches"].clone();
    assert_eq!((&switches["slow_ms"], &switches["delay_ms"]), (&json!(4000), &json!(2000)));
    simulator.switch(id, &json!({ "delay_ms": 150 })).await;
    let shown = page(&simulator, &format!("/phone/{id}")).await;
    assert!(shown.contains(r#"<option value="150" selected>after 150 ms</option>"#), "{shown}");
    assert!(shown.contains(r#"<option value="4000" selected>after 4 s</option>"#), "{shown}");
}

#[tokio::test]
async fn an_open_page_is_told_on_connect_and_at_each_change() {
    let simulator = Builder::new().start().await;
    let mut events = simulator.http.get(simulator.url("/events")).send().await.unwrap();
    let wanted = "event: change\ndata: look again\n\n";
    assert_eq!(events.chunk().await.unwrap().unwrap(), wanted);
    simulator.register("3001234512").await;
    assert_eq!(events.chunk().await.unwrap().unwrap(), wanted);
}

#[tokio::test]
async fn pages_run_no_foreign_script() {
    let simulator = Builder::new().start().await;
    let response = simulator.http.get(simulator.url("/")).send().await.unwrap();
    let policy = response.headers()[header::CONTENT_SECURITY_POLICY].to_str().unwrap();
    assert!(policy.starts_with("default-src 'none'; script-src 'self'; style-src 'self';"), "{policy}");
}
