//! The ways in which a run can be wrong.

use graphy_model::{Checksum, ClientId, Epoch, GraphId, OperationId, Outcome};

/// One rule that a run broke.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum Violation {
    /// The history does not count on.
    #[error("graph {graph}: the history has version {found} where {expected} should be")]
    VersionGap {
        /// Where.
        graph: GraphId,
        /// The version that should be there.
        expected: u64,
        /// The version that is.
        found: u64,
    },
    /// The history does not end at the stored version.
    #[error("graph {graph}: the history ends at {history}, the stored version is {stored}")]
    WrongEnd {
        /// Where.
        graph: GraphId,
        /// The last version of the history.
        history: u64,
        /// The stored version.
        stored: u64,
    },
    /// The history holds a command that nobody sent.
    #[error("graph {graph}: version {version} is of {operation}, which nobody sent as that")]
    Ghost {
        /// Where.
        graph: GraphId,
        /// Which entry.
        version: u64,
        /// Which command it names.
        operation: OperationId,
    },
    /// A command had its effect twice.
    #[error("graph {graph}: {operation} happened as version {first} and again as {second}")]
    Twice {
        /// Where.
        graph: GraphId,
        /// Which command.
        operation: OperationId,
        /// The first time.
        first: u64,
        /// The second time.
        second: u64,
    },
    /// A command was accepted and has no outcome.
    #[error("graph {graph}: {operation} was accepted and has no outcome")]
    Lost {
        /// Where.
        graph: GraphId,
        /// Which command.
        operation: OperationId,
    },
    /// A client was told another end than the recorded one.
    #[error("{operation}: a client was told {told:?}, recorded is {recorded:?}")]
    ToldOtherwise {
        /// Which command.
        operation: OperationId,
        /// What the client was told.
        told: Outcome,
        /// What is recorded.
        recorded: Option<Outcome>,
    },
    /// An outcome and the history do not agree.
    #[error("graph {graph}: {operation} is recorded as {outcome:?}, its version is {made:?}")]
    NotBorneOut {
        /// Where.
        graph: GraphId,
        /// Which command.
        operation: OperationId,
        /// Its recorded outcome.
        outcome: Option<Outcome>,
        /// The version of its entry in the history.
        made: Option<u64>,
    },
    /// A command was refused that could not be, or for a reason that the run does not allow.
    #[error("graph {graph}: {operation} must not end as {outcome:?}")]
    NotAllowed {
        /// Where.
        graph: GraphId,
        /// Which command.
        operation: OperationId,
        /// How it ended.
        outcome: Outcome,
    },
    /// Two commands of one client happened in another order than they were sent in.
    #[error(
        "graph {graph}: client {client} sent {later} after version {earlier_version}, it is {later_version}"
    )]
    Reordered {
        /// Where.
        graph: GraphId,
        /// Whose commands.
        client: ClientId,
        /// The command that was sent later.
        later: OperationId,
        /// The version of the one before it.
        earlier_version: u64,
        /// Its own version.
        later_version: u64,
    },
    /// A command happened before something that was over when it was sent.
    #[error(
        "graph {graph}: {operation} is version {version}, but {known} was known before it was sent"
    )]
    BackInTime {
        /// Where.
        graph: GraphId,
        /// Which command.
        operation: OperationId,
        /// Its version.
        version: u64,
        /// The version that was known.
        known: u64,
    },
    /// The model does something else than the history says.
    #[error("graph {graph}: deciding {operation} again at version {version} gives {detail}")]
    WrongEffect {
        /// Where.
        graph: GraphId,
        /// The version.
        version: u64,
        /// Which command.
        operation: OperationId,
        /// What the model does.
        detail: String,
    },
    /// The history replayed is not what is stored.
    #[error("graph {graph}: the history replayed differs from the stored state in {detail}")]
    WrongState {
        /// Where.
        graph: GraphId,
        /// What differs.
        detail: String,
    },
    /// The checksums differ.
    #[error(
        "graph {graph}: checksum {stored} is stored, {computed} is that of its texts, {replayed} of its history"
    )]
    WrongChecksum {
        /// Where.
        graph: GraphId,
        /// The stored one.
        stored: Checksum,
        /// That of the stored texts.
        computed: Checksum,
        /// That of the replayed history.
        replayed: Checksum,
    },
    /// The recording is none: its clock went back.
    #[error("event {place} was noted before the one that it follows")]
    ClockWentBack {
        /// Which event.
        place: usize,
    },
    /// A subscriber was given something that does not follow what it was given before.
    #[error(
        "graph {graph}: {subscriber} stood at {stood_at:?} and was given what follows {from_version}"
    )]
    DeliveryGap {
        /// Where.
        graph: GraphId,
        /// Who.
        subscriber: ClientId,
        /// Where the subscriber stood; nowhere, if it had been given nothing.
        stood_at: Option<u64>,
        /// Before which versions the delivery begins.
        from_version: u64,
    },
    /// A subscriber was given another operation as a version than the history has.
    #[error(
        "graph {graph}: {subscriber} was given {given} as version {version}, that is {recorded:?}"
    )]
    WrongDelivery {
        /// Where.
        graph: GraphId,
        /// Who.
        subscriber: ClientId,
        /// Which version.
        version: u64,
        /// What was given.
        given: OperationId,
        /// What the history has.
        recorded: Option<OperationId>,
    },
    /// Somebody holds something else than the model holds at that version.
    #[error(
        "graph {graph}: {who} holds {held} at version {version}, by the history it is {recorded:?}"
    )]
    WrongCopy {
        /// Where.
        graph: GraphId,
        /// Who.
        who: ClientId,
        /// Which version.
        version: u64,
        /// The checksum that was computed from what is held.
        held: Checksum,
        /// That of the history; none if it has no such version.
        recorded: Option<Checksum>,
    },
    /// Somebody was shown the past after the present.
    #[error("graph {graph}: {who} was at version {before} and was shown version {after}")]
    WentBack {
        /// Where.
        graph: GraphId,
        /// Who.
        who: ClientId,
        /// What was seen first.
        before: u64,
        /// What was seen then.
        after: u64,
    },
    /// Somebody was shown a life of a graph that is not the stored one.
    #[error("graph {graph}: {who} was shown the life {epoch}")]
    ForeignEpoch {
        /// Where.
        graph: GraphId,
        /// Who.
        who: ClientId,
        /// Which life.
        epoch: Epoch,
    },
    /// An author was told the end of a command before it had the version that the command made.
    #[error(
        "graph {graph}: the end of {operation} at version {version} was told at version {stood_at}"
    )]
    ToldEarly {
        /// Where.
        graph: GraphId,
        /// Which command.
        operation: OperationId,
        /// Its version.
        version: u64,
        /// Where its author stood.
        stood_at: u64,
    },
    /// A reading shows less than was known when it was asked for.
    #[error(
        "graph {graph}: {reader} read version {version}, but {known} was known before it asked"
    )]
    StaleRead {
        /// Where.
        graph: GraphId,
        /// Who.
        reader: ClientId,
        /// What was read.
        version: u64,
        /// What was known.
        known: u64,
    },
    /// An answer to a question that nobody asked, or that was answered already.
    #[error("{reader} read what it had not asked for")]
    UnaskedRead {
        /// Who.
        reader: ClientId,
    },
    /// A job is done, but a command of it has no outcome.
    #[error("job {job} is done, but its {operation} has no outcome")]
    JobWithoutOutcome {
        /// Which job.
        job: String,
        /// Which command.
        operation: OperationId,
    },
    /// A job holds a command that nobody sent.
    #[error("job {job} holds {operation}, which nobody sent")]
    GhostInJob {
        /// Which job.
        job: String,
        /// Which command.
        operation: OperationId,
    },
}
