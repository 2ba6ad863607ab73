//! The limits by name: the one word for each in logs, metrics and audit rows.

use strum::IntoStaticStr;

/// A limit that somebody may reach.
#[derive(Debug, Clone, Copy, PartialEq, Eq, IntoStaticStr)]
#[strum(serialize_all = "snake_case")]
pub enum LimitName {
    /// Wrong passwords.
    Passwords,
    /// New passwords that were tried.
    NewPasswords,
    /// Wrong codes lately.
    WrongCodes,
    /// Wrong codes in a row: codes are off.
    CodesOff,
    /// Codes sent.
    SentCodes,
    /// Requests sent to phones.
    Pushes,
    /// Sign-ins with a right password.
    SignIns,
    /// Sign-ups.
    SignUps,
    /// Addresses that were used with one phone.
    Addresses,
    /// Browsers that wait.
    Sockets,
}

impl LimitName {
    /// The word for it.
    #[must_use]
    pub fn word(self) -> &'static str {
        self.into()
    }
}
