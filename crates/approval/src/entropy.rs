//! Randomness, passed to whatever needs it.

use std::{fmt, sync::Arc};

/// A source of random bytes. Cheap to clone.
#[derive(Clone)]
pub struct Entropy(Arc<Fill>);

type Fill = dyn Fn(&mut [u8]) + Send + Sync;

impl Entropy {
    /// The operating system's generator, fit for secrets.
    ///
    /// # Panics
    /// When the operating system has no randomness to give: going on would hand out guessable tokens.
    #[must_use]
    pub fn system() -> Self {
        Self(Arc::new(|buffer: &mut [u8]| {
            #[expect(clippy::disallowed_methods, reason = "the one place that asks the operating system")]
            getrandom::fill(buffer).expect("the operating system gives randomness");
        }))
    }

    /// Bytes from `fill`: for tests.
    #[must_use]
    pub fn from_fn(fill: impl Fn(&mut [u8]) + Send + Sync + 'static) -> Self {
        Self(Arc::new(fill))
    }

    /// `N` random bytes.
    #[must_use]
    pub fn bytes<const N: usize>(&self) -> [u8; N] {
        let mut bytes = [0; N];
        (self.0)(&mut bytes);
        bytes
    }
}

impl fmt::Debug for Entropy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Entropy")
    }
}
