//! Fixtures and process harnesses for tests and benches.

pub mod histories;
