//! Makes what has not happened yet a zero in `/metrics`, so that it holds all that the page shows
//! from the start, and rates over the first event are right.
//!
//! Measurements of Redis, of the queues in it and of the process are not among them: until measured
//! they are unknown.

use graphy_engine::QueueKind;
use graphy_model::{CommandType, ResolutionType};
use graphy_telemetry::names::{self, label};

/// The values of [`label::STATUS`] for commands.
const STATUSES: [&str; 5] = ["success", "conflict", "rejected", "duplicate", "failed"];

/// The values of [`label::RESULT`] of each metric that has it.
const RESULTS: &[(&str, &[&str])] = &[
    (names::RECOVERIES, &["in_sync", "behind", "full", "failed"]),
    (names::DELIVERIES, &["delivered", "missed"]),
    (
        names::OPTIMISTIC_UPDATES,
        &["kept", "contested", "reverted"],
    ),
    (names::CLIENT_FRAMES, &["understood", "malformed"]),
    (names::CHECKSUM_AUDITS, &["ok", "differs"]),
];

/// Registers the series; those that have a value keep it.
pub(super) fn register() {
    for kind in CommandType::ALL {
        for status in STATUSES {
            metrics::counter!(
                names::COMMANDS_PROCESSED, label::TYPE => kind.as_str(), label::STATUS => status
            )
            .increment(0);
        }
    }
    for resolution in ResolutionType::ALL {
        metrics::counter!(names::CONFLICTS, label::RESOLUTION_TYPE => resolution.as_str())
            .increment(0);
    }
    metrics::gauge!(names::WEBSOCKET_CONNECTIONS).increment(0.0);
    for kind in QueueKind::ALL {
        let queue = kind.name();
        metrics::counter!(names::WORKER_REBUILDS, label::QUEUE_NAME => queue).increment(0);
        metrics::counter!(names::JOBS_STALLED, label::QUEUE_NAME => queue).increment(0);
    }
    metrics::counter!(names::SNAPSHOTS_MADE).increment(0);
    for mode in ["in_sync", "behind", "full"] {
        metrics::counter!(names::RESUMES, label::MODE => mode).increment(0);
    }
    for (name, results) in RESULTS {
        for result in *results {
            metrics::counter!(*name, label::RESULT => *result).increment(0);
        }
    }
    for state in ["ready", "not_ready"] {
        metrics::counter!(names::SERVICE_SECONDS, label::STATE => state).increment(0);
    }
    for name in [
        names::SLOW_CONSUMERS,
        names::SOCKET_SERVED,
        names::VISIBLE_CONFLICTS,
        names::REPLICA_REPAIRS,
    ] {
        metrics::counter!(name).increment(0);
    }
}
