//! `cargo xtask gen`: files that are made from the Rust sources and committed for the interface.
//!
//! The test kit's `generate` binary writes them below a folder that it is given. They are made in
//! a scratch folder first and then compared, so that an unchanged file keeps its time.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};

use crate::shell::Shell;
use crate::workspace::Workspace;

/// Folders that hold nothing but generated files.
const FOLDERS: [&str; 2] = ["ui/src/generated", "ui/src/replica/histories"];

/// Options of `cargo xtask gen`.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// Change nothing; fail if a committed file is not what would be written.
    #[arg(long)]
    check: bool,
}

/// Writes the generated files, or only compares them.
pub(crate) fn generate(workspace: &Workspace, arguments: &Arguments) -> Result<()> {
    let differences = fresh_differences(workspace)?;
    if arguments.check {
        return judge(&differences);
    }
    for difference in &differences {
        difference.settle(workspace.root())?;
        println!("{}", difference.describe());
    }
    println!("generated files: {} changed", differences.len());
    Ok(())
}

/// Fails if a committed generated file is stale, missing or left over.
pub(crate) fn check(workspace: &Workspace) -> Result<()> {
    judge(&fresh_differences(workspace)?)
}

fn judge(differences: &[Difference]) -> Result<()> {
    if differences.is_empty() {
        return Ok(());
    }
    let listed: Vec<String> = differences.iter().map(Difference::describe).collect();
    bail!(
        "generated files are stale, run `cargo xtask gen`:\n  {}",
        listed.join("\n  ")
    );
}

fn fresh_differences(workspace: &Workspace) -> Result<Vec<Difference>> {
    let scratch = workspace.scratch().join("generated");
    if scratch.is_dir() {
        fs::remove_dir_all(&scratch).context("could not empty the scratch folder")?;
    }
    fs::create_dir_all(&scratch).context("could not make the scratch folder")?;
    let target = scratch.to_string_lossy().into_owned();
    let words = [
        "run",
        "--quiet",
        "--package",
        "graphy-testkit",
        "--bin",
        "generate",
        "--",
    ];
    Shell::cargo(workspace.root(), &[&words[..], &[&target]].concat())
        .run()
        .context("the generator failed")?;
    let mut differences = Vec::new();
    for folder in FOLDERS {
        let fresh = files_below(&scratch.join(folder))?;
        if fresh.is_empty() {
            bail!("the generator wrote nothing into {folder}");
        }
        let committed = files_below(&workspace.path(folder))?;
        differences.extend(compare(Path::new(folder), &committed, fresh));
    }
    Ok(differences)
}

/// One file that is not as the generator makes it.
#[derive(Debug, PartialEq)]
enum Difference {
    Missing(PathBuf, Vec<u8>),
    Stale(PathBuf, Vec<u8>),
    LeftOver(PathBuf),
}

impl Difference {
    fn describe(&self) -> String {
        match self {
            Self::Missing(path, _) => format!("{} (missing)", path.display()),
            Self::Stale(path, _) => format!("{} (stale)", path.display()),
            Self::LeftOver(path) => format!("{} (left over)", path.display()),
        }
    }

    fn settle(&self, root: &Path) -> Result<()> {
        match self {
            Self::Missing(path, content) | Self::Stale(path, content) => {
                let path = root.join(path);
                let folder = path.parent().expect("a generated file lies in a folder");
                fs::create_dir_all(folder).context("could not make a folder")?;
                fs::write(&path, content)
                    .with_context(|| format!("could not write {}", path.display()))
            }
            Self::LeftOver(path) => fs::remove_file(root.join(path))
                .with_context(|| format!("could not remove {}", path.display())),
        }
    }
}

type Files = BTreeMap<PathBuf, Vec<u8>>;

fn compare(folder: &Path, committed: &Files, fresh: Files) -> Vec<Difference> {
    let left_over = committed.keys().filter(|path| !fresh.contains_key(*path));
    let mut differences: Vec<Difference> = left_over
        .map(|path| Difference::LeftOver(folder.join(path)))
        .collect();
    for (path, content) in fresh {
        match committed.get(&path) {
            None => differences.push(Difference::Missing(folder.join(path), content)),
            Some(old) if *old != content => {
                differences.push(Difference::Stale(folder.join(path), content));
            }
            Some(_) => {}
        }
    }
    differences
}

fn files_below(folder: &Path) -> Result<Files> {
    let mut files = Files::new();
    let mut waiting = vec![folder.to_path_buf()];
    while let Some(current) = waiting.pop() {
        if !current.is_dir() {
            continue;
        }
        let entries = fs::read_dir(&current)
            .with_context(|| format!("could not read {}", current.display()))?;
        for entry in entries {
            let path = entry.context("could not read a folder entry")?.path();
            if path.is_dir() {
                waiting.push(path);
            } else {
                let content = fs::read(&path)
                    .with_context(|| format!("could not read {}", path.display()))?;
                let relative = path.strip_prefix(folder).expect("found below the folder");
                files.insert(relative.to_path_buf(), content);
            }
        }
    }
    Ok(files)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stale_missing_and_left_over_files_are_told_apart_and_settled() {
        let root = tempfile::tempdir().unwrap();
        let folder = root.path().join("out");
        fs::create_dir(&folder).unwrap();
        for (name, text) in [("same.ts", "1"), ("stale.ts", "old"), ("gone.ts", "x")] {
            fs::write(folder.join(name), text).unwrap();
        }
        let fresh = || -> Files {
            [("same.ts", "1"), ("stale.ts", "new"), ("missing.ts", "2")]
                .map(|(name, text)| (PathBuf::from(name), text.as_bytes().to_vec()))
                .into()
        };

        let differences = compare(Path::new("out"), &files_below(&folder).unwrap(), fresh());
        let mut described: Vec<String> = differences.iter().map(Difference::describe).collect();
        described.sort();
        assert_eq!(
            described,
            [
                "out/gone.ts (left over)",
                "out/missing.ts (missing)",
                "out/stale.ts (stale)"
            ]
        );
        assert!(judge(&differences).is_err());

        for difference in &differences {
            difference.settle(root.path()).unwrap();
        }
        assert_eq!(
            compare(Path::new("out"), &files_below(&folder).unwrap(), fresh()),
            []
        );
    }
}
