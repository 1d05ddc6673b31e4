//! RFC 6455 against the real server, case by case, on raw TCP.
//!
//! `graphy_testkit::rfc6455` holds the list; this plays it against a `graphy serve` process and
//! prints how each case went. `cargo nextest run -p graphy-testkit --test websocket --no-capture`
//! shows the table.

#![allow(
    clippy::unwrap_used,
    reason = "a test fails by panicking, in its helpers too"
)]
#![allow(clippy::print_stdout, reason = "the table of cases is the result")]

use std::collections::HashMap;
use std::time::Duration;

use futures_util::StreamExt as _;
use futures_util::stream;
use graphy_model::{GraphId, OperationId, Role, UserId};
use graphy_protocol::ErrorCode;
use graphy_telemetry::names;
use graphy_testkit::cluster::{Cluster, Node, NodeKind, PATIENCE};
use graphy_testkit::http::{HttpCaller, HttpFailure};
use graphy_testkit::rfc6455::{Answer, Case, Setting, all, normal, play};
use tokio::time::{Instant, sleep};

/// How many cases are played at once.
const CASES_AT_ONCE: usize = 24;
/// How often a level is looked at.
const LOOK_INTERVAL: Duration = Duration::from_millis(50);

/// A node with a graph, and somebody who may edit it.
struct Server {
    cluster: Cluster,
    caller: HttpCaller,
    setting: Setting,
}

impl Server {
    async fn start() -> Self {
        let mut cluster = Cluster::start().await;
        cluster.add(NodeKind::All, 1).await;
        let user = UserId::new("ada").unwrap();
        let token = cluster.token(&user, Role::Admin).await;
        let caller = HttpCaller::new(token.clone());
        let graph = GraphId::new("cases").unwrap();
        let url = cluster.node(0).url();
        caller.create_graph(&url, &graph).await.unwrap();
        let http = url.http("");
        let address = http.trim_start_matches("http://").trim_end_matches('/');
        let setting = Setting {
            address: address.to_owned(),
            graph,
            token,
        };
        Self {
            cluster,
            caller,
            setting,
        }
    }

    fn node(&self) -> &Node {
        self.cluster.node(0)
    }

    /// Plays a case, and then does what a normal client does.
    async fn judge(&self, case: &Case) -> Verdict {
        let observed = play(&self.setting, case).await;
        let shown = match &observed {
            Ok(answer) => answer.to_string(),
            Err(fault) => fault.clone(),
        };
        let fault = if observed.is_ok_and(|answer| case.expected.contains(&answer)) {
            self.fault_afterwards(case).await
        } else {
            Some(format!("expected {}, was: {shown}", case.expectation()))
        };
        Verdict {
            observed: shown,
            fault,
        }
    }

    async fn fault_afterwards(&self, case: &Case) -> Option<String> {
        if let Some(id) = case.unseen {
            let (url, id) = (self.node().url(), OperationId(id));
            let seen = self.caller.progress(&url, id, Duration::ZERO).await;
            let unknown = |failure: &HttpFailure| failure.is(ErrorCode::NotFound);
            if !seen.as_ref().is_err_and(unknown) {
                return Some(format!("its command was seen: {seen:?}"));
            }
        }
        let after = play(&self.setting, &normal(&self.setting)).await;
        (after != Ok(Answer::Closed(1000)))
            .then(|| format!("a normal client afterwards: {after:?}"))
    }

    /// Judges all cases, several at once; those that wait for deadlines of the server come first.
    async fn judge_all(&self, groups: &[(&str, Vec<Case>)]) -> HashMap<String, Verdict> {
        let cases = || groups.iter().flat_map(|(_, cases)| cases);
        let slow = cases().filter(|case| case.is_slow());
        let ordered = slow.chain(cases().filter(|case| !case.is_slow()));
        stream::iter(ordered)
            .map(async |case| (case.number.clone(), self.judge(case).await))
            .buffer_unordered(CASES_AT_ONCE)
            .collect()
            .await
    }

    /// Waits until no socket is open any more; no task may have panicked meanwhile.
    async fn nothing_is_left(&self) {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let url = self.node().url().http("/metrics");
            let metrics = reqwest::get(url).await.unwrap().text().await.unwrap();
            let sum = |name: &str| -> f64 {
                let lines = metrics.lines().filter(|line| line.starts_with(name));
                lines
                    .filter_map(|line| line.rsplit(' ').next()?.parse::<f64>().ok())
                    .sum()
            };
            assert!(metrics.contains(names::WEBSOCKET_CONNECTIONS), "{metrics}");
            assert!(
                sum(names::TASK_PANICS) == 0.0,
                "a task has panicked:\n{metrics}"
            );
            let open = sum(names::WEBSOCKET_CONNECTIONS);
            if open == 0.0 {
                return;
            }
            assert!(Instant::now() < deadline, "{open} sockets are still open");
            sleep(LOOK_INTERVAL).await;
        }
    }
}

/// How a case went.
struct Verdict {
    observed: String,
    /// What was not right.
    fault: Option<String>,
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_server_keeps_rfc_6455() {
    let server = Server::start().await;
    let groups = all(&server.setting);
    let verdicts = server.judge_all(&groups).await;
    let mut deviating = Vec::new();
    for (group, cases) in &groups {
        println!("\n{group}");
        for case in cases {
            let (number, title, section) = (&case.number, &case.title, case.section);
            let Verdict { observed, fault } = &verdicts[number];
            let mark = fault.as_ref().map_or("ok", |_| "DEVIATES");
            let expected = case.expectation();
            println!("{mark:<9}{number:<6}{title:<62}{section:<14}{expected:<28}{observed}");
            if let Some(reason) = case.reason {
                println!("{:<15}{reason}", "");
            }
            if let Some(fault) = fault {
                deviating.push(format!("{number} {title} ({section}): {fault}"));
            }
        }
    }
    server.nothing_is_left().await;
    println!("\n{} cases, {} deviate", verdicts.len(), deviating.len());
    assert!(
        deviating.is_empty(),
        "{} of {} cases deviate:\n{}\n{}",
        deviating.len(),
        verdicts.len(),
        deviating.join("\n"),
        server.node().log()
    );
}
