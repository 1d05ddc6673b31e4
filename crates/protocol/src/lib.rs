//! The wire: HTTP bodies, WebSocket frames, console frames and error codes.
//!
//! Only shapes live here; what they mean is decided elsewhere. Everything is camelCase JSON, and
//! the TypeScript twins under `ui/src/generated` are made from these types.

pub mod alerts;
pub mod bucket;
pub mod collaboration;
pub mod console;
pub mod error;
pub mod frame;
pub mod http;
pub mod presence;
pub mod queues;
pub mod reports;
pub mod series;
pub mod system;
mod typescript;

pub use error::{ApiError, ErrorCode};
pub use frame::{BadFrame, ClientFrame, Hello, Landed, PartialState, ServerFrame, Sync, close};
pub use typescript::export_typescript;
