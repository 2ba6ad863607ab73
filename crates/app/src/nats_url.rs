//! Takes user and password, or a token, out of `NATS_URL`: the client library ignores them there. Reaches nothing, and
//! no error quotes a part of the URL.

use approval::Secret;
use broker::Credentials;
use percent_encoding::percent_decode_str;
use url::Url;

use crate::config::ConfigError;

/// The addresses without a login, and the login that one of them held. It counts for all addresses. An address that
/// cannot be parsed stays as it is; connecting refuses it.
///
/// # Errors
/// When two addresses hold different logins, or a login is not UTF-8 text.
pub(crate) fn without_login(url: &Secret) -> Result<(Secret, Option<Credentials>), ConfigError> {
    let (mut addresses, mut found) = (Vec::new(), None);
    for address in url.expose().split(',').map(str::trim) {
        let whole = if address.contains("://") { address.to_owned() } else { format!("nats://{address}") };
        let Ok(mut whole) = Url::parse(&whole) else {
            addresses.push(address.to_owned());
            continue;
        };
        if let Some(login) = login(&whole)? {
            if found.as_ref().is_some_and(|found| *found != login) {
                return Err(ConfigError::value(
                    "NATS_URL",
                    "holds different logins; give all its addresses the same one",
                ));
            }
            found = Some(login);
            // Setters fail only for URLs that cannot hold a login at all.
            let _ = whole.set_username("").and_then(|()| whole.set_password(None));
        }
        addresses.push(whole.into());
    }
    let credentials = found.map(|(name, password)| match password {
        Some(password) => Credentials::Password { user: name, password },
        None => Credentials::Token(Secret::new(name)),
    });
    Ok((Secret::new(addresses.join(",")), credentials))
}

/// A user with a password, or a token by itself.
fn login(url: &Url) -> Result<Option<(String, Option<Secret>)>, ConfigError> {
    if url.username().is_empty() && url.password().is_none() {
        return Ok(None);
    }
    let decoded = |text: &str| {
        let text = percent_decode_str(text).decode_utf8();
        text.map(String::from).map_err(|_| ConfigError::value("NATS_URL", "holds a login that is not UTF-8 text"))
    };
    Ok(Some((decoded(url.username())?, url.password().map(decoded).transpose()?.map(Secret::new))))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(url: &str) -> (String, Option<Credentials>) {
        let (url, credentials) = without_login(&Secret::new(url)).unwrap();
        (url.expose().to_owned(), credentials)
    }

    #[test]
    fn a_user_and_a_password_are_taken_out_and_decoded() {
        for url in ["nats://ada:p%40ss%3A%2F%25w@10.0.0.1:4222", "ada:p%40ss%3A%2F%25w@10.0.0.1:4222"] {
            let (url, credentials) = read(url);
            assert_eq!(url, "nats://10.0.0.1:4222");
            let Some(Credentials::Password { user, password }) = credentials else { panic!("{credentials:?}") };
            assert_eq!((&*user, password.expose()), ("ada", "p@ss:/%w"));
        }
    }

    #[test]
    fn a_name_by_itself_is_a_token() {
        let (url, credentials) = read("tls://s%2Fecret@nats.example.com");
        assert_eq!(url, "tls://nats.example.com");
        assert!(matches!(credentials, Some(Credentials::Token(token)) if token.expose() == "s/ecret"));
    }

    #[test]
    fn the_login_of_one_address_counts_for_all_and_two_logins_are_refused() {
        let (url, credentials) = read("nats://a:b@10.0.0.1:4222, nats://10.0.0.2:4222,nats://a:b@[::1]:4223");
        assert_eq!(url, "nats://10.0.0.1:4222,nats://10.0.0.2:4222,nats://[::1]:4223");
        assert!(matches!(credentials, Some(Credentials::Password { .. })));
        let error = without_login(&Secret::new("nats://a:canary@10.0.0.1,nats://a:other@10.0.0.2")).unwrap_err();
        assert!(error.to_string().contains("different logins") && !error.to_string().contains("canary"));
    }

    #[test]
    fn an_address_without_a_login_stays_as_it_is() {
        for url in ["nats://127.0.0.1:4222", "nats://nats", "not a url", "tls://[::1]:4222"] {
            let (read, credentials) = read(url);
            assert!(read == url && credentials.is_none(), "{read}");
        }
    }
}
