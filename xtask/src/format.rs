//! `cargo xtask fmt`: formats Rust with rustfmt and the interface with Biome.

use anyhow::Result;

use crate::setup;
use crate::shell::Shell;
use crate::workspace::Workspace;

/// Formats all sources in place.
pub(crate) fn write(workspace: &Workspace) -> Result<()> {
    setup::prepare(workspace, &[])?;
    Shell::cargo(workspace.root(), &["fmt", "--all"]).run()?;
    let biome = ["npx", "--no-install", "biome", "check", "--write", "."];
    Shell::new(&workspace.path("ui"), &biome).run()
}
