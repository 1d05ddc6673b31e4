//! The one write of the command pipeline: a decided batch, all of it or nothing.

use std::sync::LazyLock;

use graphy_model::{
    AppliedOperation, Checksum, ClientId, ConflictId, Epoch, GraphId, GraphRole, OperationId,
};
use redis::Script;

use super::GraphStore;
use super::keys::GraphKeys;
use crate::error::StoreError;

static APPLY: LazyLock<Script> = LazyLock::new(|| Script::new(include_str!("apply.lua")));

/// Whether the graph goes on after a batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Fate {
    /// It does.
    #[default]
    Keep,
    /// The batch deletes it.
    Delete,
}

/// What a batch writes, decided and encoded.
#[derive(Debug, Clone)]
pub struct BatchWrite {
    /// The life of the graph that was decided against.
    pub epoch: Epoch,
    /// The version that was decided against; the write happens only if it is still the stored one.
    pub expected_version: u64,
    /// The version after the batch.
    pub version: u64,
    /// The checksum after the batch.
    pub checksum: Checksum,
    /// How many nodes there are after the batch.
    pub node_count: usize,
    /// How many edges there are after the batch.
    pub edge_count: usize,
    /// The time of the write, in milliseconds since 1970.
    pub now_ms: u64,
    /// What is told on the graph's channel.
    pub message: String,
    /// Whether the graph goes on.
    pub fate: Fate,
    /// Every command of the batch with the text of its outcome.
    pub outcomes: Vec<(OperationId, String)>,
    /// Changed nodes: id and stored record.
    pub nodes: Vec<(String, String)>,
    /// Changed edges: id and stored record.
    pub edges: Vec<(String, String)>,
    /// Viewports: user or `default`, and JSON.
    pub viewports: Vec<(String, String)>,
    /// The last handled seq of each client of the batch.
    pub seqs: Vec<(ClientId, u64)>,
    /// History entries: version and JSON.
    pub entries: Vec<(u64, String)>,
    /// Entities that the batch deleted: `n:<id>` or `e:<id>`.
    pub tombstones: Vec<String>,
    /// What it changes besides entities.
    pub settings: SettingsWrite,
}

/// What a batch changes of a graph besides nodes and edges.
#[derive(Debug, Clone, Default)]
pub struct SettingsWrite {
    /// A new name.
    pub name: Option<String>,
    /// The JSON of a new policy.
    pub policy: Option<String>,
    /// Grants: grantee, and the role or nothing for one that is taken away.
    pub grants: Vec<(String, Option<GraphRole>)>,
    /// Conflicts that wait for a person: id and JSON of the record.
    pub opened: Vec<(ConflictId, String)>,
    /// Conflicts that were settled: id and JSON of the record.
    pub closed: Vec<(ConflictId, String)>,
}

impl SettingsWrite {
    fn head_fields(&self) -> Vec<(&'static str, &str)> {
        let name = self.name.as_deref().map(|name| ("name", name));
        let policy = self.policy.as_deref().map(|policy| ("policy", policy));
        name.into_iter().chain(policy).collect()
    }
}

/// What became of a batch.
#[derive(Debug)]
pub enum Applied {
    /// It is written, and told on the channel.
    Written,
    /// Some of its commands had been handled before; nothing was written.
    Known(Vec<(OperationId, String)>),
    /// The graph has moved on; nothing was written. Holds up to 200 of the missed entries.
    Behind {
        /// The stored version.
        version: u64,
        /// The history after the expected version, oldest first.
        missed: Vec<AppliedOperation>,
    },
    /// The graph has another life now; nothing was written.
    OtherEpoch,
    /// There is no such graph; nothing was written.
    Gone,
    /// The graph belongs to the legacy system for now; nothing was written.
    NotOurs,
}

impl GraphStore {
    /// Writes a batch if the graph is still as it was decided against.
    ///
    /// # Errors
    /// When Redis cannot be reached or refuses the write. After a timeout or a dropped connection
    /// the batch may have been written; writing it again is safe and says so.
    pub async fn apply(&self, graph: &GraphId, batch: &BatchWrite) -> Result<Applied, StoreError> {
        let keys = GraphKeys::new(graph);
        let mut call = APPLY.prepare_invoke();
        for key in keys.for_apply() {
            call.key(key);
        }
        call.arg(batch.epoch.as_str())
            .arg(batch.expected_version)
            .arg(batch.version)
            .arg(batch.checksum.to_string())
            .arg(batch.node_count)
            .arg(batch.edge_count)
            .arg(batch.now_ms)
            .arg(keys.events())
            .arg(&batch.message)
            .arg(match batch.fate {
                Fate::Keep => "keep",
                Fate::Delete => "delete",
            });
        call.arg(batch.outcomes.len() * 2);
        for (id, outcome) in &batch.outcomes {
            call.arg(id.to_string()).arg(outcome);
        }
        for pairs in [&batch.nodes, &batch.edges, &batch.viewports] {
            call.arg(pairs.len() * 2);
            for (field, value) in pairs {
                call.arg(field).arg(value);
            }
        }
        call.arg(batch.seqs.len() * 2);
        for (client, seq) in &batch.seqs {
            call.arg(client.as_str()).arg(*seq);
        }
        call.arg(batch.entries.len() * 2);
        for (version, entry) in &batch.entries {
            call.arg(*version).arg(entry);
        }
        call.arg(batch.tombstones.len());
        for name in &batch.tombstones {
            call.arg(name);
        }
        let settings = &batch.settings;
        let fields = settings.head_fields();
        call.arg(fields.len() * 2);
        for (field, value) in fields {
            call.arg(field).arg(value);
        }
        call.arg(settings.grants.len() * 2);
        for (grantee, role) in &settings.grants {
            call.arg(grantee).arg(role.map_or("", GraphRole::as_str));
        }
        for conflicts in [&settings.opened, &settings.closed] {
            call.arg(conflicts.len() * 2);
            for (id, record) in conflicts {
                call.arg(id.as_str()).arg(record);
            }
        }
        let reply: Vec<String> = call
            .invoke_async(&mut self.link().write())
            .await
            .map_err(StoreError::redis("write a batch"))?;
        read_reply(reply)
    }
}

impl GraphStore {
    /// Tells listeners of a graph something that wrote nothing.
    ///
    /// # Errors
    /// When Redis cannot be reached.
    pub async fn announce(&self, graph: &GraphId, message: &str) -> Result<(), StoreError> {
        redis::cmd("PUBLISH")
            .arg(GraphKeys::new(graph).events())
            .arg(message)
            .query_async(&mut self.link().write())
            .await
            .map_err(StoreError::redis("tell listeners of a graph"))
    }
}

fn read_reply(reply: Vec<String>) -> Result<Applied, StoreError> {
    let corrupt = |detail: String| StoreError::Corrupt {
        what: "the apply script's reply",
        detail,
    };
    let mut texts = reply.into_iter();
    match texts.next().as_deref() {
        Some("ok") => Ok(Applied::Written),
        Some("gone") => Ok(Applied::Gone),
        Some("authority") => Ok(Applied::NotOurs),
        Some("epoch") => Ok(Applied::OtherEpoch),
        Some("behind") => {
            let version = texts.next().unwrap_or_default();
            let version = version
                .parse()
                .map_err(|_| corrupt(format!("version {version:?}")))?;
            let missed = texts
                .map(|text| serde_json::from_str(&text))
                .collect::<Result<_, _>>()
                .map_err(|error| corrupt(error.to_string()))?;
            Ok(Applied::Behind { version, missed })
        }
        Some("known") => {
            let mut known = Vec::new();
            while let (Some(id), Some(outcome)) = (texts.next(), texts.next()) {
                let id = id
                    .parse()
                    .map_err(|_| corrupt(format!("operation {id:?}")))?;
                known.push((OperationId(id), outcome));
            }
            Ok(Applied::Known(known))
        }
        other => Err(corrupt(format!("{other:?}"))),
    }
}
