//! What happened in the queues, read from their streams of events.

use graphy_store::StoreError;
use graphy_store::bullmq::{EventEdge, EventLook, EventPage, QueueName, StreamEvent};

use super::Watch;

/// How often events are read.
const EVENTS_MS: u64 = 3_000;
/// How many events are read at once.
const EVENTS: u32 = 100;
/// How large they may be together.
const EVENTS_BYTES: u32 = 128 * 1024;
/// Of how many jobs it is looked up how long they had waited.
const WAITS_LOOKED_UP: usize = 3;

/// What was read of a stream.
enum Piece {
    /// All that was new.
    All(EventPage),
    /// The newest events, standing for all: too much happened to read the rest.
    Newest { last_id: String, page: EventPage },
}

impl Piece {
    fn events(&self) -> &[StreamEvent] {
        match self {
            Self::All(page) | Self::Newest { page, .. } => &page.events,
        }
    }
}

impl Watch {
    /// Reads what happened in the queues since the last time.
    pub(super) async fn events(&self, now: u64, names: &[QueueName]) -> Result<(), StoreError> {
        for name in names {
            let (last, due) = {
                let sight = self.queues.sight();
                let Some(watched) = sight.queues.get(name) else {
                    continue;
                };
                let tally = &watched.tally;
                let due = tally.events_at + EVENTS_MS <= now;
                (tally.last_event.clone(), due)
            };
            if due {
                self.events_of(now, name, last).await?;
            }
        }
        Ok(())
    }

    async fn events_of(
        &self,
        now: u64,
        name: &QueueName,
        last: Option<String>,
    ) -> Result<(), StoreError> {
        let Some(last) = last else {
            return self.begin_at_the_newest(now, name).await;
        };
        let piece = self.read_after(name, last).await?;
        let unknown = {
            let mut sight = self.queues.sight();
            let Some(watched) = sight.queues.get_mut(name) else {
                return Ok(());
            };
            if piece.events().iter().any(|event| event.event == "active") {
                watched.note_fetch();
            }
            match piece {
                Piece::All(page) => {
                    watched.tally.last_event = Some(page.last_id.clone());
                    watched.tally.take_in(now, &page)
                }
                Piece::Newest { last_id, page } => {
                    watched.tally.last_event = Some(last_id);
                    watched.tally.take_sample(now, &page)
                }
            }
        };
        self.look_waits_up(now, name, unknown).await
    }

    /// Counts events from now on.
    async fn begin_at_the_newest(&self, now: u64, name: &QueueName) -> Result<(), StoreError> {
        let look = look(EventEdge::Newest, 1);
        let newest = self.queues.reader().events(name, &look).await?;
        let id = if newest.looked_at == 0 {
            "0-0".to_owned()
        } else {
            newest.last_id
        };
        if let Some(watched) = self.queues.sight().queues.get_mut(name) {
            watched.tally.restart(now, Some(id));
        }
        Ok(())
    }

    async fn read_after(&self, name: &QueueName, last: String) -> Result<Piece, StoreError> {
        let reader = self.queues.reader();
        let page = reader
            .events(name, &look(EventEdge::After(last), EVENTS))
            .await?;
        if page.ended {
            return Ok(Piece::All(page));
        }
        let top = reader.events(name, &look(EventEdge::Newest, 1)).await?;
        let page = reader
            .events(name, &look(EventEdge::Newest, EVENTS))
            .await?;
        Ok(Piece::Newest {
            last_id: top.last_id,
            page,
        })
    }

    /// Looks up how long some jobs had waited whose waiting was not seen.
    async fn look_waits_up(
        &self,
        now: u64,
        name: &QueueName,
        mut jobs: Vec<String>,
    ) -> Result<(), StoreError> {
        jobs.truncate(WAITS_LOOKED_UP);
        let jobs: Vec<_> = jobs.into_iter().map(|id| (name.clone(), id)).collect();
        let times = self.queues.reader().times(&jobs).await?;
        let mut sight = self.queues.sight();
        let Some(watched) = sight.queues.get_mut(name) else {
            return Ok(());
        };
        for times in times {
            if let (Some(added), Some(started)) = (times.added_at, times.started_at) {
                let wait = started.saturating_sub(added + times.delay_ms);
                watched.tally.note_wait(started, wait);
            }
        }
        watched.tally.note_latency(now);
        Ok(())
    }
}

fn look(from: EventEdge, entries: u32) -> EventLook {
    EventLook {
        from,
        entries,
        bytes: EVENTS_BYTES,
        job: None,
    }
}
