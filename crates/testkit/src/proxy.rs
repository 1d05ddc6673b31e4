//! A proxy in front of Redis that understands its protocol, and fails as networks do.
//!
//! Because it sees commands and answers and not just bytes, a test can ask for the faults that
//! matter most: Redis has carried a command out and nobody learns of it; half an answer; a message
//! of publish/subscribe that never was. Commands, pipelines, blocking commands, RESP2 and RESP3 all
//! pass; what a connection may hold is bounded, and whoever does not read holds the other end up.
//!
//! [`Pipe`] is its simpler sister for sockets of clients: it knows only bytes, but can be slow and
//! can lead elsewhere.

mod fault;
mod frame;
mod link;
mod pipe;
#[cfg(test)]
mod tests;

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use graphy_store::RedisUrl;
use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};
use redis::{ConnectionAddr, IntoConnectionInfo as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio_util::sync::{CancellationToken, DropGuard};
use tracing::{debug, warn};

pub use fault::{Choice, Command, Counts, Fault, Harm};
pub use pipe::Pipe;

use fault::{Tally, count};
use link::End;

/// What the handle and all connections share.
struct Shared {
    tally: Tally,
    rules: Mutex<Rules>,
    /// Whether any rule stands, so that the usual case takes no lock.
    armed: AtomicBool,
    flows: watch::Sender<bool>,
    accepts: AtomicBool,
    /// Cancelled and replaced when everything is cut.
    era: Mutex<CancellationToken>,
}

struct Rules {
    faults: Vec<Fault>,
    message_loss: f64,
    dice: StdRng,
}

impl Shared {
    fn harm_for(&self, command: &Command<'_>) -> Option<Harm> {
        if !self.armed.load(Ordering::Relaxed) {
            return None;
        }
        let mut rules = self.rules.lock().unwrap_or_else(PoisonError::into_inner);
        let Rules { faults, dice, .. } = &mut *rules;
        let index = faults.iter().position(|fault| {
            (fault.choice)(command) && (fault.chance >= 1.0 || dice.random_bool(fault.chance))
        })?;
        let fault = &mut faults[index];
        let harm = fault.harm;
        fault.times -= 1;
        if fault.times == 0 {
            faults.remove(index);
        }
        Some(harm)
    }

    fn loses_message(&self) -> bool {
        if !self.armed.load(Ordering::Relaxed) {
            return false;
        }
        let mut rules = self.rules.lock().unwrap_or_else(PoisonError::into_inner);
        let chance = rules.message_loss;
        chance > 0.0 && rules.dice.random_bool(chance)
    }

    fn change(&self, change: impl FnOnce(&mut Rules)) {
        let mut rules = self.rules.lock().unwrap_or_else(PoisonError::into_inner);
        change(&mut rules);
        let armed = !rules.faults.is_empty() || rules.message_loss > 0.0;
        self.armed.store(armed, Ordering::Relaxed);
    }

    /// Waits until bytes flow.
    async fn open(&self) {
        let mut flows = self.flows.subscribe();
        // The sender lives as long as this.
        let _ = flows.wait_for(|flows| *flows).await;
    }

    fn era(&self) -> CancellationToken {
        self.era
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .child_token()
    }
}

/// The proxy; dropping it ends all its connections.
pub struct Proxy {
    shared: Arc<Shared>,
    url: RedisUrl,
    _end: DropGuard,
}

impl Proxy {
    /// Starts a proxy on a free port in front of the Redis of a URL; the seed decides chances.
    ///
    /// # Panics
    /// When the URL is not one of TCP, or no port is free.
    pub async fn start(redis: &RedisUrl, seed: u64) -> Self {
        let info = redis
            .expose()
            .into_connection_info()
            .expect("a checked url of redis");
        let ConnectionAddr::Tcp(host, port) = info.addr().clone() else {
            panic!("the proxy stands in front of tcp ports only");
        };
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))
            .await
            .expect("loopback has free ports");
        let own = address_of(&listener);
        let url = redis
            .expose()
            .replacen(&format!("{host}:{port}"), &own.to_string(), 1)
            .parse()
            .expect("the same url with another port");
        let rules = Rules {
            faults: Vec::new(),
            message_loss: 0.0,
            dice: StdRng::seed_from_u64(seed),
        };
        let shared = Arc::new(Shared {
            tally: Tally::default(),
            rules: Mutex::new(rules),
            armed: AtomicBool::new(false),
            flows: watch::Sender::new(true),
            accepts: AtomicBool::new(true),
            era: Mutex::new(CancellationToken::new()),
        });
        let end = CancellationToken::new();
        tokio::spawn(accept(
            listener,
            (host, port),
            Arc::clone(&shared),
            end.clone(),
        ));
        Self {
            shared,
            url,
            _end: end.drop_guard(),
        }
    }

    /// Returns the URL under which Redis is reached through this proxy.
    #[must_use]
    pub fn url(&self) -> &RedisUrl {
        &self.url
    }

    /// Returns what was seen and done so far.
    #[must_use]
    pub fn counts(&self) -> Counts {
        self.shared.tally.read()
    }

    /// Harms commands from now on, on all connections.
    ///
    /// # Panics
    /// When the fault is to happen not even once, or its chance is none.
    pub fn inflict(&self, fault: Fault) {
        assert!(
            fault.times > 0 && (0.0..=1.0).contains(&fault.chance),
            "no fault: {fault:?}"
        );
        self.shared.change(|rules| rules.faults.push(fault));
    }

    /// Loses messages of publish/subscribe from now on, each with a chance from 0 to 1. Nothing
    /// tells the listener.
    ///
    /// # Panics
    /// When the chance is none.
    pub fn lose_messages(&self, chance: f64) {
        assert!((0.0..=1.0).contains(&chance), "no chance: {chance}");
        self.shared.change(|rules| rules.message_loss = chance);
    }

    /// Ends all faults, lets bytes flow and connections in.
    pub fn heal(&self) {
        self.shared.change(|rules| {
            rules.faults.clear();
            rules.message_loss = 0.0;
        });
        self.accept_all();
        self.release();
    }

    /// Holds all bytes, both ways, as a network does that has gone silent.
    pub fn stall(&self) {
        self.shared.flows.send_replace(false);
    }

    /// Lets the bytes go on that were held.
    pub fn release(&self) {
        self.shared.flows.send_replace(true);
    }

    /// Cuts all connections; new ones are let in.
    pub fn cut(&self) {
        let mut era = self
            .shared
            .era
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        std::mem::take(&mut *era).cancel();
    }

    /// Closes every new connection at once, until [`accept_all`](Self::accept_all).
    pub fn refuse_all(&self) {
        self.shared.accepts.store(false, Ordering::Relaxed);
    }

    /// Lets new connections in again.
    pub fn accept_all(&self) {
        self.shared.accepts.store(true, Ordering::Relaxed);
    }
}

async fn accept(
    listener: TcpListener,
    redis: (String, u16),
    shared: Arc<Shared>,
    end: CancellationToken,
) {
    loop {
        let accepted = tokio::select! {
            () = end.cancelled() => break,
            accepted = listener.accept() => accepted,
        };
        let Ok((client, _)) = accepted else { continue };
        if !shared.accepts.load(Ordering::Relaxed) {
            continue;
        }
        count(&shared.tally.connections);
        let (redis, shared, end) = (redis.clone(), Arc::clone(&shared), end.clone());
        let cut = shared.era();
        tokio::spawn(async move {
            tokio::select! {
                () = end.cancelled() => {}
                () = connect(client, redis, shared, cut) => {}
            }
        });
    }
}

async fn connect(
    client: TcpStream,
    redis: (String, u16),
    shared: Arc<Shared>,
    cut: CancellationToken,
) {
    let upstream = match TcpStream::connect(&redis).await {
        Ok(upstream) => upstream,
        Err(error) => {
            debug!(%error, "redis cannot be reached through the proxy");
            return;
        }
    };
    for socket in [&client, &upstream] {
        // Without it the proxy would add delays that are not asked for.
        let _ = socket.set_nodelay(true);
    }
    let end = link::serve(client, upstream, Arc::clone(&shared), cut).await;
    match end {
        End::Harmed => count(&shared.tally.cut),
        End::Protocol(what) => warn!(what, "the proxy gave a connection up"),
        End::Closed | End::Socket(_) => {}
    }
}

/// Returns the address of a socket that listens on a free port.
fn address_of(listener: &TcpListener) -> SocketAddr {
    listener
        .local_addr()
        .expect("a bound socket has an address")
}
