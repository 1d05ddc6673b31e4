//! The four layers, and which of them set what.

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};

use super::error::{Fault, SettingsError};
use super::keys::KEYS;
use super::nearest::nearest;
use super::table::{FILE_VARIABLE, FOREIGN_PREFIX, FOREIGN_VARIABLES, Key, VALUE_ALIASES};

/// Who set a value.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Source {
    /// Nobody: it is the default.
    Default,
    /// A file.
    File(PathBuf),
    /// An environment variable.
    Environment(String),
    /// A flag of the command line.
    Flag(&'static str),
}

impl Source {
    /// Returns the number of the layer; a higher one wins.
    #[must_use]
    pub(super) fn layer(&self) -> u8 {
        match self {
            Self::Default => 0,
            Self::File(_) => 1,
            Self::Environment(_) => 2,
            Self::Flag(_) => 3,
        }
    }
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => f.write_str("the default"),
            Self::File(path) => write!(f, "{}", path.display()),
            Self::Environment(name) => write!(f, "the variable {name}"),
            Self::Flag(flag) => write!(f, "the flag {flag}"),
        }
    }
}

/// A value that a flag gave; none if the flag is absent.
pub type FlagValue = (&'static str, Option<String>);

/// The layers as their owner found them.
#[derive(Debug, Default)]
pub struct Layers {
    /// The file's path and text, if there is one.
    pub file: Option<(PathBuf, String)>,
    /// The whole environment; what is not ours is left alone.
    pub environment: Vec<(String, String)>,
    /// Keys with the values of their flags.
    pub flags: Vec<FlagValue>,
}

/// A value with its origin.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// The value as text; empty if nothing set it and there is no default.
    pub value: String,
    /// Who set it.
    pub source: Source,
    /// Whom it won against.
    pub hidden: Vec<Source>,
}

/// Every key of the table with its value.
#[derive(Debug, Clone)]
pub struct Resolved {
    entries: BTreeMap<&'static str, Entry>,
    /// The home of data and configuration, as the environment says.
    pub(super) data_home: Option<PathBuf>,
}

impl Resolved {
    /// Returns the value of a key of the table.
    ///
    /// # Panics
    /// When the table has no such key: a slip in our own code.
    #[must_use]
    pub fn get(&self, key: &str) -> &Entry {
        self.entries
            .get(key)
            .expect("every key of the table has an entry")
    }
}

/// Finds the configuration file: the named one, else the one of the variable, else `graphy.toml`
/// in the working folder, else the user's.
///
/// # Errors
/// When a file that was named, or one that is there, cannot be read.
pub fn find_file(
    named: Option<&Path>,
    working_dir: &Path,
    environment: &[(String, String)],
) -> Result<Option<(PathBuf, String)>, SettingsError> {
    let variable = |name: &str| {
        let found = environment
            .iter()
            .find(|(found, value)| found == name && !value.is_empty());
        found.map(|(_, value)| PathBuf::from(value))
    };
    if let Some(path) = named
        .map(Path::to_owned)
        .or_else(|| variable(FILE_VARIABLE))
    {
        return read(path).map(Some);
    }
    let config_home = variable("XDG_CONFIG_HOME")
        .or_else(|| variable("HOME").map(|home| home.join(".config")))
        .map(|home| home.join("graphy"));
    let folders = [Some(working_dir.to_owned()), config_home];
    let path = folders
        .into_iter()
        .flatten()
        .map(|folder| folder.join("graphy.toml"))
        .find(|path| path.exists());
    path.map(read).transpose()
}

fn read(path: PathBuf) -> Result<(PathBuf, String), SettingsError> {
    match std::fs::read_to_string(&path) {
        Ok(text) => Ok((path, text)),
        Err(error) => Err(Fault::Unreadable {
            path,
            reason: error.to_string(),
        }
        .into()),
    }
}

impl Layers {
    /// Lays the layers over each other.
    ///
    /// # Errors
    /// Unknown keys and variables, and a file that is not TOML.
    pub fn resolve(self) -> Result<Resolved, SettingsError> {
        let mut pile = Pile::of_defaults();
        if let Some((path, text)) = &self.file {
            pile.lay_file(path, text);
        }
        pile.lay_environment(&self.environment);
        for (name, value) in self.flags {
            let key = Key::named(name).expect("flags name keys of the table");
            if let Some(value) = value {
                let flag = key.flag.expect("the table names the flag");
                pile.set(key, value, Source::Flag(flag));
            }
        }
        let home = |name: &str| {
            self.environment
                .iter()
                .find(|(found, value)| found == name && !value.is_empty())
                .map(|(_, value)| PathBuf::from(value))
        };
        let data_home = home("XDG_DATA_HOME")
            .or_else(|| home("HOME").map(|home| home.join(".local").join("share")));
        let Pile { entries, faults } = pile;
        if faults.is_empty() {
            Ok(Resolved { entries, data_home })
        } else {
            Err(SettingsError { faults })
        }
    }
}

/// The layers so far, and what is wrong with them.
struct Pile {
    entries: BTreeMap<&'static str, Entry>,
    faults: Vec<Fault>,
}

impl Pile {
    fn of_defaults() -> Self {
        let entry = |key: &Key| Entry {
            value: key.default.to_owned(),
            source: Source::Default,
            hidden: Vec::new(),
        };
        Self {
            entries: KEYS.iter().map(|key| (key.name, entry(key))).collect(),
            faults: Vec::new(),
        }
    }

    fn set(&mut self, key: &'static Key, value: String, source: Source) {
        let entry = self
            .entries
            .get_mut(key.name)
            .expect("every key of the table has an entry");
        let value = VALUE_ALIASES
            .iter()
            .find(|(name, alias, _)| *name == key.name && *alias == value)
            .map_or(value, |(_, _, meaning)| (*meaning).to_owned());
        let hidden = std::mem::replace(&mut entry.source, source);
        if hidden != Source::Default {
            entry.hidden.push(hidden);
        }
        entry.value = value;
    }

    fn lay_file(&mut self, path: &Path, text: &str) {
        let values = match read_toml(path, text) {
            Ok(values) => values,
            Err(found) => return self.faults.extend(found),
        };
        for (name, value) in values {
            match Key::named(&name) {
                Some(key) => self.set(key, value, Source::File(path.to_owned())),
                None => self.faults.push(unknown_key(path, name)),
            }
        }
    }

    fn lay_environment(&mut self, variables: &[(String, String)]) {
        let unknown = variables
            .iter()
            .filter_map(|(name, _)| unknown_variable(name));
        self.faults.extend(unknown);
        for key in KEYS {
            // The first name counts, so it is set last.
            for variable in key.variables.iter().rev() {
                let found = variables.iter().find(|(name, _)| name == variable);
                // An empty variable is how compose files say "not set".
                if let Some((name, value)) = found.filter(|(_, value)| !value.is_empty()) {
                    self.set(key, value.clone(), Source::Environment(name.clone()));
                }
            }
        }
    }
}

fn unknown_key(path: &Path, key: String) -> Fault {
    let nearest = nearest(&key, KEYS.iter().map(|key| key.name)).map(str::to_owned);
    Fault::UnknownKey {
        path: path.to_owned(),
        key,
        nearest,
    }
}

fn unknown_variable(name: &str) -> Option<Fault> {
    let ours = name.starts_with("GRAPHY_")
        && !name.starts_with(FOREIGN_PREFIX)
        && !FOREIGN_VARIABLES.contains(&name)
        && name != FILE_VARIABLE;
    let mut known = KEYS.iter().flat_map(|key| key.variables.iter().copied());
    if !ours || known.any(|known| known == name) {
        return None;
    }
    let known = KEYS.iter().flat_map(|key| key.variables.iter().copied());
    let nearest = nearest(name, known.chain([FILE_VARIABLE])).map(str::to_owned);
    Some(Fault::UnknownVariable {
        name: name.to_owned(),
        nearest,
    })
}

/// Reads a file into dotted keys and texts.
fn read_toml(path: &Path, text: &str) -> Result<Vec<(String, String)>, Vec<Fault>> {
    let table: toml::Table = text.parse().map_err(|error: toml::de::Error| {
        let start = error.span().map_or(0, |span| span.start);
        let line = text[..start.min(text.len())].matches('\n').count() + 1;
        vec![Fault::NotToml {
            path: path.to_owned(),
            line,
            reason: error.message().to_owned(),
        }]
    })?;
    let mut values = Vec::new();
    let mut faults = Vec::new();
    for (name, value) in table {
        flatten(path, name, value, &mut values, &mut faults);
    }
    if faults.is_empty() {
        Ok(values)
    } else {
        Err(faults)
    }
}

fn flatten(
    path: &Path,
    name: String,
    value: toml::Value,
    values: &mut Vec<(String, String)>,
    faults: &mut Vec<Fault>,
) {
    let text = match value {
        toml::Value::Table(table) => {
            for (inner, value) in table {
                flatten(path, format!("{name}.{inner}"), value, values, faults);
            }
            return;
        }
        toml::Value::String(text) => text,
        toml::Value::Integer(number) => number.to_string(),
        toml::Value::Float(number) => number.to_string(),
        other => {
            let kind = other.type_str();
            match Key::named(&name) {
                Some(key) => faults.push(Fault::Value {
                    key: key.name,
                    source_: Source::File(path.to_owned()),
                    reason: format!("a text or a number is expected, found {kind}"),
                }),
                None => faults.push(unknown_key(path, name)),
            }
            return;
        }
    };
    values.push((name, text));
}
