//! Building the desktop console with the interface inside.

use std::path::PathBuf;

use anyhow::{Context as _, Result};

use crate::shell::Shell;
use crate::ui;
use crate::workspace::Workspace;

/// How a binary is compiled.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Profile {
    /// Fast to build.
    Development,
    /// Fast to run.
    Release,
}

impl Profile {
    /// The arguments for cargo.
    pub(crate) fn arguments(self) -> &'static [&'static str] {
        match self {
            Self::Development => &[],
            Self::Release => &["--release"],
        }
    }

    /// The folder below the build folder.
    pub(crate) fn folder(self) -> &'static str {
        match self {
            Self::Development => "debug",
            Self::Release => "release",
        }
    }
}

/// Builds the console with the built interface inside and gives the binary's path.
pub(crate) fn build(workspace: &Workspace, profile: Profile) -> Result<PathBuf> {
    ui::build(workspace)?;
    // Without this feature the window would look for a development server.
    let words = [
        "build",
        "--package",
        "graphy-console",
        "--features",
        "graphy-console/custom-protocol",
    ];
    Shell::cargo(workspace.root(), &[&words, profile.arguments()].concat())
        .run()
        .context("could not build the console")?;
    Ok(workspace
        .target()
        .join(profile.folder())
        .join("graphy-console"))
}

/// Builds the headless server and command line and gives the binary's path.
///
/// It embeds the interface as it lies in `ui/dist`; whoever wants to see it builds that first.
pub(crate) fn build_headless(workspace: &Workspace, profile: Profile) -> Result<PathBuf> {
    let words = ["build", "--package", "graphy-cli"];
    Shell::cargo(workspace.root(), &[&words, profile.arguments()].concat())
        .run()
        .context("could not build the headless server")?;
    Ok(workspace.target().join(profile.folder()).join("graphy"))
}
