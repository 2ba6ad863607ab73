//! A browser without a page: keeps its cookie, opens sockets, does the steps that people do.

use futures_util::{SinkExt as _, StreamExt as _};
use reqwest::{Method, header};
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio::time::{Duration, timeout};
use tokio_tungstenite::tungstenite::{Error, Message, client::IntoClientRequest as _, handshake::client::Request};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};

use crate::world::World;

/// Longer than any silence of a socket: the row is read again every 20 s.
const PATIENCE: Duration = Duration::from_secs(40);
const PASSWORD: &str = "difference engine";

/// Somebody with an account.
#[derive(Clone)]
pub(crate) struct Person {
    pub(crate) email: String,
    pub(crate) cellphone: String,
}

/// One browser.
#[derive(Clone, Default)]
pub(crate) struct Browser {
    pub(crate) cookie: String,
}

/// What a request was answered.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: header::HeaderMap,
    pub(crate) text: String,
}

/// An open WebSocket.
pub(crate) struct Socket(WebSocketStream<MaybeTlsStream<TcpStream>>);

/// Somebody with an account has given the password: who, in which browser, and the approval that waits now.
pub(crate) async fn signing_in(world: &World) -> (Person, Browser, Value) {
    let person = Browser::default().sign_up(world, 10).await;
    let mut browser = Browser::default();
    let approval = browser.sign_in(world, &person).await;
    (person, browser, approval)
}

/// Five people, each with a browser that waits on its socket for a tap.
pub(crate) async fn five_that_wait(world: &World) -> Vec<(Person, Value, Socket)> {
    let mut people = Vec::new();
    for line in 10..15 {
        let person = Browser::default().sign_up(world, line).await;
        let mut browser = Browser::default();
        let approval = browser.sign_in(world, &person).await;
        let socket = browser.listen(world, &approval).await;
        people.push((person, approval, socket));
    }
    people
}

/// Sockets of one more sign-in of this person: as many as find a seat.
pub(crate) async fn all_other_seats(world: &World, person: &Person) -> Vec<Socket> {
    let mut browser = Browser::default();
    let approval = browser.sign_in(world, person).await;
    let mut open = Vec::new();
    while let Some(socket) = browser.try_listen(world, &approval).await {
        open.push(socket);
    }
    open
}

impl Browser {
    /// Sends JSON, or nothing, and keeps the cookie that comes back.
    pub(crate) async fn send(&mut self, world: &World, method: Method, path: &str, body: Option<Value>) -> Answer {
        self.try_send(world, method, path, body).await.unwrap()
    }

    /// The same where nobody may answer.
    pub(crate) async fn try_send(
        &mut self,
        world: &World,
        method: Method,
        path: &str,
        body: Option<Value>,
    ) -> Result<Answer, reqwest::Error> {
        let mut request =
            world.http.request(method, format!("{}{path}", world.url)).header(header::COOKIE, &self.cookie);
        if let Some(body) = body {
            request = request.json(&body);
        }
        self.try_keep(request).await
    }

    /// Sends a form as a page of ours does.
    pub(crate) async fn submit(&mut self, world: &World, path: &str, fields: &[(&str, &str)]) -> Answer {
        let request = world.http.post(format!("{}{path}", world.url)).form(fields);
        self.keep(request.header(header::COOKIE, &self.cookie).header(header::ORIGIN, &world.url)).await
    }

    pub(crate) async fn get(&mut self, world: &World, path: &str) -> Answer {
        self.send(world, Method::GET, path, None).await
    }

    pub(crate) async fn post(&mut self, world: &World, path: &str, body: Value) -> Answer {
        self.send(world, Method::POST, path, Some(body)).await
    }

    /// Posts without a body, as `complete` and `cancel` are.
    pub(crate) async fn act(&mut self, world: &World, approval: &Value, what: &str) -> Answer {
        self.send(world, Method::POST, &format!("/api/approvals/{}/{what}", id(approval)), None).await
    }

    /// Signs somebody up by approving on the phone; this browser is in afterwards. `line` makes phone and address.
    pub(crate) async fn sign_up(&mut self, world: &World, line: u8) -> Person {
        let person = Person { email: format!("ada{line}@example.com"), cellphone: format!("+120255501{line:02}") };
        let body = json!({ "full_name": "Ada Lovelace", "email": person.email, "country_code": "1",
            "phone": &person.cellphone[2..], "password": PASSWORD });
        let answer = self.post(world, "/api/users", body).await;
        assert_eq!(answer.status, 201, "{}", answer.text);
        let approval = answer.json()["approval"].clone();
        assert_eq!(world.tap(&person.cellphone, &approval, "approve").await, 204);
        self.until(world, &approval, "approved").await;
        assert_eq!(self.act(world, &approval, "complete").await.status, 200);
        person
    }

    /// Gives the password; the approval that waits now.
    pub(crate) async fn sign_in(&mut self, world: &World, person: &Person) -> Value {
        let answer = self.post(world, "/api/session", json!({ "email": person.email, "password": PASSWORD })).await;
        assert_eq!(answer.status, 201, "{}", answer.text);
        answer.json()["approval"].clone()
    }

    /// Long-polls until the approval has this status, and answers it.
    pub(crate) async fn until(&mut self, world: &World, approval: &Value, status: &str) -> Value {
        self.until_is(world, approval, |now| now["status"] == status).await
    }

    /// Long-polls until `is` is content with the approval, and answers it.
    pub(crate) async fn until_is(&mut self, world: &World, approval: &Value, is: impl Fn(&Value) -> bool) -> Value {
        let mut now = approval.clone();
        for _ in 0..20 {
            if is(&now) {
                return now;
            }
            let since = now["version"].as_i64().unwrap();
            now = self.get(world, &format!("/api/approvals/{}?wait=20&since={since}", id(approval))).await.json();
        }
        panic!("it stays {now}")
    }

    /// What the session is: `pending`, `confirmed`, or the status when there is none.
    pub(crate) async fn state(&mut self, world: &World) -> String {
        let answer = self.get(world, "/api/session").await;
        if answer.status == 200 {
            answer.json()["state"].as_str().unwrap().to_owned()
        } else {
            answer.status.to_string()
        }
    }

    /// How the approval stands now.
    pub(crate) async fn look(&mut self, world: &World, approval: &Value) -> Value {
        self.get(world, &format!("/api/approvals/{}", id(approval))).await.json()
    }

    /// Types a code.
    pub(crate) async fn type_code(&mut self, world: &World, code: &str) -> Answer {
        self.post(world, "/api/session/code", json!({ "code": code })).await
    }

    /// Asks for a code by `sms` or `call`.
    pub(crate) async fn ask_for_code(&mut self, world: &World, channel: &str) -> Answer {
        self.post(world, "/api/session/code/send", json!({ "channel": channel })).await
    }

    /// Opens the socket of an approval, as our own page does.
    pub(crate) async fn listen(&self, world: &World, approval: &Value) -> Socket {
        self.listen_from(world, approval, Some(&world.url)).await.expect("the socket opens")
    }

    /// Opens the socket with this `Origin`; the HTTP status when it is refused.
    pub(crate) async fn listen_from(
        &self,
        world: &World,
        approval: &Value,
        origin: Option<&str>,
    ) -> Result<Socket, u16> {
        match connect_async(self.handshake(world, approval, origin)).await {
            Ok((socket, _)) => Ok(Socket(socket)),
            Err(Error::Http(answer)) => Err(answer.status().as_u16()),
            Err(error) => panic!("{error}"),
        }
    }

    /// Opens the socket of an approval where nobody may answer.
    pub(crate) async fn try_listen(&self, world: &World, approval: &Value) -> Option<Socket> {
        connect_async(self.handshake(world, approval, Some(&world.url))).await.ok().map(|(socket, _)| Socket(socket))
    }

    /// Asks for the socket of an approval, with this `Origin`.
    pub(crate) fn handshake(&self, world: &World, approval: &Value, origin: Option<&str>) -> Request {
        let url = format!("{}/api/approvals/{}/events", world.url.replace("http:", "ws:"), id(approval));
        let mut request = url.into_client_request().unwrap();
        request.headers_mut().insert(header::COOKIE, self.cookie.parse().unwrap());
        request.headers_mut().insert(header::SEC_WEBSOCKET_PROTOCOL, "countersign.v1".parse().unwrap());
        if let Some(origin) = origin {
            request.headers_mut().insert(header::ORIGIN, origin.parse().unwrap());
        }
        request
    }

    async fn keep(&mut self, request: reqwest::RequestBuilder) -> Answer {
        self.try_keep(request).await.unwrap()
    }

    /// A cookie counts only with the whole answer.
    async fn try_keep(&mut self, request: reqwest::RequestBuilder) -> Result<Answer, reqwest::Error> {
        let answer = request.send().await?;
        let (status, headers) = (answer.status().as_u16(), answer.headers().clone());
        let text = answer.text().await?;
        if let Some(cookie) = headers.get(header::SET_COOKIE) {
            cookie.to_str().unwrap().split(';').next().unwrap().clone_into(&mut self.cookie);
        }
        Ok(Answer { status, headers, text })
    }
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|_| panic!("{} is no JSON", self.text))
    }

    /// The stable name of the problem.
    pub(crate) fn problem(&self) -> String {
        assert_eq!(self.header("content-type"), "application/problem+json", "{}", self.text);
        self.json()["type"].as_str().unwrap().to_owned()
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map(|value| value.to_str().unwrap()).unwrap_or_default()
    }
}

impl Socket {
    /// The next frame: its JSON, or the code it was closed with.
    pub(crate) async fn next(&mut self) -> Result<Value, u16> {
        timeout(PATIENCE, self.heard()).await.expect("a frame comes in time")
    }

    /// The same, however long it takes.
    pub(crate) async fn heard(&mut self) -> Result<Value, u16> {
        loop {
            match self.0.next().await {
                Some(Ok(Message::Text(text))) => return Ok(serde_json::from_str(&text).unwrap()),
                Some(Ok(Message::Close(frame))) => return Err(frame.map_or(1005, |frame| frame.code.into())),
                Some(Ok(_)) => {}
                Some(Err(_)) | None => return Err(1006),
            }
        }
    }

    /// Reads on until a state with this status comes.
    pub(crate) async fn until(&mut self, status: &str) -> Value {
        loop {
            let frame = self.next().await.expect("the socket stays open until then");
            if frame["approval"]["status"] == status {
                return frame["approval"].clone();
            }
        }
    }

    /// Reads on until the socket is closed.
    pub(crate) async fn closed(&mut self) -> u16 {
        loop {
            if let Err(code) = self.next().await {
                return code;
            }
        }
    }

    pub(crate) async fn say(&mut self, message: Message) {
        self.0.send(message).await.unwrap();
    }
}

/// The id of an approval.
pub(crate) fn id(approval: &Value) -> &str {
    text(approval, "id")
}

/// A text of a JSON object.
pub(crate) fn text<'a>(value: &'a Value, name: &str) -> &'a str {
    value[name].as_str().unwrap_or_else(|| panic!("no {name} in {value}"))
}
