//! Where things lie: the repository root and the build folder.

use std::env;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};

/// The checked-out repository.
pub(crate) struct Workspace {
    root: PathBuf,
    target: PathBuf,
}

impl Workspace {
    /// Finds the repository from the place where this tool was compiled.
    pub(crate) fn locate() -> Result<Self> {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"))
            .parent()
            .context("xtask lies in a folder of the repository")?
            .to_path_buf();
        let target = match env::var_os("CARGO_TARGET_DIR") {
            Some(folder) => root.join(folder),
            None => root.join("target"),
        };
        Ok(Self { root, target })
    }

    /// The folder of the root `Cargo.toml`.
    pub(crate) fn root(&self) -> &Path {
        &self.root
    }

    /// A path below the root.
    pub(crate) fn path(&self, relative: &str) -> PathBuf {
        self.root.join(relative)
    }

    /// Where cargo puts its output.
    pub(crate) fn target(&self) -> &Path {
        &self.target
    }

    /// This tool's own corner of the build folder: stamps, logs, comparison copies.
    pub(crate) fn scratch(&self) -> PathBuf {
        self.target.join("xtask")
    }

    /// The npm packages that are there, in the order in which they are set up.
    pub(crate) fn npm_packages(&self) -> Vec<PathBuf> {
        ["ui", "tests/browser", "tests/interop", "docs/examples/node"]
            .iter()
            .map(|folder| self.path(folder))
            .filter(|folder| folder.join("package.json").is_file())
            .collect()
    }
}
