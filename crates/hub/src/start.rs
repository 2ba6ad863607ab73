//! Starting a hub from its parts.

use std::sync::Arc;

use approval::{Clock, Details, Entropy, Logos, Shown};
use broker::EventLog;
use provider::Authy;
use storage::{Storage, StorageError};
use thiserror::Error;
use tokio::sync::mpsc;
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use crate::{
    clock_watch,
    condition::Condition,
    hub::{Hub, Shared},
    live::{announce, hear},
    password::{HashError, Passwords},
    phone::{consume, follow},
    places::KeyLimiter,
    registry::{followed::Followed, repairs::Repairs, seats::Seats, waiters::Waiters},
    settings::Settings,
    steps::turn,
    text::{self, label},
    throttle::{self, guess_queue::GuessQueues},
    token::ServerKey,
    upkeep,
};

/// What a hub is made of.
pub struct Parts {
    /// What an operator can set.
    pub settings: Settings,
    /// The service's database.
    pub storage: Storage,
    /// Where verified callbacks come from.
    pub log: Arc<dyn EventLog>,
    /// The way to the phones.
    pub provider: Authy,
    /// Tells the time.
    pub clock: Clock,
    /// Gives randomness.
    pub entropy: Entropy,
    /// The troubles that the hub notes.
    pub condition: Condition,
}

/// Why a hub could not start.
#[derive(Debug, Error)]
pub enum StartError {
    /// The database does not answer.
    #[error("the database could not be read or written")]
    Storage(#[from] StorageError),
    /// Passwords cannot be hashed.
    #[error("passwords cannot be hashed on this machine")]
    Hash(#[from] HashError),
    /// No phone could show the product's name.
    #[error("the product's name is empty, too long for a phone to show, or has a hidden character")]
    Product,
    /// The provider takes no such logo.
    #[error("the logo's address is none that a phone can be given: http, and at most {} characters", Logos::URL_LIMIT)]
    Logo,
    /// An approval would end before the provider could ask for it.
    #[error("an approval must live {} seconds at least", Settings::SHORTEST)]
    TooShort,
}

/// Starts a hub: its tasks run in `tasks` until `stop`. Browsers that wait are sent to another hub when `leaving` is
/// cancelled.
///
/// # Errors
/// [`StartError`] when the settings or the database will not do.
pub async fn start(
    parts: Parts,
    tasks: &TaskTracker,
    leaving: CancellationToken,
    stop: CancellationToken,
) -> Result<Hub, StartError> {
    let Parts { settings, storage, log, provider, clock, entropy, condition } = parts;
    let message = label::sign_up_message(&settings.product);
    if !label::shows_as_written(&settings.product) || Shown::new(message, Details::default()).is_err() {
        return Err(StartError::Product);
    }
    if settings.sign_in_seconds.min(settings.transaction_seconds) < Settings::SHORTEST {
        return Err(StartError::TooShort);
    }
    let logos = settings.logo_url.as_ref().map_or_else(|| Ok(Logos::default()), |url| Logos::one(url.to_string()));
    let (news, told) = mpsc::unbounded_channel();
    let storage = storage
        .with_push_rules(throttle::pushes(&settings.limits))
        .with_session_caps(throttle::sessions(&settings.limits));
    let hub = Hub::new(Shared {
        logos: logos.map_err(|_| StartError::Logo)?,
        key: ServerKey::new(storage.server_key("sessions", &entropy).await?),
        storage,
        provider,
        waiters: Waiters::default(),
        seats: Seats::new(settings.seats),
        repairs: Repairs::new(),
        condition,
        followed: Followed::default(),
        passwords: Passwords::new(settings.hashing, &entropy)?,
        turns: KeyLimiter::new(turn::PLACES),
        guess_queues: GuessQueues::new(settings.waiting_guesses),
        settings,
        clock,
        entropy,
        tasks: tasks.clone(),
        leaving,
        stop,
        log,
        outbox: tokio::sync::Notify::new(),
        news,
    });
    // Loads the plans before the first request, whose thread would otherwise be blocked. A panic is ignored here, and
    // happens again at the request.
    let _ = tokio::task::spawn_blocking(text::phone::load).await;
    follow::resume(&hub).await?;
    announce::start(&hub, told);
    hear::start(&hub);
    consume::start(&hub);
    upkeep::start(&hub);
    clock_watch::start(&hub);
    Ok(hub)
}
