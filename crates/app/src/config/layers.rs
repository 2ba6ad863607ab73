//! Puts the layers of the configuration over each other: the environment over a file over the embedded defaults.
//! Every value is read by itself, so that a mistake is told with the name of its variable or key, and never with the
//! value, which may be a secret.

use std::ffi::OsString;
use std::io::ErrorKind;
use std::path::Path;

use confique::Config as _;
use confique::Layer as _;
use confique::meta::{Field, FieldKind};
use serde::Deserialize as _;
use toml::{Table, Value};

use super::documentation::DEFAULTS;
use super::error::ConfigError;
use super::role::Role;
use super::{Config, files};

const FILE: &str = "countersign.toml";

type Layer = <Config as confique::Config>::Layer;

/// The configuration of a process of `role`: what `variable` answers for the names that the role reads, over the
/// `file` (`countersign.toml` in the current folder if none is named and it is there), over the defaults.
///
/// # Errors
/// The first mistake, in that order.
pub(crate) fn load(
    role: Role,
    file: Option<&Path>,
    variable: impl Fn(&str) -> Option<OsString>,
) -> Result<Config, ConfigError> {
    let layer = from_environment(role, variable)?;
    let layer = layer.with_fallback(from_file(file)?);
    let layer = layer.with_fallback(from_text(DEFAULTS, Path::new("config/default.toml"))?);
    let config = Config::from_layer(layer).map_err(ConfigError::Defaults)?;
    files::with_secrets(config, role)
}

fn from_environment(role: Role, variable: impl Fn(&str) -> Option<OsString>) -> Result<Layer, ConfigError> {
    let mut layer = Layer::empty();
    for key in keys().filter(|key| role.reads(key.variable)) {
        let Some(text) = variable(key.variable).filter(|text| !text.is_empty()) else { continue };
        let text = text.into_string().map_err(|_| ConfigError::value(key.variable, "must be UTF-8 text"))?;
        layer = layer.with_fallback(one(&key, Value::String(text), key.variable.to_owned())?);
    }
    Ok(layer)
}

fn from_file(file: Option<&Path>) -> Result<Layer, ConfigError> {
    let path = file.unwrap_or(Path::new(FILE));
    match std::fs::read_to_string(path) {
        Ok(text) => from_text(&text, path),
        Err(cause) if cause.kind() == ErrorKind::NotFound && file.is_none() => Ok(Layer::empty()),
        Err(cause) => Err(ConfigError::Unreadable { path: path.to_owned(), cause }),
    }
}

fn from_text(text: &str, path: &Path) -> Result<Layer, ConfigError> {
    let sections: Table = toml::from_str(text).map_err(|error| {
        let start = error.span().map_or(0, |span| span.start.min(text.len()));
        ConfigError::Syntax {
            path: path.to_owned(),
            line: text.as_bytes()[..start].split(|byte| *byte == b'\n').count(),
        }
    })?;
    let mut layer = Layer::empty();
    for (section, values) in sections {
        let known = Config::META.fields.iter().any(|field| field.name == section);
        let Some(values) = values.as_table().filter(|_| known) else { return Err(unknown(path, section)) };
        for (name, value) in values {
            let dotted = format!("{section}.{name}");
            let Some(key) = keys().find(|key| key.section == section && key.name == name) else {
                return Err(unknown(path, dotted));
            };
            if value.as_str() != Some("") {
                layer = layer.with_fallback(one(&key, value.clone(), format!("`{dotted}` in {}", path.display()))?);
            }
        }
    }
    Ok(layer)
}

fn unknown(path: &Path, key: String) -> ConfigError {
    ConfigError::UnknownKey { path: path.to_owned(), key }
}

/// A layer of one value; a mistake in it is told under `name`.
fn one(key: &Key, value: Value, name: String) -> Result<Layer, ConfigError> {
    let section = Table::from_iter([(key.name.to_owned(), value)]);
    let layer = Table::from_iter([(key.section.to_owned(), Value::Table(section))]);
    Layer::deserialize(layer).map_err(|error| ConfigError::value(name, error.message()))
}

/// A key of the configuration, and the environment variable that goes over it.
struct Key {
    section: &'static str,
    name: &'static str,
    variable: &'static str,
}

/// All keys, in the order of `config/default.toml`.
fn keys() -> impl Iterator<Item = Key> {
    Config::META.fields.iter().flat_map(|section| {
        fields(section).iter().filter_map(|field| match field.kind {
            FieldKind::Leaf { env: Some(variable), .. } => {
                Some(Key { section: section.name, name: field.name, variable })
            }
            _ => None,
        })
    })
}

fn fields(section: &Field) -> &'static [Field] {
    match section.kind {
        FieldKind::Nested { meta } => meta.fields,
        FieldKind::Leaf { .. } => &[],
    }
}

#[cfg(test)]
mod tests;
