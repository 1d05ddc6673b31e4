//! Where tokens are kept: in the keyring of the session, or, where there is none, in a file that
//! only its owner reads.

use std::collections::BTreeMap;
use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use graphy_protocol::{ApiError, ErrorCode};
use keyring::Entry;

use super::book::write_private;

/// Where tokens are kept on this machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Secrets {
    /// In the keyring, under this name.
    Keyring { service: String },
    /// In this file, because there is no keyring.
    File { path: PathBuf, why: String },
}

impl Secrets {
    /// Looks for a keyring; blocks while it answers.
    pub(crate) fn find(service: &str, folder: &Path) -> Self {
        match probe(service) {
            Ok(()) => Self::Keyring {
                service: service.to_owned(),
            },
            Err(why) => {
                tracing::warn!(why, "there is no keyring; tokens are kept in a file");
                Self::File {
                    path: folder.join("tokens.json"),
                    why,
                }
            }
        }
    }

    /// What a person should know of it.
    pub(crate) fn warning(&self) -> Option<String> {
        match self {
            Self::Keyring { .. } => None,
            Self::File { path, why } => Some(format!(
                "This session has no keyring ({why}), so tokens are kept unencrypted in {}, \
                 readable by your user alone.",
                path.display()
            )),
        }
    }

    /// Reads a profile's token; blocks.
    ///
    /// # Errors
    /// `unavailable` when the store cannot be read.
    pub(crate) fn read(&self, profile: &str) -> Result<Option<String>, ApiError> {
        match self {
            Self::Keyring { service } => {
                let found = Entry::new(service, profile).and_then(|entry| entry.get_password());
                match found {
                    Ok(token) => Ok(Some(token)),
                    Err(keyring::Error::NoEntry) => Ok(None),
                    Err(error) => Err(failure("the keyring cannot be read", &error)),
                }
            }
            Self::File { path, .. } => Ok(read_file(path)?.remove(profile)),
        }
    }

    /// Keeps a profile's token; blocks.
    ///
    /// # Errors
    /// `unavailable` when the store cannot be written.
    pub(crate) fn write(&self, profile: &str, token: &str) -> Result<(), ApiError> {
        match self {
            Self::Keyring { service } => Entry::new(service, profile)
                .and_then(|entry| entry.set_password(token))
                .map_err(|error| failure("the keyring cannot be written", &error)),
            Self::File { path, .. } => {
                let mut tokens = read_file(path)?;
                tokens.insert(profile.to_owned(), token.to_owned());
                write_file(path, &tokens)
            }
        }
    }

    /// Forgets a profile's token; blocks.
    ///
    /// # Errors
    /// `unavailable` when the store cannot be written.
    pub(crate) fn forget(&self, profile: &str) -> Result<(), ApiError> {
        match self {
            Self::Keyring { service } => {
                let gone = Entry::new(service, profile).and_then(|entry| entry.delete_credential());
                match gone {
                    Ok(()) | Err(keyring::Error::NoEntry) => Ok(()),
                    Err(error) => Err(failure("the keyring cannot be written", &error)),
                }
            }
            Self::File { path, .. } => {
                let mut tokens = read_file(path)?;
                match tokens.remove(profile) {
                    Some(_) => write_file(path, &tokens),
                    None => Ok(()),
                }
            }
        }
    }
}

/// Asks the keyring for something that is not there.
fn probe(service: &str) -> Result<(), String> {
    if let Err(error) = Entry::store_status() {
        return Err(in_words(error));
    }
    match Entry::new(service, "probe").and_then(|entry| entry.get_password()) {
        Ok(_) | Err(keyring::Error::NoEntry) => Ok(()),
        Err(error) => Err(in_words(&error)),
    }
}

/// Says why there is no keyring; the common reason in a person's words.
fn in_words(error: &keyring::Error) -> String {
    let text = error.to_string();
    if text.contains("ServiceUnknown") {
        return "no secret service runs".to_owned();
    }
    text
}

fn read_file(path: &Path) -> Result<BTreeMap<String, String>, ApiError> {
    match fs::read_to_string(path) {
        Ok(text) => serde_json::from_str(&text)
            .map_err(|error| failure("the file with the tokens is damaged", &error)),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(BTreeMap::new()),
        Err(error) => Err(failure("the file with the tokens cannot be read", &error)),
    }
}

fn write_file(path: &Path, tokens: &BTreeMap<String, String>) -> Result<(), ApiError> {
    let text = serde_json::to_string_pretty(tokens).expect("tokens are texts");
    write_private(path, &text)
        .map_err(|error| failure("the file with the tokens cannot be written", &error))
}

fn failure(message: &str, error: &dyn std::fmt::Display) -> ApiError {
    ApiError::new(ErrorCode::Unavailable, message).with_detail(error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt as _;

    #[test]
    fn the_file_is_private_and_warned_of() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("tokens.json");
        let secrets = Secrets::File {
            path: path.clone(),
            why: "no bus".to_owned(),
        };
        assert_eq!(secrets.read("a").unwrap(), None);
        secrets.write("a", "one").unwrap();
        secrets.write("b", "two").unwrap();
        secrets.write("a", "three").unwrap();
        let mode = fs::metadata(&path).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        assert_eq!(secrets.read("a").unwrap().as_deref(), Some("three"));
        secrets.forget("a").unwrap();
        secrets.forget("a").unwrap();
        assert_eq!(secrets.read("a").unwrap(), None);
        assert_eq!(secrets.read("b").unwrap().as_deref(), Some("two"));
        let warning = secrets.warning().unwrap();
        assert!(warning.contains("no bus") && warning.contains("tokens.json"));
        fs::write(&path, "{").unwrap();
        assert_eq!(secrets.read("b").unwrap_err().code, ErrorCode::Unavailable);
    }
}
