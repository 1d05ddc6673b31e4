//! The connection to Redis breaks at any byte of a write or of its answer; the write happens once.

use graphy_testkit::checker::Rules;
use graphy_testkit::cluster::{Cluster, NodeKind};
use graphy_testkit::editor::{HttpEditor, Ordering};
use graphy_testkit::proxy::{Command, Fault, Harm, Proxy};

use crate::support::{Run, seed};

/// The answer of the script that writes a batch: a list of one short text.
const ANSWER_BYTES: usize = b"*1\r\n$2\r\nok\r\n".len();
/// Up to here commands are cut; no call of the script is shorter.
const COMMAND_BYTES: usize = 800;
/// Not every byte of a command is worth a round; this step meets lengths, texts and line ends.
const COMMAND_STEP: usize = 23;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_write_that_is_cut_at_any_byte_happens_once() {
    let seed = seed();
    let mut cluster = Cluster::start().await;
    let proxy = Proxy::start(&cluster.redis().tcp_url(), seed).await;
    let node = cluster.add_through(NodeKind::All, proxy.url()).await;
    let mut run = Run::on(cluster, seed, 1, &[node]).await;
    let identity = run.identity("cutter").await;

    let answers = (0..ANSWER_BYTES).map(|bytes| Harm::CutReplyShort { bytes });
    let commands = (0..COMMAND_BYTES).step_by(COMMAND_STEP);
    let commands = commands.map(|bytes| Harm::CutRequestShort { bytes });
    let cuts: Vec<Harm> = answers.chain(commands).collect();
    let share = (run.graphs[0].clone(), cuts.len());
    let portions = run.plan("cutter", &[share], 1);
    assert_eq!(portions.len(), cuts.len());
    run.stage.pace.add_permits(cuts.len());
    for (portion, harm) in portions.into_iter().zip(&cuts) {
        proxy.inflict(Fault::once(*harm, applies));
        let editor = HttpEditor::new(run.stage.clone(), identity.clone(), Ordering::Plain);
        editor.run(vec![portion]).await;
    }

    let counts = proxy.counts();
    let lost = (counts.replies_lost, counts.requests_lost);
    let expected = (ANSWER_BYTES as u64, (cuts.len() - ANSWER_BYTES) as u64);
    assert_eq!(lost, expected, "every cut was made: {counts:?}");
    let (summary, _) = run.judge(&Rules::default()).await;
    println!("{} cuts; {summary:?}", cuts.len());
    assert_eq!(
        (summary.told, summary.accepted),
        (summary.sent, summary.sent)
    );
    assert!(summary.effects > cuts.len() / 2, "too few effects");
}

fn applies(command: &Command<'_>) -> bool {
    command.is_apply()
}
