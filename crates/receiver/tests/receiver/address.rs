//! At which addresses callbacks are taken, and what is said of those that come to another.

use super::*;

/// The signed callback, sent to this path.
fn post_to(path: &str) -> Request<Body> {
    let mut signed = post(BODY);
    *signed.uri_mut() = path.parse().unwrap();
    signed
}

#[tokio::test]
async fn a_signed_callback_is_taken_at_every_spelling_of_its_address() {
    for path in ["/authy/callback/", "//authy/callback", "/authy//callback", "///authy//callback//"] {
        let log = FakeLog::new(Mood::Well);
        assert_eq!(send(&log, post_to(path)).await.status, StatusCode::OK, "{path}");
        assert_eq!(log.ids().len(), 1, "{path}");
        let query = get(BODY).uri().query().unwrap().to_owned();
        let mut by_get = get(BODY);
        *by_get.uri_mut() = format!("{path}?{query}").parse().unwrap();
        assert_eq!(send(&log, by_get).await.status, StatusCode::OK, "{path}");
        let forged = request(Method::POST, path, SIGNATURE, BODY);
        assert_eq!(send(&log, forged).await.status, StatusCode::UNAUTHORIZED, "{path}");
        assert_eq!(
            send(&log, request(Method::PUT, path, SIGNATURE, BODY)).await.status,
            StatusCode::METHOD_NOT_ALLOWED
        );
    }
}

#[tokio::test]
async fn the_path_of_the_configured_url_is_served_beside_the_usual_one() {
    let url = "https://app.example.com/hooks/authy";
    let log = FakeLog::new(Mood::Well);
    let router = receiving_for(&log, key_of(KEY).into(), url.parse().unwrap());
    for path in ["/hooks/authy", "/hooks/authy/", "/authy/callback"] {
        let signature = sign_for(url, BODY);
        let answer = send_to(router.clone(), request(Method::POST, path, &signature, BODY)).await;
        assert_eq!(answer.status, StatusCode::OK, "{path}");
    }
    let unsigned = Request::post("/hooks/authy").body(Body::from(BODY)).unwrap();
    assert_eq!(send_to(router, unsigned).await.status, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn a_signed_request_to_another_address_is_a_warning_with_its_path() {
    listen();
    LINES.take();
    let unsigned = Request::post("/nowhere").body(Body::from(BODY)).unwrap();
    assert_eq!(send(&FakeLog::new(Mood::Well), unsigned).await.status, StatusCode::NOT_FOUND);
    assert_eq!(heard(), "");
    for path in ["/Authy/Callback", "/authy/./callback", "/prefix/authy/callback", "/authy/callback/x?a=b"] {
        let answer = send(&FakeLog::new(Mood::Well), post_to(path)).await;
        assert!(answer.status == StatusCode::NOT_FOUND && is_problem(&answer, "not-found"), "{path}");
        let lines = heard();
        let path = path.split('?').next().unwrap();
        assert!(lines.contains("WARN") && lines.contains(&format!("path=\"{path}\"")), "{lines}");
        assert!(lines.lines().count() == 1 && !lines.contains("a=b"), "{lines}");
    }
    send(&FakeLog::new(Mood::Well), post_to(&format!("/{}", "a".repeat(60_000)))).await;
    assert!(heard().len() < 600, "the path is cut");
}

#[tokio::test]
async fn beside_pages_only_a_signed_request_is_a_callback_at_another_spelling() {
    let log = FakeLog::new(Mood::Well);
    let url = "https://hooks.example.com/";
    let pages = Router::new().route("/", any(|| async { "a page" })).fallback(|| async { "no page" });
    let router = beside(&log, url.parse().unwrap(), pages);
    for (path, said) in [("/", "a page"), ("/authy/callback/", "no page"), ("/elsewhere", "no page")] {
        let unsigned = Request::get(path).body(Body::empty()).unwrap();
        assert_eq!(send_to(router.clone(), unsigned).await.body, said, "{path}");
    }
    let signature = sign_for(url, BODY);
    for path in ["/", "/authy/callback", "/authy/callback/"] {
        let answer = send_to(router.clone(), request(Method::POST, path, &signature, BODY)).await;
        assert_eq!((answer.status, answer.body.as_str()), (StatusCode::OK, ""), "{path}");
    }
    let elsewhere = send_to(router, request(Method::POST, "/elsewhere", &signature, BODY)).await;
    assert_eq!(elsewhere.body, "no page");
    assert!(!log.is_empty());
}
