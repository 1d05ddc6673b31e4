//! Keeps the list of connected sessions in the store, behind the sockets' backs.
//!
//! Opening and closing sockets only leave a note here; a task writes them. A note that finds no
//! room is made good by the next renewal.

use graphy_model::OperationId;
use graphy_store::sessions::SessionEnd;
use graphy_store::{SessionRecord, Sessions, StoreError};
use tokio::sync::mpsc;

use crate::hub::Membership;
use crate::member::Departure;

/// How many notes may wait.
const NOTES_MAX: usize = 8192;
/// How many notes are written together.
const TOGETHER_MAX: usize = 100;

/// What happened to a session.
#[derive(Debug)]
pub(crate) enum Note {
    Arrived {
        record: SessionRecord,
        pending: Vec<OperationId>,
    },
    Ended {
        record: SessionRecord,
        end: SessionEnd,
        pending: Vec<OperationId>,
    },
}

/// Takes notes of sessions that come and go.
pub(crate) struct Registrar {
    notes: mpsc::Sender<Note>,
    inbox: tokio::sync::Mutex<mpsc::Receiver<Note>>,
    sessions: Sessions,
}

impl Registrar {
    pub(crate) fn new(sessions: Sessions) -> Self {
        let (notes, inbox) = mpsc::channel(NOTES_MAX);
        Self {
            notes,
            inbox: tokio::sync::Mutex::new(inbox),
            sessions,
        }
    }

    /// Notes a session that was opened.
    pub(crate) fn arrived(&self, membership: &Membership, pending: &[OperationId]) {
        let record = membership.member.record(&membership.graph_id);
        let pending = pending.to_vec();
        let _ = self.notes.try_send(Note::Arrived { record, pending });
    }

    /// Notes a session that ended.
    pub(crate) fn ended(&self, membership: &Membership) {
        let record = membership.member.record(&membership.graph_id);
        let end = match membership.member.departure() {
            Departure::Goodbye => SessionEnd::Left,
            Departure::Lost => SessionEnd::Lost,
        };
        let mut pending = membership.member.outbox.awaited_ids();
        // Their ids are in the order of their making.
        pending.sort_unstable();
        let _ = self.notes.try_send(Note::Ended {
            record,
            end,
            pending,
        });
    }

    /// Waits for notes. Cancel-safe: notes are taken only when they are returned.
    pub(crate) async fn next(&self) -> Vec<Note> {
        let mut inbox = self.inbox.lock().await;
        let mut notes = Vec::new();
        inbox.recv_many(&mut notes, TOGETHER_MAX).await;
        notes
    }

    /// Writes what is there, for the end of the node.
    pub(crate) async fn finish(&self) {
        let mut inbox = self.inbox.lock().await;
        let mut notes = Vec::new();
        while let Ok(note) = inbox.try_recv() {
            notes.push(note);
        }
        self.write(notes).await;
    }

    /// Writes notes in their order.
    pub(crate) async fn write(&self, notes: Vec<Note>) {
        let mut opened: Vec<SessionRecord> = Vec::new();
        for note in notes {
            let written = match note {
                Note::Arrived { record, pending } => {
                    let client = record.client_id.clone();
                    opened.push(record);
                    self.sessions.arrived(&client, &pending).await
                }
                Note::Ended {
                    record,
                    end,
                    pending,
                } => {
                    // In their order: who came and went must not be written as there.
                    let kept = self.sessions.keep(&std::mem::take(&mut opened)).await;
                    let ended = self.sessions.ended(&record, end, &pending).await;
                    kept.and(ended)
                }
            };
            report(written);
        }
        report(self.sessions.keep(&opened).await);
    }
}

fn report(written: Result<(), StoreError>) {
    if let Err(error) = written {
        tracing::debug!(%error, "the list of sessions was not written");
    }
}
