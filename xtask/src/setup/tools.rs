//! Cargo tools: built from their sources when they are missing.

use anyhow::{Context as _, Result};

use crate::shell::{Shell, find_program};
use crate::workspace::Workspace;

/// The test runner.
pub(super) fn nextest(workspace: &Workspace) -> Result<()> {
    install(workspace, "cargo-nextest", &[])
}

/// The check of licences, sources and banned crates.
pub(super) fn deny(workspace: &Workspace) -> Result<()> {
    install(workspace, "cargo-deny", &[])
}

/// The bridge between WebDriver clients and a Tauri window. Its next major version is for Tauri 3.
pub(super) fn tauri_driver(workspace: &Workspace) -> Result<()> {
    install(workspace, "tauri-driver", &["--version", "2.1.0"])
}

fn install(workspace: &Workspace, tool: &str, version: &[&str]) -> Result<()> {
    if find_program(tool).is_some() {
        return Ok(());
    }
    println!("==> {tool}: building it, once; this takes some minutes");
    // An unoptimised build is ready in half the time, and none of the tools is busy for long.
    let words = [&["install", "--locked", "--debug", tool], version].concat();
    Shell::cargo(workspace.root(), &words)
        // Otherwise its hundreds of crates would land among ours.
        .env("CARGO_TARGET_DIR", workspace.scratch().join("tools"))
        .run()
        .with_context(|| format!("could not install {tool}"))
}
