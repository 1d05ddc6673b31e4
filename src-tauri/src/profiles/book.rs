//! The file with the profiles, and which of them is active.

use std::fs::{self, DirBuilder, OpenOptions};
use std::io::{ErrorKind, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use graphy_protocol::{ApiError, ErrorCode};
use serde::{Deserialize, Serialize};

use super::{COUNT_MAX, EMBEDDED, Profile};

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Stored {
    active: String,
    profiles: Vec<Profile>,
}

/// All profiles; the embedded one is always there, and always first.
#[derive(Debug)]
pub(crate) struct Book {
    path: PathBuf,
    stored: Stored,
}

impl Book {
    /// Reads the profiles from a folder; a folder without them has the embedded one.
    ///
    /// # Errors
    /// When the file is there and cannot be read: it must not be written over.
    pub(crate) fn read(folder: &Path) -> anyhow::Result<Self> {
        let path = folder.join("profiles.json");
        let mut stored = match fs::read_to_string(&path) {
            Ok(text) => serde_json::from_str(&text)
                .map_err(|error| anyhow::anyhow!("{} is damaged: {error}", path.display()))?,
            Err(error) if error.kind() == ErrorKind::NotFound => Stored {
                active: EMBEDDED.to_owned(),
                profiles: Vec::new(),
            },
            Err(error) => return Err(error.into()),
        };
        if !stored.profiles.iter().any(Profile::is_embedded) {
            stored.profiles.insert(0, Profile::embedded());
        }
        if !stored.profiles.iter().any(|one| one.id == stored.active) {
            EMBEDDED.clone_into(&mut stored.active);
        }
        Ok(Self { path, stored })
    }

    pub(crate) fn profiles(&self) -> &[Profile] {
        &self.stored.profiles
    }

    /// The profile that the console shows, or is about to.
    pub(crate) fn active(&self) -> &Profile {
        self.get(&self.stored.active)
            .or_else(|| self.stored.profiles.first())
            .expect("the embedded profile is always there")
    }

    pub(crate) fn get(&self, id: &str) -> Option<&Profile> {
        self.stored.profiles.iter().find(|one| one.id == id)
    }

    /// Adds a profile, or puts it in the place of the one with its id.
    ///
    /// # Errors
    /// `not_found` when it has an id that is not there, `too_large` when there are too many, and
    /// `unavailable` when the disk refuses.
    pub(crate) fn save(&mut self, profile: Profile, is_new: bool) -> Result<(), ApiError> {
        let mut changed = self.stored.clone();
        let profiles = &mut changed.profiles;
        match profiles.iter().position(|one| one.id == profile.id) {
            Some(place) => profiles[place] = profile,
            None if !is_new => return Err(missing()),
            None if profiles.len() >= COUNT_MAX => {
                let message = format!("there are at most {COUNT_MAX} profiles");
                return Err(ApiError::new(ErrorCode::TooLarge, message));
            }
            None => profiles.push(profile),
        }
        self.write(changed)
    }

    /// Forgets a profile.
    ///
    /// # Errors
    /// `not_found`; `invalid` for the embedded and the active one; `unavailable`.
    pub(crate) fn remove(&mut self, id: &str) -> Result<(), ApiError> {
        let invalid = |message: &str| Err(ApiError::new(ErrorCode::Invalid, message).on("id"));
        if id == EMBEDDED {
            return invalid("the node inside this console cannot be removed");
        }
        if id == self.stored.active {
            return invalid("this profile is in use; switch to another one first");
        }
        if self.get(id).is_none() {
            return Err(missing());
        }
        let mut changed = self.stored.clone();
        changed.profiles.retain(|one| one.id != id);
        self.write(changed)
    }

    /// Notes which profile the console shows from now on.
    ///
    /// # Errors
    /// `not_found` or `unavailable`.
    pub(crate) fn activate(&mut self, id: &str) -> Result<Profile, ApiError> {
        let profile = self.get(id).cloned().ok_or_else(missing)?;
        let mut changed = self.stored.clone();
        id.clone_into(&mut changed.active);
        self.write(changed)?;
        Ok(profile)
    }

    fn write(&mut self, changed: Stored) -> Result<(), ApiError> {
        let text =
            serde_json::to_string_pretty(&changed).expect("profiles hold only texts and booleans");
        write_private(&self.path, &text).map_err(|error| {
            let message = format!("could not write {}", self.path.display());
            ApiError::new(ErrorCode::Unavailable, message).with_detail(error.to_string())
        })?;
        self.stored = changed;
        Ok(())
    }
}

fn missing() -> ApiError {
    ApiError::new(ErrorCode::NotFound, "there is no such profile")
}

/// Writes a file that only its owner reads, whole or not at all.
pub(super) fn write_private(path: &Path, text: &str) -> std::io::Result<()> {
    if let Some(folder) = path.parent() {
        DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(folder)?;
    }
    let next = path.with_extension("next");
    // A leftover may have other permissions.
    match fs::remove_file(&next) {
        Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
        Ok(()) | Err(_) => {}
    }
    let mut file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(&next)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()?;
    fs::rename(&next, path)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::profiles::Environment;
    use std::os::unix::fs::PermissionsExt as _;

    fn remote(id: &str) -> Profile {
        Profile {
            id: id.to_owned(),
            name: id.to_owned(),
            url: Some("http://h:1".to_owned()),
            environment: Environment::Production,
            read_only: true,
        }
    }

    #[test]
    fn profiles_outlive_the_console_and_the_embedded_one_cannot_go() {
        let folder = tempfile::tempdir().unwrap();
        let mut book = Book::read(folder.path()).unwrap();
        assert!(book.active().is_embedded());
        book.save(remote("a"), true).unwrap();
        assert_eq!(
            book.save(remote("b"), false).unwrap_err().code,
            ErrorCode::NotFound
        );
        book.activate("a").unwrap();
        assert_eq!(book.remove("a").unwrap_err().code, ErrorCode::Invalid);
        assert_eq!(book.remove(EMBEDDED).unwrap_err().code, ErrorCode::Invalid);
        assert_eq!(book.activate("x").unwrap_err().code, ErrorCode::NotFound);

        let mut book = Book::read(folder.path()).unwrap();
        assert_eq!(book.active(), &remote("a"));
        assert_eq!(book.profiles().len(), 2);
        let mode = fs::metadata(folder.path().join("profiles.json")).unwrap();
        assert_eq!(mode.permissions().mode() & 0o777, 0o600);
        book.activate(EMBEDDED).unwrap();
        book.remove("a").unwrap();
        assert_eq!(Book::read(folder.path()).unwrap().profiles().len(), 1);
    }

    #[test]
    fn a_damaged_file_is_not_written_over() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("profiles.json"), "{").unwrap();
        assert!(Book::read(folder.path()).is_err());
    }
}
