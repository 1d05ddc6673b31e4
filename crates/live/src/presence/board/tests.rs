//! Two boards, as on two nodes, that hear each other's messages.

use std::time::Duration;

use graphy_model::{ClientId, NodeId, Position, UserId};
use graphy_protocol::ServerFrame;

use super::*;

fn peer(node: &str, session: &str, client: &str, joined_at: u64) -> Peer {
    Peer {
        session_id: session.to_owned(),
        client_id: ClientId::new(client).unwrap(),
        user_id: UserId::new("ann").unwrap(),
        name: "Ann".to_owned(),
        color: 3,
        node: node.to_owned(),
        joined_at,
        away: false,
        state: PresenceState::default(),
    }
}

fn at(x: f64) -> PresenceState {
    PresenceState {
        cursor: Some(Position { x, y: 0.0 }),
        ..PresenceState::default()
    }
}

fn told(board: &mut Board) -> (Vec<String>, Vec<String>) {
    let Some(news) = board.take_news() else {
        return Default::default();
    };
    let frame: ServerFrame = serde_json::from_slice(&news.frame).unwrap();
    assert_eq!(frame.to_text().as_bytes(), &news.frame[..]);
    let ServerFrame::Presence { full, peers, left } = frame else {
        panic!("presence")
    };
    assert!(!full);
    (
        peers.into_iter().map(|peer| peer.session_id).collect(),
        left,
    )
}

fn pass(from: &mut Board, to: &mut Board) {
    for message in from.take_messages() {
        to.hear(serde_json::from_str(&message).unwrap(), Instant::now());
    }
}

fn names(board: &mut Board) -> Vec<String> {
    let mut names = Vec::new();
    for (index, text) in board.full().iter().enumerate() {
        let frame: ServerFrame = serde_json::from_slice(text).unwrap();
        assert_eq!(frame.to_text().as_bytes(), &text[..]);
        let ServerFrame::Presence { full, peers, .. } = frame else {
            panic!("presence")
        };
        assert_eq!(full, index == 0);
        names.extend(peers.into_iter().map(|peer| peer.session_id));
    }
    names
}

#[tokio::test(start_paused = true)]
async fn many_moves_become_one_and_reach_the_other_node() {
    let (mut here, mut there) = (Board::new("h"), Board::new("t"));
    here.join(peer("h", "s1", "c1", 1));
    for step in 0..50 {
        here.update("s1", at(f64::from(step)));
    }
    assert_eq!(told(&mut here), (vec!["s1".to_owned()], vec![]));
    assert_eq!(told(&mut here), (vec![], vec![]), "told once");
    pass(&mut here, &mut there);
    let news = there.take_news().unwrap();
    assert!(
        std::str::from_utf8(&news.frame).unwrap().contains("49"),
        "the latest"
    );
    assert_eq!(news.sole.as_deref(), Some("s1"));
    here.update("s1", at(49.0));
    assert!(!here.has_news(), "the same again is no news");
    assert!(
        there.take_messages().is_empty(),
        "nobody passes on what is not theirs"
    );
}

#[tokio::test(start_paused = true)]
async fn a_lost_client_is_away_and_comes_back_as_one() {
    let (mut here, mut there) = (Board::new("h"), Board::new("t"));
    here.join(peer("h", "s1", "c1", 1));
    here.update("s1", at(1.0));
    here.lose("s1", Instant::now() + Duration::from_secs(300));
    pass(&mut here, &mut there);
    let text = there.full();
    let text = std::str::from_utf8(&text[0]).unwrap();
    assert!(
        text.contains(r#""away":true"#) && !text.contains("cursor"),
        "{text}"
    );
    // It comes back on the other node.
    there.join(peer("t", "s2", "c1", 2));
    pass(&mut there, &mut here);
    assert_eq!(names(&mut here), ["s2"]);
    pass(&mut here, &mut there);
    assert_eq!(names(&mut there), ["s2"]);
    assert!(!here.waits_for_lost());
}

#[tokio::test(start_paused = true)]
async fn a_lost_client_is_given_up_in_time() {
    let mut here = Board::new("h");
    here.join(peer("h", "s1", "c1", 1));
    here.lose("s1", Instant::now() + Duration::from_secs(300));
    tokio::time::advance(Duration::from_secs(299)).await;
    here.expire(Instant::now());
    assert_eq!(names(&mut here), ["s1"]);
    told(&mut here);
    tokio::time::advance(Duration::from_secs(1)).await;
    here.expire(Instant::now());
    assert_eq!(told(&mut here), (vec![], vec!["s1".to_owned()]));
}

#[tokio::test(start_paused = true)]
async fn old_news_do_not_bring_a_ghost_back() {
    let (mut here, mut there) = (Board::new("h"), Board::new("t"));
    here.join(peer("h", "s1", "c1", 1));
    let old = here.all_messages();
    there.join(peer("t", "s2", "c1", 2));
    for message in old {
        there.hear(serde_json::from_str(&message).unwrap(), Instant::now());
    }
    assert_eq!(names(&mut there), ["s2"]);
}

#[tokio::test(start_paused = true)]
async fn a_full_message_removes_what_it_does_not_name_and_a_dead_node_all() {
    let (mut here, mut there) = (Board::new("h"), Board::new("t"));
    here.join(peer("h", "s1", "c1", 1));
    here.join(peer("h", "s2", "c2", 1));
    pass(&mut here, &mut there);
    here.leave("s1");
    let _lost = here.take_messages();
    assert_eq!(names(&mut there), ["s1", "s2"]);
    for message in here.all_messages() {
        there.hear(serde_json::from_str(&message).unwrap(), Instant::now());
    }
    assert_eq!(names(&mut there), ["s2"]);
    there.drop_node("h");
    assert!(names(&mut there).is_empty());
    assert_eq!(there.nodes().count(), 0);
}

#[tokio::test(start_paused = true)]
async fn frames_are_small_and_the_shown_are_bounded() {
    let mut here = Board::new("h");
    let selection: Vec<NodeId> = (0..200)
        .map(|n| NodeId::new(&format!("node-with-a-long-name-{n:06}")).unwrap())
        .collect();
    for n in 0..SHOWN_MAX + 20 {
        let session = format!("s{n:04}");
        here.join(peer("h", &session, &format!("c{n}"), 1));
        let state = PresenceState {
            selection: selection.clone(),
            ..PresenceState::default()
        };
        here.update(&session, state);
    }
    let mut seen = 0;
    while let Some(news) = here.take_news() {
        assert!(news.frame.len() <= 64 * 1024, "{}", news.frame.len());
        let ServerFrame::Presence { peers, .. } = serde_json::from_slice(&news.frame).unwrap()
        else {
            panic!("presence")
        };
        seen += peers.len();
    }
    assert_eq!(seen, SHOWN_MAX);
    assert_eq!(names(&mut here).len(), SHOWN_MAX);
    assert!(here.full().iter().all(|frame| frame.len() <= 9 * 1024));
    // Somebody who is lost gives way.
    here.join(peer("h", "late", "late", 2));
    assert!(!names(&mut here).contains(&"late".to_owned()));
    here.lose("s0007", Instant::now() + Duration::from_secs(300));
    here.join(peer("h", "late", "late", 2));
    let names = names(&mut here);
    assert!(names.contains(&"late".to_owned()) && !names.contains(&"s0007".to_owned()));
}
