//! `cargo xtask bundle`: the Debian package with the console and the `graphy` command line.

use std::fs;

use anyhow::{Context as _, Result, bail};
use serde_json::json;

use crate::console::{self, Profile};
use crate::setup::{self, Purpose};
use crate::shell::Shell;
use crate::ui;
use crate::workspace::Workspace;

/// Builds the package and prints its path.
pub(crate) fn bundle(workspace: &Workspace) -> Result<()> {
    setup::prepare(workspace, &[Purpose::Console])?;
    ui::build(workspace)?;
    let graphy = console::build_headless(workspace, Profile::Release)?;
    let files = json!({ "/usr/bin/graphy": graphy });
    let overlay = json!({ "bundle": { "linux": { "deb": { "files": files } } } }).to_string();
    let tauri = workspace
        .path("ui/node_modules/.bin/tauri")
        .to_string_lossy()
        .into_owned();
    Shell::new(
        workspace.root(),
        &[
            tauri.as_str(),
            "build",
            "--bundles",
            "deb",
            "--ci",
            "--config",
            &overlay,
        ],
    )
    .run()
    .context("could not build the package")?;
    let folder = workspace.target().join("release/bundle/deb");
    let entries = fs::read_dir(&folder).context("could not find the built package")?;
    let package = entries
        .filter_map(Result::ok)
        .map(|entry| entry.path())
        .find(|path| path.extension().is_some_and(|extension| extension == "deb"));
    let Some(package) = package else {
        bail!("the bundler left no package in {}", folder.display());
    };
    println!("{}", package.display());
    Ok(())
}
