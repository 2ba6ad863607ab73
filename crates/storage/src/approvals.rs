//! Approvals: made, read, changed. Each change writes row, audit line and announcement together. What gives one its final
//! status is in `ends`.

mod ends;

use approval::{Approval, ApprovalId, Change, Channel, Delivery, Number, Purpose, RequestId, SessionId, Status};
pub(crate) use ends::{approve_at_once, cancel_of_session, end_in};
use sqlx::SqliteConnection;
use time::OffsetDateTime;

use crate::rows::{ApprovalRow, millis};
use crate::{
    Approvals, LimitName, Push, Session, StorageError, Withheld, WriteKey, audit, numbers, pushes, sessions,
    sign_up_phones,
};

/// What came of asking again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Replaced {
    /// The old approval as it stands now, and the one in its place.
    Now(Box<(Approval, Approval)>),
    /// The approval that took its place before.
    Before(Box<Approval>),
    /// It cannot be replaced: it is approved, was taken back, or its session has ended.
    No,
    /// It may not be now: the phone has a rest.
    Withheld(Withheld),
}

impl Approvals<'_> {
    /// The approval of this id.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn find(self, id: ApprovalId) -> Result<Option<Approval>, StorageError> {
        // Boxed: each pending approval has a task that waits with this call in it.
        Box::pin(async { load(&mut *self.0.read().acquire().await?, id).await }).await
    }

    /// The newest approval of a session.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn newest_of(self, session: SessionId) -> Result<Option<Approval>, StorageError> {
        let id = session.to_string();
        sqlx::query_as!(ApprovalRow, "SELECT * FROM approvals WHERE session_id = $1 ORDER BY id DESC LIMIT 1", id)
            .fetch_optional(self.0.read())
            .await?
            .map(Approval::try_from)
            .transpose()
    }

    /// Writes how far the request of an approval came, with the provider's id of it where there is one. A request id
    /// that a callback has set meanwhile stays.
    ///
    /// # Errors
    /// When the database cannot be written.
    pub async fn record_delivery(
        self,
        id: ApprovalId,
        delivery: Delivery,
        request: Option<RequestId>,
    ) -> Result<Option<Approval>, StorageError> {
        let mut db = self.0.write(&[WriteKey::Approval(id)]).await?;
        let Some(mut approval) = load(&mut db, id).await? else { return Ok(None) };
        approval.delivery = delivery;
        approval.request = approval.request.or(request);
        save(&mut db, &mut approval).await?;
        audit::about(&mut db, self.0.clock.now(), audit::Kind::ApprovalDelivered, &approval, delivery.word()).await?;
        db.commit().await?;
        Ok(Some(approval))
    }

    /// Ends a pending approval without an answer: [`Change::Expire`] or [`Change::Cancel`]. Answers the approval as
    /// it stands afterwards; one that was decided before stays as it was.
    ///
    /// # Errors
    /// When the database cannot be written.
    pub async fn end(self, id: ApprovalId, change: Change) -> Result<Option<Approval>, StorageError> {
        // Boxed: each pending approval has a task that waits with this call in it.
        Box::pin(async {
            let mut db = self.0.write(&[WriteKey::Approval(id)]).await?;
            let Some(mut approval) = load(&mut db, id).await? else { return Ok(None) };
            let now = self.0.clock.now();
            if end_in(&mut db, Some(self.0.pushes), &mut approval, change, now, "by itself").await? {
                db.commit().await?;
            }
            Ok(Some(approval))
        })
        .await
    }

    /// Puts another approval in the place of one that is not approved: `replacement` makes it from the numbers that this
    /// one and the pending ones on its phone show. A pending one is cancelled. One that was replaced before keeps its
    /// replacement.
    ///
    /// # Errors
    /// When the database cannot be written.
    pub async fn replace(
        self,
        id: ApprovalId,
        replacement: impl FnOnce(&Approval, &[Number]) -> Approval + Send,
    ) -> Result<Replaced, StorageError> {
        let mut db = self.0.write(&[WriteKey::Approval(id)]).await?;
        let Some(mut old) = load(&mut db, id).await? else { return Ok(Replaced::No) };
        if let Some(replacement) = old.replaced_by {
            return Ok(load(&mut db, replacement).await?.map_or(Replaced::No, |new| Replaced::Before(Box::new(new))));
        }
        if matches!(old.status, Status::Approved | Status::Cancelled) {
            return Ok(Replaced::No);
        }
        let now = self.0.clock.now();
        let (push, mut taken) = self.may_replace(&mut db, &old, now).await?;
        if let Push::Withheld(why) = push {
            audit::limited(&mut db, now, old.user, old.session, LimitName::Pushes).await?;
            db.commit().await?;
            return Ok(Replaced::Withheld(why));
        }
        // A phone that answered may still show the old number, and whoever compares must see that this one is new.
        if !taken.contains(&old.number) {
            taken.push(old.number);
        }
        let new = replacement(&old, &taken);
        if !sessions::may_have(&mut db, new.session, new.created_at, now).await? {
            return Ok(Replaced::No);
        }
        old.replaced_by = Some(new.id);
        if !end_in(&mut db, Some(self.0.pushes), &mut old, Change::Cancel, now, "sent again").await? {
            save(&mut db, &mut old).await?;
        }
        audit::about(&mut db, now, audit::Kind::ApprovalReplaced, &old, &new.id.to_string()).await?;
        insert(&mut db, &new).await?;
        audit::about(&mut db, now, audit::Kind::ApprovalRequested, &new, "again").await?;
        db.commit().await?;
        Ok(Replaced::Now(Box::new((old, new))))
    }

    /// Whether a new request may replace `old` on the phone, and the numbers that its requests show.
    async fn may_replace(
        self,
        db: &mut SqliteConnection,
        old: &Approval,
        now: OffsetDateTime,
    ) -> Result<(Push, Vec<Number>), StorageError> {
        let mut push = pushes::may_replace(db, self.0.pushes, old, now).await?;
        if push == Push::Allowed && old.purpose == Purpose::SignUp {
            push = sign_up_phones::may_ask(db, self.0.pushes, &old.provider_user, Some(old.id), now).await?;
        }
        numbers::showing(db, self.0.pushes, &old.provider_user, push, Some(old.id), now).await
    }

    /// All pending approvals, oldest first.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn pending(self) -> Result<Vec<Approval>, StorageError> {
        sqlx::query_as!(ApprovalRow, "SELECT * FROM approvals WHERE status = 'pending' ORDER BY id")
            .fetch_all(self.0.read())
            .await?
            .into_iter()
            .map(Approval::try_from)
            .collect()
    }

    /// Cancels what a session waits for; the session stays. Answers the approvals that were cancelled.
    ///
    /// # Errors
    /// When the database cannot be written.
    pub async fn cancel_of_session(self, session: &Session) -> Result<Vec<Approval>, StorageError> {
        let mut db = self.0.write(&[WriteKey::User(session.user)]).await?;
        let now = self.0.clock.now();
        // As at a sign-out: it may be a guesser who rings.
        let cancelled = cancel_of_session(&mut db, Some(self.0.pushes), session.id, now, "taken back").await?;
        db.commit().await?;
        Ok(cancelled)
    }
}

pub(crate) async fn load(db: &mut SqliteConnection, id: ApprovalId) -> Result<Option<Approval>, StorageError> {
    let id = id.to_string();
    let row = sqlx::query_as!(ApprovalRow, "SELECT * FROM approvals WHERE id = $1", id).fetch_optional(db).await?;
    row.map(Approval::try_from).transpose()
}

pub(crate) async fn insert(db: &mut SqliteConnection, approval: &Approval) -> Result<(), StorageError> {
    let (id, user, session) = (approval.id.to_string(), approval.user.to_string(), approval.session.to_string());
    let (purpose, status, delivery) = (approval.purpose.word(), approval.status.word(), approval.delivery.word());
    let details = serde_json::to_string(approval.shown.details()).unwrap_or_default();
    let logos = serde_json::to_string(&approval.logos).unwrap_or_default();
    let (message, provider_user) = (approval.shown.message(), approval.provider_user.as_str());
    let number = approval.number.to_string();
    let (created_at, expires_at) = (millis(approval.created_at), millis(approval.expires_at));
    sqlx::query!(
        "INSERT INTO approvals (id, version, user_id, session_id, provider_user, purpose, status, delivery, message, details,
            number, created_at, expires_at, logos)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)",
        id,
        approval.version,
        user,
        session,
        provider_user,
        purpose,
        status,
        delivery,
        message,
        details,
        number,
        created_at,
        expires_at,
        logos,
    )
    .execute(db)
    .await?;
    Ok(())
}

/// Writes what may change of an approval beside its status, as its next version; a trigger announces it.
pub(crate) async fn save(db: &mut SqliteConnection, approval: &mut Approval) -> Result<(), StorageError> {
    approval.version += 1;
    let (id, delivery) = (approval.id.to_string(), approval.delivery.word());
    let request = approval.request.as_ref().map(RequestId::as_str);
    let replaced_by = approval.replaced_by.map(|id| id.to_string());
    let completed_at = approval.completed_at.map(millis);
    let code_sent_by = approval.code_sent_by.map(Channel::word);
    sqlx::query!(
        "UPDATE approvals SET version = $2, request = $3, delivery = $4, replaced_by = $5, completed_at = $6,
            code_sent_by = $7
         WHERE id = $1",
        id,
        approval.version,
        request,
        delivery,
        replaced_by,
        completed_at,
        code_sent_by,
    )
    .execute(db)
    .await?;
    Ok(())
}
