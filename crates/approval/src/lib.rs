//! The language of Countersign: ids, the approval and its states, what a callback may decide, the one transition
//! function, the event that travels from receiver to hub, subject names, the clock; how an error is told, and
//! which repeats of a lasting trouble the log states.
//!
//! Pure: knows no runtime, no web framework, no database, no broker, no HTTP client.

mod announcement;
mod approval;
mod causes;
mod clock;
mod decision;
mod digest;
mod doubt;
mod entropy;
mod event;
mod flat;
mod id;
mod lasting;
mod logo;
mod message_id;
mod number;
mod plain;
mod provider_id;
mod secret;
mod shown;
mod status;
pub mod subject;

pub use announcement::Announcement;
pub use approval::{Approval, Draft};
pub use causes::told;
pub use clock::Clock;
pub use decision::{Change, Refused, transition};
pub use digest::{Digest, ParseDigestError};
pub use doubt::{Doubt, change_by};
pub use entropy::Entropy;
pub use event::{Callback, Echo, Event};
pub use flat::Flat;
pub use id::{ApprovalId, Id, ParseIdError, SessionId, UserId};
pub use lasting::Lasting;
pub use logo::{Logo, Logos, LogosError, Resolution};
pub use message_id::{MessageId, ParseMessageIdError};
pub use number::Number;
pub use plain::is_plain;
pub use provider_id::{ParseProviderIdError, ProviderUserId, RequestId};
pub use secret::Secret;
pub use shown::{Details, Hidden, Shown, ShownError};
pub use status::{Channel, Delivery, Purpose, Status};
