//! Frames as text, written once and shared, none larger than a WebSocket message may be.
//!
//! The text equals what `ServerFrame::to_text` writes; it is put together from the texts of the
//! operations so that each of them is written once, however many frames and sockets it is for.
//!
//! **Invariant:** a frame is larger than [`FRAME_BYTES_MAX`] only if it holds a single operation
//! or entity that is.

use std::sync::Arc;

use bytes::Bytes;
use graphy_model::{AppliedOperation, Checksum, Epoch};
use graphy_protocol::Landed;

/// The largest frame, in bytes.
pub(crate) const FRAME_BYTES_MAX: usize = 64 * 1024;

/// What a frame weighs besides its operations, generously.
const FRAME_HEAD_BYTES: usize = 512;

/// How many bytes go into one frame of what everybody is sent once, when they come. A socket keeps
/// a buffer of the size of the largest frame that it ever wrote, so these are small.
pub(crate) const ARRIVAL_BYTES_MAX: usize = 8 * 1024;

/// How many bytes of operations go into one frame.
pub(crate) const CONTENT_BYTES_MAX: usize = FRAME_BYTES_MAX - FRAME_HEAD_BYTES;

/// An operation as text.
#[derive(Debug, Clone)]
pub(crate) struct EncodedOperation {
    pub(crate) version: u64,
    pub(crate) text: Arc<str>,
}

impl EncodedOperation {
    pub(crate) fn new(operation: &AppliedOperation) -> Self {
        let text = if operation.inverse.is_empty() {
            serde_json::to_string(operation)
        } else {
            // What would take it back is the server's business.
            serde_json::to_string(&AppliedOperation {
                inverse: Vec::new(),
                ..operation.clone()
            })
        };
        let text = text.expect("operations hold only texts, numbers and JSON values");
        Self {
            version: operation.version,
            text: text.into(),
        }
    }
}

/// Operations that belong together, with the checksum after the last one.
#[derive(Debug, Clone)]
pub(crate) struct Segment {
    pub(crate) from: u64,
    pub(crate) to: u64,
    pub(crate) checksum: Checksum,
    pub(crate) operations: Vec<EncodedOperation>,
}

impl Segment {
    fn bytes(&self) -> usize {
        content_bytes(&self.operations)
    }
}

fn content_bytes(operations: &[EncodedOperation]) -> usize {
    operations
        .iter()
        .map(|operation| operation.text.len() + 1)
        .sum()
}

/// How operations are said.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    /// `state_update`: needs a checksum.
    Live,
    /// `sync behind`: may be in chunks of which only the last knows the checksum.
    Chunk { last: bool },
}

/// One broadcast frame, and what is needed to cut its beginning off.
#[derive(Debug)]
pub(crate) struct Update {
    pub(crate) epoch: Epoch,
    pub(crate) from: u64,
    pub(crate) to: u64,
    form: Form,
    checksum: Option<Checksum>,
    operations: Vec<EncodedOperation>,
    pub(crate) text: Bytes,
}

impl Update {
    fn new(
        epoch: &Epoch,
        (from, to): (u64, u64),
        form: Form,
        checksum: Option<Checksum>,
        operations: Vec<EncodedOperation>,
    ) -> Arc<Self> {
        let text = write_update(epoch, (from, to), form, checksum, &operations, "");
        Arc::new(Self {
            epoch: epoch.clone(),
            from,
            to,
            form,
            checksum,
            operations,
            text,
        })
    }

    /// Writes the frame for a reader who is in the middle of it.
    pub(crate) fn after(&self, version: u64) -> Bytes {
        let skipped = self
            .operations
            .partition_point(|operation| operation.version <= version);
        let rest = &self.operations[skipped..];
        write_update(
            &self.epoch,
            (version, self.to),
            self.form,
            self.checksum,
            rest,
            "",
        )
    }
}

/// Writes a broadcast: one `state_update` if it fits, else as many as are needed.
///
/// A segment that fits no frame has no checksum inside, so it goes as chunks of `sync behind`.
pub(crate) fn broadcast(epoch: &Epoch, segments: Vec<Segment>) -> Vec<Arc<Update>> {
    let mut updates = Vec::new();
    let mut group: Option<Segment> = None;
    for segment in segments {
        group = Some(match group.take() {
            Some(mut open) if open.bytes() + segment.bytes() <= CONTENT_BYTES_MAX => {
                open.to = segment.to;
                open.checksum = segment.checksum;
                open.operations.extend(segment.operations);
                open
            }
            Some(full) => {
                write_segment(epoch, full, &mut updates);
                segment
            }
            None => segment,
        });
    }
    if let Some(segment) = group {
        write_segment(epoch, segment, &mut updates);
    }
    updates
}

fn write_segment(epoch: &Epoch, segment: Segment, updates: &mut Vec<Arc<Update>>) {
    let Segment {
        from,
        to,
        checksum,
        operations,
    } = segment;
    if operations.len() == 1 || content_bytes(&operations) <= CONTENT_BYTES_MAX {
        let update = Update::new(epoch, (from, to), Form::Live, Some(checksum), operations);
        updates.push(update);
        return;
    }
    let chunks = split(operations);
    let count = chunks.len();
    let mut from = from;
    for (index, chunk) in chunks.into_iter().enumerate() {
        let last = index + 1 == count;
        let to = chunk.last().map_or(to, |operation| operation.version);
        let form = Form::Chunk { last };
        updates.push(Update::new(
            epoch,
            (from, to),
            form,
            last.then_some(checksum),
            chunk,
        ));
        from = to;
    }
}

/// Writes `sync behind` for one reader.
pub(crate) fn behind(epoch: &Epoch, segment: Segment, landed: &[Landed]) -> Vec<Bytes> {
    let chunks = split(segment.operations);
    let count = chunks.len();
    let mut from = segment.from;
    let mut frames = Vec::with_capacity(count);
    for (index, chunk) in chunks.into_iter().enumerate() {
        let last = index + 1 == count;
        let to = if last {
            segment.to
        } else {
            chunk.last().map_or(from, |last| last.version)
        };
        let (checksum, landed) = if last {
            (Some(segment.checksum), landed_text(landed))
        } else {
            (None, String::new())
        };
        let form = Form::Chunk { last };
        frames.push(write_update(
            epoch,
            (from, to),
            form,
            checksum,
            &chunk,
            &landed,
        ));
        from = to;
    }
    frames
}

/// Cuts operations into runs of which each fits a frame; always at least one run.
fn split(operations: Vec<EncodedOperation>) -> Vec<Vec<EncodedOperation>> {
    let mut runs = vec![Vec::new()];
    let mut bytes = 0;
    for operation in operations {
        let size = operation.text.len() + 1;
        if bytes > 0 && bytes + size > CONTENT_BYTES_MAX {
            runs.push(Vec::new());
            bytes = 0;
        }
        bytes += size;
        if let Some(run) = runs.last_mut() {
            run.push(operation);
        }
    }
    runs
}

pub(crate) fn landed_text(landed: &[Landed]) -> String {
    let texts: Vec<String> = landed
        .iter()
        .map(|one| serde_json::to_string(one).expect("outcomes hold only texts and numbers"))
        .collect();
    texts.join(",")
}

fn write_update(
    epoch: &Epoch,
    (from, to): (u64, u64),
    form: Form,
    checksum: Option<Checksum>,
    operations: &[EncodedOperation],
    landed: &str,
) -> Bytes {
    use std::fmt::Write as _;
    let size = content_bytes(operations) + landed.len() + FRAME_HEAD_BYTES;
    let mut text = String::with_capacity(size);
    text.push_str(match form {
        Form::Live => r#"{"type":"state_update""#,
        Form::Chunk { .. } => r#"{"type":"sync","mode":"behind""#,
    });
    // Ids have no characters that JSON escapes, and writing to a `String` cannot fail.
    let _ = write!(
        text,
        r#","epoch":"{epoch}","fromVersion":{from},"toVersion":{to}"#
    );
    text.push_str(r#","operations":["#);
    for (index, operation) in operations.iter().enumerate() {
        if index > 0 {
            text.push(',');
        }
        text.push_str(&operation.text);
    }
    text.push(']');
    if let Some(checksum) = checksum {
        let _ = write!(text, r#","checksum":"{checksum}""#);
    }
    if let Form::Chunk { last } = form {
        let _ = write!(text, r#","landed":[{landed}],"last":{last}"#);
    }
    text.push('}');
    text.into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use graphy_model::{Change, CommandType, NodeId, OperationId, UserId};
    use graphy_protocol::{ServerFrame, Sync};

    pub(crate) fn operation(version: u64, id_chars: usize) -> AppliedOperation {
        let id = NodeId::new(&"n".repeat(id_chars.clamp(1, 128))).unwrap();
        AppliedOperation {
            version,
            operation_id: OperationId(uuid::Uuid::from_u128(u128::from(version))),
            replay_of: None,
            client_id: None,
            user_id: UserId::new("ann").unwrap(),
            seq: None,
            command_type: CommandType::DeleteNode,
            timestamp: 5,
            changes: (0..id_chars / 128 + 1)
                .map(|_| Change::DeleteNode { id: id.clone() })
                .collect(),
            conflicts: vec![],
            target: None,
            skipped: vec![],
            inverse: vec![Change::DeleteGraph],
        }
    }

    fn segment(from: u64, to: u64, size: usize) -> Segment {
        let operations = (from + 1..=to)
            .map(|v| EncodedOperation::new(&operation(v, size)))
            .collect();
        Segment {
            from,
            to,
            checksum: Checksum(to),
            operations,
        }
    }

    fn parse(text: &Bytes) -> ServerFrame {
        let frame: ServerFrame = serde_json::from_slice(text).unwrap();
        assert_eq!(
            frame.to_text().as_bytes(),
            &text[..],
            "the same text as the type writes"
        );
        frame
    }

    #[test]
    fn small_segments_become_one_frame() {
        let epoch = Epoch::new("e").unwrap();
        let updates = broadcast(&epoch, vec![segment(0, 2, 1), segment(2, 3, 1)]);
        let [update] = &updates[..] else {
            panic!("one frame, not {}", updates.len())
        };
        let ServerFrame::StateUpdate {
            from_version,
            to_version,
            operations,
            checksum,
            ..
        } = parse(&update.text)
        else {
            panic!("a state update")
        };
        assert_eq!((from_version, to_version, checksum), (0, 3, Checksum(3)));
        assert_eq!(operations.len(), 3);
        assert!(
            operations
                .iter()
                .all(|operation| operation.inverse.is_empty())
        );
    }

    #[test]
    fn large_segments_are_split_and_none_is_over_the_limit() {
        let epoch = Epoch::new("e").unwrap();
        let updates = broadcast(
            &epoch,
            vec![
                segment(0, 40, 2_000),
                segment(40, 60, 2_000),
                segment(60, 200, 2_000),
            ],
        );
        let mut at = 0;
        for update in &updates {
            assert!(update.text.len() <= FRAME_BYTES_MAX);
            assert_eq!(update.from, at);
            at = update.to;
            parse(&update.text);
        }
        assert_eq!(at, 200);
    }

    #[test]
    fn a_huge_operation_is_a_frame_of_its_own() {
        let epoch = Epoch::new("e").unwrap();
        let updates = broadcast(&epoch, vec![segment(0, 1, 200_000), segment(1, 2, 1)]);
        assert_eq!(updates.len(), 2);
        assert!(matches!(
            parse(&updates[0].text),
            ServerFrame::StateUpdate { .. }
        ));
    }

    #[test]
    fn the_beginning_of_a_frame_can_be_cut_off() {
        let epoch = Epoch::new("e").unwrap();
        let updates = broadcast(&epoch, vec![segment(3, 9, 1)]);
        let ServerFrame::StateUpdate {
            from_version,
            operations,
            ..
        } = parse(&updates[0].after(7))
        else {
            panic!("a state update")
        };
        assert_eq!((from_version, operations.len()), (7, 2));
    }

    #[test]
    fn behind_is_said_in_chunks_with_landed_on_the_last() {
        let epoch = Epoch::new("e").unwrap();
        let landed = [Landed {
            operation_id: OperationId(uuid::Uuid::from_u128(9)),
            outcome: graphy_model::Outcome::Applied { version: 4 },
        }];
        let frames = behind(&epoch, segment(0, 100, 2_000), &landed);
        assert!(frames.len() > 2);
        let mut at = 0;
        for (index, frame) in frames.iter().enumerate() {
            let ServerFrame::Sync(Sync::Behind {
                from_version,
                to_version,
                checksum,
                landed,
                last,
                ..
            }) = parse(frame)
            else {
                panic!("behind")
            };
            assert_eq!(from_version, at);
            at = to_version;
            assert_eq!(last, index + 1 == frames.len());
            assert_eq!(
                (checksum.is_some(), landed.len()),
                (last, usize::from(last))
            );
        }
        assert_eq!(at, 100);
    }
}
