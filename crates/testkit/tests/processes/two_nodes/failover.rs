//! A node dies, and its clients go on at the other one.

use std::collections::HashSet;

use graphy_model::{ClientId, GraphId};
use graphy_testkit::checker::Rules;
use graphy_testkit::cluster::PATIENCE;
use graphy_testkit::recording::Event;
use tokio::time::{Instant, sleep};

use super::clients::{Clients, Load, check_copies, home_of};
use super::{Deployment, NODES};
use crate::support::{LOOK_INTERVAL, hold_writes, resume_writes, scripts_are_held, seed};

const GRAPHS: usize = 2;
const LOAD: Load = Load {
    sockets_per_node: 3,
    scribblers: 1,
    callers: 4,
    doubtful: 0,
    readers: 1,
    commands_per_graph: 90,
};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_dead_node_costs_its_clients_a_reconnect_and_nothing_else() {
    let mut deployment = Deployment::start(seed(), GRAPHS).await;
    let mut clients = Clients::start(&mut deployment, LOAD).await;
    let commands = LOAD.commands(GRAPHS);
    kill_in_the_middle(&mut deployment, 0, commands / 3).await;
    let killed = deployment.run.stage.recorder.events().len();
    deployment.run.stage.pace.add_permits(commands / 3);
    all_are_back(&deployment, 0, killed).await;

    // The one that is back takes over from the one that took over.
    let node = deployment.run.cluster.node_mut(0);
    node.start_again();
    node.ready().await;
    deployment.heal();
    kill_in_the_middle(&mut deployment, 1, commands / 6).await;
    deployment.run.stage.pace.add_permits(commands);
    clients.done().await;

    let mut editors = clients.stop().await;
    let (summary, graphs) = deployment.run.judge(&Rules::default()).await;
    println!("{summary:?}");
    assert_eq!(
        summary.told, summary.sent,
        "the end of every command was told"
    );
    assert_eq!(
        summary.wholes,
        GRAPHS * editors.len(),
        "each got the whole once"
    );
    assert!(summary.effects > commands / 2 && summary.reads > 0);
    let (copies, _) = check_copies(&mut editors, &graphs).await;
    assert_eq!(copies, GRAPHS * editors.len());
    let mut came_back = Vec::new();
    for (home, editor) in &editors {
        let resumes = editor.resumes();
        println!("a client of node {home}: {resumes:?}");
        // The clients of node 0 moved to node 1 and back, those of node 1 moved once.
        let moves = GRAPHS * (NODES - home);
        came_back.push(((resumes.in_sync + resumes.behind, resumes.full), (moves, 0)));
    }
    for (found, expected) in came_back {
        assert_eq!(found, expected);
    }
}

/// Kills a node while commands are on their way into the queue, and leads its clients to the other.
async fn kill_in_the_middle(deployment: &mut Deployment, node: usize, commands: usize) {
    let cluster = &deployment.run.cluster;
    let other = cluster.node((node + 1) % NODES).address();
    hold_writes(cluster).await;
    deployment.run.stage.pace.add_permits(commands);
    scripts_are_held(cluster, NODES).await;
    deployment.pipe(node).lead_to(other);
    deployment.run.cluster.node_mut(node).kill();
    resume_writes(&deployment.run.cluster).await;
}

/// Waits until all clients of a node have been given something since an event.
async fn all_are_back(deployment: &Deployment, node: usize, since: usize) {
    let deadline = Instant::now() + PATIENCE;
    let clients = (0..NODES * LOAD.sockets_per_node).filter(|index| index % NODES == node);
    let expected = clients.count() * GRAPHS;
    loop {
        let events = deployment.run.stage.recorder.events();
        let heard = events[since..]
            .iter()
            .filter_map(|noted| match &noted.event {
                Event::Delivered(one) => Some((one.subscriber.clone(), one.graph.clone())),
                _ => None,
            });
        let of_node = |(subscriber, _): &(ClientId, GraphId)| home_of(subscriber) == node;
        let back: HashSet<_> = heard.filter(of_node).collect();
        if back.len() == expected {
            return;
        }
        assert!(Instant::now() < deadline, "only {back:?} came back");
        sleep(LOOK_INTERVAL).await;
    }
}
