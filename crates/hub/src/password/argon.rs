//! argon2id in buffers that are made once and used again: as many as hashes may run at once, so hashing takes a fixed
//! amount of memory. Knows no queue and no client.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use approval::Secret;
use argon2::password_hash::phc::{Output, ParamsString, PasswordHash, Salt};
use argon2::{Algorithm, Argon2, Block, Params, Version};
use thiserror::Error;
use zeroize::Zeroize as _;

/// Memory of one hash, in KiB, and the passes over it (OWASP Password Storage Cheat Sheet). If a later version lowers
/// this, its buffers must still be as large as for the largest stored hash.
const MEMORY_KIB: u32 = 19 * 1024;
const PASSES: u32 = 2;
/// A stored hash with more passes is refused; it would hold a core for seconds.
const MOST_PASSES: u32 = 16;
/// Length of the output, in bytes.
const OUTPUT: usize = 32;

/// Bytes of memory that one hash works in.
pub const HASH_MEMORY: u64 = MEMORY_KIB as u64 * Block::SIZE as u64;

/// Why argon2 made no hash.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum ArgonError {
    /// The stored hash is no PHC string of argon2.
    #[error("the stored password hash cannot be read")]
    Unreadable,
    /// The stored hash needs more memory or passes than are allowed here.
    #[error("the stored password hash needs {memory_kib} KiB and {passes} passes, more than are spent on one")]
    TooCostly {
        /// Its memory, in KiB.
        memory_kib: u32,
        /// Its passes over the memory.
        passes: u32,
    },
    /// Argon2 refuses the password, the salt or the length of the output.
    #[error("argon2 refuses the input")]
    Refused,
}

/// The buffers of one pool. Cheap to clone.
#[derive(Clone, Default)]
pub(super) struct Buffers(Arc<Mutex<Vec<Vec<Block>>>>);

/// A buffer on loan. Dropping it overwrites its contents with zeros and gives it back.
struct Loan {
    buffers: Buffers,
    blocks: Vec<Block>,
}

impl Buffers {
    /// The argon2id hash of `password`, a PHC string.
    ///
    /// # Errors
    /// [`ArgonError::Refused`].
    pub(super) fn hash(&self, password: &[u8], salt: [u8; 16]) -> Result<Secret, ArgonError> {
        let params = Params::new(MEMORY_KIB, PASSES, 1, Some(OUTPUT)).map_err(|_| ArgonError::Refused)?;
        let stored = PasswordHash {
            algorithm: Algorithm::Argon2id.ident(),
            version: Some(Version::V0x13.into()),
            params: ParamsString::try_from(&params).map_err(|_| ArgonError::Refused)?,
            salt: Some(Salt::new(&salt).map_err(|_| ArgonError::Refused)?),
            hash: Some(self.output(Algorithm::Argon2id, Version::V0x13, params, password, &salt)?),
        };
        Ok(Secret::new(stored.to_string()))
    }

    /// True if `stored`, a PHC string with its own parameters, is the hash of `password`. Takes the same time if not.
    ///
    /// # Errors
    /// When `stored` cannot be read, or needs more memory than a buffer has or too many passes.
    pub(super) fn matches(&self, password: &[u8], stored: &str) -> Result<bool, ArgonError> {
        let parsed = PasswordHash::new(stored).map_err(|_| ArgonError::Unreadable)?;
        let params = Params::try_from(&parsed).map_err(|_| ArgonError::Unreadable)?;
        let algorithm = Algorithm::try_from(parsed.algorithm.as_str()).map_err(|_| ArgonError::Unreadable)?;
        let version = parsed.version.map_or(Ok(Version::default()), Version::try_from);
        let version = version.map_err(|_| ArgonError::Unreadable)?;
        let (Some(salt), Some(expected)) = (&parsed.salt, &parsed.hash) else { return Err(ArgonError::Unreadable) };
        let (memory_kib, passes) = (params.m_cost(), params.t_cost());
        if memory_kib > MEMORY_KIB || passes > MOST_PASSES {
            return Err(ArgonError::TooCostly { memory_kib, passes });
        }
        // `Output` compares in constant time.
        Ok(self.output(algorithm, version, params, password, salt)? == *expected)
    }

    fn output(
        &self,
        algorithm: Algorithm,
        version: Version,
        params: Params,
        password: &[u8],
        salt: &[u8],
    ) -> Result<Output, ArgonError> {
        let mut loan = self.lend();
        let argon2 = Argon2::new(algorithm, version, params);
        let mut output = [0; Output::MAX_LENGTH];
        let length = argon2.params().output_len().unwrap_or(OUTPUT);
        let output = output.get_mut(..length).ok_or(ArgonError::Refused)?;
        let hashed = argon2.hash_password_into_with_memory(password, salt, output, &mut loan.blocks);
        hashed.map_err(|_| ArgonError::Refused)?;
        Output::new(output).map_err(|_| ArgonError::Refused)
    }

    /// The buffer that was given back last, or a new one while all are on loan.
    fn lend(&self) -> Loan {
        let kept = self.kept().pop();
        let blocks = kept.unwrap_or_else(|| vec![Block::new(); MEMORY_KIB as usize]);
        Loan { buffers: self.clone(), blocks }
    }

    fn kept(&self) -> MutexGuard<'_, Vec<Vec<Block>>> {
        // Nothing between lock and unlock panics.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Buffers {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Buffers").field("kept", &self.kept().len()).finish_non_exhaustive()
    }
}

impl Drop for Loan {
    fn drop(&mut self) {
        let mut blocks = std::mem::take(&mut self.blocks);
        for block in &mut blocks {
            block.zeroize();
        }
        self.buffers.kept().push(blocks);
    }
}

#[cfg(test)]
mod tests {
    use argon2::PasswordHasher as _;

    use super::*;

    const SALT: [u8; 16] = *b"salt of 16 bytes";

    /// The hash as the argon2 crate makes it with memory of its own.
    fn made_elsewhere(algorithm: Algorithm, version: Version, params: (u32, u32, u32), length: usize) -> String {
        let params = Params::new(params.0, params.1, params.2, Some(length)).unwrap();
        Argon2::new(algorithm, version, params).hash_password_with_salt(b"secret", &SALT).unwrap().to_string()
    }

    #[test]
    fn a_hash_is_the_one_that_argon2_makes_with_memory_of_its_own() {
        let buffers = Buffers::default();
        let expected = made_elsewhere(Algorithm::Argon2id, Version::V0x13, (MEMORY_KIB, PASSES, 1), OUTPUT);
        for _ in 0..2 {
            assert_eq!(buffers.hash(b"secret", SALT).unwrap().expose(), expected, "a used buffer changes nothing");
        }
    }

    #[test]
    fn hashes_with_other_parameters_are_checked_by_these() {
        let buffers = Buffers::default();
        for (algorithm, version, params, length) in [
            (Algorithm::Argon2id, Version::V0x13, (MEMORY_KIB, 1, 1), 32),
            (Algorithm::Argon2id, Version::V0x13, (12 * 1024, 3, 1), 16),
            (Algorithm::Argon2i, Version::V0x10, (4096, 3, 4), 64),
            (Algorithm::Argon2d, Version::V0x13, (8, 1, 1), 32),
        ] {
            let stored = made_elsewhere(algorithm, version, params, length);
            assert_eq!(buffers.matches(b"secret", &stored), Ok(true), "{stored}");
            assert_eq!(buffers.matches(b"secreT", &stored), Ok(false), "{stored}");
        }
    }

    #[test]
    fn hashes_that_cost_too_much_or_cannot_be_read_are_refused_at_once() {
        let buffers = Buffers::default();
        for (memory, passes) in [(MEMORY_KIB + 1, 1), (u32::MAX, 1), (8, MOST_PASSES + 1), (8, u32::MAX)] {
            let small = made_elsewhere(Algorithm::Argon2id, Version::V0x13, (8, 1, 1), 32);
            let stored = small.replace("m=8,t=1", &format!("m={memory},t={passes}"));
            let refused = Err(ArgonError::TooCostly { memory_kib: memory, passes });
            assert_eq!(buffers.matches(b"secret", &stored), refused, "{stored}");
        }
        for unreadable in ["", "secret", "$argon2id$v=19$m=8,t=1,p=1", "$scrypt$ln=16,r=8,p=1$aM15713r3Xsvxbi31lqr1Q"] {
            assert_eq!(buffers.matches(b"secret", unreadable), Err(ArgonError::Unreadable), "{unreadable}");
        }
        assert!(buffers.kept().is_empty(), "no buffer was needed");
    }

    #[test]
    fn buffers_are_as_many_as_hashes_at_once_and_hold_nothing_afterwards() {
        let buffers = Buffers::default();
        for _ in 0..3 {
            std::thread::scope(|threads| {
                for _ in 0..2 {
                    threads.spawn(|| buffers.hash(b"secret", SALT).unwrap());
                }
            });
        }
        let kept = buffers.kept();
        assert!((1..=2).contains(&kept.len()), "{}", kept.len());
        assert!(kept.iter().flatten().all(|block| block.as_ref().iter().all(|word| *word == 0)));
    }
}
