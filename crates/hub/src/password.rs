//! Passwords: what is taken, and argon2id in a bounded pool off the runtime's threads.

mod argon;
pub(crate) mod pool;
pub(crate) mod strength;

use std::sync::Arc;

use approval::{Entropy, Secret};
use argon::Buffers;
use pool::{HashPool, PoolClient};
use strength::{Guessable, OwnWords};
use thiserror::Error;

use crate::{settings::HashLimits, text::password};

pub use argon::{ArgonError, HASH_MEMORY};

/// A password of an allowed length. The pool checks whether it is common when it is hashed.
#[derive(Debug, Clone)]
pub struct NewPassword(Secret);

/// Why a password is not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub(crate) enum Weak {
    #[error("Use {} characters or more.", NewPassword::SHORTEST)]
    Short,
    #[error("Use {} characters or fewer.", NewPassword::LONGEST)]
    Long,
    #[error("Many people use this password, or one like it. Choose another.")]
    Common,
    #[error("Your name, your address and our name are easy to guess. Choose another.")]
    Own,
}

/// Hashes and checks passwords, at most as many at once as its limits allow, in turns of the [`HashPool`].
#[derive(Debug, Clone)]
pub(crate) struct Passwords {
    pool: HashPool,
    buffers: Buffers,
    nobodys: Arc<Secret>,
}

/// Why a password was not hashed or checked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum HashError {
    /// Too many wait already, or the wait was given up.
    #[error("too many passwords wait to be checked")]
    Busy,
    /// Argon2 failed.
    #[error("a password could not be hashed")]
    Failed(#[from] ArgonError),
    /// The hash was not finished: its thread failed, or the process is ending.
    #[error("hashing a password was cut off")]
    CutOff,
}

impl NewPassword {
    /// The fewest characters of a password.
    pub const SHORTEST: usize = 8;
    /// The most.
    pub const LONGEST: usize = password::LONGEST;

    /// Takes a password by its length in its normal form (NIST SP 800-63B-4, 3.1.1.2: length and a blocklist, no rules
    /// of composition).
    pub(crate) fn parse(text: &Secret) -> Result<Self, Weak> {
        if password::is_too_long(text) {
            return Err(Weak::Long);
        }
        match password::beginning(text, Self::SHORTEST).expose().chars().count() {
            ..Self::SHORTEST => Err(Weak::Short),
            _ => Ok(Self(text.clone())),
        }
    }
}

impl Passwords {
    /// A pool with these limits.
    ///
    /// # Errors
    /// When hashing does not work at all.
    pub(crate) fn new(limits: HashLimits, entropy: &Entropy) -> Result<Self, HashError> {
        let buffers = Buffers::default();
        let nobodys = buffers.hash(&entropy.bytes::<16>(), entropy.bytes())?;
        Ok(Self { pool: HashPool::new(limits), buffers, nobodys: Arc::new(nobodys) })
    }

    /// The argon2id hash of a new password, a PHC string, unless many people use the password or it is made of its
    /// owner's own words. The wait for a turn ends with `gives_up`; a hash that has begun is finished.
    ///
    /// # Errors
    /// When too many wait, the wait was given up, or hashing does not work at all.
    pub(crate) async fn hash(
        &self,
        password: NewPassword,
        own: OwnWords,
        client: PoolClient,
        entropy: &Entropy,
        gives_up: impl Future<Output = ()>,
    ) -> Result<Result<Secret, Weak>, HashError> {
        let (salt, buffers) = (entropy.bytes(), self.buffers.clone());
        let work = move || {
            let normal = password::normal(&password.0);
            match strength::guessable(normal.expose(), &own) {
                Some(Guessable::Common) => Ok(Err(Weak::Common)),
                Some(Guessable::Own) => Ok(Err(Weak::Own)),
                None => buffers.hash(normal.expose().as_bytes(), salt).map(Ok),
            }
        };
        Ok(self.work(client, gives_up, work).await??)
    }

    /// Whether `password` is the one behind `stored`. Without a stored hash the same work is done, for nobody.
    /// The wait for a turn ends with `gives_up`.
    ///
    /// # Errors
    /// When too many wait, the wait was given up, or hashing does not work at all.
    pub(crate) async fn matches(
        &self,
        password: Secret,
        stored: Option<Secret>,
        client: PoolClient,
        gives_up: impl Future<Output = ()>,
    ) -> Result<bool, HashError> {
        let somebodys = stored.is_some();
        let stored = stored.unwrap_or_else(|| (*self.nobodys).clone());
        let buffers = self.buffers.clone();
        let work = move || buffers.matches(password::normal(&password).expose().as_bytes(), stored.expose());
        let right = self.work(client, gives_up, work).await??;
        Ok(right && somebodys)
    }

    async fn work<T: Send + 'static>(
        &self,
        client: PoolClient,
        gives_up: impl Future<Output = ()>,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, HashError> {
        let turn = tokio::select! {
            biased;
            () = gives_up => return Err(HashError::Busy),
            turn = self.pool.turn(client) => turn.map_err(|pool::PoolFull| HashError::Busy)?,
        };
        tracing::trace!("hashing a password");
        // The work itself holds the turn, because the core stays busy after the client has gone.
        let work = move || {
            let done = work();
            drop(turn);
            done
        };
        tokio::task::spawn_blocking(work).await.map_err(|_| HashError::CutOff)
    }
}

#[cfg(test)]
mod tests {
    use std::future::{pending, ready};

    use super::*;

    const CLIENT: PoolClient = PoolClient { block: None, is_known: false };

    const LIMITS: HashLimits = HashLimits { threads: 2, queue: 100 };

    fn parse(text: &str) -> Result<NewPassword, Weak> {
        NewPassword::parse(&Secret::new(text))
    }

    #[test]
    fn length_is_counted_in_characters_and_nothing_else_is_asked_for() {
        assert_eq!(parse("ähwxpoc").err(), Some(Weak::Short));
        assert!(parse("ähwxpocq").is_ok());
        assert!(parse("all small letters").is_ok());
        assert!(parse(&"long ".repeat(200)).is_ok());
        assert_eq!(parse(&"x".repeat(1001)).err(), Some(Weak::Long));
    }

    #[tokio::test]
    async fn the_most_common_passwords_and_ones_own_address_are_refused() {
        let passwords = Passwords::new(LIMITS, &Entropy::system()).unwrap();
        let refused = async |password: &str| {
            let own = OwnWords::of("Ada Lovelace", "ada@example.com", "Countersign");
            passwords.hash(parse(password).unwrap(), own, CLIENT, &Entropy::system(), pending()).await.unwrap().err()
        };
        for common in ["password", "ｐａｓｓｗｏｒｄ", "12345678", "qwertyuiop", "iloveyou", "Password1", "aaaaaaaa"]
        {
            assert_eq!(refused(common).await, Some(Weak::Common), "{common}");
        }
        for own in ["ada@example.com", "lovelace", "countersign1"] {
            assert_eq!(refused(own).await, Some(Weak::Own), "{own}");
        }
    }

    #[tokio::test]
    async fn only_the_right_password_matches_and_nobodys_never_does() {
        let entropy = Entropy::system();
        let passwords = Passwords::new(LIMITS, &entropy).unwrap();
        let own = OwnWords::of("Ada Lovelace", "ada@example.com", "Countersign");
        let hash =
            passwords.hash(parse("correct horse").unwrap(), own, CLIENT, &entropy, pending()).await.unwrap().unwrap();
        assert!(hash.expose().starts_with("$argon2id$v=19$m=19456,t=2,p=1$"));
        assert!(passwords.matches(Secret::new("correct horse"), Some(hash.clone()), CLIENT, pending()).await.unwrap());
        assert!(!passwords.matches(Secret::new("correct horsf"), Some(hash), CLIENT, pending()).await.unwrap());
        assert!(!passwords.matches(Secret::new("correct horse"), None, CLIENT, pending()).await.unwrap());
    }

    #[tokio::test]
    async fn a_password_matches_however_a_keyboard_composes_it() {
        let entropy = Entropy::system();
        let passwords = Passwords::new(LIMITS, &entropy).unwrap();
        let own = OwnWords::of("Ada Lovelace", "ada@example.com", "Countersign");
        let new = parse("Pr\u{fc}f\u{fc}ng am \u{212b}").unwrap();
        let hash = passwords.hash(new, own, CLIENT, &entropy, pending()).await.unwrap().unwrap();
        for same in ["Pru\u{308}fu\u{308}ng am A\u{30a}", "Ｐrüfüng\u{a0}am Å"] {
            assert!(
                passwords.matches(Secret::new(same), Some(hash.clone()), CLIENT, pending()).await.unwrap(),
                "{same}"
            );
        }
        assert!(!passwords.matches(Secret::new("Prufung am A"), Some(hash), CLIENT, pending()).await.unwrap());
    }

    #[test]
    fn a_password_is_measured_and_estimated_in_its_normal_form() {
        assert_eq!(parse(&"a\u{308}".repeat(7)).err(), Some(Weak::Short));
        assert!(parse(&"\u{fdfa}".repeat(2)).is_ok(), "its normal form is long enough");
    }

    #[tokio::test]
    async fn a_wait_for_a_turn_ends_when_it_is_given_up_and_leaves_no_turn_taken() {
        let one_thread = HashLimits { threads: 1, ..LIMITS };
        let passwords = Passwords::new(one_thread, &Entropy::system()).unwrap();
        let turn = passwords.pool.turn(CLIENT).await.unwrap();
        let (leaves, left) = tokio::sync::oneshot::channel::<()>();
        let waiting = tokio::spawn({
            let passwords = passwords.clone();
            async move { passwords.matches(Secret::new("guess"), None, CLIENT, async { drop(left.await) }).await }
        });
        tokio::task::yield_now().await;
        assert!(!waiting.is_finished(), "the turn is taken");
        leaves.send(()).unwrap();
        assert_eq!(waiting.await.unwrap(), Err(HashError::Busy));
        drop(turn);
        assert_eq!(passwords.matches(Secret::new("guess"), None, CLIENT, pending()).await, Ok(false));
        assert_eq!(passwords.matches(Secret::new("guess"), None, CLIENT, ready(())).await, Err(HashError::Busy));
    }
}
