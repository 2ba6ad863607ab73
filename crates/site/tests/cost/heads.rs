//! Long headers, and bodies in many pieces.

use serde_json::json;
use site::ForwardedHeader;

use crate::cpu::Bill;
use crate::hub::{Hub, Input};
use crate::inputs::{LARGEST_BODY, filled, headers};

#[tokio::test]
async fn a_long_header_is_cheap_wherever_it_is_read() {
    let mut bill = Bill::default();
    for order in [ForwardedHeader::XForwardedFor, ForwardedHeader::Forwarded] {
        let hub = Hub::start(order).await;
        for (what, name, value) in headers() {
            let is_other = matches!(order, ForwardedHeader::Forwarded) && name != "forwarded";
            if is_other {
                continue;
            }
            let wrong = json!({ "email": "", "password": "" });
            for input in [
                Input::get("/"),
                Input::get("/nothing"),
                Input::get("/api/session"),
                Input::get("/api/approvals/01935f6e-7c00-7000-8000-00000000002a/events"),
                Input::form("/sign-in", "email=&password="),
                Input::form("/code", "code=1"),
                Input::json("/api/session", &wrong),
            ] {
                let input = input.with(name, &value);
                bill.add(format!("{} {what}", input.path), async || hub.cost(&input).await).await;
            }
        }
        let many: Vec<_> = (0..60).map(|_| ("cookie", filled("a=b;", 1300))).collect();
        let input = Input { headers: many, ..Input::get("/") };
        bill.add("60 headers of cookies", async || hub.cost(&input).await).await;
    }
    bill.settle();
}

/// The server passes on at most 16 pieces of a body that are shorter than 512 bytes.
#[tokio::test]
async fn a_body_in_many_pieces_is_cheap() {
    let hub = Hub::start(ForwardedHeader::XForwardedFor).await;
    let mut bill = Bill::default();
    for size in [512, 1024] {
        let form = format!("email={}", filled("a", LARGEST_BODY - 6));
        let json = json!({ "email": filled("a", LARGEST_BODY - 20) });
        for input in [Input::form("/sign-in", form), Input::json("/api/session", &json)] {
            let input = input.in_pieces(size);
            bill.add(format!("{} in pieces of {size}", input.path), async || hub.cost(&input).await).await;
        }
    }
    bill.settle();
}
