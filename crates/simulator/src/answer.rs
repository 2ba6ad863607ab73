//! The tap on Approve or Deny, from whichever page or program it comes.

use tokio::task::JoinHandle;
use uuid::Uuid;

use approval::Status;

use crate::{callback::Callback, simulator::Simulator};

/// Why a tap changed nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum NotAnswered {
    NoSuchRequest,
    NotPending,
    /// The app was taken off the phone while the request waited.
    NoApp,
}

impl Simulator {
    /// Answers a request. The task that is handed back ends after the first attempt of the callback, whatever that was
    /// answered, and at once where no callback is due; dropping the handle does not stop it.
    pub(crate) fn answer(&self, authy_id: u32, uuid: Uuid, status: Status) -> Result<JoinHandle<()>, NotAnswered> {
        let callback = self.store.change(|state, now| {
            let app = state.app.clone();
            let phone = state.phone(authy_id).ok_or(NotAnswered::NoSuchRequest)?;
            let has_app = phone.switches.has_app;
            let request = phone.request(uuid).ok_or(NotAnswered::NoSuchRequest)?;
            if !has_app {
                return Err(NotAnswered::NoApp);
            }
            if !request.answer(status, now) {
                return Err(NotAnswered::NotPending);
            }
            let request = request.clone();
            Ok(Callback::new(&app, phone, &request, now, &self.entropy))
        })?;
        Ok(self.courier.deliver(callback))
    }
}
