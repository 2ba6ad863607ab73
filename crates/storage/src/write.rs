//! A transaction that writes, and the keys of the rows that it is about. Knows no table.

use std::ops::{Deref, DerefMut};

use approval::{ApprovalId, ProviderUserId, UserId};
use sqlx::{Sqlite, SqliteConnection, Transaction};

use crate::{LinkHash, StorageError, Subject};

/// What a transaction is about. Transactions that share a key must not run at the same time.
///
/// A session has no key: its rows change only with the key of its user, or by one statement that compares what was read.
#[derive(Debug, Clone, Copy)]
#[expect(dead_code, reason = "SQLite has one writer; an engine with several locks these")]
pub(crate) enum WriteKey<'a> {
    /// One account, its sessions and factors, its phone and its address. An engine with several locks reads the last two
    /// from the account's row.
    User(UserId),
    /// One phone that has no account yet: the requests on it, and its sign-ups.
    Phone(&'a ProviderUserId),
    /// One address that has no account yet, by its key.
    Email(&'a str),
    /// What is counted by one subject.
    Subject(&'a Subject),
    /// The account of an approval, which never changes: as [`WriteKey::User`].
    Approval(ApprovalId),
    /// The account that a link is for.
    ResetLink(LinkHash),
    /// The polls of all hubs in a second.
    PollRate,
    /// What is swept, or moved because the clock was set back.
    Sweep,
}

/// A transaction that writes. Dropped without a commit, it is rolled back.
#[derive(Debug)]
pub(crate) struct WriteTransaction {
    db: Transaction<'static, Sqlite>,
}

impl WriteTransaction {
    pub(crate) const fn new(db: Transaction<'static, Sqlite>) -> Self {
        Self { db }
    }

    /// Commits what was written.
    pub(crate) async fn commit(self) -> Result<(), StorageError> {
        Ok(self.db.commit().await?)
    }
}

impl Deref for WriteTransaction {
    type Target = SqliteConnection;

    fn deref(&self) -> &SqliteConnection {
        &self.db
    }
}

impl DerefMut for WriteTransaction {
    fn deref_mut(&mut self) -> &mut SqliteConnection {
        &mut self.db
    }
}
