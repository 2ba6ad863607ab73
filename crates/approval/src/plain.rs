//! Which texts a phone shows as they are written.

/// Whether `text` shows as it is written: no control characters, and none that turn the direction of reading
/// (Unicode UAX #9), by which a payee could be made to read as another.
#[must_use]
pub fn is_plain(text: &str) -> bool {
    let turns =
        |one| matches!(one, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{61c}');
    !text.chars().any(|one| one.is_control() || turns(one))
}
