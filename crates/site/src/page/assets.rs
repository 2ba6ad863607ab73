//! The stylesheet, the scripts and the icon, embedded, under addresses that change with their content.

use std::sync::LazyLock;

use axum::{
    extract::{Path, rejection::PathRejection},
    http::header,
    response::{IntoResponse, Response},
};
use sha2::{Digest as _, Sha256};

use crate::answer::problem::Problem;

struct Asset {
    name: &'static str,
    content_type: &'static str,
    bytes: &'static [u8],
}

const JAVASCRIPT: &str = "text/javascript; charset=utf-8";

const ASSETS: [Asset; 10] = [
    Asset {
        name: "style.css",
        content_type: "text/css; charset=utf-8",
        bytes: include_bytes!("../../../../web/assets/style.css"),
    },
    Asset { name: "waiting.js", content_type: JAVASCRIPT, bytes: include_bytes!("../../../../web/assets/waiting.js") },
    Asset { name: "code.js", content_type: JAVASCRIPT, bytes: include_bytes!("../../../../web/assets/code.js") },
    Asset { name: "page.js", content_type: JAVASCRIPT, bytes: include_bytes!("../../../../web/assets/page.js") },
    Asset { name: "live.js", content_type: JAVASCRIPT, bytes: include_bytes!("../../../../web/assets/live.js") },
    Asset { name: "form.js", content_type: JAVASCRIPT, bytes: include_bytes!("../../../../web/assets/form.js") },
    Asset { name: "reset.js", content_type: JAVASCRIPT, bytes: include_bytes!("../../../../web/assets/reset.js") },
    Asset { name: "times.js", content_type: JAVASCRIPT, bytes: include_bytes!("../../../../web/assets/times.js") },
    Asset {
        name: "invitation.js",
        content_type: JAVASCRIPT,
        bytes: include_bytes!("../../../../web/assets/invitation.js"),
    },
    Asset { name: "icon.svg", content_type: "image/svg+xml", bytes: include_bytes!("../../../../web/assets/icon.svg") },
];

/// `GET /assets/{hash}/{name}`. Cached for ever under the present hash; after a deployment an old page may still ask
/// with its own, and gets what there is, uncached.
pub(crate) async fn asset(path: Result<Path<(String, String)>, PathRejection>) -> Result<Response, Problem> {
    let Path((hash, name)) = path.map_err(|_| Problem::not_found())?;
    let asset = ASSETS.iter().find(|asset| asset.name == name).ok_or_else(Problem::not_found)?;
    let cache = if hash == *HASH { "public, max-age=31536000, immutable" } else { "no-store" };
    Ok(([(header::CONTENT_TYPE, asset.content_type), (header::CACHE_CONTROL, cache)], asset.bytes).into_response())
}

/// The address of the asset `name`.
pub(super) fn url(name: &str) -> String {
    format!("/assets/{}/{name}", *HASH)
}

/// One hash for all assets, so that a script finds the module beside it by a relative address.
static HASH: LazyLock<String> = LazyLock::new(|| {
    let digest = ASSETS.iter().fold(Sha256::new(), |hash, asset| hash.chain_update(asset.bytes)).finalize();
    digest.iter().take(6).fold(String::new(), |text, byte| format!("{text}{byte:02x}"))
});

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_present_address_of_every_asset_is_cached_for_ever_and_an_old_one_is_not() {
        for asset in &ASSETS {
            let hash = url(asset.name).split('/').nth(2).unwrap().to_owned();
            let present = super::asset(Ok(Path((hash, asset.name.to_owned())))).await.unwrap();
            assert!(present.headers()[header::CACHE_CONTROL].to_str().unwrap().contains("immutable"));
            let old = super::asset(Ok(Path(("0".into(), asset.name.to_owned())))).await.unwrap();
            assert_eq!(old.headers()[header::CACHE_CONTROL], "no-store");
        }
    }

    #[tokio::test]
    async fn an_unknown_asset_is_not_found() {
        assert_eq!(asset(Ok(Path(("0".into(), "waiting.html".into())))).await.unwrap_err(), Problem::not_found());
    }
}
