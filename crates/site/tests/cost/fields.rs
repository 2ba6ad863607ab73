//! Expensive texts in every field that a client without a confirmed session can fill in.

use serde_json::{Map, Value, json};
use site::ForwardedHeader;

use crate::cpu::{Bill, COUNTED};
use crate::hub::{Hub, Input};
use crate::inputs::{LARGEST_BODY, filled, jsons, texts};

/// The forms that a client without a confirmed session may fill in: page, address of the API, fields.
const FORMS: [(&str, &str, &[&str]); 5] = [
    ("/sign-up", "/api/users", &["full_name", "email", "country_code", "phone", "password", "invitation", MEANT]),
    ("/sign-in", "/api/session", &["email", "password"]),
    ("/code", "/api/session/code", &["code"]),
    ("/code/send", "/api/session/code/send", &["channel"]),
    ("/reset", "/api/password/reset", &["token", "password"]),
];

/// The field that only the page has: the number chosen if the typed one is ambiguous.
const MEANT: &str = "meant";

/// The usual value of a field. The address is valid, so that a sign-in gets as far as possible.
fn usual(field: &str) -> &'static str {
    match field {
        "email" => "nobody@example.com",
        "country_code" => "1",
        "password" => "difference engine",
        // One other field is always wrong, so that no account is created.
        _ => "<",
    }
}

/// A form with `text` in one field and usual values in all others, as a page and as a program send it.
fn filled_in(page: &str, api: &str, fields: &[&str], dear: &str, text: &str) -> Vec<Input> {
    let value = |field: &str| if field == dear { text } else { usual(field) }.to_owned();
    let members = fields.iter().filter(|field| **field != MEANT);
    let object: Map<_, _> = members.map(|field| ((*field).to_owned(), Value::String(value(field)))).collect();
    let mut pairs = url::form_urlencoded::Serializer::new(String::new());
    pairs.extend_pairs(fields.iter().map(|field| (*field, value(field))));
    let mut form = pairs.finish();
    if form.len() > LARGEST_BODY {
        // Browsers encode more than necessary; a body written by hand holds more.
        let raw = |field: &&str| format!("{field}={}", value(field).replace('&', "%26").replace('+', "%2B"));
        form = fields.iter().map(raw).collect::<Vec<_>>().join("&");
    }
    let mut inputs = vec![Input::form(page, form)];
    if dear != MEANT {
        inputs.push(Input::json(api, &Value::Object(object)));
    }
    inputs
}

async fn texts_in(nth: usize) {
    let (page, api, fields) = FORMS[nth];
    let hub = Hub::start(ForwardedHeader::XForwardedFor).await;
    let pending = hub.pending().await;
    let (mut bill, mut counted) = (Bill::default(), Bill::default());
    for dear in fields {
        for (what, text) in texts() {
            for input in filled_in(page, api, fields, dear, &text) {
                let input = input.with("cookie", &pending.cookie);
                // A sign-in with a valid address is counted.
                let is_counted = page == "/sign-in" && *dear == "password";
                let bill = if is_counted { &mut counted } else { &mut bill };
                bill.add(format!("{} {dear}: {what}", input.path), async || hub.cost(&input).await).await;
            }
        }
    }
    counted.settle_within(COUNTED);
    bill.settle();
}

#[tokio::test]
async fn a_dear_text_in_a_sign_up_is_cheap() {
    texts_in(0).await;
}

#[tokio::test]
async fn a_dear_text_in_a_sign_in_is_cheap() {
    texts_in(1).await;
}

#[tokio::test]
async fn a_dear_text_for_a_code_is_cheap() {
    texts_in(2).await;
    texts_in(3).await;
}

#[tokio::test]
async fn a_dear_text_in_a_reset_is_cheap() {
    texts_in(4).await;
}

/// A field with several types, which the parser tries one after the other.
#[tokio::test]
async fn a_country_code_that_is_no_number_is_cheap() {
    let hub = Hub::start(ForwardedHeader::XForwardedFor).await;
    let mut bill = Bill::default();
    for (what, value) in jsons() {
        let before = r#"{"full_name":"A","email":"a","phone":"1","password":"1","country_code":"#;
        let input = Input::raw_json("/api/users", format!("{before}{value}}}"));
        bill.add(what, async || hub.cost(&input).await).await;
    }
    bill.settle();
}

/// Accepted inputs, which are counted and passed to the provider or to the pool for passwords.
#[tokio::test]
async fn what_is_taken_is_cheap_until_it_is_given_away() {
    let hub = Hub::start(ForwardedHeader::XForwardedFor).await;
    let (mut bill, mut counted) = (Bill::default(), Bill::default());
    let person = |email: &str| {
        json!({ "full_name": filled("\u{1d400}", 400), "email": email, "country_code": "1", "phone": "(201) 555-0123",
            "password": filled("\u{1d400}", 2000) })
    };
    let mut count = 0;
    counted
        .add("a sign-up", async || {
            count += 1;
            hub.cost(&Input::json("/api/users", &person(&format!("{count}@example.com")))).await
        })
        .await;
    let known = person("1@example.com");
    counted.add("a sign-up again", async || hub.cost(&Input::json("/api/users", &known)).await).await;
    counted
        .add("a wrong password", async || {
            count += 1;
            let guess = json!({ "email": format!("{count}@example.com"), "password": filled("\u{1d400}", 2000) });
            hub.cost(&Input::json("/api/session", &guess)).await
        })
        .await;
    let link = json!({ "token": "q83vEjRWeJCrze8SNFZ4kKvN7xI0VniQq83vEjRWeJA", "password": "analytical engine" });
    bill.add("a link that is none", async || hub.cost(&Input::json("/api/password/reset", &link)).await).await;
    counted.settle_within(COUNTED);
    bill.settle();
}
