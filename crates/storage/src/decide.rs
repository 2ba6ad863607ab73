//! Deciding: what a verified callback, or the provider's own answer, makes of an approval. Exactly once.

use approval::{Approval, ApprovalId, Callback, Change, Doubt, Refused, RequestId, change_by, transition};
use sqlx::SqliteConnection;
use time::OffsetDateTime;
use tokio::time::Instant;

use crate::rows::ApprovalRow;
use crate::{Approvals, PushRules, StorageError, WriteKey, approvals, audit, outbox, pushes, tries};

/// What came of a callback.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Decided {
    /// It gave the approval its final status.
    Now(Box<Approval>),
    /// The approval had its final status before; nothing changed, and it was announced again.
    Before(Box<Approval>),
    /// It decides nothing; an audit row says why.
    Nothing(Doubt),
    /// No approval is known by it, yet.
    Unknown,
}

/// How the provider's word reached us.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Heard {
    /// It called back.
    Callback,
    /// It was asked.
    Asked,
}

/// The audit trail's words for a tap that counts for nothing because push is off for the account.
const PUSH_IS_OFF: &str = "approves for an account whose push is off";

impl Heard {
    const fn words(self) -> &'static str {
        match self {
            Self::Callback => "by a callback",
            Self::Asked => "by asking the provider",
        }
    }
}

impl Approvals<'_> {
    /// From `limit` on the approval has expired, whatever the wall clock says: no later answer or code approves it.
    pub fn limit_life(self, id: ApprovalId, limit: Instant) {
        self.0.lives.limit(id, limit);
    }

    /// Removes the limit of an approval that has its final status.
    pub fn forget_life(self, id: ApprovalId) {
        self.0.lives.forget(id);
    }

    /// Decides by a verified callback, at once: only a pending, unexpired approval of the same request, user and content.
    /// A callback that comes before its request id is stored finds its approval through the hidden details, and stores
    /// the id.
    ///
    /// # Errors
    /// When the database cannot be read or written; the callback must then be delivered again.
    pub async fn decide(self, callback: &Callback, heard: Heard) -> Result<Decided, StorageError> {
        // Read beside the writer first: what nearly every tap comes to takes two trips to the database instead of five,
        // and callbacks of unknown approvals do not hold up the writer. One that overtakes its request id comes again.
        let found = find(&mut *self.0.read().acquire().await?, callback).await?;
        let Some(found) = found else { return Ok(Decided::Unknown) };
        if let Some(approval) = self.approve_at_once(&found, callback, heard).await? {
            return Ok(Decided::Now(Box::new(approval)));
        }
        let mut db = self.0.write(&[WriteKey::Approval(found.id)]).await?;
        let Some(mut approval) = find(&mut db, callback).await? else { return Ok(Decided::Unknown) };
        let now = self.0.clock.now();
        let change = match change_by(&approval, callback) {
            Ok(change) => change,
            Err(doubt) => {
                audit::about(&mut db, now, audit::Kind::CallbackRefused, &approval, doubt.words()).await?;
                db.commit().await?;
                return Ok(Decided::Nothing(doubt));
            }
        };
        approval.request.get_or_insert_with(|| callback.request.clone());
        approval.expires_at = self.0.lives.end_of(&approval, now);
        let decided = apply(&mut db, self.0.pushes, approval, change, heard, now).await?;
        db.commit().await?;
        Ok(decided)
    }

    /// Approves what was read before, by this process or another, in one statement that writes only if the row is still
    /// that version: everything that may change of an approval changes its version. `None`: it is not as simple as that,
    /// nothing has happened, and [`Approvals::decide`] says what comes of it.
    ///
    /// # Errors
    /// When the database cannot be written; the callback must then be delivered again.
    pub async fn approve_at_once(
        self,
        read: &Approval,
        callback: &Callback,
        heard: Heard,
    ) -> Result<Option<Approval>, StorageError> {
        let now = self.0.clock.now();
        if change_by(read, callback) != Ok(Change::Approve)
            || transition(read.status, Change::Approve, now, self.0.lives.end_of(read, now)).is_err()
        {
            return Ok(None);
        }
        let mut approval = read.clone();
        approval.request.get_or_insert_with(|| callback.request.clone());
        let done = approvals::approve_at_once(self.0.once(), &mut approval, now, heard.words()).await?;
        Ok(done.then_some(approval))
    }
}

/// The approval a callback is for: by its request id, or, where none has that, by what its hidden details claim.
/// [`change_by`] says whether they may, so that a false claim is written down.
async fn find(db: &mut SqliteConnection, callback: &Callback) -> Result<Option<Approval>, StorageError> {
    if let Some(approval) = by_request(db, &callback.request).await? {
        return Ok(Some(approval));
    }
    let Some(hidden) = &callback.echo.hidden else { return Ok(None) };
    let Some(id) = Approval::claimed_by(hidden) else { return Ok(None) };
    approvals::load(db, id).await
}

async fn by_request(db: &mut SqliteConnection, request: &RequestId) -> Result<Option<Approval>, StorageError> {
    let request = request.as_str();
    let row = sqlx::query_as!(ApprovalRow, "SELECT * FROM approvals WHERE request = $1", request);
    row.fetch_optional(db).await?.map(Approval::try_from).transpose()
}

async fn apply(
    db: &mut SqliteConnection,
    rules: PushRules,
    mut approval: Approval,
    change: Change,
    heard: Heard,
    now: OffsetDateTime,
) -> Result<Decided, StorageError> {
    let refused = transition(approval.status, change, now, approval.expires_at).err();
    if refused.is_none() && change == Change::Approve {
        if pushes::is_off(db, rules, approval.user, now).await? {
            audit::about(db, now, audit::Kind::CallbackRefused, &approval, PUSH_IS_OFF).await?;
            // Left pending, it would be approved by the next question to the provider once push is on again.
            approvals::end_in(db, None, &mut approval, Change::Cancel, now, "push is off").await?;
            return Ok(Decided::Now(Box::new(approval)));
        }
        tries::approved_on_the_phone(db, approval.user, now).await?;
    }
    let note = match refused {
        None => heard.words(),
        Some(Refused::TooLate) => "the answer came too late",
        Some(Refused::AlreadyFinal(status)) => {
            let note = format!("is {status} already; {} changes nothing", change.target());
            audit::about(db, now, audit::Kind::CallbackRefused, &approval, &note).await?;
            outbox::announce(db, approval.id).await?;
            return Ok(Decided::Before(Box::new(approval)));
        }
    };
    approvals::end_in(db, Some(rules), &mut approval, change, now, note).await?;
    Ok(Decided::Now(Box::new(approval)))
}
