//! Whatever text comes in, parsers answer; and what they accept keeps the plan's invariant.

use std::collections::HashSet;

use graphy_model::Limits;
use graphy_protocol::console::ImportFormat;
use proptest::prelude::*;

use super::{ImportPlan, parse};

const FORMATS: [ImportFormat; 4] = [
    ImportFormat::Auto,
    ImportFormat::CargoLock,
    ImportFormat::PackageLock,
    ImportFormat::GraphyJson,
];

/// Pieces that the formats are made of, so that random texts get past the first byte.
fn pieces() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        Just("[[package]]\n"),
        Just("name = \"a\"\n"),
        Just("version = \"1\"\n"),
        Just("version = 4\n"),
        Just("source = \"git+x#y\"\n"),
        Just("dependencies = [\"a 1 (git+x)\", \"a\"]\n"),
        Just("{"),
        Just("}"),
        Just("["),
        Just("]"),
        Just(","),
        Just("\"packages\":"),
        Just("\"dependencies\":"),
        Just("\"node_modules/a\":"),
        Just("\"\":"),
        Just("{\"a\":\"1\"}"),
        Just("\"link\":true"),
        Just("\"format\":\"graphy\",\"formatVersion\":1,\"name\":\"\""),
        Just("\"nodes\":[{\"id\":\"a\",\"parent\":\"a\"}]"),
        Just("\"edges\":[]"),
        Just("\u{feff}"),
        Just("1e999"),
    ];
    prop::collection::vec(piece, 0..24).prop_map(|pieces| pieces.concat())
}

fn check(plan: &ImportPlan) {
    let ids: HashSet<_> = plan.nodes.iter().map(|node| &node.id).collect();
    assert_eq!(ids.len(), plan.nodes.len());
    assert!(
        plan.edges
            .iter()
            .all(|e| ids.contains(&e.source) && ids.contains(&e.target))
    );
    let mut seen = HashSet::new();
    for node in &plan.nodes {
        assert!(
            node.parent
                .as_ref()
                .is_none_or(|parent| seen.contains(parent))
        );
        seen.insert(&node.id);
    }
}

fn parse_all(text: &str) {
    for format in FORMATS {
        if let Ok(plan) = parse(format, "file", text, &Limits::default()) {
            check(&plan);
        }
    }
}

proptest! {
    #[test]
    fn any_text_is_answered(text in ".{0,200}") {
        parse_all(&text);
    }

    #[test]
    fn any_mix_of_known_pieces_is_answered(text in pieces()) {
        parse_all(&text);
    }

    #[test]
    fn a_lock_file_with_a_hole_is_answered(start in 0_usize..160_000, length in 0_usize..400) {
        let text = include_str!("../../../../Cargo.lock");
        let cut = |at: usize| (0..=at.min(text.len())).rev().find(|at| text.is_char_boundary(*at));
        let (start, end) = (cut(start).unwrap_or(0), cut(start + length).unwrap_or(0));
        let holed = format!("{}{}", &text[..start], &text[end.max(start)..]);
        if let Ok(plan) = parse(ImportFormat::CargoLock, "Cargo.lock", &holed, &Limits::default()) {
            check(&plan);
        }
    }
}

#[test]
fn deep_nesting_is_answered() {
    for open in [
        "[",
        "{\"a\":",
        "a=[",
        "a={a=",
        "[a.",
        "{\"dependencies\":{\"a\":",
    ] {
        parse_all(&open.repeat(50_000));
    }
}
