//! `cargo xtask tidy`: the house rules that no other tool knows.
//!
//! Each rule is a pure function from what it looks at to the violations that it finds, so that its
//! own tests can plant a violation and see it found.

mod crates;
mod decisions;
mod links;
mod sources;

use std::fs;

use anyhow::{Context as _, Result, bail};
use serde_json::Value;

use crate::shell::Shell;
use crate::workspace::Workspace;

/// Checks all house rules and lists every violation.
pub(crate) fn tidy(workspace: &Workspace) -> Result<()> {
    let metadata = Shell::cargo(
        workspace.root(),
        &["metadata", "--format-version", "1", "--no-deps", "--locked"],
    )
    .read()
    .context("could not read the crates of the workspace")?;
    let metadata: Value = serde_json::from_str(&metadata).context("cargo wrote broken JSON")?;
    let mut violations = crates::violations(&crates::packages(&metadata)?);

    let files = sources(workspace)?;
    for file in files.iter().filter(|file| sources::is_examined(file)) {
        let path = workspace.path(file);
        let Ok(text) = fs::read_to_string(&path) else {
            continue;
        };
        violations.extend(sources::violations(file, &text));
    }
    violations.extend(decisions::violations(&files, |file| {
        fs::read_to_string(workspace.path(file)).unwrap_or_default()
    }));

    for file in files.iter().filter(|file| file.ends_with(".md")) {
        let text = fs::read_to_string(workspace.path(file)).unwrap_or_default();
        violations.extend(links::violations(file, &text, &files));
    }

    if violations.is_empty() {
        println!("tidy: {} files, no violation", files.len());
        return Ok(());
    }
    bail!(
        "{} house rules broken:\n  {}",
        violations.len(),
        violations.join("\n  ")
    );
}

/// Files of the repository that exist and are not ignored, relative to its root.
pub(crate) fn sources(workspace: &Workspace) -> Result<Vec<String>> {
    let words = [
        "git",
        "ls-files",
        "--cached",
        "--others",
        "--exclude-standard",
    ];
    let listing = Shell::new(workspace.root(), &words)
        .read()
        .context("could not list the files of the repository")?;
    let mut files: Vec<String> = listing
        .lines()
        .filter(|file| workspace.path(file).is_file())
        .map(String::from)
        .collect();
    files.sort();
    files.dedup();
    Ok(files)
}
