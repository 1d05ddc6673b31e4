//! Python environments: one for each list of packages, made again when the list changes.

use std::path::PathBuf;

use anyhow::{Context as _, Result};

use crate::shell::Shell;
use crate::stamp::Stamp;
use crate::workspace::Workspace;

/// The packages of the example client in Python.
const EXAMPLES: &str = "docs/examples/python/requirements.txt";

/// Makes the environment of the example client; `testkit` finds it by its place.
pub(super) fn examples(workspace: &Workspace) -> Result<()> {
    environment(workspace, "examples", EXAMPLES).map(drop)
}

/// Where the environment of a name is, with the packages of a list and nothing else.
pub(crate) fn environment(workspace: &Workspace, name: &str, list: &str) -> Result<PathBuf> {
    let environment = workspace.scratch().join("python").join(name);
    let list = workspace.path(list);
    let inputs = std::slice::from_ref(&list);
    let stamp = Stamp::of(&workspace.scratch(), &format!("python-{name}"), inputs)?;
    if stamp.is_current() && environment.join("bin/python").is_file() {
        return Ok(environment);
    }
    println!("==> Python packages of {name}: installing them, once");
    let folder = environment.to_string_lossy();
    let list = list.to_string_lossy();
    let make = ["python3", "-m", "venv", "--clear", folder.as_ref()];
    Shell::new(workspace.root(), &make)
        .run()
        .context("could not make a Python environment")?;
    let pip = format!("{folder}/bin/pip");
    let quiet = ["--quiet", "--disable-pip-version-check", "--no-input"];
    let words = [
        &[pip.as_str(), "install"],
        &quiet[..],
        &["--requirement", list.as_ref()],
    ]
    .concat();
    Shell::new(workspace.root(), &words)
        .run()
        .with_context(|| format!("could not install the Python packages of {name}"))?;
    stamp.write()?;
    Ok(environment)
}
