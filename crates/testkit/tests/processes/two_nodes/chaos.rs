//! Everything at once.

use std::time::Duration;

use graphy_testkit::checker::Rules;
use graphy_testkit::proxy::Pipe;
use tokio::time::{Instant, MissedTickBehavior, interval};

use super::Deployment;
use super::blows::Storm;
use super::clients::{Clients, Load, check_copies};
use crate::support::seed;

const GRAPHS: usize = 2;
const LOAD: Load = Load {
    sockets_per_node: 4,
    scribblers: 2,
    callers: 2,
    doubtful: 1,
    readers: 2,
    commands_per_graph: 130,
};
/// How often each kind of blow comes.
const OF_EACH: usize = 4;
const BLOW_INTERVAL: Duration = Duration::from_millis(600);
/// How many times between two blows clients are given leave to send a little, as people do.
const STEPS_PER_BLOW: u32 = 12;
/// How fast the slow reader reads, in bytes a second.
const SLOW: u32 = 10_000;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_nodes_are_one_whatever_happens_to_them() {
    let (started, seed) = (Instant::now(), seed());
    let mut deployment = Deployment::start(seed, GRAPHS).await;
    println!("set up in {:.1} s", started.elapsed().as_secs_f64());
    let slow = Pipe::to(deployment.run.cluster.node(0).address()).await;
    slow.narrow(Some(SLOW));
    let mut clients = Clients::start(&mut deployment, LOAD).await;
    let identity = deployment.run.identity("slow").await;
    clients.follow(&deployment, identity, &slow).await;

    let mut storm = Storm::new(seed, OF_EACH);
    deployment.worsen();
    let commands = LOAD.commands(GRAPHS);
    let mut ticks = interval(BLOW_INTERVAL / STEPS_PER_BLOW);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    for step in 0..storm.len() * STEPS_PER_BLOW as usize {
        tokio::select! {
            () = clients.done() => panic!("the commands outran the blows"),
            _ = ticks.tick() => {}
        }
        let share = commands / storm.len() / STEPS_PER_BLOW as usize;
        deployment.run.stage.pace.add_permits(share);
        if step % STEPS_PER_BLOW as usize == 0 {
            storm.strike(&mut deployment).await;
        }
    }
    storm.end(&mut deployment).await;
    println!("healed after {:.1} s", started.elapsed().as_secs_f64());
    // The rest of the commands finds everything whole.
    deployment.run.stage.pace.add_permits(commands);
    clients.done().await;
    println!(
        "clients done after {:.1} s",
        started.elapsed().as_secs_f64()
    );
    slow.narrow(None);
    let mut editors = clients.stop().await;
    let (summary, graphs) = deployment.run.judge(&Rules::default()).await;
    let (copies, resumes) = check_copies(&mut editors, &graphs).await;
    let counts = deployment.counts();
    let killed = storm.listeners_killed;
    println!("{summary:?}\n{counts:?}\n{resumes:?}\n{killed} ears closed, {copies} copies agree");
    println!("all done after {:.1} s", started.elapsed().as_secs_f64());

    // A run in which little went wrong has shown little.
    assert!(summary.effects > commands / 2, "too few effects");
    assert!(
        summary.refused > 0 && summary.contested > 20,
        "nobody met anybody"
    );
    assert!(
        summary.delivered > 5 * summary.effects,
        "too little was seen"
    );
    assert!(summary.reads > 50 && summary.jobs > 100);
    assert!(counts.replies_lost >= 8, "too few answers were lost");
    assert!(counts.requests_lost >= 3, "too few commands were lost");
    assert!(counts.messages_lost >= 15, "too few messages were lost");
    assert!(counts.delayed >= 10, "too little was delayed");
    assert!(killed >= 3, "too few ears were closed");
    assert!(resumes.in_sync + resumes.behind >= 20, "too few came back");
    assert_eq!(resumes.full, 0, "nobody was away for so long");
    assert_eq!(copies, GRAPHS * 2 * LOAD.sockets_per_node + 1);
}
