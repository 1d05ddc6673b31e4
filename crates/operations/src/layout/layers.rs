//! Which layer each node lies in: one below the lowest of its dependents.

/// Returns the nodes of each layer, top layer first. Nodes without edges fill a layer at the end.
pub(super) fn assign(on_top: &[bool], edges: &[(usize, usize)]) -> Vec<Vec<usize>> {
    let count = on_top.len();
    let mut below = vec![Vec::new(); count];
    let mut degrees = vec![0_u32; count];
    let mut dependents = vec![0_u32; count];
    for &(from, to) in edges.iter().filter(|(from, to)| from != to) {
        below[from].push(to);
        degrees[from] += 1;
        degrees[to] += 1;
        dependents[to] += 1;
    }
    let mut starts: Vec<usize> = (0..count).filter(|node| degrees[*node] > 0).collect();
    starts.sort_by_key(|node| (dependents[*node] > 0, !on_top[*node], *node));
    let finished = walk(&starts, &mut below);

    let mut levels = vec![0_usize; count];
    for &node in finished.iter().rev() {
        for &next in &below[node] {
            levels[next] = levels[next].max(levels[node] + 1);
        }
    }
    let depth = finished
        .iter()
        .map(|node| levels[*node] + 1)
        .max()
        .unwrap_or(0);
    let mut layers = vec![Vec::new(); depth];
    for &node in finished.iter().rev() {
        layers[levels[node]].push(node);
    }
    let lonely: Vec<usize> = (0..count).filter(|node| degrees[*node] == 0).collect();
    if !lonely.is_empty() {
        layers.push(lonely);
    }
    layers
}

/// Walks the graph depth first, takes the edges out that close a circle, and returns the nodes in
/// the order in which they were left. Reversed, it is a topological order.
fn walk(starts: &[usize], below: &mut [Vec<usize>]) -> Vec<usize> {
    #[derive(Clone, Copy, PartialEq)]
    enum Seen {
        No,
        Open,
        Done,
    }
    let mut seen = vec![Seen::No; below.len()];
    let mut finished = Vec::with_capacity(starts.len());
    for &start in starts {
        if seen[start] != Seen::No {
            continue;
        }
        seen[start] = Seen::Open;
        let mut open = vec![(start, 0)];
        while let Some((node, at)) = open.pop() {
            let Some(&next) = below[node].get(at) else {
                seen[node] = Seen::Done;
                finished.push(node);
                continue;
            };
            if seen[next] == Seen::Open {
                below[node].remove(at);
                open.push((node, at));
                continue;
            }
            open.push((node, at + 1));
            if seen[next] == Seen::No {
                seen[next] = Seen::Open;
                open.push((next, 0));
            }
        }
    }
    finished
}
