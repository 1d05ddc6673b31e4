//! Field patches: the only way in which an entity changes after it was made.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::Value;
use ts_rs::TS;

use crate::entity::{Edge, Node, Position, Size};
use crate::ids::NodeId;

/// A field that can conflict on its own.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, TS)]
#[ts(type = "string")]
pub enum Field {
    /// One top-level key of `data`, written `data.<key>`.
    Data(String),
    /// An entity's kind.
    Kind,
    /// An edge's label.
    Label,
    /// A node's parent.
    Parent,
    /// A node's position.
    Position,
    /// A node's progress.
    Progress,
    /// A node's size.
    Size,
    /// A node's title.
    Title,
    /// An edge's weight.
    Weight,
    /// Every field that has no mark of its own: written when the entity was made.
    All,
}

impl Field {
    /// Reads a field's name.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        Some(match name {
            "kind" => Self::Kind,
            "label" => Self::Label,
            "parent" => Self::Parent,
            "position" => Self::Position,
            "progress" => Self::Progress,
            "size" => Self::Size,
            "title" => Self::Title,
            "weight" => Self::Weight,
            "*" => Self::All,
            _ => Self::Data(name.strip_prefix("data.")?.to_owned()),
        })
    }
}

impl fmt::Display for Field {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Data(key) => write!(f, "data.{key}"),
            Self::Kind => f.write_str("kind"),
            Self::Label => f.write_str("label"),
            Self::Parent => f.write_str("parent"),
            Self::Position => f.write_str("position"),
            Self::Progress => f.write_str("progress"),
            Self::Size => f.write_str("size"),
            Self::Title => f.write_str("title"),
            Self::Weight => f.write_str("weight"),
            Self::All => f.write_str("*"),
        }
    }
}

impl Serialize for Field {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Field {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let name = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        Self::parse(&name).ok_or_else(|| {
            serde::de::Error::custom(format!("{name:?} is not a field that can be changed"))
        })
    }
}

/// What holds values of fields: an entity, or a patch of one.
pub trait Fields {
    /// Returns the value of a field, if it is there.
    fn value(&self, field: &Field) -> Option<Value>;
}

impl Fields for Node {
    fn value(&self, field: &Field) -> Option<Value> {
        match field {
            Field::Data(key) => self.data.get(key).cloned(),
            Field::Kind => Some(self.kind.clone().into()),
            Field::Parent => self.parent.as_ref().map(json),
            Field::Position => Some(json(&self.position)),
            Field::Progress => self.progress.map(Value::from),
            Field::Size => self.size.as_ref().map(json),
            Field::Title => Some(self.title.clone().into()),
            Field::Label | Field::Weight | Field::All => None,
        }
    }
}

impl Fields for Edge {
    fn value(&self, field: &Field) -> Option<Value> {
        match field {
            Field::Data(key) => self.data.get(key).cloned(),
            Field::Kind => self.kind.clone().map(Value::from),
            Field::Label => self.label.clone().map(Value::from),
            Field::Weight => self.weight.map(Value::from),
            _ => None,
        }
    }
}

impl Fields for NodePatch {
    fn value(&self, field: &Field) -> Option<Value> {
        match field {
            Field::Data(key) => self.data.get(key).cloned(),
            Field::Kind => self.kind.clone().map(Value::from),
            Field::Parent => self.parent.as_ref().map(json),
            Field::Position => self.position.as_ref().map(json),
            Field::Progress => self.progress.map(Value::from),
            Field::Size => self.size.as_ref().map(json),
            Field::Title => self.title.clone().map(Value::from),
            Field::Label | Field::Weight | Field::All => None,
        }
    }
}

impl Fields for EdgePatch {
    fn value(&self, field: &Field) -> Option<Value> {
        match field {
            Field::Data(key) => self.data.get(key).cloned(),
            Field::Kind => self.kind.clone().map(Value::from),
            Field::Label => self.label.clone().map(Value::from),
            Field::Weight => self.weight.map(Value::from),
            _ => None,
        }
    }
}

fn json<T: Serialize>(value: &T) -> Value {
    serde_json::to_value(value).expect("fields hold only JSON values")
}

/// Returns the value of a field of an entity; null if it has none.
#[must_use]
pub fn value_of<E: Fields>(entity: &E, field: &Field) -> Value {
    entity.value(field).unwrap_or_default()
}

/// Returns a patch that also gives one field a value; null takes the field away.
///
/// # Errors
/// When the value is not one that the field can have.
pub fn with<P: Serialize + serde::de::DeserializeOwned>(
    patch: &P,
    field: &Field,
    value: Value,
) -> Result<P, serde_json::Error> {
    let mut text = serde_json::to_value(patch)?;
    match (field, value) {
        (field, Value::Null) => match &mut text["unset"] {
            Value::Array(fields) => fields.push(Value::String(field.to_string())),
            unset => *unset = serde_json::json!([field]),
        },
        (Field::Data(key), value) => text["data"][key.as_str()] = value,
        (field, value) => text[field.to_string()] = value,
    }
    serde_json::from_value(text)
}

/// New values for some fields of a node; what it does not name stays.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct NodePatch {
    /// New values of single `data` keys.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    #[ts(optional, as = "Option<BTreeMap<String, Value>>")]
    pub data: BTreeMap<String, Value>,
    /// A new kind.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub kind: Option<String>,
    /// A new parent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub parent: Option<NodeId>,
    /// A new position.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub position: Option<Position>,
    /// A new progress.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub progress: Option<f64>,
    /// A new size.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub size: Option<Size>,
    /// A new title.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub title: Option<String>,
    /// Fields to take away: `parent`, `progress`, `size` or `data.<key>`.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    #[ts(optional, as = "Option<BTreeSet<Field>>")]
    pub unset: BTreeSet<Field>,
}

impl NodePatch {
    /// Lists the fields that the patch touches.
    #[must_use]
    pub fn fields(&self) -> Vec<Field> {
        let mut fields: Vec<Field> = self.data.keys().cloned().map(Field::Data).collect();
        let named = [
            (self.kind.is_some(), Field::Kind),
            (self.parent.is_some(), Field::Parent),
            (self.position.is_some(), Field::Position),
            (self.progress.is_some(), Field::Progress),
            (self.size.is_some(), Field::Size),
            (self.title.is_some(), Field::Title),
        ];
        fields.extend(
            named
                .into_iter()
                .filter(|(there, _)| *there)
                .map(|(_, field)| field),
        );
        fields.extend(self.unset.iter().cloned());
        fields
    }

    /// Returns the value that the patch gives a field: null if it takes it away, none if it does
    /// not name it.
    #[must_use]
    pub fn get(&self, field: &Field) -> Option<Value> {
        if self.unset.contains(field) {
            return Some(Value::Null);
        }
        self.value(field)
    }

    /// Takes one field out of the patch.
    pub fn remove(&mut self, field: &Field) {
        self.unset.remove(field);
        match field {
            Field::Data(key) => drop(self.data.remove(key)),
            Field::Kind => self.kind = None,
            Field::Parent => self.parent = None,
            Field::Position => self.position = None,
            Field::Progress => self.progress = None,
            Field::Size => self.size = None,
            Field::Title => self.title = None,
            Field::Label | Field::Weight | Field::All => {}
        }
    }

    /// Says which named field cannot be taken away from a node, if one is named.
    #[must_use]
    pub fn wrong_unset(&self) -> Option<&Field> {
        self.unset.iter().find(|field| {
            !matches!(
                field,
                Field::Data(_) | Field::Parent | Field::Progress | Field::Size
            )
        })
    }

    /// Writes the patch onto a node.
    pub fn apply(&self, node: &mut Node) {
        for (key, value) in &self.data {
            node.data.insert(key.clone(), value.clone());
        }
        if let Some(kind) = &self.kind {
            node.kind.clone_from(kind);
        }
        if let Some(parent) = &self.parent {
            node.parent = Some(parent.clone());
        }
        if let Some(position) = self.position {
            node.position = position;
        }
        if let Some(progress) = self.progress {
            node.progress = Some(progress);
        }
        if let Some(size) = self.size {
            node.size = Some(size);
        }
        if let Some(title) = &self.title {
            node.title.clone_from(title);
        }
        for field in &self.unset {
            match field {
                Field::Data(key) => drop(node.data.remove(key)),
                Field::Parent => node.parent = None,
                Field::Progress => node.progress = None,
                Field::Size => node.size = None,
                _ => {}
            }
        }
    }

    /// Makes the patch that brings the touched fields back to what `node` has now.
    #[must_use]
    pub fn inverse(&self, node: &Node) -> Self {
        let mut inverse = Self::default();
        for field in self.fields() {
            match &field {
                Field::Data(key) => match node.data.get(key) {
                    Some(value) => drop(inverse.data.insert(key.clone(), value.clone())),
                    None => drop(inverse.unset.insert(field)),
                },
                Field::Kind => inverse.kind = Some(node.kind.clone()),
                Field::Position => inverse.position = Some(node.position),
                Field::Title => inverse.title = Some(node.title.clone()),
                Field::Parent if node.parent.is_some() => inverse.parent.clone_from(&node.parent),
                Field::Progress if node.progress.is_some() => inverse.progress = node.progress,
                Field::Size if node.size.is_some() => inverse.size = node.size,
                Field::Parent | Field::Progress | Field::Size => {
                    inverse.unset.insert(field);
                }
                Field::Label | Field::Weight | Field::All => {}
            }
        }
        inverse
    }
}

/// New values for some fields of an edge; what it does not name stays.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct EdgePatch {
    /// New values of single `data` keys.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    #[ts(optional, as = "Option<BTreeMap<String, Value>>")]
    pub data: BTreeMap<String, Value>,
    /// A new kind.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub kind: Option<String>,
    /// A new label.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub label: Option<String>,
    /// A new weight.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub weight: Option<f64>,
    /// Fields to take away: `kind`, `label`, `weight` or `data.<key>`.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    #[ts(optional, as = "Option<BTreeSet<Field>>")]
    pub unset: BTreeSet<Field>,
}

impl EdgePatch {
    /// Lists the fields that the patch touches.
    #[must_use]
    pub fn fields(&self) -> Vec<Field> {
        let mut fields: Vec<Field> = self.data.keys().cloned().map(Field::Data).collect();
        let named = [
            (self.kind.is_some(), Field::Kind),
            (self.label.is_some(), Field::Label),
            (self.weight.is_some(), Field::Weight),
        ];
        fields.extend(
            named
                .into_iter()
                .filter(|(there, _)| *there)
                .map(|(_, field)| field),
        );
        fields.extend(self.unset.iter().cloned());
        fields
    }

    /// Returns the value that the patch gives a field: null if it takes it away, none if it does
    /// not name it.
    #[must_use]
    pub fn get(&self, field: &Field) -> Option<Value> {
        if self.unset.contains(field) {
            return Some(Value::Null);
        }
        self.value(field)
    }

    /// Takes one field out of the patch.
    pub fn remove(&mut self, field: &Field) {
        self.unset.remove(field);
        match field {
            Field::Data(key) => drop(self.data.remove(key)),
            Field::Kind => self.kind = None,
            Field::Label => self.label = None,
            Field::Weight => self.weight = None,
            _ => {}
        }
    }

    /// Says which named field cannot be taken away from an edge, if one is named.
    #[must_use]
    pub fn wrong_unset(&self) -> Option<&Field> {
        self.unset.iter().find(|field| {
            !matches!(
                field,
                Field::Data(_) | Field::Kind | Field::Label | Field::Weight
            )
        })
    }

    /// Writes the patch onto an edge.
    pub fn apply(&self, edge: &mut Edge) {
        for (key, value) in &self.data {
            edge.data.insert(key.clone(), value.clone());
        }
        if self.kind.is_some() {
            edge.kind.clone_from(&self.kind);
        }
        if self.label.is_some() {
            edge.label.clone_from(&self.label);
        }
        if self.weight.is_some() {
            edge.weight = self.weight;
        }
        for field in &self.unset {
            match field {
                Field::Data(key) => drop(edge.data.remove(key)),
                Field::Kind => edge.kind = None,
                Field::Label => edge.label = None,
                Field::Weight => edge.weight = None,
                _ => {}
            }
        }
    }

    /// Makes the patch that brings the touched fields back to what `edge` has now.
    #[must_use]
    pub fn inverse(&self, edge: &Edge) -> Self {
        let mut inverse = Self::default();
        for field in self.fields() {
            match &field {
                Field::Data(key) => match edge.data.get(key) {
                    Some(value) => drop(inverse.data.insert(key.clone(), value.clone())),
                    None => drop(inverse.unset.insert(field)),
                },
                Field::Kind if edge.kind.is_some() => inverse.kind.clone_from(&edge.kind),
                Field::Label if edge.label.is_some() => inverse.label.clone_from(&edge.label),
                Field::Weight if edge.weight.is_some() => inverse.weight = edge.weight,
                Field::Kind | Field::Label | Field::Weight => {
                    inverse.unset.insert(field);
                }
                _ => {}
            }
        }
        inverse
    }
}
