//! Two clients of different make edit one graph at the same time.

use std::collections::HashSet;

use graphy_model::{GraphId, Role, UserId};
use serde_json::{Value, json};

use crate::Deployment;
use crate::editor::{Editor, Make};

/// Nodes that both change.
const SHARED: usize = 5;
/// How often both send their commands.
const ROUNDS: usize = 60;

/// The commands of one client in one round: on its own nodes, and on those of both.
fn commands(make: Make, round: usize) -> Vec<(&'static str, Value)> {
    let own = format!("{make:?}-{round}");
    let shared = format!("shared-{}", round % SHARED);
    let mut commands = vec![
        (
            "CREATE_NODE",
            json!({"id": own, "title": format!("Größe 🌍 {round}"), "data": {"a": round, "b": [1.5]}}),
        ),
        (
            "UPDATE_NODE",
            json!({"id": shared, "patch": {"position": {"x": round, "y": 0.1}}}),
        ),
        (
            "CREATE_EDGE",
            json!({"id": format!("e-{own}"), "source": own, "target": shared}),
        ),
        (
            "UPDATE_NODE",
            json!({"id": own, "patch": {"title": "new", "progress": 0.5, "unset": ["data.a"]}}),
        ),
    ];
    match round % 4 {
        1 => commands.push((
            "UPDATE_EDGE",
            json!({"id": format!("e-{own}"), "patch": {"label": "to", "weight": 2.5}}),
        )),
        2 => commands.push(("DELETE_EDGE", json!({"id": format!("e-{own}")}))),
        3 => commands.push(("DELETE_NODE", json!({"id": own}))),
        _ => commands.push((
            "UPDATE_NODE",
            json!({"id": own, "patch": {"kind": "task", "unset": ["progress"]}}),
        )),
    }
    commands
}

/// Two clients, and how many commands each was given.
struct Pair {
    editors: [Editor; 2],
    given: [usize; 2],
}

impl Pair {
    async fn start(deployment: &Deployment) -> Self {
        let mut python = Editor::start(Make::Python, deployment).await;
        for number in 0..SHARED {
            let node = json!({"id": format!("shared-{number}"), "title": "shared"});
            python.edit(("CREATE_NODE", node)).await;
        }
        python
            .until("the shared nodes", |editor| editor.outcomes.len() == SHARED)
            .await;
        let mut node = Editor::start(Make::Node, deployment).await;
        node.until("the shared nodes", |editor| editor.copy.nodes == 5)
            .await;
        Self {
            editors: [python, node],
            given: [SHARED, 0],
        }
    }

    async fn edit(&mut self, rounds: std::ops::Range<usize>) {
        for round in rounds {
            for (editor, given) in self.editors.iter_mut().zip(&mut self.given) {
                for command in commands(editor.make, round) {
                    editor.edit(command).await;
                    *given += 1;
                }
            }
        }
    }

    /// Waits until everything has its outcome and both hold what the server holds.
    async fn converge(mut self, deployment: &Deployment) {
        for (editor, given) in self.editors.iter_mut().zip(self.given) {
            editor
                .until("all outcomes", |editor| editor.outcomes.len() == given)
                .await;
            for outcome in editor.outcomes.values() {
                let done = ["applied", "merged"].map(Value::from);
                assert!(done.contains(&outcome["status"]), "{outcome}");
            }
        }
        let stored = deployment.cluster.store().verify(&deployment.graph).await;
        let stored = stored.unwrap().unwrap();
        assert_eq!(stored.stored, stored.computed);
        let total: usize = self.given.iter().sum();
        assert_eq!(stored.version, total as u64, "each command has one effect");
        let ids: HashSet<&String> = self
            .editors
            .iter()
            .flat_map(|editor| editor.outcomes.keys())
            .collect();
        assert_eq!(ids.len(), total);
        for mut editor in self.editors {
            editor
                .until("the server's version", |editor| {
                    editor.copy.version == stored.version
                })
                .await;
            let copy = &editor.copy;
            assert_eq!(
                copy.checksum,
                stored.computed.to_string(),
                "{:?}",
                editor.make
            );
            assert_eq!((copy.nodes, copy.edges), (stored.nodes, stored.edges));
            editor.finish().await;
        }
    }
}

#[tokio::test]
async fn python_and_node_edit_one_graph_at_once() {
    let deployment = Deployment::start().await;
    let mut pair = Pair::start(&deployment).await;
    pair.edit(0..ROUNDS).await;
    pair.converge(&deployment).await;
}

#[tokio::test]
async fn python_and_node_outlive_the_server_that_they_edit_on() {
    let mut deployment = Deployment::start().await;
    let mut pair = Pair::start(&deployment).await;
    pair.edit(0..ROUNDS / 3).await;
    let api = deployment.api;
    deployment.cluster.node_mut(api).kill();
    pair.edit(ROUNDS / 3..2 * ROUNDS / 3).await;
    for editor in &mut pair.editors {
        editor
            .until("the loss of its server", |editor| editor.losses > 1)
            .await;
        assert!(editor.pending_at_loss > 0, "something was under way");
    }
    deployment.cluster.node_mut(api).start_again();
    deployment.cluster.node_mut(api).ready().await;
    pair.edit(2 * ROUNDS / 3..ROUNDS).await;
    pair.converge(&deployment).await;
}

#[tokio::test]
async fn who_is_not_let_in_ends_and_does_not_try_again() {
    let deployment = Deployment::start().await;
    let nowhere = GraphId::new("nowhere").unwrap();
    let user = UserId::new("ada").unwrap();
    let token = deployment.cluster.token(&user, Role::Admin).await;
    for make in [Make::Python, Make::Node] {
        for (graph, token) in [(&nowhere, token.as_str()), (&deployment.graph, "nonsense")] {
            let editor = Editor::spawn(make, &deployment.url(), graph, token);
            editor.be_refused().await;
        }
    }
}
