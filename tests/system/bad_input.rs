//! Bodies, fields, queries and paths that are not what an address takes: refused with a problem in words, in bounded
//! time and memory, at every address there is; and the process goes on.

use reqwest::{Method, RequestBuilder};
use serde_json::{Map, Value, json};

use crate::browser::{Browser, id, signing_in};
use crate::crawl::addresses;
use crate::described::{document, routes};
use crate::raw_http::is_well;
use crate::world::World;

const JSON: &str = "application/json";
const FORM: &str = "application/x-www-form-urlencoded";

/// Bodies that are nothing that anybody takes, whatever the address.
fn odd_bodies() -> Vec<Vec<u8>> {
    let deep = |open: &str, count| open.repeat(count).into_bytes();
    vec![
        b"".to_vec(),
        b"null".to_vec(),
        b"[]".to_vec(),
        b"0".to_vec(),
        b"\"text\"".to_vec(),
        b"{".to_vec(),
        b"{}".to_vec(),
        b"{}{}".to_vec(),
        b"\0".to_vec(),
        b"\xff\xfe".to_vec(),
        b"{\"email\":\"\xff\"}".to_vec(),
        b"email=%ff&password=%fe".to_vec(),
        b"email[$ne]=&password[$ne]=&code[$ne]=&channel[$ne]=".to_vec(),
        b"&&&&====%%%%".to_vec(),
        deep("[", 16_000),
        deep("{\"a\":", 3_000),
        deep("a[b]", 4_000),
        vec![b'x'; 20_000],
        vec![b' '; 1 << 20],
    ]
}

/// Values that no field takes.
fn odd_values() -> Vec<Value> {
    let nested = (0..200).fold(json!(0), |inner, _| json!([inner]));
    vec![
        json!(null),
        json!([]),
        json!({}),
        json!(["a", "b"]),
        json!({ "$ne": "" }),
        json!(true),
        json!(-1.5e99),
        json!(""),
        json!("\0"),
        json!("a\0b@example.com"),
        json!("x".repeat(12_000)),
        nested,
    ]
}

/// What of these a field does take: a password is any characters.
fn is_good(field: &str, value: &Value) -> bool {
    let nothing = match field {
        "password" => json!("a\0b@example.com"),
        "details" => json!({}),
        "logos" => json!([]),
        "expires_in" => json!(null),
        _ => return false,
    };
    *value == nothing
}

/// A refusal that a program, or a person, can read.
async fn is_refused(request: RequestBuilder, what: &str, in_html: bool) {
    let answer = request.send().await.unwrap();
    let status = answer.status().as_u16();
    let kind = answer.headers().get("content-type").map(|kind| kind.to_str().unwrap().to_owned()).unwrap_or_default();
    let text = answer.text().await.unwrap();
    assert!((400..500).contains(&status) && status != 429, "{what}: {status} {text}");
    if in_html {
        assert!(kind.starts_with("text/html") && text.contains("<h1"), "{what}: {kind} {text}");
    } else {
        assert_eq!(kind, "application/problem+json", "{what}: {text}");
        let problem: Value = serde_json::from_str(&text).unwrap();
        assert_eq!(problem["status"], status, "{what}");
        assert!(problem["type"].is_string() && problem["title"].is_string(), "{what}: {text}");
    }
}

fn asking(world: &World, browser: &Browser, method: &Method, path: &str) -> RequestBuilder {
    let request = world.http.request(method.clone(), format!("{}{path}", world.url));
    request.header("cookie", &browser.cookie).header("origin", &world.url)
}

/// Whether an address makes anything of a body.
fn takes_a_body(path: &str) -> bool {
    !["/complete", "/cancel", "/resend", "/sign-out", "/sign-up/change"].iter().any(|act| path.ends_with(act))
}

#[tokio::test]
async fn bodies_that_nobody_takes_are_refused_at_every_address() {
    let world = World::start().await;
    let (_, browser, approval) = signing_in(&world).await;
    let all = addresses(&world, id(&approval)).await;
    let posts: Vec<_> = all.iter().filter(|(method, path)| *method == Method::POST && takes_a_body(path)).collect();
    assert!(posts.len() > 14, "{posts:?}");
    for (method, path) in posts {
        let in_html = !path.starts_with("/api") && !path.starts_with("/authy");
        for kind in
            [JSON, FORM, "text/plain", "multipart/form-data; boundary=x", "application/json; charset=utf-16", ""]
        {
            for body in odd_bodies() {
                let begin = String::from_utf8_lossy(&body[..body.len().min(20)]).into_owned();
                let request = asking(&world, &browser, method, path).header("content-type", kind).body(body);
                is_refused(request, &format!("{path} {kind} {begin}"), in_html).await;
            }
        }
    }
    is_well(&world.url, &world.serve).await;
}

#[tokio::test]
async fn fields_that_are_empty_lists_null_nul_huge_unknown_or_twice_are_refused() {
    let world = World::start().await;
    let confirmed = signed_in(&world).await;
    let (_, browser, approval) = pending(&world).await;
    let document = document(&world).await;
    for (path, example) in examples(&document) {
        let path = path.replace("{id}", id(&approval));
        let browser = if path == "/api/approvals" { &confirmed } else { &browser };
        let post = |body: String| asking(&world, browser, &Method::POST, &path).header("content-type", JSON).body(body);
        for (field, _) in &example {
            for value in odd_values().into_iter().filter(|value| !is_good(field, value)) {
                let mut body = example.clone();
                body.insert(field.clone(), value.clone());
                let said = value.to_string();
                is_refused(
                    post(json!(body).to_string()),
                    &format!("{path} {field} {}", &said[..said.len().min(20)]),
                    false,
                )
                .await;
            }
            let text = json!(example).to_string();
            let twice = format!("{},\"{field}\":{}}}", &text[..text.len() - 1], example[field]);
            is_refused(post(twice), &format!("{path} {field} twice"), false).await;
        }
        let mut more = example.clone();
        more.insert("role".into(), json!("admin"));
        is_refused(post(json!(more).to_string()), &format!("{path} with more"), false).await;
    }
    is_well(&world.url, &world.serve).await;
}

/// What each address of the document takes as JSON.
fn examples(document: &Value) -> Vec<(String, Map<String, Value>)> {
    let paths = document["paths"].as_object().unwrap();
    let bodies = paths.iter().filter(|(path, _)| path.starts_with("/api")).filter_map(|(path, item)| {
        let schema = &item["post"]["requestBody"]["content"][JSON]["schema"]["$ref"];
        let name = schema.as_str()?.rsplit('/').next()?;
        let example = document["components"]["schemas"][name]["examples"][0].as_object().unwrap();
        Some((path.clone(), example.clone()))
    });
    let bodies: Vec<_> = bodies.collect();
    assert!(bodies.len() > 5, "{bodies:?}");
    bodies
}

async fn signed_in(world: &World) -> Browser {
    let mut browser = Browser::default();
    browser.sign_up(world, 12).await;
    browser
}

async fn pending(world: &World) -> (crate::browser::Person, Browser, Value) {
    signing_in(world).await
}

#[tokio::test]
async fn a_form_with_a_field_twice_or_unknown_or_no_utf_8_is_refused() {
    let world = World::start().await;
    let (_, pending, approval) = pending(&world).await;
    let confirmed = signed_in(&world).await;
    let code = format!("/approvals/{}/code", id(&approval));
    for (browser, path, form) in [
        (&pending, "/sign-in", "email=ada10%40example.com&password=difference+engine"),
        (
            &pending,
            "/sign-up",
            "full_name=A&email=b%40example.com&country_code=1&phone=2025550177&password=difference+engine",
        ),
        (&pending, "/code", "code=0123456"),
        (&pending, "/code/send", "channel=sms"),
        (&pending, &code, "code=0123456"),
        (&confirmed, "/approvals", "id=01935f6e-7c00-7000-8000-00000000002a&message=Hello&label=a&value=b&logo="),
    ] {
        let first = form.split('&').next().unwrap();
        let value = form.split("label=").next().unwrap();
        for odd in [
            format!("{form}&{first}"),
            format!("{form}&role=admin"),
            format!("{form}%ff"),
            format!("{form}&%c3%28=x"),
            form.replacen('=', "[$ne]=", 1),
            form.replacen('=', "[]=", 1),
            format!("{value}&value=x&{first}"),
        ] {
            let request = asking(&world, browser, &Method::POST, path).header("content-type", FORM).body(odd.clone());
            is_refused(request, &format!("{path} {odd}"), true).await;
        }
    }
    assert_eq!(Browser::default().get(&world, "/sign-in").await.status, 200);
}

#[tokio::test]
async fn queries_and_paths_that_say_nothing_good_are_refused() {
    let world = World::start().await;
    let (_, browser, approval) = pending(&world).await;
    let show = format!("/api/approvals/{}", id(&approval));
    for query in [
        "wait=abc",
        "wait=-1",
        "wait=31",
        "wait=",
        "wait[]=1",
        "wait=1&wait=2",
        "wait=%ff",
        "wait=1%00",
        "since=1.5",
        "since=99999999999999999999",
        "wait=0&role=admin",
        "%ff=1",
        "token=x",
        "==&&",
    ] {
        is_refused(asking(&world, &browser, &Method::GET, &format!("{show}?{query}")), query, false).await;
    }
    for odd in ["%00", "%ff", "..%2f..%2fetc%2fpasswd", "x".repeat(4_000).as_str(), "%25", "'", "01935f6e"] {
        for (path, in_html) in [
            (format!("/api/approvals/{odd}"), false),
            (format!("/api/approvals/{odd}/events"), false),
            (format!("/api/{odd}"), false),
            (format!("/approvals/{odd}"), true),
            (format!("/approvals/{odd}/code"), true),
            (format!("/assets/{odd}/{odd}"), true),
            (format!("/{odd}"), true),
        ] {
            let request = world.http.get(format!("{}{path}", world.url)).header("cookie", &browser.cookie);
            is_refused(request, &path, in_html).await;
        }
    }
    is_well(&world.url, &world.serve).await;
}

#[tokio::test]
async fn the_simulated_provider_survives_what_nobody_should_send_it() {
    let world = World::start().await;
    let mut paths = Vec::new();
    for (file, begin, prefix) in [
        ("simulator/src/programs.rs", "pub(crate) fn router", ""),
        ("simulator/src/api.rs", "fn protected()", "/protected/json"),
        ("simulator/src/api.rs", "fn onetouch()", "/onetouch/json"),
        ("simulator/src/pages.rs", "fn router", ""),
    ] {
        paths.extend(routes(file, begin).into_iter().map(|path| format!("{prefix}{path}")));
    }
    assert!(paths.len() > 20, "{paths:?}");
    for path in paths.iter().filter(|path| *path != "/events") {
        let path =
            path.replace("{authy_id}", "%ff").replace("{id}", "1").replace("{uuid}", "%00").replace("{token}", "٠");
        for method in [Method::GET, Method::POST, Method::PATCH] {
            for body in odd_bodies() {
                let request =
                    world.http.request(method.clone(), format!("{}{path}?api_key=%ff&a[b][c]=1", world.phones));
                let answer = request.body(body).send().await.unwrap();
                assert!(answer.status().as_u16() < 500, "{method} {path}: {answer:?}");
            }
        }
    }
    is_well(&world.phones, &world.simulator).await;
}
