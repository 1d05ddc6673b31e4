//! Forged deliveries, readings and jobs, and ends that nobody was told.

use super::*;

/// The deliveries to one subscriber, with their places among the events.
fn deliveries(run: &Run, of: &str) -> Vec<usize> {
    let is_one = |noted: &Noted| matches!(&noted.event, Event::Delivered(one) if one.subscriber.as_str() == of);
    let places = run.events.iter().enumerate();
    places
        .filter(|(_, noted)| is_one(noted))
        .map(|(place, _)| place)
        .collect()
}

fn delivered(run: &mut Run, place: usize) -> &mut Delivered {
    let Event::Delivered(delivered) = &mut run.events[place].event else {
        panic!("a place of a delivery")
    };
    delivered
}

/// Bob's delivery of version 2.
fn second(run: &Run) -> usize {
    deliveries(run, "bob")[2]
}

fn readings(run: &Run) -> Vec<usize> {
    let places = run.events.iter().enumerate();
    places
        .filter(|(_, noted)| matches!(noted.event, Event::Read(_)))
        .map(|(place, _)| place)
        .collect()
}

fn reading(run: &mut Run, place: usize) -> &mut Reading {
    let Event::Read(reading) = &mut run.events[place].event else {
        panic!("a place of a reading")
    };
    reading
}

fn is_gap(violation: &Violation) -> bool {
    matches!(violation, Violation::DeliveryGap { .. })
}

#[test]
fn a_delivery_that_was_left_out_is_found() {
    catches(
        |run| {
            let place = second(run);
            run.events.remove(place);
        },
        |violation| {
            matches!(
                violation,
                Violation::DeliveryGap {
                    stood_at: Some(1),
                    from_version: 2,
                    ..
                }
            )
        },
    );
    // The state with which a subscriber begins.
    catches(
        |run| {
            let first = deliveries(run, "bob")[0];
            run.events.remove(first);
        },
        |violation| matches!(violation, Violation::DeliveryGap { stood_at: None, .. }),
    );
}

#[test]
fn an_operation_that_is_missing_inside_a_delivery_is_found() {
    // The delivery says that it follows what was given before, and leaves version 2 out.
    catches(
        |run| {
            let (missing, next) = (second(run), deliveries(run, "bob")[3]);
            let Delivery::Operations { from_version, .. } = &mut delivered(run, next).delivery
            else {
                panic!("an update")
            };
            *from_version = 1;
            run.events.remove(missing);
        },
        |violation| {
            matches!(
                violation,
                Violation::DeliveryGap {
                    stood_at: Some(1),
                    from_version: 2,
                    ..
                }
            )
        },
    );
}

#[test]
fn a_gap_is_no_fault_where_the_whole_state_comes_instead() {
    let mut run = honest();
    let place = deliveries(&run, "bob")[3];
    delivered(&mut run, place).delivery = Delivery::Whole { version: 3 };
    let before = second(&run);
    run.events.remove(before);
    let summary = run.judge().unwrap();
    assert_eq!((summary.delivered, summary.wholes), (12, 3));
}

#[test]
fn a_delivery_that_came_twice_is_found() {
    catches(
        |run| {
            let place = second(run);
            let again = run.events[place].clone();
            run.events.insert(place + 1, again);
        },
        is_gap,
    );
}

#[test]
fn deliveries_that_changed_places_are_found() {
    catches(
        |run| {
            let places = deliveries(run, "bob");
            let (one, other) = (
                run.events[places[2]].event.clone(),
                run.events[places[3]].event.clone(),
            );
            run.events[places[2]].event = other;
            run.events[places[3]].event = one;
        },
        is_gap,
    );
    // Two operations in one delivery.
    let swap = |run: &mut Run, versions_too: bool| {
        let places = deliveries(run, "bob");
        let later = delivered(run, places[3]).clone();
        let Delivery::Operations { operations, .. } = later.delivery else {
            panic!("an update")
        };
        let earlier = delivered(run, places[2]);
        earlier.checksum = later.checksum;
        let Delivery::Operations {
            operations: all, ..
        } = &mut earlier.delivery
        else {
            panic!("an update")
        };
        all.extend(operations);
        all.swap(0, 1);
        if versions_too {
            (all[0].0, all[1].0) = (all[1].0, all[0].0);
        }
        run.events.remove(places[3]);
    };
    catches(|run| swap(run, false), is_gap);
    catches(
        |run| swap(run, true),
        |violation| matches!(violation, Violation::WrongDelivery { version: 2, .. }),
    );
}

#[test]
fn a_delivery_of_what_never_happened_is_found() {
    catches(
        |run| {
            let place = second(run);
            let Delivery::Operations { operations, .. } = &mut delivered(run, place).delivery
            else {
                panic!("an update")
            };
            operations[0].1 = OperationId(Uuid::now_v7());
        },
        |violation| matches!(violation, Violation::WrongDelivery { version: 2, .. }),
    );
    // More than there is.
    catches(
        |run| {
            let last = *deliveries(run, "bob").last().unwrap();
            let mut more = delivered(run, last).clone();
            more.delivery = Delivery::Operations {
                from_version: 7,
                operations: vec![(8, OperationId(Uuid::now_v7()))],
            };
            run.then(Event::Delivered(Box::new(more)));
        },
        |violation| {
            matches!(
                violation,
                Violation::WrongDelivery {
                    version: 8,
                    recorded: None,
                    ..
                }
            )
        },
    );
}

#[test]
fn a_copy_that_differs_from_the_history_is_found() {
    catches(
        |run| {
            let place = second(run);
            delivered(run, place).checksum = Checksum(1);
        },
        |violation| matches!(violation, Violation::WrongCopy { version: 2, .. }),
    );
    catches(
        |run| {
            let place = readings(run)[2];
            reading(run, place).checksum = Checksum(1);
        },
        |violation| matches!(violation, Violation::WrongCopy { version: 3, .. }),
    );
}

#[test]
fn a_whole_state_of_the_past_is_found() {
    catches(
        |run| {
            let places = deliveries(run, "bob");
            let first = run.events[places[1]].event.clone();
            run.then(first);
            let place = run.events.len() - 1;
            delivered(run, place).delivery = Delivery::Whole { version: 1 };
        },
        |violation| {
            matches!(
                violation,
                Violation::WentBack {
                    before: 7,
                    after: 1,
                    ..
                }
            )
        },
    );
}

#[test]
fn another_life_of_the_graph_is_found() {
    let is_foreign = |violation: &Violation| matches!(violation, Violation::ForeignEpoch { .. });
    catches(
        |run| {
            let place = second(run);
            delivered(run, place).epoch = Epoch::new("f").unwrap();
        },
        is_foreign,
    );
    catches(
        |run| {
            let place = readings(run)[0];
            reading(run, place).epoch = Epoch::new("f").unwrap();
        },
        is_foreign,
    );
}

#[test]
fn an_end_that_was_told_before_its_version_was_there_is_found() {
    catches(
        |run| {
            // Ada's own deliveries of her first command and the telling of its end change places.
            let place = deliveries(run, "ada")[1];
            let told = run
                .events
                .iter()
                .position(|noted| matches!(noted.event, Event::Told { .. }))
                .unwrap();
            let (one, other) = (
                run.events[place].event.clone(),
                run.events[told].event.clone(),
            );
            run.events[place].event = other;
            run.events[told].event = one;
        },
        |violation| {
            matches!(
                violation,
                Violation::ToldEarly {
                    version: 1,
                    stood_at: 0,
                    ..
                }
            )
        },
    );
}

#[test]
fn a_command_before_what_was_seen_when_it_was_sent_is_found() {
    // Nobody was told the ends; that bob had seen all is enough.
    catches(
        |run| {
            run.events
                .retain(|noted| !matches!(noted.event, Event::Told { .. } | Event::Read(_)));
            run.stored.stream.rotate_right(1);
            for (entry, version) in run.stored.stream.iter_mut().zip(1..) {
                entry.version = version;
            }
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

#[test]
fn a_stale_reading_is_found() {
    let make_older = |run: &mut Run| {
        let places = readings(run);
        let (checksum, version) = {
            let first = reading(run, places[0]);
            (first.checksum, first.version)
        };
        let last = reading(run, *places.last().unwrap());
        (last.checksum, last.version) = (checksum, version);
    };
    catches(make_older, |violation| {
        matches!(
            violation,
            Violation::StaleRead {
                version: 1,
                known: 7,
                ..
            }
        )
    });
    catches(make_older, |violation| {
        matches!(
            violation,
            Violation::WentBack {
                before: 6,
                after: 1,
                ..
            }
        )
    });
}

#[test]
fn an_answer_without_a_question_is_found() {
    catches(
        |run| {
            let place = readings(run)[0];
            let again = run.events[place].event.clone();
            run.then(again);
        },
        |violation| matches!(violation, Violation::UnaskedRead { .. }),
    );
}

#[test]
fn a_job_that_is_done_without_an_end_of_its_commands_is_found() {
    // Nobody was told that the command is accepted; the queue had it all the same.
    let forget = |run: &mut Run| {
        let last = *run.ids().last().unwrap();
        run.events.retain(|noted| {
            !matches!(&noted.event, Event::Accepted(id) if *id == last)
                && !matches!(&noted.event, Event::Told { operation_id, .. } if *operation_id == last)
        });
        run.stored.outcomes.remove(&last);
        run.stored.stream.pop();
    };
    catches(
        forget,
        |violation| matches!(violation, Violation::JobWithoutOutcome { job, .. } if job == "job-5"),
    );
    catches(
        |run| run.jobs[0].operations.push(OperationId(Uuid::now_v7())),
        |violation| matches!(violation, Violation::GhostInJob { job, .. } if job == "job-1"),
    );
}

#[test]
fn a_command_whose_end_nobody_knows_may_have_happened_or_not() {
    let mut run = honest();
    run.events
        .retain(|noted| !matches!(noted.event, Event::Accepted(_) | Event::Told { .. }));
    let summary = run.judge().unwrap();
    assert_eq!((summary.told, summary.silent_effects), (0, 7));
    // One that did not happen: sent after all others, and never heard of.
    let mut sending = run
        .events
        .iter()
        .find_map(|noted| match &noted.event {
            Event::Sent(sending) => Some(sending.clone()),
            _ => None,
        })
        .unwrap();
    sending.envelope.operation_id = OperationId(Uuid::now_v7());
    run.then(Event::Sent(sending));
    assert_eq!(run.judge().unwrap().sent, 10);
}

#[test]
fn a_recording_whose_clock_goes_back_is_found() {
    catches(
        |run| run.events[3].at += std::time::Duration::from_secs(3600),
        |violation| matches!(violation, Violation::ClockWentBack { place: 4 }),
    );
}
