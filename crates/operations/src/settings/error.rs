//! What can be wrong with a configuration.

use std::fmt;
use std::path::PathBuf;

use super::layers::Source;

/// One thing that is wrong.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// The file cannot be read.
    #[error("cannot read {}: {reason}", .path.display())]
    Unreadable {
        /// Which file.
        path: PathBuf,
        /// Why not.
        reason: String,
    },
    /// The file is not TOML.
    #[error("{}, line {line}: {reason}", .path.display())]
    NotToml {
        /// Which file.
        path: PathBuf,
        /// Where, from 1.
        line: usize,
        /// What is wrong there.
        reason: String,
    },
    /// The file has a key that is not in the table.
    #[error("{}: there is no setting {key:?}{}", .path.display(), suggestion(.nearest.as_deref()))]
    UnknownKey {
        /// Which file.
        path: PathBuf,
        /// The key.
        key: String,
        /// What was probably meant.
        nearest: Option<String>,
    },
    /// The environment has a variable that is not in the table.
    #[error(
        "there is no variable {name}{}; `graphy config explain` lists all",
        suggestion(.nearest.as_deref())
    )]
    UnknownVariable {
        /// The variable.
        name: String,
        /// What was probably meant.
        nearest: Option<String>,
    },
    /// A value is not what its key takes.
    #[error("{key} from {source_}: {reason}")]
    Value {
        /// The key.
        key: &'static str,
        /// Who set it.
        source_: Source,
        /// Why it cannot be.
        reason: String,
    },
    /// Values do not go together.
    #[error("{0}")]
    Together(String),
}

fn suggestion(nearest: Option<&str>) -> String {
    nearest
        .map(|nearest| format!("; did you mean {nearest}?"))
        .unwrap_or_default()
}

/// All that is wrong with a configuration, so that it can be mended in one go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SettingsError {
    /// The faults; at least one.
    pub faults: Vec<Fault>,
}

impl fmt::Display for SettingsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, fault) in self.faults.iter().enumerate() {
            if index > 0 {
                f.write_str("\n")?;
            }
            write!(f, "{fault}")?;
        }
        Ok(())
    }
}

impl std::error::Error for SettingsError {}

impl From<Fault> for SettingsError {
    fn from(fault: Fault) -> Self {
        Self {
            faults: vec![fault],
        }
    }
}
