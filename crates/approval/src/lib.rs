//! The language of Countersign: ids, the approval and its states, the one transition function,
//! the event that travels from receiver to hub, subject names, the clock; and how an error is told.
//!
//! Pure: knows no runtime, no web framework, no database, no broker, no HTTP client.

mod causes;
mod changed;
mod clock;
mod decision;
mod digest;
mod entropy;
mod event;
mod id;
mod logo;
mod number;
mod record;
mod secret;
mod shown;
mod status;
pub mod subject;

pub use causes::told;
pub use changed::Announcement;
pub use clock::Clock;
pub use decision::{Change, Refused, transition};
pub use digest::{Digest, ParseDigestError};
pub use entropy::Entropy;
pub use event::{Callback, Echo, Event, Flat, MessageId, ParseMessageIdError};
pub use id::{ApprovalId, Id, ParseIdError, ProviderUserId, RequestId, SessionId, UserId};
pub use logo::{Logo, Logos, Resolution};
pub use number::Number;
pub use record::Approval;
pub use secret::Secret;
pub use shown::{Details, Hidden, Shown, ShownError, is_plain};
pub use status::{Channel, Delivery, ParseWordError, Purpose, Status};
