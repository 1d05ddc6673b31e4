//! One connection through the proxy: commands one way, answers and messages the other way.
//!
//! Answers come in the order of their commands, so a queue of what is to become of the next
//! answers is all that joins the two ways. Messages of publish/subscribe and the confirmations of
//! subscriptions belong to no command.
//!
//! **Invariant:** a way reads on only after what it had read was passed on, so a connection holds
//! one value and one read at most.

use std::collections::VecDeque;
use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::sync::Notify;
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

use super::Shared;
use super::fault::{Command, Harm, count};
use super::frame::{Scanner, texts};

/// How much is read at once.
const READ_BYTES: usize = 64 * 1024;
/// The largest value that is passed on; Redis' own limit is 512 MiB.
const VALUE_BYTES_MAX: usize = 64 * 1024 * 1024;
/// How many commands may wait for their answers.
const UNANSWERED_MAX: usize = 65_536;

/// Why a connection ended.
#[derive(Debug, thiserror::Error)]
pub(super) enum End {
    /// One of its ends closed it.
    #[error("closed")]
    Closed,
    /// A fault was due.
    #[error("cut by a fault")]
    Harmed,
    /// A value is too large or none at all.
    #[error("{0}")]
    Protocol(&'static str),
    /// A socket failed.
    #[error(transparent)]
    Socket(#[from] io::Error),
}

/// What becomes of an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fate {
    Passes,
    Delayed(Duration),
    Lost,
    Short(usize),
}

/// What both ways share.
struct Link {
    shared: Arc<Shared>,
    fates: Mutex<VecDeque<Fate>>,
    answered: Notify,
    listens: AtomicBool,
}

/// Passes everything on until one end closes, a fault is due, or the connection is cut.
pub(super) async fn serve(
    client: TcpStream,
    redis: TcpStream,
    shared: Arc<Shared>,
    cut: CancellationToken,
) -> End {
    let link = Link {
        shared,
        fates: Mutex::default(),
        answered: Notify::new(),
        listens: AtomicBool::new(false),
    };
    let (from_client, to_client) = client.into_split();
    let (from_redis, to_redis) = redis.into_split();
    tokio::select! {
        () = cut.cancelled() => End::Harmed,
        end = link.requests(from_client, to_redis) => end,
        end = link.answers(from_redis, to_client) => end,
    }
}

impl Link {
    async fn requests(&self, from: OwnedReadHalf, to: OwnedWriteHalf) -> End {
        let mut way = Way::new(from, to);
        loop {
            if let Err(end) = self.pass_requests(&mut way).await {
                return end;
            }
        }
    }

    async fn pass_requests(&self, way: &mut Way) -> Result<(), End> {
        way.read().await?;
        self.shared.open().await;
        while let Some(end) = way.next_value()? {
            let command = Command::new(way.value(end));
            count(&self.shared.tally.commands);
            let harm = self.shared.harm_for(&command);
            let listens = command.listens();
            match harm {
                Some(Harm::LoseRequest) => {
                    way.pass().await?;
                    count(&self.shared.tally.requests_lost);
                    return Err(End::Harmed);
                }
                Some(Harm::CutRequestShort { bytes }) => {
                    way.take(bytes.min(end - 1));
                    way.pass().await?;
                    count(&self.shared.tally.requests_lost);
                    return Err(End::Harmed);
                }
                Some(Harm::DelayRequest(delay)) => {
                    way.pass().await?;
                    count(&self.shared.tally.delayed);
                    sleep(delay).await;
                }
                Some(Harm::LoseReply | Harm::CutReplyShort { .. } | Harm::DelayReply(_)) | None => {
                }
            }
            if listens {
                self.listens.store(true, Ordering::Relaxed);
            } else {
                self.expect(harm).await;
            }
            way.take(end);
        }
        way.pass().await
    }

    /// Notes what becomes of the answer, before Redis can give it.
    async fn expect(&self, harm: Option<Harm>) {
        let fate = match harm {
            Some(Harm::LoseReply) => Fate::Lost,
            Some(Harm::CutReplyShort { bytes }) => Fate::Short(bytes),
            Some(Harm::DelayReply(delay)) => Fate::Delayed(delay),
            Some(Harm::LoseRequest | Harm::CutRequestShort { .. } | Harm::DelayRequest(_))
            | None => Fate::Passes,
        };
        loop {
            let answered = self.answered.notified();
            {
                let mut fates = self.fates();
                if fates.len() < UNANSWERED_MAX {
                    fates.push_back(fate);
                    return;
                }
            }
            answered.await;
        }
    }

    async fn answers(&self, from: OwnedReadHalf, to: OwnedWriteHalf) -> End {
        let mut way = Way::new(from, to);
        loop {
            if let Err(end) = self.pass_answers(&mut way).await {
                return end;
            }
        }
    }

    async fn pass_answers(&self, way: &mut Way) -> Result<(), End> {
        way.read().await?;
        self.shared.open().await;
        while let Some(end) = way.next_value()? {
            let fate = match self.kind_of(way.value(end)) {
                Kind::Message => {
                    count(&self.shared.tally.messages);
                    if self.shared.loses_message() {
                        count(&self.shared.tally.messages_lost);
                        way.pass().await?;
                        way.skip(end);
                        continue;
                    }
                    Fate::Passes
                }
                Kind::Confirmation => Fate::Passes,
                Kind::Answer => self.fates().pop_front().unwrap_or(Fate::Passes),
            };
            self.answered.notify_one();
            match fate {
                Fate::Passes => way.take(end),
                Fate::Delayed(delay) => {
                    way.pass().await?;
                    count(&self.shared.tally.delayed);
                    sleep(delay).await;
                    way.take(end);
                }
                Fate::Lost => {
                    way.pass().await?;
                    count(&self.shared.tally.replies_lost);
                    return Err(End::Harmed);
                }
                Fate::Short(bytes) => {
                    way.take(bytes.min(end - 1));
                    way.pass().await?;
                    count(&self.shared.tally.replies_lost);
                    return Err(End::Harmed);
                }
            }
        }
        way.pass().await
    }

    fn kind_of(&self, value: &[u8]) -> Kind {
        let pushed = value.first() == Some(&b'>');
        if !pushed && !self.listens.load(Ordering::Relaxed) {
            return Kind::Answer;
        }
        match texts(value).next() {
            Some(b"message" | b"pmessage" | b"smessage") => Kind::Message,
            Some(
                b"subscribe" | b"psubscribe" | b"ssubscribe" | b"unsubscribe" | b"punsubscribe"
                | b"sunsubscribe",
            ) => Kind::Confirmation,
            _ if pushed => Kind::Confirmation,
            _ => Kind::Answer,
        }
    }

    fn fates(&self) -> MutexGuard<'_, VecDeque<Fate>> {
        self.fates.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What a value from Redis is.
enum Kind {
    Answer,
    Message,
    /// It belongs to no command, and is not lost either.
    Confirmation,
}

/// One way: bytes that were read and not passed on yet.
struct Way {
    from: OwnedReadHalf,
    to: OwnedWriteHalf,
    buffer: Vec<u8>,
    /// Up to here everything was passed on or skipped.
    passed: usize,
    /// Up to here everything may be passed on.
    taken: usize,
    scanner: Scanner,
}

impl Way {
    fn new(from: OwnedReadHalf, to: OwnedWriteHalf) -> Self {
        Self {
            from,
            to,
            buffer: Vec::new(),
            passed: 0,
            taken: 0,
            scanner: Scanner::default(),
        }
    }

    /// Reads more behind what is there.
    async fn read(&mut self) -> Result<(), End> {
        self.buffer.drain(..self.passed);
        self.taken -= self.passed;
        self.passed = 0;
        if self.buffer.len() > VALUE_BYTES_MAX {
            return Err(End::Protocol("a value is larger than the proxy takes"));
        }
        self.buffer.shrink_to(READ_BYTES);
        self.buffer.reserve(READ_BYTES);
        match self.from.read_buf(&mut self.buffer).await? {
            0 => Err(End::Closed),
            _ => Ok(()),
        }
    }

    /// Returns the length of the next value, if it is whole.
    fn next_value(&mut self) -> Result<Option<usize>, End> {
        self.scanner
            .end_of(&self.buffer[self.taken..])
            .map_err(|_| End::Protocol("not a value of redis' protocol"))
    }

    /// Returns the next value by its length.
    fn value(&self, length: usize) -> &[u8] {
        &self.buffer[self.taken..self.taken + length]
    }

    /// Lets the next bytes pass.
    fn take(&mut self, length: usize) {
        self.taken += length;
    }

    /// Throws the next bytes away; what was taken must have been passed on before.
    fn skip(&mut self, length: usize) {
        debug_assert_eq!(
            self.passed, self.taken,
            "skipped bytes lie before unsent ones"
        );
        self.taken += length;
        self.passed = self.taken;
    }

    /// Passes on what was taken.
    async fn pass(&mut self) -> Result<(), End> {
        if self.passed < self.taken {
            self.to
                .write_all(&self.buffer[self.passed..self.taken])
                .await?;
            self.passed = self.taken;
        }
        Ok(())
    }
}
