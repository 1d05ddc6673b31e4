//! The task that tells a room's members and the other nodes who is there.
//!
//! It has nothing to do with the ordered stream: neither ever waits for the other.

use std::sync::Arc;
use std::time::Duration;

use graphy_store::{PresenceListener, PresenceNews};
use graphy_telemetry::{TaskContext, TaskFailure};
use tokio::time::Instant;

use super::board::News;
use super::wire::{NodeMessage, question};
use crate::follower::at;
use crate::hub::Shared;
use crate::room::Room;

/// How much presence one room sends per second; above it the ticks get longer.
const BYTES_PER_SECOND: u64 = 32 * 1024 * 1024;
/// The longest tick.
const TICK_MAX: Duration = Duration::from_secs(1);
/// How often lost sessions are looked through.
const BEAT: Duration = Duration::from_secs(1);
/// How often the other nodes are told everything: what was lost on the way is made good.
const TELL_ALL: Duration = Duration::from_secs(10);

/// Runs until the room is over.
pub(crate) async fn run(
    shared: Arc<Shared>,
    room: Arc<Room>,
    context: TaskContext,
) -> Result<(), TaskFailure> {
    let listener = shared.presence.listen(&room.graph_id).await?;
    let now = Instant::now();
    let mut teller = Teller {
        company: Company::Unknown,
        tick_at: now,
        tell_all_at: now + TELL_ALL,
        shared,
        room,
    };
    teller.ask().await;
    teller.follow(listener, context).await;
    Ok(())
}

/// Whether other nodes listen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Company {
    Unknown,
    Alone,
    Others,
}

struct Teller {
    shared: Arc<Shared>,
    room: Arc<Room>,
    company: Company,
    /// When the next tick may be.
    tick_at: Instant,
    tell_all_at: Instant,
}

impl Teller {
    async fn follow(&mut self, mut listener: PresenceListener, context: TaskContext) {
        let mut beat = tokio::time::interval(BEAT);
        beat.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            let tick_at = self.room.presence_is_due().then_some(self.tick_at);
            tokio::select! {
                () = context.token.cancelled() => return,
                () = self.room.over.cancelled() => return,
                news = listener.next() => self.hear(news).await,
                () = self.room.presence_changed.notified() => {}
                () = at(tick_at) => self.tick().await,
                _ = beat.tick() => {
                    context.tick();
                    self.beat().await;
                }
            }
        }
    }

    async fn hear(&mut self, news: PresenceNews) {
        let text = match news {
            PresenceNews::Message(text) => text,
            PresenceNews::Gap => return self.ask().await,
        };
        let message: NodeMessage = match serde_json::from_slice(&text) {
            Ok(message) => message,
            Err(error) => {
                tracing::debug!(graph = %self.room.graph_id, %error, "presence of an unknown form");
                return;
            }
        };
        if message.node == self.shared.node {
            return;
        }
        self.company = Company::Others;
        let asked = self.room.board().hear(message, Instant::now());
        if asked {
            self.tell_all().await;
        }
    }

    /// Tells the members what changed, then the other nodes.
    async fn tick(&mut self) {
        let now = Instant::now();
        let news = {
            let movers = self.room.take_movers();
            let mut board = self.room.board();
            for member in movers {
                if let Some(state) = member.take_told() {
                    if !board.shows(&member.who.session_id) && self.room.holds(&member) {
                        board.join(member.who.peer());
                    }
                    board.update(&member.who.session_id, state);
                }
            }
            board.take_news()
        };
        let sent = news.map_or(0, |news| self.tell_members(&news));
        self.tick_at = now + pause(self.shared.settings.presence_tick, sent);
        let messages = self.room.board().take_messages();
        // While nobody else listens there is nobody to tell; who comes asks.
        if self.company != Company::Alone {
            self.publish(messages).await;
        }
    }

    fn tell_members(&self, News { frame, sole }: &News) -> u64 {
        let mut sent = 0;
        self.room.each(|member| {
            if sole.as_ref() != Some(&member.who.session_id) {
                member.outbox.push_presence(frame);
                sent += frame.len() as u64;
            }
        });
        sent
    }

    async fn beat(&mut self) {
        let now = Instant::now();
        let has_own = {
            let mut board = self.room.board();
            board.expire(now);
            board.has_own()
        };
        if self.tell_all_at <= now && has_own {
            self.tell_all().await;
        }
    }

    async fn tell_all(&mut self) {
        self.tell_all_at = Instant::now() + TELL_ALL;
        let messages = self.room.board().all_messages();
        self.publish(messages).await;
    }

    async fn ask(&mut self) {
        self.publish(vec![question(&self.shared.node)]).await;
    }

    async fn publish(&mut self, messages: Vec<String>) {
        for message in messages {
            let told = self.shared.presence.publish(&self.room.graph_id, &message);
            match told.await {
                Ok(0 | 1) => self.company = Company::Alone,
                Ok(_) => self.company = Company::Others,
                Err(error) => {
                    // The next full message makes it good.
                    tracing::debug!(graph = %self.room.graph_id, %error, "presence was not told");
                    self.company = Company::Unknown;
                    return;
                }
            }
        }
    }
}

/// How long to pause after so many bytes.
fn pause(tick: Duration, sent: u64) -> Duration {
    let cost = Duration::from_millis(sent.saturating_mul(1000) / BYTES_PER_SECOND);
    cost.clamp(tick, TICK_MAX.max(tick))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ticks_get_longer_the_more_is_sent() {
        let tick = Duration::from_millis(50);
        assert_eq!(pause(tick, 0), tick);
        assert_eq!(pause(tick, 1024 * 1024), tick);
        assert_eq!(pause(tick, 8 * 1024 * 1024), Duration::from_millis(250));
        assert_eq!(pause(tick, u64::MAX), TICK_MAX);
    }
}
