//! The canonical form of a body, against a second implementation.

use provider::{Malformed, Method, canonical};

use super::{json, second, signed::Sent};

/// A body this short has no canonical form out of proportion.
const SHORT: usize = 1000;

pub(crate) fn check(body: &[u8]) {
    match (canonical(body), json::parse(body)) {
        (Ok(params), Some(value)) => {
            assert_eq!(params, second::to_query(&value));
            let sent = Sent { method: Method::Post, query: "", body };
            sent.is_taken_by_its_signature_alone(&params, &params);
        }
        (Err(Malformed::TooLong), _) => assert!(body.len() > SHORT, "a short body is called too long"),
        (Err(_), None) => {}
        (Ok(params), None) => panic!("no JSON object, and yet it has a canonical form: {params}"),
        (Err(error), Some(value)) => panic!("{error}, and yet it is {}", second::to_query(&value)),
    }
}
