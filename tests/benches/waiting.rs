//! What benches start from: a database full of approvals that wait, and browsers that wait for them.

use std::path::Path;
use std::time::Duration;

use approval::{Approval, Clock, Delivery, Details, Draft, Entropy, Id, Logos, Number, Purpose, Secret, Shown};
use futures_util::StreamExt as _;
use sha2::{Digest as _, Sha256};
use storage::{Begun, NewSession, NewUser, Storage, TokenHash};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};

/// Whom the provider names.
pub(crate) const USER: &str = "688611";

/// Where `serve` and `hub` keep everything, when they are started in `folder`.
pub(crate) fn database(folder: &Path) -> String {
    format!("sqlite:{}", folder.join("data/countersign.db").display())
}

/// Fills a database with an account and its pending approvals, as sign-ins and pushes would.
pub(crate) async fn fill(folder: &Path, count: usize) -> Vec<(Approval, String)> {
    let (clock, entropy) = (Clock::system(), Entropy::system());
    let storage = Storage::open(&database(folder), clock.clone()).await.unwrap();
    let user = NewUser {
        id: Id::new(&clock, &entropy),
        full_name: "Ada Lovelace".into(),
        email: "ada@example.com".into(),
        email_key: "ada@example.com".into(),
        phone: Secret::new("+12015550123"),
        password_hash: Secret::new("$argon2id$"),
        provider_user: USER.parse().unwrap(),
        invitation: None,
    };
    let mut filled = Vec::with_capacity(count);
    for index in 0..count {
        let token = format!("token-{index}");
        let session = NewSession {
            id: Id::new(&clock, &entropy),
            user: user.id,
            token: TokenHash(Sha256::digest(&token).into()),
            browser: "Firefox on Linux".into(),
            place: "This computer".into(),
            network: "loopback".into(),
            expires_at: clock.now() + time::Duration::minutes(15),
        };
        let make = |taken: &[Number]| pending(&clock, &entropy, &session, taken);
        let begun = match index {
            0 => storage.sign_ups().begin(&user, &session, make).await.unwrap(),
            _ => storage.sessions().begin(&session, None, &user.password_hash, make).await.unwrap().unwrap().0,
        };
        let Begun::Asked(approval) = begun else { panic!("the phone is not asked: {begun:?}") };
        let request = Some(format!("request-{index}").parse().unwrap());
        filled.push((
            storage.approvals().record_delivery(approval.id, Delivery::Sent, request).await.unwrap().unwrap(),
            token,
        ));
    }
    storage.close().await;
    filled
}

fn pending(clock: &Clock, entropy: &Entropy, session: &NewSession, taken: &[Number]) -> Approval {
    let draft = Draft {
        id: Id::new(clock, entropy),
        user: session.user,
        session: session.id,
        provider_user: USER.parse().unwrap(),
        purpose: Purpose::SignIn,
        shown: Shown::new("Sign in to Countersign?".into(), Details::default()).unwrap(),
        logos: Logos::default(),
        created_at: clock.now(),
        expires_at: clock.now() + time::Duration::minutes(10),
    };
    Approval::pending(draft, Number::random(entropy, taken))
}

/// A browser that waits: the socket is open, and the state has come.
pub(crate) async fn listen(url: &str, approval: &Approval, token: &str) -> WebSocketStream<MaybeTlsStream<TcpStream>> {
    let socket = format!("{}/api/approvals/{}/events", url.replace("http:", "ws:"), approval.id);
    let mut request = socket.into_client_request().unwrap();
    request.headers_mut().insert("cookie", format!("countersign={token}").parse().unwrap());
    request.headers_mut().insert("origin", url.parse().unwrap());
    let (mut socket, _) = connect_async(request).await.unwrap();
    socket.next().await.unwrap().unwrap();
    socket
}

/// Prints the middle and the tail.
pub(crate) fn report(name: &str, mut times: Vec<Duration>) {
    times.sort();
    let at = |part: usize| times[(times.len() - 1) * part / 1000].as_secs_f64() * 1000.0;
    println!("{name:22} p50 {:7.3} ms   p99 {:7.3} ms   max {:7.3} ms", at(500), at(990), at(1000));
}
