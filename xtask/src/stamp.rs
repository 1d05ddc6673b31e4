//! Stamps: a note of what the inputs of a step were when it last succeeded.
//!
//! Contents decide, not times, so that switching branches back and forth repeats nothing.

use std::fs;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};

/// The inputs of a step, digested, and the file that remembers them.
pub(crate) struct Stamp {
    file: PathBuf,
    digest: String,
}

impl Stamp {
    /// Digests all files below the `inputs` (files or folders; missing ones count as missing).
    pub(crate) fn of(folder: &Path, name: &str, inputs: &[PathBuf]) -> Result<Self> {
        let mut hasher = DefaultHasher::new();
        for input in inputs {
            digest(input, &mut hasher)
                .with_context(|| format!("could not read {}", input.display()))?;
        }
        let digest = format!("{:016x}", hasher.finish());
        Ok(Self {
            file: folder.join("stamps").join(name),
            digest,
        })
    }

    /// Whether the step succeeded before with exactly these inputs.
    pub(crate) fn is_current(&self) -> bool {
        fs::read_to_string(&self.file).is_ok_and(|text| text == self.digest)
    }

    /// Remembers that the step succeeded.
    pub(crate) fn write(&self) -> Result<()> {
        let folder = self.file.parent().expect("a stamp lies in a folder");
        fs::create_dir_all(folder).context("could not make the folder of the stamps")?;
        fs::write(&self.file, &self.digest).context("could not write a stamp")
    }
}

fn digest(path: &Path, hasher: &mut DefaultHasher) -> std::io::Result<()> {
    path.hash(hasher);
    if path.is_dir() {
        let mut entries: Vec<PathBuf> = fs::read_dir(path)?
            .map(|entry| entry.map(|e| e.path()))
            .collect::<Result<_, _>>()?;
        entries.sort();
        for entry in entries {
            digest(&entry, hasher)?;
        }
    } else if path.is_file() {
        fs::read(path)?.hash(hasher);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stamp_is_current_until_an_input_changes() {
        let folder = tempfile::tempdir().unwrap();
        let source = folder.path().join("source");
        fs::create_dir(&source).unwrap();
        fs::write(source.join("a"), "1").unwrap();
        let take = || Stamp::of(folder.path(), "build", std::slice::from_ref(&source)).unwrap();

        assert!(!take().is_current());
        take().write().unwrap();
        assert!(take().is_current());

        fs::write(source.join("a"), "2").unwrap();
        assert!(!take().is_current(), "changed content is seen");
        fs::write(source.join("a"), "1").unwrap();
        assert!(take().is_current(), "going back is current again");
        fs::write(source.join("b"), "").unwrap();
        assert!(!take().is_current(), "a new file is seen");
    }
}
