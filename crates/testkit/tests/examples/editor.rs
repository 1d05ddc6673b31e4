//! A running example client: commands go in as lines, what happened comes out as lines.

use std::collections::HashMap;
use std::process::Stdio;

use graphy_model::{GraphId, Role, UserId};
use graphy_testkit::cluster::PATIENCE;
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::process::{Child, ChildStdin, Command};
use tokio::sync::mpsc;
use tokio::time::timeout;

use crate::installed::{NODE_FOLDER, PYTHON};
use crate::{Deployment, examples};

/// Whose program it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Make {
    /// Node's `ws`.
    Node,
    /// Python's `websockets`.
    Python,
}

/// What a client says.
#[derive(Debug, Deserialize)]
#[serde(
    tag = "event",
    rename_all = "snake_case",
    rename_all_fields = "camelCase"
)]
enum Said {
    State {
        version: u64,
        checksum: String,
        nodes: u64,
        edges: u64,
    },
    Outcome {
        operation_id: String,
        outcome: Value,
    },
    Offline {
        reason: String,
        pending: usize,
    },
    Diverged {
        expected: String,
        checksum: String,
    },
    Error {
        code: String,
        message: String,
    },
}

/// What a client holds.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Copy {
    pub(crate) version: u64,
    pub(crate) checksum: String,
    pub(crate) nodes: u64,
    pub(crate) edges: u64,
}

/// A client that runs.
pub(crate) struct Editor {
    pub(crate) make: Make,
    child: Child,
    input: Option<ChildStdin>,
    lines: mpsc::UnboundedReceiver<String>,
    pub(crate) copy: Copy,
    pub(crate) outcomes: HashMap<String, Value>,
    /// How often it has lost its connection, and how much was pending then at most.
    pub(crate) losses: usize,
    pub(crate) pending_at_loss: usize,
}

impl Editor {
    /// Starts a client of the deployment's graph.
    pub(crate) async fn start(make: Make, deployment: &Deployment) -> Self {
        let user = UserId::new(&format!("{make:?}")).unwrap();
        let token = deployment.cluster.token(&user, Role::Admin).await;
        Self::spawn(make, &deployment.url(), &deployment.graph, &token)
    }

    /// Starts a client.
    pub(crate) fn spawn(make: Make, url: &str, graph: &GraphId, token: &str) -> Self {
        let mut command = match make {
            Make::Node => {
                let mut node = Command::new("node");
                node.arg(NODE_FOLDER.join("client.mjs"));
                node
            }
            Make::Python => {
                let mut python = Command::new(&*PYTHON);
                // It would leave compiled files in the sources.
                python.arg("-B").arg(examples().join("python/client.py"));
                python
            }
        };
        let mut child = command
            .args([url, graph.as_str()])
            .env("GRAPHY_TOKEN", token)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let mut output = BufReader::new(child.stdout.take().unwrap()).lines();
        let (said, lines) = mpsc::unbounded_channel();
        tokio::spawn(async move {
            while let Ok(Some(line)) = output.next_line().await {
                if said.send(line).is_err() {
                    break;
                }
            }
        });
        Self {
            make,
            input: child.stdin.take(),
            child,
            lines,
            copy: Copy::default(),
            outcomes: HashMap::new(),
            losses: 0,
            pending_at_loss: 0,
        }
    }

    /// Gives the client a command.
    pub(crate) async fn edit(&mut self, (kind, payload): (&str, Value)) {
        let line = format!("{}\n", json!({"type": kind, "payload": payload}));
        let input = self.input.as_mut().unwrap();
        input.write_all(line.as_bytes()).await.unwrap();
    }

    /// Hears the client until something is so.
    pub(crate) async fn until(&mut self, what: &str, is_so: impl Fn(&Self) -> bool) {
        let make = self.make;
        let hearing = async {
            while !is_so(self) {
                let line = self.lines.recv().await;
                let line = line.unwrap_or_else(|| panic!("{make:?} ended before {what}"));
                self.hear(&line);
            }
        };
        if timeout(PATIENCE, hearing).await.is_err() {
            panic!(
                "{make:?} waits for {what}: {:?}, {} outcomes",
                self.copy,
                self.outcomes.len()
            );
        }
    }

    fn hear(&mut self, line: &str) {
        match serde_json::from_str(line).unwrap() {
            Said::State {
                version,
                checksum,
                nodes,
                edges,
            } => {
                self.copy = Copy {
                    version,
                    checksum,
                    nodes,
                    edges,
                };
            }
            Said::Outcome {
                operation_id,
                outcome,
            } => {
                let before = self.outcomes.insert(operation_id, outcome);
                assert_eq!(before, None, "{:?} hears each outcome once", self.make);
            }
            Said::Offline { reason, pending } => {
                assert!(!reason.is_empty());
                self.losses += 1;
                self.pending_at_loss = self.pending_at_loss.max(pending);
            }
            Said::Diverged { expected, checksum } => {
                panic!("{:?} has {checksum}, the server {expected}", self.make);
            }
            Said::Error { code, message } => panic!("{:?} is told {code}: {message}", self.make),
        }
    }

    /// Waits until the client gives up, while its input is open.
    pub(crate) async fn be_refused(mut self) {
        let status = timeout(PATIENCE, self.child.wait()).await.unwrap().unwrap();
        assert_eq!(status.code(), Some(1), "{:?}", self.make);
        assert!(self.lines.recv().await.is_none(), "it said nothing before");
    }

    /// Ends the client's input; it must then end by itself, in order.
    pub(crate) async fn finish(mut self) {
        drop(self.input.take());
        let status = timeout(PATIENCE, self.child.wait()).await.unwrap().unwrap();
        assert!(status.success(), "{:?} ended with {status}", self.make);
    }
}
