//! What readers saw, against the history.

use std::collections::HashMap;

use graphy_model::{ClientId, GraphId};

use super::{Chronicles, TrackedRead, Violation};

/// Checks all readings in the order in which they were answered.
pub(super) fn check(
    reads: &[TrackedRead<'_>],
    chronicles: &Chronicles<'_>,
    violations: &mut Vec<Violation>,
) {
    let mut last: HashMap<(&ClientId, &GraphId), u64> = HashMap::new();
    for TrackedRead {
        graph,
        floor,
        reading,
    } in reads
    {
        let (reader, version) = (&reading.reader, reading.version);
        let Some(chronicle) = chronicles
            .get(graph)
            .filter(|found| *found.epoch == reading.epoch)
        else {
            violations.push(Violation::ForeignEpoch {
                graph: (*graph).clone(),
                who: reader.clone(),
                epoch: reading.epoch.clone(),
            });
            continue;
        };
        let before = last.insert((reader, graph), version).unwrap_or_default();
        if version < before {
            violations.push(Violation::WentBack {
                graph: (*graph).clone(),
                who: reader.clone(),
                before,
                after: version,
            });
        }
        if version < *floor {
            violations.push(Violation::StaleRead {
                graph: (*graph).clone(),
                reader: reader.clone(),
                version,
                known: *floor,
            });
        }
        let recorded = chronicle.checksum(version);
        if recorded != Some(reading.checksum) {
            violations.push(Violation::WrongCopy {
                graph: (*graph).clone(),
                who: reader.clone(),
                version,
                held: reading.checksum,
                recorded,
            });
        }
    }
}
