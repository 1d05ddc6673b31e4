//! The order of each client, and the order in which things were known.

use std::collections::HashMap;

use graphy_model::{ClientId, GraphId};

use super::{Commands, Tracked, Violation, version_of};

/// Checks the versions of commands against the order in which they were sent.
pub(super) fn check(commands: &Commands<'_>, violations: &mut Vec<Violation>) {
    let mut sent: Vec<&Tracked<'_>> = commands.values().collect();
    sent.sort_unstable_by_key(|command| command.place);
    let mut last: HashMap<(&ClientId, &GraphId), u64> = HashMap::new();
    for command in sent {
        let Some(version) = command
            .made
            .or_else(|| command.outcome.and_then(version_of))
        else {
            continue;
        };
        let sending = command.sending;
        // A command without an effect bears the version that it found, or that of a later move.
        let early = match command.made {
            Some(made) => made <= command.floor,
            None => version < command.floor,
        };
        if early {
            violations.push(Violation::BackInTime {
                graph: sending.graph.clone(),
                operation: sending.envelope.operation_id,
                version,
                known: command.floor,
            });
        }
        let Some(made) = command.made else { continue };
        let earlier = last
            .insert((&sending.client, &sending.graph), made)
            .unwrap_or_default();
        if made <= earlier {
            violations.push(Violation::Reordered {
                graph: sending.graph.clone(),
                client: sending.client.clone(),
                later: sending.envelope.operation_id,
                earlier_version: earlier,
                later_version: made,
            });
        }
    }
}
