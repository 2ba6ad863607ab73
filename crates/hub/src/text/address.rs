//! Email addresses in one canonical form for all spellings. Accounts are found by the key, with the domain in its ASCII
//! form; people see the Unicode form. Knows no account.

use approval::Shown;
use idna::uts46::{AsciiDenyList, DnsLength, Hyphens, Uts46};
use thiserror::Error;
use unicode_normalization::UnicodeNormalization as _;
use unicode_security::{
    RestrictionLevel, RestrictionLevelDetection as _, is_potential_mixed_script_confusable_char, skeleton,
};

use super::normal::{is_assigned, is_format, is_visible, nfkc, trimmed};

/// An email address in its canonical form: the part before the `@` in Unicode Normalization Form KC and lower case, the
/// domain by UTS 46.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Email {
    key: String,
    shown: String,
}

/// A typed address by which an account is looked up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct WantedEmail {
    /// The text, trimmed and in lower case. Accounts that are older than canonical addresses are found by it.
    pub(crate) spelling: String,
    /// The canonical key; the spelling if there is none.
    pub(crate) key: String,
    /// Why the address has no canonical form. Only accounts that are older than canonical addresses can have it.
    pub(crate) error: Option<EmailError>,
}

/// Why an address is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum EmailError {
    /// It has no `@`, nothing on one side of it, or an impossible domain.
    #[error("This does not look like an email address.")]
    Malformed,
    /// It has an invisible character: with and without it, two addresses would look alike.
    #[error("This address has a hidden character in it. Please type it instead of pasting it.")]
    Hidden,
    /// It has letters of another alphabet that look like Latin ones.
    #[error("Some letters of this address only look like others. Please type it again.")]
    Lookalike,
    /// It is longer than a phone can show, or than mail servers accept.
    #[error("Please use an address of {} characters or fewer.", Email::LONGEST)]
    Long,
}

/// Bytes of the longest text that is parsed.
const LONGEST_TYPED: usize = 2048;
/// Characters that mail servers accept (RFC 5321, 4.5.3.1.3), with the domain in its ASCII form.
const LONGEST_KEY: usize = 254;
/// `@`, and its variants from input methods for wide characters.
const AT: [char; 3] = ['@', '\u{ff20}', '\u{fe6b}'];

impl Email {
    /// Characters of the longest address. The phone shows it uncut, as a detail of each request, so the limit of a
    /// detail applies, and not the 254 characters of RFC 5321 (4.5.3.1.3).
    pub const LONGEST: usize = Shown::VALUE_LIMIT;

    /// Accepts every possible address. Only a message could tell whether it exists.
    ///
    /// # Errors
    /// [`EmailError`], which is the sentence for the field.
    pub(crate) fn parse(text: &str) -> Result<Self, EmailError> {
        if text.len() > LONGEST_TYPED {
            return Err(EmailError::Long);
        }
        let (local, domain) = trimmed(text).rsplit_once(AT).ok_or(EmailError::Malformed)?;
        let (ascii, unicode) = domain_forms(domain)?;
        let local = local_part(local, unicode.is_ascii())?;
        let (key, shown) = (format!("{local}@{ascii}"), format!("{local}@{unicode}"));
        let fits = key.chars().count() <= LONGEST_KEY && shown.chars().count() <= Self::LONGEST;
        if fits { Ok(Self { key, shown }) } else { Err(EmailError::Long) }
    }

    /// The key, with the domain in its ASCII form: for machines, and for finding an account.
    pub(crate) fn as_str(&self) -> &str {
        &self.key
    }

    /// The address for people: the domain in Unicode, except labels that look like others.
    pub(crate) fn shown(&self) -> &str {
        &self.shown
    }
}

impl WantedEmail {
    /// Parses an address. `None` if no account has ever been able to have it.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let (email, spelling) = (Email::parse(text), spelling(text));
        match (email, spelling) {
            (Ok(Email { key, .. }), spelling) => {
                Some(Self { spelling: spelling.unwrap_or_else(|| key.clone()), key, error: None })
            }
            (Err(error), Some(spelling)) => Some(Self { key: spelling.clone(), spelling, error: Some(error) }),
            (Err(_), None) => None,
        }
    }
}

/// An address as it was stored before canonical addresses.
fn spelling(text: &str) -> Option<String> {
    let text = text.trim();
    if text.len() > LONGEST_TYPED || !approval::is_plain(text) || text.contains(char::is_whitespace) {
        return None;
    }
    let text = text.to_lowercase();
    let (local, domain) = text.rsplit_once('@')?;
    (!local.is_empty() && !domain.is_empty() && text.chars().count() <= Email::LONGEST).then_some(text)
}

/// The part before the `@`.
fn local_part(text: &str, ascii_domain: bool) -> Result<String, EmailError> {
    if text.chars().any(is_format) {
        return Err(EmailError::Hidden);
    }
    // Form KC may make a text 18 times as long, so only as much as is allowed is computed.
    let local: String = text.nfkc().take(LONGEST_KEY).collect();
    let local = nfkc(&local.to_lowercase());
    if local.is_empty() || !local.chars().all(|one| is_visible(one) && is_assigned(one)) {
        return Err(EmailError::Malformed);
    }
    if local.chars().nth(Email::LONGEST).is_some() {
        return Err(EmailError::Long);
    }
    if is_lookalike(&local, ascii_domain) { Err(EmailError::Lookalike) } else { Ok(local) }
}

/// The domain in its ASCII form, and as people see it.
fn domain_forms(text: &str) -> Result<(String, String), EmailError> {
    // UTS 46 drops soft hyphens and variants of emoji, and allows joiners where a script needs them.
    let dropped = |one| matches!(one, '\u{ad}' | '\u{200c}' | '\u{200d}' | '\u{fe0e}' | '\u{fe0f}');
    if text.chars().any(|one| is_format(one) && !dropped(one)) {
        return Err(EmailError::Hidden);
    }
    let (names, deny, hyphens) = (Uts46::new(), AsciiDenyList::STD3, Hyphens::CheckFirstLast);
    let ascii = names.to_ascii(text.as_bytes(), deny, hyphens, DnsLength::VerifyAllowRootDot);
    let ascii = ascii.map_err(|_| EmailError::Malformed)?;
    let ascii = ascii.strip_suffix('.').unwrap_or(&ascii);
    if ascii.is_empty() {
        return Err(EmailError::Malformed);
    }
    let (unicode, valid) = names.to_user_interface(ascii.as_bytes(), deny, hyphens, |label, _, _| is_clear(label));
    valid.map_err(|_| EmailError::Malformed)?;
    Ok((ascii.to_owned(), unicode.into_owned()))
}

/// True for a label that is shown in Unicode, by the rules of browsers: one script, nothing hidden, and not only
/// letters that look like Latin ones.
fn is_clear(label: &[char]) -> bool {
    let label: String = label.iter().collect();
    !label.chars().any(is_format)
        && label.as_str().check_restriction_level(RestrictionLevel::HighlyRestrictive)
        && !skeleton(&label).all(|one| one.is_ascii())
}

/// True if letters look like Latin ones, beside Latin letters or before a Latin domain.
fn is_lookalike(local: &str, ascii_domain: bool) -> bool {
    // East Asian scripts are written beside Latin. Their signs that look like Latin letters are wider, so people can
    // tell them apart.
    let is_eastern = |one| matches!(one, '\u{2e80}'..='\u{9fff}' | '\u{ac00}'..='\u{d7af}' | '\u{20000}'..='\u{3ffff}');
    let mistakable = |one: char| !one.is_ascii() && !is_eastern(one) && is_potential_mixed_script_confusable_char(one);
    let mixed = local.chars().any(|one| one.is_ascii_alphabetic()) && local.chars().any(mistakable);
    mixed || (ascii_domain && !local.is_ascii() && skeleton(local).all(|one| one.is_ascii()))
}

#[cfg(test)]
mod tests;
