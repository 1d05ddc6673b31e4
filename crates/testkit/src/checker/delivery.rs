//! What subscribers were given, against the history: no gap, no ghost, nothing in another order.

use std::collections::HashMap;

use graphy_model::{ClientId, GraphId};

use super::{Chronicle, Chronicles, Commands, Summary, Violation, version_of};
use crate::recording::{Delivered, Delivery, Event, Noted};

/// Where each subscriber stands in each graph.
type Standings<'a> = HashMap<(&'a ClientId, &'a GraphId), u64>;

/// Checks all deliveries in the order in which they were taken in.
pub(super) fn check(
    events: &[Noted],
    commands: &Commands<'_>,
    chronicles: &Chronicles<'_>,
    summary: &mut Summary,
    violations: &mut Vec<Violation>,
) {
    let mut standings = Standings::new();
    for Noted { event, .. } in events {
        match event {
            Event::Delivered(delivered) => {
                match &delivered.delivery {
                    Delivery::Operations { operations, .. } => {
                        summary.delivered += operations.len();
                    }
                    Delivery::Whole { .. } => summary.wholes += 1,
                }
                check_one(delivered, chronicles, &mut standings, violations);
            }
            Event::Told {
                operation_id,
                outcome,
            } => {
                let Some(sending) = commands.get(operation_id).map(|command| command.sending)
                else {
                    continue;
                };
                // Who follows no deliveries has nothing to be told too early against.
                let standing = standings.get(&(&sending.client, &sending.graph));
                if let (Some(&stood_at), Some(version)) = (standing, version_of(outcome))
                    && stood_at < version
                {
                    violations.push(Violation::ToldEarly {
                        graph: sending.graph.clone(),
                        operation: *operation_id,
                        version,
                        stood_at,
                    });
                }
            }
            Event::Sent(_) | Event::Accepted(_) | Event::ReadBegan { .. } | Event::Read(_) => {}
        }
    }
}

fn check_one<'a>(
    delivered: &'a Delivered,
    chronicles: &Chronicles<'_>,
    standings: &mut Standings<'a>,
    violations: &mut Vec<Violation>,
) {
    let Delivered {
        subscriber,
        graph,
        epoch,
        delivery,
        checksum,
    } = delivered;
    let Some(chronicle) = chronicles.get(graph).filter(|found| found.epoch == epoch) else {
        violations.push(Violation::ForeignEpoch {
            graph: graph.clone(),
            who: subscriber.clone(),
            epoch: epoch.clone(),
        });
        return;
    };
    let version = delivery.to_version();
    let before = standings.insert((subscriber, graph), version);
    match delivery {
        Delivery::Operations {
            from_version,
            operations,
        } => {
            if before != Some(*from_version) {
                violations.push(Violation::DeliveryGap {
                    graph: graph.clone(),
                    subscriber: subscriber.clone(),
                    stood_at: before,
                    from_version: *from_version,
                });
            }
            check_operations(delivered, *from_version, operations, chronicle, violations);
        }
        Delivery::Whole { version } => {
            if let Some(before) = before.filter(|before| before > version) {
                violations.push(Violation::WentBack {
                    graph: graph.clone(),
                    who: subscriber.clone(),
                    before,
                    after: *version,
                });
            }
        }
    }
    let recorded = chronicle.checksum(version);
    if recorded != Some(*checksum) {
        violations.push(Violation::WrongCopy {
            graph: graph.clone(),
            who: subscriber.clone(),
            version,
            held: *checksum,
            recorded,
        });
    }
}

fn check_operations(
    delivered: &Delivered,
    from_version: u64,
    operations: &[(u64, graphy_model::OperationId)],
    chronicle: &Chronicle<'_>,
    violations: &mut Vec<Violation>,
) {
    for (&(version, given), expected) in operations.iter().zip(from_version + 1..) {
        if version != expected {
            violations.push(Violation::DeliveryGap {
                graph: delivered.graph.clone(),
                subscriber: delivered.subscriber.clone(),
                stood_at: Some(expected - 1),
                from_version: version.saturating_sub(1),
            });
            return;
        }
        let recorded = chronicle.operation(version);
        if recorded != Some(given) {
            violations.push(Violation::WrongDelivery {
                graph: delivered.graph.clone(),
                subscriber: delivered.subscriber.clone(),
                version,
                given,
                recorded,
            });
        }
    }
}
