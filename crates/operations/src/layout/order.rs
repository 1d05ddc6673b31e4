//! In which order the nodes of a layer stand: near what they are connected to.
//!
//! Barycentre sweeps: down and up again, each node goes to the mean place of its neighbours above
//! or below. The order with the shortest edges of all sweeps wins.

const SWEEPS: usize = 10;

struct Neighbours {
    above: Vec<Vec<usize>>,
    below: Vec<Vec<usize>>,
}

/// Returns the same layers with their nodes in a readable order.
pub(super) fn order(
    layers: &[Vec<usize>],
    edges: &[(usize, usize)],
    count: usize,
) -> Vec<Vec<usize>> {
    let mut layer_of = vec![0; count];
    for (level, layer) in layers.iter().enumerate() {
        for &node in layer {
            layer_of[node] = level;
        }
    }
    let mut neighbours = Neighbours {
        above: vec![Vec::new(); count],
        below: vec![Vec::new(); count],
    };
    for &(from, to) in edges {
        // An edge that closes a circle points up; seen from the layers it is as good as another.
        let (high, low) = if layer_of[from] < layer_of[to] {
            (from, to)
        } else {
            (to, from)
        };
        if layer_of[high] < layer_of[low] {
            neighbours.below[high].push(low);
            neighbours.above[low].push(high);
        }
    }
    let mut current = layers.to_vec();
    let mut places = vec![0.0; count];
    current
        .iter()
        .for_each(|layer| note_places(layer, &mut places));
    let mut best = (length(&places, &neighbours), current.clone());
    for sweep in 0..SWEEPS {
        let down = sweep % 2 == 0;
        let side = if down {
            &neighbours.above
        } else {
            &neighbours.below
        };
        let last = current.len();
        for step in 0..last {
            let level = if down { step } else { last - 1 - step };
            sort_layer(&mut current[level], side, &mut places);
        }
        let length = length(&places, &neighbours);
        if length < best.0 {
            best = (length, current.clone());
        }
    }
    best.1
}

/// Sorts a layer by the mean place of each node's neighbours; who has none stays where it is.
fn sort_layer(layer: &mut [usize], side: &[Vec<usize>], places: &mut [f64]) {
    let mut keyed: Vec<(f64, usize)> = layer
        .iter()
        .map(|&node| {
            let near = &side[node];
            if near.is_empty() {
                return (places[node], node);
            }
            let sum: f64 = near.iter().map(|other| places[*other]).sum();
            (sum / super::as_number(near.len()), node)
        })
        .collect();
    keyed.sort_by(|(a, _), (b, _)| a.total_cmp(b));
    for (slot, (_, node)) in layer.iter_mut().zip(keyed) {
        *slot = node;
    }
    note_places(layer, places);
}

/// A node's place is where it stands in its layer, from 0 to 1.
fn note_places(layer: &[usize], places: &mut [f64]) {
    let count = super::as_number(layer.len());
    for (index, &node) in layer.iter().enumerate() {
        places[node] = (super::as_number(index) + 0.5) / count;
    }
}

fn length(places: &[f64], neighbours: &Neighbours) -> f64 {
    let below = neighbours.below.iter().enumerate();
    below
        .map(|(node, near)| {
            near.iter()
                .map(|other| (places[node] - places[*other]).abs())
                .sum::<f64>()
        })
        .sum()
}
