//! Who is in a graph: the latest of each session, merged over all nodes, told once per tick.
//!
//! Nothing of it is ever stored. A [`board`] holds the latest of everybody; a task per room
//! ([`teller`]) tells its members and the other nodes what changed, never more often than once
//! per tick and the less often the more it costs.

pub(crate) mod board;
pub(crate) mod teller;
mod wire;
