//! The configuration, from a file and from variables: a file, a NUL, and lines of `NAME=VALUE`. A mistake is one
//! sentence, and no secret is ever told.

use std::cell::RefCell;
use std::ffi::OsString;
use std::fs;
use std::os::unix::ffi::OsStringExt as _;

use tempfile::NamedTempFile;

use crate::config::{Config, ConfigError, Role, load};

/// Stands in the seeds wherever a secret may stand.
const CANARY: &str = "hunter2";

thread_local! {
    static FILE: RefCell<NamedTempFile> = RefCell::new(NamedTempFile::new().expect("a file for the test"));
}

pub(crate) fn check(input: &[u8]) {
    let mut parts = input.splitn(2, |byte| *byte == 0);
    let (file, variables) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
    let variable = |name: &str| {
        let mut lines = variables.split(|byte| *byte == b'\n');
        let value = lines.find_map(|line| line.strip_prefix(name.as_bytes())?.strip_prefix(b"="))?;
        Some(OsString::from_vec(value.to_vec()))
    };
    FILE.with_borrow(|path| {
        fs::write(path, file).expect("the file is written");
        for role in [Role::Serve, Role::Simulator] {
            match load(role, Some(path.path()), variable) {
                Ok(config) => tells_no_secret(config),
                Err(error) => is_a_sentence(&error),
            }
        }
    });
}

fn is_a_sentence(error: &ConfigError) {
    let told = error.to_string();
    assert!(!told.is_empty() && !told.contains(char::is_control), "{told:?}");
    let names_a_key = matches!(error, ConfigError::UnknownKey { .. });
    assert!(names_a_key || !format!("{told}{error:?}").contains(CANARY), "{error:?}");
}

fn tells_no_secret(mut config: Config) {
    let count = |config: &Config| format!("{config:?}").matches(CANARY).count();
    let told = count(&config);
    (config.authy.api_key, config.authy.api_key_previous) = (None, None);
    (config.nats.url, config.nats.password, config.nats.token) = (None, None, None);
    assert_eq!(told, count(&config), "{config:?}");
}
