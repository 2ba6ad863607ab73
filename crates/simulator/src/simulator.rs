//! What the handlers share. Knows no routes.

use std::sync::Arc;

use tokio_util::{sync::CancellationToken, task::TaskTracker};

use approval::{Clock, Entropy};

use crate::{callback::Courier, error::OpenError, settings::Settings, store::Store};

/// The provider and its users' phones. Cheap to clone; clones share everything.
#[derive(Clone)]
pub struct Simulator {
    pub(crate) settings: Arc<Settings>,
    pub(crate) store: Arc<Store>,
    pub(crate) courier: Courier,
    pub(crate) entropy: Entropy,
    pub(crate) shutdown: CancellationToken,
}

impl Simulator {
    /// Reads the state file, where there is one. Callbacks are sent by tasks on `tasks`; `shutdown` ends them, open
    /// event streams and held answers.
    ///
    /// # Errors
    /// [`OpenError`] when the key is empty, or the state file cannot be read or written, or holds something else.
    pub fn open(
        settings: Settings,
        clock: Clock,
        entropy: Entropy,
        tasks: TaskTracker,
        shutdown: CancellationToken,
    ) -> Result<Self, OpenError> {
        let settings = Arc::new(settings);
        let store = Arc::new(Store::open(settings.state_file.clone(), clock, &entropy)?);
        let courier = Courier::new(Arc::clone(&settings), Arc::clone(&store), tasks, shutdown.clone())?;
        Ok(Self { settings, store, courier, entropy, shutdown })
    }
}
