//! Connected sessions in the list that people and other programs read.

use std::time::Duration;

use graphy_live::Departure;
use graphy_model::UserId;
use graphy_store::SessionRecord;
use graphy_store::sessions::SessionScope;

use crate::support::{News, PATIENCE, World, frame, new_id, opened};

/// Reads a list of node 0 until it satisfies.
async fn listed(
    world: &World,
    scope: &SessionScope,
    enough: impl Fn(&[SessionRecord]) -> bool,
) -> Vec<SessionRecord> {
    let mut again = tokio::time::interval(Duration::from_millis(20));
    let deadline = tokio::time::Instant::now() + PATIENCE;
    loop {
        again.tick().await;
        let found = world.nodes[0].sessions.list(scope).await.expect("read");
        if enough(&found) {
            return found;
        }
        assert!(tokio::time::Instant::now() < deadline, "{found:?}");
    }
}

#[tokio::test]
async fn sessions_are_listed_by_graph_and_user_with_what_they_hold() {
    let mut world = World::with(|settings| settings.heartbeat = Duration::from_millis(300)).await;
    world.join_node().await;
    world.write(new_id(), "ann-client", News::Arrive).await;
    let mut ann = world.enter(0, "ann").await;
    assert_eq!(opened(&mut ann).await, 1);
    let _bea = world.enter(1, "bea").await;
    let of_graph = SessionScope::Graph(world.id.clone());
    for scope in [&SessionScope::All, &of_graph] {
        let found = listed(&world, scope, |found| found.len() == 2).await;
        assert!(found[0].joined_at >= found[1].joined_at, "the newest first");
        let of_ann = found
            .iter()
            .find(|one| one.user_id.as_str() == "ann")
            .expect("ann");
        assert_eq!(
            (of_ann.client_version, of_ann.client_id.as_str()),
            (1, "ann-client")
        );
        assert_eq!(of_ann.node, world.nodes[0].id.as_str());
    }
    let bea = SessionScope::User(UserId::new("bea").expect("an id"));
    listed(&world, &bea, |found| found.len() == 1).await;
    // The stream goes on while all this is looked at.
    world.write(new_id(), "ann-client", News::Arrive).await;
    frame(&mut ann).await;
    ann.handle().depart(Departure::Goodbye);
    drop(ann);
    let left = listed(&world, &of_graph, |found| found.len() == 1).await;
    assert_eq!(left[0].user_id.as_str(), "bea");
    // A node that died is not asked who is on it.
    drop(world.nodes.pop());
    listed(&world, &of_graph, <[SessionRecord]>::is_empty).await;
    world.stop();
}
