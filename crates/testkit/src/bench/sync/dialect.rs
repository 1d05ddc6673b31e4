//! What the driver needs to know of a system's protocol, without sockets.

use std::cell::RefCell;
use std::collections::{HashMap, VecDeque};
use std::rc::Rc;

use super::load::Move;

/// How many parsed frames are kept; the copies of one frame arrive close together.
const KEPT_FRAMES: usize = 512;

/// What comes of an event.
#[derive(Debug, Default)]
pub(super) struct Effects {
    /// Messages to send, in order.
    pub(super) send: Vec<Vec<u8>>,
    /// Moves that the client now holds.
    pub(super) moves: Vec<Move>,
    /// The `x` of own moves that are known to be taken.
    pub(super) acked: Vec<u32>,
    /// The client is up to date and may go on.
    pub(super) ready: bool,
}

/// One client's side of a protocol.
pub(super) trait Dialect {
    /// Returns the path of the WebSocket.
    fn path(&self) -> String;

    /// Says whether messages are binary.
    fn binary(&self) -> bool;

    /// Says hello on a new connection, the first one or a later one.
    fn opened(&mut self, effects: &mut Effects);

    /// Takes a message in.
    fn received(&mut self, payload: &[u8], effects: &mut Effects) -> anyhow::Result<()>;

    /// Sends a move, now or as soon as the protocol allows it.
    fn submit(&mut self, it: Move, effects: &mut Effects);

    /// Notes that the connection is gone.
    fn closed(&mut self);
}

/// Parsed frames by their content: a broadcast is parsed once, not once per client.
pub(super) struct Shared<T> {
    frames: Rc<RefCell<Frames<T>>>,
}

struct Frames<T> {
    known: HashMap<u64, Rc<T>>,
    order: VecDeque<u64>,
}

impl<T> Clone for Shared<T> {
    fn clone(&self) -> Self {
        Self {
            frames: Rc::clone(&self.frames),
        }
    }
}

impl<T> Shared<T> {
    pub(super) fn new() -> Self {
        let frames = Frames {
            known: HashMap::new(),
            order: VecDeque::new(),
        };
        Self {
            frames: Rc::new(RefCell::new(frames)),
        }
    }

    /// Returns what a frame says, parsing it unless somebody else just did.
    pub(super) fn parse(
        &self,
        payload: &[u8],
        parse: impl FnOnce(&[u8]) -> anyhow::Result<T>,
    ) -> anyhow::Result<Rc<T>> {
        let hash = xxhash_rust::xxh3::xxh3_64(payload);
        if let Some(known) = self.frames.borrow().known.get(&hash) {
            return Ok(Rc::clone(known));
        }
        let parsed = Rc::new(parse(payload)?);
        let mut frames = self.frames.borrow_mut();
        frames.known.insert(hash, Rc::clone(&parsed));
        frames.order.push_back(hash);
        if frames.order.len() > KEPT_FRAMES
            && let Some(oldest) = frames.order.pop_front()
        {
            frames.known.remove(&oldest);
        }
        Ok(parsed)
    }
}
