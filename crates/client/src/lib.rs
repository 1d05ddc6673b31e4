//! The client side of a live graph: one socket with resume and a pending queue, and a replica.
//!
//! [`GraphSession`] owns the socket to one graph. It says hello, reconnects with back-off, keeps
//! the commands of which the end is not known, and sends them again under the same ids until the
//! server has said how they ended. It does not hold the graph: whoever reads its events does, for
//! instance a [`Replica`] in bots, benches and the command line, or the interface's replica in a
//! desktop window.
//!
//! **Invariant:** a command that [`GraphSession::send`] took is either named to the reader with
//! its end, or still pending; it never gets lost between two sockets, and its id never changes.

pub mod console;
pub mod journal;
pub mod replica;
pub mod session;
pub mod url;

pub use console::ConsoleStream;
pub use journal::{Journal, JournalError};
pub use replica::{Reaction, Replica, Settled};
pub use session::{
    GraphSession, Received, SendError, SessionConfig, SessionEvent, SessionStatus, Timing,
    new_operation_id,
};
pub use url::{NodeUrl, NodeUrlError};
