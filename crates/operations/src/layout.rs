//! Places for the nodes of a dependency graph.
//!
//! Layered drawing after Sugiyama, Tagawa and Toda (1981), made for graphs that are much wider than
//! a screen: each node lies below everything that depends on it, nodes that belong together lie
//! near each other, and a layer with too many nodes for one row becomes a block of rows, so that
//! the whole has the shape of a screen.
//!
//! Pure and deterministic: the same nodes and edges, in the same order, get the same places.
//!
//! **Invariant:** no two nodes of [`NODE_WIDTH`] × [`NODE_HEIGHT`] overlap.

mod layers;
mod order;

use graphy_model::Position;

/// How wide a node is taken to be, in canvas units.
pub const NODE_WIDTH: f64 = 180.0;
/// How high a node is taken to be, in canvas units.
pub const NODE_HEIGHT: f64 = 48.0;

const COLUMN_STEP: f64 = NODE_WIDTH + 36.0;
const ROW_STEP: f64 = NODE_HEIGHT + 28.0;
/// What is left free between two layers, on top of the gap between rows.
const LAYER_GAP: f64 = 64.0;
/// Width divided by height of what people look at graphs on.
const ASPECT: f64 = 1.6;

/// Finds a place for each node.
///
/// `on_top` has one entry for each node and says which ones should begin the picture where their
/// edges leave the choice; `edges` are pairs of indexes into it, from the dependent to what it
/// depends on.
#[must_use]
pub fn arrange(on_top: &[bool], edges: &[(usize, usize)]) -> Vec<Position> {
    if on_top.is_empty() {
        return Vec::new();
    }
    let layers = order::order(&layers::assign(on_top, edges), edges, on_top.len());
    let columns = columns_for(&layers);
    let width = as_number(columns_of(
        columns,
        layers.iter().map(Vec::len).max().unwrap_or(1),
    ));
    let mut places = vec![Position::default(); on_top.len()];
    let mut top = 0.0;
    for layer in &layers {
        let rows = layer.len().div_ceil(columns);
        let used = as_number(columns_of(columns, layer.len()));
        let left = ((width - used) / 2.0 * COLUMN_STEP).round();
        for (index, node) in layer.iter().enumerate() {
            // Down first, so that neighbours in the order stay neighbours on the screen.
            places[*node] = Position {
                x: left + as_number(index / rows) * COLUMN_STEP,
                y: top + as_number(index % rows) * ROW_STEP,
            };
        }
        top += as_number(rows) * ROW_STEP + LAYER_GAP;
    }
    places
}

/// Returns how many columns a layer really uses.
fn columns_of(columns: usize, nodes: usize) -> usize {
    let rows = nodes.div_ceil(columns).max(1);
    nodes.div_ceil(rows)
}

/// Finds the least number of columns with which the picture is as wide as a screen.
fn columns_for(layers: &[Vec<usize>]) -> usize {
    let widest = layers.iter().map(Vec::len).max().unwrap_or(1);
    (1..widest)
        .find(|columns| {
            let rows: usize = layers
                .iter()
                .map(|layer| layer.len().div_ceil(*columns))
                .sum();
            let height = as_number(rows) * ROW_STEP + as_number(layers.len()) * LAYER_GAP;
            as_number(*columns) * COLUMN_STEP >= ASPECT * height
        })
        .unwrap_or(widest)
}

#[expect(
    clippy::cast_precision_loss,
    reason = "node counts stay far below 2^52"
)]
fn as_number(count: usize) -> f64 {
    count as f64
}

#[cfg(test)]
mod tests;
