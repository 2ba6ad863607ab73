//! A process that has no file descriptor left. A test of its own binary, because the limit is the whole process's.

#![expect(clippy::unwrap_used, reason = "a test may panic")]

use std::fs::File;
use std::time::Duration;

use approval::Secret;
use provider::{ApiKey, Authy, AuthySettings, ProviderError};
use rustix::process::{Resource, getrlimit, setrlimit};

/// Takes all descriptors that are left, of a limit that is soon reached.
fn take_all() -> Vec<File> {
    let mut limit = getrlimit(Resource::Nofile);
    limit.current = Some(128);
    setrlimit(Resource::Nofile, limit).unwrap();
    std::iter::from_fn(|| File::open("/dev/null").ok()).collect()
}

#[tokio::test]
async fn a_lack_of_descriptors_is_not_blamed_on_the_provider() {
    // By its address, and by a name that has to be looked up.
    let clients = ["http://127.0.0.1:9", "http://localhost:9"].map(|base| {
        let (base_url, timeout) = (base.parse().unwrap(), Duration::from_secs(10));
        let api_key = ApiKey::new(Secret::new("a-key-of-the-tests")).unwrap();
        Authy::new(AuthySettings { base_url, api_key, timeout, calls_at_once: 8 }).unwrap()
    });
    let user = "1635".parse().unwrap();
    let taken = take_all();
    let mut answers = Vec::new();
    for authy in &clients {
        answers.push(authy.remove(&user).await);
    }
    drop(taken);
    for answer in answers {
        assert!(matches!(answer, Err(ProviderError::NoDescriptor(_))), "{answer:?}");
    }
    for authy in &clients {
        let answer = authy.remove(&user).await;
        assert!(matches!(answer, Err(ProviderError::Down(_))), "{answer:?}");
    }
}
