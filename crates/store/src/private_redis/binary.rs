//! Finds the server binary.

use std::ffi::OsString;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use crate::error::StoreError;

/// The names to look for, best first.
const SERVER_NAMES: [&str; 2] = ["redis-server", "valkey-server"];

/// Folders that hold servers although they are not on every user's PATH.
const SYSTEM_FOLDERS: &str = "/usr/local/bin:/usr/bin:/usr/local/sbin:/usr/sbin:/opt/homebrew/bin";

/// Returns this process's PATH followed by the usual system folders.
pub(super) fn search_path() -> OsString {
    let mut path = std::env::var_os("PATH").unwrap_or_default();
    path.push(":");
    path.push(SYSTEM_FOLDERS);
    path
}

/// Returns the configured binary, or the first server on the search path.
pub(super) fn find_server(
    configured: Option<&Path>,
    search_path: impl Into<OsString>,
) -> Result<PathBuf, StoreError> {
    if let Some(path) = configured {
        return if is_executable(path) {
            Ok(path.to_owned())
        } else {
            Err(StoreError::ServerNotExecutable {
                path: path.to_owned(),
            })
        };
    }
    let search_path = search_path.into();
    find_any(&SERVER_NAMES, &search_path).ok_or(StoreError::ServerNotFound)
}

/// Returns the tool that ties a child's life to its parent's.
pub(super) fn find_setpriv() -> Option<PathBuf> {
    find_any(&["setpriv"], &search_path())
}

fn find_any(names: &[&str], search_path: &OsString) -> Option<PathBuf> {
    let folders: Vec<PathBuf> = std::env::split_paths(search_path).collect();
    names
        .iter()
        .flat_map(|name| folders.iter().map(move |folder| folder.join(name)))
        .find(|path| path.is_absolute() && is_executable(path))
}

fn is_executable(path: &Path) -> bool {
    path.metadata()
        .is_ok_and(|data| data.is_file() && data.permissions().mode() & 0o111 != 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_server_names_the_package_to_install() {
        let empty = tempfile::tempdir().unwrap();
        let error = find_server(None, empty.path()).unwrap_err();
        assert!(matches!(error, StoreError::ServerNotFound));
        assert!(
            error.to_string().contains("apt install redis-server"),
            "{error}"
        );
    }

    #[test]
    fn a_configured_file_must_be_executable() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("redis-server");
        std::fs::write(&file, "no program").unwrap();
        let error = find_server(Some(&file), "").unwrap_err();
        assert!(
            matches!(error, StoreError::ServerNotExecutable { .. }),
            "{error}"
        );
    }

    #[test]
    fn valkey_is_taken_where_there_is_no_redis() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("valkey-server");
        std::fs::write(&file, "#!/bin/sh\n").unwrap();
        std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o755)).unwrap();
        assert_eq!(find_server(None, folder.path()).unwrap(), file);
    }
}
