//! Under a service manager: who starts us hears when we are ready, and may listen for us.

use std::net::TcpListener;
use std::os::fd::AsRawFd as _;
use std::process::Stdio;
use std::time::Duration;

use tempfile::tempdir;
use tokio::net::UnixDatagram;
use tokio::process::Command;
use tokio::time::timeout;

use crate::client::get;
use crate::process::Process;

#[tokio::test]
async fn the_service_manager_hears_when_a_role_is_ready() {
    let folder = tempdir().unwrap();
    let path = folder.path().join("notify");
    let manager = UnixDatagram::bind(&path).unwrap();
    let variables = [("AUTHY_API_KEY", "12345"), ("PORT", "0"), ("NOTIFY_SOCKET", path.to_str().unwrap())];
    let mut serve = Process::start(folder.path(), &["serve"], &variables);
    let mut said = [0; 64];
    let length = timeout(Duration::from_secs(30), manager.recv(&mut said)).await.expect("it says so").unwrap();
    assert_eq!(said[..length].trim_ascii_end(), b"READY=1");
    assert_eq!(get(&format!("{}/sign-in", serve.url().await)).await.0, 200);
}

#[tokio::test]
async fn a_socket_that_the_service_manager_listens_on_takes_the_place_of_the_port() {
    let folder = tempdir().unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    // The copy outlives the start of another program, as its original does not.
    let handed_over = rustix::io::dup(&listener).unwrap();
    let script = format!("LISTEN_PID=$$ LISTEN_FDS=1 exec \"$0\" serve 3<&{}", handed_over.as_raw_fd());
    let mut serve = Command::new("bash")
        .args(["-c", &script, env!("CARGO_BIN_EXE_countersign")])
        .current_dir(folder.path())
        .env_clear()
        .envs([("AUTHY_API_KEY", "12345"), ("PORT", "1")])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    // Whoever comes before it listens is answered once it does.
    assert_eq!(get(&format!("http://{address}/sign-in")).await.0, 200);
    serve.kill().await.unwrap();
}
