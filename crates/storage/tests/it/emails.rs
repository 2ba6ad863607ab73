//! Addresses of accounts from before there were keys: who keeps what, and that nobody is locked out.

use std::sync::atomic::{AtomicUsize, Ordering};

use sqlx::{Connection as _, SqliteConnection};
use storage::{CanonicalEmail, Completed, Heard, Unsettled};
use time::Duration;
use tokio::runtime::Handle;
use tokio::task::block_in_place;

use crate::given::{Given, callback};

/// A canonical form for tests: without a dot at the end and in lower case; what has a space in it has none.
fn canonical(email: &str) -> Option<CanonicalEmail> {
    let shown = email.trim_end_matches('.').replace("xn--bcher-kva", "bücher");
    let key = shown.replace("bücher", "xn--bcher-kva");
    (!email.contains(' ')).then_some(CanonicalEmail { key, shown })
}

/// Makes the rows what they were before there were keys.
async fn unsettle(given: &Given) {
    let url = format!("sqlite:{}", given.folder.path().join("test.db").display());
    let mut db = SqliteConnection::connect(&url).await.unwrap();
    sqlx::query("UPDATE users SET email_key = NULL, email_settled = 0").execute(&mut db).await.unwrap();
    db.close().await.unwrap();
}

async fn found(given: &Given, typed: &str) -> Option<String> {
    let key = canonical(typed).map_or_else(|| typed.to_owned(), |canonical| canonical.key);
    given.storage.accounts().stored_email(typed, &key).await.unwrap()
}

#[tokio::test]
async fn an_account_from_before_is_found_in_every_spelling_afterwards() {
    let given = Given::empty().await;
    given.account("ada@xn--bcher-kva.de").await;
    unsettle(&given).await;
    assert_eq!(given.storage.accounts().settle_emails(canonical).await.unwrap(), []);
    for spelling in ["ada@bücher.de", "ada@xn--bcher-kva.de", "ada@bücher.de."] {
        assert_eq!(found(&given, spelling).await.as_deref(), Some("ada@bücher.de"), "{spelling}");
    }
    assert_eq!(found(&given, "ada@example.com").await, None);
}

#[tokio::test]
async fn of_two_accounts_with_one_address_each_is_found_by_its_old_spelling() {
    for (older, younger) in [("ada@bücher.de", "ada@xn--bcher-kva.de"), ("ada@xn--bcher-kva.de", "ada@bücher.de")] {
        let given = Given::empty().await;
        let first = given.account(older).await;
        given.pass(Duration::SECOND);
        let second = given.account(younger).await;
        unsettle(&given).await;
        let told = Unsettled::Shared { older: older.into(), younger: younger.into() };
        assert_eq!(given.storage.accounts().settle_emails(canonical).await.unwrap(), [told]);
        for (spelling, account) in [(older, first), (younger, second), ("ada@bücher.de.", first)] {
            let email = found(&given, spelling).await.unwrap();
            assert_eq!(given.storage.accounts().find(&email).await.unwrap().unwrap().id, account, "{spelling}");
        }
    }
}

#[tokio::test]
async fn settling_again_changes_nothing_and_says_nothing() {
    let given = Given::empty().await;
    given.account("ada@bücher.de").await;
    given.pass(Duration::SECOND);
    given.account("ada@xn--bcher-kva.de").await;
    given.account("a b@example.com").await;
    unsettle(&given).await;
    assert_eq!(given.storage.accounts().settle_emails(canonical).await.unwrap().len(), 2);
    let nobody_asks = |_: &str| panic!("there is nothing to do");
    assert_eq!(given.storage.accounts().settle_emails(nobody_asks).await.unwrap(), []);
    assert_eq!(given.another_process().await.accounts().settle_emails(nobody_asks).await.unwrap(), []);
}

#[tokio::test]
async fn an_address_without_a_canonical_form_stays_good_for_its_account() {
    let given = Given::empty().await;
    given.account("a b@example.com").await;
    unsettle(&given).await;
    let told = Unsettled::Irregular { email: "a b@example.com".into() };
    assert_eq!(given.storage.accounts().settle_emails(canonical).await.unwrap(), [told]);
    assert_eq!(found(&given, "a b@example.com").await.as_deref(), Some("a b@example.com"));
}

#[tokio::test]
async fn a_pending_sign_up_from_before_takes_no_address_in_another_spelling() {
    let given = Given::empty().await;
    let pending = given.sign_up("ada@xn--bcher-kva.de").await;
    given.account("ada@bücher.de").await;
    unsettle(&given).await;
    assert_eq!(given.storage.accounts().settle_emails(canonical).await.unwrap(), []);
    let request = given.sent(&pending).await;
    given.storage.approvals().decide(&callback(&request, "approved"), Heard::Callback).await.unwrap();
    assert_eq!(given.complete(&pending, given.new_token(&pending)).await, Completed::AlreadyRegistered);
}

/// So many accounts from before there were keys. Each second one has the address of the one before it in another
/// spelling.
async fn accounts_from_before(given: &Given, count: i64) {
    let url = format!("sqlite:{}", given.folder.path().join("test.db").display());
    let mut db = SqliteConnection::connect(&url).await.unwrap();
    sqlx::query(
        "WITH RECURSIVE n (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < $1)
         INSERT INTO users (id, full_name, email, phone, password_hash, provider_user, created_at, active_at)
         SELECT printf('01935f6e-7c00-7000-8000-%012d', n), 'Ada', 'ada' || ((n + 1) / 2) || '@example.com' ||
            iif(n % 2, '', '.'), '+12015550123', '$argon2id$', '688611', n, n FROM n",
    )
    .bind(count)
    .execute(&mut db)
    .await
    .unwrap();
    db.close().await.unwrap();
}

async fn unsettled_count(given: &Given) -> i64 {
    let url = format!("sqlite:{}", given.folder.path().join("test.db").display());
    let mut db = SqliteConnection::connect(&url).await.unwrap();
    sqlx::query_scalar("SELECT count(*) FROM users WHERE email_settled = 0").fetch_one(&mut db).await.unwrap()
}

#[tokio::test]
async fn settling_goes_on_where_it_stopped() {
    let given = Given::empty().await;
    accounts_from_before(&given, 1_100).await;
    let asked = AtomicUsize::new(0);
    let stops = move |email: &str| {
        assert!(asked.fetch_add(1, Ordering::Relaxed) < 700, "this process ends");
        canonical(email)
    };
    let storage = given.storage.clone();
    let stopped = tokio::spawn(async move { storage.accounts().settle_emails(stops).await.map(|_| ()) }).await;
    assert!(stopped.is_err());
    assert_eq!(unsettled_count(&given).await, 600);
    assert_eq!(given.storage.accounts().settle_emails(canonical).await.unwrap().len(), 300, "each pair of the rest");
    assert_eq!(unsettled_count(&given).await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn settling_keeps_no_other_process_from_writing_while_it_computes_keys() {
    let given = Given::empty().await;
    given.account("ada@example.com").await;
    unsettle(&given).await;
    let url = format!("sqlite:{}", given.folder.path().join("test.db").display());
    let written = AtomicUsize::new(0);
    let writes = |email: &str| {
        let write = async {
            let mut db = SqliteConnection::connect(&url).await.unwrap();
            sqlx::query("PRAGMA busy_timeout = 0").execute(&mut db).await.unwrap();
            sqlx::query("UPDATE users SET full_name = 'Ada'").execute(&mut db).await.expect("the writer is free");
            db.close().await.unwrap();
        };
        block_in_place(|| Handle::current().block_on(write));
        written.fetch_add(1, Ordering::Relaxed);
        canonical(email)
    };
    assert_eq!(given.storage.accounts().settle_emails(writes).await.unwrap(), []);
    assert_eq!(written.load(Ordering::Relaxed), 1);
}

#[tokio::test]
async fn two_processes_that_settle_at_once_give_each_key_to_the_older_account() {
    let given = Given::empty().await;
    accounts_from_before(&given, 1_200).await;
    let other = given.another_process().await;
    let (one, two) =
        tokio::join!(given.storage.accounts().settle_emails(canonical), other.accounts().settle_emails(canonical));
    let told = [one.unwrap(), two.unwrap()].concat();
    assert_eq!(told.len(), 600, "each account is told once");
    for told in told {
        let Unsettled::Shared { older, younger } = told else { panic!("{told:?}") };
        assert_eq!(format!("{older}."), younger);
    }
    assert_eq!(found(&given, "ada7@example.com..").await.as_deref(), Some("ada7@example.com"));
}
