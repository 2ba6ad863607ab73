//! Checks the texts that a phone shows: they have nothing hidden, and an application's texts do not look like
//! Countersign's own. Texts that look alike have the same skeleton (UTS 39). Knows no approval.

use approval::{Details, Shown};
use unicode_security::skeleton;

use super::normal::{has_hidden, is_format, is_visible, nfkc};

/// Why the details of a request are refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum LabelError {
    /// A label or a value has an invisible character, or no visible one.
    Hidden,
    /// A label looks like one that Countersign adds itself.
    Reserved,
    /// Two labels look alike.
    Twice,
}

/// The message on the phone for a sign-in.
pub(crate) fn sign_in_message(product: &str) -> String {
    format!("Sign in to {product}?")
}

/// The message on the phone for a sign-up, the longest of Countersign's own.
pub(crate) fn sign_up_message(product: &str) -> String {
    format!("Open your account at {product}?")
}

/// True if a phone shows `text` as it is written: it has a visible character, and no hidden one.
pub(crate) fn shows_as_written(text: &str) -> bool {
    !has_hidden(text) && text.chars().any(is_visible)
}

/// True if `message` looks like one of Countersign's own.
pub(crate) fn is_own_message(message: &str, product: &str) -> bool {
    let written = look(message);
    [sign_in_message(product), sign_up_message(product)].iter().any(|own| look(own) == written)
}

/// Accepts the details of a request if each label and value shows as it is written, and no label looks like another or
/// like one of [`Shown::RESERVED`]. The caller checks lengths first, because comparing looks is costly.
///
/// # Errors
/// [`LabelError`].
pub(crate) fn check(details: &Details) -> Result<(), LabelError> {
    let hidden = |(label, value): (&str, &str)| {
        !shows_as_written(label) || label.chars().any(is_format) || !shows_as_written(value)
    };
    if details.iter().any(hidden) {
        return Err(LabelError::Hidden);
    }
    let looks: Vec<_> = details.iter().map(|(label, _)| look(label)).collect();
    if looks.iter().any(|one| Shown::RESERVED.iter().any(|own| look(own) == *one)) {
        return Err(LabelError::Reserved);
    }
    let twice = looks.iter().enumerate().any(|(index, one)| !one.is_empty() && looks[..index].contains(one));
    if twice { Err(LabelError::Twice) } else { Ok(()) }
}

/// The look of a text at a glance: only letters and digits, in one case, with look-alikes replaced. A capital may look
/// like a letter of another alphabet although its small form does not, so both are replaced. The skeleton of a capital
/// I is a small l, so a small i becomes one as well.
fn look(text: &str) -> String {
    let mut look: String = nfkc(text);
    for _ in 0..3 {
        look = skeleton(&look).filter(|one| one.is_alphanumeric()).collect::<String>();
        look = look.to_lowercase().replace('i', "l");
    }
    look
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(labels: &[&str]) -> Result<(), LabelError> {
        check(&Details::new(labels.iter().map(|label| ((*label).to_owned(), "47".to_owned()))))
    }

    #[test]
    fn labels_that_look_like_ours_are_refused_however_they_are_written() {
        for own in Shown::RESERVED {
            for label in [own.to_owned(), own.to_lowercase(), own.to_uppercase(), format!(" {own}:"), format!("{own}.")]
            {
                assert_eq!(of(&[&label]), Err(LabelError::Reserved), "{label:?}");
            }
        }
        for label in [
            "nUmber",
            "Ｎｕｍｂｅｒ",
            "N\u{1d1c}mber",
            "Numb\u{435}r",
            "\u{39d}umber",
            "\u{39d}U\u{39c}\u{392}\u{395}R",
            "nu\u{39c}ber",
            "Nurnber",
            "N u m b e r",
            "Num-ber",
            "Nu\u{307}mber",
            "𝐍𝐮𝐦𝐛𝐞𝐫",
            "Ⓝⓤⓜⓑⓔⓡ",
            "Wh\u{435}r\u{435}",
            "\u{51c}here",
            "W\u{4bb}ere",
            "Br\u{43e}wser",
            "\u{412}rowser",
            "BR\u{39f}WSER",
            "Emai1 Address",
            "EmaiI Address",
            "Email\u{a0}Address",
            "Email  \u{410}ddress",
            "\u{415}mail Address",
            "E-mail address",
        ] {
            assert_eq!(of(&[label]), Err(LabelError::Reserved), "{label:?}");
        }
    }

    #[test]
    fn other_labels_are_taken_in_any_script() {
        for label in
            ["Amount", "Numbers", "Номер", "Где", "数量", "رقم", "Where to", "Address", "No.", "№", "#", "Größe"]
        {
            assert_eq!(of(&[label]), Ok(()), "{label:?}");
        }
        assert_eq!(of(&["Amount", "Currency", "+", "-"]), Ok(()));
        for twice in [["Amount", "amount"], ["Amount", "\u{410}mount"], ["Amount", "Amount "]] {
            assert_eq!(of(&twice), Err(LabelError::Twice), "{twice:?}");
        }
    }

    #[test]
    fn labels_and_values_with_hidden_characters_are_refused() {
        for label in ["Num\u{200b}ber", "Amount\u{2060}", "A\u{ad}", "A\u{200d}B", "\u{3164}", "\u{2800}", "A\u{2028}B"]
        {
            assert_eq!(of(&[label]), Err(LabelError::Hidden), "{label:?}");
        }
        let value = |value: &str| check(&Details::new([("To".to_owned(), value.to_owned())]));
        for odd in ["1\u{200b}000", "\u{feff}1", "5\u{2028}Number: 47", "\u{200d}", "\u{2800}", "\u{e0041}1"] {
            assert_eq!(value(odd), Err(LabelError::Hidden), "{odd:?}");
        }
        for fine in ["می\u{200c}خواهم", "👩\u{200d}🚀", "❤\u{fe0f}", "1,000,000"] {
            assert_eq!(value(fine), Ok(()), "{fine:?}");
        }
    }

    #[test]
    fn a_message_that_looks_like_ours_is_known() {
        for message in [
            "Sign in to Countersign?",
            "sign in to countersign",
            "Sign in to Countersign ?",
            "Sign in to C\u{43e}untersign?",
            "Ｓｉｇｎ in to Countersign？",
            "Open your account at Countersign?",
        ] {
            assert!(is_own_message(message, "Countersign"), "{message}");
        }
        for other in ["Sign in to Gringotts?", "Send money to Jarod's vault?", "Sign in to Countersign as Ada?"] {
            assert!(!is_own_message(other, "Countersign"), "{other}");
        }
    }
}
