//! What the journal's rows hold, and how they are written.
//!
//! A command's row is one letter for its state and the envelope's JSON: `u{…}` or `s{…}`.

use graphy_model::ids::ID_CHARS_MAX;
use graphy_model::{ClientId, Envelope, Epoch, GraphId, OperationId, RejectCode, Rejection};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// Where a client's count of commands stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Count {
    /// The client's name before any new count.
    pub(crate) name: ClientId,
    /// The name under which commands are counted at present.
    pub(crate) client_id: ClientId,
    /// How many times the count began anew.
    pub(crate) rolls: u32,
    /// The seq of the next command.
    pub(crate) next_seq: u64,
    /// The life of the graph in which commands were counted.
    pub(crate) epoch: Option<Epoch>,
}

impl Count {
    /// Begins a count under a name that was not used for its graph before.
    pub(crate) fn new(name: ClientId) -> Self {
        Self {
            client_id: name.clone(),
            name,
            rolls: 0,
            next_seq: 1,
            epoch: None,
        }
    }

    /// Begins the count anew, under a name that no server has counted yet.
    pub(crate) fn begun_anew(&self) -> Self {
        let rolls = self.rolls + 1;
        let suffix = format!(".{rolls}");
        let name = self.name.as_str();
        let kept = &name[..name.len().min(ID_CHARS_MAX - suffix.len())];
        Self {
            name: self.name.clone(),
            client_id: ClientId::new(&format!("{kept}{suffix}"))
                .expect("an id with digits behind a dot is an id"),
            rolls,
            next_seq: 1,
            epoch: self.epoch.clone(),
        }
    }

    /// Gives a command its place in the client's order.
    pub(crate) fn number(&mut self, envelope: &mut Envelope) {
        envelope.client_id = Some(self.client_id.clone());
        envelope.seq = Some(self.next_seq);
        self.next_seq += 1;
    }
}

/// The row of one client of one graph.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct StoredLine {
    pub(super) graph: GraphId,
    #[serde(flatten)]
    pub(super) count: Count,
    /// When it was last written, in milliseconds since 1970.
    pub(super) touched_at: u64,
}

/// A command that was refused and waits for a person.
#[derive(Debug, Clone, PartialEq)]
pub struct Parked {
    /// The command, as it was sent last.
    pub envelope: Envelope,
    /// Why it was refused.
    pub rejection: Rejection,
    /// When, in milliseconds since 1970.
    pub at_ms: u64,
}

#[derive(Serialize, Deserialize)]
struct StoredParked {
    command: Value,
    code: RejectCode,
    message: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    field: Option<String>,
    at: u64,
}

impl Parked {
    pub(super) fn to_text(&self) -> String {
        let stored = StoredParked {
            command: serde_json::to_value(&self.envelope).unwrap_or_default(),
            code: self.rejection.code,
            message: self.rejection.message.clone(),
            field: self.rejection.field.clone(),
            at: self.at_ms,
        };
        serde_json::to_string(&stored).expect("a refusal holds only texts, numbers and JSON values")
    }

    pub(super) fn from_text(text: &str) -> Option<Self> {
        let stored: StoredParked = serde_json::from_str(text).ok()?;
        let envelope = Envelope::from_value(stored.command).ok()?;
        let mut rejection = Rejection::new(stored.code, stored.message);
        rejection.field = stored.field;
        let at_ms = stored.at;
        Some(Self {
            envelope,
            rejection,
            at_ms,
        })
    }
}

/// Whether a command may have left this machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Sent {
    /// It has not.
    No,
    /// It may have.
    Maybe,
}

pub(super) fn command_text(envelope: &Envelope, sent: Sent) -> String {
    let text =
        serde_json::to_string(envelope).expect("commands hold only texts, numbers and JSON values");
    format!("{}{text}", letter(sent))
}

pub(super) fn marked_sent(row: &str) -> String {
    format!(
        "{}{}",
        letter(Sent::Maybe),
        row.get(1..).unwrap_or_default()
    )
}

pub(super) fn read_command(row: &str) -> Option<(Envelope, Sent)> {
    let sent = match row.get(..1)? {
        "u" => Sent::No,
        "s" => Sent::Maybe,
        _ => return None,
    };
    let value = serde_json::from_str(row.get(1..)?).ok()?;
    Some((Envelope::from_value(value).ok()?, sent))
}

fn letter(sent: Sent) -> char {
    match sent {
        Sent::No => 'u',
        Sent::Maybe => 's',
    }
}

/// One change of the journal.
#[derive(Debug, Clone)]
pub(super) enum Edit {
    /// A new command.
    Put {
        order: u64,
        id: OperationId,
        row: String,
    },
    /// Commands that are about to be sent for the first time.
    MarkSent(Vec<(u64, OperationId)>),
    /// A command whose end is known.
    Remove(u64),
    /// A command that was refused, and its place in the queue.
    Park(u64, Box<Parked>),
    /// All commands of the line, counted anew.
    Rewrite(Vec<(u64, OperationId, String)>),
    /// A refused command that a person has seen.
    Unpark(OperationId),
}

/// One change of one line.
#[derive(Debug, Clone)]
pub(super) struct Task {
    pub(super) line: u64,
    pub(super) edit: Edit,
    /// The line's count after it.
    pub(super) count: Count,
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn rows_are_read_as_they_were_written() {
        let envelope = Envelope::from_value(json!({
            "operationId": "01938f7e-3c1a-7c3e-8a3e-1f2e3d4c5b6a",
            "clientId": "c", "seq": 3, "type": "UPDATE_NODE", "baseVersion": 7, "epoch": "e",
            "payload": {"id": "a", "patch": {"title": "t"}, "base": {"title": "s"}},
        }))
        .unwrap();
        let row = command_text(&envelope, Sent::No);
        assert_eq!(read_command(&row), Some((envelope.clone(), Sent::No)));
        let row = marked_sent(&row);
        assert_eq!(read_command(&row), Some((envelope.clone(), Sent::Maybe)));
        assert_eq!(read_command(&row[1..]), None);
        let parked = Parked {
            envelope,
            rejection: Rejection::new(RejectCode::NotFound, "gone").on("payload.id"),
            at_ms: 5,
        };
        assert_eq!(Parked::from_text(&parked.to_text()), Some(parked));
    }
}
