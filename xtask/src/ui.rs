//! The web interface in `ui/`: built when its sources changed, since binaries embed `ui/dist`.

use std::fs;
use std::path::PathBuf;

use anyhow::{Context as _, Result};

use crate::shell::Shell;
use crate::stamp::Stamp;
use crate::workspace::Workspace;

/// What a binary shows that was compiled before the interface was built.
const NOT_BUILT: &str = "<!doctype html><title>Graphy</title>\
<p>The interface was not built into this binary. Build it with <code>cargo xtask run</code>.\n";

/// Builds `ui/dist` unless it is there and its sources are as they were.
pub(crate) fn build(workspace: &Workspace) -> Result<()> {
    let folder = workspace.path("ui");
    let stamp = Stamp::of(&workspace.scratch(), "ui-build", &sources(workspace)?)?;
    if stamp.is_current() && folder.join("dist/index.html").is_file() {
        return Ok(());
    }
    println!("==> user interface: building it");
    Shell::new(&folder, &["npm", "run", "--silent", "build"])
        .run()
        .context("could not build the user interface")?;
    stamp.write()
}

/// Makes sure that `ui/dist` exists, because crates that embed it do not compile without.
pub(crate) fn ensure_folder(workspace: &Workspace) -> Result<()> {
    let index = workspace.path("ui/dist/index.html");
    if index.is_file() {
        return Ok(());
    }
    fs::create_dir_all(workspace.path("ui/dist")).context("could not make ui/dist")?;
    fs::write(index, NOT_BUILT).context("could not write a note into ui/dist")
}

/// Everything in `ui/` that is neither built nor installed nor only for tests.
fn sources(workspace: &Workspace) -> Result<Vec<PathBuf>> {
    let folder = workspace.path("ui");
    let entries = fs::read_dir(&folder).context("could not read ui/")?;
    let mut sources = Vec::new();
    for entry in entries {
        let path = entry.context("could not read ui/")?.path();
        let name = path.file_name().unwrap_or_default();
        if !["dist", "node_modules", "coverage"]
            .iter()
            .any(|skipped| name == *skipped)
        {
            sources.push(path);
        }
    }
    sources.sort();
    Ok(sources)
}
