//! What an operator can set about the pages.

use url::Url;
use utoipa::openapi::OpenApi;

use crate::trust::proxies::Proxies;

/// The settings of the site.
#[derive(Debug, Clone)]
pub struct SiteSettings {
    /// What browsers use to reach us; only its origin counts.
    pub public_url: Url,
    /// The proxies that are believed about who asks.
    pub proxies: Proxies,
    /// Describes what else is served at the same address, if anything is.
    pub others: Option<fn() -> OpenApi>,
}
