//! The operations against a real Redis, a real queue and real workers.

mod calls;
mod imports;
mod overview;
mod support;
