//! Under a service manager: it hears how we are, and may listen for us.

use std::net::TcpListener;
use std::os::fd::AsRawFd as _;
use std::os::linux::net::SocketAddrExt as _;
use std::os::unix::net::{SocketAddr, UnixDatagram as StdDatagram};
use std::process::Stdio;
use std::time::Duration;

use tempfile::tempdir;
use tokio::net::UnixDatagram;
use tokio::process::{Child, Command};
use tokio::time::{sleep, timeout};

use crate::client::get;
use crate::process::{PATIENCE, Process};

/// The next message to the service manager, without the end of its line.
async fn heard(manager: &UnixDatagram) -> String {
    let mut said = [0; 64];
    let length = timeout(PATIENCE, manager.recv(&mut said)).await.expect("it says something").unwrap();
    String::from_utf8(said[..length].trim_ascii_end().to_vec()).unwrap()
}

#[tokio::test]
async fn the_service_manager_hears_when_a_role_is_ready_and_when_it_stops() {
    let folder = tempdir().unwrap();
    let path = folder.path().join("notify");
    let manager = UnixDatagram::bind(&path).unwrap();
    let variables = [("AUTHY_API_KEY", "12345"), ("PORT", "0"), ("NOTIFY_SOCKET", path.to_str().unwrap())];
    let mut serve = Process::start(folder.path(), &["serve"], &variables);
    assert_eq!(heard(&manager).await, "READY=1");
    assert_eq!(get(&format!("{}/sign-in", serve.url().await)).await.0, 200);
    serve.signal("TERM").await;
    assert_eq!(heard(&manager).await, "STOPPING=1");
}

#[tokio::test]
async fn an_abstract_socket_is_told_as_well_and_hears_that_the_process_lives() {
    let folder = tempdir().unwrap();
    let name = format!("countersign-test-{}", std::process::id());
    let manager = StdDatagram::bind_addr(&SocketAddr::from_abstract_name(&name).unwrap()).unwrap();
    manager.set_nonblocking(true).unwrap();
    let manager = UnixDatagram::from_std(manager).unwrap();
    let socket = format!("@{name}");
    let variables =
        [("AUTHY_API_KEY", "12345"), ("PORT", "0"), ("NOTIFY_SOCKET", &*socket), ("WATCHDOG_USEC", "400000")];
    let serve = Process::start(folder.path(), &["serve"], &variables);
    while heard(&manager).await != "READY=1" {}
    for _ in 0..3 {
        assert_eq!(heard(&manager).await, "WATCHDOG=1");
    }
    serve.signal("TERM").await;
    while heard(&manager).await != "STOPPING=1" {}
}

#[tokio::test]
async fn a_service_manager_that_cannot_be_told_is_a_warning() {
    let folder = tempdir().unwrap();
    let nowhere = folder.path().join("nowhere");
    let variables = [("AUTHY_API_KEY", "12345"), ("PORT", "0"), ("NOTIFY_SOCKET", nowhere.to_str().unwrap())];
    let mut serve = Process::start(folder.path(), &["serve"], &variables);
    serve.url().await;
    while !serve.error_line().await.contains("the service manager could not be told that the process is ready") {}
}

#[tokio::test]
async fn a_hangup_is_ignored_with_one_line() {
    let folder = tempdir().unwrap();
    let mut serve = Process::start(folder.path(), &["serve"], &[("AUTHY_API_KEY", "12345"), ("PORT", "0")]);
    let url = serve.url().await;
    serve.signal("HUP").await;
    while !serve.error_line().await.contains("SIGHUP is ignored") {}
    assert_eq!(get(&format!("{url}/sign-in")).await.0, 200);
    serve.signal("TERM").await;
    let ended = serve.ended().await;
    assert!(ended.status.success(), "{ended:?}");
    assert!(!ended.errors.iter().any(|line| line.contains("SIGHUP")), "{ended:?}");
}

/// Starts `countersign serve` with these listeners as a service manager hands them over.
fn serve_on(folder: &std::path::Path, listeners: &[&TcpListener]) -> Child {
    // The copies outlive the start of another program, as their originals do not.
    let copies: Vec<_> = listeners.iter().map(|listener| rustix::io::dup(listener).unwrap()).collect();
    let places: Vec<_> = (3..).zip(&copies).map(|(place, copy)| format!("{place}<&{}", copy.as_raw_fd())).collect();
    let (count, places) = (copies.len(), places.join(" "));
    let script = format!("LISTEN_PID=$$ LISTEN_FDS={count} exec \"$0\" serve {places}");
    Command::new("bash")
        .args(["-c", &script, env!("CARGO_BIN_EXE_countersign")])
        .current_dir(folder)
        .env_clear()
        .envs([("AUTHY_API_KEY", "12345"), ("PORT", "1"), ("DRAIN_SECONDS", "0")])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .spawn()
        .unwrap()
}

#[tokio::test]
async fn all_sockets_that_the_service_manager_listens_on_take_the_place_of_the_port() {
    let folder = tempdir().unwrap();
    let listeners = ["127.0.0.1:0", "127.0.0.1:0", "127.0.0.1:0"].map(|address| TcpListener::bind(address).unwrap());
    let mut serve = serve_on(folder.path(), &listeners.each_ref());
    // Whoever comes before it listens is answered once it does.
    for listener in &listeners {
        let url = format!("http://{}/sign-in", listener.local_addr().unwrap());
        assert_eq!(timeout(PATIENCE, get(&url)).await.expect("each socket is served").0, 200);
    }

    // And whoever comes while the process is exchanged.
    let page = format!("http://{}/sign-in", listeners[0].local_addr().unwrap());
    let id = serve.id().unwrap().to_string();
    assert!(Command::new("kill").args(["-TERM", &id]).status().await.unwrap().success());
    timeout(PATIENCE, serve.wait()).await.expect("it ends in time").unwrap();
    let (answer, mut serve) = tokio::join!(get(&page), async {
        sleep(Duration::from_millis(100)).await;
        serve_on(folder.path(), &listeners.each_ref())
    });
    assert_eq!(answer.0, 200);
    serve.kill().await.unwrap();
}
