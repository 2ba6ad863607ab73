//! What the signature must and must not tell apart, over callbacks nobody thought of.

#![expect(clippy::unwrap_used, reason = "a test may panic")]

mod json;
mod pairs;

use approval::Secret;
use json::{Json, any_object};
use proptest::prelude::*;
use provider::{
    ApiKey, ApiKeys, CallbackUrl, Malformed, Method, Rejected, SignedRequest, SignedWith, Verified, canonical, sign,
    verify,
};

const NONCE: &str = "1427849783.886085";
const BODY: &str = r#"{"authy_id":688611,"uuid":"4a72","status":"approved","~":["*",{"b":1,"a":null}],"n":1.50}"#;

fn key() -> ApiKey {
    key_of("d57d919d11e6b221c9bf6f7c882028f9")
}

fn key_of(text: &str) -> ApiKey {
    ApiKey::new(Secret::new(text)).unwrap()
}

fn url() -> CallbackUrl {
    "https://app.example.com/authy/callback".parse().unwrap()
}

fn signed(params: &str) -> String {
    sign(&key(), &url(), Method::Post, NONCE, params)
}

fn post<'a>(signature: &'a str, body: &'a [u8]) -> SignedRequest<'a> {
    SignedRequest { method: Method::Post, nonce: Some(NONCE), signature: Some(signature), query: "", body }
}

fn sign_query(params: &str) -> String {
    sign(&key(), &url(), Method::Get, NONCE, params)
}

fn get(signature: &str, query: &str) -> Result<Verified, Rejected> {
    verify(&key().into(), &url(), &SignedRequest { method: Method::Get, query, ..post(signature, b"") })
}

fn check(signature: &str, body: &str) -> Result<Verified, Rejected> {
    verify(&key().into(), &url(), &post(signature, body.as_bytes()))
}

proptest! {
    #[test]
    fn two_implementations_agree_on_the_canonical_form(object in any_object()) {
        prop_assert_eq!(canonical(object.compact().as_bytes()).unwrap(), object.to_query());
    }

    #[test]
    fn member_order_and_white_space_do_not_matter(object in any_object(), seed in any::<u64>()) {
        let (sent, respelled) = (object.compact(), object.respelled(seed));
        let signature = signed(&canonical(sent.as_bytes()).unwrap());
        let one = check(&signature, &sent).unwrap();
        let other = check(&signature, &respelled).unwrap();
        prop_assert_eq!(one.message_id(), other.message_id());
    }

    #[test]
    fn any_other_canonical_string_is_refused(object in any_object(), at in any::<prop::sample::Index>(), byte in 0x20u8..0x7f) {
        let body = object.compact();
        let mut params = canonical(body.as_bytes()).unwrap();
        let place = at.index(params.len() + 1);
        params.insert(place, char::from(byte));
        prop_assert_eq!(check(&signed(&params), &body).err(), Some(Rejected::Mismatch));
    }

    #[test]
    fn any_other_byte_of_the_body_is_refused_unless_it_says_the_same(
        object in any_object(), at in any::<prop::sample::Index>(), byte in any::<u8>()
    ) {
        let mut body = object.compact().into_bytes();
        let before = canonical(&body).unwrap();
        let signature = signed(&before);
        let place = at.index(body.len());
        body[place] = byte;
        let same = canonical(&body).is_ok_and(|after| after == before);
        prop_assert_eq!(verify(&key().into(), &url(), &post(&signature, &body)).is_ok(), same);
    }

    #[test]
    fn a_query_is_taken_in_every_spelling_of_the_same_pairs(object in any_object(), seed in any::<u64>(), turn in any::<prop::sample::Index>()) {
        let today = object.to_query();
        let mut respelled = pairs::respelled(&today, seed);
        let id = get(&sign_query(&today), &today).unwrap().message_id();
        for signed in [today.clone(), today.replace('~', "%7E")] {
            let taken = get(&sign_query(&signed), &respelled);
            prop_assert_eq!(taken.map(|taken| taken.message_id()), Ok(id.clone()), "{}", respelled);
        }
        // The order may be another as well, where what was signed is in order.
        let mut sorted: Vec<_> = today.split('&').collect();
        sorted.sort_unstable();
        let signature = sign_query(&sorted.join("&"));
        let turn = turn.index(sorted.len());
        sorted.rotate_left(turn);
        respelled = pairs::respelled(&sorted.join("&"), seed);
        prop_assert!(get(&signature, &respelled).is_ok(), "{}", respelled);
    }

    #[test]
    fn a_query_with_another_byte_in_a_name_or_value_is_refused_in_every_spelling(
        object in any_object(), at in any::<prop::sample::Index>(), byte in any::<u8>(), seed in any::<u64>()
    ) {
        let query = object.to_query();
        let Some(other) = pairs::with_another_byte(&query, at, byte) else { return Ok(()) };
        let refused = get(&sign_query(&query), &pairs::spelled(&other, seed)).err();
        prop_assert_eq!(refused, Some(Rejected::Mismatch));
    }

    #[test]
    fn a_query_is_taken_as_it_was_sent_and_with_its_pairs_in_any_order(object in any_object(), turn in any::<prop::sample::Index>()) {
        let sent = object.to_query();
        let mut pairs: Vec<&str> = sent.split('&').collect();
        pairs.sort_unstable();
        let sorted = pairs.join("&");
        let turn = turn.index(pairs.len());
        pairs.rotate_left(turn);
        for (params, query) in [(&sent, &sent), (&sorted, &pairs.join("&"))] {
            let signature = sign(&key(), &url(), Method::Get, NONCE, params);
            let request = SignedRequest { method: Method::Get, query, ..post(&signature, b"") };
            prop_assert!(verify(&key().into(), &url(), &request).is_ok());
        }
    }
}

#[test]
fn every_single_byte_of_a_valid_request_counts() {
    let before = canonical(BODY.as_bytes()).unwrap();
    let signature = signed(&before);
    assert!(check(&signature, BODY).is_ok());
    for place in 0..BODY.len() {
        for byte in 0x20..0x7f {
            let mut body = BODY.as_bytes().to_vec();
            body[place] = byte;
            let same = canonical(&body).is_ok_and(|after| after == before);
            let taken = verify(&key().into(), &url(), &post(&signature, &body)).is_ok();
            assert_eq!(taken, same, "{}", String::from_utf8_lossy(&body));
        }
    }
}

#[test]
fn every_other_spelling_of_the_signature_is_refused() {
    let signature = signed(&canonical(BODY.as_bytes()).unwrap());
    let mut spellings: Vec<String> = ["=", "AAAA", ",", ", ", " ", "\n", "\0", ";"]
        .iter()
        .flat_map(|extra| [format!("{signature}{extra}"), format!("{extra}{signature}")])
        .collect();
    spellings.extend((0..signature.len()).map(|end| signature[..end].to_owned()));
    spellings.push(format!("{signature},{signature}"));
    spellings.extend(["v1,", "sha256=", "HMAC-SHA256 ", "Basic "].map(|scheme| format!("{scheme}{signature}")));
    spellings.push(format!("{},{signature}", "A".repeat(43) + "="));
    spellings.push(signature.replace('+', "-").replace('/', "_") + "~");
    for place in 0..signature.len() {
        for byte in (0x20..0x7f).filter(|byte| *byte != signature.as_bytes()[place]) {
            let mut other = signature.clone().into_bytes();
            other[place] = byte;
            spellings.push(String::from_utf8(other).unwrap());
        }
    }
    for spelling in spellings {
        assert!(check(&spelling, BODY).is_err(), "{spelling:?}");
    }
}

#[test]
fn a_query_that_a_proxy_spelled_anew_is_taken_for_what_was_signed() {
    let signed = "a=&approval_request%5Btransaction%5D%5Bmessage%5D=Send+1+%2B+1%3F&note=~%2A&status=approved";
    for query in [
        "a=&approval_request[transaction][message]=Send+1+%2B+1%3F&note=~%2A&status=approved",
        "a=&approval_request%5btransaction%5d%5bmessage%5d=Send+1+%2b+1%3f&note=~%2a&status=approved",
        "a=&approval_request%5Btransaction%5D%5Bmessage%5D=Send%201%20%2B%201?&note=%7E*&status=approved",
        "a&approval_request[transaction][message]=Send%201%20%2B%201?&note=%7e*&status=%61pproved",
    ] {
        let taken = get(&sign_query(signed), query).unwrap();
        let callback = taken.message_id();
        assert_eq!(callback, get(&sign_query(signed), signed).unwrap().message_id(), "{query}");
    }
    // A literal plus is a space, and not the sign.
    assert!(get(&sign_query("a=1%2B1"), "a=1+1").is_err());
    assert!(get(&sign_query("a=1&b=2"), "a=1%26b=2").is_err());
    assert!(get(&sign_query("a%3D=1"), "a==1").is_err());
}

#[test]
fn any_other_byte_of_a_query_or_of_a_nonce_is_refused() {
    let query = "authy_id=1&status=approved&uuid=u";
    let signature = sign(&key(), &url(), Method::Get, NONCE, query);
    let good = SignedRequest { method: Method::Get, query, ..post(&signature, b"") };
    let others = |text: &str| -> Vec<String> {
        let all = (0..text.len()).flat_map(|place| (0x20u8..0x7f).map(move |byte| (place, byte)));
        let changed = all.map(|(place, byte)| {
            let mut other = text.as_bytes().to_vec();
            other[place] = byte;
            String::from_utf8(other).unwrap()
        });
        let (shorter, longer) = (text[1..].to_owned(), format!("{text}&status=approved"));
        changed.filter(|other| other != text).chain([shorter, longer]).collect()
    };
    assert!(verify(&key().into(), &url(), &good).is_ok());
    for query in &others(query) {
        assert!(verify(&key().into(), &url(), &SignedRequest { query, ..good }).is_err(), "{query}");
    }
    for nonce in &others(NONCE) {
        assert!(verify(&key().into(), &url(), &SignedRequest { nonce: Some(nonce), ..good }).is_err(), "{nonce}");
    }
}

#[test]
fn while_keys_are_exchanged_either_is_taken_with_one_message_id_and_none_but_these_two() {
    let (new, old, another) = (key_of("the new key"), key_of("the old key"), key_of("another application's key"));
    let params = canonical(BODY.as_bytes()).unwrap();
    let signed = |key: &ApiKey| sign(key, &url(), Method::Post, NONCE, &params);
    let check = |keys: &ApiKeys, key: &ApiKey| verify(keys, &url(), &post(&signed(key), BODY.as_bytes()));
    let both = ApiKeys::new(new.clone(), Some(old.clone()));
    let (by_new, by_old) = (check(&both, &new).unwrap(), check(&both, &old).unwrap());
    assert_eq!((by_new.signed_with(), by_old.signed_with()), (SignedWith::Current, SignedWith::Previous));
    assert_eq!(by_new.message_id(), by_old.message_id());
    assert_eq!(check(&both, &another).err(), Some(Rejected::Mismatch), "a right signature of the wrong application");
    assert_eq!(check(&new.clone().into(), &old).err(), Some(Rejected::Mismatch));
    assert_eq!(check(&old.into(), &new).err(), Some(Rejected::Mismatch));
}

#[test]
fn a_missing_or_empty_header_is_refused() {
    let signature = signed(&canonical(BODY.as_bytes()).unwrap());
    let good = post(&signature, BODY.as_bytes());
    for request in [
        SignedRequest { signature: None, ..good },
        SignedRequest { signature: Some(""), ..good },
        SignedRequest { nonce: None, ..good },
        SignedRequest { nonce: Some(""), ..good },
    ] {
        assert_eq!(verify(&key().into(), &url(), &request).err(), Some(Rejected::Unsigned));
    }
}

#[test]
fn another_key_url_nonce_or_method_is_refused() {
    let params = canonical(BODY.as_bytes()).unwrap();
    let signature = signed(&params);
    let good = post(&signature, BODY.as_bytes());
    let other_key = ApiKey::new(Secret::new("d57d919d11e6b221c9bf6f7c882028f8")).unwrap();
    let other_url = "http://app.example.com/authy/callback".parse().unwrap();
    let other_nonce = SignedRequest { nonce: Some("1427849783.886086"), ..good };
    let other_method = SignedRequest { method: Method::Get, query: &params, ..good };
    assert!(verify(&key().into(), &url(), &good).is_ok());
    assert!(verify(&other_key.into(), &url(), &good).is_err());
    assert!(verify(&key().into(), &other_url, &good).is_err());
    assert!(verify(&key().into(), &url(), &other_nonce).is_err());
    assert!(verify(&key().into(), &url(), &other_method).is_err());
}

#[test]
fn both_spellings_of_the_tilde_are_taken_and_have_one_message_id() {
    let today = check(&signed("n=1.5&~=~"), r#"{"~":"~","n":1.5}"#).unwrap();
    let once = check(&signed("%7E=%7E&n=1.5"), r#"{"~":"~","n":1.5}"#).unwrap();
    assert_eq!(today.message_id(), once.message_id());
    assert!(check(&signed("n=1.5&~=%7E"), r#"{"~":"~","n":1.5}"#).is_err());
}

#[test]
fn a_body_that_is_no_object_cannot_be_verified() {
    for (body, why) in [("", Malformed::NotAnObject), ("[]", Malformed::NotAnObject), ("a=1", Malformed::NotAnObject)] {
        assert_eq!(check(&signed(body), body).err(), Some(Rejected::Malformed(why)));
    }
}

#[test]
fn what_is_the_same_to_the_signature_is_the_same_to_the_reader() {
    let spellings = [
        r#"{"authy_id":1,"uuid":"u","status":"approved","approval_request":{"transaction":{"message":null,"details":{}}}}"#,
        r#"{"authy_id":"1","uuid":"u","status":"approved","approval_request[transaction][message]":""}"#,
    ];
    let at = time::OffsetDateTime::UNIX_EPOCH;
    let [one, other] = spellings.map(|body| {
        let params = canonical(spellings[0].as_bytes()).unwrap();
        check(&signed(&params), body).unwrap().callback(at).unwrap()
    });
    assert_eq!(one, other);
}

#[test]
fn an_object_of_the_tests_is_spelled_in_many_ways() {
    let object = Json::Map(vec![("a".into(), Json::Text("é".into())), ("b".into(), Json::Map(vec![]))]);
    let spellings: std::collections::BTreeSet<String> = (0..50).map(|seed| object.respelled(seed)).collect();
    assert!(spellings.len() > 20);
}
