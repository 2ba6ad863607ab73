//! How much a field of a page takes: the numbers that the code compares with, for the templates, which have none of
//! their own.

use approval::Shown;

use crate::{
    password::NewPassword,
    person::{Email, NAME_LIMIT, PHONE_LIMIT},
};

pub(super) const NAME: usize = NAME_LIMIT;
pub(super) const EMAIL: usize = Email::LONGEST;
pub(super) const PHONE: usize = PHONE_LIMIT;
pub(super) const PASSWORD: usize = NewPassword::LONGEST;
pub(super) const SHORTEST_PASSWORD: usize = NewPassword::SHORTEST;
/// The digits, and some spaces that were copied with them.
pub(super) const CODE: usize = provider::Code::LONGEST + 6;
/// A reset link's token is shorter; whoever pastes more is told that the link does not work.
pub(super) const LINK: usize = 200;
pub(super) const MESSAGE: usize = Shown::MESSAGE_LIMIT;
pub(super) const LABEL: usize = Shown::LABEL_LIMIT;
pub(super) const VALUE: usize = Shown::VALUE_LIMIT;
pub(super) const LOGO: usize = approval::Logos::URL_LIMIT;

#[cfg(test)]
mod tests {
    use std::{fs, path::Path};

    use approval::{Clock, Entropy, Id, Secret};
    use askama::Template;

    use super::*;
    use crate::page::{Account, Devices, Field, Password, Shell, SignIn, SignUp, Transfer};

    fn shell() -> Shell {
        Shell { product: "Countersign".into(), signed_in_as: None, is_in: false }
    }

    fn account() -> Account {
        Account {
            shell: shell(),
            full_name: String::new(),
            email: String::new(),
            phone: Secret::new(""),
            notices: vec![],
            devices: Devices { all: vec![], password_set: None },
            transfer: Transfer::empty(Id::new(&Clock::system(), &Entropy::system())),
            transactions: vec![],
            recent: vec![],
        }
    }

    /// Whether the field of this name takes so much on this page, and no more.
    fn takes(page: &impl Template, name: &str, limit: usize) -> bool {
        let html = page.render().unwrap();
        let named = format!(r#" name="{name}""#);
        let mut fields = html.split("<input").filter_map(|field| field.split('>').next());
        let field = fields.find(|field| field.contains(&named)).unwrap_or_else(|| panic!("no {name} in {html}"));
        field.contains(&format!(r#" maxlength="{limit}""#))
    }

    #[test]
    fn the_fields_of_the_pages_have_the_limits_of_the_code() {
        let sign_up = SignUp::new(shell());
        for (name, limit) in [("full_name", 100), ("email", 200), ("phone", 30), ("password", 1000)] {
            assert!(takes(&sign_up, name, limit), "{name}");
        }
        let sign_in = SignIn { shell: shell(), email: String::new(), error: None };
        assert!(takes(&sign_in, "email", Email::LONGEST) && takes(&sign_in, "password", NewPassword::LONGEST));
        let (old, new) = (Field::default(), Field::default());
        let password = Password { shell: shell(), email: String::new(), doubted: false, old, new, error: None };
        assert!(takes(&password, "old_password", NewPassword::LONGEST));
        assert!(takes(&password, "password", NewPassword::LONGEST));
        let account = account();
        for (name, limit) in [("message", 144), ("label", 20), ("value", 200), ("logo", 500)] {
            assert!(takes(&account, name, limit), "{name}");
        }
    }

    #[test]
    fn no_template_has_a_limit_of_its_own() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../web/templates");
        let mut limits = 0;
        for template in fs::read_dir(folder).unwrap() {
            let text = fs::read_to_string(template.unwrap().path()).unwrap();
            for limit in text.split("length=\"").skip(1) {
                limits += 1;
                assert!(limit.starts_with("{{ super::limits::") || limit.starts_with("{{ limit }}"), "{limit}");
            }
            let fields = text.split("form::input(").skip(1).filter_map(|field| field.split(')').next());
            assert!(fields.clone().all(|field| field.contains("super::limits::")), "{text}");
        }
        assert!(limits > 10, "{limits}");
    }
}
