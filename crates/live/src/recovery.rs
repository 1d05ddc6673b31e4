//! Counts how clients come back after they had lost their socket.

use std::time::Duration;

use graphy_telemetry::names::{self, label};

use crate::hub::OpenRequest;
use crate::resume::SyncMode;

/// Who was away for longer is taken to have left: nobody waited for that socket. The same time for
/// which presence shows a lost person as away.
const AWAY_MAX: Duration = Duration::from_secs(300);

/// A client that may be coming back.
pub(crate) struct Returning {
    /// Whether it holds a state that it hopes to go on from.
    holds_state: bool,
    away: Option<Duration>,
}

impl Returning {
    pub(crate) fn of(request: &OpenRequest) -> Self {
        Self {
            holds_state: request.from.is_some(),
            away: request.away.filter(|away| *away <= AWAY_MAX),
        }
    }

    /// Counts a client that is served again.
    pub(crate) fn came(&self, mode: SyncMode) {
        if let Some(away) = self.away {
            metrics::histogram!(names::SOCKET_AWAY).record(away.as_secs_f64());
        }
        self.count(mode.as_str());
    }

    /// Counts a client that could not be served although it should have been.
    pub(crate) fn failed(&self) {
        self.count("failed");
    }

    fn count(&self, result: &'static str) {
        if self.holds_state {
            metrics::counter!(names::RECOVERIES, label::RESULT => result).increment(1);
        }
    }
}
