//! `cargo xtask bench <name>`: runs a benchmark of the test kit in release mode.

use anyhow::Result;

use crate::setup::{self, Purpose};
use crate::shell::Shell;
use crate::workspace::Workspace;

/// Options of `cargo xtask bench`.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// Which benchmark: `commands`, `queue` or `sync`.
    name: String,
    /// Passed on to the benchmark.
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    rest: Vec<String>,
}

/// Builds the benchmark and the server it drives, both optimised, and runs it.
pub(crate) fn bench(workspace: &Workspace, arguments: &Arguments) -> Result<()> {
    setup::prepare(workspace, &[Purpose::Server])?;
    if ["queue", "sync"].contains(&arguments.name.as_str()) {
        setup::bench_peers(workspace)?;
    }
    Shell::cargo(
        workspace.root(),
        &["build", "--release", "--package", "graphy-cli"],
    )
    .run()?;
    let words = [
        "run",
        "--release",
        "--package",
        "graphy-testkit",
        "--bin",
        "bench",
        "--",
    ];
    let mut words: Vec<&str> = words.to_vec();
    words.push(&arguments.name);
    words.extend(arguments.rest.iter().map(String::as_str));
    Shell::cargo(workspace.root(), &words).run()
}
