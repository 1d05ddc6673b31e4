//! The arguments of `graphy queues`.

use clap::{Args, Subcommand, ValueEnum};
use graphy_protocol::queues::{BulkAction, JobState};

use super::values::{Concurrency, QueueText, Rate};

/// The command's arguments.
#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true)]
pub(crate) struct QueuesArguments {
    #[command(subcommand)]
    pub(super) action: Option<Action>,
}

#[derive(Debug, Subcommand)]
pub(super) enum Action {
    /// List all queues, those in trouble first (the default)
    List,
    /// Show one queue with its workers
    Show {
        /// The queue, as NAME or PREFIX:NAME
        queue: QueueText,
    },
    /// List jobs of a state
    Jobs(JobsArguments),
    /// Show one job with its attempts and its life
    Job(JobName),
    /// Run a failed job anew
    Retry(JobName),
    /// Run a delayed job now
    Promote(JobName),
    /// Remove a job that is not at a worker
    Remove(JobName),
    /// Run a failed job anew with other data
    Edit {
        #[command(flatten)]
        job: JobName,
        /// The new data, as JSON
        data: String,
    },
    /// Do one thing to many jobs, after a look at what it would do
    Bulk(BulkArguments),
    /// List the bulk actions that go on, and those that can be taken back
    Runs,
    /// Say how far a bulk action is
    Status {
        /// Which run
        run: String,
    },
    /// Stop a bulk action
    Stop {
        /// Which run
        run: String,
    },
    /// Put back what a bulk action removed
    Undo {
        /// Which run
        run: String,
    },
    /// Let no more jobs start
    Pause {
        /// The queue, as NAME or PREFIX:NAME
        queue: QueueText,
    },
    /// Let jobs start again
    Resume {
        /// The queue, as NAME or PREFIX:NAME
        queue: QueueText,
    },
    /// Limit how many jobs run at once and how many start in a time, over all workers
    Limit(Limits),
    /// List, repair and remove schedulers
    Schedulers {
        /// The queue, as NAME or PREFIX:NAME
        queue: QueueText,
        #[command(subcommand)]
        action: Option<OnScheduler>,
    },
    /// List failed jobs in groups of those that failed alike
    DeadLetters {
        /// Only those of this queue, as NAME or PREFIX:NAME
        queue: Option<QueueText>,
    },
    /// Add a job
    Add(AddArguments),
}

#[derive(Debug, Subcommand)]
pub(super) enum OnScheduler {
    /// Make the job of its next run anew
    Repair {
        /// Which scheduler
        scheduler: String,
    },
    /// Remove it with the job of its next run
    Remove {
        /// Which scheduler
        scheduler: String,
    },
}

#[derive(Debug, Args)]
pub(super) struct JobName {
    /// The queue, as NAME or PREFIX:NAME
    pub(super) queue: QueueText,
    /// The job's id
    pub(super) job_id: String,
}

#[derive(Debug, Default, Clone, Args)]
pub(super) struct Filter {
    /// Only jobs whose id, name or data contain this text
    #[arg(long, value_name = "TEXT")]
    pub(super) text: Option<String>,
    /// Only jobs of this name
    #[arg(long, value_name = "NAME")]
    pub(super) name: Option<String>,
    /// Only failed jobs of this group of dead letters
    #[arg(long, value_name = "FINGERPRINT")]
    pub(super) fingerprint: Option<String>,
}

#[derive(Debug, Args)]
pub(super) struct JobsArguments {
    /// The queue, as NAME or PREFIX:NAME
    pub(super) queue: QueueText,
    /// Which state
    #[arg(long, value_enum, default_value_t = State::Waiting)]
    pub(super) state: State,
    #[command(flatten)]
    pub(super) filter: Filter,
    /// Where to go on, from the list before
    #[arg(long, value_name = "PLACE")]
    pub(super) offset: Option<u64>,
    /// How many at most
    #[arg(long, short = 'n', default_value_t = 50, value_name = "COUNT")]
    pub(super) limit: u32,
}

#[derive(Debug, Args)]
pub(super) struct AddArguments {
    /// The queue, as NAME or PREFIX:NAME
    pub(super) queue: QueueText,
    /// The job's name
    pub(super) name: String,
    /// Its data, as JSON
    pub(super) data: String,
    /// When it is due, in milliseconds from now
    #[arg(long, value_name = "MS")]
    pub(super) delay_ms: Option<u64>,
    /// Its priority; 1 is the first
    #[arg(long, value_name = "NUMBER")]
    pub(super) priority: Option<u32>,
    /// How often it may be tried
    #[arg(long, value_name = "COUNT")]
    pub(super) attempts: Option<u32>,
}

#[derive(Debug, Args)]
pub(super) struct BulkArguments {
    /// What to do
    #[arg(value_enum)]
    pub(super) action: What,
    /// The queue, as NAME or PREFIX:NAME
    pub(super) queue: QueueText,
    /// To jobs in which state
    #[arg(long, value_enum)]
    pub(super) state: State,
    #[command(flatten)]
    pub(super) filter: Filter,
    /// Do not ask
    #[arg(long, short, conflicts_with = "dry_run")]
    pub(super) yes: bool,
    /// Only say what it would do
    #[arg(long)]
    pub(super) dry_run: bool,
}

#[derive(Debug, Args)]
pub(super) struct Limits {
    /// The queue, as NAME or PREFIX:NAME
    pub(super) queue: QueueText,
    /// The most jobs at once: a number, or none
    #[arg(long, value_name = "N|none")]
    pub(super) concurrency: Option<Concurrency>,
    /// How many jobs start in how many milliseconds, or none
    #[arg(long, value_name = "MAX/MS|none")]
    pub(super) rate: Option<Rate>,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
pub(super) enum What {
    Retry,
    Promote,
    Remove,
}

impl From<What> for BulkAction {
    fn from(what: What) -> Self {
        match what {
            What::Retry => Self::Retry,
            What::Promote => Self::Promote,
            What::Remove => Self::Remove,
        }
    }
}

#[derive(Debug, Clone, Copy, ValueEnum)]
pub(super) enum State {
    Waiting,
    Active,
    Delayed,
    Prioritized,
    WaitingChildren,
    Completed,
    Failed,
}

impl From<State> for JobState {
    fn from(state: State) -> Self {
        match state {
            State::Waiting => Self::Waiting,
            State::Active => Self::Active,
            State::Delayed => Self::Delayed,
            State::Prioritized => Self::Prioritized,
            State::WaitingChildren => Self::WaitingChildren,
            State::Completed => Self::Completed,
            State::Failed => Self::Failed,
        }
    }
}
