//! What a simulator must be told.

use std::path::PathBuf;

use approval::Secret;
use provider::{CallbackUrl, Method};

/// What a simulator must be told; `app` reads it from its configuration.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The application's name at the provider, shown on the phone.
    pub name: String,
    /// The key that clients must show, and that signs callbacks.
    pub api_key: Secret,
    /// Where callbacks go; the signature covers it as it stands here. Without it none are sent.
    pub callback_url: Option<CallbackUrl>,
    /// How callbacks are sent; POST at most applications.
    pub callback_method: Method,
    /// Where phones survive a restart. Without it they live in memory only.
    pub state_file: Option<PathBuf>,
    /// Names, in lower case and without a port, under which other machines may use the provider's API. If empty, only
    /// this machine may. The phones always answer this machine only.
    pub hosts: Vec<String>,
}
