//! A code as it is typed: it stands in a path of the provider's.

use provider::Code;

pub(crate) fn check(typed: &[u8]) {
    let Ok(typed) = std::str::from_utf8(typed) else { return };
    let digits = typed.chars().all(|one| "0123456789".contains(one));
    let fits = digits && (6..=10).contains(&typed.chars().count());
    match typed.parse::<Code>() {
        Ok(code) => {
            assert!(fits, "{typed:?} is no code");
            assert_eq!((code.expose(), &*format!("{code:?}")), (typed, "[redacted]"));
        }
        Err(_) => assert!(!fits, "{typed:?} is a code"),
    }
}
