//! The counters behind the plan's KPIs move when, and only when, what they count happens.

use graphy_store::testing::until;
use graphy_telemetry::MetricsSnapshot;
use graphy_telemetry::names;
use serde_json::{Value, json};

use crate::support::{Socket, TestNode, envelope};

/// The counters at one moment, as `/metrics` serves them.
struct Counts(MetricsSnapshot);

impl Counts {
    async fn read(test: &TestNode) -> Self {
        let (status, text) = test.get("/metrics").await;
        assert_eq!(status, 200);
        Self(MetricsSnapshot::parse(text.as_str().expect("text")))
    }

    fn of(&self, name: &str, result: &str) -> f64 {
        let labels = [("result", result)];
        let labels = if result.is_empty() { &[][..] } else { &labels };
        self.0.value(name, labels).unwrap_or(0.0)
    }

    /// Says by how much counters grew since an earlier moment.
    fn since<const N: usize>(&self, earlier: &Self, name: &str, results: [&str; N]) -> [f64; N] {
        results.map(|result| self.of(name, result) - earlier.of(name, result))
    }
}

async fn hello(test: &TestNode, client: &str, more: Value) -> Socket {
    let mut socket = test.socket("g").await;
    let mut frame = json!({"type": "hello", "token": test.admin, "clientId": client});
    for (key, value) in more.as_object().expect("an object") {
        frame[key] = value.clone();
    }
    socket.send(&frame).await;
    socket.frame_of("sync").await;
    socket
}

#[tokio::test]
async fn those_who_come_back_are_counted_by_how_they_came() {
    let test = TestNode::start().await;
    test.graph("g").await;
    test.command("g", "CREATE_NODE", json!({"id": "a"})).await;
    let (first, sync) = test.editor("g", "ann").await;
    let (epoch, version) = (&sync["epoch"], &sync["version"]);
    let before = Counts::read(&test).await;
    let results = ["in_sync", "behind", "full", "failed"];
    drop(first);

    // One that holds nothing has nothing to recover.
    hello(&test, "new", json!({})).await;
    let held = json!({"epoch": epoch, "version": version, "awayMs": 1500});
    hello(&test, "ann", held.clone()).await;
    test.command("g", "CREATE_NODE", json!({"id": "b"})).await;
    hello(&test, "ann", held).await;
    let other_life = json!({"epoch": "another", "version": 1, "awayMs": 250});
    hello(&test, "ann", other_life).await;
    // Who was away for an hour had left.
    let left = json!({"epoch": epoch, "version": version, "awayMs": 3_600_000});
    hello(&test, "ann", left).await;

    let after = Counts::read(&test).await;
    assert_eq!(
        after.since(&before, names::RECOVERIES, results),
        [1.0, 2.0, 1.0, 0.0]
    );
    let away = after.0.histogram(names::SOCKET_AWAY, &[]).unwrap();
    let earlier = before.0.histogram(names::SOCKET_AWAY, &[]);
    let (sum, count) = earlier.map_or((0.0, 0), |reading| (reading.sum, reading.count));
    assert_eq!(away.count - count, 3);
    assert!((away.sum - sum - 3.25).abs() < 1e-9, "{}", away.sum - sum);
    test.stop().await;
}

#[tokio::test]
async fn updates_are_delivered_or_missed() {
    let test = TestNode::start().await;
    test.graph("g").await;
    let (mut ann, sync) = test.editor("g", "ann").await;
    let before = Counts::read(&test).await;
    test.command("g", "CREATE_NODE", json!({"id": "a"})).await;
    ann.frame_of("state_update").await;
    let between = Counts::read(&test).await;
    let results = ["delivered", "missed"];
    assert_eq!(
        between.since(&before, names::DELIVERIES, results),
        [1.0, 0.0]
    );
    // The client says that it lacks what it was sent.
    let request =
        json!({"type": "request_sync", "epoch": sync["epoch"], "version": sync["version"]});
    ann.send(&request).await;
    ann.frame_of("sync").await;
    let after = Counts::read(&test).await;
    assert_eq!(
        after.since(&between, names::DELIVERIES, results),
        [0.0, 1.0]
    );
    test.stop().await;
}

#[tokio::test]
async fn what_a_slow_reader_is_not_sent_is_missed() {
    let test = TestNode::start_with(|settings| settings.hub.updates_bytes_max = 1).await;
    test.graph("g").await;
    let (mut ann, _) = test.editor("g", "ann").await;
    let before = Counts::read(&test).await;
    test.command("g", "CREATE_NODE", json!({"id": "a"})).await;
    ann.frame_of("sync").await;
    let after = Counts::read(&test).await;
    let [delivered, missed] = after.since(&before, names::DELIVERIES, ["delivered", "missed"]);
    assert_eq!(delivered, 0.0);
    assert!(missed >= 1.0);
    test.stop().await;
}

#[tokio::test]
async fn edits_are_kept_reverted_or_put_before_their_author() {
    let test = TestNode::start().await;
    test.graph("g").await;
    test.command("g", "CREATE_NODE", json!({"id": "n", "title": "one"}))
        .await;
    let (mut ann, _) = test.editor("g", "ann").await;
    let (mut ben, _) = test.editor("g", "ben").await;
    let before = Counts::read(&test).await;
    let rename = |title: &str| {
        let mut command = envelope("UPDATE_NODE_TITLE", json!({"nodeId": "n", "title": title}));
        command["baseVersion"] = 1.into();
        json!({"type": "command", "command": command})
    };
    ann.send(&rename("quite another title")).await;
    ann.frame_of("command_result").await;
    ben.send(&rename("nothing like it at all")).await;
    ben.frame_of("conflict").await;
    ann.command(0, "DELETE_NODE", json!({"nodeId": "never-was"}))
        .await;
    ann.frame_of("revert").await;
    // A command over HTTP that names no client was not shown before it was confirmed.
    test.command("g", "CREATE_NODE", json!({"id": "m"})).await;

    let after = Counts::read(&test).await;
    let results = ["kept", "contested", "reverted"];
    assert_eq!(
        after.since(&before, names::OPTIMISTIC_UPDATES, results),
        [1.0, 1.0, 1.0]
    );
    assert_eq!(after.since(&before, names::VISIBLE_CONFLICTS, [""]), [1.0]);
    test.stop().await;
}

#[tokio::test]
async fn frames_audits_and_time_are_counted() {
    let test = TestNode::start().await;
    test.graph("g").await;
    let (mut ann, _) = test.editor("g", "ann").await;
    let before = Counts::read(&test).await;
    ann.send(&json!({"type": "heartbeat"})).await;
    ann.send(&json!({"type": "no such frame"})).await;
    ann.frame_of("error").await;
    ann.send(&json!({"type": "request_digests"})).await;
    ann.frame_of("digests").await;
    let (status, report) = test
        .post("/api/v2/console/graph.verify", &json!({"graphId": "g"}))
        .await;
    assert_eq!(status, 200, "{report}");
    let after = Counts::read(&test).await;
    let frames = after.since(&before, names::CLIENT_FRAMES, ["understood", "malformed"]);
    assert_eq!(frames, [2.0, 1.0]);
    assert_eq!(after.since(&before, names::REPLICA_REPAIRS, [""]), [1.0]);
    let audits = after.since(&before, names::CHECKSUM_AUDITS, ["ok", "differs"]);
    assert_eq!(audits, [1.0, 0.0]);

    // The time of a socket counts while it is open: here, until the first heartbeat of the server.
    until("time to be counted", async || {
        Counts::read(&test).await.of(names::SOCKET_SERVED, "") >= 1.0
    })
    .await;
    test.stop().await;
}
