//! Who may watch a graph, and what happens to those who may not any more.

use graphy_live::OpenError;
use graphy_model::{GraphRole, Role};
use graphy_protocol::ServerFrame;

use crate::support::{News, World, closed, frame, new_id, opened};

#[tokio::test]
async fn who_has_no_access_is_not_let_in_and_the_welcome_says_what_one_may() {
    let mut world = World::new().await;
    world.grant("*", Some(GraphRole::None), News::Arrive).await;
    world
        .grant("bea", Some(GraphRole::Comment), News::Arrive)
        .await;
    let refused = world.hub().open(world.request_of("cid")).await;
    assert!(matches!(refused, Err(OpenError::Forbidden { .. })));
    let mut bea = world.enter(0, "bea").await;
    let ServerFrame::Welcome { access, .. } = frame(&mut bea).await else {
        panic!("a welcome")
    };
    assert_eq!(access, GraphRole::Comment);
    let mut operator = world.request_of("cid");
    operator.role = Role::Operator;
    assert!(world.hub().open(operator).await.is_ok());
    world.stop();
}

#[tokio::test]
async fn a_change_of_access_is_told_before_what_comes_with_it() {
    let mut world = World::new().await;
    let mut bea = world.enter(0, "bea").await;
    opened(&mut bea).await;
    world
        .grant("bea", Some(GraphRole::View), News::Arrive)
        .await;
    let told = frame(&mut bea).await;
    let now = GraphRole::View;
    assert_eq!(told, ServerFrame::Access { access: now });
    assert!(matches!(
        frame(&mut bea).await,
        ServerFrame::StateUpdate { .. }
    ));
    world.stop();
}

#[tokio::test]
async fn a_revoked_user_is_closed_on_every_node_and_gets_nothing_more() {
    let mut world = World::new().await;
    world.join_node().await;
    let mut sessions = Vec::new();
    for node in [0, 1] {
        let mut bea = world.enter(node, "bea").await;
        opened(&mut bea).await;
        sessions.push(bea);
    }
    let mut ann = world.enter(0, "ann").await;
    opened(&mut ann).await;
    world
        .grant("bea", Some(GraphRole::None), News::Arrive)
        .await;
    world.write(new_id(), "ann-client", News::Arrive).await;
    for mut bea in sessions {
        // Nothing of the version with the revocation, nor of what comes after it.
        loop {
            match crate::support::next(&mut bea).await {
                graphy_live::Outgoing::Close(closing) => {
                    assert_eq!(closing.code, 4503);
                    break;
                }
                graphy_live::Outgoing::Frame(text) => {
                    let text = std::str::from_utf8(&text).expect("text");
                    assert!(!text.contains("state_update"), "{text}");
                }
            }
        }
    }
    assert!(matches!(
        frame(&mut ann).await,
        ServerFrame::StateUpdate { .. }
    ));
    world.stop();
}

#[tokio::test]
async fn a_revocation_whose_news_are_lost_is_found() {
    // The room's own audit is far away: the review has to find it.
    let mut world = World::with(|settings| {
        settings.audit = std::time::Duration::from_secs(3600);
    })
    .await;
    let mut bea = world.enter(0, "bea").await;
    opened(&mut bea).await;
    world
        .grant("bea", Some(GraphRole::None), News::AreLost)
        .await;
    assert_eq!(closed(&mut bea).await, 4503);
    world.stop();
}

#[tokio::test]
async fn who_was_just_let_in_is_not_turned_away_by_a_room_that_has_not_heard_of_it() {
    let far = std::time::Duration::from_secs(3600);
    let mut world = World::with(|settings| (settings.audit, settings.review) = (far, far)).await;
    world
        .grant("bea", Some(GraphRole::None), News::Arrive)
        .await;
    let mut ann = world.enter(0, "ann").await;
    opened(&mut ann).await;
    world
        .grant("bea", Some(GraphRole::Edit), News::AreLost)
        .await;
    let mut bea = world.enter(0, "bea").await;
    let ServerFrame::Welcome { access, .. } = frame(&mut bea).await else {
        panic!("a welcome")
    };
    assert_eq!(access, GraphRole::Edit);
    world.write(new_id(), "ann-client", News::Arrive).await;
    loop {
        if matches!(frame(&mut bea).await, ServerFrame::StateUpdate { .. }) {
            break;
        }
    }
    world.stop();
}

#[tokio::test]
async fn a_new_token_changes_what_one_may_without_a_drop() {
    let mut world = World::new().await;
    let mut bea = world.enter(0, "bea").await;
    opened(&mut bea).await;
    bea.handle().change_role(Role::Viewer);
    let now = GraphRole::View;
    assert_eq!(frame(&mut bea).await, ServerFrame::Access { access: now });
    bea.handle().change_role(Role::Operator);
    let now = GraphRole::Admin;
    assert_eq!(frame(&mut bea).await, ServerFrame::Access { access: now });
    world.write(new_id(), "ann-client", News::Arrive).await;
    assert!(matches!(
        frame(&mut bea).await,
        ServerFrame::StateUpdate { .. }
    ));
    world.stop();
}
