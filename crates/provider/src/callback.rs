//! What a verified callback says. Reads the signed text only: not the request, not the JSON it came as, which can be
//! spelled in more ways than the signature tells apart. Decides nothing.

use std::str::FromStr;

use approval::{Callback, Echo, Flat};
use thiserror::Error;
use time::OffsetDateTime;

use crate::Verified;

/// A signed callback that does not say what it is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("the signed callback has no readable {field}")]
pub struct Unreadable {
    /// The parameter that is absent, empty, no single value, no id where it should be one, or stands twice.
    pub field: &'static str,
}

const MESSAGE: &str = "approval_request[transaction][message]";
const DETAILS: &str = "approval_request[transaction][details]";
const HIDDEN: &str = "approval_request[transaction][hidden_details]";

impl Verified {
    /// Reads the callback, which came in at `received_at`. The status is passed on as the word it is.
    ///
    /// # Errors
    /// [`Unreadable`] when the user, the request or the status cannot be read. Everything else may be absent.
    pub fn callback(&self, received_at: OffsetDateTime) -> Result<Callback, Unreadable> {
        let params = Params::read(&self.params);
        Ok(Callback {
            request: params.id("uuid")?,
            provider_user: params.id("authy_id")?,
            status: params.required("status")?,
            echo: Echo { message: params.single(MESSAGE)?, details: params.flat(DETAILS), hidden: params.flat(HIDDEN) },
            received_at,
        })
    }
}

/// Names and values, decoded.
struct Params(Vec<(String, String)>);

impl Params {
    fn read(query: &str) -> Self {
        Self(form_urlencoded::parse(query.as_bytes()).into_owned().collect())
    }

    /// The value under `name`. Empty and absent are the same: `null`, `""` and nothing are signed alike.
    fn single(&self, name: &'static str) -> Result<Option<String>, Unreadable> {
        let mut values = self.0.iter().filter(|(one, _)| one == name).map(|(_, value)| value);
        match (values.next(), values.next()) {
            (_, Some(_)) => Err(Unreadable { field: name }),
            (value, None) => Ok(value.filter(|value| !value.is_empty()).cloned()),
        }
    }

    fn required(&self, name: &'static str) -> Result<String, Unreadable> {
        self.single(name)?.ok_or(Unreadable { field: name })
    }

    fn id<T: FromStr>(&self, name: &'static str) -> Result<T, Unreadable> {
        self.required(name)?.parse().map_err(|_| Unreadable { field: name })
    }

    /// The map under `name`, `None` when it is absent, null or empty. What is there and no map of single values
    /// appears under the empty label, which nothing that was shown can have, or under one that tells its nesting:
    /// it never agrees.
    fn flat(&self, name: &str) -> Option<Flat> {
        let mut flat = Flat::new();
        for (key, value) in &self.0 {
            let label = match key.strip_prefix(name) {
                Some("") if value.is_empty() => continue,
                Some("") => "",
                Some(rest) => match rest.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
                    Some(label) if !flat.contains_key(label) => label,
                    Some(_) | None => "",
                },
                None => continue,
            };
            flat.insert(label.to_owned(), value.clone());
        }
        (!flat.is_empty()).then_some(flat)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{SignedWith, canonical};

    const NOW: OffsetDateTime = OffsetDateTime::UNIX_EPOCH;

    fn read(params: &str) -> Result<Callback, Unreadable> {
        Verified { params: params.to_owned(), with: SignedWith::Current }.callback(NOW)
    }

    fn echo_of(transaction: &str) -> Echo {
        let body =
            format!(r#"{{"authy_id":1,"uuid":"u","status":"s","approval_request":{{"transaction":{transaction}}}}}"#);
        read(&canonical(body.as_bytes()).unwrap()).unwrap().echo
    }

    fn flat<const N: usize>(pairs: [(&str, &str); N]) -> Flat {
        pairs.into_iter().map(|(label, value)| (label.to_owned(), value.to_owned())).collect()
    }

    #[test]
    fn user_request_and_status_are_required() {
        for (params, field) in [
            ("", "uuid"),
            ("authy_id=1&status=approved", "uuid"),
            ("authy_id=1&status=approved&uuid=", "uuid"),
            ("status=approved&uuid=u", "authy_id"),
            ("authy_id=1&uuid=u", "status"),
            ("authy_id=1&status=&uuid=u", "status"),
            ("authy_id=1&status[]=approved&uuid=u", "status"),
            ("authy_id=1&status=denied&status=approved&uuid=u", "status"),
            ("authy_id=1&status=approved&uuid=..%2Fsms", "uuid"),
            ("authy_id=1%202&status=approved&uuid=u", "authy_id"),
        ] {
            assert_eq!(read(params), Err(Unreadable { field }), "{params}");
        }
    }

    #[test]
    fn an_absent_null_or_empty_echo_is_none() {
        for transaction in [
            "null",
            "{}",
            r#"{"message":null,"details":null,"hidden_details":null}"#,
            r#"{"message":"","details":"","hidden_details":""}"#,
            r#"{"details":{},"hidden_details":[]}"#,
        ] {
            assert_eq!(echo_of(transaction), Echo::default(), "{transaction}");
        }
    }

    #[test]
    fn details_are_read_with_labels_of_any_spelling() {
        let echo = echo_of(
            r#"{"message":"Send?","details":{"Amount [€]":"1","a&b=c":2,"~":null},"hidden_details":{"digest":"00"}}"#,
        );
        assert_eq!(echo.message.as_deref(), Some("Send?"));
        assert_eq!(echo.details.unwrap(), flat([("Amount [€]", "1"), ("a&b=c", "2"), ("~", "")]));
        assert_eq!(echo.hidden.unwrap(), flat([("digest", "00")]));
    }

    #[test]
    fn details_that_are_no_map_of_single_values_can_agree_with_nothing() {
        for details in [r#""text""#, "7", "true", r#"["Amount","1"]"#, r#"[{"Amount":"1"}]"#, r#"{"":"1"}"#] {
            let details = echo_of(&format!(r#"{{"details":{details}}}"#)).details.unwrap();
            let label = details.keys().next().unwrap();
            assert!(label.is_empty() || label.starts_with(']'), "{details:?}");
        }
    }

    #[test]
    fn a_callback_of_2016_is_read_at_its_top_level() {
        let inspected = "approval_request=%7B%22transaction%22%3D%3E%7B%22details%22%3D%3Enil%7D%7D";
        let callback = read(&format!("{inspected}&authy_id=1234&status=denied&uuid=u")).unwrap();
        assert_eq!((callback.provider_user.as_str(), callback.status.as_str()), ("1234", "denied"));
        assert_eq!(callback.echo, Echo::default());
    }

    #[test]
    fn members_flattened_by_somebody_else_are_read_as_what_was_signed() {
        let flattened = r#"{"authy_id":1,"uuid":"u","status":"s","approval_request[transaction][message]":"Send?"}"#;
        let callback = read(&canonical(flattened.as_bytes()).unwrap()).unwrap();
        assert_eq!(callback.echo.message.as_deref(), Some("Send?"));
    }
}
