//! The operations against a real Redis, a real queue and real workers.

#![expect(clippy::unwrap_used, reason = "helpers of tests may panic too")]

mod alerts;
mod calls;
mod collaboration;
mod health;
mod imports;
mod overview;
mod overview_formulas;
mod series;
mod snapshots;
mod support;
