//! What a run found.

/// An invariant that did not hold.
#[derive(Debug, Clone, thiserror::Error)]
#[error("seed {seed}: {what} (step {step}, {at_ms} ms)")]
pub struct Broken {
    /// The seed of the run.
    pub seed: u64,
    /// Which invariant, and how it was broken.
    pub what: String,
    /// How many events had happened.
    pub step: u64,
    /// The virtual time.
    pub at_ms: u64,
}

/// What happened in a run; a suite of runs in which little happened proves little.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Tally {
    /// Commands that clients made.
    pub commands: u64,
    /// Versions that the store made.
    pub versions: u64,
    /// Commands that were refused.
    pub rejected: u64,
    /// Undos and redos that happened.
    pub undone: u64,
    /// Operations that were sent again after they had landed.
    pub duplicates: u64,
    /// Connections that were cut.
    pub cuts: u64,
    /// Nodes that were killed.
    pub kills: u64,
    /// News that got lost.
    pub lost_news: u64,
    /// Replies of the store that got lost after the effect.
    pub lost_replies: u64,
    /// Clients that were started again with unsent or unanswered commands.
    pub restarts: u64,
    /// Epochs that were renewed.
    pub epochs: u64,
    /// Slow readers that were given a sync in place of a queue.
    pub resyncs: u64,
    /// Full states that clients took.
    pub full_syncs: u64,
}

impl Tally {
    /// Adds another run.
    pub fn add(&mut self, other: Self) {
        self.commands += other.commands;
        self.versions += other.versions;
        self.rejected += other.rejected;
        self.undone += other.undone;
        self.duplicates += other.duplicates;
        self.cuts += other.cuts;
        self.kills += other.kills;
        self.lost_news += other.lost_news;
        self.lost_replies += other.lost_replies;
        self.restarts += other.restarts;
        self.epochs += other.epochs;
        self.resyncs += other.resyncs;
        self.full_syncs += other.full_syncs;
    }
}
