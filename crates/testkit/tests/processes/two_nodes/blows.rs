//! What is done to a deployment while it works.

use graphy_testkit::cluster::Node;
use rand::rngs::StdRng;
use rand::seq::SliceRandom as _;
use rand::{RngExt as _, SeedableRng as _};

use super::{Deployment, NODES, WORKERS};

/// One thing that goes wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Blow {
    /// A node dies; its clients find the other one under its address until it is back.
    KillNode,
    /// A process that only works dies.
    KillWorker,
    /// All sockets of a node's clients are cut.
    CutSockets,
    /// All connections of one process to Redis are cut.
    CutRedis,
    /// One process and Redis do not hear of each other for a while, but do not know it.
    Silence,
    /// One process cannot connect to Redis for a while.
    LockOut,
    /// Redis forgets all scripts.
    FlushScripts,
    /// Redis serves nobody for a moment.
    Pause,
    /// Redis closes everybody's ear.
    KillListeners,
}

impl Blow {
    const ALL: [Self; 9] = [
        Self::KillNode,
        Self::KillWorker,
        Self::CutSockets,
        Self::CutRedis,
        Self::Silence,
        Self::LockOut,
        Self::FlushScripts,
        Self::Pause,
        Self::KillListeners,
    ];
}

/// How long a blow lasts, in further blows.
const LASTS: usize = 3;

/// What is mended some blows later.
#[derive(Debug, Clone, Copy)]
enum Repair {
    StartNode(usize),
    Release(usize),
    LetIn(usize),
}

/// A sequence of blows that a seed has put in order.
pub(super) struct Storm {
    blows: Vec<Blow>,
    struck: usize,
    repairs: Vec<(usize, Repair)>,
    random: StdRng,
    /// Ears that Redis closed.
    pub(super) listeners_killed: u64,
}

impl Storm {
    /// Makes a storm in which each blow comes a number of times.
    pub(super) fn new(seed: u64, of_each: usize) -> Self {
        let mut random = StdRng::seed_from_u64(seed);
        let mut blows = Blow::ALL.repeat(of_each);
        blows.shuffle(&mut random);
        Self {
            blows,
            struck: 0,
            repairs: Vec::new(),
            random,
            listeners_killed: 0,
        }
    }

    /// Returns how many blows there are.
    pub(super) fn len(&self) -> usize {
        self.blows.len()
    }

    /// Strikes once, and mends what has been broken long enough.
    pub(super) async fn strike(&mut self, deployment: &mut Deployment) {
        let now = self.struck;
        self.mend(deployment, |due| due <= now);
        let blow = self.blows[now];
        self.struck += 1;
        let any = self.random.random_range(0..NODES + WORKERS);
        match blow {
            Blow::KillNode => self.kill_node(deployment).await,
            Blow::KillWorker => {
                let place = NODES + self.random.random_range(0..WORKERS);
                let worker = deployment.run.cluster.node_mut(place);
                worker.kill();
                worker.start_again();
            }
            Blow::CutSockets => deployment.pipe(any % NODES).cut(),
            Blow::CutRedis => deployment.proxies[any].cut(),
            Blow::Silence => {
                deployment.proxies[any].stall();
                self.repairs.push((now + LASTS + 2, Repair::Release(any)));
            }
            Blow::LockOut => {
                deployment.proxies[any].refuse_all();
                deployment.proxies[any].cut();
                self.repairs.push((now + LASTS, Repair::LetIn(any)));
            }
            Blow::FlushScripts => {
                let () = ask(deployment, &["SCRIPT", "FLUSH"]).await;
            }
            Blow::Pause => {
                let () = ask(deployment, &["CLIENT", "PAUSE", "400", "ALL"]).await;
            }
            Blow::KillListeners => {
                let killed: u64 = ask(deployment, &["CLIENT", "KILL", "TYPE", "pubsub"]).await;
                self.listeners_killed += killed;
            }
        }
    }

    /// Mends everything that is still broken and waits until all processes serve.
    pub(super) async fn end(&mut self, deployment: &mut Deployment) {
        self.mend(deployment, |_| true);
        deployment.heal();
        for place in 0..NODES + WORKERS {
            deployment.run.cluster.node_mut(place).ready().await;
        }
    }

    async fn kill_node(&mut self, deployment: &mut Deployment) {
        // Never both at once: somebody has to be left. Who comes back must find Redis.
        let down = |(_, repair): &(usize, Repair)| matches!(repair, Repair::StartNode(_));
        if self.repairs.iter().any(down) {
            self.mend(deployment, |_| true);
            for node in 0..NODES {
                deployment.run.cluster.node_mut(node).ready().await;
            }
        }
        let node = self.random.random_range(0..NODES);
        let other = deployment.run.cluster.node((node + 1) % NODES).address();
        deployment.run.cluster.node_mut(node).kill();
        deployment.pipe(node).lead_to(other);
        self.repairs
            .push((self.struck + LASTS, Repair::StartNode(node)));
    }

    fn mend(&mut self, deployment: &mut Deployment, is_due: impl Fn(usize) -> bool) {
        self.repairs.retain(|(due, repair)| {
            let due = is_due(*due);
            if due {
                repair.make(deployment);
            }
            !due
        });
    }
}

impl Repair {
    fn make(self, deployment: &mut Deployment) {
        match self {
            Self::StartNode(node) => {
                let started: &mut Node = deployment.run.cluster.node_mut(node);
                started.start_again();
                let home = started.address();
                // Those who went over stay there until their sockets are lost again.
                deployment.pipe(node).lead_to(home);
            }
            Self::Release(place) => deployment.proxies[place].release(),
            Self::LetIn(place) => deployment.proxies[place].accept_all(),
        }
    }
}

/// Asks Redis past all proxies.
async fn ask<T: redis::FromRedisValue>(deployment: &Deployment, words: &[&str]) -> T {
    let mut command = redis::cmd(words[0]);
    command.arg(&words[1..]);
    let mut redis = deployment.run.cluster.link().write();
    command.query_async(&mut redis).await.unwrap()
}
