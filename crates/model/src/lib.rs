//! The domain of Graphy: ids, graphs, commands, decisions, checksums, limits and access rules.
//!
//! Everything here is pure. Time, identity and randomness come in as arguments; nothing reads a
//! clock, a socket or a file. The same code decides in the worker, replays in the hub and proves
//! the browser's replica right.
//!
//! The way of a command: [`envelope`] turns wire JSON into a [`Command`], [`limits`] bounds it,
//! [`execute()`] decides it against a [`Graph`] and yields the [`Change`]s that really happened,
//! [`record`] is the form in which entities are stored.
//!
//! **Invariant:** a [`Graph`] never holds an edge without both of its ends, a parent that is not
//! there, or a parent cycle; `execute` either keeps that or changes nothing.

pub mod access;
pub mod change;
pub mod checksum;
pub mod command;
pub mod conflict;
pub mod entity;
pub mod envelope;
pub mod execute;
pub mod graph;
pub mod ids;
pub mod json;
pub mod limits;
pub mod merge;
pub mod outcome;
pub mod patch;
pub mod policy;
pub mod progress;
pub mod recall;
pub mod record;
pub mod sharing;

pub use access::{Action, Role};
pub use change::{AppliedOperation, Change, Skipped, Target};
pub use checksum::{Checksum, EntityHash};
pub use command::{Command, CommandType};
pub use conflict::{Choice, ConflictNote, ConflictRecord, EntityKind, Resolution, ResolutionType};
pub use entity::{Edge, GraphMeta, Node, Position, Size, Viewport};
pub use envelope::Envelope;
pub use execute::{Author, Executed, execute};
pub use graph::{Graph, Undo};
pub use ids::{ClientId, ConflictId, EdgeId, Epoch, GraphId, IdError, NodeId, OperationId, UserId};
pub use limits::Limits;
pub use outcome::{Outcome, RejectCode, Rejection};
pub use patch::{EdgePatch, Field, NodePatch};
pub use policy::{Policy, Strategy};
pub use recall::{Recalled, UndoStacks};
pub use sharing::{Grantee, Grants, GraphRole};
