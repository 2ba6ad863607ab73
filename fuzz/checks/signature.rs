//! The canonical form of a body, against a second implementation.

use provider::{Malformed, Method, canonical};

use super::{json, second, signed::Sent};

/// A body this short cannot exceed the limits on values and fractions.
const SHORT: usize = 250;
/// The longest allowed number, in characters.
const LONGEST_NUMBER: usize = 64;
/// The most digits of a number with a point or an exponent.
const LONGEST_FLOAT: usize = 19;

pub(crate) fn check(body: &[u8]) {
    match (canonical(body), json::parse(body)) {
        (Ok(params), Some(value)) => {
            assert_eq!(params, second::to_query(&value));
            let sent = Sent { method: Method::Post, query: "", body };
            sent.is_taken_by_its_signature_alone(&params, &params);
        }
        (Err(Malformed::TooMany), _) => assert!(body.len() > SHORT, "a short body is said to have many values"),
        (Err(Malformed::TooLong), Some(value)) => {
            let is_long = second::to_query(&value).len() > 8 * 1024 + 6 * body.len();
            assert!(is_long || has_long_number(body), "a body is called too long");
        }
        (Err(_), None) => {}
        (Ok(params), None) => panic!("no JSON object, and yet it has a canonical form: {params}"),
        (Err(error), Some(value)) => panic!("{error}, and yet it is {}", second::to_query(&value)),
    }
}

fn has_long_number(body: &[u8]) -> bool {
    let mut numbers = body.split(|byte| !b"+-.0123456789Ee".contains(byte));
    numbers.any(|number| {
        let is_float = number.iter().any(|byte| b".eE".contains(byte));
        number.len() > LONGEST_NUMBER || is_float && number.len() > LONGEST_FLOAT
    })
}
