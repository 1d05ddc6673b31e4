//! Every limit of the domain, in one place, and the check of a command against them.
//!
//! The constants are the highest values; a deployment may configure them down.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use ts_rs::TS;

use crate::command::{Base, BatchUpdate, Command, ResolveConflict, UpdateGraph};
use crate::conflict::Choice;
use crate::entity::{Edge, Node, Position, Size, Viewport};
use crate::outcome::{RejectCode, Rejection};
use crate::patch::{EdgePatch, NodePatch};

/// The longest name of a graph, in characters.
pub const NAME_CHARS_MAX: usize = 200;
/// The longest name of a field for which a policy may choose, in bytes.
const POLICY_FIELD_BYTES_MAX: usize = 256;

/// What a graph and its commands may weigh.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
pub struct Limits {
    /// The longest text, in bytes.
    pub string_bytes_max: usize,
    /// The largest command, in bytes of its JSON text.
    pub command_bytes_max: usize,
    /// The largest node or edge, in bytes of its JSON text.
    pub entity_bytes_max: usize,
    /// The deepest nesting of JSON.
    pub json_depth_max: usize,
    /// The most commands in one batch.
    pub batch_commands_max: usize,
    /// The largest HTTP body with a batch, in bytes.
    pub batch_body_bytes_max: usize,
    /// The most nodes in a graph.
    pub nodes_max: usize,
    /// The most edges in a graph.
    pub edges_max: usize,
    /// The largest WebSocket message, in bytes.
    pub message_bytes_max: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            string_bytes_max: 16 * 1024,
            command_bytes_max: 32 * 1024,
            entity_bytes_max: 256 * 1024,
            json_depth_max: 32,
            batch_commands_max: 100,
            batch_body_bytes_max: 1024 * 1024,
            nodes_max: 100_000,
            edges_max: 500_000,
            message_bytes_max: 64 * 1024,
        }
    }
}

impl Limits {
    /// Checks the form of a command: lengths, finite numbers, what a batch may hold.
    ///
    /// # Errors
    /// `invalid` or `too_large`, with the field and the limit.
    pub fn check(&self, command: &Command) -> Result<(), Rejection> {
        match command {
            Command::CreateNode(node) => self.check_node(node),
            Command::UpdateNode(update) => self
                .check_node_patch(&update.patch)
                .and_then(|()| self.check_base(update.base.as_ref())),
            Command::CreateEdge(edge) => self.check_edge(edge),
            Command::UpdateEdge(update) => self
                .check_edge_patch(&update.patch)
                .and_then(|()| self.check_base(update.base.as_ref())),
            Command::UpdateViewport(viewport) => check_viewport(viewport),
            Command::BatchUpdate(batch) => self.check_batch(batch),
            Command::ResolveConflict(resolution) => self.check_resolution(resolution),
            Command::UpdateGraph(update) => self.check_update_graph(update),
            Command::DeleteNode(_)
            | Command::DeleteEdge(_)
            | Command::DeleteGraph(_)
            | Command::Undo(_)
            | Command::Redo(_)
            | Command::RestoreVersion(_)
            | Command::UpdatePermissions(_) => Ok(()),
        }
    }

    fn check_batch(&self, batch: &BatchUpdate) -> Result<(), Rejection> {
        if batch.operations.is_empty() {
            return Err(invalid(
                "operations",
                "a batch holds at least one command".into(),
            ));
        }
        if batch.operations.len() > self.batch_commands_max {
            let (count, limit) = (batch.operations.len(), self.batch_commands_max);
            let message = format!("a batch holds at most {limit} commands, this one has {count}");
            return Err(Rejection::new(RejectCode::TooLarge, message).on("operations"));
        }
        for (index, command) in batch.operations.iter().enumerate() {
            let at = format!("operations[{index}]");
            if !changes_entities(command) {
                let name = command.command_type().as_str();
                return Err(invalid(&at, format!("{name} cannot stand in a batch")));
            }
            self.check(command).map_err(|rejection| {
                let field = match &rejection.field {
                    Some(field) => format!("{at}.{field}"),
                    None => at,
                };
                rejection.on(field)
            })?;
        }
        Ok(())
    }

    fn check_update_graph(&self, update: &UpdateGraph) -> Result<(), Rejection> {
        if update.name.is_none() && update.policy.is_empty() {
            return Err(invalid("name", "the command changes nothing".into()));
        }
        if let Some(name) = &update.name {
            if name.trim().is_empty() || name.chars().any(char::is_control) {
                let message = "a graph needs a name of printable characters";
                return Err(invalid("name", message.into()));
            }
            let size = name.chars().count();
            if size > NAME_CHARS_MAX {
                let message = format!("name has {size} characters, the limit is {NAME_CHARS_MAX}");
                return Err(Rejection::new(RejectCode::TooLarge, message).on("name"));
            }
        }
        if update.policy.contains_key(&crate::Field::All) {
            return Err(invalid(
                "policy",
                "\"*\" is not a field; name each, or data.*".into(),
            ));
        }
        // The policy is read with the graph's head and told as a whole.
        let long = |field: &&crate::Field| field.to_string().len() > POLICY_FIELD_BYTES_MAX;
        if update.policy.keys().any(|field| long(&field)) {
            let limit = POLICY_FIELD_BYTES_MAX;
            let message = format!("a field of a policy has a name of at most {limit} bytes");
            return Err(Rejection::new(RejectCode::TooLarge, message).on("policy"));
        }
        Ok(())
    }

    fn check_node(&self, node: &Node) -> Result<(), Rejection> {
        self.text("title", &node.title)?;
        self.text("kind", &node.kind)?;
        check_position(&node.position)?;
        check_size(node.size.as_ref())?;
        check_progress(node.progress)?;
        self.data(node.data.iter())
    }

    fn check_node_patch(&self, patch: &NodePatch) -> Result<(), Rejection> {
        check_fields("a node", &patch.fields(), patch.wrong_unset())?;
        self.text("patch.title", patch.title.as_deref().unwrap_or_default())?;
        self.text("patch.kind", patch.kind.as_deref().unwrap_or_default())?;
        check_position(&patch.position.unwrap_or_default())?;
        check_size(patch.size.as_ref())?;
        check_progress(patch.progress)?;
        self.data(patch.data.iter())
    }

    fn check_edge(&self, edge: &Edge) -> Result<(), Rejection> {
        self.text("kind", edge.kind.as_deref().unwrap_or_default())?;
        self.text("label", edge.label.as_deref().unwrap_or_default())?;
        finite("weight", edge.weight.unwrap_or_default())?;
        self.data(edge.data.iter())
    }

    fn check_edge_patch(&self, patch: &EdgePatch) -> Result<(), Rejection> {
        check_fields("an edge", &patch.fields(), patch.wrong_unset())?;
        self.text("patch.kind", patch.kind.as_deref().unwrap_or_default())?;
        self.text("patch.label", patch.label.as_deref().unwrap_or_default())?;
        finite("patch.weight", patch.weight.unwrap_or_default())?;
        self.data(patch.data.iter())
    }

    fn text(&self, field: &str, text: &str) -> Result<(), Rejection> {
        if text.len() <= self.string_bytes_max {
            return Ok(());
        }
        let (size, limit) = (text.len(), self.string_bytes_max);
        let message = format!("{field} has {size} bytes, the limit is {limit}");
        Err(Rejection::new(RejectCode::TooLarge, message).on(field))
    }

    fn data<'a>(
        &self,
        entries: impl Iterator<Item = (&'a String, &'a Value)>,
    ) -> Result<(), Rejection> {
        for (key, value) in entries {
            self.text("data", key)?;
            self.value(&format!("data.{key}"), value, 1)?;
        }
        Ok(())
    }

    fn check_resolution(&self, resolution: &ResolveConflict) -> Result<(), Rejection> {
        match (resolution.choice, &resolution.value) {
            (Choice::Edited, None) => {
                let message = "an edited resolution needs its value; null takes the field away";
                Err(invalid("value", message.into()))
            }
            (Choice::Obsolete, _) => {
                let message = "a conflict is settled as mine, theirs or edited";
                Err(invalid("choice", message.into()))
            }
            (Choice::Mine | Choice::Theirs | Choice::Edited, Some(value)) => {
                self.check_value("value", value)
            }
            (Choice::Mine | Choice::Theirs, None) => Ok(()),
        }
    }

    /// What an author saw is kept with a conflict, so it is bounded like what they write.
    fn check_base(&self, base: Option<&Base>) -> Result<(), Rejection> {
        let seen = base.into_iter().flat_map(|base| &base.0);
        for (field, value) in seen {
            self.text("base", &field.to_string())?;
            self.value(&format!("base.{field}"), value, 1)?;
        }
        Ok(())
    }

    /// Checks the depth of a value and the lengths of its texts.
    pub(crate) fn check_value(&self, field: &str, value: &Value) -> Result<(), Rejection> {
        self.value(field, value, 1)
    }

    fn value(&self, field: &str, value: &Value, depth: usize) -> Result<(), Rejection> {
        if depth > self.json_depth_max {
            let limit = self.json_depth_max;
            return Err(invalid(
                field,
                format!("{field} is nested deeper than {limit} levels"),
            ));
        }
        match value {
            Value::String(text) => self.text(field, text),
            Value::Array(values) => values
                .iter()
                .try_for_each(|value| self.value(field, value, depth + 1)),
            Value::Object(map) => map.iter().try_for_each(|(key, value)| {
                self.text(field, key)?;
                self.value(field, value, depth + 1)
            }),
            Value::Null | Value::Bool(_) | Value::Number(_) => Ok(()),
        }
    }

    /// Checks the weight of an entity's stored text.
    ///
    /// # Errors
    /// `too_large`.
    pub fn check_entity_text(&self, text: &str) -> Result<(), Rejection> {
        if text.len() <= self.entity_bytes_max {
            return Ok(());
        }
        let (size, limit) = (text.len(), self.entity_bytes_max);
        let message = format!("the entity would have {size} bytes, the limit is {limit}");
        Err(Rejection::new(RejectCode::TooLarge, message))
    }
}

/// Says whether a command makes, changes or deletes single nodes or edges.
fn changes_entities(command: &Command) -> bool {
    match command {
        Command::CreateNode(_)
        | Command::UpdateNode(_)
        | Command::DeleteNode(_)
        | Command::CreateEdge(_)
        | Command::UpdateEdge(_)
        | Command::DeleteEdge(_) => true,
        Command::UpdateViewport(_)
        | Command::BatchUpdate(_)
        | Command::DeleteGraph(_)
        | Command::ResolveConflict(_)
        | Command::Undo(_)
        | Command::Redo(_)
        | Command::RestoreVersion(_)
        | Command::UpdatePermissions(_)
        | Command::UpdateGraph(_) => false,
    }
}

/// Checks which fields a patch of `what` sets and takes away.
fn check_fields(
    what: &str,
    fields: &[crate::Field],
    wrong_unset: Option<&crate::Field>,
) -> Result<(), Rejection> {
    if fields.is_empty() {
        return Err(invalid("patch", "the patch changes nothing".into()));
    }
    if let Some(field) = wrong_unset {
        let message = format!("{what} cannot be without its {field}");
        return Err(invalid("patch.unset", message));
    }
    match twice(fields) {
        Some(field) => Err(invalid(
            "patch.unset",
            format!("{field} is both set and unset"),
        )),
        None => Ok(()),
    }
}

fn twice(fields: &[crate::Field]) -> Option<&crate::Field> {
    let mut seen = BTreeSet::new();
    fields.iter().find(|field| !seen.insert(*field))
}

fn invalid(field: &str, message: String) -> Rejection {
    Rejection::new(RejectCode::Invalid, message).on(field)
}

fn finite(field: &str, number: f64) -> Result<(), Rejection> {
    if number.is_finite() {
        Ok(())
    } else {
        Err(invalid(field, format!("{field} must be finite")))
    }
}

fn check_position(position: &Position) -> Result<(), Rejection> {
    finite("position.x", position.x)?;
    finite("position.y", position.y)
}

fn check_size(size: Option<&Size>) -> Result<(), Rejection> {
    let Some(size) = size else { return Ok(()) };
    for (field, length) in [("size.width", size.width), ("size.height", size.height)] {
        if !(length.is_finite() && length > 0.0) {
            return Err(invalid(field, format!("{field} must be a positive number")));
        }
    }
    Ok(())
}

fn check_progress(progress: Option<f64>) -> Result<(), Rejection> {
    match progress {
        Some(progress) if !(0.0..=1.0).contains(&progress) => Err(invalid(
            "progress",
            format!("progress is from 0 to 1, not {progress}"),
        )),
        _ => Ok(()),
    }
}

fn check_viewport(viewport: &Viewport) -> Result<(), Rejection> {
    finite("x", viewport.x)?;
    finite("y", viewport.y)?;
    if viewport.zoom.is_finite() && viewport.zoom > 0.0 {
        Ok(())
    } else {
        Err(invalid("zoom", "zoom must be a positive number".into()))
    }
}
