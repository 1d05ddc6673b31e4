//! The axum adapter: v2 API, WebSockets, console endpoints, OpenAPI, metrics and the static UI.
//!
//! [`Node`] is a whole server in one value: the `graphy` binary and the console's window both run
//! one. What a request passes on its way is in `router`; one file per noun answers it. Nothing is
//! decided here: handlers check form and rights, and hand over to `engine`, `live`, `operations`.
//!
//! This is the only crate that names `axum`.
//!
//! **Invariant:** `accepted` is answered only after the command is durable in the queue.

mod http;
mod node;
mod openapi;
mod router;
mod routes;
mod settings;
mod socket;
mod state;

pub use graphy_operations::settings::NodeRole;
pub use http::rates::{Rate, RateSettings};
pub use node::{Node, NodeError};
pub use settings::NodeSettings;
