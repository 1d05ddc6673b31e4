//! `docs/examples/curl/edit.sh`: with a token, and with a ticket.

use std::process::Output;

use graphy_model::{GraphId, Role, UserId};
use graphy_store::{NewTicket, TokenStore};
use graphy_telemetry::clock::SystemClock;
use graphy_testkit::cluster::PATIENCE;
use serde_json::{Value, json};
use tokio::process::Command;
use tokio::time::timeout;

use crate::{Deployment, examples};

async fn edit(deployment: &Deployment, secret: (&str, &str), graph: Option<&GraphId>) -> Output {
    let mut command = Command::new(examples().join("curl/edit.sh"));
    command
        .arg(deployment.url())
        .args(graph.map(GraphId::as_str))
        .env_remove("GRAPHY_TOKEN")
        .env_remove("GRAPHY_TICKET")
        .env(secret.0, secret.1)
        .kill_on_drop(true);
    timeout(PATIENCE, command.output()).await.unwrap().unwrap()
}

fn told(output: &Output) -> Value {
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{errors}");
    serde_json::from_slice(&output.stdout).unwrap()
}

#[tokio::test]
async fn curl_edits_a_graph_with_a_token() {
    let deployment = Deployment::start().await;
    let secret = ("GRAPHY_TOKEN", deployment.token.as_str());
    for version in [1, 2] {
        let told = told(&edit(&deployment, secret, Some(&deployment.graph)).await);
        assert_eq!(
            told["outcome"],
            json!({"status": "applied", "version": version})
        );
        assert_eq!(
            (&told["version"], &told["nodes"]),
            (&json!(version), &json!(version))
        );
        let changes = told["changes"].as_array().unwrap();
        assert_eq!(changes.len(), 1, "only what happened since: {told}");
        assert_eq!(changes[0]["type"], "CREATE_NODE");
        let stored = deployment.cluster.store().verify(&deployment.graph).await;
        let stored = stored.unwrap().unwrap();
        assert_eq!(told["checksum"], stored.computed.to_string());
    }
}

#[tokio::test]
async fn curl_exchanges_a_ticket_and_makes_a_graph() {
    let deployment = Deployment::start().await;
    let tokens = TokenStore::new(deployment.cluster.link().clone(), SystemClock::shared());
    let ticket = tokens
        .issue_ticket(&NewTicket {
            name: "an example".to_owned(),
            role: Role::Editor,
            user_id: UserId::new("bob").unwrap(),
        })
        .await
        .unwrap();
    let ticket = ticket.expose();
    let secret = ("GRAPHY_TICKET", ticket.as_str());
    let first = told(&edit(&deployment, secret, None).await);
    let made = GraphId::new(first["graphId"].as_str().unwrap()).unwrap();
    let stored = deployment.cluster.store().load(&made).await.unwrap();
    assert_eq!(stored.unwrap().version(), 1);
    // It is good for one use, and the script says so instead of going on.
    let second = edit(&deployment, secret, None).await;
    assert!(!second.status.success());
}
