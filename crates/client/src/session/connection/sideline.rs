//! What a socket says besides commands and syncs: repairs, tokens, presence.

use std::ops::ControlFlow;
use std::time::Duration;

use graphy_protocol::ClientFrame;
use tokio::time::Instant;

use super::Live;
use crate::session::RepairWish;
use crate::session::socket::End;

/// Servers take presence at most 20 times a second.
const PRESENCE_EVERY: Duration = Duration::from_millis(60);

impl Live<'_, '_> {
    pub(super) async fn ask_repair(&mut self, wish: RepairWish) -> ControlFlow<End> {
        let frame = match wish {
            RepairWish::Digests => ClientFrame::RequestDigests,
            RepairWish::Buckets(buckets) => {
                let (epoch, version) = self.on.position.at().cloned().unzip();
                ClientFrame::RequestSync {
                    epoch,
                    version,
                    buckets: Some(buckets),
                }
            }
        };
        self.writer.write(&frame).await
    }

    /// Replaces the socket's token before it runs out.
    pub(super) async fn renew_token(&mut self) -> ControlFlow<End> {
        let token = self.on.tokens.borrow_and_update().clone();
        self.writer.write(&ClientFrame::Token { token }).await
    }

    /// Tells the others where this client is, not too often.
    pub(super) async fn tell_presence(&mut self) -> ControlFlow<End> {
        let now = Instant::now();
        self.presence_due = None;
        let state = {
            let mut inner = self.on.shared.lock();
            let is_news = inner.presence_is_news || !self.presence_told;
            if !is_news || inner.presence.is_none() {
                return ControlFlow::Continue(());
            }
            if now < self.presence_at {
                self.presence_due = Some(self.presence_at);
                return ControlFlow::Continue(());
            }
            inner.presence_is_news = false;
            inner.presence.clone().unwrap_or_default()
        };
        self.presence_told = true;
        self.presence_at = now + PRESENCE_EVERY;
        self.writer.write(&ClientFrame::Presence(state)).await
    }
}
