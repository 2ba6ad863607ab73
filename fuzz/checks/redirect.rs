//! Where a page goes: to a fixed path, or to the page of an approval whose id came in an address or a form.

use approval::ApprovalId;
use url::Url;

pub(crate) fn check(id: &[u8]) {
    let Ok(text) = std::str::from_utf8(id) else { return };
    let Ok(id) = text.parse::<ApprovalId>() else { return };
    assert_eq!(id.to_string(), text, "one approval has one address");
    let home: Url = "https://sign.example.com/account".parse().expect("a URL");
    let target = home.join(&format!("/approvals/{id}")).expect("a place to go");
    assert_eq!(target.as_str(), format!("https://sign.example.com/approvals/{text}"));
}
