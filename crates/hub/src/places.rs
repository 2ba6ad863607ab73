//! Limits how many holders a key may have at once, in this process. Knows no meaning of the keys.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// A fixed number of places for each key.
#[derive(Debug)]
pub struct KeyLimiter<K: Eq + Hash> {
    taken: Arc<Mutex<Taken<K>>>,
    most: usize,
}

type Taken<K> = HashMap<K, (usize, Arc<tokio::sync::Mutex<()>>)>;

/// A taken place, which is freed on drop.
#[derive(Debug)]
pub struct KeyPermit<K: Eq + Hash> {
    taken: Arc<Mutex<Taken<K>>>,
    key: K,
    turn: Arc<tokio::sync::Mutex<()>>,
    is_first: bool,
}

impl<K: Eq + Hash + Clone> KeyLimiter<K> {
    /// `most` places for each key.
    #[must_use]
    pub fn new(most: usize) -> Self {
        Self { taken: Arc::default(), most }
    }

    /// A place for `key`; `None` when all are taken.
    pub fn take(&self, key: K) -> Option<KeyPermit<K>> {
        let mut taken = lock(&self.taken);
        let (count, turn) = taken.entry(key.clone()).or_default();
        if *count >= self.most {
            return None;
        }
        *count += 1;
        Some(KeyPermit { taken: Arc::clone(&self.taken), key, turn: Arc::clone(turn), is_first: *count == 1 })
    }
}

impl<K: Eq + Hash> KeyPermit<K> {
    /// True if no other place of the key was taken at that time.
    pub(crate) const fn is_first(&self) -> bool {
        self.is_first
    }

    /// Waits for the lock of this key, in order of arrival.
    pub(crate) async fn turn(&self) -> tokio::sync::MutexGuard<'_, ()> {
        self.turn.lock().await
    }
}

impl<K: Eq + Hash> Drop for KeyPermit<K> {
    fn drop(&mut self) {
        let mut taken = lock(&self.taken);
        if let Some((count, _)) = taken.get_mut(&self.key) {
            *count -= 1;
            if *count == 0 {
                taken.remove(&self.key);
            }
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // Nothing between lock and unlock can leave the counts half changed.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_has_a_number_of_places_and_is_forgotten_when_all_are_free() {
        let places = KeyLimiter::new(2);
        let (one, two) = (places.take("a").unwrap(), places.take("a").unwrap());
        assert_eq!((one.is_first(), two.is_first()), (true, false));
        assert!(places.take("a").is_none());
        assert!(places.take("b").unwrap().is_first());
        drop(one);
        assert!(!places.take("a").unwrap().is_first());
        drop(two);
        assert!(places.taken.lock().unwrap().is_empty());
    }
}
