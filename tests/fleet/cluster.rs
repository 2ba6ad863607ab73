//! Three nats-servers that keep every event three times, killed in turn: whichever of them leads, nothing is lost.

use std::path::Path;

use tempfile::tempdir;

use crate::browser::Browser;
use crate::nats::{NEWEST, Server};
use crate::port::free_port;
use crate::world::{Plan, World};

/// One member, with a folder of its own.
fn member(at: usize, port: u16, routes: &[u16], folder: &Path) -> Server {
    let all: Vec<_> = routes.iter().map(|port| format!("nats://127.0.0.1:{port}")).collect();
    let (name, own, folder) = (format!("member-{at}"), all[at].clone(), folder.join(at.to_string()));
    let routes = all.join(",");
    let arguments = ["--server_name", &name, "--cluster_name", "tests", "--cluster", &own, "--routes", &routes];
    Server::start_at(port, NEWEST, &folder, &arguments)
}

#[tokio::test]
async fn whichever_server_of_a_cluster_dies_every_answered_callback_decides() {
    let folder = tempdir().unwrap();
    let (ports, routes): (Vec<_>, Vec<_>) =
        ((0..3).map(|_| free_port()).collect(), (0..3).map(|_| free_port()).collect());
    let begin = |at: usize| member(at, ports[at], &routes, folder.path());
    let mut cluster: Vec<_> = (0..3).map(|at| Some(begin(at))).collect();
    let url = ports.iter().map(|port| format!("nats://127.0.0.1:{port}")).collect::<Vec<_>>().join(",");
    let variables = vec![("NATS_URL", url), ("NATS_REPLICAS", "3".to_owned())];
    let world = World::start_with(Plan { variables, ..Plan::default() }).await;
    let person = Browser::default().sign_up(&world, 7).await;
    for (at, one) in cluster.iter_mut().enumerate() {
        let mut browser = Browser::default();
        let approval = browser.sign_in(&world, &person).await;
        world.request(&person.cellphone, &approval).await;
        one.take().unwrap().kill();
        while world.call_back(&person, &approval, "approved").await != 200 {}
        browser.until(&world, &approval, "approved").await;
        assert_eq!(browser.act(&world, &approval, "complete").await.status, 200);
        *one = Some(begin(at));
    }
}
