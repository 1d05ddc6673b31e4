//! Jobs of `sync-operations`: work between nodes that must survive the node that asked for it.

use bullmq::Job;
use futures_util::future::BoxFuture;
use graphy_model::command::ResolveConflict;
use graphy_model::{Action, Command, Envelope, GraphId, Limits, OperationId};
use graphy_store::{BatchEvent, GraphStore};
use serde_json::{Value, json};

use crate::definition::SYNC_OPERATIONS;
use crate::job::{Origin, QueuedCommand};
use crate::jobs::{OfClient, OfGraph, SettleConflict, SyncJob, id_of_run};
use crate::queue::CommandQueue;
use crate::worker::{Handler, JobFault};

/// Does jobs of `sync-operations`.
pub(crate) struct SyncJobs {
    pub(crate) store: GraphStore,
    pub(crate) commands: CommandQueue,
    pub(crate) limits: Limits,
}

impl Handler for SyncJobs {
    fn handle<'a>(&'a self, job: &'a Job) -> BoxFuture<'a, Result<Value, JobFault>> {
        Box::pin(self.run(job))
    }
}

impl SyncJobs {
    async fn run(&self, job: &Job) -> Result<Value, JobFault> {
        match SyncJob::read(job.name(), job.data()).map_err(JobFault::Never)? {
            SyncJob::BroadcastUpdate(OfGraph { graph_id }) => {
                self.tell_position(job, &graph_id, None).await
            }
            SyncJob::SyncClient(of) => self.tell_position(job, &of.graph_id, Some(&of)).await,
            SyncJob::ResolveConflict(settle) => self.resolve(job, settle).await,
        }
    }

    /// Tells all nodes where a graph stands; those that stand elsewhere fetch what they missed.
    async fn tell_position(
        &self,
        job: &Job,
        graph: &GraphId,
        client: Option<&OfClient>,
    ) -> Result<Value, JobFault> {
        let Some(head) = self.store.head(graph).await? else {
            return Err(JobFault::Never(format!("graph {graph} does not exist")));
        };
        let mut event = BatchEvent::position(graph, job.id(), &head);
        event.resync = client.map(|of| of.client_id.clone()).into_iter().collect();
        let message =
            serde_json::to_string(&event).expect("events hold only texts, numbers and JSON values");
        self.store.announce(graph, &message).await?;
        Ok(json!({ "epoch": head.epoch, "version": head.version }))
    }

    /// Issues the command that settles a conflict. However often the job runs, the command has the
    /// same id, so it has one effect.
    async fn resolve(&self, job: &Job, settle: SettleConflict) -> Result<Value, JobFault> {
        let command = Command::ResolveConflict(ResolveConflict {
            conflict_id: settle.conflict_id,
            choice: settle.choice,
            value: settle.value,
        });
        if !settle.role.allows(Action::EditGraph) {
            let role = settle.role.as_str();
            return Err(JobFault::Never(format!(
                "the role {role} does not allow RESOLVE_CONFLICT"
            )));
        }
        self.limits
            .check(&command)
            .map_err(|rejection| JobFault::Never(rejection.to_string()))?;
        let id = id_of_run(SYNC_OPERATIONS, job.id(), job.timestamp());
        let envelope = Envelope {
            operation_id: OperationId(id),
            graph_id: Some(settle.graph_id.clone()),
            client_id: None,
            seq: None,
            command,
            base_version: None,
            epoch: None,
            timestamp: None,
            replay_of: None,
        };
        let command = QueuedCommand {
            content: envelope.into(),
            user_id: settle.user_id,
            role: settle.role,
            accepted_at: self.store.now_ms(),
            origin: Origin::Listener,
            trace: None,
        };
        let job_id = format!("resolve-{id}");
        self.commands
            .add(&job_id, &settle.graph_id, &[command])
            .await?;
        Ok(json!({ "operationId": id, "jobId": job_id }))
    }
}
