//! The live hub: who watches which graph, and what each of them is sent.
//!
//! One [`room`] per graph with open sockets follows the graph's events and keeps its position in
//! the history. A broadcast is encoded once ([`encode`]) and put into the bounded [`outbox`] of
//! each member; a member that reads too slowly loses its queue and gets the difference from the
//! history instead. A [`Session`] is one socket's side: it brings the socket to the present
//! ([`resume`]), then hands out frames in order; [`repair`] mends a replica that differs.
//! Besides that stream, each room tells who is in it ([`presence`]), and looks at what its members
//! may ([`room`]).
//!
//! Sockets themselves are not here; an adapter asks [`Session::next`] what to send.
//!
//! **Invariant:** the versions that a session hands out have neither a gap nor a repetition, and a
//! command's result comes after the update that holds its version. Nothing is sent to a session
//! from whose bearer the graph was taken away.

mod encode;
mod follower;
mod hub;
mod member;
mod outbox;
mod presence;
mod recovery;
mod registrar;
mod repair;
mod resume;
mod room;
mod session;
mod snapshot;
mod timeline;
mod upkeep;

pub use hub::{Hub, HubParts, HubSettings, OpenError, OpenRequest};
pub use member::Departure;
pub use outbox::Closing;
pub use session::{Outgoing, Session, SessionHandle};
pub use snapshot::{Snapshot, Snapshots};
