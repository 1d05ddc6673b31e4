//! The checker against histories of which one is right and the others are forged.

use graphy_model::record::Marks;
use graphy_model::{
    Author, Change, ClientId, Envelope, Epoch, Limits, NodeId, Rejection, UserId, execute,
};
use serde_json::{Value, json};
use uuid::Uuid;

mod honest;
mod seen;

use super::*;
use crate::recording::{Delivered, Delivery, Demand, Recorder};
use honest::honest;

/// A run that keeps every rule: two clients, one after the other, on one graph; both follow it, a
/// third one reads it, and every two commands made a job.
struct Run {
    events: Vec<Noted>,
    stored: StoredGraph,
    jobs: Vec<StoredJob>,
}

impl Run {
    fn judge(&self) -> Result<Summary, Vec<Violation>> {
        let evidence = Evidence {
            events: &self.events,
            graphs: std::slice::from_ref(&self.stored),
            jobs: &self.jobs,
        };
        check(&evidence, &Rules::default())
    }

    /// Adds something that happened after everything else.
    fn then(&mut self, event: Event) {
        let at = self.events.last().unwrap().at;
        self.events.push(Noted { at, event });
    }

    /// The ids in the order of sending.
    fn ids(&self) -> Vec<OperationId> {
        let sent = |noted: &Noted| match &noted.event {
            Event::Sent(sending) => Some(sending.envelope.operation_id),
            _ => None,
        };
        self.events.iter().filter_map(sent).collect()
    }

    fn entry(&mut self, version: u64) -> &mut AppliedOperation {
        let index = usize::try_from(version).unwrap() - 1;
        &mut self.stored.stream[index]
    }
}

/// Forges a run and expects a violation of a kind among those found.
fn catches(forge: impl FnOnce(&mut Run), wanted: impl Fn(&Violation) -> bool) {
    let mut run = honest();
    forge(&mut run);
    let found = run.judge().expect_err("a forged history must not pass");
    assert!(found.iter().any(wanted), "found only {found:#?}");
}

#[test]
fn an_honest_run_passes() {
    let summary = honest().judge().unwrap();
    let expected = Summary {
        sent: 9,
        accepted: 9,
        told: 9,
        effects: 7,
        without_effect: 1,
        contested: 0,
        refused: 1,
        silent_effects: 0,
        delivered: 14,
        wholes: 2,
        reads: 9,
        jobs: 5,
    };
    assert_eq!(summary, expected);
}

#[test]
fn a_lost_command_is_found() {
    catches(
        |run| {
            let last = *run.ids().last().unwrap();
            run.stored.outcomes.remove(&last);
            run.stored.stream.pop();
        },
        |violation| matches!(violation, Violation::Lost { .. }),
    );
    catches(
        |run| drop(run.stored.stream.pop()),
        |violation| {
            matches!(
                violation,
                Violation::WrongEnd {
                    history: 6,
                    stored: 7,
                    ..
                }
            )
        },
    );
}

#[test]
fn a_command_that_happened_twice_is_found() {
    catches(
        |run| {
            let mut again = run.entry(4).clone();
            again.version = 8;
            run.stored.stream.push(again);
            run.stored.graph.finish_load(8);
        },
        |violation| {
            matches!(
                violation,
                Violation::Twice {
                    first: 4,
                    second: 8,
                    ..
                }
            )
        },
    );
}

#[test]
fn a_client_whose_commands_changed_places_is_found() {
    catches(
        |run| {
            let (second, seventh) = (run.entry(2).clone(), run.entry(6).clone());
            *run.entry(2) = AppliedOperation {
                version: 2,
                ..seventh
            };
            *run.entry(6) = AppliedOperation {
                version: 6,
                ..second
            };
        },
        |violation| matches!(violation, Violation::Reordered { .. }),
    );
}

#[test]
fn a_gap_in_the_versions_is_found() {
    catches(
        |run| drop(run.stored.stream.remove(3)),
        |violation| {
            matches!(
                violation,
                Violation::VersionGap {
                    expected: 4,
                    found: 5,
                    ..
                }
            )
        },
    );
}

#[test]
fn a_wrong_effect_is_found() {
    catches(
        |run| {
            let Change::PutNode { node, .. } = &mut run.entry(1).changes[0] else {
                panic!("the first command makes a node")
            };
            node.title = "forged".into();
        },
        |violation| matches!(violation, Violation::WrongEffect { version: 1, .. }),
    );
    catches(
        |run| run.entry(5).inverse.clear(),
        |violation| matches!(violation, Violation::WrongEffect { version: 5, .. }),
    );
}

#[test]
fn a_stored_state_that_the_history_does_not_lead_to_is_found() {
    catches(
        |run| {
            let id = NodeId::new("a").unwrap();
            let mut entry = run.stored.graph.nodes()[&id].clone();
            entry.marks = Marks::new();
            run.stored
                .graph
                .load_node(entry.version, entry.marks, entry.entity, entry.hash);
        },
        |violation| matches!(violation, Violation::WrongState { .. }),
    );
    catches(
        |run| run.stored.computed = Checksum(1),
        |violation| matches!(violation, Violation::WrongChecksum { .. }),
    );
}

#[test]
fn a_command_that_nobody_sent_is_found() {
    catches(
        |run| run.entry(7).operation_id = OperationId(Uuid::now_v7()),
        |violation| matches!(violation, Violation::Ghost { version: 7, .. }),
    );
    catches(
        |run| run.entry(7).user_id = UserId::new("mallory").unwrap(),
        |violation| matches!(violation, Violation::Ghost { version: 7, .. }),
    );
}

#[test]
fn an_outcome_that_changes_is_found() {
    let told_otherwise =
        |violation: &Violation| matches!(violation, Violation::ToldOtherwise { .. });
    catches(
        |run| {
            let operation_id = run.ids()[0];
            let outcome = Outcome::Applied { version: 2 };
            run.then(Event::Told {
                operation_id,
                outcome,
            });
        },
        told_otherwise,
    );
    catches(
        |run| {
            let operation_id = run.ids()[0];
            run.then(Event::Told {
                operation_id,
                outcome: Outcome::Duplicate { first: None },
            });
        },
        told_otherwise,
    );
    let mut run = honest();
    let operation_id = run.ids()[0];
    let first = Some(Box::new(Outcome::Applied { version: 1 }));
    run.then(Event::Told {
        operation_id,
        outcome: Outcome::Duplicate { first },
    });
    assert!(
        run.judge().is_ok(),
        "a duplicate that repeats the first outcome is right"
    );
}

#[test]
fn an_outcome_that_the_history_does_not_bear_out_is_found() {
    let not_borne_out = |violation: &Violation| matches!(violation, Violation::NotBorneOut { .. });
    let refuse = |run: &mut Run, index: usize, code| {
        let operation_id = run.ids()[index];
        let outcome = Outcome::Rejected(Rejection::new(code, "forged"));
        run.stored.outcomes.insert(operation_id, outcome);
    };
    catches(|run| refuse(run, 0, RejectCode::NotFound), not_borne_out);
    // A command without an effect that claims a version which it did not find.
    catches(
        |run| {
            let operation_id = run.ids()[4];
            run.stored
                .outcomes
                .insert(operation_id, Outcome::Applied { version: 99 });
        },
        not_borne_out,
    );
    let not_allowed = |violation: &Violation| matches!(violation, Violation::NotAllowed { .. });
    catches(|run| refuse(run, 0, RejectCode::NotFound), not_allowed);
    catches(|run| refuse(run, 5, RejectCode::Internal), not_allowed);
}

#[test]
fn a_command_that_happened_before_its_time_is_found() {
    catches(
        |run| {
            // Everything up to the last command was told before; so it cannot have come first.
            let count = run.stored.stream.len();
            run.stored.stream.rotate_right(1);
            for (entry, version) in run.stored.stream.iter_mut().zip(1..) {
                entry.version = version;
            }
            assert_eq!(count, 7);
        },
        |violation| {
            matches!(
                violation,
                Violation::BackInTime {
                    version: 1,
                    known: 6,
                    ..
                }
            )
        },
    );
}
