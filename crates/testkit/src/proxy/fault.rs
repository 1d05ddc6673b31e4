//! What a proxy can be told to do to commands, and what it has done.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use super::frame::texts;

/// A command on its way to Redis.
#[derive(Debug, Clone, Copy)]
pub struct Command<'a> {
    bytes: &'a [u8],
}

impl<'a> Command<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Self { bytes }
    }

    /// Says whether this is the command of a name.
    #[must_use]
    pub fn is(&self, name: &str) -> bool {
        let mut texts = texts(self.bytes);
        texts
            .next()
            .is_some_and(|found| found.eq_ignore_ascii_case(name.as_bytes()))
    }

    /// Returns what follows the name.
    pub fn arguments(&self) -> impl Iterator<Item = &'a [u8]> + use<'a> {
        texts(self.bytes).skip(1)
    }

    /// Says whether this calls a script.
    #[must_use]
    pub fn is_script(&self) -> bool {
        self.is("EVALSHA") || self.is("EVAL")
    }

    /// Says whether this is the script that writes a decided batch to a graph.
    #[must_use]
    pub fn is_apply(&self) -> bool {
        // Nothing else touches the list of applied operations together with their times.
        self.is_script() && self.keys().any(|key| key.ends_with(b":applied:times"))
    }

    /// Says whether this is a script of the queue library.
    #[must_use]
    pub fn is_of_queue(&self) -> bool {
        self.is_script() && self.keys().any(|key| key.starts_with(b"bull:"))
    }

    /// Returns the keys of a script.
    fn keys(&self) -> impl Iterator<Item = &'a [u8]> + use<'a> {
        let mut rest = self.arguments().skip(1);
        let count = rest.next().and_then(|digits| {
            let digits = std::str::from_utf8(digits).ok()?;
            digits.parse().ok()
        });
        rest.take(count.unwrap_or(0))
    }

    pub(super) fn listens(&self) -> bool {
        [
            "SUBSCRIBE",
            "PSUBSCRIBE",
            "SSUBSCRIBE",
            "UNSUBSCRIBE",
            "PUNSUBSCRIBE",
            "SUNSUBSCRIBE",
        ]
        .iter()
        .any(|name| self.is(name))
    }
}

/// Chooses commands.
pub type Choice = Arc<dyn Fn(&Command<'_>) -> bool + Send + Sync>;

/// What is done to a command.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Harm {
    /// Redis never gets it; the connection is cut.
    LoseRequest,
    /// Redis gets its first bytes; the connection is cut.
    CutRequestShort {
        /// How many.
        bytes: usize,
    },
    /// Redis carries it out; the connection is cut instead of the answer.
    LoseReply,
    /// Redis carries it out; the connection is cut in the middle of the answer.
    CutReplyShort {
        /// How many bytes of the answer arrive.
        bytes: usize,
    },
    /// It reaches Redis late, and so does what follows it on the connection.
    DelayRequest(Duration),
    /// Its answer comes late, and so does what follows it on the connection.
    DelayReply(Duration),
}

/// Harm for chosen commands.
#[derive(Clone)]
pub struct Fault {
    /// Which commands.
    pub choice: Choice,
    /// What is done to them.
    pub harm: Harm,
    /// How likely each of them is harmed, from 0 to 1.
    pub chance: f64,
    /// How many are harmed at most.
    pub times: u64,
}

impl Fault {
    /// Harms the next command that is chosen.
    pub fn once(harm: Harm, choice: impl Fn(&Command<'_>) -> bool + Send + Sync + 'static) -> Self {
        Self {
            choice: Arc::new(choice),
            harm,
            chance: 1.0,
            times: 1,
        }
    }

    /// Harms some of those that are chosen.
    pub fn sometimes(
        harm: Harm,
        chance: f64,
        choice: impl Fn(&Command<'_>) -> bool + Send + Sync + 'static,
    ) -> Self {
        Self {
            choice: Arc::new(choice),
            harm,
            chance,
            times: u64::MAX,
        }
    }
}

impl fmt::Debug for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Fault")
            .field("harm", &self.harm)
            .field("chance", &self.chance)
            .field("times", &self.times)
            .finish_non_exhaustive()
    }
}

/// What a proxy has seen and done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counts {
    /// Connections that were accepted.
    pub connections: u64,
    /// Commands that came.
    pub commands: u64,
    /// Messages of publish/subscribe that came.
    pub messages: u64,
    /// Commands that Redis never got, or not whole.
    pub requests_lost: u64,
    /// Answers that were not passed on, or not whole.
    pub replies_lost: u64,
    /// Commands and answers that were delayed.
    pub delayed: u64,
    /// Messages that were not passed on.
    pub messages_lost: u64,
    /// Connections that were cut, for whatever reason.
    pub cut: u64,
}

macro_rules! tally {
    ($($field:ident),*) => {
        /// The counts as they are written.
        #[derive(Debug, Default)]
        pub(super) struct Tally {
            $(pub(super) $field: AtomicU64,)*
        }

        impl Tally {
            pub(super) fn read(&self) -> Counts {
                Counts { $($field: self.$field.load(Ordering::Relaxed),)* }
            }
        }

        impl std::ops::Add for Counts {
            type Output = Self;

            fn add(self, other: Self) -> Self {
                Self { $($field: self.$field + other.$field,)* }
            }
        }
    };
}

tally!(
    connections,
    commands,
    messages,
    requests_lost,
    replies_lost,
    delayed,
    messages_lost,
    cut
);

/// Counts one.
pub(super) fn count(counter: &AtomicU64) {
    counter.fetch_add(1, Ordering::Relaxed);
}
