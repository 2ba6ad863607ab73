//! The service's database: every SQL statement on it, and nothing else.
//!
//! The database is the authority; every change of an approval commits together with its audit row and its
//! announcement. Knows nothing of web, broker or provider.

mod accounts;
mod approvals;
mod audit;
mod codes;
mod complete;
mod decide;
mod emails;
mod ending;
mod error;
mod file;
mod guesses;
mod hashes;
mod invitations;
mod keys;
mod known_networks;
mod limit_name;
mod limit_notes;
mod listed;
mod lives;
mod maintenance;
mod notices;
mod nouns;
mod numbers;
mod outbox;
mod passwords;
mod push_rules;
mod pushes;
mod questions;
mod rate_limits;
mod rows;
mod session_caps;
mod sessions;
mod shares;
mod sign_in;
mod sign_up_phones;
mod sign_ups;
mod storage;
mod subject;
mod surplus;
mod sweep;
mod transactions;
mod tries;
mod write;

pub use accounts::Account;
pub use approvals::Replaced;
pub use audit::AuditRow;
pub use codes::{CodeApproved, CodeConfirmed};
pub use complete::{Completed, Completion, NewToken};
pub use decide::{Decided, Heard};
pub use emails::{CanonicalEmail, Unsettled};
pub use error::StorageError;
pub use file::{Checkpoint, OpenError};
pub use guesses::{Delay, Delayed, Delays, GuessTurn, Guesser, NetworkBlock};
pub use hashes::{CodeHash, LinkHash, TokenHash};
pub use limit_name::LimitName;
pub use listed::{LISTED_SESSIONS, LiveSession, SignIn};
pub use notices::{Notice, NoticeKind};
pub use nouns::{
    Accounts, Approvals, AuditTrail, Claims, Codes, Maintenance, Notices, Outbox, RateLimits, Sessions, SignUps,
    Transactions,
};
pub use outbox::Unannounced;
pub use passwords::{AddressProof, LinkOwner, PasswordChange};
pub use push_rules::{Push, PushRules, Withheld};
pub use questions::Question;
pub use rate_limits::{Attempt, AttemptKind, Limit, Limited};
pub use session_caps::SessionCaps;
pub use sessions::{Confirmation, ConfirmedBy, Invitation, NewSession, Session, Via};
pub use shares::Share;
pub use sign_in::Begun;
pub use sign_up_phones::CallWait;
pub use sign_ups::NewUser;
pub use storage::Storage;
pub use subject::Subject;
pub use transactions::{Asked, Listed};
pub use tries::{CodeLimits, NotTried};
pub(crate) use write::WriteKey;
