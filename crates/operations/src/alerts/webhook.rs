//! Hands alerts to one address: a POST of JSON for each, in their order, at least once.
//!
//! What is to be told waits in Redis. The node that watches takes the oldest, and takes it off the
//! list once the other side has answered with 2xx, or after [`ATTEMPTS_MAX`] failures. If the node
//! dies in between, the next one sends it again under the same id.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use graphy_protocol::alerts::Severity;
use graphy_telemetry::board::PartStatus;
use graphy_telemetry::names::{self, label};
use graphy_telemetry::{RestartPolicy, SharedClock, StatusBoard, TaskContext, TaskRegistry};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::book::{Book, Delivery};
use super::circuit::Circuit;
use super::post::Post;
use super::{Alerts, lock};

/// How long an answer may take.
const ANSWER_WAIT: Duration = Duration::from_secs(5);
/// How often one alert is tried; with the pauses between, a quarter of an hour.
const ATTEMPTS_MAX: u32 = 20;
/// How often the list is looked at without news.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// The header that carries the id of a delivery.
const ID_HEADER: &str = "graphy-delivery";

/// The way to the webhook.
pub(super) struct Sender {
    clock: SharedClock,
    circuit: Arc<Mutex<Circuit>>,
    post: Post,
}

impl Sender {
    pub(super) fn new(clock: SharedClock) -> Self {
        Self {
            circuit: Arc::new(Mutex::new(Circuit::new("alert webhook", clock.now_ms()))),
            clock,
            post: Post::new(),
        }
    }

    pub(super) fn show_on(&self, board: &StatusBoard) {
        let circuit = Arc::clone(&self.circuit);
        board.add(move || PartStatus {
            circuits: vec![lock(&circuit).status()],
            ..PartStatus::default()
        });
    }

    /// Sends once, and says why it was not taken.
    async fn send(&self, url: &str, id: &str, body: String) -> Result<(), String> {
        let sent = self.post.send(url, (ID_HEADER, id), body);
        let status = tokio::time::timeout(ANSWER_WAIT, sent)
            .await
            .unwrap_or_else(|_| Err(format!("no answer within {} s", ANSWER_WAIT.as_secs())))?;
        if status.is_success() {
            return Ok(());
        }
        if status.is_redirection() {
            return Err(format!("answered {status}; redirects are not followed"));
        }
        Err(format!("answered {status}"))
    }
}

pub(super) fn spawn(alerts: &Alerts, tasks: &TaskRegistry, token: &CancellationToken) {
    let shared = alerts.clone();
    tasks.spawn(
        "alert-webhook",
        RestartPolicy::ALWAYS,
        token.clone(),
        move |context| {
            let alerts = shared.clone();
            async move { deliver_all(&alerts, &context).await.map_err(Into::into) }
        },
    );
}

/// What is being tried.
#[derive(Default)]
struct Attempt {
    url: String,
    delivery: String,
    failures: u32,
}

impl Attempt {
    /// Says whether the webhook may be tried now; another address begins anew.
    fn is_due(&mut self, sender: &Sender, url: &str) -> bool {
        let mut circuit = lock(&sender.circuit);
        let now_ms = sender.clock.now_ms();
        if self.url != url {
            circuit.reset(now_ms);
            *self = Self {
                url: url.to_owned(),
                ..Self::default()
            };
        }
        circuit.allows(now_ms)
    }

    fn turn_to(&mut self, delivery: &str) {
        if self.delivery != delivery {
            delivery.clone_into(&mut self.delivery);
            self.failures = 0;
        }
    }

    /// Notes how a try went; says whether the delivery is over.
    fn note(&mut self, sender: &Sender, sent: &Result<(), String>) -> bool {
        let now_ms = sender.clock.now_ms();
        let Err(reason) = sent else {
            lock(&sender.circuit).succeeded(now_ms);
            count("delivered");
            return true;
        };
        lock(&sender.circuit).failed(reason, now_ms);
        self.failures += 1;
        let gives_up = self.failures >= ATTEMPTS_MAX;
        count(if gives_up { "given_up" } else { "failed" });
        if gives_up {
            tracing::warn!(reason, "the webhook did not take an alert; it is given up");
        }
        gives_up
    }
}

async fn deliver_all(
    alerts: &Alerts,
    context: &TaskContext,
) -> Result<(), graphy_store::StoreError> {
    let inner = &alerts.inner;
    let mut attempt = Attempt::default();
    let mut ticks = tokio::time::interval(LOOK_EVERY);
    loop {
        tokio::select! {
            () = context.token.cancelled() => return Ok(()),
            _ = ticks.tick() => {}
            () = inner.due.notified() => {}
        }
        context.tick();
        let Some(url) = url(alerts).filter(|_| alerts.leads()) else {
            continue;
        };
        if !attempt.is_due(&inner.sender, &url) {
            continue;
        }
        // While Redis is away nothing can be told; the link says so.
        let Ok(Some(delivery)) = inner.store.next_delivery().await else {
            continue;
        };
        attempt.turn_to(&delivery);
        let id = id_of(&delivery);
        let sent = tokio::select! {
            () = context.token.cancelled() => return Ok(()),
            sent = inner.sender.send(&url, &id, delivery.clone()) => sent,
        };
        let now_ms = inner.sender.clock.now_ms();
        if attempt.note(&inner.sender, &sent) {
            inner.store.delivery_done(&delivery).await?;
            // There may be more.
            inner.due.notify_one();
        }
        let delivered_at = sent.is_ok().then_some(now_ms);
        inner
            .store
            .webhook_said(&url, delivered_at, sent.err().as_deref())
            .await?;
    }
}

/// Returns where alerts are sent, secrets included.
pub(super) fn url(alerts: &Alerts) -> Option<String> {
    let seen = lock(&alerts.inner.seen);
    let url = seen.book.as_ref().and_then(Book::webhook_url);
    url.map(str::to_owned)
}

/// Sends a test, outside the order of the alerts.
pub(super) async fn test(alerts: &Alerts, url: &str) {
    let inner = &alerts.inner;
    let now_ms = inner.clock.now_ms();
    let id = format!("test-{}", Uuid::now_v7().simple());
    let delivery = Delivery {
        id: id.clone(),
        state: "test",
        rule_id: "test",
        title: "Test of the webhook",
        severity: Severity::Info,
        series: "",
        comparison: None,
        limit: 0.0,
        worst: None,
        unit: "",
        text: "somebody tries whether alerts arrive",
        note: "",
        from: now_ms,
        to: Some(now_ms),
        environment: &inner.facts.environment,
        console: &inner.facts.api_url,
    };
    let body = serde_json::to_string(&delivery).expect("plain data with finite numbers is JSON");
    let sent = inner.sender.send(url, &id, body).await;
    let now_ms = inner.clock.now_ms();
    if sent.is_ok() {
        lock(&inner.sender.circuit).reset(now_ms);
        inner.due.notify_one();
    }
    count(if sent.is_ok() { "delivered" } else { "failed" });
    let delivered_at = sent.is_ok().then_some(now_ms);
    let noted = inner
        .store
        .webhook_said(url, delivered_at, sent.err().as_deref())
        .await;
    if let Err(error) = noted {
        tracing::warn!(%error, "cannot note how the test of the webhook went");
    }
}

fn id_of(delivery: &str) -> String {
    let read: Option<serde_json::Value> = serde_json::from_str(delivery).ok();
    let id = read.and_then(|value| value.get("id")?.as_str().map(str::to_owned));
    id.unwrap_or_default()
}

fn count(outcome: &'static str) {
    metrics::counter!(names::WEBHOOK_ATTEMPTS, label::OUTCOME => outcome).increment(1);
}
