//! The bounded way to the reader of a session's events.
//!
//! A reader who does not keep up loses updates, not memory: once the channel is full, updates are
//! dropped until the reader has made room, and then the session asks the server for what is
//! missing. How commands ended is never dropped; those frames are kept aside (there are no more of
//! them than commands in flight) and follow the sync.

use std::collections::VecDeque;
use std::time::Duration;

use graphy_protocol::ServerFrame;
use tokio::sync::mpsc;
use tokio::sync::mpsc::error::TrySendError;
use tokio_util::sync::CancellationToken;

use super::{Received, SessionEvent, SessionStatus};

/// How many events may wait for the reader.
pub(super) const EVENTS_MAX: usize = 256;

/// Whether the reader got a frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Delivery {
    /// It will read it.
    Given,
    /// It was dropped, or kept aside for later.
    Withheld,
}

pub(super) struct Outlet {
    sender: mpsc::Sender<SessionEvent>,
    owed: VecDeque<Box<Received>>,
    status: Option<SessionStatus>,
    lagging: bool,
}

impl Outlet {
    pub(super) fn new() -> (Self, mpsc::Receiver<SessionEvent>) {
        let (sender, receiver) = mpsc::channel(EVENTS_MAX);
        (
            Self {
                sender,
                owed: VecDeque::new(),
                status: None,
                lagging: false,
            },
            receiver,
        )
    }

    /// Another way to the same reader, for what no socket says.
    pub(super) fn sender(&self) -> mpsc::Sender<SessionEvent> {
        self.sender.clone()
    }

    /// Says whether the reader has missed updates and must be brought up to date.
    pub(super) fn is_lagging(&self) -> bool {
        self.lagging
    }

    /// Tells the reader how the connection is; of several unread statuses the last one counts.
    pub(super) fn tell(&mut self, status: SessionStatus) {
        self.status = Some(status);
        self.flush_status();
    }

    /// Tells the reader how the session ended, waiting a while for room; nothing may follow.
    pub(super) async fn tell_last(&mut self, status: SessionStatus, patience: Duration) {
        // The end of the channel says the same, only without a reason.
        drop(
            self.sender
                .send_timeout(SessionEvent::Status(status), patience)
                .await,
        );
    }

    /// Gives the reader a frame of the ordered stream, if there is room.
    pub(super) fn offer(&mut self, received: Box<Received>) -> Delivery {
        self.flush_status();
        if self.lagging {
            return self.withhold(received);
        }
        match self.sender.try_send(SessionEvent::Frame(received)) {
            Ok(()) => Delivery::Given,
            Err(TrySendError::Full(SessionEvent::Frame(received))) => {
                self.lagging = true;
                self.withhold(received)
            }
            // A reader that went away misses nothing.
            Err(TrySendError::Full(_) | TrySendError::Closed(_)) => Delivery::Given,
        }
    }

    /// Gives the reader a part of a sync, and waits for room: a sync is what ends a lag.
    pub(super) async fn give(
        &mut self,
        received: Box<Received>,
        patience: Duration,
        token: &CancellationToken,
    ) -> Delivery {
        let sending = self
            .sender
            .send_timeout(SessionEvent::Frame(received), patience);
        tokio::select! {
            sent = sending => match sent {
                Ok(()) | Err(mpsc::error::SendTimeoutError::Closed(_)) => Delivery::Given,
                Err(mpsc::error::SendTimeoutError::Timeout(_)) => {
                    self.lagging = true;
                    Delivery::Withheld
                }
            },
            () = token.cancelled() => Delivery::Withheld,
        }
    }

    /// Resolves when a reader that lagged has made room; never, if it does not lag.
    pub(super) async fn has_room(&self) {
        if !self.lagging {
            return std::future::pending().await;
        }
        // An error says that the reader is gone; then nothing is in the way either.
        drop(self.sender.reserve_many(EVENTS_MAX / 2).await);
    }

    /// Ends the lag; a sync follows.
    pub(super) fn recover(&mut self) {
        self.lagging = false;
        self.flush_status();
    }

    /// Hands over what was kept aside; to be called when the reader has the present.
    pub(super) fn flush_owed(&mut self) {
        while !self.lagging
            && let Some(received) = self.owed.pop_front()
        {
            if let Err(TrySendError::Full(SessionEvent::Frame(received))) =
                self.sender.try_send(SessionEvent::Frame(received))
            {
                self.owed.push_front(received);
                self.lagging = true;
            }
        }
    }

    fn withhold(&mut self, received: Box<Received>) -> Delivery {
        let ends_a_command = match &received.frame {
            ServerFrame::CommandResult { .. } | ServerFrame::Revert { .. } => true,
            ServerFrame::Error { operation_id, .. } => operation_id.is_some(),
            ServerFrame::Welcome { .. }
            | ServerFrame::Sync(_)
            | ServerFrame::StateUpdate { .. }
            | ServerFrame::Heartbeat { .. }
            | ServerFrame::Presence { .. }
            | ServerFrame::Conflict { .. }
            | ServerFrame::Access { .. }
            | ServerFrame::Token { .. }
            | ServerFrame::Digests { .. }
            | ServerFrame::GoingAway { .. } => false,
        };
        if ends_a_command {
            self.owed.push_back(received);
        }
        Delivery::Withheld
    }

    fn flush_status(&mut self) {
        if let Some(status) = self.status.take()
            && let Err(TrySendError::Full(SessionEvent::Status(status))) =
                self.sender.try_send(SessionEvent::Status(status))
        {
            self.status = Some(status);
        }
    }
}
