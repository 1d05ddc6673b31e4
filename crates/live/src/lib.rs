//! The live hub: who watches which graph, and what each of them is sent.
//!
//! One [`room`] per graph with open sockets follows the graph's events and keeps its position in
//! the history. A broadcast is encoded once ([`encode`]) and put into the bounded [`outbox`] of
//! each member; a member that reads too slowly loses its queue and gets the difference from the
//! history instead. A [`Session`] is one socket's side: it brings the socket to the present
//! ([`resume`]), then hands out frames in order.
//!
//! Sockets themselves are not here; an adapter asks [`Session::next`] what to send.
//!
//! **Invariant:** the versions that a session hands out have neither a gap nor a repetition, and a
//! command's result comes after the update that holds its version.

mod encode;
mod hub;
mod outbox;
mod resume;
mod room;
mod session;
mod snapshot;
mod timeline;

pub use hub::{Hub, HubSettings, OpenError, OpenRequest};
pub use outbox::Closing;
pub use session::{Outgoing, Session, SessionHandle};
pub use snapshot::{Snapshot, Snapshots};
