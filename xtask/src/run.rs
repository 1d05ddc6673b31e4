//! `cargo xtask run`: from a fresh clone to the console in front of you.

use std::env;

use anyhow::Result;

use crate::console::{self, Profile};
use crate::setup::{self, Purpose};
use crate::shell::Shell;
use crate::ui;
use crate::workspace::Workspace;

/// Options of `cargo xtask run`.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// Serve the interface on loopback even if there is a display.
    #[arg(long)]
    headless: bool,
    /// Compile optimised binaries: slower to build, faster to run.
    #[arg(long)]
    release: bool,
    /// Passed on to the console or the server.
    #[arg(last = true)]
    rest: Vec<String>,
}

/// Sets up, builds, and opens the window or serves the interface.
pub(crate) fn run(workspace: &Workspace, arguments: &Arguments) -> Result<()> {
    let profile = if arguments.release {
        Profile::Release
    } else {
        Profile::Development
    };
    if arguments.headless || !has_display() {
        setup::prepare(workspace, &[Purpose::Server])?;
        println!("==> headless server (no display, or asked for)");
        ui::build(workspace)?;
        let graphy = console::build_headless(workspace, profile)?;
        let mut words = vec![graphy.to_string_lossy().into_owned(), "serve".to_owned()];
        words.push("--import".to_owned());
        words.push(workspace.path("Cargo.lock").to_string_lossy().into_owned());
        words.extend(arguments.rest.iter().cloned());
        return Shell::new(workspace.root(), &words)
            .interactive()
            .become_it();
    }
    setup::prepare(workspace, &[Purpose::Server, Purpose::Console])?;
    println!("==> console window");
    let console = console::build(workspace, profile)?;
    let mut words = vec![console.to_string_lossy().into_owned()];
    words.extend(arguments.rest.iter().cloned());
    Shell::new(workspace.root(), &words)
        .interactive()
        .become_it()
}

fn has_display() -> bool {
    ["WAYLAND_DISPLAY", "DISPLAY"]
        .iter()
        .any(|name| env::var_os(name).is_some_and(|value| !value.is_empty()))
}
