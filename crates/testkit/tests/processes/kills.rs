//! The main suite: many clients, a hot graph and many cold ones, and processes that die.

use std::collections::HashMap;
use std::time::Duration;

use graphy_model::{Envelope, GraphId, OperationId, Outcome};
use graphy_testkit::checker::{Rules, StoredGraph};
use graphy_testkit::editor::{HttpEditor, Ordering, SocketEditor, Stage};
use graphy_testkit::http::HttpCaller;
use graphy_testkit::recording::Event;
use tokio::task::JoinSet;
use tokio::time::{Instant, MissedTickBehavior, interval};

use crate::support::{Run, check_convergence, hold_writes, resume_writes, scripts_are_held, seed};

const CLIENTS: usize = 16;
const COLD_GRAPHS: usize = 50;
const COMMANDS: usize = 10_000;
const COMMANDS_PER_CLIENT: usize = COMMANDS / CLIENTS;
const HOT_COMMANDS_PER_CLIENT: usize = 265;
/// How many cold graphs a client of sockets has open.
const OPEN_COLD_GRAPHS: usize = 6;
const KILL_INTERVAL: Duration = Duration::from_secs(1);
/// How many commands clients may send between two kills.
const COMMANDS_PER_KILL: usize = 1000;
/// The kill of a worker after which an API process is killed too.
const API_KILL: usize = 4;
/// A run with fewer kills has shown nothing.
const KILLS_MIN: usize = COMMANDS / COMMANDS_PER_KILL - 1;
/// How many connections are in the middle of a write when the API process dies.
const SCRIPTS_HELD: usize = 2;
/// How many callers send everything again.
const RESENDERS: usize = 8;

/// Who still works.
#[derive(Default)]
struct Clients {
    http: JoinSet<()>,
    sockets: JoinSet<SocketEditor>,
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn processes_die_and_nothing_is_lost_doubled_or_reordered() {
    let started = Instant::now();
    let mut run = Run::start(seed(), 1 + COLD_GRAPHS).await;
    let set_up = run.stage.recorder.events().len();
    println!("set up in {:.1} s", started.elapsed().as_secs_f64());

    let clients = start_clients(&mut run).await;
    let (kills, mut editors) = kill_until_done(&mut run, clients).await;
    println!(
        "clients done after {:.1} s, {kills} kills of workers, 1 of an API process",
        started.elapsed().as_secs_f64()
    );

    let (summary, graphs) = run.judge(&Rules::default()).await;
    println!("{summary:?}");
    assert!(kills >= KILLS_MIN, "{kills} kills show nothing");
    assert!(
        summary.effects > COMMANDS / 2,
        "too few commands had an effect"
    );
    assert!(
        summary.refused > 0,
        "no command was refused: nobody met anybody"
    );
    assert_eq!(
        summary.sent,
        COMMANDS + set_up / 3,
        "every command was sent"
    );
    assert_eq!(
        summary.told, summary.sent,
        "the end of every command was told"
    );
    assert_eq!(summary.accepted, summary.sent, "every command was accepted");
    let hot = graphs
        .iter()
        .find(|graph| graph.graph_id == run.graphs[0])
        .unwrap();
    assert!(
        hot.graph.version() > COMMANDS as u64 / 4,
        "the hot graph was not hot"
    );

    let mut copies = 0;
    for editor in &mut editors {
        copies += check_convergence(editor, &graphs).await;
    }
    let losses: usize = editors.iter().map(SocketEditor::losses).sum();
    println!("{copies} copies of clients agree; {losses} sockets were lost");
    assert!(losses > 0, "the killed API process had no sockets");
    drop(editors);

    resend_everything(&run, &graphs).await;
    println!("all done after {:.1} s", started.elapsed().as_secs_f64());
}

/// Lets half of the clients use HTTP and half of them sockets.
async fn start_clients(run: &mut Run) -> Clients {
    let mut clients = Clients::default();
    let (hot, cold) = (run.graphs[0].clone(), run.graphs[1..].to_vec());
    for index in 0..CLIENTS {
        let name = format!("client-{index}");
        let identity = run.identity(&name).await;
        let stage = run.stage.clone();
        let by_socket = index % 2 == 1;
        let cold: Vec<GraphId> = if by_socket {
            cold.iter()
                .cycle()
                .skip(index * 3)
                .take(OPEN_COLD_GRAPHS)
                .cloned()
                .collect()
        } else {
            cold.clone()
        };
        let shares = shares(&hot, &cold);
        if by_socket {
            let portions = run.plan(&name, &shares, 3);
            let node = stage.apis[index / 2 % stage.apis.len()].clone();
            let mut editor = SocketEditor::new(stage, identity, node);
            clients.sockets.spawn(async move {
                editor.run(portions).await;
                editor
            });
        } else {
            // A few callers know nothing of counters: only their operation ids protect them.
            let (ordering, portion_max) = if index % 8 == 0 {
                (Ordering::Plain, 20)
            } else {
                (Ordering::Counted, 12)
            };
            let portions = run.plan(&name, &shares, portion_max);
            clients
                .http
                .spawn(HttpEditor::new(stage, identity, ordering).run(portions));
        }
    }
    clients
}

fn shares(hot: &GraphId, cold: &[GraphId]) -> Vec<(GraphId, usize)> {
    let rest = COMMANDS_PER_CLIENT - HOT_COMMANDS_PER_CLIENT;
    let share = |index: usize| rest / cold.len() + usize::from(index < rest % cold.len());
    let cold = cold
        .iter()
        .enumerate()
        .map(|(index, graph)| (graph.clone(), share(index)));
    std::iter::once((hot.clone(), HOT_COMMANDS_PER_CLIENT))
        .chain(cold)
        .collect()
}

/// Kills a worker every second, the other one each time, and one API process once, until the
/// clients are done. Between kills clients may send a bounded number of commands, so that the
/// commands do not outrun the kills.
async fn kill_until_done(run: &mut Run, mut clients: Clients) -> (usize, Vec<SocketEditor>) {
    let mut ticks = interval(KILL_INTERVAL);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    run.stage.pace.add_permits(COMMANDS_PER_KILL);
    ticks.tick().await;
    let (mut kills, mut editors) = (0, Vec::new());
    loop {
        tokio::select! {
            Some(ended) = clients.http.join_next() => ended.expect("a client lost its way"),
            Some(ended) = clients.sockets.join_next() => {
                editors.push(ended.expect("a client lost its way"));
            }
            _ = ticks.tick() => {
                let worker = run.cluster.node_mut(run.first_worker + kills % 2);
                worker.kill();
                worker.start_again();
                kills += 1;
                run.stage.pace.add_permits(COMMANDS_PER_KILL);
                if kills == API_KILL {
                    kill_api(run).await;
                }
            }
            else => return (kills, editors),
        }
        if clients.http.is_empty() && clients.sockets.is_empty() {
            return (kills, editors);
        }
    }
}

/// Kills an API process while it puts jobs into the queue, which is the worst moment.
async fn kill_api(run: &mut Run) {
    hold_writes(&run.cluster).await;
    scripts_are_held(&run.cluster, SCRIPTS_HELD).await;
    let api = run.first_api + 1;
    run.cluster.node_mut(api).kill();
    resume_writes(&run.cluster).await;
    run.cluster.node_mut(api).start_again();
}

/// Sends every command once more under its id: nothing changes, and each has its first outcome.
async fn resend_everything(run: &Run, before: &[StoredGraph]) {
    let mut sent: HashMap<GraphId, Vec<Envelope>> = HashMap::new();
    for noted in run.stage.recorder.events() {
        if let Event::Sent(sending) = noted.event {
            sent.entry(sending.graph)
                .or_default()
                .push(sending.envelope);
        }
    }
    let identity = run.identity("again").await;
    let caller = HttpCaller::new(identity.token);
    let mut batches = JoinSet::new();
    for (index, (graph, commands)) in sent.into_iter().enumerate() {
        if batches.len() >= RESENDERS {
            batches.join_next().await.unwrap().unwrap();
        }
        let node = run.stage.apis[index % run.stage.apis.len()].clone();
        let caller = caller.clone();
        batches.spawn(async move {
            for commands in commands.chunks(100) {
                caller.send(&node, &graph, commands).await.unwrap();
            }
        });
    }
    while let Some(done) = batches.join_next().await {
        done.unwrap();
    }
    let (_, after) = run.judge(&Rules::default()).await;
    for graph in before {
        let now = after
            .iter()
            .find(|now| now.graph_id == graph.graph_id)
            .unwrap();
        assert_eq!(
            now.stream, graph.stream,
            "the history after everything was sent again"
        );
        assert_eq!(
            now.outcomes, graph.outcomes,
            "the outcomes after everything was sent again"
        );
        assert_eq!((now.stored, &now.graph), (graph.stored, &graph.graph));
    }
    let outcomes = before
        .iter()
        .flat_map(|graph| graph.outcomes.clone())
        .collect();
    check_told_again(&run.stage, &caller, outcomes).await;
}

/// Asks how each command ended: it must be known as a repetition of its first outcome.
async fn check_told_again(
    stage: &Stage,
    caller: &HttpCaller,
    outcomes: Vec<(OperationId, Outcome)>,
) {
    let mut askers = JoinSet::new();
    for (index, share) in outcomes
        .chunks(outcomes.len().div_ceil(RESENDERS))
        .enumerate()
    {
        let (caller, share) = (caller.clone(), share.to_vec());
        let node = stage.apis[index % stage.apis.len()].clone();
        askers.spawn(async move {
            for (operation, first) in share {
                let told = caller
                    .progress(&node, operation, Duration::ZERO)
                    .await
                    .unwrap();
                let expected = Outcome::Duplicate {
                    first: Some(Box::new(first)),
                };
                assert_eq!(told.outcome, Some(expected), "{operation} sent again");
            }
        });
    }
    while let Some(done) = askers.join_next().await {
        done.unwrap();
    }
}
