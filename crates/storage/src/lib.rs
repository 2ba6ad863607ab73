//! The service's database: every SQL statement on it, and nothing else.
//!
//! The database is the authority; every change of an approval commits together with its audit row and its
//! announcement. Knows nothing of web, broker or provider.

mod approvals;
mod attempts;
mod audit;
mod codes;
mod complete;
mod decide;
mod emails;
mod ending;
mod error;
mod guesses;
mod invitations;
mod keys;
mod known_networks;
mod limit_name;
mod listed;
mod lives;
mod notices;
mod numbers;
mod open;
mod outbox;
mod passwords;
mod push_rules;
mod pushes;
mod questions;
mod rows;
mod session_caps;
mod sessions;
mod set_back;
mod shares;
mod sign_up_phones;
mod subject;
mod surplus;
mod sweep;
mod transactions;
mod tries;
mod users;

pub use approvals::Replaced;
pub use attempts::{Attempt, AttemptKind, Limit, Limited};
pub use audit::AuditRow;
pub use codes::{CodeConfirmed, CodeHash};
pub use complete::{Completed, Completion, NewToken};
pub use decide::{Decided, Heard};
pub use emails::{CanonicalEmail, Unsettled};
pub use error::StorageError;
pub use guesses::{Delay, Delayed, Delays, GuessTurn, Guesser, NetworkBlock};
pub use limit_name::LimitName;
pub use listed::{LISTED_SESSIONS, LiveSession, SignIn};
pub use notices::{Notice, NoticeKind};
pub use open::{Checkpoint, OpenError, Storage};
pub use passwords::{AddressProof, LinkHash, LinkOwner, PasswordChange};
pub use push_rules::{Push, PushRules, Withheld};
pub use questions::Question;
pub use session_caps::SessionCaps;
pub use sessions::{Confirmation, ConfirmedBy, Invitation, NewSession, Session, TokenHash, Via};
pub use shares::Share;
pub use sign_up_phones::CallWait;
pub use subject::Subject;
pub use transactions::{Asked, CodeApproved, Listed};
pub use tries::{CodeLimits, NotTried};
pub use users::{Account, Begun, NewUser};
