//! A real HTTP listener that takes webhooks.

use std::sync::{Arc, Mutex};

use graphy_model::Role;
use graphy_protocol::alerts::SetWebhook;
use serde_json::Value;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;

use crate::support::{Node, caller};

/// A receiver of webhooks that answers as it is told and remembers what it got.
pub(crate) struct Receiver {
    pub(crate) url: String,
    pub(crate) got: Arc<Mutex<Vec<Value>>>,
}

impl Receiver {
    /// Answers the first requests with these status lines, all further ones with 204.
    pub(crate) async fn start(answers: &[&str]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/in?token=canary", listener.local_addr().unwrap());
        let got: Arc<Mutex<Vec<Value>>> = Arc::default();
        let (shared, mut answers) = (
            Arc::clone(&got),
            answers
                .iter()
                .rev()
                .map(|text| (*text).to_owned())
                .collect::<Vec<_>>(),
        );
        tokio::spawn(async move {
            loop {
                let (mut socket, _) = listener.accept().await.unwrap();
                let mut request = Vec::new();
                let body = loop {
                    let mut part = [0; 4096];
                    let count = socket.read(&mut part).await.unwrap();
                    request.extend_from_slice(&part[..count]);
                    let text = String::from_utf8_lossy(&request).into_owned();
                    let body = text.split_once("\r\n\r\n").map(|(_, body)| body.to_owned());
                    if let Some(body) = body.and_then(|body| serde_json::from_str(&body).ok()) {
                        break body;
                    }
                    assert_ne!(count, 0, "a request without a whole body: {text}");
                };
                shared.lock().unwrap().push(body);
                let answer = answers.pop().unwrap_or_else(|| "204 No Content".to_owned());
                if answer == "silence" {
                    // Held open: no answer ever comes.
                    tokio::spawn(async move {
                        let _socket = socket;
                        std::future::pending::<()>().await;
                    });
                    continue;
                }
                let answer =
                    format!("HTTP/1.1 {answer}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
                let _ = socket.write_all(answer.as_bytes()).await;
            }
        });
        Self { url, got }
    }

    /// Has a node send its alerts here.
    pub(crate) async fn set_on(&self, node: &Node) {
        let request = SetWebhook {
            url: Some(self.url.clone()),
        };
        let set = node
            .operations
            .alerts_set_webhook(&caller(Role::Operator), request)
            .await;
        set.unwrap();
    }

    /// The ids of all deliveries.
    pub(crate) fn ids(&self) -> Vec<String> {
        let got = self.got.lock().unwrap();
        got.iter()
            .map(|one| one["id"].as_str().unwrap().to_owned())
            .collect()
    }

    /// The ids of the crowd's deliveries, each once, in their order.
    pub(crate) fn ids_of_crowd(&self) -> Vec<String> {
        let got = self.got.lock().unwrap();
        let mut ids: Vec<String> = got
            .iter()
            .filter(|one| one["ruleId"] == "crowd")
            .map(|one| one["id"].as_str().unwrap().to_owned())
            .collect();
        ids.dedup();
        ids
    }
}
