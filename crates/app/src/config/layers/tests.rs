//! The layers, each rule of them, and that `config/default.toml` names everything there is.

use std::collections::BTreeSet;

use super::*;
use provider::Method;

use crate::config::LogFormat;

const ROLES: [(&str, Role); 6] = [
    ("serve", Role::Serve),
    ("demo", Role::Demo),
    ("receiver", Role::Receiver),
    ("hub", Role::Hub),
    ("simulator", Role::Simulator),
    ("operator", Role::Operator),
];

fn with(role: Role, variables: &[(&str, &str)]) -> Result<Config, ConfigError> {
    load(role, None, |name| {
        variables.iter().find(|(variable, _)| *variable == name).map(|(_, value)| OsString::from(value))
    })
}

fn with_file(text: &str) -> Result<Config, ConfigError> {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), text).unwrap();
    load(Role::Serve, Some(file.path()), |_| None)
}

/// A key as the documentation has it: its dotted name, its variable, and the roles in brackets after that.
fn documented() -> Vec<(String, String, String)> {
    let (mut section, mut about, mut found) = ("", ("", ""), Vec::new());
    for line in DEFAULTS.lines() {
        let comment = line.strip_prefix("# ");
        let words =
            comment.and_then(|comment| comment.split_once(" (")?.1.split_once("). ").zip(comment.split_once(" (")));
        if let Some(name) = line.strip_prefix('[') {
            section = name.trim_end_matches(']');
        } else if let Some(((roles, _), (variable, _))) = words.filter(|(_, (name, _))| is_variable(name)) {
            about = (variable, roles);
        } else if let Some((key, _)) = comment.unwrap_or(line).split_once(" = ").filter(|(key, _)| is_key(key)) {
            found.push((format!("{section}.{key}"), about.0.to_owned(), about.1.to_owned()));
        }
    }
    found
}

fn is_variable(word: &str) -> bool {
    word.chars().all(|one| one.is_ascii_uppercase() || one == '_')
}

fn is_key(word: &str) -> bool {
    word.chars().all(|one| one.is_ascii_lowercase() || one == '_')
}

#[test]
fn the_documentation_names_every_key_and_variable_and_no_other() {
    let documented: BTreeSet<_> = documented().into_iter().map(|(key, variable, _)| (key, variable)).collect();
    let known: BTreeSet<_> =
        keys().map(|key| (format!("{}.{}", key.section, key.name), key.variable.to_owned())).collect();
    assert_eq!(documented, known);
}

#[test]
fn a_role_reads_the_variables_whose_comment_names_it() {
    let known = ROLES.map(|(name, _)| name);
    for (_, variable, roles) in documented() {
        let named = |one: &str| one == "all roles" || known.contains(&one);
        assert!(roles.split(", ").all(named), "{variable} is read by {roles}");
        assert!(ROLES.iter().any(|(_, role)| role.reads(&variable)), "no role reads {variable}");
    }
    let reads =
        |variable| ROLES.iter().filter(|(_, role)| role.reads(variable)).map(|(name, _)| *name).collect::<Vec<_>>();
    assert_eq!(reads("AUTHY_API_KEY_PREVIOUS"), ["serve", "receiver"]);
    assert_eq!(reads("SIMULATOR_PORT"), ["demo"]);
    assert_eq!(reads("LOG"), known);
    assert_eq!(reads("PATH"), [""; 0]);
}

#[test]
fn the_defaults_alone_are_a_configuration() {
    let config = with(Role::Serve, &[]).unwrap();
    assert_eq!(config.listen.host.to_string(), "127.0.0.1");
    assert_eq!(config.authy.api_url.as_str(), "https://api.authy.com/");
    assert_eq!((config.product.sign_in_seconds, config.product.transaction_seconds), (120, 300));
    assert_eq!((config.simulator.port, config.simulator.callback_method), (3001, Method::Post));
    assert_eq!(config.log.format, LogFormat::Text);
    assert!(config.listen.port.is_none() && config.authy.api_key.is_none() && config.product.public_url.is_none());
}

#[test]
fn every_default_that_is_commented_out_is_a_value_that_is_taken() {
    let uncommented: String = DEFAULTS
        .lines()
        .map(|line| match line.strip_prefix("# ") {
            // A secret stands in one place: here, or in a file of its own.
            Some(key) if key.contains("_file = ") => "\n".to_owned(),
            Some(key) if key.split_once(" = ").is_some_and(|(key, _)| is_key(key)) => format!("{key}\n"),
            _ => format!("{line}\n"),
        })
        .collect();
    let config = with_file(&uncommented).unwrap();
    assert_eq!(config.listen.port, Some(3000));
    assert!(config.authy.callback_url.is_some() && config.product.database_url.is_some());
}

#[test]
fn a_variable_goes_over_the_file_and_the_file_over_the_defaults() {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), "[product]\nname = \"File\"\nsign_in_seconds = 60\n").unwrap();
    let variable = |name: &str| (name == "PRODUCT_NAME").then(|| OsString::from("Variable"));
    let config = load(Role::Serve, Some(file.path()), variable).unwrap();
    assert_eq!(config.product.name, "Variable");
    assert_eq!((config.product.sign_in_seconds, config.product.transaction_seconds), (60, 300));
}

#[test]
fn a_secret_of_digits_stays_as_it_was_written() {
    let config = with(Role::Serve, &[("AUTHY_API_KEY", "007")]).unwrap();
    assert_eq!(config.authy.api_key.as_ref().unwrap().expose(), "007");
    assert!(!format!("{config:?}").contains("007"));
}

#[test]
fn a_secret_may_stand_in_a_file_of_its_own_and_the_end_of_its_line_does_not_count() {
    let file = tempfile::NamedTempFile::new().unwrap();
    let path = file.path().to_str().unwrap();
    let all = ["AUTHY_API_KEY_FILE", "AUTHY_API_KEY_PREVIOUS_FILE", "NATS_PASSWORD_FILE", "NATS_TOKEN_FILE"]
        .map(|one| (one, path));
    for (text, secret) in
        [("s3cret", "s3cret"), ("s3cret\n", "s3cret"), ("s3cret\r\n", "s3cret"), (" s3 \n\n", " s3 \n")]
    {
        std::fs::write(file.path(), text).unwrap();
        let config = with(Role::Serve, &all).unwrap();
        let (authy, nats) = (&config.authy, &config.nats);
        for read in [&authy.api_key, &authy.api_key_previous, &nats.password, &nats.token] {
            assert_eq!(read.as_ref().unwrap().expose(), secret, "{text:?}");
        }
        assert!(!format!("{config:?}").contains("s3"));
    }
    assert!(with(Role::Demo, &all).unwrap().authy.api_key.is_none(), "the demo reads none of them");
}

#[test]
fn a_file_that_holds_no_secret_is_told_by_its_variable_and_never_by_what_it_holds_or_is_called() {
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str, bytes: &[u8]| {
        let path = folder.path().join(name);
        std::fs::write(&path, bytes).unwrap();
        path.to_str().unwrap().to_owned()
    };
    let unreadable = "AUTHY_API_KEY_FILE names a file that cannot be read (";
    let empty = "AUTHY_API_KEY_FILE names a file with nothing in it; put the secret there";
    for (path, begin) in [
        ("hunter2-in-the-wrong-variable".to_owned(), unreadable),
        (folder.path().to_str().unwrap().to_owned(), unreadable),
        (file("binary", b"hunter2\xff"), unreadable),
        (file("long", "hunter2".repeat(999).as_bytes()), unreadable),
        ("/dev/zero".to_owned(), unreadable),
        (file("empty", b""), empty),
        (file("blank", b" \t\n"), empty),
    ] {
        let error = with(Role::Serve, &[("AUTHY_API_KEY_FILE", &path)]).unwrap_err();
        assert!(error.to_string().starts_with(begin), "{error}");
        assert!(!format!("{error} {error:?}").contains("hunter2"), "{error}");
    }
    let both = [("NATS_TOKEN", "hunter2"), ("NATS_TOKEN_FILE", &file("token", b"hunter2"))];
    let sentence = "NATS_TOKEN and NATS_TOKEN_FILE exclude each other; set one of them";
    assert_eq!(with(Role::Serve, &both).unwrap_err().to_string(), sentence);
}

#[test]
fn a_value_of_nothing_counts_as_missing() {
    assert!(with(Role::Serve, &[("AUTHY_API_KEY", ""), ("PORT", "")]).unwrap().authy.api_key.is_none());
    assert!(with_file("[authy]\napi_key = \"\"\n").unwrap().authy.api_key.is_none());
}

#[test]
fn the_variables_of_other_roles_are_ignored() {
    let others = [("DATABASE_URL", "mysql://x"), ("PUBLIC_URL", "x"), ("AUTHY_API_URL", "x"), ("SIMULATOR_PORT", "x")];
    assert!(with(Role::Simulator, &others).is_ok());
    assert!(
        with(Role::Serve, &[("SIMULATOR_PORT", "x"), ("AUTHY_CALLBACK_METHOD", "x"), ("SIMULATOR_STATE", "x")]).is_ok()
    );
    assert!(with(Role::Demo, &[("AUTHY_API_URL", "x"), ("AUTHY_TIMEOUT_MS", "x")]).is_ok());
}

#[test]
fn a_wrong_variable_is_named_and_its_value_is_not_repeated() {
    for (variable, value, sentence) in [
        ("PORT", "http", "PORT must be a whole number from 0 to 65535"),
        ("PORT", "65536", "PORT must be a whole number from 0 to 65535"),
        ("HOST", "my host", "HOST must be an IP address or localhost"),
        ("SIGN_IN_SECONDS", "5", "SIGN_IN_SECONDS must be a whole number from 6 to 600"),
        ("AUTHY_TIMEOUT_MS", "-1", "AUTHY_TIMEOUT_MS must be a whole number from 100 to 60000"),
        ("AUTHY_API_URL", "api.authy.com", "AUTHY_API_URL must be a URL that begins with http:// or https://"),
        ("PUBLIC_URL", "http://login.example.com", "PUBLIC_URL must begin with https://, unless it is on this machine"),
        ("PUBLIC_URL", "https://x/y", "PUBLIC_URL must be http:// or https:// and a host, with nothing after it"),
        ("DATABASE_URL", "data.db", "DATABASE_URL must be sqlite: followed by the path of a file"),
        ("LOGO_URL", "logo.png", "LOGO_URL must be a URL that begins with http:// or https://"),
        ("PRODUCT_NAME", " ", "PRODUCT_NAME must be one line of 1 to 40 characters"),
        (
            "AUTHY_API_KEY",
            "key\u{200b}",
            "AUTHY_API_KEY has a character in it that cannot be seen; type it instead of pasting it",
        ),
        (
            "TRUSTED_PROXIES",
            "proxy.example",
            "TRUSTED_PROXIES must be IP addresses or networks, as in 10.0.0.0/8, with commas between them",
        ),
        ("FORWARDED_HEADER", "X-Real-IP", "FORWARDED_HEADER must be X-Forwarded-For or Forwarded"),
        ("LOG_FORMAT", "xml", "LOG_FORMAT must be text or json"),
    ] {
        assert_eq!(with(Role::Serve, &[(variable, value)]).unwrap_err().to_string(), sentence);
    }
}

#[test]
fn a_key_that_does_not_exist_is_refused() {
    for (text, key) in [
        ("[listen]\nprot = 3000\n", "listen.prot"),
        ("[server]\n", "server"),
        ("port = 1\n", "port"),
        ("[listen]\n\"a\\nb\" = 1\n", "listen.a\nb"),
    ] {
        let error = with_file(text).unwrap_err();
        assert!(matches!(&error, ConfigError::UnknownKey { key: found, .. } if found.starts_with(key)), "{error}");
        assert!(!error.to_string().contains(char::is_control), "it is one line: {error}");
    }
}

#[test]
fn a_broken_file_is_told_with_its_line_and_without_its_secrets() {
    let error = with_file("[authy]\napi_key = \"hunter2\n").unwrap_err();
    assert!(matches!(error, ConfigError::Syntax { line: 2, .. }), "{error:?}");
    assert!(!format!("{error} {error:?}").contains("hunter2"));
    let error = with_file("[authy]\napi_key = 12345\n").unwrap_err();
    assert!(error.to_string().starts_with("`authy.api_key` in "), "{error}");
    assert!(!format!("{error} {error:?}").contains("12345"));
}

#[test]
fn a_file_that_was_asked_for_must_be_there() {
    let error = load(Role::Serve, Some(Path::new("not/there.toml")), |_| None).unwrap_err();
    assert!(error.to_string().contains("not/there.toml"), "{error}");
}
