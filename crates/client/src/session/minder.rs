//! Listens to the journal for a session: what is on disk may be sent, what is not is taken back.

use std::sync::Arc;

use graphy_model::{OperationId, Rejection};
use graphy_protocol::ServerFrame;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::{Received, SessionEvent, Shared};
use crate::journal::Notice;

/// The listener; it ends with its session.
pub(super) struct Minder {
    notices: mpsc::UnboundedReceiver<Notice>,
    shared: Arc<Shared>,
    events: mpsc::Sender<SessionEvent>,
}

impl Minder {
    pub(super) fn new(
        notices: mpsc::UnboundedReceiver<Notice>,
        shared: Arc<Shared>,
        events: mpsc::Sender<SessionEvent>,
    ) -> Self {
        Self {
            notices,
            shared,
            events,
        }
    }

    /// Listens until the session is over.
    pub(super) async fn mind(mut self, over: CancellationToken) {
        loop {
            let notice = tokio::select! {
                notice = self.notices.recv() => notice,
                () = over.cancelled() => return,
            };
            let Some(notice) = notice else {
                return;
            };
            let works = match &notice {
                Notice::Works(works) => Some(*works),
                Notice::Saved { .. } | Notice::Marked { .. } | Notice::Refused { .. } => None,
            };
            let refused = {
                let mut inner = self.shared.lock();
                let (refused, renamed) = inner.ledger.hear(notice);
                inner.renamed |= renamed;
                refused
            };
            self.shared.wake.notify_one();
            if let Some(works) = works {
                self.tell(SessionEvent::Durable(works)).await;
            }
            for (operation_id, rejection) in refused {
                self.tell(revert(operation_id, rejection)).await;
            }
        }
    }

    /// Waits for room; the journal has at most as much to say as commands were sent.
    async fn tell(&self, event: SessionEvent) {
        tokio::select! {
            // A reader that is gone misses nothing.
            told = self.events.send(event) => drop(told),
            () = self.shared.token.cancelled() => {}
        }
    }
}

fn revert(operation_id: OperationId, rejection: Rejection) -> SessionEvent {
    let frame = ServerFrame::Revert {
        operation_id,
        code: rejection.code,
        message: rejection.message,
        field: rejection.field,
    };
    SessionEvent::Frame(Box::new(Received {
        text: Arc::from(frame.to_text()),
        frame,
    }))
}
