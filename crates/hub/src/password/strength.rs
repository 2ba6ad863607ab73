//! Decides whether a password is common, or made of its owner's own words. The work is bounded for every password: an
//! estimate that tries every reading of substitution signs took seconds for some. Runs in the pool.

use std::ops::RangeInclusive;

use crate::text::normal::nfkc;

/// A password is common if it takes fewer guesses than this (zxcvbn's estimate).
const COMMON_BELOW_GUESSES: u64 = 10_000;
/// The limit for the core of a password, without the signs and digits around it, which any guesser adds. It covers the
/// most common thousand, and not every word.
const CORE_BELOW_GUESSES: u64 = 1_000;
/// Characters that are estimated. No longer password is common, and the work grows with the square of the length.
const ESTIMATED_CHARS: usize = 64;
/// Characters in a core: a shorter one says nothing about the password, and no longer one is among the most common.
const CORE_CHARS: RangeInclusive<usize> = 4..=20;
/// At most this many signs and digits are cut from around a core. More of them make any word a good password.
const AROUND_CORE_CHARS: usize = 6;
/// Characters in an own word. Shorter pieces of a name or an address are part of too many passwords.
const OWN_WORD_CHARS: usize = 3;
/// With at most this many other characters, a password still counts as the owner's own words, as in `lovelace1815`.
const OTHER_CHARS: usize = 4;
/// The separators in a name or an address, and `*`, which replaces signs in the first reading.
const SEPARATORS: &str = "@.+-_'’* ";

/// The words that an attacker knows about the owner: pieces of the name, of the address and of the product's name, in
/// lower case.
#[derive(Debug, Clone)]
pub(crate) struct OwnWords(Vec<String>);

/// Why a password is easy to guess.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Guessable {
    /// Many people use it, or one like it.
    Common,
    /// It is made of its owner's own words.
    Own,
}

impl OwnWords {
    /// The pieces of these texts, and each name, part of the address and domain as one word.
    pub(crate) fn of(full_name: &str, email: &str, product: &str) -> Self {
        let (local, domain) = email.rsplit_once('@').unwrap_or((email, ""));
        let mut words = Vec::new();
        for text in [full_name, local, domain, product, email] {
            let text = nfkc(text).to_lowercase();
            let is_between = |character: char| character.is_whitespace() || SEPARATORS.contains(character);
            words.extend(text.split(is_between).map(str::to_owned));
            words.push(text.split(is_between).collect());
        }
        words.retain(|word| word.chars().count() >= OWN_WORD_CHARS);
        // The longest first, so that cutting a short word leaves no halves of a longer one.
        words.sort_by(|one, other| other.chars().count().cmp(&one.chars().count()).then_with(|| one.cmp(other)));
        words.dedup();
        Self(words)
    }

    /// True if the text is little more than these words, forwards or backwards.
    fn make_up(&self, text: &str) -> bool {
        let rest = |text: String| {
            let cut = self.0.iter().fold(text.clone(), |text, word| text.replace(word.as_str(), " "));
            cut != text && cut.chars().filter(|character| !SEPARATORS.contains(*character)).count() <= OTHER_CHARS
        };
        rest(text.to_owned()) || rest(text.chars().rev().collect())
    }
}

/// Why a password, in its normal form, is easy to guess. `None` if it is not.
pub(crate) fn guessable(text: &str, own: &OwnWords) -> Option<Guessable> {
    let readings = readings(text);
    if readings.iter().any(|reading| own.make_up(&reading.to_lowercase())) {
        return Some(Guessable::Own);
    }
    if text.chars().count() > ESTIMATED_CHARS {
        return None;
    }
    let known: Vec<&str> = own.0.iter().map(String::as_str).collect();
    let below = |text: &str, most: u64| zxcvbn::zxcvbn(text, &known).guesses() < most;
    let is_common = readings.iter().any(|reading| below(reading, COMMON_BELOW_GUESSES))
        || cores(text).iter().any(|core| below(core, CORE_BELOW_GUESSES));
    is_common.then_some(Guessable::Common)
}

/// The text without a few digits and signs around it, in each reading.
fn cores(text: &str) -> Vec<String> {
    let length = text.chars().count();
    let without = |is_around: fn(char) -> bool| {
        let core = text.trim_matches(is_around);
        let count = core.chars().count();
        let is_core = CORE_CHARS.contains(&count) && (1..=AROUND_CORE_CHARS).contains(&(length - count));
        if is_core { readings(core) } else { Vec::new() }
    };
    let mut cores = without(|character| !character.is_alphabetic() && !is_sign(character));
    cores.extend(without(|character| !character.is_alphabetic()));
    cores.sort();
    cores.dedup();
    cores
}

/// The text with signs masked as `*`, and with signs read as letters: twice if `1` or `|` can be `i` or `l`. No reading
/// has a sign that the estimate would substitute, except digits, which have few readings.
fn readings(text: &str) -> Vec<String> {
    let plain = text.chars().map(|character| if is_sign(character) { '*' } else { character }).collect();
    let mut readings: Vec<String> = vec![plain];
    for one_is in ['i', 'l'] {
        let reading = text.chars().map(|character| letter_for(character, one_is)).collect();
        if !readings.contains(&reading) {
            readings.push(reading);
        }
    }
    readings
}

/// True for signs that people write for letters. If a text has many kinds of them, the estimate tries all combinations.
fn is_sign(character: char) -> bool {
    "@({[<!|$+%".contains(character)
}

fn letter_for(character: char, one_is: char) -> char {
    match character {
        '4' | '@' => 'a',
        '8' => 'b',
        '(' | '{' | '[' | '<' => 'c',
        '3' => 'e',
        '6' | '9' => 'g',
        '1' | '|' => one_is,
        '!' => 'i',
        '0' => 'o',
        '$' | '5' => 's',
        '+' | '7' => 't',
        '%' => 'x',
        '2' => 'z',
        other => other,
    }
}

#[cfg(test)]
mod tests;
