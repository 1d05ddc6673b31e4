//! RFC 6455 as a list of cases for a real server, on raw TCP.
//!
//! No WebSocket library takes part on this side, but for the hash in the answer to a handshake:
//! [`Frame`] builds frames, broken ones too, [`Wire`] reads what comes back and says when the server
//! itself breaks a rule, a [`Case`] is what is done and which answers are right, and [`play`] does
//! it. [`all`] is the whole list.

mod case;
mod cases;
mod frame;
mod opening;
mod player;
mod setting;
mod wire;

pub use case::{Answer, Case, Start, Step, Then};
pub use cases::{all, normal};
pub use frame::{Frame, LengthForm, Opcode};
pub use player::play;
pub use setting::{Command, Setting};
pub use wire::{Head, Heard, Wire};
