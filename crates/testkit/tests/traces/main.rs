//! Traces as a collector gets them: one for each command, through two processes.

#![allow(
    clippy::unwrap_used,
    reason = "a test fails by panicking, in its helpers too"
)]

mod collector;

use std::collections::{HashMap, HashSet};
use std::ops::Range;

use collector::{Collector, Manner, Seen};
use graphy_client::{GraphSession, SessionConfig, SessionEvent};
use graphy_model::{ClientId, Envelope, GraphId, OperationId, Role, UserId};
use graphy_protocol::ServerFrame;
use graphy_testkit::cluster::{Cluster, NodeKind, PATIENCE};
use graphy_testkit::http::HttpCaller;
use serde_json::json;
use uuid::Uuid;

/// What every command goes through, in its order. Its author's socket comes last.
const STEPS: [&str; 7] = [
    "command",
    "intake",
    "queue",
    "decide",
    "apply",
    "broadcast",
    "deliver",
];
/// How many commands go through a socket in a test.
const COMMANDS: usize = 150;

/// An API and a worker process whose traces go to a collector, and a graph.
struct Fixture {
    cluster: Cluster,
    caller: HttpCaller,
    token: String,
    graph: GraphId,
}

impl Fixture {
    async fn start(variables: &[(&str, &str)]) -> Self {
        let mut cluster = Cluster::start().await;
        for (name, value) in variables {
            cluster.set_variable(name, value);
        }
        cluster.add(NodeKind::Api, 1).await;
        cluster.add(NodeKind::Worker, 1).await;
        let token = cluster
            .token(&UserId::new("ada").unwrap(), Role::Admin)
            .await;
        let caller = HttpCaller::new(token.clone());
        let graph = GraphId::new("traced").unwrap();
        let node = cluster.node(0).url();
        caller.create_graph(&node, &graph).await.unwrap();
        Self {
            cluster,
            caller,
            token,
            graph,
        }
    }

    /// Sends commands through a socket and waits for their results.
    async fn edit(&self, nodes: Range<usize>) -> HashSet<OperationId> {
        let (session, mut events) = GraphSession::open(SessionConfig {
            url: self.cluster.node(0).url(),
            token: self.token.clone(),
            graph_id: self.graph.clone(),
            client_id: ClientId::new(&format!("editor-{}", nodes.start)).unwrap(),
        });
        let mut sent = HashSet::new();
        for index in nodes {
            sent.insert(session.send(create(&format!("n{index}")).command).unwrap());
        }
        let mut open = sent.clone();
        while !open.is_empty() {
            let event = tokio::time::timeout(PATIENCE, events.recv()).await;
            if let SessionEvent::Frame(received) = event.unwrap().unwrap()
                && let ServerFrame::CommandResult { operation_id, .. } = received.frame
            {
                open.remove(&operation_id);
            }
        }
        session.close().await;
        sent
    }
}

fn create(id: &str) -> Envelope {
    let command = json!({
        "operationId": Uuid::now_v7(), "type": "CREATE_NODE", "payload": { "id": id, "title": id },
    });
    Envelope::from_value(command).unwrap()
}

fn named<'a>(trace: &'a [Seen], name: &str) -> Vec<&'a Seen> {
    trace.iter().filter(|seen| seen.span.name == name).collect()
}

/// Returns the traces that begin with a command, by the operation that the root names.
fn commands(collector: &Collector) -> HashMap<String, Vec<Seen>> {
    let mut found = HashMap::new();
    for trace in collector.traces().into_values() {
        for root in named(&trace, "command") {
            let id = root.note("graphy.operation_id").unwrap();
            let before = found.insert(id, trace.clone());
            assert!(before.is_none(), "two traces of one command: {before:#?}");
        }
    }
    found
}

fn is_whole(trace: &[Seen]) -> bool {
    STEPS.iter().all(|step| !named(trace, step).is_empty())
}

/// Checks that the trace of a command is one chain of steps through both processes.
fn check_chain(trace: &[Seen], jobs: &HashMap<Vec<u8>, Seen>) {
    assert_eq!(trace.len(), STEPS.len(), "{trace:#?}");
    let steps = STEPS.map(|step| named(trace, step)[0]);
    let root = &steps[0].span;
    assert!(root.parent_span_id.is_empty(), "{root:#?}");
    for step in &steps[1..] {
        assert_eq!(step.span.parent_span_id, root.span_id, "{step:#?}");
    }
    let worker = &steps[2].instance;
    let api = &steps[0].instance;
    assert_ne!(api, worker);
    for (place, step) in steps.iter().enumerate() {
        let expected = if (2..5).contains(&place) { worker } else { api };
        assert_eq!(&step.instance, expected, "{step:#?}");
        assert!(step.span.start_time_unix_nano <= step.span.end_time_unix_nano);
    }
    // Clocks of one machine: nothing is decided before it came in or told before it was written.
    let began = |place: usize| steps[place].span.start_time_unix_nano;
    let ended = |place: usize| steps[place].span.end_time_unix_nano;
    assert!(began(0) <= began(3) && ended(3) <= began(4) && began(4) <= began(5));
    assert!(began(5) <= began(6));
    // The job that carried it is linked, and links it.
    let [link] = &steps[3].span.links[..] else {
        panic!("one job: {:#?}", steps[3])
    };
    let job = &jobs[&link.span_id];
    assert_ne!(job.span.trace_id, root.trace_id);
    let links = &job.span.links;
    assert!(links.iter().any(|link| link.span_id == root.span_id));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_command_is_one_trace_from_socket_to_broadcast() {
    let collector = Collector::start(Manner::Takes).await;
    let fixture = Fixture::start(&[("OTEL_EXPORTER_OTLP_ENDPOINT", collector.url())]).await;
    let sent = fixture.edit(0..COMMANDS).await;
    assert!(fixture.has_exporter());
    let jobs = fixture.jobs_written().await;
    assert!(
        jobs.iter().all(|job| job.contains("traceparent")),
        "{jobs:?}"
    );
    let ids: HashSet<String> = sent.iter().map(ToString::to_string).collect();
    collector
        .until("a whole trace of each command", |collector| {
            let traces = commands(collector);
            ids.iter()
                .all(|id| traces.get(id).is_some_and(|trace| is_whole(trace)))
        })
        .await;
    let traces = commands(&collector);
    let jobs: HashMap<Vec<u8>, Seen> = collector
        .traces()
        .into_values()
        .flatten()
        .filter(|seen| seen.span.name == "job")
        .map(|seen| (seen.span.span_id.clone(), seen))
        .collect();
    for id in &ids {
        check_chain(&traces[id], &jobs);
    }
    let linked: usize = jobs.values().map(|job| job.span.links.len()).sum();
    assert!(linked >= COMMANDS, "every command was in a job: {linked}");
    assert!(
        jobs.len() < COMMANDS,
        "jobs carried several: {}",
        jobs.len()
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_request_s_own_trace_goes_on() {
    let collector = Collector::start(Manner::Takes).await;
    let url = collector.url();
    let quiet = [
        ("GRAPHY_OTEL_ENDPOINT", url),
        ("GRAPHY_OTEL_SAMPLE_RATIO", "0"),
    ];
    let mut fixture = Fixture::start(&quiet).await;
    let path = format!("/api/v2/graphs/{}/command", fixture.graph);
    let node = fixture.cluster.node(0).url();
    let send = async |id: &str, traceparent: &str| {
        let command = create(id);
        let answer = reqwest::Client::new()
            .post(node.http(&path))
            .bearer_auth(&fixture.token)
            .header("traceparent", traceparent)
            .json(&command)
            .send()
            .await
            .unwrap();
        assert!(answer.status().is_success(), "{traceparent}");
        let progress = fixture
            .caller
            .progress(&node, command.operation_id, PATIENCE / 2);
        progress.await.unwrap();
        command.operation_id.to_string()
    };
    let trace = "4bf92f3577b34da6a3ce929d0e0e4736";
    // Not to be traced, no trace at all, and a trace that is to be kept.
    send("a", &format!("00-{trace}-00f067aa0ba902b7-00")).await;
    send("b", "nonsense").await;
    let operation = send("c", &format!("00-{trace}-00f067aa0ba902b7-01")).await;
    // What they still hold is sent when they stop.
    for place in 0..2 {
        fixture.cluster.node_mut(place).stop().await;
    }
    let traces = collector.traces();
    let found = traces
        .iter()
        .find(|(_, seen)| !named(seen, "command").is_empty());
    let (id, seen) = found.unwrap();
    let hex: String = id.iter().map(|byte| format!("{byte:02x}")).collect();
    assert_eq!(hex, trace);
    let [root] = named(seen, "command")[..] else {
        panic!("one command: {seen:#?}")
    };
    assert_eq!(root.note("graphy.operation_id"), Some(operation));
    assert_eq!(root.span.parent_span_id[..2], [0x00, 0xf0]);
    for step in ["intake", "queue", "decide", "apply"] {
        assert_eq!(named(seen, step).len(), 1, "{step}: {seen:#?}");
    }
    // The other trace is that of the job.
    assert_eq!(traces.len(), 2, "{traces:#?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_collector_that_fails_hangs_or_is_away_harms_no_command() {
    let fails = Collector::start(Manner::Fails).await;
    let hangs = Collector::start(Manner::Hangs).await;
    let nobody = "http://127.0.0.1:1";
    for (url, collector) in [
        (fails.url(), Some(&fails)),
        (hangs.url(), Some(&hangs)),
        (nobody, None),
    ] {
        let mut fixture = Fixture::start(&[("GRAPHY_OTEL_ENDPOINT", url)]).await;
        assert_eq!(fixture.edit(0..COMMANDS).await.len(), COMMANDS, "{url}");
        if let Some(collector) = collector {
            collector
                .until("a request", |collector| collector.requests() > 0)
                .await;
        }
        assert_eq!(fixture.edit(COMMANDS..2 * COMMANDS).await.len(), COMMANDS);
        // Nor does it keep a node from stopping.
        for place in 0..2 {
            fixture.cluster.node_mut(place).stop().await;
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_an_endpoint_nothing_is_sent_and_nothing_is_written() {
    let fixture = Fixture::start(&[("GRAPHY_OTEL_SERVICE_NAME", "quiet")]).await;
    fixture.edit(0..10).await;
    assert!(!fixture.has_exporter());
    let jobs = fixture.jobs_written().await;
    assert!(!jobs.is_empty());
    for job in jobs {
        assert!(!job.contains("traceparent"), "{job}");
    }
}

impl Fixture {
    /// Says whether a node has the thread that sends spans.
    fn has_exporter(&self) -> bool {
        let of_node = |place: usize| {
            let tasks = format!("/proc/{}/task", self.cluster.node(place).pid());
            let tasks = std::fs::read_dir(tasks).unwrap();
            let mut names = tasks.filter_map(|task| {
                // A thread may end while it is looked at.
                std::fs::read_to_string(task.ok()?.path().join("comm")).ok()
            });
            names.any(|name| name.starts_with("OpenTelemetry"))
        };
        (0..2).any(of_node)
    }

    /// Returns the content of the jobs that were done, once there are any.
    async fn jobs_written(&self) -> Vec<String> {
        let mut redis = self.cluster.link().query();
        let deadline = tokio::time::Instant::now() + PATIENCE;
        let queue = "bull:graph-commands";
        let mut ids: Vec<String> = Vec::new();
        while ids.is_empty() {
            assert!(tokio::time::Instant::now() < deadline, "no job is done");
            ids = redis::cmd("ZRANGE")
                .arg(format!("{queue}:completed"))
                .arg(&[0, 100])
                .query_async(&mut redis)
                .await
                .unwrap();
        }
        let mut jobs = Vec::new();
        for id in ids {
            let data = redis::cmd("HGET")
                .arg(format!("{queue}:{id}"))
                .arg("data")
                .query_async(&mut redis)
                .await
                .unwrap();
            jobs.push(data);
        }
        jobs
    }
}
