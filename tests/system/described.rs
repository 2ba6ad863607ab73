//! The API's own description: it names what the router serves, all of it and nothing else, in words that hold.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use reqwest::{Method, header};
use serde_json::{Value, json};

use crate::browser::{Answer, Browser, id};
use crate::client::get;
use crate::world::World;

pub(crate) async fn document(world: &World) -> Value {
    let (status, text) = get(&format!("{}/api/openapi.json", world.url)).await;
    assert_eq!(status, 200);
    serde_json::from_str(&text).unwrap()
}

/// The addresses in the source of a router, from `begin` on.
pub(crate) fn routes(file: &str, begin: &str) -> BTreeSet<String> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(file);
    let source = fs::read_to_string(path).unwrap();
    let (_, source) = source.split_once(begin).unwrap();
    let (source, _) = source.split_once("\n}").unwrap();
    source.split(".route(\"").skip(1).map(|rest| rest.split('"').next().unwrap().to_owned()).collect()
}

fn operations(document: &Value) -> impl Iterator<Item = (&str, &str, &Value)> {
    let paths = document["paths"].as_object().unwrap().iter();
    paths.flat_map(|(path, item)| {
        item.as_object().unwrap().iter().map(move |(method, operation)| (path.as_str(), method.as_str(), operation))
    })
}

/// The methods that an address takes, by its own word: what it says to one that nothing takes.
pub(crate) async fn allowed(world: &World, path: &str) -> BTreeSet<String> {
    let path = path.replace("{id}", "01935f6e-7c00-7000-8000-00000000002a");
    let answer: Answer = Browser::default().send(world, Method::PUT, &path, None).await;
    assert_eq!(answer.status, 405, "{path}");
    let programs = path.starts_with("/api") || path.starts_with("/authy");
    assert!(!programs || answer.problem() == "method-not-allowed", "{path}");
    let methods = answer.header("allow").split(',').map(|method| method.trim().to_lowercase());
    methods.filter(|method| method != "head").collect()
}

#[tokio::test]
async fn every_address_of_the_api_is_described_with_all_its_methods() {
    let world = World::start().await;
    let document = document(&world).await;
    assert_eq!(document["openapi"], "3.1.0");
    let mut served: BTreeSet<_> =
        routes("site/src/route.rs", "fn api()").iter().map(|path| format!("/api{path}")).collect();
    served.extend(routes("receiver/src/route.rs", "pub fn router"));
    assert_eq!(document["paths"].as_object().unwrap().keys().cloned().collect::<BTreeSet<_>>(), served);
    for (path, item) in document["paths"].as_object().unwrap() {
        let described: BTreeSet<_> = item.as_object().unwrap().keys().cloned().collect();
        assert_eq!(allowed(&world, path).await, described, "{path}");
    }
}

#[tokio::test]
async fn every_operation_says_what_it_does_and_how_it_refuses() {
    let world = World::start().await;
    let document = document(&world).await;
    for (path, method, operation) in operations(&document) {
        assert!(operation["summary"].as_str().is_some_and(|summary| summary.ends_with('.')), "{method} {path}");
        let answers = operation["responses"].as_object().unwrap();
        assert!(answers.keys().any(|status| status.starts_with('2') || status == "101"), "{method} {path}");
        for (status, answer) in answers.iter().filter(|(status, _)| status.as_str() >= "400") {
            let media = &answer["content"]["application/problem+json"];
            let examples = media["examples"].as_object();
            let examples: Vec<&Value> = examples
                .map_or_else(|| vec![&media["example"]], |named| named.values().map(|one| &one["value"]).collect());
            for example in examples {
                assert_eq!(example["status"].to_string(), *status, "{method} {path}");
            }
            assert!(status != "429" || answer["headers"]["retry-after"].is_object(), "{method} {path}");
        }
    }
}

#[tokio::test]
async fn the_cookie_is_described_by_the_name_that_it_has() {
    for public_url in ["http://127.0.0.1:3000", "https://login.example.com"] {
        let world = World::start_with(&[("PUBLIC_URL", public_url)]).await;
        let document = document(&world).await;
        let example = document["components"]["schemas"]["SignUp"]["examples"][0].clone();
        let answer = Browser::default().post(&world, "/api/users", example).await;
        assert_eq!(answer.status, 201, "{}", answer.text);
        let (name, _) = answer.header(header::SET_COOKIE.as_str()).split_once('=').unwrap();
        assert_eq!(document["components"]["securitySchemes"]["session"]["name"], json!(name));
    }
}

/// Whether this answer is among the examples of the operation.
fn assert_described(document: &Value, path: &str, answer: &Answer) {
    let media = &document["paths"][path]["post"]["responses"][answer.status.to_string()];
    let examples = media["content"]["application/problem+json"]["examples"].as_object().unwrap();
    assert!(examples.values().any(|one| one["value"] == answer.json()), "{path}: {}", answer.text);
}

#[tokio::test]
async fn a_wrong_code_of_a_transaction_and_a_password_in_doubt_are_refused_as_it_is_described() {
    let world = World::start().await;
    let document = document(&world).await;
    let mut browser = Browser::default();
    browser.sign_up(&world, 10).await;
    let asked = browser.post(&world, "/api/approvals", json!({ "message": "Send money", "details": {} })).await.json();
    let wrong =
        browser.post(&world, &format!("/api/approvals/{}/code", id(&asked)), json!({ "code": "0000000" })).await;
    assert_eq!(wrong.status, 401);
    assert_described(&document, "/api/approvals/{id}/code", &wrong);
    browser.send(&world, Method::POST, "/api/session/not-me", None).await;
    let again = browser.act(&world, &asked, "resend").await;
    assert_eq!(again.problem(), "new-password-needed");
    assert_described(&document, "/api/approvals/{id}/resend", &again);
}

#[tokio::test]
async fn the_schema_of_a_transaction_says_which_pictures_and_labels_are_taken() {
    let world = World::start().await;
    let document = document(&world).await;
    let schemas = &document["components"]["schemas"];
    let logos = &schemas["Transaction"]["properties"]["logos"];
    assert_eq!(logos["items"]["$ref"], "#/components/schemas/Logo");
    assert!(schemas["Logo"].is_object());
    let default = json!({ "properties": { "res": { "const": "default" } } });
    assert_eq!(logos["anyOf"][1], json!({ "contains": default, "minContains": 1, "maxContains": 1 }));
    assert_eq!(logos["allOf"].as_array().unwrap().len(), 3);
    let refused = &schemas["Transaction"]["properties"]["details"]["propertyNames"]["not"]["pattern"];
    assert!(refused.as_str().unwrap().contains("[Nn][Uu][Mm][Bb][Ee][Rr]|"), "{refused}");
}
