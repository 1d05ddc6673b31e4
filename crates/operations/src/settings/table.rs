//! What a key of the configuration is; [`super::KEYS`] lists them.

/// What a value may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Any text.
    Text,
    /// A text that is never shown.
    Secret,
    /// One of these words.
    Word(&'static [&'static str]),
    /// A whole number in this range, both ends included.
    Whole(u64, u64),
    /// A path in the file system.
    Path,
    /// An IP address and a port; port 0 takes a free one.
    Address,
    /// `private`, or the URL of a Redis server; its password is never shown.
    Redis,
    /// The `http://` address of a node.
    NodeUrl,
    /// The `http://` or `https://` address of a collector of traces.
    CollectorUrl,
    /// A part of a whole, from 0 to 1.
    Share,
}

/// One key.
#[derive(Debug, Clone, Copy)]
pub struct Key {
    /// Its name: in the file, a dot goes into a table.
    pub name: &'static str,
    /// The environment variables that set it; of several the first that is set counts.
    pub variables: &'static [&'static str],
    /// The flag that sets it, if one does.
    pub flag: Option<&'static str>,
    /// What its value may be.
    pub kind: Kind,
    /// Its value when nothing sets it; empty if it has none then.
    pub default: &'static str,
    /// Where a default comes from that depends on the machine.
    pub default_note: Option<&'static str>,
    /// What it means.
    pub help: &'static str,
}

pub(super) const fn key(
    name: &'static str,
    variables: &'static [&'static str],
    kind: Kind,
    default: &'static str,
    help: &'static str,
) -> Key {
    Key {
        name,
        variables,
        flag: None,
        kind,
        default,
        default_note: None,
        help,
    }
}

impl Key {
    pub(super) const fn flag(mut self, flag: &'static str) -> Self {
        self.flag = Some(flag);
        self
    }

    pub(super) const fn noted(mut self, note: &'static str) -> Self {
        self.default_note = Some(note);
        self
    }

    /// Finds a key by its name.
    #[must_use]
    pub fn named(name: &str) -> Option<&'static Self> {
        super::keys::KEYS.iter().find(|key| key.name == name)
    }
}

/// Values with another name: (key, what may be written, what it means).
pub(super) const VALUE_ALIASES: &[(&str, &str, &str)] = &[("role", "commands", "worker")];

/// Variables that begin with `GRAPHY_` and belong to the tools of the repository.
pub(super) const FOREIGN_VARIABLES: &[&str] = &[
    "GRAPHY_API_URL",
    "GRAPHY_ARTIFACTS",
    "GRAPHY_BINARY",
    "GRAPHY_CONSOLE",
];

/// The same for a whole family of names.
pub(super) const FOREIGN_PREFIX: &str = "GRAPHY_TEST_";

/// The variable that names the configuration file; not a key, since it must be known before.
pub(super) const FILE_VARIABLE: &str = "GRAPHY_CONFIG";
