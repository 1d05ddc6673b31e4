//! `cargo xtask setup`: what the other words need and a fresh machine lacks.
//!
//! Every part looks first and does nothing when all is there, so each word can call it.

mod debian;
mod npm;
mod python;
mod tools;

use anyhow::Result;

pub(crate) use debian::Purpose;
pub(crate) use python::environment as python_environment;

use crate::ui;
use crate::workspace::Workspace;

/// All system packages, npm packages and tools of all words.
pub(crate) fn everything(workspace: &Workspace) -> Result<()> {
    prepare(
        workspace,
        &[
            Purpose::Server,
            Purpose::Console,
            Purpose::Examples,
            Purpose::Browser,
            Purpose::Tests,
        ],
    )?;
    test_tools(workspace)?;
    tools::deny(workspace)?;
    tools::tauri_driver(workspace)?;
    println!("everything is in place");
    Ok(())
}

/// System packages for the purposes, npm packages, and a folder for the built UI.
pub(crate) fn prepare(workspace: &Workspace, purposes: &[Purpose]) -> Result<()> {
    debian::install_missing(workspace, purposes)?;
    npm::install_changed(workspace)?;
    ui::ensure_folder(workspace)
}

/// The systems that benches compare with; nothing else needs them, so no other word installs them.
pub(crate) fn bench_peers(workspace: &Workspace) -> Result<()> {
    npm::install(workspace, &workspace.path("bench/peers"))
}

/// The tools of `cargo xtask check`.
pub(crate) fn check_tools(workspace: &Workspace) -> Result<()> {
    tools::deny(workspace)
}

/// The tools of `cargo xtask test`, and what the programs need that it runs.
pub(crate) fn test_tools(workspace: &Workspace) -> Result<()> {
    python::examples(workspace)?;
    tools::nextest(workspace)
}

/// The tools of the desktop flows.
pub(crate) fn desktop_tools(workspace: &Workspace) -> Result<()> {
    tools::tauri_driver(workspace)
}
