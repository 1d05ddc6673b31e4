//! Which bulk actions somebody may still want to stop or to take back.

use graphy_protocol::queues::{BulkRun, BulkState};
use graphy_protocol::{ApiError, ErrorCode};

use super::fault;
use crate::queues::Queues;

impl Queues {
    /// Lists the runs that go on and those that can be taken back, the newest first.
    pub(crate) async fn runs(&self) -> Result<Vec<BulkRun>, ApiError> {
        let mut runs = Vec::new();
        for run_id in self.reader().listed_runs().await.map_err(fault)? {
            match self.run_status(&run_id).await {
                Ok(run) if run.state == BulkState::Running || run.undo_until.is_some() => {
                    runs.push(run);
                }
                Ok(_) => {}
                // It is forgotten.
                Err(error) if error.code == ErrorCode::NotFound => {}
                Err(error) => return Err(error),
            }
        }
        Ok(runs)
    }
}
