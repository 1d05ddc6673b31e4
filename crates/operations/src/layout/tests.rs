//! No overlap, dependents above, circles broken, blocks of rows.

use std::collections::HashSet;

use proptest::prelude::*;

use super::*;

fn assert_no_overlap(places: &[Position]) {
    let mut seen = HashSet::new();
    for place in places {
        // All places lie on one grid per axis, so overlapping nodes would be in the same cell or
        // closer than a step; sorting finds both.
        assert!(
            seen.insert((place.x.to_bits(), place.y.to_bits())),
            "two nodes at {place:?}"
        );
    }
    let mut sorted: Vec<&Position> = places.iter().collect();
    sorted.sort_by(|a, b| a.y.total_cmp(&b.y).then(a.x.total_cmp(&b.x)));
    for (at, a) in sorted.iter().enumerate() {
        for b in sorted[at + 1..]
            .iter()
            .take_while(|b| b.y - a.y < NODE_HEIGHT)
        {
            assert!((b.x - a.x).abs() >= NODE_WIDTH, "{a:?} and {b:?} overlap");
        }
    }
}

/// A graph in which each node depends on a few later ones, as lock files do.
fn dependencies(count: usize) -> Vec<(usize, usize)> {
    let reach = |node: usize, step: usize| node + 1 + (node * 7 + step * 131) % 97;
    (0..count)
        .flat_map(|node| (0..4).map(move |step| (node, reach(node, step))))
        .filter(|(_, to)| *to < count)
        .collect()
}

#[test]
fn dependents_are_above_what_they_depend_on() {
    let edges = dependencies(500);
    let mut on_top = vec![false; 500];
    on_top[0] = true;
    let places = arrange(&on_top, &edges);
    for (from, to) in edges {
        assert!(places[from].y < places[to].y, "{from} should be above {to}");
    }
    assert!(places.iter().all(|place| place.y >= places[0].y));
}

#[test]
fn circles_are_broken_where_the_walk_comes_back() {
    let places = arrange(&[true, false, false], &[(0, 1), (1, 2), (2, 0), (1, 1)]);
    assert!(places[0].y < places[1].y && places[1].y < places[2].y);
}

#[test]
fn a_wide_layer_becomes_a_block() {
    let edges: Vec<(usize, usize)> = (1..=400).map(|leaf| (0, leaf)).collect();
    let places = arrange(&vec![false; 401], &edges);
    let right = places.iter().map(|place| place.x).fold(0.0, f64::max) + NODE_WIDTH;
    let bottom = places.iter().map(|place| place.y).fold(0.0, f64::max) + NODE_HEIGHT;
    let aspect = right / bottom;
    assert!((1.2..2.4).contains(&aspect), "{right} × {bottom}");
    assert_no_overlap(&places);
}

#[test]
fn neighbours_stand_under_what_they_belong_to() {
    // Two families whose members come in turns; each should end up on its own side.
    let mut edges = Vec::new();
    for child in 0..10 {
        edges.push((child % 2, 2 + child));
    }
    let places = arrange(&[true; 12], &edges);
    let side = |family: usize| -> Vec<f64> {
        (0..10)
            .filter(|child| child % 2 == family)
            .map(|child| places[2 + child].x)
            .collect()
    };
    let (left, right) = (side(0), side(1));
    let apart = left.iter().all(|a| right.iter().all(|b| a <= b))
        || left.iter().all(|a| right.iter().all(|b| a >= b));
    assert!(apart, "{left:?} {right:?}");
}

#[test]
fn ten_thousand_nodes_do_not_overlap() {
    let places = arrange(&vec![false; 10_000], &dependencies(10_000));
    assert_no_overlap(&places);
}

#[test]
fn the_same_graph_gets_the_same_places() {
    let edges = dependencies(300);
    assert_eq!(
        arrange(&[false; 300], &edges),
        arrange(&[false; 300], &edges)
    );
    assert!(arrange(&[], &[]).is_empty());
}

proptest! {
    #[test]
    fn any_graph_is_laid_out_without_overlap(
        count in 1_usize..60,
        raw in prop::collection::vec((0_usize..60, 0_usize..60), 0..200),
    ) {
        let edges: Vec<_> =
            raw.into_iter().map(|(from, to)| (from % count, to % count)).collect();
        let on_top: Vec<bool> = (0..count).map(|node| node % 3 == 0).collect();
        let places = arrange(&on_top, &edges);
        prop_assert_eq!(places.len(), count);
        assert_no_overlap(&places);
    }
}
