//! The data folder: its lock, its socket's place, and the runtime file that others attach through.

use std::fs::{self, DirBuilder, File, OpenOptions, TryLockError};
use std::io::{self, Read as _, Seek as _, Write as _};
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::PrivateEndpoint;
use crate::config::RedisUrl;
use crate::error::StoreError;
use crate::secret::Secret;

/// The kernel takes 107 bytes; some stay free for what a server may append.
const SOCKET_PATH_BYTES_MAX: usize = 100;
const LOCK_FILE: &str = "lock";
const RUNTIME_FILE: &str = "runtime.json";
const SOCKET_FILE: &str = "redis.sock";

/// A data folder that this process has locked. Dropping it unlocks.
#[derive(Debug)]
pub(super) struct DataDir {
    path: PathBuf,
    _lock: File,
}

impl DataDir {
    /// Makes the folder if it is missing, readable for us only, and locks it.
    pub(super) fn lock(path: &Path) -> Result<Self, StoreError> {
        make_private_folder(path).map_err(StoreError::file("make the folder", path))?;
        let path = path
            .canonicalize()
            .map_err(StoreError::file("find the folder", path))?;
        let lock_path = path.join(LOCK_FILE);
        let mut lock = private_file()
            .read(true)
            .open(&lock_path)
            .map_err(StoreError::file("open", &lock_path))?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let mut holder = String::new();
                let _ = lock.read_to_string(&mut holder);
                return Err(StoreError::DataDirLocked {
                    path,
                    holder: holder.trim().parse().ok(),
                });
            }
            Err(TryLockError::Error(source)) => {
                return Err(StoreError::File {
                    action: "lock",
                    path: lock_path,
                    source,
                });
            }
        }
        // The id is only a hint for people; the lock itself is what counts.
        lock.set_len(0)
            .and_then(|()| lock.rewind())
            .and_then(|()| write!(lock, "{}", std::process::id()))
            .map_err(StoreError::file("write", &lock_path))?;
        Ok(Self { path, _lock: lock })
    }

    /// Returns the folder of the server's own files.
    pub(super) fn server_dir(&self) -> Result<PathBuf, StoreError> {
        let path = self.path.join("redis");
        make_private_folder(&path).map_err(StoreError::file("make the folder", &path))?;
        Ok(path)
    }

    /// Returns the place of the unix socket: in the folder, or, where that path is too long for a
    /// socket, in a short folder that only we can enter.
    pub(super) fn socket_path(&self) -> Result<PathBuf, StoreError> {
        let near = self.path.join(SOCKET_FILE);
        if near.as_os_str().len() <= SOCKET_PATH_BYTES_MAX {
            return Ok(near);
        }
        let hash = Sha256::digest(self.path.as_os_str().as_bytes());
        let name = format!("graphy-{}", hex::encode(&hash[..8]));
        let runtime_dir = std::env::var_os("XDG_RUNTIME_DIR").map(PathBuf::from);
        let parents = runtime_dir.into_iter().chain([PathBuf::from("/tmp")]);
        let mut refusal = io::Error::from(io::ErrorKind::NotFound);
        for folder in parents.map(|parent| parent.join(&name)) {
            if folder.as_os_str().len() + SOCKET_FILE.len() >= SOCKET_PATH_BYTES_MAX {
                continue;
            }
            match self.make_own_folder(&folder) {
                Ok(()) => return Ok(folder.join(SOCKET_FILE)),
                Err(error) => refusal = error,
            }
        }
        Err(StoreError::File {
            action: "find a short place for the socket of",
            path: near,
            source: refusal,
        })
    }

    /// Writes the runtime file in one step, readable for us only.
    pub(super) fn write_runtime(&self, runtime: &RuntimeFile) -> Result<(), StoreError> {
        let path = self.path.join(RUNTIME_FILE);
        let new = self.path.join("runtime.json.new");
        let text = serde_json::to_vec_pretty(runtime).expect("plain data becomes JSON");
        private_file()
            .truncate(true)
            .open(&new)
            .and_then(|mut file| file.write_all(&text))
            .and_then(|()| fs::rename(&new, &path))
            .map_err(StoreError::file("write", &path))
    }

    /// Returns the runtime file that an earlier supervisor left, if any.
    pub(super) fn left_runtime(&self) -> Option<RuntimeFile> {
        RuntimeFile::read(&self.path).ok()
    }

    /// Removes the runtime file, so that nobody tries to attach.
    fn remove_runtime(&self) {
        let path = self.path.join(RUNTIME_FILE);
        if let Err(error) = fs::remove_file(&path)
            && error.kind() != io::ErrorKind::NotFound
        {
            tracing::warn!(path = %path.display(), %error, "cannot remove the runtime file");
        }
    }

    /// Removes what only a running server needs: the runtime file, the socket and its short folder.
    pub(super) fn clean(&self) {
        self.remove_runtime();
        let Ok(socket) = self.socket_path() else {
            return;
        };
        // The server removes its socket itself unless it was killed.
        let _ = fs::remove_file(&socket);
        if let Some(folder) = socket.parent().filter(|folder| *folder != self.path) {
            let _ = fs::remove_dir(folder);
        }
    }

    /// Makes a folder in a place that others can write to, and refuses one that is not ours.
    fn make_own_folder(&self, folder: &Path) -> io::Result<()> {
        match DirBuilder::new().mode(0o700).create(folder) {
            Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(error),
            _ => {}
        }
        let (ours, found) = (self.path.metadata()?, folder.symlink_metadata()?);
        if found.is_dir() && found.uid() == ours.uid() && found.mode() & 0o077 == 0 {
            return Ok(());
        }
        Err(io::Error::new(
            io::ErrorKind::PermissionDenied,
            "the folder belongs to somebody else",
        ))
    }
}

/// What another process needs to know to use the server. The file holds the password, so only its
/// owner may read it.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct RuntimeFile {
    pub(super) pid: u32,
    pub(super) owner_pid: u32,
    pub(super) socket: String,
    pub(super) port: u16,
    #[serde(with = "secret_text")]
    pub(super) password: Secret,
    #[serde(with = "secret_text")]
    pub(super) url: Secret,
    pub(super) started_at: u64,
}

impl RuntimeFile {
    pub(super) fn read(data_dir: &Path) -> Result<Self, StoreError> {
        let not_running = || StoreError::NotRunning {
            path: data_dir.to_owned(),
        };
        let text = match fs::read(data_dir.join(RUNTIME_FILE)) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Err(not_running()),
            read => read.map_err(StoreError::file("read", data_dir.join(RUNTIME_FILE)))?,
        };
        // Half a file cannot be seen, since it is renamed into place: this is not our file.
        serde_json::from_slice(&text).map_err(|_| not_running())
    }

    pub(super) fn endpoint(&self) -> Result<PrivateEndpoint, StoreError> {
        Ok(PrivateEndpoint {
            socket_url: RedisUrl::unix(&self.socket, &self.password)?,
            tcp_url: RedisUrl::from_parts("127.0.0.1", self.port, Some(&self.password), 0)?,
            pid: self.pid,
        })
    }
}

mod secret_text {
    use serde::{Deserialize as _, Deserializer, Serializer};

    use crate::secret::Secret;

    pub(super) fn serialize<S: Serializer>(secret: &Secret, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(secret.expose())
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Secret, D::Error> {
        String::deserialize(from).map(Secret::new)
    }
}

fn private_file() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(false).mode(0o600);
    options
}

fn make_private_folder(path: &Path) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(path)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    #[test]
    fn a_second_holder_is_told_who_the_first_is() {
        let folder = tempfile::tempdir().unwrap();
        let held = DataDir::lock(folder.path()).unwrap();
        let error = DataDir::lock(folder.path()).unwrap_err();
        let us = std::process::id();
        assert!(matches!(error, StoreError::DataDirLocked { holder: Some(pid), .. } if pid == us));
        drop(held);
        DataDir::lock(folder.path()).unwrap();
    }

    #[test]
    fn a_deep_folder_gets_its_socket_in_a_short_place() {
        let folder = tempfile::tempdir().unwrap();
        let deep = folder.path().join("d".repeat(60)).join("e".repeat(60));
        let data_dir = DataDir::lock(&deep).unwrap();
        let socket = data_dir.socket_path().unwrap();
        assert!(
            socket.as_os_str().len() <= SOCKET_PATH_BYTES_MAX,
            "{}",
            socket.display()
        );
        let short = socket.parent().unwrap();
        assert_eq!(
            short.metadata().unwrap().permissions().mode() & 0o777,
            0o700
        );
        assert_eq!(data_dir.socket_path().unwrap(), socket);
        data_dir.clean();
        assert!(!short.exists());
    }

    #[test]
    fn a_folder_that_others_can_enter_is_refused_for_the_socket() {
        let folder = tempfile::tempdir().unwrap();
        let data_dir = DataDir::lock(&folder.path().join("data")).unwrap();
        let open = folder.path().join("open");
        fs::create_dir(&open).unwrap();
        fs::set_permissions(&open, fs::Permissions::from_mode(0o777)).unwrap();
        let error = data_dir.make_own_folder(&open).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::PermissionDenied);
    }

    #[test]
    fn the_runtime_file_is_ours_alone_and_reads_back() {
        let folder = tempfile::tempdir().unwrap();
        let data_dir = DataDir::lock(folder.path()).unwrap();
        let runtime = RuntimeFile {
            pid: 7,
            owner_pid: 8,
            socket: "/tmp/x.sock".into(),
            port: 7000,
            password: Secret::new("pass"),
            url: Secret::new("redis://:pass@127.0.0.1:7000/0"),
            started_at: 5,
        };
        data_dir.write_runtime(&runtime).unwrap();
        let mode = folder
            .path()
            .join(RUNTIME_FILE)
            .metadata()
            .unwrap()
            .permissions()
            .mode();
        assert_eq!(mode & 0o777, 0o600);
        let read = RuntimeFile::read(folder.path()).unwrap();
        assert_eq!(read.endpoint().unwrap(), runtime.endpoint().unwrap());
        assert!(!format!("{read:?}").contains("pass@"));
        data_dir.remove_runtime();
        assert!(matches!(
            RuntimeFile::read(folder.path()),
            Err(StoreError::NotRunning { .. })
        ));
    }
}
