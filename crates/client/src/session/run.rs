//! The life of a session: socket after socket, until one end is final.

use std::sync::Arc;
use std::time::Duration;

use graphy_protocol::close;
use tracing::{debug, info};

use super::backoff::Backoff;
use super::connection::Connection;
use super::outlet::Outlet;
use super::position::Position;
use super::socket::End;
use super::{SessionConfig, SessionStatus, Shared, Timing};

/// The code of a socket that its owner ended.
const NORMAL: u16 = 1000;

pub(super) async fn run(
    config: SessionConfig,
    timing: Timing,
    shared: Arc<Shared>,
    mut outlet: Outlet,
) {
    let mut backoff = Backoff::new(timing.reconnect_first, timing.reconnect_longest);
    let mut position = Position::default();
    let (code, reason) = loop {
        outlet.tell(SessionStatus::Connecting {
            attempt: backoff.tries() + 1,
        });
        let connection = Connection {
            config: &config,
            timing: &timing,
            shared: &shared,
            outlet: &mut outlet,
            position: &mut position,
            reached_online: false,
        };
        let (end, reached_online) = connection.live().await;
        shared.lock().pending.take_all_back();
        if reached_online {
            backoff.reset();
        }
        let (reason, wait) = match end {
            End::Owner => break (NORMAL, "the owner ended the session".to_owned()),
            End::Final { code, reason } => break (code, reason),
            End::Renewed => continue,
            End::Lost { reason } => (reason, backoff.next_wait()),
            End::GoingAway { retry_after } => {
                let wait = retry_after.clamp(timing.reconnect_first, timing.reconnect_longest);
                ("the node goes away".to_owned(), wait)
            }
        };
        debug!(graph = %config.graph_id, reason, wait_ms = millis(wait), "socket lost");
        outlet.tell(SessionStatus::Offline {
            retry_in_ms: millis(wait),
            reason,
        });
        tokio::select! {
            () = tokio::time::sleep(wait) => {}
            () = shared.token.cancelled() => {
                break (NORMAL, "the owner ended the session".to_owned());
            }
        }
    };
    if code != NORMAL {
        info!(graph = %config.graph_id, code, reason, "session ended by the server");
    }
    shared.lock().over = true;
    debug_assert!(code == NORMAL || !close::reconnects(code));
    // An owner that ends the session seldom reads on.
    let patience = if code == NORMAL {
        Duration::from_millis(100)
    } else {
        timing.step
    };
    outlet
        .tell_last(SessionStatus::Closed { code, reason }, patience)
        .await;
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
