//! Exports read back, and pictures keep their bounds.

use graphy_model::Limits;
use graphy_protocol::console::ImportFormat;

use super::*;
use crate::import;

/// The dependency graph of this repository.
fn our_graph() -> GraphContent {
    let text = include_str!("../../../../Cargo.lock");
    let plan = import::parse(
        ImportFormat::CargoLock,
        "Cargo.lock",
        text,
        &Limits::default(),
    );
    let plan = plan.unwrap();
    GraphContent {
        nodes: plan.nodes,
        edges: plan.edges,
    }
}

fn small_graph() -> GraphContent {
    let nodes = serde_json::from_str(
        r#"[{"id":"a","title":"Über <b> & \"c\"","position":{"x":-50,"y":-20},"progress":0.4},
            {"id":"b","kind":"git","position":{"x":300.5,"y":200}},
            {"id":"far","position":{"x":1e300,"y":0}}]"#,
    );
    let edges = serde_json::from_str(
        r#"[{"id":"e","source":"a","target":"b","label":"uses"},
            {"id":"loop","source":"a","target":"a"}]"#,
    );
    let mut content = GraphContent {
        nodes: nodes.unwrap(),
        edges: edges.unwrap(),
    };
    content.nodes.truncate(2);
    content
}

fn size_of_png(file: &[u8]) -> (u32, u32) {
    let decoder = ::png::Decoder::new(std::io::Cursor::new(file));
    let reader = decoder.read_info().unwrap();
    (reader.info().width, reader.info().height)
}

#[test]
fn json_can_be_imported_again_and_is_stable() {
    let content = small_graph();
    let text = graph_json("a \"name\"", &content);
    let plan = import::parse(ImportFormat::Auto, "x", &text, &Limits::default()).unwrap();
    assert_eq!(plan.name, "a \"name\"");
    let again = GraphContent {
        nodes: plan.nodes,
        edges: plan.edges,
    };
    assert_eq!(graph_json("a \"name\"", &again), text);
    assert_eq!(again, content);
    let empty = graph_json("", &GraphContent::default());
    assert!(import::parse(ImportFormat::GraphyJson, "x", &empty, &Limits::default()).is_ok());
}

#[test]
fn an_svg_shows_every_title_escaped_and_every_edge() {
    let text = svg(&small_graph()).unwrap();
    assert!(
        text.starts_with("<svg width=\"594\" height=\"332\" viewBox=\"0 0 2378 1328\""),
        "{text}"
    );
    assert!(
        text.contains("Über &lt;b&gt; &amp; &quot;c&quot;"),
        "{text}"
    );
    assert!(text.contains(">\nuses\n<"), "{text}");
    assert!(text.contains("font-family=\"sans-serif\""));
    // Fill and border of two nodes, a bar, a shaft and a head.
    assert_eq!(text.matches("<polygon").count(), 2 + 1 + 1);
    assert_eq!(text.matches("<polyline").count(), 2 + 1);
    assert!(text.trim_end().ends_with("</svg>"));
}

#[test]
fn a_large_graph_fits_into_a_bounded_png() {
    let file = png(&our_graph()).unwrap();
    let (width, height) = size_of_png(&file);
    assert!(width > 1_000 && height > 500, "{width} × {height}");
    assert!(
        u64::from(width) * u64::from(height) <= 12_100_000,
        "{width} × {height}"
    );
}

#[test]
fn nodes_that_are_far_apart_still_fit() {
    let mut content = small_graph();
    content.nodes[1].position.x = 1e300;
    let (width, height) = size_of_png(&png(&content).unwrap());
    assert!(width <= 10_000 && height >= 1, "{width} × {height}");
    assert!(svg(&content).is_ok());
}

#[test]
fn an_empty_graph_is_an_empty_picture() {
    assert_eq!(
        size_of_png(&png(&GraphContent::default()).unwrap()),
        (240, 240)
    );
    assert!(svg(&GraphContent::default()).unwrap().contains("<svg"));
}

#[test]
fn what_no_picture_can_show_is_refused() {
    let node = small_graph().nodes.remove(0);
    let content = GraphContent {
        nodes: vec![node; PICTURE_NODES_MAX + 1],
        edges: Vec::new(),
    };
    let error = ApiError::from(svg(&content).unwrap_err());
    assert_eq!(error.code, ErrorCode::TooLarge);
}

#[test]
fn file_names_are_fit_for_every_system() {
    assert_eq!(file_stem("../My graph: v1/2"), "My-graph--v1-2");
    assert_eq!(file_stem("…"), "graph");
    let file = export("Plan", &small_graph(), ExportFormat::Png).unwrap();
    assert_eq!(
        (file.file_name.as_str(), file.mime.as_str()),
        ("Plan.png", "image/png")
    );
    assert!(file.text.is_none() && file.base64.unwrap().starts_with("iVBOR"));
}
