//! Reads the query of a URL, unless it is far longer than ours. Knows no route.

use axum::{
    extract::{FromRequestParts, Query},
    http::request::Parts,
    response::{IntoResponse, Response},
};
use serde::de::DeserializeOwned;

use crate::answer::problem::Problem;

/// The longest query that is read, in bytes. A head may be 80 KiB long, and parsing such a query costs more than a
/// client without a session may cause.
const LONGEST: usize = 512;

/// The parsed query.
#[derive(Debug)]
pub(crate) struct ShortQuery<T>(pub(crate) T);

/// The query is too long, or has other parameters.
#[derive(Debug)]
pub(crate) struct QueryRejection;

impl<T: DeserializeOwned, S: Sync> FromRequestParts<S> for ShortQuery<T> {
    type Rejection = QueryRejection;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, QueryRejection> {
        if parts.uri.query().is_some_and(|query| query.len() > LONGEST) {
            return Err(QueryRejection);
        }
        let Query(read) = Query::try_from_uri(&parts.uri).map_err(|_| QueryRejection)?;
        Ok(Self(read))
    }
}

impl IntoResponse for QueryRejection {
    fn into_response(self) -> Response {
        Problem::bad_request("The query of this address is too long, or has parameters that it does not take.")
            .into_response()
    }
}

#[cfg(test)]
mod tests {
    use axum::http::Request;

    use super::*;

    #[tokio::test]
    async fn a_query_is_read_unless_it_is_long_or_has_other_parameters() {
        let read = async |query: &str| {
            let (mut parts, ()) = Request::get(format!("/?{query}")).body(()).unwrap().into_parts();
            let pairs = ShortQuery::<Vec<(String, u8)>>::from_request_parts(&mut parts, &()).await;
            pairs.ok().map(|ShortQuery(pairs)| pairs.len())
        };
        assert_eq!(read("a=1&b=2").await, Some(2));
        assert_eq!(read("a=x").await, None);
        assert_eq!(read(&"&".repeat(LONGEST)).await, Some(0));
        assert_eq!(read(&"&".repeat(LONGEST + 1)).await, None);
    }
}
