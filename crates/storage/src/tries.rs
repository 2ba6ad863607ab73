//! Tries with codes: few in a while, and not too many wrong ones in a row. One limiter for every code of an account and
//! of its phone, whatever way it came and whatever it opens; counted before the provider is asked.

use approval::UserId;
use sqlx::SqliteConnection;
use time::OffsetDateTime;

use crate::notices::{self, NoticeKind};
use crate::rate_limits::{self, AttemptKind};
use crate::rows::millis;
use crate::sessions::Session;
use crate::{Attempt, Codes, Limit, LimitName, Limited, StorageError, Subject, WriteKey, audit};

/// What wrong codes are limited by.
#[derive(Debug, Clone)]
pub struct CodeLimits {
    /// So many in a while, for each of these subjects.
    pub tries: Vec<(Subject, Limit)>,
    /// So many in a row, for the account: then codes are switched off.
    pub in_a_row: u32,
}

/// Why a code is not tried.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NotTried {
    /// Too many were wrong lately.
    Limited(Limited),
    /// Codes are off for the account until something is approved on the phone.
    Off,
}

impl Codes<'_> {
    /// Counts a try with a code, or refuses it.
    ///
    /// # Errors
    /// When the database cannot be read or written; the code must then not be tried.
    pub async fn count_try(
        self,
        session: &Session,
        limits: &CodeLimits,
    ) -> Result<Result<Attempt, NotTried>, StorageError> {
        if let Some(refused) = self.refusal(session, limits).await? {
            return Ok(Err(refused));
        }
        let now = self.0.clock.now();
        let user = session.user.to_string();
        let mut keys = rate_limits::subjects(&limits.tries);
        keys.push(WriteKey::User(session.user));
        let mut db = self.0.write(&keys).await?;
        if codes_off(&mut db, session.user, limits.in_a_row).await? {
            switch_off(&mut db, session, limits.in_a_row, now).await?;
            db.commit().await?;
            return Ok(Err(NotTried::Off));
        }
        let counted = rate_limits::count(&mut db, AttemptKind::Code, &limits.tries, now).await?;
        let attempt = match counted {
            Ok(attempt) => attempt,
            Err(limited) => {
                drop(db);
                self.guessed(session, now).await?;
                return Ok(Err(NotTried::Limited(limited)));
            }
        };
        sqlx::query!(
            "INSERT INTO factors (user_id, wrong_codes) VALUES ($1, 1)
             ON CONFLICT (user_id) DO UPDATE SET wrong_codes = factors.wrong_codes + 1",
            user
        )
        .execute(&mut *db)
        .await?;
        db.commit().await?;
        Ok(Ok(attempt))
    }

    /// The reason to refuse a code now, if any. Only the first refusal writes an audit entry and a notice; the others
    /// must not block writers.
    ///
    /// # Errors
    /// When the database cannot be read or written.
    pub async fn refusal(self, session: &Session, limits: &CodeLimits) -> Result<Option<NotTried>, StorageError> {
        let now = self.0.clock.now();
        let mut db = self.0.read().acquire().await?;
        if codes_off(&mut db, session.user, limits.in_a_row).await? {
            if !is_switched_off(&mut db, session.user).await? {
                drop(db);
                let mut db = self.0.write(&[WriteKey::User(session.user)]).await?;
                switch_off(&mut db, session, limits.in_a_row, now).await?;
                db.commit().await?;
            }
            return Ok(Some(NotTried::Off));
        }
        let Some(limited) = rate_limits::limited(&mut db, AttemptKind::Code, &limits.tries, now).await? else {
            return Ok(None);
        };
        let is_written = audit::says_limited(&mut db, now, session.user, LimitName::WrongCodes).await?;
        drop(db);
        if !is_written {
            self.guessed(session, now).await?;
        }
        Ok(Some(NotTried::Limited(limited)))
    }

    /// Whether codes are off for the account.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn are_off(self, user: UserId, in_a_row: u32) -> Result<bool, StorageError> {
        codes_off(&mut *self.0.read().acquire().await?, user, in_a_row).await
    }

    /// Takes a try back: the provider was never asked, or the code was right and did not count.
    ///
    /// # Errors
    /// When the database cannot be written.
    pub async fn not_tried(self, session: &Session, attempt: &Attempt) -> Result<(), StorageError> {
        let user = session.user.to_string();
        let mut db = self.0.write(&[WriteKey::User(session.user)]).await?;
        rate_limits::forgive(&mut db, attempt).await?;
        sqlx::query!("UPDATE factors SET wrong_codes = wrong_codes - 1 WHERE user_id = $1 AND wrong_codes > 0", user)
            .execute(&mut *db)
            .await?;
        db.commit().await?;
        Ok(())
    }

    /// Writes that the code was wrong; with one too many in a row, codes are switched off.
    ///
    /// # Errors
    /// When the database cannot be written.
    pub async fn code_wrong(self, session: &Session, in_a_row: u32) -> Result<(), StorageError> {
        let now = self.0.clock.now();
        let mut db = self.0.write(&[WriteKey::User(session.user)]).await?;
        audit::write(&mut db, now, audit::Kind::CodeWrong, session.user, session.id, None, "").await?;
        switch_off(&mut db, session, in_a_row, now).await?;
        db.commit().await?;
        Ok(())
    }

    /// Tells the owner, once while the limit is reached.
    async fn guessed(self, session: &Session, now: OffsetDateTime) -> Result<(), StorageError> {
        let mut db = self.0.write(&[WriteKey::User(session.user)]).await?;
        if audit::limited(&mut db, now, session.user, session.id, LimitName::WrongCodes).await? {
            notices::write(&mut db, NoticeKind::CodesGuessed, session.user, Some(session.id), now).await?;
        }
        db.commit().await?;
        Ok(())
    }
}

/// A right code ends the row of wrong ones, inside a transaction.
pub(crate) async fn right(db: &mut SqliteConnection, user: UserId) -> Result<(), StorageError> {
    let user = user.to_string();
    sqlx::query!("UPDATE factors SET wrong_codes = 0 WHERE user_id = $1 AND codes_off_at IS NULL", user)
        .execute(db)
        .await?;
    Ok(())
}

/// Something was approved on the phone: codes are taken again.
pub(crate) async fn approved_on_the_phone(
    db: &mut SqliteConnection,
    user: UserId,
    now: OffsetDateTime,
) -> Result<(), StorageError> {
    notices::end(db, NoticeKind::CodesOff, user, now).await?;
    let user = user.to_string();
    sqlx::query!("UPDATE factors SET wrong_codes = 0, codes_off_at = NULL WHERE user_id = $1", user)
        .execute(db)
        .await?;
    Ok(())
}

/// Switches codes off if so many in a row were wrong.
async fn switch_off(
    db: &mut SqliteConnection,
    session: &Session,
    in_a_row: u32,
    now: OffsetDateTime,
) -> Result<(), StorageError> {
    let (user, at, most) = (session.user.to_string(), millis(now), i64::from(in_a_row));
    let off = sqlx::query!(
        "UPDATE factors SET codes_off_at = $2 WHERE user_id = $1 AND codes_off_at IS NULL AND wrong_codes >= $3",
        user,
        at,
        most
    );
    if off.execute(&mut *db).await?.rows_affected() == 1 {
        notices::write(db, NoticeKind::CodesOff, session.user, None, now).await?;
        audit::write(db, now, audit::Kind::FactorSwitchedOff, session.user, session.id, None, "codes").await?;
    }
    Ok(())
}

/// Those under way count among the wrong ones, so that no number at once passes the limit.
async fn codes_off(db: &mut SqliteConnection, user: UserId, in_a_row: u32) -> Result<bool, StorageError> {
    let (user, most) = (user.to_string(), i64::from(in_a_row));
    let off = sqlx::query_scalar!(
        r#"SELECT EXISTS (SELECT 1 FROM factors
            WHERE user_id = $1 AND (codes_off_at IS NOT NULL OR wrong_codes >= $2)) AS "is!: bool""#,
        user,
        most
    );
    Ok(off.fetch_one(db).await?)
}

/// True if the record says that codes are off.
async fn is_switched_off(db: &mut SqliteConnection, user: UserId) -> Result<bool, StorageError> {
    let user = user.to_string();
    let off = sqlx::query_scalar!(
        r#"SELECT EXISTS (SELECT 1 FROM factors WHERE user_id = $1 AND codes_off_at IS NOT NULL) AS "is!: bool""#,
        user
    );
    Ok(off.fetch_one(db).await?)
}
