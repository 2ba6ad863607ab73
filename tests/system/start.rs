//! How the executable starts: alone, by environment, by file; and the one sentence when it cannot.

use std::fs;
use std::net::TcpListener;
use std::path::Path;
use std::time::Duration;

use serde_json::Value;
use sqlx::{Connection as _, Executor as _, SqliteConnection};
use tempfile::{TempDir, tempdir};

use crate::client::get;
use crate::process::{Ended, Process};

const KEY: (&str, &str) = ("AUTHY_API_KEY", "12345");
const ANY_PORT: (&str, &str) = ("PORT", "0");

/// Starts what cannot start, and checks that it says so in exactly one sentence.
async fn refusal(folder: &Path, arguments: &[&str], variables: &[(&str, &str)]) -> (i32, String) {
    let Ended { status, output, errors } = Process::start(folder, arguments, variables).ended().await;
    assert_eq!(output, [""; 0]);
    let [sentence] = errors.as_slice() else { panic!("not one sentence: {errors:?}") };
    let sentence = sentence.strip_prefix("countersign: ").expect("it says who speaks").to_owned();
    assert!(!sentence.contains("Error") && !sentence.contains('{'), "{sentence}");
    (status.code().expect("it ended by itself"), sentence)
}

fn file_in(folder: &TempDir, name: &str, text: &str) -> String {
    let path = folder.path().join(name);
    fs::write(&path, text).unwrap();
    path.to_str().unwrap().to_owned()
}

/// How long a process has kept a processor busy so far, which says more of it than a clock on a machine that others use.
fn worked(process: &Process) -> Duration {
    let stat = fs::read_to_string(format!("/proc/{}/stat", process.id())).unwrap();
    // User and system time, the twelfth and thirteenth behind the name in brackets, are hundredths of a second
    // (proc_pid_stat(5)).
    let fields = stat.rsplit_once(") ").unwrap().1.split(' ');
    let ticks: u64 = fields.skip(11).take(2).map(|field| field.parse::<u64>().unwrap()).sum();
    Duration::from_millis(ticks * 10)
}

#[tokio::test]
async fn the_demo_needs_nothing_and_says_in_four_lines_where_to_click_after_less_than_a_second_of_work() {
    let folder = tempdir().unwrap();
    let mut demo = Process::start(folder.path(), &[], &[ANY_PORT, ("SIMULATOR_PORT", "0")]);
    let lines = [demo.line().await, demo.line().await, demo.line().await, demo.line().await];
    assert!(worked(&demo) < Duration::from_secs(1), "{:?}", worked(&demo));
    for line in &lines[..2] {
        let url = line.split_whitespace().find(|word| word.starts_with("http://127.0.0.1:")).unwrap();
        assert_eq!(get(url).await.0, 200, "{line}");
    }
    assert!(lines[3].contains("./data") && lines[3].contains("Ctrl-C"), "{}", lines[3]);
    demo.signal("INT").await;
    let ended = demo.ended().await;
    assert_eq!((ended.status.code(), ended.output, ended.errors), (Some(0), vec![], vec![]));
}

#[tokio::test]
async fn a_second_demo_starts_on_the_data_of_the_first() {
    let folder = tempdir().unwrap();
    for _ in 0..2 {
        let mut demo = Process::start(folder.path(), &["demo"], &[ANY_PORT, ("SIMULATOR_PORT", "0")]);
        demo.line().await;
        demo.signal("TERM").await;
        assert!(demo.ended().await.status.success());
    }
    for file in ["demo.db", "demo-broker.db", "simulator.json"] {
        assert!(folder.path().join("data").join(file).exists(), "{file}");
    }
}

#[tokio::test]
async fn serve_starts_by_environment_alone_although_its_provider_is_unreachable() {
    let folder = tempdir().unwrap();
    let nobody = ("AUTHY_API_URL", "http://127.0.0.1:9");
    let mut serve = Process::start(folder.path(), &["serve"], &[KEY, ANY_PORT, nobody]);
    let url = serve.url().await;
    assert!(url.starts_with("http://127.0.0.1:") && !url.ends_with(":0"), "{url}");
    assert_eq!(get(&url).await.0, 200);
    assert!(folder.path().join("data/countersign.db").exists());
}

#[tokio::test]
async fn a_callback_url_with_another_path_is_said_once_at_the_start() {
    let folder = tempdir().unwrap();
    let url = ("AUTHY_CALLBACK_URL", "https://hooks.example.com/hooks/authy/");
    let mut serve = Process::start(folder.path(), &["serve"], &[KEY, ANY_PORT, url]);
    serve.url().await;
    serve.signal("TERM").await;
    let said = serve.ended().await.errors;
    let lines: Vec<_> = said.iter().filter(|line| line.contains("callbacks are verified for the signed URL")).collect();
    let [line] = lines[..] else { panic!("{said:?}") };
    for part in ["https://hooks.example.com/hooks/authy/", r#"path="/hooks/authy""#, r#"also="/authy/callback""#] {
        assert!(line.contains(part), "{line}");
    }
}

#[tokio::test]
async fn the_simulator_starts_by_environment_alone() {
    let folder = tempdir().unwrap();
    let mut simulator = Process::start(folder.path(), &["simulator"], &[KEY, ANY_PORT]);
    let url = simulator.url().await;
    assert_eq!(get(&format!("{url}/phones")).await, (200, "[]".to_owned()));
}

#[tokio::test]
async fn a_log_for_programs_is_one_json_object_a_line() {
    let folder = tempdir().unwrap();
    let mut simulator = Process::start(folder.path(), &["simulator"], &[KEY, ANY_PORT, ("LOG_FORMAT", "json")]);
    let url = simulator.url().await;
    let line: Value = serde_json::from_str(&simulator.error_line().await).unwrap();
    assert_eq!((&line["level"], &line["url"]), (&Value::from("INFO"), &Value::from(url)));
}

#[tokio::test]
async fn the_help_names_every_role_and_the_configuration() {
    let folder = tempdir().unwrap();
    let help = Process::start(folder.path(), &["--help"], &[]).ended().await.output.join("\n");
    for word in ["demo", "serve", "simulator", "--config", "AUTHY_API_KEY", "config/default.toml"] {
        assert!(help.contains(word), "{word} is not in {help}");
    }
    let version = Process::start(folder.path(), &["--version"], &[]).ended().await.output;
    assert_eq!(version, [format!("countersign {}", env!("CARGO_PKG_VERSION"))]);
}

#[tokio::test]
async fn a_configuration_file_in_the_folder_is_read() {
    let folder = tempdir().unwrap();
    file_in(&folder, "countersign.toml", "[product]\ndatabase_url = \"sqlite:elsewhere/x.db\"\n");
    let mut serve = Process::start(folder.path(), &["serve"], &[KEY, ANY_PORT]);
    serve.url().await;
    assert!(folder.path().join("elsewhere/x.db").exists());
}

#[tokio::test]
async fn a_missing_key_is_named() {
    let folder = tempdir().unwrap();
    for role in ["serve", "simulator"] {
        for variables in [&[][..], &[("AUTHY_API_KEY", "")][..]] {
            let (code, sentence) = refusal(folder.path(), &[role], variables).await;
            assert!(code == 2 && sentence.starts_with("AUTHY_API_KEY is missing; set it to"), "{sentence}");
        }
    }
}

#[tokio::test]
async fn whatever_is_missing_a_role_that_cannot_start_leaves_nothing_behind() {
    let folder = tempdir().unwrap();
    let nats = ("NATS_URL", "nats://127.0.0.1:9");
    let open = ("HOST", "0.0.0.0");
    for (role, variables, missing) in [
        ("serve", &[ANY_PORT][..], "AUTHY_API_KEY"),
        ("serve", &[ANY_PORT, KEY, open], "PUBLIC_URL"),
        ("hub", &[ANY_PORT, nats], "AUTHY_API_KEY"),
        ("hub", &[ANY_PORT, KEY, nats, open], "PUBLIC_URL"),
        ("hub", &[ANY_PORT, KEY], "NATS_URL"),
        ("receiver", &[ANY_PORT, nats], "AUTHY_API_KEY"),
        ("receiver", &[ANY_PORT, KEY, nats], "AUTHY_CALLBACK_URL"),
        ("receiver", &[ANY_PORT, KEY, ("PUBLIC_URL", "http://127.0.0.1:1")], "NATS_URL"),
        ("simulator", &[ANY_PORT], "AUTHY_API_KEY"),
    ] {
        let (code, sentence) = refusal(folder.path(), &[role], variables).await;
        assert!(code == 2 && sentence.starts_with(&format!("{missing} is missing; set it to")), "{role}: {sentence}");
        let left: Vec<_> = fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().path()).collect();
        assert!(left.is_empty(), "{role} without {missing} left {left:?}");
    }
}

#[tokio::test]
async fn the_key_of_the_demo_is_refused() {
    let folder = tempdir().unwrap();
    let (code, sentence) = refusal(folder.path(), &["serve"], &[("AUTHY_API_KEY", "countersign-demo-key")]).await;
    assert!(code == 2 && sentence.starts_with("AUTHY_API_KEY must not be the key of the demo"), "{sentence}");
}

#[tokio::test]
async fn who_lets_other_machines_in_must_say_what_browsers_use() {
    let folder = tempdir().unwrap();
    let (code, sentence) = refusal(folder.path(), &["serve"], &[KEY, ANY_PORT, ("HOST", "0.0.0.0")]).await;
    assert!(code == 2 && sentence.starts_with("PUBLIC_URL is missing; set it to"), "{sentence}");
}

#[tokio::test]
async fn a_port_in_use_is_named() {
    let folder = tempdir().unwrap();
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    for (role, variables, setting) in [
        ("serve", [KEY, ("PORT", &*port)], "PORT"),
        ("simulator", [KEY, ("PORT", &*port)], "PORT"),
        ("demo", [ANY_PORT, ("SIMULATOR_PORT", &*port)], "SIMULATOR_PORT"),
    ] {
        let (code, sentence) = refusal(folder.path(), &[role], &variables).await;
        assert_eq!(code, 1);
        assert!(sentence.starts_with(&format!("port {port} on 127.0.0.1 is in use; ")), "{sentence}");
        assert!(sentence.contains(&format!("set {setting} to")), "{sentence}");
    }
    assert!(!folder.path().join("data").exists(), "what cannot start leaves nothing behind");
}

#[tokio::test]
async fn a_folder_that_cannot_be_made_is_named() {
    let folder = tempdir().unwrap();
    file_in(&folder, "data", "a file, where the folder should be");
    let (code, sentence) = refusal(folder.path(), &["serve"], &[KEY, ANY_PORT]).await;
    assert!(
        code == 1 && sentence.contains("sqlite:data/countersign.db") && sentence.contains("DATABASE_URL"),
        "{sentence}"
    );
}

#[tokio::test]
async fn a_place_where_the_phones_cannot_be_kept_is_named() {
    let folder = tempdir().unwrap();
    let path = format!("{}/phones.json", file_in(&folder, "data", "a file, where the folder should be"));
    let (code, sentence) = refusal(folder.path(), &["simulator"], &[KEY, ANY_PORT, ("SIMULATOR_STATE", &path)]).await;
    assert!(code == 1 && sentence.contains(&path) && sentence.contains("set SIMULATOR_STATE to"), "{sentence}");
}

#[tokio::test]
async fn a_database_that_is_none_is_named() {
    let folder = tempdir().unwrap();
    let path = file_in(&folder, "notes.txt", &"Not a database, but long enough to be taken for one. ".repeat(99));
    let url = format!("sqlite:{path}");
    let (code, sentence) = refusal(folder.path(), &["serve"], &[KEY, ANY_PORT, ("DATABASE_URL", &url)]).await;
    assert!(code == 1 && sentence.contains(&url), "{sentence}");
}

#[tokio::test]
async fn a_locked_database_is_named() {
    let folder = tempdir().unwrap();
    let url = format!("sqlite:{}", folder.path().join("locked.db").display());
    let mut holder = SqliteConnection::connect(&format!("{url}?mode=rwc")).await.unwrap();
    holder.execute("PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE; CREATE TABLE held (by TEXT)").await.unwrap();
    let (code, sentence) = refusal(folder.path(), &["serve"], &[KEY, ANY_PORT, ("DATABASE_URL", &url)]).await;
    assert!(code == 1 && sentence.contains(&url) && sentence.contains("locked"), "{sentence}");
}

#[tokio::test]
async fn a_mistake_in_the_file_is_named() {
    let folder = tempdir().unwrap();
    for (text, begin) in [
        ("[listen]\nport = 80 80\n", "line 2 of the configuration file "),
        ("[listen]\nprot = 80\n", "the configuration file "),
        ("[listen]\nport = \"many\"\n", "`listen.port` in "),
    ] {
        let path = file_in(&folder, "mine.toml", text);
        let (code, sentence) = refusal(folder.path(), &["demo", "--config", &path], &[]).await;
        assert!(code == 2 && sentence.starts_with(begin) && sentence.contains(&path), "{sentence}");
    }
    let (code, sentence) = refusal(folder.path(), &["--config", "none.toml"], &[]).await;
    assert!(code == 2 && sentence.starts_with("the configuration file none.toml cannot be read; "), "{sentence}");
}

#[tokio::test]
async fn a_mistake_in_a_variable_is_named_and_no_secret_is_told() {
    let folder = tempdir().unwrap();
    for (variable, value) in [
        ("PORT", "eighty"),
        ("HOST", "nowhere.example"),
        ("PUBLIC_URL", "login.example.com"),
        ("AUTHY_API_URL", "ftp://me:hunter2@example.com"),
        ("AUTHY_CALLBACK_URL", "https://me:hunter2@example.com/"),
        ("DATABASE_URL", "postgres://me:hunter2@example.com/db"),
        ("SIGN_IN_SECONDS", "0"),
        ("LOG", "=="),
    ] {
        let (code, sentence) = refusal(folder.path(), &["serve"], &[KEY, (variable, value)]).await;
        assert!(code == 2 && sentence.starts_with(&format!("{variable} must be ")), "{sentence}");
        assert!(!sentence.contains("hunter2"), "{sentence}");
    }
}
