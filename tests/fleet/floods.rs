//! Connections that use up the file descriptors of receivers and hubs keep no tap out.

use std::time::{Duration, Instant};

use serde_json::json;
use tokio::net::{TcpSocket, TcpStream};

use crate::browser::{all_other_seats, five_that_wait};
use crate::role::Role;
use crate::world::{Plan, World};

/// The longest that a tap takes meanwhile.
const SOON: Duration = Duration::from_secs(5);
const FILES: u32 = 160;

/// Silent connections, more than the process has descriptors, from many addresses of this machine.
async fn silent(role: &Role) -> Vec<TcpStream> {
    let mut open = Vec::new();
    for number in 0..2 * FILES {
        let socket = TcpSocket::new_v4().unwrap();
        socket.bind(([127, 0, 0, u8::try_from(number % 200).unwrap() + 2], 0).into()).unwrap();
        open.push(socket.connect(([127, 0, 0, 1], role.port()).into()).await.unwrap());
    }
    open
}

#[tokio::test]
async fn taps_arrive_and_the_provider_is_asked_although_receiver_and_hub_have_no_descriptor_left() {
    let many = || "1000000".to_owned();
    let variables = vec![("SOCKETS_PER_SESSION", many()), ("CONNECTIONS_PER_ADDRESS", many())];
    let plan = Plan { receivers: 1, hubs: 1, variables, files: Some(FILES), ..Plan::default() };
    let world = World::start_with(plan).await;
    let mut people = five_that_wait(&world).await;
    let open = all_other_seats(&world, &people[0].0).await;
    let flood = (silent(&world.hubs[0]).await, silent(&world.receivers[0]).await);

    let (asked, called_back) = people.split_last_mut().unwrap();
    for (person, approval, socket) in called_back {
        let begun = Instant::now();
        assert_eq!(world.call_back(person, approval, "approved").await, 200);
        socket.until("approved").await;
        assert!(begun.elapsed() < SOON, "a tap took {:?}", begun.elapsed());
    }
    // No callback tells of this tap, so the provider is asked.
    let request = world.request(&asked.0.cellphone, &asked.1).await;
    let phone = world.phone(&asked.0.cellphone).await["authy_id"].clone();
    let url = format!("{}/phones/{phone}/requests/{}/approve", world.phones, request["uuid"].as_str().unwrap());
    assert_eq!(world.http.post(url).json(&json!({})).send().await.unwrap().status(), 204);
    asked.2.until("approved").await;
    drop((open, flood));
}
