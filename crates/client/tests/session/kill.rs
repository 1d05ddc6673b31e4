//! A program that is killed at any moment, again and again: what it had shown as kept lands once,
//! in order.

use std::collections::HashSet;
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use graphy_client::{GraphSession, Journal, Timing};
use graphy_model::{Command as GraphCommand, OperationId, Outcome};
use graphy_protocol::{ClientFrame, ServerFrame};
use rand::RngExt as _;
use tokio::net::TcpListener;
use tokio::sync::watch;

use super::support::{Peer, Server, full_of, node, soon, timing, welcome_to};

const ROUNDS: usize = 100;
const FOLDER: &str = "GRAPHY_KILLED_JOURNAL";
const FROM: &str = "GRAPHY_KILLED_FROM";
const SERVER: &str = "GRAPHY_KILLED_SERVER";

/// What a server knows of one client's commands.
#[derive(Default)]
struct Known {
    /// The commands that happened, in order.
    happened: Vec<(OperationId, usize)>,
    ids: HashSet<OperationId>,
    seq: u64,
    /// Holes and doubles in the count.
    faults: Vec<String>,
}

fn number_of(command: &GraphCommand) -> usize {
    match command {
        GraphCommand::CreateNode(node) => node.id.as_str()[1..].parse().unwrap(),
        other => panic!("not a command of this test: {other:?}"),
    }
}

/// Serves as a real server does: each id once, each seq after the one before it.
async fn serve(listener: TcpListener, known: Arc<Mutex<Known>>) {
    loop {
        let Ok((stream, _)) = listener.accept().await else {
            return;
        };
        let Ok(socket) = tokio_tungstenite::accept_async(stream).await else {
            continue;
        };
        tokio::spawn(serve_one(Peer::new(socket), Arc::clone(&known)));
    }
}

async fn serve_one(mut peer: Peer, known: Arc<Mutex<Known>>) {
    while let Some(frame) = peer.try_next().await {
        let answer = match frame {
            ClientFrame::Hello(_) => {
                if peer.try_send(&welcome_to("e1", 0)).await.is_err() {
                    return;
                }
                full_of("e1", 0)
            }
            ClientFrame::Command(envelope) => {
                let mut known = known.lock().unwrap();
                let (id, seq) = (envelope.operation_id, envelope.seq.unwrap());
                let outcome = if known.ids.insert(id) {
                    if seq != known.seq + 1 {
                        let fault = format!("seq {seq} came after {}", known.seq);
                        known.faults.push(fault);
                    }
                    known.seq = seq;
                    known.happened.push((id, number_of(&envelope.command)));
                    Outcome::Applied { version: 0 }
                } else {
                    let first = Some(Box::new(Outcome::Applied { version: 0 }));
                    Outcome::Duplicate { first }
                };
                ServerFrame::CommandResult {
                    operation_id: id,
                    outcome,
                }
            }
            _ => continue,
        };
        if peer.try_send(&answer).await.is_err() {
            return;
        }
    }
}

/// The program that is killed. It does nothing unless the test below starts it.
#[tokio::test]
async fn a_program_to_be_killed() {
    let Ok(path) = std::env::var(FOLDER) else {
        return;
    };
    let mut next: usize = std::env::var(FROM).unwrap().parse().unwrap();
    let url = std::env::var(SERVER).unwrap();
    let journal = Journal::open(Path::new(&path)).unwrap();
    assert_eq!(journal.report(), &Default::default());
    let mut config = Server::start().await.config();
    config.url = url.parse().unwrap();
    let kept = journal.keep(&config.graph_id).await.unwrap();
    let tokens = watch::Sender::new("t".to_owned()).subscribe();
    let (session, mut events) = GraphSession::open_lasting(config, timing(), Some(kept), tokens);
    tokio::spawn(async move { while events.recv().await.is_some() {} });
    loop {
        for _ in 0..rand::random_range(1..6) {
            session.send(node(&format!("n{next}"))).unwrap();
            next += 1;
        }
        journal.settle().await;
        // Whoever watches knows now that everything before `next` is kept.
        println!("kept {next}");
        std::io::stdout().flush().unwrap();
    }
}

fn start(path: &Path, from: usize, url: &str) -> Child {
    Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "kill::a_program_to_be_killed", "--nocapture"])
        .env(FOLDER, path)
        .env(FROM, from.to_string())
        .env(SERVER, url)
        .stdout(Stdio::piped())
        .stderr(Stdio::inherit())
        .spawn()
        .unwrap()
}

/// Lets the program run until it has kept something, then kills it at some moment; returns how
/// much it had said it kept.
fn run_and_kill(mut child: Child, from: usize) -> usize {
    let out = BufReader::new(child.stdout.take().unwrap());
    let mut end: Option<Instant> = None;
    let mut kept = from;
    for line in out.lines() {
        let Ok(line) = line else { break };
        if let Some(number) = line.strip_prefix("kept ") {
            kept = number.parse().unwrap();
        }
        let moment = Duration::from_micros(rand::rng().random_range(0..15_000));
        let end = *end.get_or_insert_with(|| Instant::now() + moment);
        if kept > from && Instant::now() >= end {
            child.kill().unwrap();
        }
    }
    child.wait().unwrap();
    kept
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_at_any_moment_nothing_is_lost_or_doubled() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("queue");
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    // A port at which nobody answers, for the rounds without a server.
    let nowhere = "http://127.0.0.1:9".to_owned();
    let known = Arc::new(Mutex::new(Known::default()));
    tokio::spawn(serve(listener, Arc::clone(&known)));
    let mut rounds = Vec::new();
    let mut from = 0;
    for round in 0..ROUNDS {
        let url = if round % 3 == 0 { &nowhere } else { &url };
        let child = start(&path, from, url);
        let running = tokio::task::spawn_blocking(move || run_and_kill(child, from));
        let kept = running.await.unwrap();
        assert!(kept > from, "round {round} kept nothing");
        rounds.push(from..kept);
        // A number that was used in the instant of the kill is not used again.
        from = kept + 1_000;
    }
    drain(&path, &url).await;
    let known = known.lock().unwrap();
    assert_eq!(known.faults, [""; 0]);
    let numbers: Vec<usize> = known.happened.iter().map(|(_, number)| *number).collect();
    assert!(numbers.is_sorted(), "out of order: {numbers:?}");
    let unique: HashSet<usize> = numbers.iter().copied().collect();
    assert_eq!(unique.len(), numbers.len(), "something happened twice");
    for (round, kept) in rounds.into_iter().enumerate() {
        let lost: Vec<usize> = kept.filter(|number| !unique.contains(number)).collect();
        assert!(lost.is_empty(), "round {round} kept {lost:?} and lost it");
    }
}

/// Starts once more, with a server that answers, until nothing is pending.
async fn drain(path: &Path, url: &str) {
    let journal = Journal::open(path).unwrap();
    assert_eq!(journal.report(), &Default::default());
    let mut config = Server::start().await.config();
    config.url = url.parse().unwrap();
    let kept = journal.keep(&config.graph_id).await.unwrap();
    let tokens = watch::Sender::new("t".to_owned()).subscribe();
    let (session, mut events) =
        GraphSession::open_lasting(config, Timing::default(), Some(kept), tokens);
    soon("the rest to land", async {
        while session.pending() > 0 {
            events.recv().await.unwrap();
        }
    })
    .await;
    session.close().await;
    journal.close().await;
}
