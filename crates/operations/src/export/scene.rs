//! A graph as shapes on a plane, before it is known what draws them. In canvas units, with the
//! origin in the upper left corner of the picture.

use std::collections::HashMap;

use graphy_model::NodeId;

use super::palette::{Tint, of_kind};
use super::{ExportError, GraphContent, PICTURE_EDGES_MAX, PICTURE_NODES_MAX};
use crate::layout::{NODE_HEIGHT, NODE_WIDTH};

/// What stays free around the graph.
const MARGIN: f64 = 32.0;
/// The least size of a picture.
const SIDE_MIN: f64 = 120.0;
/// Places further out than this are drawn at this distance: a picture must be finite.
const COORDINATE_MAX: f64 = 1e6;

/// A point.
pub(super) type Point = (f64, f64);

/// A node as a box.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct NodeBox {
    pub(super) left: f64,
    pub(super) top: f64,
    pub(super) width: f64,
    pub(super) height: f64,
    pub(super) title: String,
    pub(super) tint: Tint,
    pub(super) progress: Option<f64>,
}

/// An edge as an arrow between the borders of two boxes.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Arrow {
    pub(super) from: Point,
    pub(super) to: Point,
    pub(super) label: Option<String>,
}

/// All that a picture shows.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Scene {
    pub(super) width: f64,
    pub(super) height: f64,
    pub(super) nodes: Vec<NodeBox>,
    pub(super) arrows: Vec<Arrow>,
}

impl NodeBox {
    fn centre(&self) -> Point {
        (self.left + self.width / 2.0, self.top + self.height / 2.0)
    }

    /// Returns where the line from the centre towards a point leaves the box.
    fn border_towards(&self, to: Point) -> Point {
        let (x, y) = self.centre();
        let (dx, dy) = (to.0 - x, to.1 - y);
        let reach_x = if dx == 0.0 {
            f64::INFINITY
        } else {
            self.width / 2.0 / dx.abs()
        };
        let reach_y = if dy == 0.0 {
            f64::INFINITY
        } else {
            self.height / 2.0 / dy.abs()
        };
        let share = reach_x.min(reach_y).min(1.0);
        (x + dx * share, y + dy * share)
    }
}

impl Scene {
    /// Places a graph in a picture.
    pub(super) fn of(content: &GraphContent) -> Result<Self, ExportError> {
        for (what, count, limit) in [
            ("nodes", content.nodes.len(), PICTURE_NODES_MAX),
            ("edges", content.edges.len(), PICTURE_EDGES_MAX),
        ] {
            if count > limit {
                return Err(ExportError::TooLarge { what, count, limit });
            }
        }
        let mut nodes: Vec<NodeBox> = content.nodes.iter().map(node_box).collect();
        let least = |of: fn(&NodeBox) -> f64| nodes.iter().map(of).reduce(f64::min).unwrap_or(0.0);
        let (left, top) = (least(|node| node.left), least(|node| node.top));
        for node in &mut nodes {
            node.left += MARGIN - left;
            node.top += MARGIN - top;
        }
        let most = |of: fn(&NodeBox) -> f64| nodes.iter().map(of).fold(0.0, f64::max);
        let width = (most(|node| node.left + node.width) + MARGIN).max(SIDE_MIN);
        let height = (most(|node| node.top + node.height) + MARGIN).max(SIDE_MIN);
        let by_id: HashMap<&NodeId, &NodeBox> = content
            .nodes
            .iter()
            .map(|node| &node.id)
            .zip(&nodes)
            .collect();
        let arrows = content
            .edges
            .iter()
            .filter_map(|edge| {
                let (source, target) = (by_id.get(&edge.source)?, by_id.get(&edge.target)?);
                Some(Arrow {
                    from: source.border_towards(target.centre()),
                    to: target.border_towards(source.centre()),
                    label: edge.label.clone().filter(|label| !label.trim().is_empty()),
                })
            })
            // An edge from a node to itself, or between nodes on one spot, has no length.
            .filter(|arrow| arrow.from != arrow.to)
            .collect();
        Ok(Self {
            width,
            height,
            nodes,
            arrows,
        })
    }
}

fn node_box(node: &graphy_model::Node) -> NodeBox {
    let side = |wanted: Option<f64>, usual: f64| match wanted {
        Some(wanted) if wanted > 0.0 => wanted.min(COORDINATE_MAX),
        _ => usual,
    };
    let place = |at: f64| at.clamp(-COORDINATE_MAX, COORDINATE_MAX);
    let title = if node.title.is_empty() {
        node.id.to_string()
    } else {
        node.title.clone()
    };
    NodeBox {
        left: place(node.position.x),
        top: place(node.position.y),
        width: side(node.size.map(|size| size.width), NODE_WIDTH),
        height: side(node.size.map(|size| size.height), NODE_HEIGHT),
        title,
        tint: of_kind(&node.kind),
        progress: node.progress.map(|progress| progress.clamp(0.0, 1.0)),
    }
}
