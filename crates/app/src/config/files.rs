//! Secrets that stand in files of their own, as container platforms and service managers hand them out. Tells neither
//! what a file holds nor its path: whoever mixes up the variables has put the secret there.

use std::fs::File;
use std::io::{self, Read as _};
use std::path::Path;

use approval::Secret;

use super::Config;
use super::error::ConfigError;
use super::role::Role;
use super::values::is_unseen;

/// No key or password is as long; whoever names a device or a log by mistake is told so at once.
const LONGEST: u64 = 4096;

/// The configuration with the secrets that `role` reads from files in their places.
///
/// # Errors
/// When a file cannot be read or holds no secret, or when the secret is configured as well.
pub(super) fn with_secrets(mut config: Config, role: Role) -> Result<Config, ConfigError> {
    let (authy, nats) = (&mut config.authy, &mut config.nats);
    for (variable, file, secret) in [
        ("AUTHY_API_KEY", &authy.api_key_file, &mut authy.api_key),
        ("AUTHY_API_KEY_PREVIOUS", &authy.api_key_previous_file, &mut authy.api_key_previous),
        ("NATS_PASSWORD", &nats.password_file, &mut nats.password),
        ("NATS_TOKEN", &nats.token_file, &mut nats.token),
    ] {
        if role.reads(variable) {
            in_place(variable, file.as_deref(), secret)?;
        }
    }
    Ok(config)
}

fn in_place(variable: &str, file: Option<&Path>, secret: &mut Option<Secret>) -> Result<(), ConfigError> {
    let Some(path) = file else { return Ok(()) };
    let name = format!("{variable}_FILE");
    if secret.is_some() {
        return Err(ConfigError::value(variable, format!("and {name} exclude each other; set one of them")));
    }
    let text = read(path).map_err(|cause| {
        let why = io::Error::from(cause.kind());
        ConfigError::value(
            &*name,
            format!("names a file that cannot be read ({why}); check that it is there and yours to read"),
        )
    })?;
    let line = text.strip_suffix('\n').map_or(&*text, |line| line.strip_suffix('\r').unwrap_or(line));
    if line.trim().is_empty() {
        return Err(ConfigError::value(name, "names a file with nothing in it; put the secret there"));
    }
    if line.contains(is_unseen) {
        return Err(ConfigError::value(
            name,
            "names a file whose secret has a character in it that cannot be seen; write it anew",
        ));
    }
    *secret = Some(Secret::new(line));
    Ok(())
}

fn read(path: &Path) -> io::Result<String> {
    let mut text = String::new();
    File::open(path)?.take(LONGEST + 1).read_to_string(&mut text)?;
    if text.len() as u64 > LONGEST { Err(io::ErrorKind::FileTooLarge.into()) } else { Ok(text) }
}
