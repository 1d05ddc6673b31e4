//! Pub/sub may lose messages at any time; nobody may be the worse for it.

use std::time::Duration;

use graphy_testkit::checker::Rules;
use graphy_testkit::editor::{HttpEditor, Ordering, SocketEditor};
use tokio::task::JoinSet;
use tokio::time::interval;

use crate::support::{Run, check_convergence, seed};

const GRAPHS: usize = 4;
const SOCKET_CLIENTS: usize = 4;
const COMMANDS_PER_GRAPH: usize = 60;
const LOSS_INTERVAL: Duration = Duration::from_millis(300);
/// How many commands clients may send between two losses.
const COMMANDS_PER_LOSS: usize = 120;
/// A run with fewer lost connections has shown nothing.
const LOSSES_MIN: u64 = 10;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn clients_converge_although_every_listener_is_cut_off_again_and_again() {
    let mut run = Run::start(seed(), GRAPHS).await;
    let shares: Vec<_> = run
        .graphs
        .iter()
        .map(|graph| (graph.clone(), COMMANDS_PER_GRAPH))
        .collect();
    let mut clients = JoinSet::new();
    for index in 0..SOCKET_CLIENTS {
        let name = format!("socket-{index}");
        let identity = run.identity(&name).await;
        let portions = run.plan(&name, &shares, 3);
        let node = run.stage.apis[index % 2].clone();
        let mut editor = SocketEditor::new(run.stage.clone(), identity, node);
        clients.spawn(async move {
            editor.run(portions).await;
            Some(editor)
        });
    }
    let identity = run.identity("http").await;
    let portions = run.plan("http", &shares, 10);
    let editor = HttpEditor::new(run.stage.clone(), identity, Ordering::Counted);
    clients.spawn(async move {
        editor.run(portions).await;
        None
    });

    let (mut cut, mut editors) = (0, Vec::new());
    let mut ticks = interval(LOSS_INTERVAL);
    while !clients.is_empty() {
        tokio::select! {
            Some(ended) = clients.join_next() => editors.extend(ended.unwrap()),
            _ = ticks.tick() => {
                cut += cut_listeners_off(&run).await;
                run.stage.pace.add_permits(COMMANDS_PER_LOSS);
            }
        }
    }
    // The last news of all are lost too.
    cut += cut_listeners_off(&run).await;
    let (summary, graphs) = run.judge(&Rules::default()).await;
    println!("{cut} listeners cut off; {summary:?}");
    assert!(cut >= LOSSES_MIN, "{cut} losses show nothing");
    assert!(summary.effects > 0);
    assert_eq!(summary.told, summary.sent);
    for editor in &mut editors {
        assert_eq!(check_convergence(editor, &graphs).await, GRAPHS);
    }
}

/// Closes the pub/sub connections of all processes; returns how many.
async fn cut_listeners_off(run: &Run) -> u64 {
    redis::cmd("CLIENT")
        .arg(&["KILL", "TYPE", "pubsub"])
        .query_async(&mut run.cluster.link().write())
        .await
        .unwrap()
}
