//! The state behind its one lock, and its file. Announces changes; knows no HTTP.

use std::{
    fs,
    io::{self, Write as _},
    path::{Path, PathBuf},
    sync::{Mutex, MutexGuard, PoisonError},
};

use time::OffsetDateTime;
use tokio::sync::watch;

use approval::{Clock, Entropy, told};

use crate::{error::OpenError, state::State};

/// Holds the state.
pub(crate) struct Store {
    state: Mutex<State>,
    file: Option<PathBuf>,
    changes: watch::Sender<()>,
    clock: Clock,
}

impl Store {
    /// Reads `file` where it exists, starts afresh where it does not, and proves that it can be written.
    pub(crate) fn open(file: Option<PathBuf>, clock: Clock, entropy: &Entropy) -> Result<Self, OpenError> {
        let state = file.as_deref().map_or(Ok(None), read)?.unwrap_or_else(|| State::new(entropy));
        if let Some(path) = &file {
            write(path, &state).map_err(|source| OpenError::Write { path: path.clone(), source })?;
        }
        Ok(Self { state: Mutex::new(state), file, changes: watch::Sender::new(()), clock })
    }

    /// Looks at the state as it is now.
    pub(crate) fn read<T>(&self, look: impl FnOnce(&State, OffsetDateTime) -> T) -> T {
        look(&self.lock(), self.clock.now())
    }

    /// Changes the state, writes it down and announces it. A `change` that fails must have changed nothing.
    pub(crate) fn change<T, E>(&self, change: impl FnOnce(&mut State, OffsetDateTime) -> Result<T, E>) -> Result<T, E> {
        let mut state = self.lock();
        let result = change(&mut state, self.clock.now())?;
        if let Some(path) = &self.file
            && let Err(error) = write(path, &state)
        {
            tracing::error!(error = %told(&error), "the simulator's state file could not be written; going on in memory");
        }
        drop(state);
        self.changes.send_replace(());
        Ok(result)
    }

    /// Tells whenever something changes.
    pub(crate) fn watch(&self) -> watch::Receiver<()> {
        self.changes.subscribe()
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn read(path: &Path) -> Result<Option<State>, OpenError> {
    let bytes = match fs::read(path) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(source) => return Err(OpenError::Read { path: path.to_owned(), source }),
    };
    let state = serde_json::from_slice(&bytes);
    state.map(Some).map_err(|source| OpenError::Broken { path: path.to_owned(), source })
}

/// A reader sees the old state or the new one, never a part. The file holds codes: only its owner may read it.
fn write(path: &Path, state: &State) -> io::Result<()> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or_else(|| Path::new("."));
    fs::create_dir_all(folder)?;
    let mut file = tempfile::NamedTempFile::new_in(folder)?;
    file.write_all(&serde_json::to_vec(state)?)?;
    file.persist(path)?;
    Ok(())
}
