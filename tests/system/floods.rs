//! Floods of requests and connections fill neither the log nor the file descriptors.

use std::time::{Duration, Instant};

use futures_util::future::join_all;
use reqwest::StatusCode;
use serde_json::json;
use tokio::io::AsyncWriteExt as _;
use tokio::net::{TcpSocket, TcpStream};

use crate::browser::{Browser, all_other_seats, five_that_wait};
use crate::client::get;
use crate::signed::{callback, send_callback, sign};
use crate::world::{KEY, World};

/// The longest wait of other clients meanwhile.
const SOON: Duration = Duration::from_secs(5);

#[tokio::test]
async fn a_flood_of_refused_requests_leaves_a_few_lines_and_their_number() {
    const REQUESTS: usize = 3000;
    let world = World::start().await;
    let (http, url) = (&world.http, &world.callback_url());
    for _ in 0..REQUESTS / 100 {
        let answers = join_all((0..100).map(|_| http.post(url).body("{}").send())).await;
        assert!(answers.into_iter().all(|answer| answer.unwrap().status() == StatusCode::UNAUTHORIZED));
    }
    world.serve.signal("TERM").await;
    let said = world.serve.ended().await.errors;
    let (told, lines): (Vec<_>, Vec<_>) =
        said.iter().filter(|line| line.contains("refused a callback")).partition(|line| line.contains("left_out="));
    assert!((1..=60).contains(&lines.len()), "{} lines", lines.len());
    let number = |line: &&String| -> usize {
        let (_, rest) = line.split_once("left_out=").unwrap();
        rest.split(' ').next().unwrap().parse().unwrap()
    };
    assert_eq!(told.iter().map(number).sum::<usize>() + lines.len(), REQUESTS, "{told:?}");
    assert!(said.iter().all(|line| line.len() < 2000), "no line is long");
}

#[tokio::test]
async fn connections_beyond_the_descriptors_keep_no_page_and_no_callback_out() {
    const CONNECTIONS: usize = 1200;
    let world = World::start_limited(256).await;
    let person = Browser::default().sign_up(&world, 10).await;
    let unfinished = "POST /authy/callback HTTP/1.1\r\nHost: x\r\nContent-Length: 99\r\n\r\nab";
    for sent in ["", "GET / HTTP/1.1\r\nHos", unfinished] {
        let mut open = Vec::new();
        for _ in 0..CONNECTIONS {
            let mut stream = TcpStream::connect(world.url.trim_start_matches("http://")).await.unwrap();
            // Writing fails on a connection that was evicted already.
            let _ = stream.write_all(sent.as_bytes()).await;
            open.push(stream);
        }
        let begun = Instant::now();
        assert_eq!(get(&format!("{}/sign-in", world.url)).await.0, 200);
        assert!(begun.elapsed() < SOON, "{sent:?}: a page took {:?}", begun.elapsed());

        let mut browser = Browser::default();
        let approval = browser.sign_in(&world, &person).await;
        let body = callback(&world, &person.cellphone, &approval).await;
        let begun = Instant::now();
        assert_eq!(send_callback(&world, &body, Some(&sign(&world, KEY, &body))).await, 200);
        assert!(begun.elapsed() < SOON, "{sent:?}: a callback took {:?}", begun.elapsed());
        browser.until(&world, &approval, "approved").await;
        drop(open);
    }
}

/// A connection from another address of this machine.
async fn connect_from(last: u8, url: &str) -> TcpStream {
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind(([127, 0, 0, last], 0).into()).unwrap();
    socket.connect(url.trim_start_matches("http://").parse().unwrap()).await.unwrap()
}

/// Browsers that wait take every seat there is, and silent connections every descriptor that is left.
async fn taps_arrive_although_browsers_use_up(files: u32) {
    let many = "1000000";
    let limits = [("SOCKETS_PER_SESSION", many), ("CONNECTIONS_PER_ADDRESS", many), ("SIGN_IN_SECONDS", "120")];
    let world = World::start_limited_with(files, &limits).await;
    let mut people = five_that_wait(&world).await;
    let open = all_other_seats(&world, &people[0].0).await;
    assert!(open.len() > files as usize / 4, "{} browsers wait", open.len());
    let mut silent = Vec::new();
    for number in 0..2 * files {
        silent.push(connect_from(u8::try_from(number % 200).unwrap() + 2, &world.url).await);
    }

    let (asked, called_back) = people.split_last_mut().unwrap();
    world.switch(&asked.0.cellphone, json!({ "never_call_back": true })).await;
    assert_eq!(world.tap(&asked.0.cellphone, &asked.1, "approve").await, 204);
    for (person, approval, socket) in called_back {
        let begun = Instant::now();
        assert_eq!(world.tap(&person.cellphone, approval, "approve").await, 204);
        socket.until("approved").await;
        assert!(begun.elapsed() < SOON, "a tap took {:?}", begun.elapsed());
    }
    // No callback tells of it, so the provider is asked.
    asked.2.until("approved").await;
    drop((open, silent));
}

#[tokio::test]
async fn taps_arrive_although_browsers_use_up_all_of_160_descriptors() {
    taps_arrive_although_browsers_use_up(160).await;
}

#[tokio::test]
async fn taps_arrive_although_browsers_use_up_all_of_1024_descriptors() {
    taps_arrive_although_browsers_use_up(1024).await;
}
