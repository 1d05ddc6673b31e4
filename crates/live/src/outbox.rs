//! What one socket still has to be sent, bounded in bytes.
//!
//! Everybody who has something for the socket puts it in here and goes on; only the socket's own
//! task waits. Over the first bound the queued updates are dropped for one marker, on which the
//! task reads the difference from the history; over the second bound the socket is closed.
//!
//! Presence is not queued at all: one frame waits, and when a second one comes before it was taken,
//! both give way to the full picture at the time of taking.
//!
//! **Invariant:** results stay in the queue, in order, behind the marker that stands for the
//! updates they belong to.

use std::collections::{BTreeSet, HashSet, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use graphy_model::{Epoch, OperationId};
use graphy_protocol::close;
use graphy_telemetry::traces::OpenSpan;
use tokio::sync::Notify;

use crate::encode::Update;

/// How many commands of one socket may be without an outcome.
pub(crate) const AWAITED_MAX: usize = 10_000;

/// How a socket is closed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Closing {
    /// A close code of the protocol.
    pub code: u16,
    /// The reason, for people.
    pub reason: &'static str,
}

/// One thing to do for the socket.
#[derive(Debug)]
pub(crate) enum Item {
    /// A broadcast frame.
    Update(Arc<Update>),
    /// A frame for this socket alone.
    Text(Bytes),
    /// The same, the outcome of a traced command; the span ends when it is on its way.
    Outcome(Bytes, Box<OpenSpan>),
    /// Updates were dropped: read the difference from the history.
    Resync,
    /// The client asked for the difference from where it says it is.
    SyncFrom(Option<(Epoch, u64)>),
    /// The client asked for the digests of all buckets.
    Digests,
    /// The client asked for some buckets.
    Repair(BTreeSet<u16>),
    /// The presence that waited.
    Presence(Bytes),
    /// Presence was dropped: the full picture is wanted.
    FullPresence,
    /// Close the socket; nothing comes after it.
    Close(Closing),
}

/// How much may wait.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Bounds {
    /// Above it queued updates are dropped for a resync.
    pub(crate) updates_bytes_max: usize,
    /// Above it the socket is closed.
    pub(crate) total_bytes_max: usize,
}

/// The presence that waits.
#[derive(Debug, Default)]
enum PresenceSlot {
    /// None does.
    Empty,
    /// One frame.
    Frame(Bytes),
    /// More than one, or what is there at the beginning.
    #[default]
    Everything,
}

#[derive(Debug, Default)]
struct Queue {
    items: VecDeque<Item>,
    presence: PresenceSlot,
    bytes: usize,
    resync_pending: bool,
    closing: bool,
}

/// The outgoing queue of one socket.
#[derive(Debug)]
pub(crate) struct Outbox {
    bounds: Bounds,
    queue: Mutex<Queue>,
    ready: Notify,
    awaited: Mutex<HashSet<OperationId>>,
}

impl Outbox {
    pub(crate) fn new(bounds: Bounds) -> Self {
        Self {
            bounds,
            queue: Mutex::default(),
            ready: Notify::new(),
            awaited: Mutex::default(),
        }
    }

    /// Queues a broadcast frame, or gives the queued ones up for a resync.
    pub(crate) fn push_update(&self, update: &Arc<Update>) {
        let mut queue = self.lock();
        if queue.closing || queue.resync_pending {
            return;
        }
        if queue.bytes + update.text.len() > self.bounds.updates_bytes_max {
            queue.drop_updates();
        } else {
            queue.bytes += update.text.len();
            queue.items.push_back(Item::Update(Arc::clone(update)));
        }
        drop(queue);
        self.ready.notify_one();
    }

    /// Queues a frame for this socket alone, or closes it if too much waits.
    pub(crate) fn push_text(&self, text: Bytes) {
        self.push(text.len(), Item::Text(text));
    }

    /// Queues the outcome of a traced command.
    pub(crate) fn push_outcome(&self, text: Bytes, delivery: OpenSpan) {
        self.push(text.len(), Item::Outcome(text, Box::new(delivery)));
    }

    fn push(&self, bytes: usize, item: Item) {
        let mut queue = self.lock();
        if queue.closing {
            return;
        }
        if queue.bytes + bytes > self.bounds.total_bytes_max {
            metrics::counter!(graphy_telemetry::names::SLOW_CONSUMERS).increment(1);
            queue.close(Closing {
                code: close::SLOW_CONSUMER,
                reason: "too much waits to be read",
            });
        } else {
            queue.bytes += bytes;
            queue.items.push_back(item);
        }
        drop(queue);
        self.ready.notify_one();
    }

    /// Gives the queued updates up; the socket's task reads the difference from the history.
    pub(crate) fn mark_resync(&self) {
        let mut queue = self.lock();
        if !queue.closing && !queue.resync_pending {
            queue.drop_updates();
        }
        drop(queue);
        self.ready.notify_one();
    }

    /// Asks for the difference from where the client says it is.
    pub(crate) fn request_sync(&self, from: Option<(Epoch, u64)>) {
        self.request(
            |item| matches!(item, Item::SyncFrom(_)),
            || Item::SyncFrom(from),
        );
    }

    /// Queues a request; one of its kind at a time, the last one counts.
    fn request(&self, same: impl Fn(&Item) -> bool, make: impl FnOnce() -> Item) {
        let mut queue = self.lock();
        if !queue.closing {
            queue.items.retain(|item| !same(item));
            queue.items.push_back(make());
        }
        drop(queue);
        self.ready.notify_one();
    }

    /// Puts a frame of presence into its slot.
    pub(crate) fn push_presence(&self, frame: &Bytes) {
        let mut queue = self.lock();
        if queue.closing {
            return;
        }
        queue.presence = match queue.presence {
            PresenceSlot::Empty => PresenceSlot::Frame(frame.clone()),
            PresenceSlot::Frame(_) | PresenceSlot::Everything => PresenceSlot::Everything,
        };
        drop(queue);
        self.ready.notify_one();
    }

    /// Asks for the digests of all buckets.
    pub(crate) fn request_digests(&self) {
        self.request(|item| matches!(item, Item::Digests), || Item::Digests);
    }

    /// Asks for some buckets, along with those that were asked for and not sent yet.
    pub(crate) fn request_repair(&self, mut buckets: BTreeSet<u16>) {
        let mut queue = self.lock();
        if !queue.closing {
            queue.items.retain(|item| match item {
                Item::Repair(asked) => {
                    buckets.extend(asked);
                    false
                }
                _ => true,
            });
            queue.items.push_back(Item::Repair(buckets));
        }
        drop(queue);
        self.ready.notify_one();
    }

    /// Closes the socket now: what is queued is not sent any more.
    pub(crate) fn close_at_once(&self, closing: Closing) {
        self.lock().close(closing);
        self.ready.notify_one();
    }

    /// Closes the socket after what is queued already.
    pub(crate) fn close(&self, closing: Closing) {
        let mut queue = self.lock();
        if !queue.closing {
            queue.closing = true;
            queue.items.push_back(Item::Close(closing));
        }
        drop(queue);
        self.ready.notify_one();
    }

    /// Takes the next item without waiting.
    pub(crate) fn pop(&self) -> Option<Item> {
        let mut queue = self.lock();
        let Some(item) = queue.items.pop_front() else {
            return queue.take_presence();
        };
        match &item {
            Item::Update(update) => queue.bytes -= update.text.len(),
            Item::Text(text) | Item::Outcome(text, _) => queue.bytes -= text.len(),
            Item::Resync => queue.resync_pending = false,
            Item::SyncFrom(_)
            | Item::Digests
            | Item::Repair(_)
            | Item::Presence(_)
            | Item::FullPresence
            | Item::Close(_) => {}
        }
        Some(item)
    }

    /// Waits for the next item. Cancel-safe: an item is taken only when it is returned.
    pub(crate) async fn next(&self) -> Item {
        loop {
            if let Some(item) = self.pop() {
                return item;
            }
            self.ready.notified().await;
        }
    }

    /// Notes that the client waits for an outcome; false if it waits for too many.
    pub(crate) fn expect(&self, operation: OperationId) -> bool {
        let mut awaited = self.awaited();
        awaited.len() < AWAITED_MAX && {
            awaited.insert(operation);
            true
        }
    }

    /// Notes that an outcome went out, or that none will come.
    pub(crate) fn settle(&self, operation: OperationId) {
        self.awaited().remove(&operation);
    }

    /// Returns the commands whose outcome the client waits for.
    pub(crate) fn awaited_ids(&self) -> Vec<OperationId> {
        self.awaited().iter().copied().collect()
    }

    fn awaited(&self) -> MutexGuard<'_, HashSet<OperationId>> {
        self.awaited.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn lock(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Queue {
    fn take_presence(&mut self) -> Option<Item> {
        if self.closing {
            return None;
        }
        match std::mem::replace(&mut self.presence, PresenceSlot::Empty) {
            PresenceSlot::Empty => None,
            PresenceSlot::Frame(frame) => Some(Item::Presence(frame)),
            PresenceSlot::Everything => Some(Item::FullPresence),
        }
    }

    fn drop_updates(&mut self) {
        self.items.retain(|item| !matches!(item, Item::Update(_)));
        self.items.push_front(Item::Resync);
        self.resync_pending = true;
        self.bytes = self
            .items
            .iter()
            .map(|item| {
                if let Item::Text(text) | Item::Outcome(text, _) = item {
                    text.len()
                } else {
                    0
                }
            })
            .sum();
    }

    fn close(&mut self, closing: Closing) {
        self.items.clear();
        self.items.push_back(Item::Close(closing));
        self.bytes = 0;
        self.closing = true;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::encode::{EncodedOperation, Segment, broadcast};
    use graphy_model::Checksum;

    const BOUNDS: Bounds = Bounds {
        updates_bytes_max: 1_000,
        total_bytes_max: 2_000,
    };

    /// An outbox whose reader knows who is there.
    fn outbox() -> Outbox {
        let outbox = Outbox::new(BOUNDS);
        assert!(matches!(outbox.pop(), Some(Item::FullPresence)));
        outbox
    }

    fn update(version: u64) -> Arc<Update> {
        let text = "x".repeat(200).into();
        let operations = vec![EncodedOperation { version, text }];
        let segment = Segment {
            from: version - 1,
            to: version,
            checksum: Checksum(version),
            operations,
        };
        broadcast(&Epoch::new("e").unwrap(), vec![segment]).remove(0)
    }

    fn kinds(outbox: &Outbox) -> Vec<&'static str> {
        std::iter::from_fn(|| outbox.pop())
            .map(|item| match item {
                Item::Update(_) => "update",
                Item::Text(_) | Item::Outcome(..) => "text",
                Item::Resync => "resync",
                Item::SyncFrom(_) => "sync_from",
                Item::Digests => "digests",
                Item::Repair(_) => "repair",
                Item::Presence(_) => "presence",
                Item::FullPresence => "full presence",
                Item::Close(_) => "close",
            })
            .collect()
    }

    #[test]
    fn a_reader_who_keeps_up_gets_everything() {
        let outbox = outbox();
        outbox.push_update(&update(1));
        outbox.push_text("{}".into());
        assert_eq!(kinds(&outbox), ["update", "text"]);
    }

    #[test]
    fn too_many_updates_become_one_resync_and_results_stay_behind_it() {
        let outbox = outbox();
        for version in 1..=20 {
            outbox.push_update(&update(version));
            if version % 10 == 0 {
                outbox.push_text("{}".into());
            }
        }
        assert_eq!(kinds(&outbox), ["resync", "text", "text"]);
        outbox.push_update(&update(21));
        assert_eq!(
            kinds(&outbox),
            ["update"],
            "after the resync updates flow again"
        );
    }

    #[test]
    fn a_reader_who_takes_nothing_is_closed() {
        let outbox = outbox();
        for _ in 0..30 {
            outbox.push_text("x".repeat(100).into());
        }
        let Some(Item::Close(closing)) = outbox.pop() else {
            panic!("closed")
        };
        assert_eq!(closing.code, close::SLOW_CONSUMER);
        outbox.push_text("x".into());
        assert!(outbox.pop().is_none(), "nothing comes after the close");
    }

    #[test]
    fn closing_lets_out_what_was_queued_and_nothing_more() {
        let outbox = outbox();
        outbox.push_text("{}".into());
        outbox.close(Closing {
            code: close::GOING_AWAY,
            reason: "stop",
        });
        outbox.push_text("{}".into());
        outbox.push_update(&update(1));
        assert_eq!(kinds(&outbox), ["text", "close"]);
    }

    #[test]
    fn presence_waits_in_one_slot_and_costs_operations_nothing() {
        let outbox = outbox();
        let frame = Bytes::from("x".repeat(900));
        outbox.push_presence(&frame);
        for version in 1..=2 {
            outbox.push_update(&update(version));
        }
        assert_eq!(kinds(&outbox), ["update", "update", "presence"]);
        for _ in 0..1000 {
            outbox.push_presence(&frame);
        }
        assert_eq!(kinds(&outbox), ["full presence"]);
    }

    #[test]
    fn requests_of_a_kind_become_one() {
        let outbox = outbox();
        outbox.request_digests();
        outbox.request_repair(BTreeSet::from([1, 2]));
        outbox.request_digests();
        outbox.request_repair(BTreeSet::from([2, 63]));
        assert!(matches!(outbox.pop(), Some(Item::Digests)));
        let Some(Item::Repair(buckets)) = outbox.pop() else {
            panic!("a repair")
        };
        assert_eq!(buckets, BTreeSet::from([1, 2, 63]));
        assert!(outbox.pop().is_none());
    }

    #[test]
    fn who_is_turned_out_gets_nothing_more() {
        let outbox = outbox();
        outbox.push_update(&update(1));
        outbox.push_presence(&Bytes::from_static(b"{}"));
        outbox.close_at_once(Closing {
            code: close::FORBIDDEN,
            reason: "no",
        });
        outbox.push_update(&update(2));
        assert_eq!(kinds(&outbox), ["close"]);
    }

    #[tokio::test(start_paused = true)]
    async fn waiting_ends_when_something_comes() {
        let outbox = Arc::new(outbox());
        let waiting = tokio::spawn({
            let outbox = Arc::clone(&outbox);
            async move { matches!(outbox.next().await, Item::Text(_)) }
        });
        tokio::task::yield_now().await;
        outbox.push_text("{}".into());
        assert!(waiting.await.unwrap());
    }
}
