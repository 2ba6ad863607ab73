//! Transactions: approvals that open no session, asked for by one that is confirmed.

use approval::{Approval, ApprovalId, Channel, Delivery, Number, SessionId, UserId};

use crate::rows::ApprovalRow;
use crate::{LimitName, Push, StorageError, Transactions, Withheld, WriteKey, approvals, audit, pushes, sessions};

/// What asking for a transaction's approval came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Asked {
    /// It is written. If push is off it is on no phone, and only a code approves it.
    Now(Box<Approval>),
    /// It is not: the phone has a rest.
    Withheld(Withheld),
    /// There was one of this id before: a form that was sent twice.
    Before(Box<Approval>),
    /// The session that asks has ended meanwhile.
    Ended,
}

/// Some of a user's transactions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed {
    /// They themselves, newest first.
    pub transactions: Vec<Approval>,
    /// Whether there are older ones.
    pub more: bool,
}

/// How many transactions an account page lists.
const LISTED: u8 = 20;

impl Transactions<'_> {
    /// Writes the approval that `make` makes from the numbers that are on the phone, unless there is one of
    /// this id already.
    ///
    /// # Errors
    /// When the database cannot be read or written.
    pub async fn begin(
        self,
        id: ApprovalId,
        user: UserId,
        session: SessionId,
        make: impl FnOnce(&[Number]) -> Approval + Send,
    ) -> Result<Asked, StorageError> {
        let mut db = self.0.write(&[WriteKey::User(user)]).await?;
        if let Some(before) = approvals::load(&mut db, id).await? {
            return Ok(Asked::Before(Box::new(before)));
        }
        let now = self.0.clock.now();
        if !sessions::may_have(&mut db, session, now, now).await? {
            return Ok(Asked::Ended);
        }
        let (push, taken) = pushes::may_ask_showing(&mut db, self.0.pushes, user, now).await?;
        if push != Push::Allowed {
            audit::limited(&mut db, now, user, session, LimitName::Pushes).await?;
        }
        if let Push::Withheld(why @ (Withheld::Pending(_) | Withheld::Refused(_))) = push {
            db.commit().await?;
            return Ok(Asked::Withheld(why));
        }
        let mut approval = make(&taken);
        if push != Push::Allowed {
            approval.delivery = Delivery::Unavailable;
        }
        approvals::insert(&mut db, &approval).await?;
        audit::about(&mut db, now, audit::Kind::ApprovalRequested, &approval, "transaction").await?;
        db.commit().await?;
        Ok(Asked::Now(Box::new(approval)))
    }

    /// Transactions of a user: the newest, or the newest of those that are older than one of the user's.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn list(self, user: UserId, before: Option<ApprovalId>) -> Result<Listed, StorageError> {
        let (user, before) = (user.to_string(), before.map(|id| id.to_string()));
        // One more than is listed tells whether there are more.
        let looked_at = i64::from(LISTED) + 1;
        let rows = sqlx::query_as!(
            ApprovalRow,
            "SELECT * FROM approvals WHERE user_id = $1 AND purpose = 'transaction' AND ((created_at, id) <
                (SELECT created_at, id FROM approvals WHERE id = $2 AND user_id = $1) OR $2 IS NULL)
             ORDER BY created_at DESC, id DESC LIMIT $3",
            user,
            before,
            looked_at,
        )
        .fetch_all(self.0.read())
        .await?;
        let most = usize::from(LISTED);
        let more = rows.len() > most;
        let listed = rows.into_iter().take(most).map(Approval::try_from);
        Ok(Listed { transactions: listed.collect::<Result<_, _>>()?, more })
    }

    /// Writes that a code for one transaction alone was sent, or could not be.
    ///
    /// # Errors
    /// When the database cannot be written.
    pub async fn record_code_sent(
        self,
        id: ApprovalId,
        by: Channel,
        sent: bool,
    ) -> Result<Option<Approval>, StorageError> {
        let mut db = self.0.write(&[WriteKey::Approval(id)]).await?;
        let Some(mut approval) = approvals::load(&mut db, id).await? else { return Ok(None) };
        if sent {
            approval.code_sent_by = Some(by);
            approvals::save(&mut db, &mut approval).await?;
        }
        let note = if sent { by.word() } else { "not sent" };
        audit::about(&mut db, self.0.clock.now(), audit::Kind::CodeSent, &approval, note).await?;
        db.commit().await?;
        Ok(Some(approval))
    }
}
