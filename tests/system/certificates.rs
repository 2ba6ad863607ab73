//! A machine without certificates of authorities, as small container images are: what calls no `https:` starts there, and
//! everything else says in one sentence what is missing.

use tempfile::tempdir;

use crate::client::get;
use crate::process::{Ended, Process};

/// No bundle, and no folder of certificates.
const NO_AUTHORITIES: [(&str, &str); 2] = [("SSL_CERT_FILE", "/nonexistent"), ("SSL_CERT_DIR", "/nonexistent")];
const MISSING: &str = "no certificates of authorities are on this machine; install ca-certificates";
const OWN: [(&str, &str); 2] = [("AUTHY_API_KEY", "12345"), ("PORT", "0")];
const PLAIN: (&str, &str) = ("AUTHY_API_URL", "http://127.0.0.1:9");

fn start(role: &str, folder: &tempfile::TempDir, variables: &[(&str, &str)]) -> Process {
    Process::start(folder.path(), &[role], &[&OWN[..], &NO_AUTHORITIES, variables].concat())
}

#[tokio::test]
async fn what_calls_no_https_starts_without_certificates() {
    let folder = tempdir().unwrap();
    let mut demo = start("demo", &folder, &[("SIMULATOR_PORT", "0")]);
    assert!(demo.line().await.contains("Countersign is running"));
    let plain = ("AUTHY_CALLBACK_URL", "http://127.0.0.1:9/authy/callback");
    for (role, variables) in [("serve", &[PLAIN][..]), ("simulator", &[]), ("simulator", &[plain])] {
        let mut process = start(role, &folder, variables);
        let url = process.url().await;
        assert_eq!(get(&url).await.0, 200, "{role} {variables:?}");
    }
}

#[tokio::test]
async fn what_calls_https_says_that_certificates_are_missing_and_what_to_do() {
    let folder = tempdir().unwrap();
    let secure = ("AUTHY_CALLBACK_URL", "https://login.example.com/authy/callback");
    let nats = ("NATS_URL", "tls://127.0.0.1:9");
    for (role, variables) in [("serve", &[][..]), ("simulator", &[secure]), ("serve", &[PLAIN, nats])] {
        let Ended { status, errors, .. } = start(role, &folder, variables).ended().await;
        let said = errors.last().cloned().unwrap_or_default();
        assert!(!status.success() && said.contains(MISSING) && said.contains("SSL_CERT_FILE"), "{role}: {errors:?}");
        assert!(!said.contains("another place"), "{said}");
        assert_eq!(said.contains("NATS_CA"), variables.contains(&nats), "{said}");
    }
}
