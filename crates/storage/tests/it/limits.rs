//! Limits: counted before the attempt, so that no number of attempts at once passes them.

use approval::Clock;
use sqlx::{Connection as _, SqliteConnection};
use storage::{AttemptKind, Delay, Delays, GuessTurn, Guesser, Limit, NetworkBlock, Share, Storage, Subject};
use time::Duration;

use crate::given::Given;

const FIVE: Limit = Limit { count: 5, window: Duration::minutes(10) };

fn ada() -> Subject {
    Subject::address("ada")
}

#[tokio::test]
async fn two_hundred_attempts_at_once_are_five() {
    let given = Given::empty().await;
    let mut tasks = tokio::task::JoinSet::new();
    for _ in 0..200 {
        let storage = given.storage.clone();
        tasks.spawn(async move { storage.limits().count(AttemptKind::Code, &[(ada(), FIVE)]).await.unwrap() });
    }
    let allowed = tasks.join_all().await.into_iter().flatten().count();
    assert_eq!(allowed, 5);
}

#[tokio::test]
async fn a_limit_opens_again_exactly_when_it_said() {
    let given = Given::empty().await;
    let attempt = async || given.storage.limits().count(AttemptKind::Code, &[(ada(), FIVE)]).await;
    attempt().await.unwrap().unwrap();
    given.pass(Duration::minutes(1));
    for _ in 0..4 {
        attempt().await.unwrap().unwrap();
    }
    let limited = attempt().await.unwrap().unwrap_err();
    assert_eq!(limited.retry_after, Duration::minutes(9));
    given.pass(limited.retry_after - Duration::milliseconds(1));
    assert!(attempt().await.unwrap().is_err());
    given.pass(Duration::milliseconds(1));
    assert!(attempt().await.unwrap().is_ok());
}

#[tokio::test]
async fn limits_count_each_subject_and_kind_apart_and_forget_the_forgiven() {
    let given = Given::empty().await;
    for _ in 0..5 {
        given.storage.limits().count(AttemptKind::Code, &[(ada(), FIVE)]).await.unwrap().unwrap();
    }
    assert!(
        given.storage.limits().count(AttemptKind::Code, &[(Subject::address("grace"), FIVE)]).await.unwrap().is_ok()
    );
    let other = given.storage.limits().count(AttemptKind::Push, &[(ada(), FIVE)]).await.unwrap().unwrap();
    given.storage.limits().take_back(other).await.unwrap();
    for _ in 0..5 {
        assert!(given.storage.limits().count(AttemptKind::Push, &[(ada(), FIVE)]).await.unwrap().is_ok());
    }
}

#[tokio::test]
async fn a_limit_holds_through_a_sweep_and_a_restart() {
    let given = Given::empty().await;
    for _ in 0..5 {
        given.storage.limits().count(AttemptKind::Code, &[(ada(), FIVE)]).await.unwrap().unwrap();
    }
    given.storage.maintenance().sweep().await.unwrap();
    given.storage.close().await;
    let storage = given.another_process().await;
    assert!(storage.limits().count(AttemptKind::Code, &[(ada(), FIVE)]).await.unwrap().is_err());
}

#[tokio::test]
async fn what_was_counted_before_sign_ups_and_turns_had_kinds_of_their_own_counts_on() {
    let folder = tempfile::tempdir().unwrap();
    let url = format!("sqlite:{}?mode=rwc", folder.path().join("test.db").display());
    let mut db = SqliteConnection::connect(&url).await.unwrap();
    let mut older = sqlx::migrate!("../../migrations/storage");
    older.migrations = older.migrations.iter().filter(|one| one.version < 8).cloned().collect();
    older.run(&mut db).await.unwrap();
    let clock = Clock::system();
    let now = i64::try_from(clock.now().unix_timestamp_nanos() / 1_000_000).unwrap();
    for (kind, subject) in
        [("push", "sign-up:network:192.0.2.1"), ("code", "turn:session:proof"), ("code", "account:ada")]
    {
        let row = "INSERT INTO attempts (kind, subject, at) VALUES ($1, $2, $3)";
        sqlx::query(row).bind(kind).bind(subject).bind(now).execute(&mut db).await.unwrap();
    }
    db.close().await.unwrap();
    let url = format!("sqlite:{}", folder.path().join("test.db").display());
    let storage = Storage::open(&url, clock).await.unwrap();
    let one = Limit { count: 1, window: Duration::HOUR };
    for (kind, subject) in [
        (AttemptKind::SignUp, Subject::network("192.0.2.1")),
        (AttemptKind::Turn, Subject::turn("session", "proof")),
        (AttemptKind::Code, ada()),
    ] {
        assert!(storage.limits().count(kind, &[(subject, one)]).await.unwrap().is_err(), "{kind:?}");
    }
}

#[tokio::test]
async fn a_clock_that_is_set_back_makes_a_limit_no_longer_than_its_window() {
    let given = Given::empty().await;
    let attempt = async || given.storage.limits().count(AttemptKind::Code, &[(ada(), FIVE)]).await;
    for _ in 0..5 {
        attempt().await.unwrap().unwrap();
    }
    given.pass(-Duration::HOUR);
    let limited = attempt().await.unwrap().unwrap_err();
    assert_eq!(limited.retry_after, FIVE.window);
    given.storage.maintenance().sweep().await.unwrap();
    given.pass(limited.retry_after - Duration::MILLISECOND);
    assert!(attempt().await.unwrap().is_err());
    given.pass(Duration::MILLISECOND);
    assert!(attempt().await.unwrap().is_ok());
}

#[tokio::test]
async fn refused_attempts_do_not_wait_for_the_writer() {
    let given = Given::empty().await;
    let user = given.account("ada@example.com").await;
    let delay = Delay { free: 1, first: Duration::SECOND, longest: Duration::MINUTE, window: Duration::HOUR };
    let delays = Delays { pair: delay, account: delay, network: Delay { free: 100, ..delay } };
    let block = NetworkBlock { name: "192.0.2.1".into(), times: 1 };
    let guesser = Guesser { limited: vec![block.clone()], fair: block };
    let (known, unknown) = ("ada@example.com", "eve@example.com");
    let guess =
        async |email| given.storage.limits().count_guess(email, &guesser, delays, GuessTurn::Now).await.unwrap();
    let share = Share { of: ada(), limit: FIVE, own: Subject::share(&ada(), "192.0.2.0/24") };
    let send =
        async || given.storage.limits().count_shared(AttemptKind::CodeSent, &[], std::slice::from_ref(&share)).await;
    for email in [known, unknown] {
        given.storage.limits().record_wrong_guess(&guess(email).await.unwrap()).await.unwrap();
        // The first refusal is noted, whether there is an account or not.
        guess(email).await.unwrap_err();
    }
    while send().await.unwrap().is_ok() {}
    let url = format!("sqlite:{}", given.folder.path().join("test.db").display());
    let mut db = SqliteConnection::connect(&url).await.unwrap();
    let _writing = db.begin_with("BEGIN IMMEDIATE").await.unwrap();
    let refused = async {
        guess(known).await.unwrap_err();
        guess(unknown).await.unwrap_err();
        send().await.unwrap().unwrap_err();
    };
    tokio::time::timeout(std::time::Duration::from_secs(2), refused).await.expect("nothing has to be written");
    let noted = given.storage.audit().of_account(user).await.unwrap();
    assert_eq!(noted.iter().filter(|row| row.kind == "limit_reached").count(), 1);
}
