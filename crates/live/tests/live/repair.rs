//! Digests, repair and the rest of a full state, in the ordered stream.

use std::collections::BTreeMap;

use graphy_live::{Outgoing, Session};
use graphy_model::{Checksum, Outcome};
use graphy_protocol::bucket::bucket_of;
use graphy_protocol::{PartialState, ServerFrame, Sync};
use serde_json::json;

use crate::support::{News, World, frame, new_id, next, opened};

#[tokio::test]
async fn digests_and_buckets_stand_at_a_place_in_the_stream() {
    let mut world = World::new().await;
    for _ in 0..50 {
        world.write(new_id(), "bob", News::Arrive).await;
    }
    let mut ann = world.open("ann", &[]).await;
    let mut version = opened(&mut ann).await;
    assert_eq!(version, 50);
    // What was lost comes before the digests that count it in.
    world.write(new_id(), "bob", News::AreLost).await;
    ann.handle().request_digests();
    let digests = loop {
        match frame(&mut ann).await {
            ServerFrame::Sync(Sync::Behind { to_version, .. })
            | ServerFrame::StateUpdate { to_version, .. } => version = to_version,
            ServerFrame::Digests {
                version: at,
                buckets,
                ..
            } => {
                assert_eq!((at, version), (51, 51));
                break buckets;
            }
            other => panic!("{other:?}"),
        }
    };
    let mut expected = vec![Checksum::default(); 64];
    for (id, node) in world.graph.nodes() {
        expected[usize::from(bucket_of(id.as_str()))].add(node.hash);
    }
    assert_eq!(digests, expected);
    let wanted = bucket_of("n7");
    ann.handle().request_repair(&[wanted, 9_999]);
    let ServerFrame::Sync(Sync::Repair {
        version,
        buckets,
        nodes,
        checksum,
        last,
        ..
    }) = frame(&mut ann).await
    else {
        panic!("a repair")
    };
    assert_eq!((version, buckets, last), (51, vec![wanted], true));
    assert_eq!(checksum, world.graph.checksum());
    let ids: Vec<&str> = nodes.iter().map(|node| node.node.id.as_str()).collect();
    assert!(ids.contains(&"n7"));
    let all = world.graph.nodes().keys();
    let there = all.filter(|id| bucket_of(id.as_str()) == wanted).count();
    assert_eq!(ids.len(), there, "the bucket comes wholly");
    // And the stream goes on where it was.
    world.write(new_id(), "bob", News::Arrive).await;
    let update = frame(&mut ann).await;
    assert!(
        matches!(
            update,
            ServerFrame::StateUpdate {
                from_version: 51,
                ..
            }
        ),
        "{update:?}"
    );
    world.stop();
}

/// Takes chunks of a full state until `enough` are there; returns them by their number.
async fn chunks(session: &mut Session, enough: usize) -> (BTreeMap<u32, ServerFrame>, u64, u32) {
    let mut taken = BTreeMap::new();
    let (mut at, mut of) = (0, 0);
    while taken.len() < enough {
        let frame = frame(session).await;
        if let ServerFrame::Sync(Sync::Full {
            version,
            chunk,
            chunks,
            ..
        }) = &frame
        {
            (at, of) = (*version, *chunks);
            taken.insert(*chunk, frame);
        }
    }
    (taken, at, of)
}

#[tokio::test]
async fn the_rest_of_a_full_state_comes_after_a_cut_and_then_what_happened_since() {
    let mut world = World::new().await;
    for index in 0..40 {
        let node = json!({"id": format!("n{index}"), "title": "t".repeat(10_000)});
        world.write_node(new_id(), "bob", News::Arrive, node).await;
    }
    let mut ann = world.open("ann", &[]).await;
    assert!(matches!(frame(&mut ann).await, ServerFrame::Welcome { .. }));
    let (first, version, of) = chunks(&mut ann, 3).await;
    assert!((version, of) > (39, 5), "{of} chunks");
    drop(ann);
    let landed = new_id();
    world.write(landed, "ann", News::Arrive).await;
    let request = |partial: PartialState| {
        let mut request = world.request("ann", &[landed]);
        request.partial = Some(partial);
        request
    };
    let partial = PartialState {
        epoch: world.graph.epoch().clone(),
        version,
        chunks: 3,
    };
    let mut ann = world
        .hub()
        .open(request(partial.clone()))
        .await
        .expect("open");
    assert!(matches!(
        frame(&mut ann).await,
        ServerFrame::Welcome { version: 41, .. }
    ));
    let rest = usize::try_from(of).expect("few") - 3;
    let (rest, again, _) = chunks(&mut ann, rest).await;
    assert_eq!(again, version);
    assert_eq!(
        rest.keys().copied().collect::<Vec<_>>(),
        (3..of).collect::<Vec<_>>()
    );
    let mut ids: Vec<String> = Vec::new();
    for frame in first.values().chain(rest.values()) {
        if let ServerFrame::Sync(Sync::Full { nodes, .. }) = frame {
            ids.extend(nodes.iter().map(|node| node.node.id.to_string()));
        }
    }
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), 40, "nothing is missing and nothing is twice");
    let ServerFrame::Sync(Sync::Behind {
        from_version,
        to_version,
        landed: said,
        checksum,
        ..
    }) = frame(&mut ann).await
    else {
        panic!("what happened since")
    };
    assert_eq!((from_version, to_version), (version, 41));
    assert_eq!(checksum, Some(world.graph.checksum()));
    assert!(matches!(said[0].outcome, Outcome::Applied { version: 41 }));
    // A state that is not kept begins anew.
    let unknown = PartialState {
        version: version - 1,
        ..partial
    };
    let mut ann = world.hub().open(request(unknown)).await.expect("open");
    let (chunks, at, _) = chunks(&mut ann, 1).await;
    assert_eq!((chunks.keys().next(), at), (Some(&0), 41));
    world.stop();
}

#[tokio::test]
async fn the_author_of_a_conflict_gets_its_record_behind_the_result() {
    let mut world = World::new().await;
    let mut ann = world.open("ann", &[]).await;
    let mut bob = world.open("bob", &[]).await;
    opened(&mut ann).await;
    opened(&mut bob).await;
    let operation = new_id();
    let record = serde_json::from_value(json!({
        "conflictId": "c1", "operationId": operation, "entity": "node", "entityId": "n1",
        "field": "title", "base": "a", "mine": "b", "theirs": "c",
        "author": {"at": 1}, "against": {"at": 2}, "baseVersion": 0, "version": 1,
    }));
    let conflict: Box<graphy_model::ConflictRecord> = Box::new(record.expect("a record"));
    let outcome = Outcome::Conflict {
        version: 1,
        conflict_id: conflict.conflict_id.clone(),
        effect: vec![],
    };
    let changes = vec![graphy_model::Change::OpenConflict {
        conflict: conflict.clone(),
    }];
    assert!(ann.handle().expect(operation));
    world
        .apply(operation, "ann", News::Arrive, changes, outcome)
        .await;
    assert!(matches!(
        frame(&mut ann).await,
        ServerFrame::StateUpdate { .. }
    ));
    assert!(matches!(
        frame(&mut ann).await,
        ServerFrame::CommandResult { .. }
    ));
    assert_eq!(
        frame(&mut ann).await,
        ServerFrame::Conflict { record: conflict }
    );
    assert!(matches!(
        frame(&mut bob).await,
        ServerFrame::StateUpdate { .. }
    ));
    // Everybody else knows it from the stream, and who comes later from the full state.
    let mut late = world.open("late", &[]).await;
    assert!(matches!(
        frame(&mut late).await,
        ServerFrame::Welcome { .. }
    ));
    let ServerFrame::Sync(Sync::Full {
        conflicts,
        settings,
        ..
    }) = frame(&mut late).await
    else {
        panic!("a full state")
    };
    assert_eq!((conflicts.len(), settings.is_some()), (1, true));
    assert!(
        matches!(next(&mut bob).await, Outgoing::Frame(_)),
        "presence, not a conflict"
    );
    world.stop();
}
