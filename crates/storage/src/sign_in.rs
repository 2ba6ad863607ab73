//! Sign-ins: a right password begins a pending session.

use approval::{Approval, Number, Secret};

use crate::sessions::{self, NewSession, Session};
use crate::{
    LimitName, Push, Sessions, StorageError, Withheld, WriteKey, approvals, audit, ending, passwords, pushes, surplus,
};

/// The outcome of beginning a sign-in or a sign-up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Begun {
    /// The session is pending, and so is its approval.
    Asked(Box<Approval>),
    /// The session is pending, and the phone is not asked: it waits for a code.
    Withheld(Withheld),
}

impl Sessions<'_> {
    /// Writes a sign-in whose password was right: pending session, and, if the phone may be asked, the approval that
    /// `approval` makes from the numbers taken. `password` is the hash that it was right for. `None`: that is the
    /// account's no more. `before` is the session that the browser had, which ends first, so that a request that is taken
    /// back with it counts before it is seen whether there may be another; what was taken back stands beside the answer.
    ///
    /// # Errors
    /// When the database cannot be written.
    pub async fn begin(
        self,
        session: &NewSession,
        before: Option<&Session>,
        password: &Secret,
        approval: impl FnOnce(&[Number]) -> Approval + Send,
    ) -> Result<Option<(Begun, Vec<Approval>)>, StorageError> {
        let now = self.0.clock.now();
        let of_before = before.map(|before| WriteKey::User(before.user));
        let keys: Vec<_> = of_before.into_iter().chain([WriteKey::User(session.user)]).collect();
        let mut db = self.0.write(&keys).await?;
        if !passwords::is_password(&mut db, session.user, password).await? {
            return Ok(None);
        }
        let mut cancelled = match before {
            Some(before) => ending::end_itself(&mut db, self.0.pushes, before, now).await?,
            None => Vec::new(),
        };
        sessions::insert(&mut db, session, now).await?;
        cancelled.extend(surplus::end_pending(&mut db, self.0.caps, session.user, session.id, now).await?);
        let (push, taken) = pushes::may_ask_showing(&mut db, self.0.pushes, session.user, now).await?;
        if let Push::Withheld(why) = push {
            audit::limited(&mut db, now, session.user, session.id, LimitName::Pushes).await?;
            db.commit().await?;
            return Ok(Some((Begun::Withheld(why), cancelled)));
        }
        let approval = approval(&taken);
        approvals::insert(&mut db, &approval).await?;
        audit::about(&mut db, now, audit::Kind::ApprovalRequested, &approval, "sign-in").await?;
        db.commit().await?;
        Ok(Some((Begun::Asked(Box::new(approval)), cancelled)))
    }
}
