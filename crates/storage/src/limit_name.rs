//! The limits by name: the one word for each in logs, metrics and audit rows.

/// A limit that somebody may reach.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
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
    pub const fn word(self) -> &'static str {
        match self {
            Self::Passwords => "passwords",
            Self::NewPasswords => "new_passwords",
            Self::WrongCodes => "wrong_codes",
            Self::CodesOff => "codes_off",
            Self::SentCodes => "sent_codes",
            Self::Pushes => "pushes",
            Self::SignIns => "sign_ins",
            Self::SignUps => "sign_ups",
            Self::Addresses => "addresses",
            Self::Sockets => "sockets",
        }
    }
}
