//! A new password: by who knows the old one, or by an operator's link. Either ends whatever began with the old one; a link
//! opens nothing, and whoever used it signs in as always.

use approval::{Clock, Entropy, Secret};
use storage::{AddressProof, PasswordChange, Storage, StorageError};
use time::OffsetDateTime;
use url::Url;

use crate::{
    caller::Caller,
    hub::Hub,
    password::{NewPassword, strength::OwnWords},
    refusal::Refusal,
    settings::RESET_LINK,
    steps::{
        endings::tell,
        guess::{self, account_of},
    },
    text::{address::WantedEmail, password::is_same},
    throttle,
    token::{LinkToken, Token},
    visitor::Visitor,
};

/// Where a link leads. Its token stands behind `#`, so browsers send it to nobody, and it is in no log.
const RESET: &str = "/reset";

/// A link that sets the password of one account, once.
#[derive(Debug)]
pub struct ResetLink {
    /// The address, with its token.
    pub url: Secret,
    /// The address of the account, as its pages show it.
    pub email: String,
    /// Until when it works.
    pub expires_at: OffsetDateTime,
    /// Whether the account's address is proven. If it is not, the account may belong to another person than its
    /// address.
    pub address: AddressProof,
}

/// Makes a link for the account with this address, which takes the place of the one before. `None`: there is no such
/// account.
///
/// # Errors
/// When the database cannot be read or written.
pub async fn reset_link(
    storage: &Storage,
    public_url: &Url,
    email: &str,
    clock: &Clock,
    entropy: &Entropy,
) -> Result<Option<ResetLink>, StorageError> {
    let (token, expires_at) = (LinkToken::random(entropy), clock.now() + RESET_LINK);
    let Some(wanted) = WantedEmail::parse(email) else { return Ok(None) };
    let Some(email) = storage.accounts().stored_email(&wanted.spelling, &wanted.key).await? else { return Ok(None) };
    let made = storage.accounts().issue_reset_link(&email, token.hash(), expires_at).await?;
    let url = format!("{}{RESET}#{}", public_url.as_str().trim_end_matches('/'), token.expose());
    Ok(made.map(|address| ResetLink { url: Secret::new(url), email, expires_at, address }))
}

/// Changes the password of whoever is in; answers the token that their session has afterwards. Every other session ends.
/// A wrong old password counts as one at a sign-in does.
///
/// # Errors
/// [`Refusal::NoSession`], [`Refusal::WrongPassword`], [`Refusal::Fields`] for the new one, or a limit that is reached.
pub async fn change(
    hub: &Hub,
    caller: &Caller,
    visitor: &Visitor,
    old: Secret,
    new: &Secret,
) -> Result<Token, Refusal> {
    let session = &caller.session;
    if is_same(&old, new) {
        return Err(wrong("Choose another than the one you have."));
    }
    let password = parse(new)?;
    guess::count_new_password(hub, &throttle::new_passwords_of(session.user)).await?;
    let account = account_of(hub, &session.email, old, visitor).await?.ok_or(Refusal::WrongPassword)?;
    let stored = account.password_hash;
    let own = OwnWords::of(&session.full_name, &session.email, &hub.settings.product);
    let hash = hash(hub, password, own, visitor).await?;
    let next = Token::random(&hub.entropy);
    let change = PasswordChange { old: &stored, new: &hash, shown: caller.token.hash(), next: next.hash() };
    // Else another request ended the session or changed the password meanwhile.
    let cancelled = hub.storage.accounts().change_password(session, change).await?.ok_or(Refusal::NoSession)?;
    tell(hub, &cancelled);
    Ok(next)
}

/// Sets a password by a link's token, once; every session of the account ends. One answer for a token that is used,
/// expired or unknown: it costs one read, and is not counted.
///
/// # Errors
/// [`Refusal::InvalidLink`], [`Refusal::Fields`] for the new one, or a limit that is reached.
pub async fn reset(hub: &Hub, visitor: &Visitor, token: &LinkToken, new: &Secret) -> Result<(), Refusal> {
    let owner = hub.storage.accounts().reset_link_owner(token.hash()).await?.ok_or(Refusal::InvalidLink)?;
    let password = parse(new)?;
    // The token proves who this is, so that neighbours in the network cannot use up the tries.
    guess::count_new_password(hub, &throttle::new_passwords_of(owner.user)).await?;
    let own = OwnWords::of(&owner.full_name, &owner.email, &hub.settings.product);
    let hash = hash(hub, password, own, visitor).await?;
    let cancelled = hub.storage.accounts().reset_password(token.hash(), &hash).await?.ok_or(Refusal::InvalidLink)?;
    tell(hub, &cancelled);
    Ok(())
}

fn parse(text: &Secret) -> Result<NewPassword, Refusal> {
    NewPassword::parse(text).map_err(|weak| wrong(&weak.to_string()))
}

async fn hash(hub: &Hub, password: NewPassword, own: OwnWords, visitor: &Visitor) -> Result<Secret, Refusal> {
    let client = guess::pool_client(hub, visitor).await?;
    let hashed = hub.passwords.hash(password, own, client, &hub.entropy, guess::gives_up(hub)).await?;
    hashed.map_err(|weak| wrong(&weak.to_string()))
}

fn wrong(sentence: &str) -> Refusal {
    Refusal::Fields(vec![("password", sentence.to_owned())])
}
