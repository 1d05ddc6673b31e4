//! The newest lines of this process's log, in memory, for people who look at the node from afar.
//!
//! **Invariants:** the ring holds at most [`LINES_MAX`] lines and [`BYTES_MAX`] bytes of text, and
//! no line holds what looks like a secret: each is passed through [`redact`] before it is kept.

use std::collections::{BTreeMap, VecDeque};
use std::fmt;
use std::sync::{Arc, LazyLock, Mutex, MutexGuard, PoisonError};

use tracing::field::{Field, Visit};
use tracing::{Event, Level, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::layer::Context;

use super::redact::redact;
use crate::clock::{Clock as _, SystemClock};

/// How many lines are kept.
pub const LINES_MAX: usize = 5_000;
/// How many bytes of text they may have together.
pub const BYTES_MAX: usize = 2 * 1024 * 1024;
/// How long a message may be, in bytes.
const MESSAGE_BYTES_MAX: usize = 2_000;
/// How long a field may be, in bytes.
const FIELD_BYTES_MAX: usize = 300;
/// How many fields a line may have.
const FIELDS_MAX: usize = 24;

/// One line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RingLine {
    /// Counts the lines of this process from 1.
    pub id: u64,
    /// When, in ms since the Unix epoch.
    pub at_ms: u64,
    /// How bad it is.
    pub level: Level,
    /// Which module wrote it.
    pub target: &'static str,
    /// What it says.
    pub message: String,
    /// Its fields.
    pub fields: BTreeMap<&'static str, String>,
}

impl RingLine {
    fn bytes(&self) -> usize {
        let fields = self
            .fields
            .iter()
            .map(|(name, value)| name.len() + value.len());
        self.message.len() + self.target.len() + fields.sum::<usize>() + 64
    }

    /// Says whether the line holds a text, which is given in lower case.
    #[must_use]
    pub fn contains(&self, text: &str) -> bool {
        let holds = |part: &str| part.to_lowercase().contains(text);
        holds(&self.message)
            || holds(self.target)
            || self
                .fields
                .iter()
                .any(|(name, value)| holds(name) || holds(value))
    }
}

/// The newest lines that were asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RingPage {
    /// The lines, the newest last.
    pub lines: Vec<RingLine>,
    /// The newest line there is, wanted or not; 0 if there is none.
    pub last_id: u64,
    /// When the oldest kept line was written.
    pub since_ms: Option<u64>,
}

#[derive(Default)]
struct Kept {
    lines: VecDeque<RingLine>,
    bytes: usize,
    last_id: u64,
}

/// The ring. Clones are the same ring.
#[derive(Clone, Default)]
pub struct LogRing {
    kept: Arc<Mutex<Kept>>,
}

impl LogRing {
    /// Returns the ring that [`super::install`] fills: a process has one log.
    #[must_use]
    pub fn of_process() -> Self {
        static RING: LazyLock<LogRing> = LazyLock::new(LogRing::default);
        RING.clone()
    }

    /// Returns a layer that writes into this ring.
    #[must_use]
    pub fn layer(&self) -> RingLayer {
        RingLayer { ring: self.clone() }
    }

    /// Returns the newest lines that are `wanted` and come after line `after`, at most `lines_max`.
    pub fn newest(
        &self,
        after: u64,
        lines_max: usize,
        wanted: impl Fn(&RingLine) -> bool,
    ) -> RingPage {
        let kept = self.lock();
        let newer = kept.lines.iter().rev().take_while(|line| line.id > after);
        let mut lines: Vec<RingLine> = newer
            .filter(|line| wanted(line))
            .take(lines_max)
            .cloned()
            .collect();
        lines.reverse();
        RingPage {
            lines,
            last_id: kept.last_id,
            since_ms: kept.lines.front().map(|line| line.at_ms),
        }
    }

    fn push(&self, mut line: RingLine) {
        let mut kept = self.lock();
        kept.last_id += 1;
        line.id = kept.last_id;
        kept.bytes += line.bytes();
        kept.lines.push_back(line);
        while kept.lines.len() > LINES_MAX || kept.bytes > BYTES_MAX {
            let Some(oldest) = kept.lines.pop_front() else {
                break;
            };
            kept.bytes -= oldest.bytes();
        }
    }

    fn lock(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for LogRing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LogRing")
            .field("lines", &self.lock().lines.len())
            .finish()
    }
}

/// Writes events into a [`LogRing`].
#[derive(Debug, Clone)]
pub struct RingLayer {
    ring: LogRing,
}

impl<S: Subscriber> Layer<S> for RingLayer {
    fn on_event(&self, event: &Event<'_>, _context: Context<'_, S>) {
        let mut collected = Collected::default();
        event.record(&mut collected);
        let metadata = event.metadata();
        self.ring.push(RingLine {
            id: 0,
            at_ms: SystemClock.now_ms(),
            level: *metadata.level(),
            target: metadata.target(),
            message: collected.message,
            fields: collected.fields,
        });
    }
}

#[derive(Default)]
struct Collected {
    message: String,
    fields: BTreeMap<&'static str, String>,
}

impl Collected {
    fn keep(&mut self, field: &Field, text: &str) {
        if field.name() == "message" {
            self.message = clean(text, MESSAGE_BYTES_MAX);
        } else if self.fields.len() < FIELDS_MAX {
            // The name decides too: `token = abc` is a secret though `abc` does not look like one.
            let named = format!("{}={text}", field.name());
            let cleaned = clean(&named, FIELD_BYTES_MAX);
            let value = cleaned
                .strip_prefix(field.name())
                .and_then(|rest| rest.strip_prefix('='));
            self.fields
                .insert(field.name(), value.unwrap_or(&cleaned).to_owned());
        }
    }
}

impl Visit for Collected {
    fn record_str(&mut self, field: &Field, value: &str) {
        self.keep(field, value);
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.keep(field, &format!("{value:?}"));
    }
}

/// Takes secrets and control characters out, and cuts what is too long; in this order, so that no
/// half of a secret escapes the eye.
fn clean(text: &str, bytes_max: usize) -> String {
    let mut out = String::new();
    for character in redact(text).chars() {
        if out.len() + character.len_utf8() > bytes_max {
            out.push('…');
            break;
        }
        match character {
            '\n' => out.push('\n'),
            character if super::escape::is_harmful(character) => {
                out.extend(character.escape_unicode());
            }
            character => out.push(character),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use tracing_subscriber::layer::SubscriberExt as _;

    use super::*;

    fn written(write: impl FnOnce()) -> LogRing {
        let ring = LogRing::default();
        let subscriber = tracing_subscriber::registry().with(ring.layer());
        tracing::subscriber::with_default(subscriber, write);
        ring
    }

    #[test]
    fn lines_keep_their_fields_and_lose_their_secrets() {
        let ring = written(|| {
            let error = std::io::Error::other("cannot reach redis://:hunter2@host:1");
            tracing::warn!(%error, jobs = 3, token = "abcdefgh", "used gk_0123456789abcdef_SeCrEt12");
        });
        let page = ring.newest(0, 10, |_| true);
        let line = &page.lines[0];
        assert_eq!((line.id, line.level, page.last_id), (1, Level::WARN, 1));
        assert_eq!(line.fields["jobs"], "3");
        let all = format!("{line:?}");
        for secret in ["hunter2", "SeCrEt12", "abcdefgh"] {
            assert!(!all.contains(secret), "{all}");
        }
        assert!(line.contains("cannot reach") && !line.contains("nothing of this"));
    }

    #[test]
    fn the_ring_is_bounded_by_lines_and_by_bytes() {
        let ring = written(|| {
            for number in 0..LINES_MAX + 10 {
                tracing::info!("line {number}");
            }
        });
        let page = ring.newest(0, usize::MAX, |_| true);
        assert_eq!(page.lines.len(), LINES_MAX);
        assert_eq!(page.lines[0].message, "line 10");
        let long = "x".repeat(MESSAGE_BYTES_MAX * 2);
        let ring = written(|| (0..LINES_MAX).for_each(|_| tracing::info!("{long}")));
        let page = ring.newest(0, usize::MAX, |_| true);
        let bytes: usize = page.lines.iter().map(RingLine::bytes).sum();
        assert!(
            bytes <= BYTES_MAX && bytes > BYTES_MAX - 3 * MESSAGE_BYTES_MAX,
            "{bytes}"
        );
        assert_eq!(page.last_id, LINES_MAX as u64);
    }

    #[test]
    fn only_newer_and_wanted_lines_are_given() {
        let ring = written(|| {
            tracing::info!("one");
            tracing::error!("two");
            tracing::error!("three");
        });
        let errors = |line: &RingLine| line.level <= Level::ERROR;
        let page = ring.newest(0, 1, errors);
        assert_eq!(
            page.lines.iter().map(|line| line.id).collect::<Vec<_>>(),
            [3]
        );
        assert!(ring.newest(3, 10, errors).lines.is_empty());
        assert_eq!(ring.newest(0, 10, errors).lines.len(), 2);
    }
}
