//! Cuts a plan into batches that the pipeline takes.

use graphy_model::command::{Atomicity, BatchUpdate};
use graphy_model::{Command, Limits, RejectCode, Rejection};

use crate::import::ImportPlan;

/// What an envelope and the batch around it weigh besides the commands themselves, at most.
const ENVELOPE_BYTES: usize = 1024;

/// A batch with how many nodes and edges it makes.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Batch {
    pub(super) command: Command,
    pub(super) entities: u64,
}

/// Checks that a batch of this one command would not be too heavy.
///
/// # Errors
/// `too_large`.
pub(crate) fn check_weight(command: &Command, limits: &Limits) -> Result<(), Rejection> {
    let (size, limit) = (weight(command), room(limits));
    if size <= limit {
        return Ok(());
    }
    let message = format!("as a command it has {size} bytes, the limit is {limit}");
    Err(Rejection::new(RejectCode::TooLarge, message))
}

/// Cuts a plan into batches: nodes first, then edges, each as full as the limits allow.
pub(super) fn cut(plan: ImportPlan, limits: &Limits) -> Vec<Batch> {
    let nodes = plan.nodes.into_iter().map(Command::CreateNode);
    let edges = plan.edges.into_iter().map(Command::CreateEdge);
    let mut batches = Vec::new();
    let (mut open, mut size) = (Vec::new(), 0);
    for command in nodes.chain(edges) {
        let weight = weight(&command);
        let is_full = open.len() == limits.batch_commands_max || size + weight > room(limits);
        if is_full && !open.is_empty() {
            batches.push(close(std::mem::take(&mut open)));
            size = 0;
        }
        size += weight;
        open.push(command);
    }
    if !open.is_empty() {
        batches.push(close(open));
    }
    batches
}

fn close(operations: Vec<Command>) -> Batch {
    let entities = operations.len() as u64;
    let batch = BatchUpdate {
        operations,
        atomic: Atomicity::AllOrNothing,
    };
    Batch {
        command: Command::BatchUpdate(batch),
        entities,
    }
}

fn room(limits: &Limits) -> usize {
    limits.command_bytes_max.saturating_sub(ENVELOPE_BYTES)
}

/// Returns the bytes of a command in a batch.
fn weight(command: &Command) -> usize {
    serde_json::to_string(command).map_or(usize::MAX, |text| text.len() + ",".len())
}

#[cfg(test)]
mod tests {
    use graphy_protocol::console::ImportFormat;

    use super::*;
    use crate::import::parse;

    #[test]
    fn batches_keep_all_limits_and_lose_nothing() {
        let limits = Limits::default();
        let text = include_str!("../../../../Cargo.lock");
        let plan = parse(ImportFormat::CargoLock, "Cargo.lock", text, &limits).unwrap();
        let (nodes, total) = (plan.nodes.len(), plan.len());
        let batches = cut(plan, &limits);
        let mut seen = Vec::new();
        for batch in &batches {
            limits.check(&batch.command).unwrap();
            assert!(weight(&batch.command) < limits.command_bytes_max);
            let Command::BatchUpdate(update) = &batch.command else {
                panic!()
            };
            assert_eq!(update.operations.len() as u64, batch.entities);
            seen.extend(update.operations.iter().cloned());
        }
        assert_eq!(seen.len(), total);
        assert!(
            seen[..nodes]
                .iter()
                .all(|command| matches!(command, Command::CreateNode(_)))
        );
        let full = batches.iter().filter(|batch| batch.entities > 50).count();
        assert!(full * 2 > batches.len(), "batches should be well filled");
    }

    #[test]
    fn an_empty_plan_has_no_batches() {
        let plan = ImportPlan {
            name: String::new(),
            nodes: Vec::new(),
            edges: Vec::new(),
        };
        assert!(cut(plan, &Limits::default()).is_empty());
    }
}
