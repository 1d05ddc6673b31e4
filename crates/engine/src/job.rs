//! What a job of `graph-commands` carries: `{graphId, commands: [...]}`.
//!
//! Each command is an envelope with more fields: `userId`, whose token it came with, `role`, what
//! that token allows, and `acceptedAt`, when the node took it (milliseconds). A command that is
//! traced has a `traceparent` (W3C Trace Context). Other producers may add jobs of this form; a
//! command without `userId` is taken as one of user `queue`, one without `role` as an editor's. `heldSince` says since when a job
//! waits for commands that were sent before its own; `deadLetter` says why the job is kept only
//! as a record of a command that could not be carried out.

use graphy_model::envelope::clip;
use graphy_model::{
    ClientId, CommandType, Envelope, GraphId, OperationId, RejectCode, Rejection, Role, UserId,
};
use graphy_telemetry::traces::TraceParent;
use serde::Deserialize;
use serde_json::{Map, Value, json};

/// The role of a command that names none; not written into jobs.
const DEFAULT_ROLE: Role = Role::Editor;

/// A command as it waits in the queue.
#[derive(Debug, Clone, PartialEq)]
pub struct QueuedCommand {
    /// What is asked, or what was refused.
    pub content: Content,
    /// Whose token it came with.
    pub user_id: UserId,
    /// What that token allows.
    pub role: Role,
    /// When the node took it, in milliseconds since 1970.
    pub accepted_at: u64,
    /// Whether its author may ask for its progress; known only where it came in.
    pub origin: Origin,
    /// Where its trace goes on, if it has one.
    pub trace: Option<TraceParent>,
}

/// What a queued command holds.
#[derive(Debug, Clone, PartialEq)]
pub enum Content {
    /// Something to decide.
    Asked(Box<Envelope>),
    /// Something that was refused at the door; it waits for its place in its client's order, so
    /// that the commands behind it are not held up.
    Refused(RefusedCommand),
}

/// A command that will not be carried out.
#[derive(Debug, Clone, PartialEq)]
pub struct RefusedCommand {
    /// Which command.
    pub operation_id: OperationId,
    /// Whose command.
    pub client_id: Option<ClientId>,
    /// Its place in the client's order.
    pub seq: Option<u64>,
    /// Why it was refused.
    pub rejection: Rejection,
}

impl From<Envelope> for Content {
    fn from(envelope: Envelope) -> Self {
        Self::Asked(Box::new(envelope))
    }
}

impl Content {
    /// Returns which command it is.
    #[must_use]
    pub fn operation_id(&self) -> OperationId {
        match self {
            Self::Asked(envelope) => envelope.operation_id,
            Self::Refused(refused) => refused.operation_id,
        }
    }

    pub(crate) fn client_id(&self) -> Option<&ClientId> {
        match self {
            Self::Asked(envelope) => envelope.client_id.as_ref(),
            Self::Refused(refused) => refused.client_id.as_ref(),
        }
    }

    pub(crate) fn seq(&self) -> Option<u64> {
        match self {
            Self::Asked(envelope) => envelope.seq,
            Self::Refused(refused) => refused.seq,
        }
    }

    pub(crate) fn envelope(&self) -> Option<&Envelope> {
        match self {
            Self::Asked(envelope) => Some(envelope),
            Self::Refused(_) => None,
        }
    }

    pub(crate) fn command_type(&self) -> Option<CommandType> {
        self.envelope()
            .map(|envelope| envelope.command.command_type())
    }
}

/// How a command came in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Origin {
    /// By a request: its author may ask for its progress while it waits.
    Request,
    /// By something that listens to the graph and hears of the outcome by itself.
    #[default]
    Listener,
}

/// A job's content, read.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct JobData {
    pub(crate) graph_id: GraphId,
    pub(crate) commands: Vec<QueuedCommand>,
    pub(crate) held_since: Option<u64>,
    pub(crate) dead_letter: Option<String>,
    /// The span of this run of the job, if one of its commands is traced.
    pub(crate) span: Option<TraceParent>,
}

impl JobData {
    /// Returns where the traces of its commands go on.
    pub(crate) fn traces(&self) -> Vec<TraceParent> {
        self.commands.iter().filter_map(|one| one.trace).collect()
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RawJob {
    graph_id: GraphId,
    commands: Vec<Value>,
    #[serde(default)]
    held_since: Option<u64>,
    #[serde(default)]
    dead_letter: Option<String>,
}

impl QueuedCommand {
    /// Returns which command it is.
    #[must_use]
    pub fn operation_id(&self) -> OperationId {
        self.content.operation_id()
    }

    /// Turns the command into one that is refused.
    pub(crate) fn refused(self, rejection: Rejection) -> Self {
        let content = Content::Refused(RefusedCommand {
            operation_id: self.content.operation_id(),
            client_id: self.content.client_id().cloned(),
            seq: self.content.seq(),
            rejection,
        });
        Self { content, ..self }
    }

    fn to_value(&self) -> Value {
        let mut value = match &self.content {
            Content::Asked(envelope) => serde_json::to_value(envelope)
                .expect("an envelope holds only texts, numbers and JSON values"),
            Content::Refused(refused) => json!({
                "operationId": refused.operation_id,
                "clientId": refused.client_id,
                "seq": refused.seq,
                "refused": refused.rejection,
            }),
        };
        if let Value::Object(map) = &mut value {
            map.insert("userId".into(), Value::String(self.user_id.as_str().into()));
            if self.role != DEFAULT_ROLE {
                map.insert("role".into(), Value::String(self.role.as_str().into()));
            }
            map.insert("acceptedAt".into(), Value::from(self.accepted_at));
            if let Some(trace) = self.trace {
                map.insert("traceparent".into(), Value::String(trace.to_string()));
            }
        }
        value
    }

    /// Reads a command; one that cannot be read but names itself is a refused one.
    fn from_value(value: Value, now_ms: u64) -> Result<Self, Rejection> {
        let Value::Object(mut map) = value else {
            return Err(Rejection::new(
                RejectCode::Invalid,
                "a command is a JSON object",
            ));
        };
        let user_id = match map.remove("userId") {
            Some(user) => graphy_model::envelope::decode(user, "userId")?,
            None => UserId::new("queue").expect("a fixed text of the form of an id"),
        };
        let role = match map.remove("role") {
            Some(role) => graphy_model::envelope::decode(role, "role")?,
            None => DEFAULT_ROLE,
        };
        let accepted_at = map
            .remove("acceptedAt")
            .and_then(|at| at.as_u64())
            .unwrap_or(now_ms);
        // A text of another form is somebody's mistake, but none that a command should suffer for.
        let trace = map
            .remove("traceparent")
            .and_then(|text| text.as_str()?.parse().ok())
            .filter(|trace: &TraceParent| trace.is_sampled());
        let refused = map
            .remove("refused")
            .and_then(|value| serde_json::from_value(value).ok());
        let names = Names::of(&map);
        let content = match refused.map_or_else(|| Envelope::from_value(Value::Object(map)), Err) {
            Ok(envelope) => envelope.into(),
            Err(rejection) => match names.operation_id {
                Some(operation_id) => Content::Refused(RefusedCommand {
                    operation_id,
                    client_id: names.client_id,
                    seq: names.seq,
                    rejection,
                }),
                None => return Err(rejection),
            },
        };
        let accepted_at = accepted_at.min(now_ms);
        Ok(Self {
            content,
            user_id,
            role,
            accepted_at,
            origin: Origin::default(),
            trace,
        })
    }
}

/// What a command says of itself, however broken the rest is.
struct Names {
    operation_id: Option<OperationId>,
    client_id: Option<ClientId>,
    seq: Option<u64>,
}

impl Names {
    fn of(map: &Map<String, Value>) -> Self {
        let read = |key: &str| map.get(key).cloned().unwrap_or_default();
        let client_id: Option<ClientId> = serde_json::from_value(read("clientId")).ok();
        Self {
            operation_id: serde_json::from_value(read("operationId")).ok(),
            seq: read("seq")
                .as_u64()
                .filter(|seq| *seq > 0 && client_id.is_some()),
            client_id,
        }
    }
}

/// Writes a job's content.
pub(crate) fn write(
    graph: &GraphId,
    commands: &[QueuedCommand],
    held_since: Option<u64>,
    dead_letter: Option<&str>,
) -> Value {
    let mut map = Map::new();
    map.insert("graphId".into(), Value::String(graph.as_str().into()));
    let commands = commands.iter().map(QueuedCommand::to_value).collect();
    map.insert("commands".into(), Value::Array(commands));
    if let Some(since) = held_since {
        map.insert("heldSince".into(), Value::from(since));
    }
    if let Some(reason) = dead_letter {
        map.insert("deadLetter".into(), Value::String(clip(reason)));
    }
    Value::Object(map)
}

/// Names a job after its commands: their type, or `COMMANDS` if there are several.
pub(crate) fn name(commands: &[QueuedCommand]) -> &'static str {
    match commands {
        [one] => one
            .content
            .command_type()
            .map_or("COMMANDS", CommandType::as_str),
        _ => "COMMANDS",
    }
}

/// Reads a job's content.
///
/// # Errors
/// When it is not of the documented form at all. Single commands that cannot be read are listed
/// as refused if they name themselves, and left out if not.
pub(crate) fn read(data: &Value, now_ms: u64) -> Result<JobData, String> {
    let raw: RawJob = serde_json::from_value(data.clone()).map_err(|error| {
        format!(
            "the job is not {{graphId, commands}}: {}",
            clip(&error.to_string())
        )
    })?;
    let mut job = JobData {
        graph_id: raw.graph_id,
        commands: Vec::with_capacity(raw.commands.len()),
        held_since: raw.held_since,
        dead_letter: raw.dead_letter,
        span: None,
    };
    for value in raw.commands {
        match QueuedCommand::from_value(value, now_ms) {
            Ok(command) => job.commands.push(command),
            Err(rejection) => {
                // Its text may repeat what somebody wrote into the job.
                let code = rejection.code.as_str();
                tracing::warn!(graph = %job.graph_id, code, "a queued command has no name");
            }
        }
    }
    Ok(job)
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: &str = "01938f7e-3c1a-7c3e-8a3e-1f2e3d4c5b6a";

    #[test]
    fn a_job_reads_what_it_wrote() {
        let envelope = Envelope::from_value(json!({
            "operationId": ID, "type": "CREATE_NODE", "payload": {"id": "a", "data": {"n": 1.5}},
        }))
        .unwrap();
        let user_id = UserId::new("ada").unwrap();
        let command = QueuedCommand {
            content: envelope.into(),
            user_id,
            role: Role::Operator,
            accepted_at: 5,
            origin: Origin::default(),
            trace: Some(
                "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
                    .parse()
                    .unwrap(),
            ),
        };
        let graph = GraphId::new("g").unwrap();
        let value = write(&graph, std::slice::from_ref(&command), Some(7), None);
        let job = read(&value, 10).unwrap();
        assert_eq!((job.commands, job.held_since), (vec![command], Some(7)));
    }

    #[test]
    fn a_broken_trace_harms_no_command() {
        for trace in [json!("00-nonsense"), json!(7), json!(null)] {
            let job = read(
                &json!({"graphId": "g", "commands": [
                    {"operationId": ID, "type": "DELETE_NODE", "payload": {"id": "a"},
                     "traceparent": trace},
                ]}),
                10,
            )
            .unwrap();
            assert!(job.commands[0].content.envelope().is_some(), "{trace}");
            assert_eq!(job.commands[0].trace, None);
        }
    }

    #[test]
    fn a_broken_command_does_not_hide_the_others() {
        let job = read(
            &json!({"graphId": "g", "commands": [
                {"operationId": ID, "type": "NOPE", "payload": {}},
                {"type": "DELETE_GRAPH", "payload": {}},
                {"operationId": ID, "type": "DELETE_NODE", "payload": {"id": "a"}},
            ]}),
            10,
        )
        .unwrap();
        let refused = |command: &QueuedCommand| command.content.envelope().is_none();
        assert_eq!(
            job.commands.iter().map(refused).collect::<Vec<_>>(),
            [true, false]
        );
        assert_eq!(job.commands[0].user_id.as_str(), "queue");
        assert!(read(&json!({"commands": []}), 10).is_err());
    }
}
