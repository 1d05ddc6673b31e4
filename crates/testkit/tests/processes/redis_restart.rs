//! Redis dies during traffic and is started again by its supervisor.

use std::time::Duration;

use graphy_store::PrivateRedisState;
use graphy_testkit::checker::Rules;
use graphy_testkit::cluster::PATIENCE;
use graphy_testkit::editor::{HttpEditor, Ordering, SocketEditor};
use tokio::task::JoinSet;
use tokio::time::{interval, timeout};

use crate::support::{Run, check_convergence, seed};

const GRAPHS: usize = 6;
const CLIENTS: usize = 6;
const COMMANDS_PER_GRAPH: usize = 50;
const DEATHS: usize = 4;
const DEATH_INTERVAL: Duration = Duration::from_millis(1500);
/// How many commands clients may send between two deaths.
const COMMANDS_PER_DEATH: usize = CLIENTS * GRAPHS * COMMANDS_PER_GRAPH / DEATHS + 1;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn redis_dies_and_nothing_that_was_accepted_is_lost() {
    let mut run = Run::start(seed(), GRAPHS).await;
    let shares: Vec<_> = run
        .graphs
        .iter()
        .map(|graph| (graph.clone(), COMMANDS_PER_GRAPH))
        .collect();
    let mut clients = JoinSet::new();
    for index in 0..CLIENTS {
        let name = format!("client-{index}");
        let identity = run.identity(&name).await;
        let stage = run.stage.clone();
        if index % 2 == 0 {
            let portions = run.plan(&name, &shares, 10);
            let ordering = if index == 0 {
                Ordering::Plain
            } else {
                Ordering::Counted
            };
            let editor = HttpEditor::new(stage, identity, ordering);
            clients.spawn(async move {
                editor.run(portions).await;
                None
            });
        } else {
            let portions = run.plan(&name, &shares, 3);
            let node = stage.apis[index / 2 % 2].clone();
            let mut editor = SocketEditor::new(stage, identity, node);
            clients.spawn(async move {
                editor.run(portions).await;
                Some(editor)
            });
        }
    }

    let (mut deaths, mut editors) = (0, Vec::new());
    let mut ticks = interval(DEATH_INTERVAL);
    run.stage.pace.add_permits(COMMANDS_PER_DEATH);
    ticks.tick().await;
    while !clients.is_empty() {
        tokio::select! {
            Some(ended) = clients.join_next() => editors.extend(ended.unwrap()),
            _ = ticks.tick(), if deaths < DEATHS => {
                run.stage.pace.add_permits(COMMANDS_PER_DEATH);
                kill_redis(&run).await;
                deaths += 1;
            }
        }
    }
    let (summary, graphs) = run.judge(&Rules::default()).await;
    println!("redis died {deaths} times; {summary:?}");
    // On a fast machine the commands may end before the last deaths are due.
    assert!(
        2 * deaths >= DEATHS,
        "the commands outran the deaths: {deaths} of {DEATHS}"
    );
    assert!(summary.effects > 0);
    assert_eq!(summary.told, summary.sent);
    assert_eq!(summary.accepted, summary.sent);
    for editor in &mut editors {
        assert_eq!(check_convergence(editor, &graphs).await, GRAPHS);
    }
}

/// Kills the server and waits until its supervisor has another one serving.
async fn kill_redis(run: &Run) {
    let redis = run.cluster.redis();
    let (mut state, before) = (redis.private().state(), redis.pid());
    redis.signal("KILL");
    let again = state.wait_for(|state| {
        assert!(!state.is_ended(), "the supervisor gave up: {state:?}");
        *state == PrivateRedisState::Ready && redis.pid() != before
    });
    timeout(PATIENCE, again)
        .await
        .expect("redis serves again in time")
        .unwrap();
}
