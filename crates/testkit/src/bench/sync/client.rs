//! One client: a socket, a dialect, and a line on which it is told what to do.

use std::cell::RefCell;
use std::net::{Ipv4Addr, SocketAddr};
use std::rc::Rc;
use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use tokio::sync::mpsc::UnboundedReceiver;

use super::dialect::{Dialect, Effects};
use super::driver::State;
use super::load::{Load, record};
use super::wire::{Door, Kind, Socket, WHOLE};

/// What a slow reader reads at a time, in bytes, and how often: 10 KB/s.
const SLOW_BYTES: usize = 1000;
const SLOW_EVERY: Duration = Duration::from_millis(100);
/// The kernel's buffer of a slow reader, in bytes.
const SLOW_BUFFER: u32 = 8 * 1024;
/// How long a slow reader that was sent away stays away.
const SLOW_RETURN: Duration = Duration::from_secs(1);

/// What a client does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Role {
    /// Moves nodes.
    Editor,
    /// Looks on.
    Watcher,
    /// Comes when all is over, to see what the system tells a newcomer.
    Newcomer,
    /// Reads 10 KB a second; whatever becomes of it counts for nobody.
    SlowReader,
}

/// What an editor is told to do.
#[derive(Debug, Clone, Copy)]
pub(super) enum Order {
    /// Make the move of this number; it is due now.
    Move(u32),
    /// Lose the connection and come back.
    Reconnect,
}

/// Why a connection ended.
enum End {
    /// The client was told to lose it.
    Told,
    /// The other end closed it.
    Closed,
}

pub(super) struct Client {
    pub(super) number: usize,
    pub(super) role: Role,
    pub(super) server: SocketAddr,
    pub(super) from: Ipv4Addr,
    pub(super) dialect: Box<dyn Dialect>,
    pub(super) state: Rc<RefCell<State>>,
}

impl Client {
    /// Runs until the measurement is over; a fault ends the measurement.
    pub(super) async fn run(mut self, mut orders: UnboundedReceiver<Order>) {
        if self.role == Role::SlowReader {
            loop {
                let _ = self.connected(&mut orders, None).await;
                self.dialect.closed();
                self.state.borrow_mut().slow_reader_closed += 1;
                tokio::time::sleep(SLOW_RETURN).await;
            }
        }
        let mut lost_at = None;
        loop {
            let ended = self.connected(&mut orders, lost_at).await;
            let ended = ended.with_context(|| format!("client {}", self.number));
            match ended {
                Ok(End::Told) => {}
                Ok(End::Closed) => return self.fail(anyhow::anyhow!("a client was sent away")),
                Err(error) => return self.fail(error),
            }
            self.dialect.closed();
            lost_at = Some(Instant::now());
        }
    }

    fn fail(&self, error: anyhow::Error) {
        self.state.borrow_mut().fault.get_or_insert(error);
    }

    async fn connected(
        &mut self,
        orders: &mut UnboundedReceiver<Order>,
        mut lost_at: Option<Instant>,
    ) -> anyhow::Result<End> {
        let slow = self.role == Role::SlowReader;
        let door = Door {
            server: self.server,
            from: self.from,
            path: &self.dialect.path(),
            receive_buffer: slow.then_some(SLOW_BUFFER),
        };
        let mut socket = Socket::open(door).await?;
        let mut effects = Effects::default();
        self.dialect.opened(&mut effects);
        self.settle(&mut socket, &mut effects, &mut lost_at).await?;
        let bytes = if slow { SLOW_BYTES } else { WHOLE };
        let mut listening = true;
        loop {
            tokio::select! {
                read = socket.read(bytes) => {
                    if !matches!(read, Ok(1..)) || !self.take(&mut socket, &mut effects).await? {
                        return Ok(End::Closed);
                    }
                    if slow {
                        tokio::time::sleep(SLOW_EVERY).await;
                    }
                }
                order = orders.recv(), if listening => match order {
                    Some(Order::Move(number)) => self.make(number, &mut effects),
                    Some(Order::Reconnect) => return Ok(End::Told),
                    None => listening = false,
                },
            }
            self.settle(&mut socket, &mut effects, &mut lost_at).await?;
        }
    }

    /// Takes in what was read; false if the other end closes.
    async fn take(&mut self, socket: &mut Socket, effects: &mut Effects) -> anyhow::Result<bool> {
        while let Some(frame) = socket.next()? {
            match frame.kind {
                Kind::Message => self.dialect.received(socket.payload(frame), effects)?,
                Kind::Ping => {
                    let payload = socket.payload(frame).to_vec();
                    socket.pong(&payload).await?;
                }
                Kind::Close => {
                    let reason = String::from_utf8_lossy(socket.payload(frame)).into_owned();
                    if self.role == Role::SlowReader {
                        return Ok(false);
                    }
                    bail!("the server closes: {reason:?}");
                }
                Kind::Other => {}
            }
        }
        Ok(true)
    }

    fn make(&mut self, number: u32, effects: &mut Effects) {
        if let Some(tally) = &mut self.state.borrow_mut().tally {
            tally.sent(self.number, number, Instant::now());
        }
        self.dialect.submit(Load::of(self.number, number), effects);
    }

    /// Notes what happened and sends what has to be sent.
    async fn settle(
        &mut self,
        socket: &mut Socket,
        effects: &mut Effects,
        lost_at: &mut Option<Instant>,
    ) -> anyhow::Result<()> {
        if self.role == Role::SlowReader {
            effects.moves.clear();
            effects.acked.clear();
            effects.ready = false;
        }
        let at = Instant::now();
        {
            let state = &mut *self.state.borrow_mut();
            let own = (self.role == Role::Editor).then_some(self.number);
            for it in effects.moves.drain(..) {
                if self.role == Role::Newcomer {
                    state.replicas[self.number].hold(it);
                } else if let Some(tally) = &mut state.tally {
                    tally.delivered(&mut state.replicas[self.number], own, at, it);
                }
            }
            for x in effects.acked.drain(..) {
                if let Some(tally) = &mut state.tally {
                    tally.acked(self.number, x, at);
                }
            }
            if std::mem::take(&mut effects.ready) {
                match (lost_at.take(), &mut state.tally) {
                    (Some(lost), Some(tally)) => record(&mut tally.resume, lost, at),
                    _ => state.ready += 1,
                }
            }
        }
        for message in effects.send.drain(..) {
            socket.send(&message, self.dialect.binary()).await?;
        }
        Ok(())
    }
}
