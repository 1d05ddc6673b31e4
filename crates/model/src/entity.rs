//! Nodes, edges and what else a graph holds.
//!
//! **Invariant:** the fields of [`Node`] and [`Edge`] stand in alphabetical order of their wire
//! names, because the checksum is taken over their JSON text and that text has sorted keys.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use ts_rs::TS;

use crate::ids::{EdgeId, GraphId, NodeId, UserId};

/// A place on the canvas, in canvas units.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, TS, Default)]
#[serde(deny_unknown_fields)]
pub struct Position {
    /// To the right.
    pub x: f64,
    /// Downwards.
    pub y: f64,
}

/// How much room a node takes, in canvas units.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct Size {
    /// Downwards.
    pub height: f64,
    /// To the right.
    pub width: f64,
}

/// What part of the canvas a person looks at.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct Viewport {
    /// Canvas origin in screen units, to the right.
    pub x: f64,
    /// Canvas origin in screen units, downwards.
    pub y: f64,
    /// Screen units per canvas unit.
    pub zoom: f64,
}

/// One node.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct Node {
    /// Free-form properties; each top-level key is a field of its own in conflicts.
    #[serde(default)]
    #[ts(type = "Record<string, unknown>")]
    pub data: BTreeMap<String, Value>,
    /// The node's id.
    pub id: NodeId,
    /// What sort of node it is; decides how it is drawn.
    #[serde(default = "default_kind")]
    pub kind: String,
    /// The node that contains this one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub parent: Option<NodeId>,
    /// Where it stands.
    #[serde(default)]
    pub position: Position,
    /// How far its work is, 0..=1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub progress: Option<f64>,
    /// How large it is drawn, if somebody has set that.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub size: Option<Size>,
    /// What people read on it.
    #[serde(default)]
    pub title: String,
}

/// The kind of a node that names none.
#[must_use]
pub fn default_kind() -> String {
    "default".to_owned()
}

/// One directed edge; both of its ends exist as long as it does.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct Edge {
    /// Free-form properties; each top-level key is a field of its own in conflicts.
    #[serde(default)]
    #[ts(type = "Record<string, unknown>")]
    pub data: BTreeMap<String, Value>,
    /// The edge's id.
    pub id: EdgeId,
    /// What sort of edge it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub kind: Option<String>,
    /// What people read on it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub label: Option<String>,
    /// Where it starts; never changes.
    pub source: NodeId,
    /// Where it ends; never changes.
    pub target: NodeId,
    /// How heavy it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub weight: Option<f64>,
}

/// What is known of a graph besides its content.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct GraphMeta {
    /// The graph's id.
    pub graph_id: GraphId,
    /// What people call it.
    pub name: String,
    /// Who made it.
    pub owner_id: UserId,
    /// When it was made, in milliseconds since 1970.
    #[ts(type = "number")]
    pub created_at: u64,
    /// When it was last changed, in milliseconds since 1970.
    #[ts(type = "number")]
    pub updated_at: u64,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_text_of_an_entity_has_sorted_keys() {
        let node: Node = serde_json::from_str(
            r#"{"title":"t","size":{"width":2,"height":1},"progress":0.5,"position":{"y":1,"x":2},
                "parent":"p","kind":"k","id":"n","data":{"z":1,"a":{"y":1,"b":2}}}"#,
        )
        .unwrap();
        let edge: Edge = serde_json::from_str(
            r#"{"weight":1,"target":"b","source":"a","label":"l","kind":"k","id":"e","data":{}}"#,
        )
        .unwrap();
        for text in [
            serde_json::to_string(&node).unwrap(),
            serde_json::to_string(&edge).unwrap(),
        ] {
            // A `Value` keeps its keys sorted, so a round trip through it is the proof.
            let value: Value = serde_json::from_str(&text).unwrap();
            assert_eq!(text, serde_json::to_string(&value).unwrap());
        }
    }
}
