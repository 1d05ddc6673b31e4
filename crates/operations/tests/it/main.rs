//! The operations against a real Redis, a real queue and real workers.

#![expect(clippy::unwrap_used, reason = "helpers of tests may panic too")]

mod alert_support;
mod alerts;
mod audit;
mod calls;
mod collaboration;
mod diagnostics;
mod health;
mod imports;
mod overview;
mod overview_formulas;
mod queue_actions;
mod queue_bulk;
mod queue_peers;
mod queue_refusals;
mod queue_runs;
mod queue_support;
mod queues;
mod series;
mod snapshots;
mod support;
mod system;
mod webhook_receiver;
