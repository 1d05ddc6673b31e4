//! npm packages: installed from the lock file, without running anybody's install scripts.

use std::path::Path;

use anyhow::{Context as _, Result};

use crate::shell::Shell;
use crate::stamp::Stamp;
use crate::workspace::Workspace;

/// Runs `npm ci` in each npm package whose lock file changed since the last time.
pub(super) fn install_changed(workspace: &Workspace) -> Result<()> {
    for folder in workspace.npm_packages() {
        install(workspace, &folder)?;
    }
    Ok(())
}

/// Runs `npm ci` in a package whose lock file changed since the last time.
pub(super) fn install(workspace: &Workspace, folder: &Path) -> Result<()> {
    let relative = folder.strip_prefix(workspace.root()).unwrap_or(folder);
    let name = relative.to_string_lossy().replace('/', "-");
    let inputs = [
        folder.join("package.json"),
        folder.join("package-lock.json"),
    ];
    let stamp = Stamp::of(&workspace.scratch(), &format!("npm-{name}"), &inputs)?;
    if stamp.is_current() && folder.join("node_modules").is_dir() {
        return Ok(());
    }
    println!("==> npm packages of {}", relative.display());
    let words = [
        "npm",
        "ci",
        "--ignore-scripts",
        "--no-audit",
        "--no-fund",
        "--loglevel=error",
    ];
    Shell::new(folder, &words).run().with_context(|| {
        format!(
            "could not install the npm packages of {}",
            relative.display()
        )
    })?;
    stamp.write()
}
