//! One client reads slowly; the others do not feel it, and in the end it has everything.

use futures_util::future::join_all;
use graphy_testkit::checker::Rules;
use graphy_testkit::editor::{Portion, SocketEditor};
use graphy_testkit::proxy::Pipe;
use graphy_testkit::workload::heavy;
use tokio_util::sync::CancellationToken;

use super::{Deployment, NODES};
use crate::support::{check_convergence, seed};

/// How fast the slow reader reads, in bytes a second.
const SLOW: u32 = 10_000;
const EDITORS: usize = 4;
const ROUNDS: usize = 50;
const COMMANDS_PER_ROUND: usize = 5;
const COMMAND_BYTES: usize = 2000;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_slow_reader_falls_behind_alone_and_catches_up() {
    let deployment = Deployment::start(seed(), 1).await;
    let graph = deployment.run.graphs[0].clone();
    let pipe = Pipe::to(deployment.run.cluster.node(0).address()).await;
    pipe.narrow(Some(SLOW));
    let stage = deployment.run.stage.clone();
    let identity = deployment.run.identity("slow").await;
    let mut slow = SocketEditor::new(stage.clone(), identity, pipe.url());
    slow.open(&graph).await;
    let stop = CancellationToken::new();
    let stopped = stop.clone();
    let slow = tokio::spawn(async move {
        slow.live_until(stopped.cancelled()).await;
        slow
    });

    let mut editors = Vec::new();
    for index in 0..EDITORS {
        let name = format!("editor-{index}");
        let identity = deployment.run.identity(&name).await;
        let url = deployment.pipe(index % NODES).url();
        let mut editor = SocketEditor::new(stage.clone(), identity, url);
        editor.open(&graph).await;
        let commands = heavy(&name, ROUNDS * COMMANDS_PER_ROUND, COMMAND_BYTES);
        editors.push((editor, commands));
    }
    stage
        .pace
        .add_permits(EDITORS * ROUNDS * COMMANDS_PER_ROUND);
    // Nobody sends on before everybody has the end of what was sent, so only the slow one can fall
    // far behind.
    for _ in 0..ROUNDS {
        let round = editors.iter_mut().map(|(editor, commands)| {
            let portion = Portion {
                graph: graph.clone(),
                commands: commands.drain(..COMMANDS_PER_ROUND).collect(),
            };
            editor.run(vec![portion])
        });
        join_all(round).await;
    }
    // The pipe was narrow until here; what is left comes at once.
    pipe.narrow(None);
    stop.cancel();
    let mut slow = slow.await.unwrap();

    let (summary, graphs) = deployment.run.judge(&Rules::default()).await;
    assert_eq!(check_convergence(&mut slow, &graphs).await, 1);
    println!("{summary:?}\nthe slow reader: {:?}", slow.resumes());
    let held_up = slow.resumes().resyncs + slow.resumes().losses;
    assert!(held_up > 0, "the slow reader was fast enough");
    for (editor, _) in &mut editors {
        assert_eq!(check_convergence(editor, &graphs).await, 1);
        let resumes = editor.resumes();
        assert_eq!(
            (resumes.losses, resumes.resyncs),
            (0, 0),
            "a neighbour felt it"
        );
    }
}
