//! Who is there, over two nodes.

use std::time::Duration;

use graphy_live::Departure;
use graphy_model::{NodeId, Position};
use graphy_protocol::presence::PresenceState;

use crate::support::{Seen, World};

fn at(x: f64) -> PresenceState {
    PresenceState {
        cursor: Some(Position { x, y: 1.0 }),
        selection: vec![NodeId::new("n1").expect("an id")],
        ..PresenceState::default()
    }
}

#[tokio::test]
async fn people_on_two_nodes_see_each_other_move_and_leave() {
    let mut world = World::new().await;
    world.join_node().await;
    let mut ann = world.enter(0, "ann").await;
    let mut bea = world.enter(1, "bea").await;
    let (mut of_ann, mut of_bea) = (Seen::default(), Seen::default());
    let both = |peers: &[_]| Seen::users(peers) == ["ann", "bea"];
    of_ann.until(&mut ann, both).await;
    of_bea.until(&mut bea, both).await;
    for step in 0..100 {
        bea.handle().present(at(f64::from(step)));
    }
    let moved = |peers: &[graphy_protocol::presence::Peer]| {
        let cursor = |peer: &graphy_protocol::presence::Peer| peer.state.cursor;
        peers
            .iter()
            .filter_map(cursor)
            .any(|cursor| cursor.x > 98.0)
    };
    of_ann.until(&mut ann, moved).await;
    // Who comes later is told everything at once.
    let mut cid = world.enter(0, "cid").await;
    let mut of_cid = Seen::default();
    of_cid
        .until(&mut cid, |peers| moved(peers) && peers.len() == 3)
        .await;
    bea.handle().depart(Departure::Goodbye);
    drop(bea);
    of_ann
        .until(&mut ann, |peers| Seen::users(peers) == ["ann", "cid"])
        .await;
    world.stop();
}

#[tokio::test]
async fn a_lost_connection_is_away_without_a_cursor_until_it_is_back_anywhere() {
    let mut world = World::new().await;
    world.join_node().await;
    let mut ann = world.enter(0, "ann").await;
    let bea = world.enter(0, "bea").await;
    bea.handle().present(at(5.0));
    let mut of_ann = Seen::default();
    of_ann
        .until(&mut ann, |peers| {
            peers.iter().any(|peer| peer.state.cursor.is_some())
        })
        .await;
    drop(bea);
    of_ann
        .until(&mut ann, |peers| {
            let lost = |peer: &graphy_protocol::presence::Peer| {
                peer.user_id.as_str() == "bea" && peer.away && peer.state.cursor.is_none()
            };
            peers.iter().any(lost)
        })
        .await;
    let _back = world.enter(1, "bea").await;
    of_ann
        .until(&mut ann, |peers| {
            Seen::users(peers) == ["ann", "bea"] && peers.iter().all(|peer| !peer.away)
        })
        .await;
    world.stop();
}

#[tokio::test]
async fn who_does_not_come_back_is_given_up_after_the_grace_period() {
    let world = World::with(|settings| settings.grace = Duration::from_millis(1500)).await;
    let mut ann = world.enter(0, "ann").await;
    let bea = world.enter(0, "bea").await;
    let mut of_ann = Seen::default();
    of_ann.until(&mut ann, |peers| peers.len() == 2).await;
    drop(bea);
    of_ann
        .until(&mut ann, |peers| peers.iter().any(|peer| peer.away))
        .await;
    of_ann
        .until(&mut ann, |peers| Seen::users(peers) == ["ann"])
        .await;
    world.stop();
}

#[tokio::test]
async fn the_sessions_of_a_node_that_died_vanish() {
    let mut world = World::new().await;
    world.join_node().await;
    let mut ann = world.enter(0, "ann").await;
    let bea = world.enter(1, "bea").await;
    let mut of_ann = Seen::default();
    of_ann.until(&mut ann, |peers| peers.len() == 2).await;
    drop(world.nodes.pop());
    of_ann
        .until(&mut ann, |peers| Seen::users(peers) == ["ann"])
        .await;
    drop(bea);
    world.stop();
}
