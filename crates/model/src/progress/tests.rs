//! Rolled-up progress by example, and its rules on random graphs.

use proptest::prelude::*;

use super::*;

type Edges = Vec<(usize, usize, Option<f64>)>;

fn ids(count: usize) -> Vec<NodeId> {
    (0..count)
        .map(|place| NodeId::new(&format!("n{place}")).unwrap())
        .collect()
}

/// Rolls up nodes `n0`, `n1`, … with edges between them.
fn rolled(progress: &[Option<f64>], edges: &Edges) -> BTreeMap<String, RolledUp> {
    let ids = ids(progress.len());
    let nodes: Vec<Part<'_>> = ids
        .iter()
        .zip(progress)
        .map(|(id, progress)| Part {
            id,
            progress: *progress,
        })
        .collect();
    let links: Vec<Link<'_>> = edges
        .iter()
        .map(|(source, target, weight)| Link {
            source: &ids[*source],
            target: &ids[*target],
            weight: *weight,
        })
        .collect();
    let found = roll_up(&nodes, &links);
    found
        .into_iter()
        .map(|(id, rolled)| (id.to_string(), rolled))
        .collect()
}

fn all(progress: f64, parts: u32, nodes: &[&str]) -> BTreeMap<String, RolledUp> {
    nodes
        .iter()
        .map(|node| ((*node).to_owned(), RolledUp { progress, parts }))
        .collect()
}

#[test]
fn a_whole_has_the_weighted_mean_of_its_parts() {
    let progress = [Some(0.9), Some(1.0), Some(0.0), None];
    let edges = vec![(0, 1, Some(3.0)), (0, 2, None)];
    assert_eq!(rolled(&progress, &edges), all(0.75, 2, &["n0"]));
    // A part that nobody began counts as 0, and an edge of weight 0 does not count.
    let edges = vec![(0, 1, None), (0, 3, None), (0, 2, Some(0.0))];
    assert_eq!(rolled(&progress, &edges), all(0.5, 2, &["n0"]));
}

#[test]
fn progress_rises_through_several_levels_and_what_nobody_keeps_has_none() {
    let progress = [None, None, Some(0.5), None, None];
    let edges = vec![(0, 1, None), (1, 2, None), (3, 4, None)];
    assert_eq!(rolled(&progress, &edges), all(0.5, 1, &["n0", "n1"]));
}

#[test]
fn a_cycle_is_one_group() {
    // n0 → n1 → n2 → n0, and n1 → n3.
    let progress = [Some(0.1), None, Some(0.3), Some(0.8)];
    let mut edges = vec![(0, 1, None), (1, 2, None), (2, 0, None), (1, 3, None)];
    assert_eq!(rolled(&progress, &edges), all(0.8, 1, &["n0", "n1", "n2"]));
    // Without a way out it is a leaf: what leads into it sees the mean of what it was given.
    edges[3] = (3, 0, None);
    let found = rolled(&progress, &edges);
    assert_eq!(found.len(), 1);
    let mean = (0.1 + 0.0 + 0.3) / 3.0;
    assert!((found["n3"].progress - mean).abs() < 1e-12);
}

#[test]
fn a_long_chain_and_huge_weights_are_no_trouble() {
    let count = 100_000;
    let mut progress = vec![None; count];
    progress[count - 1] = Some(0.25);
    let edges: Edges = (1..count)
        .map(|place| (place - 1, place, Some(f64::MAX)))
        .collect();
    let found = rolled(&progress, &edges);
    assert_eq!(found.len(), count - 1);
    assert!((found["n0"].progress - 0.25).abs() < 1e-12);
}

const NODES: usize = 8;

fn graphs() -> impl Strategy<Value = (Vec<Option<f64>>, Edges)> {
    let progress = prop::collection::vec(prop::option::of(0.0..=1.0_f64), NODES);
    let weight = prop::option::of(prop_oneof![Just(0.0), 0.1..10.0_f64, Just(f64::MAX)]);
    let edges = prop::collection::vec((0..NODES, 0..NODES, weight), 0..24);
    (progress, edges)
}

proptest! {
    #[test]
    fn rolled_up_progress_lies_between_that_of_the_leaves((progress, edges) in graphs()) {
        let given = progress.iter().map(|one| one.unwrap_or(0.0));
        let least = given.clone().fold(1.0, f64::min);
        let most = given.fold(0.0, f64::max);
        for (id, rolled) in rolled(&progress, &edges) {
            prop_assert!(rolled.progress >= least - 1e-9 && rolled.progress <= most + 1e-9, "{id}");
            prop_assert!(rolled.parts > 0);
        }
    }

    #[test]
    fn what_a_leaf_gains_no_whole_loses((progress, edges) in graphs(), which in 0..NODES) {
        let before = rolled(&progress, &edges);
        let mut better = progress.clone();
        better[which] = Some(1.0);
        let after = rolled(&better, &edges);
        for (id, rolled) in before {
            prop_assert!(after[&id].progress >= rolled.progress - 1e-9, "{id}");
        }
    }

    #[test]
    fn nodes_that_lead_to_each_other_have_the_same((progress, mut edges) in graphs()) {
        edges.extend([(0, 1, None), (1, 0, None)]);
        let found = rolled(&progress, &edges);
        prop_assert_eq!(found.get("n0"), found.get("n1"));
    }

    #[test]
    fn the_scale_of_weights_does_not_matter((progress, edges) in graphs()) {
        let edges: Edges = edges
            .into_iter()
            .filter(|(_, _, weight)| weight.is_none_or(|weight| weight < 100.0))
            .collect();
        let scaled: Edges = edges
            .iter()
            .map(|(source, target, weight)| (*source, *target, Some(weight.unwrap_or(1.0) * 4.0)))
            .collect();
        prop_assert_eq!(rolled(&progress, &edges), rolled(&progress, &scaled));
    }
}
