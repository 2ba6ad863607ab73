//! Normalises passwords, which keyboards compose differently: Unicode Normalization Form KC, before a password is
//! estimated, compared or hashed (NIST SP 800-63B-4, 3.1.1.2). Knows nothing about strength and hashes.

use approval::Secret;
use unicode_normalization::UnicodeNormalization as _;

/// Characters of the longest password, as it is typed.
pub(crate) const LONGEST: usize = 1000;

/// True if a password is longer than any that can be set.
pub(crate) fn is_too_long(typed: &Secret) -> bool {
    typed.expose().chars().nth(LONGEST).is_some()
}

/// The password as it is hashed. One that is too long was never set, and is not normalised. Normalising may make a text
/// 18 times as long, and takes up to a millisecond, so only the threads that hash may call this.
pub(crate) fn normal(typed: &Secret) -> Secret {
    if is_too_long(typed) || typed.expose().is_ascii() {
        return typed.clone();
    }
    // With enough capacity the text never grows, which would leave parts of a password in memory.
    let mut normal = String::with_capacity(typed.expose().len() * 18);
    normal.extend(typed.expose().nfkc());
    Secret::new(normal)
}

/// The first characters of the normal form, at most `count`, as an estimate needs.
pub(crate) fn beginning(typed: &Secret, count: usize) -> Secret {
    let mut text = String::with_capacity(count * 4);
    text.extend(typed.expose().nfkc().take(count));
    Secret::new(text)
}

/// True if both are the same password.
pub(crate) fn is_same(one: &Secret, other: &Secret) -> bool {
    one == other || (!is_too_long(one) && !is_too_long(other) && one.expose().nfkc().eq(other.expose().nfkc()))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_same_password_from_two_keyboards_is_one() {
        for (one, other) in [
            ("M\u{fc}ller-Stra\u{df}e", "Mu\u{308}ller-Stra\u{df}e"),
            ("ｐａｓｓｗｏｒｄ", "password"),
            ("two words", "two\u{a0}words"),
            ("\u{ac00}\u{ac01}", "\u{1100}\u{1161}\u{1100}\u{1161}\u{11a8}"),
        ] {
            let (one, other) = (Secret::new(one), Secret::new(other));
            assert_eq!(normal(&one).expose(), normal(&other).expose());
            assert!(is_same(&one, &other));
        }
        assert!(!is_same(&Secret::new("Muller"), &Secret::new("Müller")));
    }

    #[test]
    fn a_password_that_is_too_long_is_not_normalised() {
        let long = Secret::new("\u{fdfa}".repeat(LONGEST + 1));
        assert!(is_too_long(&long));
        assert_eq!(normal(&long), long);
        assert_eq!(beginning(&long, 65).expose().chars().count(), 65);
    }

    proptest! {
        #[test]
        fn every_composition_of_a_password_is_one_password(text in "\\PC{0,20}") {
            let typed = Secret::new(text.as_str());
            let forms = [text.nfc().collect::<String>(), text.nfd().collect(), text.nfkc().collect()];
            for form in forms {
                let form = Secret::new(form);
                prop_assert_eq!(normal(&form), normal(&typed));
                prop_assert!(is_same(&form, &typed));
            }
            prop_assert_eq!(normal(&normal(&typed)), normal(&typed));
        }
    }
}
