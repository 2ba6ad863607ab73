//! The authenticator in the phone: time-based codes after RFC 6238, with SHA-256, 7 digits, and steps of
//! 10 s, as the provider's app has them.

use hmac::{Hmac, KeyInit as _, Mac as _};
use serde::{Deserialize, Serialize};
use sha2::Sha256;
use time::OffsetDateTime;

use crate::code::Verdict;

/// A secret shared by phone and provider, and how far it has been used up.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Authenticator {
    secret: Vec<u8>,
    last_used: Option<i64>,
}

impl Authenticator {
    /// Seconds for which one code is shown.
    pub(crate) const PERIOD: i64 = 10;
    /// Steps for which a code is taken after it was shown: a person needs a while to type it.
    const GRACE: i64 = 2;

    pub(crate) fn new(secret: [u8; 20]) -> Self {
        Self { secret: secret.to_vec(), last_used: None }
    }

    /// The code to type, and the moment at which the next one takes its place. A used code is replaced at once, so
    /// that what the phone shows can always be typed.
    pub(crate) fn shown(&self, now: OffsetDateTime) -> (String, OffsetDateTime) {
        let step = self.newest(now);
        let ends_at = OffsetDateTime::from_unix_timestamp((step + 1) * Self::PERIOD).unwrap_or(now);
        (digits(&self.secret, step), ends_at)
    }

    /// Takes the shown code or one of the two before it, each once.
    pub(crate) fn check(&mut self, token: &str, now: OffsetDateTime) -> Verdict {
        let (oldest, newest) = (step_at(now) - Self::GRACE, self.newest(now));
        let Some(step) = (oldest..=newest).find(|step| digits(&self.secret, *step) == token) else {
            return Verdict::Invalid;
        };
        if self.last_used.is_some_and(|last| step <= last) {
            return Verdict::Reused;
        }
        self.last_used = Some(step);
        Verdict::Valid
    }

    /// The secret for another authenticator, in Base32 (RFC 4648, section 6).
    pub(crate) fn base32(&self) -> String {
        base32(&self.secret)
    }

    fn newest(&self, now: OffsetDateTime) -> i64 {
        self.last_used.map_or(step_at(now), |last| step_at(now).max(last + 1))
    }
}

fn step_at(now: OffsetDateTime) -> i64 {
    now.unix_timestamp().div_euclid(Authenticator::PERIOD)
}

/// Of whole groups of five bytes, which a secret is.
fn base32(bytes: &[u8]) -> String {
    let digits = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
    let group = |five: &[u8]| five.iter().fold(0_u64, |bits, byte| bits << 8 | u64::from(*byte));
    let digit = |bits: u64| char::from(digits[usize::try_from(bits & 31).unwrap_or_default()]);
    bytes
        .chunks_exact(5)
        .map(group)
        .flat_map(|bits| (0..8).rev().map(move |place| digit(bits >> (5 * place))))
        .collect()
}

/// RFC 4226, section 5.3, cut to 7 digits.
fn digits(secret: &[u8], step: i64) -> String {
    let mut hmac = Hmac::<Sha256>::new_from_slice(secret).expect("HMAC takes keys of any length");
    hmac.update(&step.to_be_bytes());
    let hash = hmac.finalize().into_bytes();
    let offset = usize::from(hash[31] & 0x0f);
    let word = u32::from_be_bytes([hash[offset], hash[offset + 1], hash[offset + 2], hash[offset + 3]]);
    format!("{:07}", (word & 0x7fff_ffff) % 10_000_000)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> OffsetDateTime {
        OffsetDateTime::from_unix_timestamp(seconds).unwrap()
    }

    #[test]
    fn codes_are_those_of_the_rfc() {
        assert_eq!(base32(b"foobarfoob"), "MZXW6YTBOJTG633C");
        let secret = b"12345678901234567890123456789012";
        assert_eq!(digits(secret, 1), "6119246");
        assert_eq!(digits(secret, 37_037_036), "8084774");
        assert_eq!(digits(secret, 20_000_000_000 / 30), "7737706");
    }

    #[test]
    fn the_shown_code_and_the_two_before_count_once_each() {
        let mut phone = Authenticator::new([7; 20]);
        let (before, _) = phone.shown(at(1000));
        let (current, ends_at) = phone.shown(at(1020));
        assert_eq!(ends_at, at(1030));
        assert_eq!(phone.check(&before, at(1029)), Verdict::Valid);
        assert_eq!(phone.check(&before, at(1029)), Verdict::Reused);
        assert_eq!(phone.check(&current, at(1049)), Verdict::Valid);
        let (next, _) = phone.shown(at(1050));
        assert_eq!(phone.check(&next, at(1080)), Verdict::Invalid);
    }

    #[test]
    fn what_the_phone_shows_can_always_be_typed() {
        let mut phone = Authenticator::new([7; 20]);
        for _ in 0..5 {
            let (code, _) = phone.shown(at(1000));
            assert_eq!(phone.check(&code, at(1000)), Verdict::Valid);
        }
    }
}
