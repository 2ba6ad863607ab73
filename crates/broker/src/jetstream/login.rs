//! The login. Credentials are read again at each connection, so that they can be exchanged in place. Reaches no server.

use std::fs::File;
use std::io::{self, Read as _};
use std::path::Path;

use async_nats::Auth;
use nkeys::KeyPair;

use super::settings::Credentials;

/// At most this many bytes of a credentials file are read.
const LONGEST: u64 = 64 * 1024;

/// The login that is sent to the server, with its `nonce` signed where the credentials have a key.
///
/// # Errors
/// When a file cannot be read, or holds no such credentials. No error quotes what the file holds.
pub(super) fn auth(credentials: &Credentials, nonce: &[u8]) -> io::Result<Auth> {
    let mut auth = Auth::new();
    match credentials {
        Credentials::None => {}
        Credentials::Password { user, password } => {
            auth.username = Some(user.clone());
            auth.password = Some(password.expose().to_owned());
        }
        Credentials::PasswordFile { user, path } => {
            auth.username = Some(user.clone());
            auth.password = Some(line(path)?);
        }
        Credentials::Token(token) => auth.token = Some(token.expose().to_owned()),
        Credentials::TokenFile(path) => auth.token = Some(line(path)?),
        Credentials::Nkey(path) => {
            let pair = pair(read(path)?.trim())?;
            auth.signature = Some(signed(&pair, nonce)?);
            auth.nkey = Some(pair.public_key());
        }
        Credentials::File(path) => {
            let text = read(path)?;
            let (jwt, seed) = parts(&text).ok_or_else(|| invalid("it holds no JWT with its seed"))?;
            auth.signature = Some(signed(&pair(seed)?, nonce)?);
            auth.jwt = Some(jwt.to_owned());
        }
    }
    Ok(auth)
}

/// The JWT and the seed of a file as `nsc` writes it: each is the line after one that begins with dashes.
fn parts(text: &str) -> Option<(&str, &str)> {
    let mut lines = text.lines().map(str::trim);
    let mut next = || {
        lines.by_ref().find(|line| line.starts_with("---") && line.contains("BEGIN"))?;
        lines.by_ref().find(|line| !line.is_empty())
    };
    Some((next()?, next()?))
}

/// A secret that stands in a file by itself; the end of its line does not count.
fn line(path: &Path) -> io::Result<String> {
    let text = read(path)?;
    let line = text.strip_suffix('\n').map_or(&*text, |line| line.strip_suffix('\r').unwrap_or(line));
    if line.trim().is_empty() { Err(invalid("it is empty")) } else { Ok(line.to_owned()) }
}

fn read(path: &Path) -> io::Result<String> {
    let mut text = String::new();
    File::open(path)?.take(LONGEST).read_to_string(&mut text)?;
    Ok(text)
}

fn pair(seed: &str) -> io::Result<KeyPair> {
    KeyPair::from_seed(seed).map_err(|_| invalid("it holds no seed of an nkey"))
}

fn signed(pair: &KeyPair, nonce: &[u8]) -> io::Result<Vec<u8>> {
    pair.sign(nonce).map_err(|_| invalid("its seed signs nothing"))
}

fn invalid(why: &'static str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidInput, why)
}

#[cfg(test)]
mod tests {
    use approval::Secret;

    use super::*;

    const CREDENTIALS: &str = "-----BEGIN NATS USER JWT-----\neyJ0.eyJq.c2ln\n------END NATS USER JWT------\n\n\
        ************************* IMPORTANT *************************\nNKEY Seed printed below.\n\n\
        -----BEGIN USER NKEY SEED-----\nSUACSSL3UAHUDXKFSNVUZRF5UHPMWZ6BFDTJ7M6USDXIEDNPPQYYYCU3VY\n\
        ------END USER NKEY SEED------\n";

    #[test]
    fn a_file_is_read_anew_each_time_whatever_it_holds() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("secret");
        let token = Credentials::TokenFile(path.clone());
        for (written, read) in [("one\n", "one"), ("two\r\n", "two"), ("three ", "three ")] {
            std::fs::write(&path, written).unwrap();
            assert_eq!(auth(&token, b"").unwrap().token.unwrap(), read);
        }
        let password = Credentials::PasswordFile { user: "ada".to_owned(), path: path.clone() };
        assert_eq!(auth(&password, b"").unwrap().password.unwrap(), "three ");
        for credentials in [token, Credentials::Nkey(path.clone()), Credentials::File(path.clone())] {
            std::fs::write(&path, "\n").unwrap();
            assert!(auth(&credentials, b"nonce").is_err(), "{credentials:?}");
        }
        for text in [CREDENTIALS.to_owned(), CREDENTIALS.replace('\n', "\r\n")] {
            std::fs::write(&path, text).unwrap();
            let auth = auth(&Credentials::File(path.clone()), b"nonce").unwrap();
            assert_eq!((auth.jwt.unwrap(), auth.signature.unwrap().len()), ("eyJ0.eyJq.c2ln".to_owned(), 64));
        }
    }

    #[test]
    fn no_error_and_no_print_quotes_a_secret() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("secret");
        std::fs::write(&path, "canary").unwrap();
        for credentials in [
            Credentials::Nkey(path.clone()),
            Credentials::File(path.clone()),
            Credentials::Password { user: "ada".to_owned(), password: Secret::new("canary") },
        ] {
            let error = auth(&credentials, b"nonce").err().map(|error| error.to_string()).unwrap_or_default();
            assert!(!format!("{credentials:?} {error}").contains("canary"));
        }
    }
}
