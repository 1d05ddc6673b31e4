//! The life of a session: socket after socket, until one end is final.

use std::sync::Arc;
use std::time::Duration;

use graphy_model::{RejectCode, Rejection};
use graphy_protocol::close;
use tokio::sync::watch;
use tokio::time::{Instant, timeout};
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
    mut tokens: watch::Receiver<String>,
    shared: Arc<Shared>,
    mut outlet: Outlet,
) {
    let mut backoff = Backoff::new(timing.reconnect_first, timing.reconnect_longest);
    let mut position = Position::default();
    let mut lost_at = None;
    let (code, reason) = loop {
        outlet.tell(SessionStatus::Connecting {
            attempt: backoff.tries() + 1,
        });
        let connection = Connection {
            config: &config,
            timing: &timing,
            tokens: &mut tokens,
            shared: &shared,
            outlet: &mut outlet,
            position: &mut position,
            reached_online: false,
            lost_at,
        };
        let (end, reached_online) = connection.live().await;
        {
            let mut inner = shared.lock();
            inner.speaks = false;
            inner.ledger.take_all_back();
        }
        if reached_online {
            lost_at = Some(Instant::now());
            backoff.reset();
        }
        let (reason, wait) = match end {
            End::Owner => break (NORMAL, "the owner ended the session".to_owned()),
            // A token may have run out while this machine slept.
            End::Final { code, .. }
                if code == close::UNAUTHORIZED && is_renewed(&mut tokens, &timing).await =>
            {
                continue;
            }
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
    end(&shared, &timing, outlet, code, reason).await;
}

/// Says that the session is over; what was to be done in a graph that is gone will never be.
async fn end(shared: &Shared, timing: &Timing, mut outlet: Outlet, code: u16, reason: String) {
    {
        let mut inner = shared.lock();
        inner.over = true;
        if code == close::NOT_FOUND {
            let message = format!("the graph is not there any more: {reason}");
            inner
                .ledger
                .park_all(&Rejection::new(RejectCode::NotFound, message));
        }
    }
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

/// Waits a while for another token; none comes if nobody is there to bring one.
async fn is_renewed(tokens: &mut watch::Receiver<String>, timing: &Timing) -> bool {
    matches!(timeout(timing.step / 2, tokens.changed()).await, Ok(Ok(())))
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
