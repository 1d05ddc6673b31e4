//! Groups of nodes that lead to each other (strongly connected components).
//!
//! Tarjan, R.: Depth-first search and linear graph algorithms, SIAM Journal on Computing 1 (1972),
//! with a stack of its own instead of recursion: a chain of 100 000 nodes must not end a thread.

/// The groups of a graph.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Groups {
    /// The nodes of each group, in rising order. A group comes after all groups that it leads to.
    pub(super) members: Vec<Vec<usize>>,
    /// The group of each node.
    pub(super) of_node: Vec<usize>,
}

const UNSEEN: usize = usize::MAX;

struct Search {
    order: Vec<usize>,
    low: Vec<usize>,
    on_stack: Vec<bool>,
    stack: Vec<usize>,
    next: usize,
    groups: Groups,
}

/// Finds the groups; `leaving` holds the targets of each node's edges.
pub(super) fn of(leaving: &[Vec<(usize, f64)>]) -> Groups {
    let count = leaving.len();
    let mut search = Search {
        order: vec![UNSEEN; count],
        low: vec![0; count],
        on_stack: vec![false; count],
        stack: Vec::new(),
        next: 0,
        groups: Groups {
            members: Vec::new(),
            of_node: vec![0; count],
        },
    };
    for root in 0..count {
        if search.order[root] == UNSEEN {
            search.visit(root, leaving);
        }
    }
    search.groups
}

impl Search {
    fn visit(&mut self, root: usize, leaving: &[Vec<(usize, f64)>]) {
        // Nodes on the way, each with the number of its edges that were followed.
        let mut way = vec![(root, 0)];
        self.enter(root);
        while let Some(&(node, followed)) = way.last() {
            if let Some(&(target, _)) = leaving[node].get(followed) {
                let last = way.len() - 1;
                way[last].1 += 1;
                if self.order[target] == UNSEEN {
                    self.enter(target);
                    way.push((target, 0));
                } else if self.on_stack[target] {
                    self.low[node] = self.low[node].min(self.order[target]);
                }
                continue;
            }
            way.pop();
            if let Some(&(before, _)) = way.last() {
                self.low[before] = self.low[before].min(self.low[node]);
            }
            if self.low[node] == self.order[node] {
                self.close(node);
            }
        }
    }

    fn enter(&mut self, node: usize) {
        self.order[node] = self.next;
        self.low[node] = self.next;
        self.next += 1;
        self.stack.push(node);
        self.on_stack[node] = true;
    }

    fn close(&mut self, first: usize) {
        let group = self.groups.members.len();
        let mut members = Vec::new();
        while let Some(node) = self.stack.pop() {
            self.on_stack[node] = false;
            self.groups.of_node[node] = group;
            members.push(node);
            if node == first {
                break;
            }
        }
        members.sort_unstable();
        self.groups.members.push(members);
    }
}
