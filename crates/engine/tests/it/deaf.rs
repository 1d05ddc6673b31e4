//! A worker that is connected, says that it runs, and fetches nothing.
//!
//! This is what a failover leaves behind when nobody tells the worker: its connections stay with
//! the server that was the master, which answers as ever, and has no jobs. Nothing is cut and
//! nothing fails; only the jobs are elsewhere.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex};

use graphy_engine::{EngineConfig, QueueKind};
use graphy_store::RedisUrl;
use graphy_store::testing::TestRedis;
use graphy_telemetry::board::{WorkerState, WorkerStatus};
use redis::{ConnectionAddr, IntoConnectionInfo as _};
use tokio::net::{TcpListener, TcpStream};

use crate::fixture::{Fixture, PATIENCE, applied, create};

/// A way for bytes; new connections go where it leads now, old ones stay where they are.
struct Way {
    address: SocketAddr,
    target: Arc<Mutex<SocketAddr>>,
}

impl Way {
    async fn to(target: SocketAddr) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        let target = Arc::new(Mutex::new(target));
        let shared = Arc::clone(&target);
        tokio::spawn(async move {
            while let Ok((mut from, _)) = listener.accept().await {
                let to = *shared.lock().unwrap();
                tokio::spawn(async move {
                    let mut to = TcpStream::connect(to).await?;
                    tokio::io::copy_bidirectional(&mut from, &mut to).await
                });
            }
        });
        Self { address, target }
    }

    fn lead_to(&self, target: SocketAddr) {
        *self.target.lock().unwrap() = target;
    }
}

fn address(url: &RedisUrl) -> SocketAddr {
    let info = url.expose().into_connection_info().unwrap();
    let ConnectionAddr::Tcp(host, port) = info.addr().clone() else {
        panic!("a tcp url")
    };
    format!("{host}:{port}").parse().unwrap()
}

fn password(url: &RedisUrl) -> String {
    let info = url.expose().into_connection_info().unwrap();
    info.redis_settings().password().unwrap().to_owned()
}

/// Starts a node whose workers' connections stay with a server that is not the master any more.
async fn deaf(change: impl FnOnce(&mut EngineConfig)) -> (Fixture, TestRedis) {
    let old = TestRedis::start().await;
    let mut config = EngineConfig::default();
    change(&mut config);
    let mut fixture = Fixture::without_workers(config).await;
    let master = fixture.redis.tcp_url();
    let () = redis::cmd("CONFIG")
        .arg(&["SET", "requirepass", &password(&master)])
        .query_async(&mut old.link().await.write())
        .await
        .unwrap();
    let way = Way::to(address(&old.tcp_url())).await;
    let (real, through) = (address(&master).to_string(), way.address.to_string());
    let url = master.expose().replacen(&real, &through, 1);
    fixture.reopen_queues(url.parse().unwrap()).await;
    fixture.start_workers().await;
    way.lead_to(address(&master));
    (fixture, old)
}

fn worker(fixture: &Fixture, kind: QueueKind) -> WorkerStatus {
    let mut workers = fixture.board.read().workers.into_iter();
    workers.find(|one| one.queue == kind.name()).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deaf_worker_is_made_anew_and_says_so_meanwhile() {
    let (fixture, old) = deaf(|_| {}).await;
    let before = worker(&fixture, QueueKind::GraphCommands);
    assert_eq!((before.state, before.rebuilds), (WorkerState::Running, 0));
    assert!(before.name.starts_with("graphy-test-"), "{}", before.name);
    let envelope = create("a");
    let id = envelope.operation_id;
    fixture.submit(vec![envelope]).await.unwrap();
    let seen = async {
        while worker(&fixture, QueueKind::GraphCommands).state != WorkerState::Rebuilding {
            tokio::task::yield_now().await;
        }
    };
    let (outcome, seen) = tokio::join!(fixture.outcome(id), tokio::time::timeout(PATIENCE, seen));
    assert!(seen.is_ok(), "the board says that the worker is made anew");
    assert_eq!(outcome, applied(1));
    let works = async {
        while worker(&fixture, QueueKind::GraphCommands).state != WorkerState::Running {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(PATIENCE, works)
        .await
        .expect("the board says that it works again");
    let after = worker(&fixture, QueueKind::GraphCommands);
    assert_eq!((after.rebuilds, after.fetched), (1, 1));
    // A queue that has nothing to do is left in peace.
    assert_eq!(worker(&fixture, QueueKind::SyncOperations).rebuilds, 0);
    assert_eq!(fixture.run(create("b")).await, applied(2));
    fixture.check_graph().await;
    drop(old);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_that_may_not_fetch_is_not_deaf() {
    let mut fixture = Fixture::without_workers(EngineConfig::default()).await;
    fixture.start_workers().await;
    let url = fixture.redis.url();
    let connection = bullmq::options::RedisConnectionOptions::new().url(url.expose());
    let options = bullmq::QueueOptions::new().connection(connection);
    let queue = bullmq::Queue::with_options("graph-commands", options)
        .await
        .unwrap();
    queue.pause().await.unwrap();
    let envelope = create("a");
    let id = envelope.operation_id;
    fixture.submit(vec![envelope]).await.unwrap();
    // Long enough for a watchdog that does not look at the pause to act: the outcome is not there,
    // and not because nobody would have had the time.
    let wait = std::time::Duration::from_secs(5);
    let outcome = fixture.intake.outcome(&fixture.graph, id, wait).await;
    assert_eq!(outcome.unwrap(), None);
    assert_eq!(worker(&fixture, QueueKind::GraphCommands).rebuilds, 0);
    queue.resume().await.unwrap();
    assert_eq!(fixture.outcome(id).await, applied(1));
}
