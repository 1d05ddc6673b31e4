//! The file through which commands on the same machine find a running node.
//!
//! It lies in the data folder and holds an administrator's token, so only its owner may read it.
//! The node that serves the API writes it when it answers and removes it when it stops.

use std::fs::{self, DirBuilder, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

/// What the file is called.
pub const NODE_FILE: &str = "node.json";

/// What the file says.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct NodeFile {
    /// Where the node's HTTP API is.
    pub api_url: String,
    /// An administrator's token.
    pub token: String,
    /// The name of that token, so that a later node can revoke it if this one dies.
    pub token_id: String,
    /// Where the node's Redis is, password included.
    pub redis_url: String,
    /// The node's process.
    pub pid: u32,
}

impl NodeFile {
    /// Writes the file in one step.
    ///
    /// # Errors
    /// When the folder or the file cannot be written.
    pub fn write(&self, data_dir: &Path) -> io::Result<()> {
        DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(data_dir)?;
        let new = data_dir.join(format!("{NODE_FILE}.{}.new", self.pid));
        let text = serde_json::to_vec_pretty(self).expect("texts and numbers become JSON");
        // A file that a crash left behind may be readable for others.
        drop(fs::remove_file(&new));
        OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(&new)
            .and_then(|mut file| file.write_all(&text))
            .and_then(|()| fs::rename(&new, path(data_dir)))
    }

    /// Reads the file; none if there is none.
    ///
    /// # Errors
    /// When it cannot be read or is not what a node writes.
    pub fn read(data_dir: &Path) -> io::Result<Option<Self>> {
        match fs::read_to_string(path(data_dir)) {
            Ok(text) => serde_json::from_str(&text)
                .map(Some)
                .map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Says whether the process that wrote the file is still there.
    #[must_use]
    pub fn is_alive(&self) -> bool {
        Path::new("/proc").join(self.pid.to_string()).exists()
    }

    /// Removes the file, unless another node has written its own meanwhile.
    ///
    /// # Errors
    /// When it cannot be removed.
    pub fn remove(&self, data_dir: &Path) -> io::Result<()> {
        match Self::read(data_dir)? {
            Some(found) if found == *self => fs::remove_file(path(data_dir)),
            Some(_) | None => Ok(()),
        }
    }
}

impl std::fmt::Debug for NodeFile {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("NodeFile")
            .field("api_url", &self.api_url)
            .field("token_id", &self.token_id)
            .field("pid", &self.pid)
            .finish_non_exhaustive()
    }
}

fn path(data_dir: &Path) -> PathBuf {
    data_dir.join(NODE_FILE)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    #[test]
    fn only_its_owner_reads_it_and_only_its_writer_removes_it() {
        let folder = tempfile::tempdir().unwrap();
        let data_dir = folder.path().join("made");
        assert_eq!(NodeFile::read(&data_dir).unwrap(), None);
        let first = NodeFile {
            api_url: "http://127.0.0.1:1".into(),
            token: "s3cret".into(),
            token_id: "t".into(),
            redis_url: "redis://:s3cret@h".into(),
            pid: std::process::id(),
        };
        first.write(&data_dir).unwrap();
        assert_eq!(NodeFile::read(&data_dir).unwrap().as_ref(), Some(&first));
        let mode = fs::metadata(path(&data_dir)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        assert!(first.is_alive());
        assert!(!format!("{first:?}").contains("s3cret"));

        let second = NodeFile {
            token_id: "u".into(),
            ..first.clone()
        };
        second.write(&data_dir).unwrap();
        first.remove(&data_dir).unwrap();
        assert!(NodeFile::read(&data_dir).unwrap().is_some());
        second.remove(&data_dir).unwrap();
        assert!(NodeFile::read(&data_dir).unwrap().is_none());
    }
}
