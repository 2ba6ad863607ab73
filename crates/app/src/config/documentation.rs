//! `config/default.toml`: every key with its default and its comment, which names the roles that read its variable. The
//! roles are written nowhere else.

/// The documentation of every key, and its default.
pub(crate) const DEFAULTS: &str = include_str!("../../../../config/default.toml");

/// Stands for every role.
pub(super) const ALL: &str = "all roles";

/// The roles that read `variable`: those in brackets after its name, where its comment begins. May be [`ALL`].
pub(super) fn readers(variable: &str) -> impl Iterator<Item = &'static str> {
    let roles = DEFAULTS.lines().find_map(|line| {
        let (name, rest) = line.strip_prefix("# ")?.split_once(" (")?;
        (name == variable).then(|| rest.split_once(')').map_or(rest, |(roles, _)| roles))
    });
    roles.unwrap_or_default().split(", ")
}
