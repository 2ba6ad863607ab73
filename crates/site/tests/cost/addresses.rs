//! Every address with every method and any input, without a session and with a pending one.

use std::collections::BTreeSet;

use axum::http::StatusCode;
use site::ForwardedHeader;

use crate::cpu::Bill;
use crate::hub::{Hub, Input};
use crate::inputs::{LONGEST_URL, filled, forms, jsons};

/// The addresses, read from the router's source.
fn addresses() -> BTreeSet<String> {
    let source = include_str!("../../src/route.rs");
    let begun = |begin: &str| source.split_once(begin).unwrap().1.split_once("\n}").unwrap().0;
    let within = |text: &str| -> Vec<String> {
        text.split(".route(\"").skip(1).map(|rest| rest.split('"').next().unwrap().to_owned()).collect()
    };
    let api = within(begun("fn api()")).into_iter().map(|path| format!("/api{path}"));
    let all = within(begun("fn pages()")).into_iter().chain(api);
    all.chain(["/assets/{hash}/{name}", "/nothing", "/api/nothing"].map(str::to_owned)).collect()
}

/// The cost of every address with any input. Requests that end the session come last.
async fn at_every_address(bill: &mut Bill, hub: &Hub, cookie: &str, id: &str) {
    let inputs: Vec<_> = addresses().iter().flat_map(|path| sent(&path.replace("{id}", id))).collect();
    let ends =
        |input: &Input| input.method == "DELETE" || ["/sign-out", "/sign-up/change"].contains(&input.path.as_str());
    let (last, first): (Vec<_>, Vec<_>) = inputs.into_iter().partition(|(_, input)| ends(input));
    // `pending` measures counted requests.
    for (what, input) in first.into_iter().chain(last).filter(|(_, input)| !input.path.ends_with("/resend")) {
        let input = input.with("cookie", cookie);
        if hub.status(&input).await == StatusCode::METHOD_NOT_ALLOWED {
            continue;
        }
        bill.add(what, async || hub.cost(&input).await).await;
    }
}

/// The inputs for one address, with their names.
fn sent(path: &str) -> Vec<(String, Input)> {
    let path = path.replace("{hash}", "0").replace("{name}", "style.css");
    let mut sent = vec![
        ("", Input::get(&path)),
        ("", Input { method: "DELETE", ..Input::get(&path) }),
        ("a long query", Input::get(format!("{path}?{}", filled("wait=%31&", LONGEST_URL)))),
        ("a query of separators", Input::get(format!("{path}?{}", filled("&", LONGEST_URL)))),
    ];
    sent.extend(forms().into_iter().map(|(what, form)| (what, Input::form(&path, form))));
    sent.extend(jsons().into_iter().map(|(what, text)| (what, Input::raw_json(&path, text))));
    sent.into_iter().map(|(what, input)| (format!("{} {path} {what}", input.method), input)).collect()
}

#[tokio::test]
async fn every_address_is_cheap_for_a_client_without_a_session() {
    let hub = Hub::start(ForwardedHeader::XForwardedFor).await;
    let mut bill = Bill::default();
    at_every_address(&mut bill, &hub, "countersign=nobodys", "01935f6e-7c00-7000-8000-00000000002a").await;
    bill.settle();
}

#[tokio::test]
async fn every_address_is_cheap_for_a_client_with_a_pending_session() {
    let hub = Hub::start(ForwardedHeader::XForwardedFor).await;
    let pending = hub.pending().await;
    let mut bill = Bill::default();
    at_every_address(&mut bill, &hub, &pending.cookie, &pending.approval).await;
    bill.settle();
}

#[tokio::test]
async fn a_long_address_is_cheap() {
    let hub = Hub::start(ForwardedHeader::XForwardedFor).await;
    let mut bill = Bill::default();
    for (what, path) in [
        ("an id", format!("/api/approvals/{}", filled("a", LONGEST_URL))),
        ("an encoded id", format!("/api/approvals/{}", filled("%41", LONGEST_URL))),
        ("an encoded asset", format!("/assets/{}/style.css", filled("%41", LONGEST_URL))),
        ("many parts", format!("/api{}", filled("/a", LONGEST_URL))),
        ("nothing but slashes", filled("/", LONGEST_URL)),
        ("many dots", filled("/..", LONGEST_URL)),
    ] {
        bill.add(what, async || hub.cost(&Input::get(&path)).await).await;
    }
    bill.settle();
}
