//! Finds the user that a call is about.

use super::refusal::Refusal;
use crate::{phone::Phone, state::State};

/// The user that a path names, unless the provider is down for them.
pub(super) fn user<'a>(state: &'a State, id: &str) -> Result<&'a Phone, Refusal> {
    let id: Option<u32> = id.parse().ok();
    let phone = state.phones.iter().find(|phone| phone.has_user() && Some(phone.authy_id) == id);
    let phone = phone.ok_or(Refusal::UserNotFound)?;
    if phone.switches.provider_down { Err(Refusal::Down) } else { Ok(phone) }
}

/// The same, to be changed.
pub(super) fn user_mut<'a>(state: &'a mut State, id: &str) -> Result<&'a mut Phone, Refusal> {
    let authy_id = user(state, id)?.authy_id;
    state.phone(authy_id).ok_or(Refusal::UserNotFound)
}
