//! The provider's keys, as they were configured: whoever knows one can approve anything, so none is taken that is a
//! slip, or that everybody knows.

use approval::Secret;
use provider::{ApiKey, ApiKeys, BadKey};

use crate::config::{Config, ConfigError};

/// What the demo's product and its provider sign with. Everybody can read it here, so nothing else takes it.
pub(super) const DEMO_KEY: &str = "countersign-demo-key";

const KEY: &str = "AUTHY_API_KEY";
const PREVIOUS: &str = "AUTHY_API_KEY_PREVIOUS";

/// The key that the provider is called with.
///
/// # Errors
/// When there is none, when it cannot be one, or when it is the one that everybody can read in the source of the demo.
pub(super) fn api_key(config: &Config) -> Result<ApiKey, ConfigError> {
    let advice =
        "set it to the key that the provider gave to your application, or AUTHY_API_KEY_FILE to a file with it";
    let key = config.authy.api_key.clone().ok_or(ConfigError::Missing { variable: KEY, advice })?;
    of_ours_alone(KEY, key)
}

/// The keys that callbacks are signed with.
///
/// # Errors
/// As for [`api_key`]; the previous one may be missing.
pub(super) fn api_keys(config: &Config) -> Result<ApiKeys, ConfigError> {
    let previous = config.authy.api_key_previous.clone();
    let previous = previous.map(|key| of_ours_alone(PREVIOUS, key)).transpose()?;
    Ok(ApiKeys::new(api_key(config)?, previous))
}

/// The key that clients show to a simulated provider.
///
/// # Errors
/// As for [`api_key`].
pub(super) fn any_key(config: &Config) -> Result<Secret, ConfigError> {
    let advice = "set it to the key that clients are to show, any text";
    let key = config.authy.api_key.clone().ok_or(ConfigError::Missing { variable: KEY, advice })?;
    of_ours_alone(KEY, key.clone())?;
    Ok(key)
}

fn of_ours_alone(variable: &str, key: Secret) -> Result<ApiKey, ConfigError> {
    if key.expose() == DEMO_KEY {
        return Err(ConfigError::value(variable, "must not be the key of the demo, which everybody knows"));
    }
    ApiKey::new(key).map_err(|bad| match bad {
        BadKey::Blank => ConfigError::value(variable, "must not be blank"),
        BadKey::Control => ConfigError::value(variable, "must be one line without control characters"),
    })
}
