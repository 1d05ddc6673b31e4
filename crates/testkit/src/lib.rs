//! Fixtures and process harnesses for tests and benches.

pub mod bench;
pub mod checker;
pub mod cluster;
pub mod editor;
pub mod histories;
pub mod http;
pub mod proxy;
pub mod recording;
pub mod rfc6455;
pub mod simulator;
pub mod stored;
pub mod workload;
