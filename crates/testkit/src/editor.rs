//! Clients that carry a plan out, whatever happens to the nodes, and note what they live through.
//!
//! A client gives up on nothing: what was not answered is sent again under the same ids until its
//! end is known. What must not happen is told apart by the [checker](crate::checker).

mod http;
mod reader;
mod socket;

use std::sync::Arc;

use graphy_client::NodeUrl;
use graphy_model::{ClientId, GraphId, UserId};
use tokio::sync::Semaphore;

use crate::recording::Recorder;
use crate::workload::Planned;

pub use http::{HttpEditor, Ordering};
pub use reader::Reader;
pub use socket::{Converged, Resumes, SocketEditor};

/// What all clients of a run share; cheap to clone.
#[derive(Debug, Clone)]
pub struct Stage {
    /// Where clients note what happens.
    pub recorder: Recorder,
    /// The nodes that serve the API.
    pub apis: Vec<NodeUrl>,
    /// How many more commands may be sent; clients wait for their share.
    pub pace: Arc<Semaphore>,
}

/// Who a client is.
#[derive(Debug, Clone)]
pub struct Identity {
    /// Its name for itself.
    pub client: ClientId,
    /// In whose name its token acts.
    pub user: UserId,
    /// Its token.
    pub token: String,
}

/// Some commands for one graph, to be sent together.
#[derive(Debug, Clone)]
pub struct Portion {
    /// The graph.
    pub graph: GraphId,
    /// The commands, in order.
    pub commands: Vec<Planned>,
}

impl Stage {
    /// Waits for leave to send a number of commands.
    async fn leave(&self, count: usize) {
        let count = u32::try_from(count).expect("a portion is small");
        let leave = self.pace.acquire_many(count).await;
        leave.expect("nobody closes the pace").forget();
    }
}

/// Returns the time, in milliseconds since 1970, as clients stamp their commands.
fn now_ms() -> u64 {
    use graphy_telemetry::clock::{Clock as _, SystemClock};
    SystemClock.now_ms()
}
