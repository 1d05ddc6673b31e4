//! Records that a command was refused, on the strength of the graph's head alone.
//!
//! It may be the graph itself that cannot be read; its authors must hear of it all the same.

use graphy_model::{GraphId, Outcome};
use graphy_store::graph::{Applied, BatchWrite, Fate, SettingsWrite};
use graphy_store::{BatchEvent, Head};

use super::{DECISIONS_MAX, Failure, Processor, Report};
use crate::decide::Settled;

impl Processor {
    /// Records one refusal, and tells it; nothing else of the graph is read or changed.
    pub(super) async fn record_refusal(
        &self,
        graph: &GraphId,
        job_id: &str,
        mut refused: Settled,
    ) -> Result<Report, Failure> {
        for _ in 0..DECISIONS_MAX {
            let Some(head) = self.store().head(graph).await? else {
                break;
            };
            let write = write(graph, job_id, &head, &refused, self.store().now_ms());
            match self.store().apply(graph, &write).await? {
                Applied::Written => break,
                Applied::Behind { .. } | Applied::OtherEpoch => continue,
                Applied::Known(known) => {
                    let first = known
                        .first()
                        .and_then(|(_, text)| serde_json::from_str(text).ok());
                    refused.outcome = Outcome::Duplicate { first };
                }
                Applied::Gone | Applied::NotOurs => {}
            }
            let message = message(graph, job_id, &head, &refused);
            self.store().announce(graph, &message).await?;
            break;
        }
        let report = Report {
            settled: vec![refused],
            ..Report::default()
        };
        self.note(graph, &report).await;
        Ok(report)
    }
}

fn write(graph: &GraphId, job_id: &str, head: &Head, refused: &Settled, now_ms: u64) -> BatchWrite {
    let outcome = serde_json::to_string(&refused.outcome)
        .expect("outcomes hold only texts, numbers and JSON values");
    BatchWrite {
        epoch: head.epoch.clone(),
        expected_version: head.version,
        version: head.version,
        checksum: head.checksum,
        // Not written, as the version stays.
        node_count: 0,
        edge_count: 0,
        now_ms,
        message: message(graph, job_id, head, refused),
        fate: Fate::Keep,
        outcomes: vec![(refused.operation_id, outcome)],
        nodes: Vec::new(),
        edges: Vec::new(),
        viewports: Vec::new(),
        seqs: refused
            .client_id
            .clone()
            .zip(refused.seq)
            .into_iter()
            .collect(),
        entries: Vec::new(),
        tombstones: Vec::new(),
        settings: SettingsWrite::default(),
    }
}

fn message(graph: &GraphId, job_id: &str, head: &Head, refused: &Settled) -> String {
    let event = BatchEvent {
        outcomes: vec![refused.announced()],
        ..BatchEvent::position(graph, job_id, head)
    };
    serde_json::to_string(&event).expect("events hold only texts, numbers and JSON values")
}
