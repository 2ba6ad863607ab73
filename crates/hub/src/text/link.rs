//! Finds the token in a pasted text: the whole link, its end, or the token alone. Does not know whether a token is
//! valid.

use approval::Secret;
use percent_encoding::percent_decode_str;

use super::normal::{is_space, without_format};

/// Characters of a token: 256 bits in base64.
const TOKEN_CHARS: usize = 43;

/// Bytes of the longest text that is parsed; no link is as long.
const LONGEST: usize = 4096;

/// The token in `text`: after the last `#`, or the whole text if there is none. Additions by mail and chat programs are
/// cut: spaces, line breaks, brackets, a dot at the end, invisible characters.
pub(crate) fn token_in(text: &str) -> Secret {
    if text.len() > LONGEST {
        return Secret::new("");
    }
    let seen = without_format(text);
    let behind = behind_hash(&seen).unwrap_or(seen);
    let first = behind.split(is_space).find(|word| !word.is_empty()).map(leading).unwrap_or_default();
    if first.len() >= TOKEN_CHARS {
        return Secret::new(first);
    }
    // A long link may be broken into lines.
    let joined: String = behind.chars().filter(|character| !is_space(*character)).collect();
    Secret::new(leading(&joined))
}

/// The text after the last `#`, which some programs write as `%23` or `%2523`.
fn behind_hash(text: &str) -> Option<String> {
    let mut text = text.to_owned();
    for _ in 0..3 {
        if let Some((_, behind)) = text.rsplit_once('#') {
            return Some(behind.to_owned());
        }
        text = percent_decode_str(&text).decode_utf8_lossy().into_owned();
    }
    None
}

/// The characters of base64 that `word` begins with, without the bracket or quote before them.
fn leading(word: &str) -> &str {
    let is_token = |character: char| character.is_ascii_alphanumeric() || matches!(character, '-' | '_');
    let word = word.trim_start_matches(['<', '"', '\'', '(', '[', '\u{201c}', '\u{201e}', '\u{ab}']);
    word.find(|character| !is_token(character)).map_or(word, |end| &word[..end])
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &str = "q83vEjRWeJCrze8SNFZ4kKvN7xI0VniQq83vEj-_eJA";

    #[test]
    fn the_key_is_found_in_whatever_was_pasted() {
        let (start, end) = KEY.split_at(20);
        for text in [
            KEY.to_owned(),
            format!(" {KEY}\n"),
            format!("#{KEY}"),
            format!("https://login.example.com/reset#{KEY}"),
            format!("<https://login.example.com/reset#{KEY}>"),
            format!("\u{201c}https://login.example.com/reset#{KEY}\u{201d}."),
            format!("Your link: https://login.example.com/reset#{KEY}. It works once."),
            format!("https://login.example.com/reset%23{KEY}"),
            format!("https%3A%2F%2Flogin.example.com%2Freset%23{KEY}"),
            format!("https%253A%252F%252Flogin.example.com%252Freset%2523{KEY}"),
            format!("\u{202a}https://login.example.com/reset#{KEY}\u{202c}\u{200b}"),
            format!("https://login.example.com/reset#{start}\n  {end}\n"),
            format!("https://login.example.com/reset # {start}\u{200b}{end}"),
        ] {
            assert_eq!(token_in(&text).expose(), KEY, "{text:?}");
        }
    }

    #[test]
    fn other_texts_give_no_other_key() {
        for text in ["", "#", "https://login.example.com/reset#", "# .", "<>"] {
            assert_eq!(token_in(text).expose(), "", "{text:?}");
        }
        assert_eq!(token_in(&format!("{KEY}x")).expose(), format!("{KEY}x"));
        assert_eq!(token_in(&"a".repeat(LONGEST + 1)).expose(), "");
    }
}
