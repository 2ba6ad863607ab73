//! Email addresses: one address, however it is spelled. The key, by which accounts are found, has the domain in its ASCII
//! form; people are shown the Unicode form. Knows no account.

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
pub(crate) struct Email {
    key: String,
    shown: String,
}

/// An address as somebody gives it to find an account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct WantedEmail {
    /// The spelling alone: trimmed, in lower case. Accounts from before addresses had a canonical form are found by it.
    pub(crate) spelling: String,
    /// The canonical key; the spelling, where there is none.
    pub(crate) key: String,
    /// Why the address has no canonical form. No account can have been made with it since there is one.
    pub(crate) error: Option<EmailError>,
}

/// Why an address is not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub(crate) enum EmailError {
    /// It has no `@`, nothing on one side of it, or a domain that can be none.
    #[error("This does not look like an email address.")]
    Malformed,
    /// A character inside shows nothing: with it and without it, two addresses would look alike.
    #[error("This address has a hidden character in it. Please type it instead of pasting it.")]
    Hidden,
    /// It has letters of another alphabet that look like Latin ones.
    #[error("Some letters of this address only look like others. Please type it again.")]
    Lookalike,
    /// It is longer than a phone can show, or than a mail server takes.
    #[error("Please use an address of {} characters or fewer.", Email::LONGEST)]
    Long,
}

/// Bytes that are looked at, whatever is sent.
const LONGEST_TYPED: usize = 2048;
/// Characters that a mail server takes (RFC 5321, 4.5.3.1.3), with the domain in its ASCII form.
const LONGEST_KEY: usize = 254;
/// What input methods for wide characters write for `@`, beside it.
const AT: [char; 3] = ['@', '\u{ff20}', '\u{fe6b}'];

impl Email {
    /// The phone shows the address as a detail of each request, and nothing is ever cut: of the 254 characters that RFC
    /// 5321 (4.5.3.1.3) allows, as many as a detail may have.
    pub(crate) const LONGEST: usize = Shown::VALUE_LIMIT;

    /// Takes whatever can be an address; whether it exists only a message could tell.
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

    /// The address for people: the domain in Unicode, but for labels that could be taken for others.
    pub(crate) fn shown(&self) -> &str {
        &self.shown
    }
}

impl WantedEmail {
    /// Reads an address. `None`: no account can have it, and none ever could.
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

/// An address as accounts had it before there was a canonical form.
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
    // Form KC may make a text 18 times as long: no more of it is made than can be taken.
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

/// The domain in its ASCII form, and in the form for people.
fn domain_forms(text: &str) -> Result<(String, String), EmailError> {
    // UTS 46 drops soft hyphens and variants of emoji, and takes joiners where a script needs them.
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

/// True for a label that people are shown in Unicode, as browsers do: one script, nothing hidden, and not all of it
/// letters that look like Latin ones.
fn is_clear(label: &[char]) -> bool {
    let label: String = label.iter().collect();
    !label.chars().any(is_format)
        && label.as_str().check_restriction_level(RestrictionLevel::HighlyRestrictive)
        && !skeleton(&label).all(|one| one.is_ascii())
}

/// True if some letters look like Latin ones: they stand beside these, or before a domain that is Latin.
fn is_lookalike(local: &str, ascii_domain: bool) -> bool {
    // Scripts of East Asia are written beside Latin, and their strokes that look like it are as wide as their signs.
    let is_eastern = |one| matches!(one, '\u{2e80}'..='\u{9fff}' | '\u{ac00}'..='\u{d7af}' | '\u{20000}'..='\u{3ffff}');
    let mistakable = |one: char| !one.is_ascii() && !is_eastern(one) && is_potential_mixed_script_confusable_char(one);
    let mixed = local.chars().any(|one| one.is_ascii_alphabetic()) && local.chars().any(mistakable);
    mixed || (ascii_domain && !local.is_ascii() && skeleton(local).all(|one| one.is_ascii()))
}

#[cfg(test)]
mod tests;
