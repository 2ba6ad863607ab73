//! Deciding: what a verified callback, or the provider's own answer, makes of an approval. Exactly once.

use approval::{Approval, Callback, Change, Refused, Status, transition};

use crate::rows::ApprovalRow;
use crate::{Storage, StorageError, approvals, audit, outbox};

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

/// Why a well-signed callback decides nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Doubt {
    /// It names another user of the provider.
    AnotherUser,
    /// What it says was shown is not what we asked to show.
    AnotherContent,
    /// Its status is no word we know.
    UnknownStatus,
}

impl Heard {
    const fn words(self) -> &'static str {
        match self {
            Self::Callback => "by a callback",
            Self::Asked => "by asking the provider",
        }
    }
}

impl Doubt {
    /// The words for it in audit rows and logs.
    #[must_use]
    pub const fn words(self) -> &'static str {
        match self {
            Self::AnotherUser => "names another user",
            Self::AnotherContent => "shows other content",
            Self::UnknownStatus => "has an unknown status",
        }
    }
}

impl Storage {
    /// Decides by a verified callback: only a pending, unexpired approval of the same request, user and content. A
    /// callback that comes before its request id is stored finds its approval through the hidden details, and stores
    /// the id.
    ///
    /// What is read decides only what has not changed since: one statement compares and writes.
    ///
    /// # Errors
    /// When the database cannot be read or written; the callback must then be delivered again.
    pub async fn decide(&self, callback: &Callback, heard: Heard) -> Result<Decided, StorageError> {
        loop {
            let Some(approval) = self.meant_by(callback).await? else { return Ok(Decided::Unknown) };
            match check(&approval, callback) {
                Err(doubt) => return self.refuse(&approval, doubt).await,
                Ok(change) => {
                    if let Some(decided) = self.apply(approval, callback, change, heard).await? {
                        return Ok(decided);
                    }
                }
            }
        }
    }

    /// The approval a callback is for: by its request id, or, while that is not stored, by the hidden details.
    async fn meant_by(&self, callback: &Callback) -> Result<Option<Approval>, StorageError> {
        let request = &callback.request.0;
        let row = sqlx::query_as!(ApprovalRow, "SELECT * FROM approvals WHERE request = $1", request);
        if let Some(row) = row.fetch_optional(&self.reader).await? {
            return row.try_into().map(Some);
        }
        let Some(hidden) = &callback.echo.hidden else { return Ok(None) };
        let Some(id) = Approval::claimed_by(hidden) else { return Ok(None) };
        Ok(self.approval(id).await?.filter(|approval| {
            approval.request.is_none()
                && approval.hidden() == *hidden
                && approval.provider_user == callback.provider_user
        }))
    }

    async fn refuse(&self, approval: &Approval, doubt: Doubt) -> Result<Decided, StorageError> {
        let mut db = self.write().await?;
        audit::about(&mut db, self.clock.now(), audit::Kind::Refused, approval, doubt.words()).await?;
        db.commit().await?;
        Ok(Decided::Nothing(doubt))
    }

    /// `None`: the approval was changed since it was read.
    async fn apply(
        &self,
        mut approval: Approval,
        callback: &Callback,
        change: Change,
        heard: Heard,
    ) -> Result<Option<Decided>, StorageError> {
        let now = self.clock.now();
        let (status, how) = match transition(approval.status, change, now, approval.expires_at) {
            Ok(status) => (status, heard.words()),
            Err(Refused::TooLate) => (Status::Expired, "the answer came too late"),
            Err(Refused::AlreadyFinal(status)) => {
                let note = format!("is {status} already, {change:?} changes nothing");
                let mut db = self.write().await?;
                audit::about(&mut db, now, audit::Kind::Refused, &approval, &note).await?;
                outbox::announce(&mut db, approval.id).await?;
                db.commit().await?;
                return Ok(Some(Decided::Before(Box::new(approval))));
            }
        };
        approval.request.get_or_insert_with(|| callback.request.clone());
        let done = approvals::conclude(&self.writer, &mut approval, status, now, how).await?;
        Ok(done.then(|| Decided::Now(Box::new(approval))))
    }
}

fn check(approval: &Approval, callback: &Callback) -> Result<Change, Doubt> {
    if approval.provider_user != callback.provider_user {
        return Err(Doubt::AnotherUser);
    }
    let hidden = callback.echo.hidden.as_ref().is_none_or(|hidden| *hidden == approval.hidden());
    if !hidden || !callback.echo.agrees_with(&approval.shown) {
        return Err(Doubt::AnotherContent);
    }
    Change::from_provider(&callback.status).ok_or(Doubt::UnknownStatus)
}
