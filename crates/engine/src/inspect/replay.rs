//! What is inside our own jobs, and carrying it out anew.
//!
//! A dead letter holds commands that have an outcome: they were rejected as `internal`. An outcome
//! is for ever, so a replay sends the intent again under a new operation id that says what it
//! replays. The new id follows from the old one and from what is asked: an operator, or a node that
//! died between the replay and the removal of the dead letter, may replay it twice, and it has one
//! effect.

use graphy_model::{
    CommandType, Envelope, GraphId, OperationId, Outcome, RejectCode, Rejection, Role, UserId,
};
use graphy_store::GraphStore;
use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::intake::{Intake, Submission};
use crate::job::{self, Content, Origin, QueuedCommand};

/// The content of a job of `graph-commands`.
#[derive(Debug, Clone)]
pub struct OwnJob {
    /// Which graph its commands change.
    pub graph_id: GraphId,
    /// Its commands, as far as they name themselves.
    pub commands: Vec<OwnCommand>,
}

/// A command in a job.
#[derive(Debug, Clone)]
pub struct OwnCommand {
    /// Which operation.
    pub operation_id: OperationId,
    /// Its type; none if it was refused at the door.
    pub command_type: Option<CommandType>,
    /// Who sent it.
    pub user_id: UserId,
    /// What it replays.
    pub replay_of: Option<OperationId>,
    queued: QueuedCommand,
}

/// In whose name commands are carried out anew.
#[derive(Debug, Clone)]
pub enum ReplayAs {
    /// In their authors', as nothing was changed in them.
    Authors,
    /// In the name of somebody who changed them.
    Editor {
        /// Who.
        user_id: UserId,
        /// What they are trusted with.
        role: Role,
    },
}

impl OwnJob {
    /// Reads a job's data.
    ///
    /// # Errors
    /// Why they are not those of a job of `graph-commands`.
    pub fn read(data: &Value, now_ms: u64) -> Result<Self, String> {
        let read = job::read(data, now_ms)?;
        let commands = read.commands.into_iter().map(|queued| OwnCommand {
            operation_id: queued.operation_id(),
            command_type: queued.content.command_type(),
            user_id: queued.user_id.clone(),
            replay_of: queued.content.envelope().and_then(|one| one.replay_of),
            queued,
        });
        Ok(Self {
            graph_id: read.graph_id,
            commands: commands.collect(),
        })
    }
}

/// Sends the commands of a failed job again, but those that had an effect or were refused for a
/// reason of their own. Returns the new operations.
///
/// # Errors
/// `invalid` if there is nothing to replay, or why intake did not take the commands.
pub async fn replay(
    intake: &Intake,
    store: &GraphStore,
    job: &OwnJob,
    name: &ReplayAs,
) -> Result<Vec<OperationId>, Rejection> {
    let ids: Vec<OperationId> = job.commands.iter().map(|one| one.operation_id).collect();
    let outcomes = store.outcomes_of(&job.graph_id, &ids).await;
    let outcomes = outcomes.map_err(|error| {
        let message = format!("it is not known what became of the commands: {error}");
        Rejection::new(RejectCode::Unavailable, message)
    })?;
    let submissions: Vec<Submission> = job
        .commands
        .iter()
        .zip(&outcomes)
        .filter(|(_, outcome)| may_be_replayed(outcome.as_ref()))
        .filter_map(|(command, _)| submission(command, name))
        .collect();
    if submissions.is_empty() {
        let message = "there is nothing to replay: all commands of the job have ended otherwise";
        return Err(Rejection::new(RejectCode::Invalid, message).on("jobId"));
    }
    let new = submissions
        .iter()
        .map(|one| one.content.operation_id())
        .collect();
    intake.submit(&job.graph_id, submissions).await?;
    Ok(new)
}

fn may_be_replayed(outcome: Option<&Outcome>) -> bool {
    match outcome {
        None => true,
        Some(Outcome::Rejected(rejection)) => rejection.code == RejectCode::Internal,
        Some(_) => false,
    }
}

fn submission(command: &OwnCommand, name: &ReplayAs) -> Option<Submission> {
    let Content::Asked(envelope) = &command.queued.content else {
        return None;
    };
    let (user_id, role) = match name {
        ReplayAs::Authors => (command.user_id.clone(), command.queued.role),
        ReplayAs::Editor { user_id, role } => (user_id.clone(), *role),
    };
    let replayed = Envelope {
        operation_id: replayed_id(envelope),
        // Its place in its client's order was taken by the refusal.
        client_id: None,
        seq: None,
        replay_of: Some(envelope.operation_id),
        ..(**envelope).clone()
    };
    Some(Submission {
        content: replayed.into(),
        user_id,
        role,
        origin: Origin::Request,
    })
}

/// Derives the id of a replay: a UUIDv8 of what is replayed and what is asked.
fn replayed_id(envelope: &Envelope) -> OperationId {
    let asked = serde_json::to_vec(&envelope.command)
        .expect("a command holds only texts, numbers and JSON values");
    let hash = Sha256::new()
        .chain_update(b"replay ")
        .chain_update(envelope.operation_id.0.as_bytes())
        .chain_update(asked)
        .finalize();
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&hash[..16]);
    OperationId(uuid::Builder::from_custom_bytes(bytes).into_uuid())
}
