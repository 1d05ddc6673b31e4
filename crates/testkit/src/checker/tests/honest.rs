//! A run that keeps every rule.

use super::*;

const COMMANDS: [(&str, &str, &str); 9] = [
    ("ada", "CREATE_NODE", r#"{"id":"a","title":"A"}"#),
    ("ada", "CREATE_NODE", r#"{"id":"b","data":{"n":1.5}}"#),
    (
        "bob",
        "CREATE_EDGE",
        r#"{"id":"ab","source":"a","target":"b"}"#,
    ),
    (
        "bob",
        "UPDATE_NODE",
        r#"{"id":"a","patch":{"position":{"x":1,"y":2}}}"#,
    ),
    ("ada", "UPDATE_VIEWPORT", r#"{"x":0,"y":0,"zoom":1}"#),
    ("ada", "DELETE_NODE", r#"{"id":"c"}"#),
    ("bob", "DELETE_NODE", r#"{"id":"b"}"#),
    (
        "ada",
        "UPDATE_NODE",
        r#"{"id":"a","patch":{"title":"B"},"base":{"title":"A"}}"#,
    ),
    ("bob", "CREATE_NODE", r#"{"id":"d"}"#),
];

fn envelope(client: &str, seq: u64, kind: &str, payload: &Value) -> Envelope {
    Envelope::from_value(json!({
        "operationId": Uuid::now_v7(), "clientId": client, "seq": seq, "type": kind,
        "payload": payload, "timestamp": 1000 + seq,
    }))
    .unwrap()
}

pub(super) fn honest() -> Run {
    let mut clerk = Clerk::new();
    clerk.deliver(&Delivery::Whole { version: 0 });
    for (name, kind, payload) in COMMANDS {
        clerk.carry_out(name, kind, payload);
        clerk.show();
    }
    clerk.into_run()
}

/// Carries commands out as a server does, and notes all that its clients live through.
struct Clerk {
    recorder: Recorder,
    user: UserId,
    stored: StoredGraph,
    seqs: HashMap<&'static str, u64>,
}

impl Clerk {
    fn new() -> Self {
        let stored = StoredGraph {
            graph_id: GraphId::new("g").unwrap(),
            graph: Graph::new(Epoch::new("e").unwrap(), 0),
            stored: Checksum::default(),
            computed: Checksum::default(),
            stream: Vec::new(),
            outcomes: HashMap::new(),
        };
        Self {
            recorder: Recorder::default(),
            user: UserId::new("user").unwrap(),
            stored,
            seqs: HashMap::new(),
        }
    }

    fn carry_out(&mut self, name: &'static str, kind: &str, payload: &str) {
        let seq = self.seqs.entry(name).or_default();
        *seq += 1;
        let envelope = envelope(name, *seq, kind, &serde_json::from_str(payload).unwrap());
        let client = ClientId::new(name).unwrap();
        self.recorder.sent(Sending {
            client: client.clone(),
            graph: self.stored.graph_id.clone(),
            user: self.user.clone(),
            envelope: envelope.clone(),
            demand: match kind {
                "DELETE_NODE" => Demand::Outcome,
                _ => Demand::Effect,
            },
        });
        let id = envelope.operation_id;
        self.recorder.note(Event::Accepted(id));
        let author = Author {
            client: Some(client.clone()),
            timestamp_ms: envelope.timestamp.unwrap(),
            ..Author::default()
        };
        let graph = &mut self.stored.graph;
        let executed = execute(graph, &envelope.command, &author, &Limits::default());
        let (outcome, version) = (executed.outcome.clone(), graph.version());
        self.stored.outcomes.insert(id, outcome.clone());
        let mut operations = vec![];
        if executed.made.is_some() {
            operations.push((version, id));
            self.stored.stream.push(AppliedOperation {
                version,
                operation_id: id,
                replay_of: None,
                client_id: Some(client),
                user_id: self.user.clone(),
                seq: envelope.seq,
                command_type: envelope.command.command_type(),
                timestamp: author.timestamp_ms,
                changes: executed.changes,
                conflicts: executed.conflicts,
                target: executed.target,
                skipped: executed.skipped,
                inverse: executed.inverse,
            });
        }
        let from_version = version - operations.len() as u64;
        self.deliver(&Delivery::Operations {
            from_version,
            operations,
        });
        self.recorder.told(id, outcome);
    }

    fn deliver(&self, delivery: &Delivery) {
        for subscriber in ["ada", "bob"] {
            self.recorder.note(Event::Delivered(Box::new(Delivered {
                subscriber: ClientId::new(subscriber).unwrap(),
                graph: self.stored.graph_id.clone(),
                epoch: self.stored.graph.epoch().clone(),
                delivery: delivery.clone(),
                checksum: self.stored.graph.checksum(),
            })));
        }
    }

    /// Lets the reader read.
    fn show(&self) {
        let (recorder, graph) = (&self.recorder, &self.stored.graph);
        let read = recorder.read_began(&self.stored.graph_id);
        recorder.note(Event::Read(Box::new(Reading {
            read,
            reader: ClientId::new("eve").unwrap(),
            epoch: graph.epoch().clone(),
            version: graph.version(),
            checksum: graph.checksum(),
        })));
    }

    fn into_run(mut self) -> Run {
        let sum = self.stored.graph.checksum();
        (self.stored.stored, self.stored.computed) = (sum, sum);
        let mut run = Run {
            events: self.recorder.events(),
            stored: self.stored,
            jobs: Vec::new(),
        };
        let job = |(operations, number): (&[OperationId], u32)| StoredJob {
            job_id: format!("job-{number}"),
            end: JobEnd::Completed,
            operations: operations.to_vec(),
        };
        run.jobs = run.ids().chunks(2).zip(1..).map(job).collect();
        run
    }
}
