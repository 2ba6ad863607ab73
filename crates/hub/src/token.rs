//! Tokens of sessions and of reset links, and the keyed hashes of the hub.

use std::fmt;

use approval::{Entropy, Secret};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::{Digest as _, Sha256};
use storage::{CodeHash, LinkHash, TokenHash};

use crate::text::link::token_in;

/// What a browser's cookie holds: 256 bits. Only its hash is stored.
#[derive(Clone)]
pub struct Token(Secret);

/// The token of a reset link or an invitation: 256 bits. Only its hash is stored, as a [`LinkHash`], which finds no
/// session.
#[derive(Clone)]
pub struct LinkToken(Secret);

/// The key that all hubs on one database share.
#[derive(Clone)]
pub(crate) struct ServerKey([u8; 32]);

impl Token {
    /// Characters of a token: 256 bits in base64 without padding.
    pub const LENGTH: usize = 43;

    /// A new random token.
    pub(crate) fn random(entropy: &Entropy) -> Self {
        Self(Secret::new(URL_SAFE_NO_PAD.encode(entropy.bytes::<32>())))
    }

    /// What a cookie brought.
    #[must_use]
    pub fn shown(text: &str) -> Self {
        Self(Secret::new(text))
    }

    /// The text for the cookie.
    #[must_use]
    pub fn expose(&self) -> &str {
        self.0.expose()
    }

    /// What is stored of it.
    #[must_use]
    pub fn hash(&self) -> TokenHash {
        TokenHash(Sha256::digest(self.0.expose()).into())
    }
}

impl LinkToken {
    /// A new random token.
    pub(crate) fn random(entropy: &Entropy) -> Self {
        Self(Secret::new(URL_SAFE_NO_PAD.encode(entropy.bytes::<32>())))
    }

    /// The pasted text, the whole link or its end, or the token that the page read from the link.
    #[must_use]
    pub fn shown(text: &str) -> Self {
        Self(token_in(text))
    }

    /// The text for the link.
    pub(crate) fn expose(&self) -> &str {
        self.0.expose()
    }

    /// What is stored of it.
    pub(crate) fn hash(&self) -> LinkHash {
        LinkHash(Sha256::digest(self.0.expose()).into())
    }
}

impl ServerKey {
    /// The key of these bytes.
    pub(crate) const fn new(key: [u8; 32]) -> Self {
        Self(key)
    }

    /// The token that follows `old` once `proof` confirmed its session. Derived, so that a repeat of the same proof
    /// gets the same token.
    pub(crate) fn next_token(&self, old: &Token, proof: &str) -> Token {
        Token(Secret::new(URL_SAFE_NO_PAD.encode(self.keyed("token", &[old.expose(), proof]))))
    }

    /// What is remembered of an accepted code.
    pub(crate) fn code_hash(&self, code: &str) -> CodeHash {
        CodeHash(self.keyed("code", &[code]))
    }

    /// What stands as the proof of a session that `code` confirmed.
    pub(crate) fn code_proof(&self, code: &str) -> String {
        format!("code:{}", URL_SAFE_NO_PAD.encode(self.keyed("proof", &[code])))
    }

    fn keyed(&self, purpose: &str, parts: &[&str]) -> [u8; 32] {
        // HMAC fills a shorter key up to its block with zeros (RFC 2104).
        let mut block = [0; 64];
        block[..32].copy_from_slice(&self.0);
        let mut mac = Hmac::<Sha256>::new(&block.into());
        for part in std::iter::once(&purpose).chain(parts) {
            mac.update(&(part.len() as u64).to_be_bytes());
            mac.update(part.as_bytes());
        }
        mac.finalize().into_bytes().into()
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[redacted]")
    }
}

impl fmt::Debug for LinkToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[redacted]")
    }
}

impl fmt::Debug for ServerKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[redacted]")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_proof_gets_the_same_token_and_every_other_another() {
        let key = ServerKey::new([7; 32]);
        let old = Token::shown("old");
        let next = key.next_token(&old, "approval");
        assert_eq!(next.expose(), key.next_token(&old, "approval").expose());
        assert_ne!(next.expose(), key.next_token(&old, "another").expose());
        assert_ne!(next.expose(), key.next_token(&Token::shown("older"), "approval").expose());
        assert_ne!(next.expose(), ServerKey::new([8; 32]).next_token(&old, "approval").expose());
    }

    #[test]
    fn a_link_token_is_found_in_whatever_part_of_the_link_was_pasted() {
        let hash = |text| LinkToken::shown(text).hash().0;
        for text in [" key ", "#key", "https://login.example.com/reset#key", "https://a/invitation#key:a%40example.com"]
        {
            assert_eq!(hash(text), hash("key"), "{text}");
        }
        assert_ne!(hash("https://login.example.com/reset"), hash("key"));
    }

    #[test]
    fn tokens_and_keys_print_as_redacted() {
        let (token, link) = (Token::random(&Entropy::system()), LinkToken::random(&Entropy::system()));
        assert_eq!(format!("{token:?}{link:?}{:?}", ServerKey::new([7; 32])), "[redacted]".repeat(3));
        assert_eq!((token.expose().len(), link.expose().len()), (Token::LENGTH, 43));
    }
}
