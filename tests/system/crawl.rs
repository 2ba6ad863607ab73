//! Every address with every method, as the routers have them and say themselves; what must hold at all of them.

use std::fmt::Write as _;

use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};
use sqlx::{Connection as _, Row as _, SqliteConnection};

use crate::browser::{Browser, Person, id, signing_in};
use crate::described::{allowed, routes};
use crate::signed::callback;
use crate::world::World;

/// All addresses of pages, API and callback with each of their methods but `HEAD`; `{id}` is this one.
pub(crate) async fn addresses(world: &World, id: &str) -> Vec<(Method, String)> {
    let pages = routes("site/src/route.rs", "fn pages()").into_iter();
    let api = routes("site/src/route.rs", "fn api()").into_iter().map(|path| format!("/api{path}"));
    let callback = routes("receiver/src/route.rs", "pub fn router").into_iter();
    let mut addresses = Vec::new();
    for path in pages.chain(api).chain(callback) {
        let path = path.replace("{id}", id);
        for method in allowed(world, &path).await {
            addresses.push((method.to_uppercase().parse().unwrap(), path.clone()));
        }
    }
    addresses
}

/// What the database holds, all of it but what was not told yet.
async fn everything(world: &World) -> String {
    let path = world.folder.path().join("data/countersign.db");
    let mut connection = SqliteConnection::connect(&format!("sqlite:{}", path.display())).await.unwrap();
    let tables = sqlx::query(
        "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT IN ('sqlite_sequence', 'outbox')",
    );
    let mut text = String::new();
    for table in tables.fetch_all(&mut connection).await.unwrap() {
        let table: String = table.get(0);
        let columns =
            sqlx::query("SELECT name FROM pragma_table_info(?)").bind(&table).fetch_all(&mut connection).await;
        let columns: Vec<String> =
            columns.unwrap().iter().map(|column| format!("quote(\"{}\")", column.get::<String, _>(0))).collect();
        let select = format!("SELECT {} FROM \"{table}\"", columns.join(" || ',' || "));
        for row in sqlx::query(sqlx::AssertSqlSafe(select)).fetch_all(&mut connection).await.unwrap() {
            writeln!(text, "{table}: {}", row.get::<String, _>(0)).unwrap();
        }
    }
    text
}

/// Somebody with two sessions: one that is in, with a transaction that waits, and one that has to be completed.
pub(crate) struct Somebody {
    pub(crate) person: Person,
    pub(crate) confirmed: Browser,
    pub(crate) transaction: Value,
    pub(crate) pending: Browser,
    pub(crate) approval: Value,
}

impl Somebody {
    pub(crate) async fn of(world: &World) -> Self {
        let (person, mut pending, approval) = signing_in(world).await;
        world.tap(&person.cellphone, &approval, "approve").await;
        pending.until(world, &approval, "approved").await;
        let mut confirmed = Browser::default();
        let other = confirmed.sign_in(world, &person).await;
        world.tap(&person.cellphone, &other, "approve").await;
        confirmed.until(world, &other, "approved").await;
        assert_eq!(confirmed.act(world, &other, "complete").await.status, 200);
        let wanted = json!({ "message": "Send?" });
        let transaction = confirmed.post(world, "/api/approvals", wanted).await.json();
        confirmed.until_is(world, &transaction, |now| now["delivery"] == "sent").await;
        Self { person, confirmed, transaction, pending, approval }
    }

    /// Who could do this, with what body. Whatever is refused is refused although it would be done.
    fn who(&self, path: &str) -> (&Browser, &'static str, String) {
        let of = |approval: &Value| path.contains(id(approval));
        let browser = if path.starts_with("/code") || path.starts_with("/api/session/") || of(&self.approval) {
            &self.pending
        } else {
            &self.confirmed
        };
        let email = self.person.email.replace('@', "%40");
        let form = match path.trim_start_matches("/api") {
            "/sign-in" | "/session" => format!("email={email}&password=difference+engine"),
            "/sign-up" | "/users" => "full_name=B&email=b%40example.com&country_code=1&phone=2025550199\
                                      &password=difference+engine"
                .to_owned(),
            "/approvals" => "message=Send".to_owned(),
            path if path.ends_with("/send") => "channel=sms".to_owned(),
            path if path.ends_with("/code") => "code=0123456".to_owned(),
            _ => String::new(),
        };
        if !path.starts_with("/api") {
            return (browser, "application/x-www-form-urlencoded", form);
        }
        let fields = url::form_urlencoded::parse(form.as_bytes()).into_owned();
        let body: serde_json::Map<_, _> = fields.map(|(name, text)| (name, Value::String(text))).collect();
        (browser, "application/json", json!(body).to_string())
    }

    pub(crate) fn request(&self, world: &World, method: &Method, path: &str) -> RequestBuilder {
        let (browser, kind, body) = self.who(path);
        let request = world.http.request(method.clone(), format!("{}{path}", world.url));
        request.header("cookie", &browser.cookie).header("content-type", kind).body(body)
    }
}

/// Origins that are not ours, though some look like it.
fn foreign(url: &str) -> Vec<String> {
    let port = url.rsplit(':').next().unwrap();
    [
        "https://evil.example".to_owned(),
        "null".to_owned(),
        format!("{url}.evil.example"),
        format!("http://127.0.0.1.evil.example:{port}"),
        format!("http://evil@127.0.0.1:{port}"),
        format!("https://127.0.0.1:{port}"),
        "http://127.0.0.1:1".to_owned(),
        "http://127.0.0.1".to_owned(),
        format!("{url}/"),
        url.to_uppercase(),
        String::new(),
    ]
    .into()
}

/// CSRF (threats 26 and 27, and every form): whatever changes something, from whatever other site.
#[tokio::test]
async fn other_sites_change_nothing_at_any_address_however_they_ask() {
    let world = World::start().await;
    let somebody = Somebody::of(&world).await;
    let mut changing = Vec::new();
    for approval in [&somebody.approval, &somebody.transaction] {
        let all = addresses(&world, id(approval)).await.into_iter();
        changing.extend(all.filter(|(method, path)| *method != Method::GET && path != "/authy/callback"));
    }
    changing.dedup();
    assert!(changing.len() > 30, "{changing:?}");
    let before = everything(&world).await;
    for (method, path) in &changing {
        let refused = |request: RequestBuilder, how: String| async move {
            let status = request.send().await.unwrap().status();
            assert_eq!(status, 403, "{method} {path} with {how}");
        };
        for origin in &foreign(&world.url) {
            refused(somebody.request(&world, method, path).header("origin", origin), format!("origin {origin}")).await;
        }
        for site in ["cross-site", "same-site", "Same-Origin", ""] {
            let request = somebody.request(&world, method, path).header("origin", &world.url);
            refused(request.header("sec-fetch-site", site), format!("site {site}")).await;
        }
        let twice = somebody.request(&world, method, path).header("origin", &world.url);
        refused(twice.header("origin", "https://evil.example"), "two origins".into()).await;
        for kind in
            ["application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "text/plain", "application/jsonp"]
        {
            let (browser, _, body) = somebody.who(path);
            let request = world.http.request(method.clone(), format!("{}{path}", world.url));
            let request = request.header("cookie", &browser.cookie).header("content-type", kind).body(body);
            refused(request, format!("{kind} and nothing about where from")).await;
        }
    }
    assert_eq!(everything(&world).await, before, "something was changed");
    // The same from our own page is taken, so it was only where it came from that was refused.
    let mut taken: Vec<_> =
        changing.iter().filter(|(_, path)| !path.contains("sign-out") && path != "/api/session").collect();
    // After this nothing is taken before there is another password.
    taken.sort_by_key(|(_, path)| path.ends_with("/not-me"));
    for (method, path) in taken {
        let answer = somebody.request(&world, method, path).header("origin", &world.url).send().await.unwrap();
        assert_ne!(answer.status(), 403, "{method} {path}");
    }
    assert_ne!(everything(&world).await, before);
}

/// Webhooks that nobody checks (threats 2 and 3): each way in at the receiver, without a signature and with garbage.
#[tokio::test]
async fn no_way_into_the_receiver_takes_what_is_not_signed() {
    let world = World::start().await;
    let (person, mut browser, approval) = signing_in(&world).await;
    let body = callback(&world, &person.cellphone, &approval).await;
    let params = provider::canonical(body.to_string().as_bytes()).unwrap();
    let nowhere = "01935f6e-7c00-7000-8000-00000000002a";
    let ways: Vec<_> =
        addresses(&world, nowhere).await.into_iter().filter(|(_, path)| path.starts_with("/authy")).collect();
    assert_eq!(ways.len(), 2, "{ways:?}");
    for (method, path) in ways {
        let url = format!("{}{path}?{params}", world.url);
        for signature in [None, Some(""), Some("x"), Some("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="), Some("null")]
        {
            for nonce in [None, Some("1795000000")] {
                let named = [("x-authy-signature", signature), ("x-authy-signature-nonce", nonce)];
                let request = world.http.request(method.clone(), &url).body(body.to_string());
                let request = named.into_iter().fold(request, |request, (name, value)| match value {
                    Some(value) => request.header(name, value),
                    None => request,
                });
                assert_eq!(request.send().await.unwrap().status(), 401, "{method} {signature:?} {nonce:?}");
            }
        }
    }
    assert_eq!(browser.look(&world, &approval).await["status"], "pending");
    assert!(world.audit(&approval).await.iter().all(|line| !line.contains("callback")));
}
