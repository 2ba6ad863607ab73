//! Passwords: what is taken, and argon2id in a bounded pool off the runtime's threads.

use std::num::NonZeroUsize;
use std::sync::Arc;

use approval::{Entropy, Secret};
use argon2::{
    Algorithm, Argon2, Params, PasswordHasher as _, PasswordVerifier as _, Version, password_hash::phc::PasswordHash,
};
use thiserror::Error;
use tokio::sync::Semaphore;

use crate::text::password;

/// A password that is long enough and not among the most common.
#[derive(Debug, Clone)]
pub(crate) struct NewPassword(Secret);

/// Why a password is not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub(crate) enum Weak {
    #[error("Use {} characters or more.", NewPassword::SHORTEST)]
    Short,
    #[error("Use {} characters or fewer.", NewPassword::LONGEST)]
    Long,
    #[error("Many people use this password, or one like it. Choose another.")]
    Common,
}

/// Hashes and checks passwords; never more at once than the machine has cores, and never more waiting than
/// [`Passwords::QUEUE`].
#[derive(Debug, Clone)]
pub(crate) struct Passwords {
    queue: Arc<Semaphore>,
    room: Arc<Semaphore>,
    nobodys: Arc<Secret>,
}

/// Why a password was not hashed or checked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum HashError {
    /// Too many wait already.
    #[error("too many passwords wait to be checked")]
    Busy,
    /// It cannot be done at all.
    #[error("a password could not be hashed")]
    Failed,
}

impl NewPassword {
    pub(crate) const SHORTEST: usize = 8;
    pub(crate) const LONGEST: usize = password::LONGEST;
    /// A guesser with a list needs fewer tries than this for what we call common (zxcvbn's estimate).
    const COMMON_BELOW_GUESSES: u64 = 10_000;
    /// The estimate's cost grows with the square of the length; nothing this long is common.
    const ESTIMATED: usize = 64;

    /// Takes a password (NIST SP 800-63B-4, 3.1.1.2: length and a blocklist, no rules of composition). `known` are
    /// the person's own words, as good as public.
    pub(crate) fn parse(text: &Secret, known: &[&str]) -> Result<Self, Weak> {
        if password::is_too_long(text) {
            return Err(Weak::Long);
        }
        let normal = password::beginning(text, Self::ESTIMATED + 1);
        let length = normal.expose().chars().count();
        if length < Self::SHORTEST {
            return Err(Weak::Short);
        }
        if length <= Self::ESTIMATED && zxcvbn::zxcvbn(normal.expose(), known).guesses() < Self::COMMON_BELOW_GUESSES {
            return Err(Weak::Common);
        }
        Ok(Self(text.clone()))
    }
}

impl Passwords {
    /// With 30 ms for each on every core, the last of them waits for a few seconds.
    const QUEUE: usize = 200;

    /// A pool as wide as the machine.
    ///
    /// # Errors
    /// When hashing does not work at all.
    pub(crate) fn new(entropy: &Entropy) -> Result<Self, HashError> {
        let width = std::thread::available_parallelism().map_or(1, NonZeroUsize::get);
        let nobodys = hash(&format!("{:?}", entropy.bytes::<16>()), entropy.bytes())?;
        let (queue, room) = (Arc::new(Semaphore::new(Self::QUEUE)), Arc::new(Semaphore::new(width)));
        Ok(Self { queue, room, nobodys: Arc::new(nobodys) })
    }

    /// The argon2id hash of a new password, a PHC string.
    ///
    /// # Errors
    /// When hashing does not work at all.
    pub(crate) async fn hash(&self, password: NewPassword, entropy: &Entropy) -> Result<Secret, HashError> {
        let salt = entropy.bytes();
        self.work(move || hash(password::normal(&password.0).expose(), salt)).await?
    }

    /// Whether `password` is the one behind `stored`. Without a stored hash the same work is done, for nobody.
    ///
    /// # Errors
    /// When hashing does not work at all.
    pub(crate) async fn matches(&self, password: Secret, stored: Option<Secret>) -> Result<bool, HashError> {
        let somebodys = stored.is_some();
        let stored = stored.unwrap_or_else(|| (*self.nobodys).clone());
        let right = self
            .work(move || {
                let parsed = PasswordHash::new(stored.expose()).map_err(|_| HashError::Failed)?;
                Ok(argon2id()?.verify_password(password::normal(&password).expose().as_bytes(), &parsed).is_ok())
            })
            .await??;
        Ok(right && somebodys)
    }

    async fn work<T: Send + 'static>(&self, work: impl FnOnce() -> T + Send + 'static) -> Result<T, HashError> {
        let place = Arc::clone(&self.queue).try_acquire_owned().map_err(|_| HashError::Busy)?;
        let room = Arc::clone(&self.room).acquire_owned().await.map_err(|_| HashError::Failed)?;
        tracing::trace!("hashing a password");
        // Both are held by the work itself: whoever asked may have gone, and the cores are busy all the same.
        let work = move || {
            let done = work();
            drop((place, room));
            done
        };
        tokio::task::spawn_blocking(work).await.map_err(|_| HashError::Failed)
    }
}

/// argon2id with 19 MiB, 2 passes, 1 lane (OWASP Password Storage Cheat Sheet).
fn argon2id() -> Result<Argon2<'static>, HashError> {
    let params = Params::new(19 * 1024, 2, 1, None).map_err(|_| HashError::Failed)?;
    Ok(Argon2::new(Algorithm::Argon2id, Version::V0x13, params))
}

fn hash(password: &str, salt: [u8; 16]) -> Result<Secret, HashError> {
    let hash = argon2id()?.hash_password_with_salt(password.as_bytes(), &salt).map_err(|_| HashError::Failed)?;
    Ok(Secret::new(hash.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<NewPassword, Weak> {
        NewPassword::parse(&Secret::new(text), &["ada@example.com", "Ada Lovelace"])
    }

    #[test]
    fn length_is_counted_in_characters_and_nothing_else_is_asked_for() {
        assert_eq!(parse("ähwxpoc").err(), Some(Weak::Short));
        assert!(parse("ähwxpocq").is_ok());
        assert!(parse("all small letters").is_ok());
        assert!(parse(&"long ".repeat(200)).is_ok());
        assert_eq!(parse(&"x".repeat(1001)).err(), Some(Weak::Long));
    }

    #[test]
    fn the_most_common_passwords_and_ones_own_address_are_refused() {
        for common in ["password", "12345678", "qwertyuiop", "iloveyou", "Password1", "aaaaaaaa", "ada@example.com"] {
            assert_eq!(parse(common).err(), Some(Weak::Common), "{common}");
        }
    }

    #[tokio::test]
    async fn only_the_right_password_matches_and_nobodys_never_does() {
        let entropy = Entropy::system();
        let passwords = Passwords::new(&entropy).unwrap();
        let hash = passwords.hash(parse("correct horse").unwrap(), &entropy).await.unwrap();
        assert!(hash.expose().starts_with("$argon2id$v=19$m=19456,t=2,p=1$"));
        assert!(passwords.matches(Secret::new("correct horse"), Some(hash.clone())).await.unwrap());
        assert!(!passwords.matches(Secret::new("correct horsf"), Some(hash)).await.unwrap());
        assert!(!passwords.matches(Secret::new("correct horse"), None).await.unwrap());
    }

    #[tokio::test]
    async fn a_password_matches_however_a_keyboard_composes_it() {
        let entropy = Entropy::system();
        let passwords = Passwords::new(&entropy).unwrap();
        let hash = passwords.hash(parse("Pr\u{fc}f\u{fc}ng am \u{212b}").unwrap(), &entropy).await.unwrap();
        for same in ["Pru\u{308}fu\u{308}ng am A\u{30a}", "Ｐrüfüng\u{a0}am Å"] {
            assert!(passwords.matches(Secret::new(same), Some(hash.clone())).await.unwrap(), "{same}");
        }
        assert!(!passwords.matches(Secret::new("Prufung am A"), Some(hash)).await.unwrap());
    }

    #[test]
    fn a_password_is_measured_and_estimated_in_its_normal_form() {
        assert_eq!(parse(&"a\u{308}".repeat(7)).err(), Some(Weak::Short));
        assert_eq!(parse("ｐａｓｓｗｏｒｄ").err(), Some(Weak::Common));
    }
}
