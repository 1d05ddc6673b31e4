//! What jobs of `sync-operations` and `analytics` carry. Other producers may add such jobs; the
//! forms are documented in `docs/queues.md`.

use graphy_model::command::written_value;
use graphy_model::envelope::clip;
use graphy_model::{Choice, ClientId, ConflictId, GraphId, Role, UserId};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use uuid::Uuid;

/// A job of `sync-operations`.
#[derive(Debug, Clone, PartialEq)]
pub enum SyncJob {
    /// All nodes are to compare themselves with the head of a graph's history now.
    BroadcastUpdate(OfGraph),
    /// The node that holds a client is to bring it to the present anew.
    SyncClient(OfClient),
    /// A conflict is to be settled.
    ResolveConflict(SettleConflict),
}

/// A job of `analytics`.
#[derive(Debug, Clone, PartialEq)]
pub enum AnalyticsJob {
    /// The progress of a graph's nodes is to be rolled up.
    CalculateProgress(OfGraph),
    /// Some more graphs are to be counted.
    UpdateMetrics,
    /// A snapshot is to be made.
    GenerateSnapshot(TakeSnapshot),
}

/// Names a graph.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct OfGraph {
    /// Which graph.
    pub graph_id: GraphId,
}

/// Names a client of a graph.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct OfClient {
    /// Which graph.
    pub graph_id: GraphId,
    /// Which client.
    pub client_id: ClientId,
}

/// Settles a conflict.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SettleConflict {
    /// Of which graph.
    pub graph_id: GraphId,
    /// Which conflict.
    pub conflict_id: ConflictId,
    /// What is chosen: `mine`, `theirs` or `edited`.
    pub choice: Choice,
    /// The chosen value, where it is edited; null takes the field away.
    #[serde(
        default,
        deserialize_with = "written_value",
        skip_serializing_if = "Option::is_none"
    )]
    pub value: Option<Value>,
    /// Who decided it.
    pub user_id: UserId,
    /// What they may do; an editor's rights if absent.
    #[serde(default = "editor")]
    pub role: Role,
}

/// Takes snapshots.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct TakeSnapshot {
    /// Of which graph; absent, of every graph that has changed since its last snapshot.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub graph_id: Option<GraphId>,
    /// Who asked for it; nobody if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user_id: Option<UserId>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Nothing {}

fn editor() -> Role {
    Role::Editor
}

impl SyncJob {
    pub(crate) fn name(&self) -> &'static str {
        match self {
            Self::BroadcastUpdate(_) => "BROADCAST_UPDATE",
            Self::SyncClient(_) => "SYNC_CLIENT",
            Self::ResolveConflict(_) => "RESOLVE_CONFLICT",
        }
    }

    pub(crate) fn data(&self) -> Value {
        match self {
            Self::BroadcastUpdate(data) => written(data),
            Self::SyncClient(data) => written(data),
            Self::ResolveConflict(data) => written(data),
        }
    }

    /// Returns how urgent the job is; people wait for some.
    pub(crate) fn priority(&self) -> u32 {
        match self {
            Self::SyncClient(_) => 2,
            Self::BroadcastUpdate(_) => 5,
            Self::ResolveConflict(_) => 10,
        }
    }

    /// Returns what makes another job that still waits the same; such a one is not added.
    pub(crate) fn sameness(&self) -> Option<String> {
        match self {
            Self::BroadcastUpdate(of) => Some(format!("broadcast:{}", of.graph_id)),
            Self::SyncClient(_) | Self::ResolveConflict(_) => None,
        }
    }

    pub(crate) fn read(name: &str, data: &Value) -> Result<Self, String> {
        match name {
            "BROADCAST_UPDATE" => read(name, data).map(Self::BroadcastUpdate),
            "SYNC_CLIENT" => read(name, data).map(Self::SyncClient),
            "RESOLVE_CONFLICT" => read(name, data).map(Self::ResolveConflict),
            _ => Err(unknown(name, "sync-operations")),
        }
    }
}

impl AnalyticsJob {
    pub(crate) fn name(&self) -> &'static str {
        match self {
            Self::CalculateProgress(_) => "CALCULATE_PROGRESS",
            Self::UpdateMetrics => "UPDATE_METRICS",
            Self::GenerateSnapshot(_) => "GENERATE_SNAPSHOT",
        }
    }

    pub(crate) fn data(&self) -> Value {
        match self {
            Self::CalculateProgress(data) => written(data),
            Self::UpdateMetrics => json!({}),
            Self::GenerateSnapshot(data) => written(data),
        }
    }

    /// Returns how urgent the job is; people wait for some.
    pub(crate) fn priority(&self) -> u32 {
        match self {
            Self::GenerateSnapshot(what) if what.user_id.is_some() => 10,
            Self::CalculateProgress(_) => 50,
            Self::UpdateMetrics | Self::GenerateSnapshot(_) => 100,
        }
    }

    /// Returns what makes another job that still waits the same; such a one is not added.
    pub(crate) fn sameness(&self) -> Option<String> {
        match self {
            Self::CalculateProgress(of) => Some(format!("progress:{}", of.graph_id)),
            // Who asks for a snapshot wants one of now.
            Self::GenerateSnapshot(what) if what.user_id.is_none() => what
                .graph_id
                .as_ref()
                .map(|graph| format!("snapshot:{graph}")),
            Self::GenerateSnapshot(_) | Self::UpdateMetrics => None,
        }
    }

    pub(crate) fn read(name: &str, data: &Value) -> Result<Self, String> {
        match name {
            "CALCULATE_PROGRESS" => read(name, data).map(Self::CalculateProgress),
            "UPDATE_METRICS" => read(name, data).map(|Nothing {}| Self::UpdateMetrics),
            "GENERATE_SNAPSHOT" => read(name, data).map(Self::GenerateSnapshot),
            _ => Err(unknown(name, "analytics")),
        }
    }
}

/// Makes an id that is the same however often a job runs: a UUIDv7 of the time it was added.
pub(crate) fn id_of_run(queue: &str, job_id: &str, added_at_ms: u64) -> Uuid {
    let named = format!("{queue}\0{job_id}\0{added_at_ms}");
    let digest = xxhash_rust::xxh3::xxh3_128(named.as_bytes()).to_be_bytes();
    let mut rest = [0; 10];
    rest.copy_from_slice(&digest[..10]);
    uuid::Builder::from_unix_timestamp_millis(added_at_ms, &rest).into_uuid()
}

fn written<T: Serialize>(data: &T) -> Value {
    serde_json::to_value(data).expect("job data hold only texts and JSON values")
}

fn read<T: DeserializeOwned>(name: &str, data: &Value) -> Result<T, String> {
    serde_json::from_value(data.clone())
        .map_err(|error| format!("the data of {name}: {}", clip(&error.to_string())))
}

fn unknown(name: &str, queue: &str) -> String {
    format!("{queue} has no jobs named {:?}", clip(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn jobs_read_what_they_wrote() {
        let settle = json!({"graphId": "g", "conflictId": "c", "choice": "edited", "value": null,
            "userId": "ada"});
        let job = SyncJob::read("RESOLVE_CONFLICT", &settle).unwrap();
        let SyncJob::ResolveConflict(data) = &job else {
            panic!("{job:?}")
        };
        assert_eq!((data.role, &data.value), (Role::Editor, &Some(Value::Null)));
        assert_eq!(SyncJob::read(job.name(), &job.data()).unwrap(), job);
        let job = AnalyticsJob::read("GENERATE_SNAPSHOT", &json!({})).unwrap();
        assert_eq!(AnalyticsJob::read(job.name(), &job.data()).unwrap(), job);
    }

    #[test]
    fn what_is_wrong_with_data_is_named() {
        let fault = SyncJob::read("SYNC_CLIENT", &json!({"graphId": "g"})).unwrap_err();
        assert!(
            fault.contains("SYNC_CLIENT") && fault.contains("clientId"),
            "{fault}"
        );
        let fault = AnalyticsJob::read("UPDATE_METRICS", &json!({"graphId": "g"})).unwrap_err();
        assert!(fault.contains("graphId"), "{fault}");
        assert!(
            SyncJob::read("NOPE", &json!({}))
                .unwrap_err()
                .contains("NOPE")
        );
    }

    #[test]
    fn the_id_of_a_run_is_that_of_its_job() {
        let id = id_of_run("sync-operations", "1", 1_700_000_000_000);
        assert_eq!(id, id_of_run("sync-operations", "1", 1_700_000_000_000));
        assert_ne!(id, id_of_run("sync-operations", "2", 1_700_000_000_000));
        assert_ne!(id, id_of_run("sync-operations", "1", 1_700_000_000_001));
        assert_eq!(id.get_version_num(), 7);
    }
}
