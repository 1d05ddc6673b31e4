//! A whole deployment in one thread and in virtual time: clients, server nodes, a store.
//!
//! Clients are the real [`Replica`](graphy_client::Replica), decisions are the real
//! [`execute`](graphy_model::execute()); queue, store, pub/sub and network are small models of what
//! they promise and of how they fail: messages lost, doubled and late, connections cut, nodes
//! killed and partitioned, replies lost after the effect, an epoch renewed, readers that are slow,
//! clients that are offline and start again. Everything that happens follows from one seed.
//!
//! After every step the invariants are checked; at the end everything is healed, and all copies
//! must be equal. A [`Bug`] can be planted, to see that the checks find it.

mod chaos;
mod client;
mod clients;
mod dice;
mod node;
mod nodes;
mod session;
mod store;
mod verdict;
mod wire;
mod world;

pub use verdict::{Broken, Tally};

use world::World;

/// A fault that is built in on purpose.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Bug {
    /// None.
    #[default]
    None,
    /// A node says that a command was applied as soon as it came in.
    AckBeforeApply,
    /// The store does not know operations again.
    NoDedupe,
    /// Nodes do not look whether a batch follows the last one.
    NoGapCheck,
    /// A refused command stays on its author's screen.
    NoRevert,
    /// An undo takes fields back that somebody else has written since.
    UndoForgetsOthers,
}

/// Runs the deployment of a seed to its end.
///
/// # Errors
/// The invariant that did not hold, and when.
pub fn run(seed: u64, bug: Bug) -> Result<Tally, Box<Broken>> {
    World::new(seed, bug).run()
}
