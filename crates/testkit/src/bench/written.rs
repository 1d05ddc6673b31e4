//! What benches leave behind: files of results, and sections of `docs/performance.md`.

use std::path::PathBuf;

use anyhow::{Context as _, ensure};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::machine::root;

fn path(bench: &str) -> PathBuf {
    root().join(format!("bench/results/{bench}.json"))
}

/// Reads the results that an earlier run left; none if there was none.
pub(in crate::bench) fn read_results<T: DeserializeOwned>(
    bench: &str,
) -> anyhow::Result<Option<T>> {
    let Ok(text) = std::fs::read_to_string(path(bench)) else {
        return Ok(None);
    };
    let results = serde_json::from_str(&text).with_context(|| format!("results/{bench}.json"))?;
    Ok(Some(results))
}

/// Writes results in the place of those of an earlier run.
pub(in crate::bench) fn write_results(bench: &str, results: &impl Serialize) -> anyhow::Result<()> {
    let mut text = serde_json::to_string_pretty(results)?;
    text.push('\n');
    let path = path(bench);
    std::fs::write(&path, text).with_context(|| format!("cannot write {}", path.display()))
}

/// Writes the section of a bench anew.
pub(in crate::bench) fn write_section(bench: &str, section: &str) -> anyhow::Result<()> {
    let begin =
        format!("<!-- bench {bench}: begin; `cargo xtask bench {bench}` writes what follows -->");
    let end = format!("<!-- bench {bench}: end -->");
    let path = root().join("docs/performance.md");
    let text = std::fs::read_to_string(&path).context("docs/performance.md")?;
    let (before, rest) = text.split_once(&begin).context("the section's beginning")?;
    let (_, after) = rest.split_once(&end).context("the section's end")?;
    ensure!(!after.contains(&begin), "two sections");
    std::fs::write(&path, format!("{before}{begin}\n\n{section}\n{end}{after}"))
        .context("docs/performance.md")
}
