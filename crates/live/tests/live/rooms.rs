//! What is lost on the way is found in the store.

use std::time::Duration;

use graphy_live::{OpenError, Outgoing};
use graphy_model::{GraphId, Outcome};
use graphy_protocol::{ServerFrame, Sync};
use graphy_store::BatchEvent;

use crate::support::{News, World, frame, new_id, opened};

#[tokio::test]
async fn a_gap_is_filled_from_the_history() {
    let mut world = World::new().await;
    world.write(new_id(), "bob", News::Arrive).await;
    let mut ann = world.open("ann", &[]).await;
    assert_eq!(opened(&mut ann).await, 1);
    world.write(new_id(), "bob", News::AreLost).await;
    world.write(new_id(), "bob", News::AreLost).await;
    world.write(new_id(), "bob", News::Arrive).await;
    let mut version = 1;
    while version < 4 {
        let ServerFrame::StateUpdate {
            from_version,
            to_version,
            checksum,
            ..
        } = frame(&mut ann).await
        else {
            panic!("an update")
        };
        assert_eq!(from_version, version);
        version = to_version;
        if version == 4 {
            assert_eq!(checksum, world.graph.checksum());
        }
    }
    world.stop();
}

#[tokio::test]
async fn lost_news_come_with_the_audit() {
    let mut world = World::new().await;
    let mut ann = world.open("ann", &[]).await;
    assert_eq!(opened(&mut ann).await, 0);
    world.write(new_id(), "bob", News::AreLost).await;
    let update = frame(&mut ann).await;
    assert!(
        matches!(update, ServerFrame::StateUpdate { to_version: 1, .. }),
        "{update:?}"
    );
    world.stop();
}

#[tokio::test]
async fn a_position_that_is_told_brings_what_was_lost_before_the_audit() {
    let mut world = World::with(|settings| settings.audit = Duration::from_secs(3600)).await;
    let mut ann = world.open("ann", &[]).await;
    let mut bea = world.open("bea", &[]).await;
    assert_eq!((opened(&mut ann).await, opened(&mut bea).await), (0, 0));
    world.write(new_id(), "bob", News::AreLost).await;
    let tell = async |resync: &[&str]| {
        let head = world.store.head(&world.id).await.unwrap().unwrap();
        let mut event = BatchEvent::position(&world.id, "j", &head);
        event.resync = resync.iter().map(|name| name.parse().unwrap()).collect();
        let message = serde_json::to_string(&event).unwrap();
        world.store.announce(&world.id, &message).await.unwrap();
    };
    tell(&[]).await;
    for session in [&mut ann, &mut bea] {
        let update = frame(session).await;
        assert!(
            matches!(update, ServerFrame::StateUpdate { to_version: 1, .. }),
            "{update:?}"
        );
    }
    // Only who is named is brought to the present anew.
    tell(&["bea"]).await;
    let synced = frame(&mut bea).await;
    assert!(matches!(synced, ServerFrame::Sync(_)), "{synced:?}");
    world.write(new_id(), "bob", News::Arrive).await;
    let update = frame(&mut ann).await;
    assert!(
        matches!(update, ServerFrame::StateUpdate { to_version: 2, .. }),
        "{update:?}"
    );
    world.stop();
}

#[tokio::test]
async fn an_outcome_whose_news_were_lost_still_arrives_after_its_update() {
    let mut world = World::new().await;
    let id = new_id();
    let mut ann = world.open("ann", &[id]).await;
    opened(&mut ann).await;
    world.write(id, "ann", News::AreLost).await;
    assert!(matches!(
        frame(&mut ann).await,
        ServerFrame::StateUpdate { to_version: 1, .. }
    ));
    let result = frame(&mut ann).await;
    let ServerFrame::CommandResult {
        operation_id,
        outcome,
    } = result
    else {
        panic!("{result:?}")
    };
    assert_eq!(
        (operation_id, outcome),
        (id, Outcome::Applied { version: 1 })
    );
    world.stop();
}

#[tokio::test]
async fn what_landed_is_said_at_once() {
    let mut world = World::new().await;
    let (landed, open) = (new_id(), new_id());
    world.write(landed, "ann", News::Arrive).await;
    let mut ann = world.open("ann", &[open, landed]).await;
    assert!(matches!(
        frame(&mut ann).await,
        ServerFrame::Welcome { version: 1, .. }
    ));
    let ServerFrame::Sync(Sync::Full { landed: said, .. }) = frame(&mut ann).await else {
        panic!("full")
    };
    assert_eq!(
        said.iter().map(|one| one.operation_id).collect::<Vec<_>>(),
        [landed]
    );
    world.stop();
}

#[tokio::test]
async fn joining_in_the_middle_of_traffic_misses_and_repeats_nothing() {
    let mut world = World::new().await;
    let first = world.open("first", &[]).await;
    for round in 0..20 {
        world.write(new_id(), "bob", News::Arrive).await;
        // Somebody joins while the worker writes.
        let (hub, request) = (
            world.hub().clone(),
            world.request(&format!("c{round}"), &[]),
        );
        let joining = tokio::spawn(async move { hub.open(request).await });
        world.write(new_id(), "bob", News::Arrive).await;
        let mut late = joining
            .await
            .expect("no panic")
            .unwrap_or_else(|error| panic!("{error}"));
        world.write(new_id(), "bob", News::Arrive).await;
        let mut version = opened(&mut late).await;
        while version < world.graph.version() {
            let ServerFrame::StateUpdate {
                from_version,
                to_version,
                ..
            } = frame(&mut late).await
            else {
                panic!("an update")
            };
            assert_eq!(from_version, version);
            version = to_version;
        }
    }
    drop(first);
    world.stop();
}

#[tokio::test]
async fn a_graph_that_is_not_there_cannot_be_watched() {
    let world = World::new().await;
    let mut request = world.request("ann", &[]);
    request.graph_id = GraphId::new("nope").expect("an id");
    assert!(matches!(
        world.hub().open(request).await,
        Err(OpenError::NotFound(_))
    ));
    world.stop();
}

#[tokio::test]
async fn a_stop_is_said_before_it_closes() {
    let world = World::new().await;
    let mut ann = world.open("ann", &[]).await;
    opened(&mut ann).await;
    world.hub().shutdown(Duration::from_secs(2));
    assert_eq!(
        frame(&mut ann).await,
        ServerFrame::GoingAway {
            retry_after_ms: 2000
        }
    );
    let Outgoing::Close(closing) = ann.next().await else {
        panic!("closed")
    };
    assert_eq!(closing.code, 4000);
    assert!(matches!(
        world.hub().open(world.request("b", &[])).await,
        Err(OpenError::GoingAway)
    ));
    world.stop();
}

#[tokio::test]
async fn an_operation_too_large_for_a_frame_is_told_as_part_of_the_whole_state() {
    let mut world = World::new().await;
    world.write(new_id(), "ann", News::Arrive).await;
    // As large as the deletion of a node with many thousands of edges.
    let large = serde_json::json!({"id": "large", "title": "x".repeat(600 * 1024)});
    world.write_node(new_id(), "ann", News::Arrive, large).await;
    let mut request = world.request("bob", &[]);
    request.from = Some((world.graph.epoch().clone(), 1));
    let mut session = world.hub().open(request).await.expect("open");
    let ServerFrame::Welcome { version: 2, .. } = frame(&mut session).await else {
        panic!("a welcome comes first");
    };
    let sync = frame(&mut session).await;
    assert!(
        matches!(sync, ServerFrame::Sync(Sync::Full { version: 2, .. })),
        "not the operation, which clients would refuse to read"
    );
    world.stop();
}
