//! One-time codes: having them sent, and having them checked.

use approval::{Channel, ProviderUserId};

use crate::{Authy, Code, ProviderError, client::Repeat};

/// What a code is asked for, when it is for one thing alone. The code is then good for this action only.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Action<'a> {
    /// Names it; to be given again when the code is checked.
    pub name: &'a str,
    /// Tells the person, beside the code.
    pub message: &'a str,
}

/// The provider took the order to send a code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CodeSent {
    /// It sent nothing, because the phone has the app.
    pub ignored: bool,
}

/// What the provider says of a code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CodeCheck {
    /// It is the person's, now.
    Accepted,
    /// It is wrong, used or too old.
    Refused,
}

impl Authy {
    /// Sends a code, also to a phone with the app. Never repeated: each call may ring.
    ///
    /// # Errors
    /// [`ProviderError::UnknownUser`], and those of any call.
    pub async fn send_code(
        &self,
        user: &ProviderUserId,
        channel: Channel,
        action: Option<&Action<'_>>,
    ) -> Result<CodeSent, ProviderError> {
        let mut request = self.get(&["protected", "json", channel.word(), user.as_str()]).query(&FORCED);
        if let Some(action) = action {
            request = request.query(&[("action", action.name), ("action_message", action.message)]);
        }
        let answer = self.call(request, Repeat::Never).await?.ok()?;
        Ok(CodeSent { ignored: answer.is_true("/ignored") })
    }

    /// Checks a code. Never repeated: a code counts once.
    ///
    /// # Errors
    /// [`ProviderError::UnknownUser`], and those of any call. A wrong code is [`CodeCheck::Refused`].
    pub async fn check_code(
        &self,
        user: &ProviderUserId,
        code: &Code,
        action: Option<&str>,
    ) -> Result<CodeCheck, ProviderError> {
        let path = ["protected", "json", "verify", code.expose(), user.as_str()];
        let mut request = self.get(&path).query(&FORCED);
        if let Some(action) = action {
            request = request.query(&[("action", action)]);
        }
        let answer = self.call(request, Repeat::Never).await?;
        // The HTTP status alone proves nothing: other endpoints answer 200 too.
        match (answer.text("/token").as_deref(), answer.error_code()) {
            (Some("is valid"), _) if answer.succeeded() => Ok(CodeCheck::Accepted),
            (Some("is invalid"), _) | (_, Some(WRONG_CODE | REUSED_CODE)) => Ok(CodeCheck::Refused),
            _ if answer.succeeded() => Err(answer.unexpected()),
            _ => Err(answer.error()),
        }
    }
}

/// Without it the provider sends nothing to a phone with the app, and accepts any code for a phone that never
/// entered one.
const FORCED: [(&str, &str); 1] = [("force", "true")];

const WRONG_CODE: u32 = 60_020;
const REUSED_CODE: u32 = 60_019;
