//! What is drawn of a graph of epochs: branches beside each other, long stretches without forks as one.

use super::{Epoch, History, Place};

/// Longer stretches without a fork are folded.
const STRETCH: usize = 6;

/// One epoch, or several that follow each other without a fork.
pub(crate) enum Item {
    Epoch(usize),
    Folded(Vec<usize>),
}

/// Where an item is drawn.
pub(crate) struct Node {
    pub(crate) item: Item,
    /// The node above it.
    pub(crate) parent: Option<usize>,
    /// On how many forks' side branches it is.
    pub(crate) depth: usize,
    /// From the top.
    pub(crate) row: usize,
    /// From the left.
    pub(crate) column: usize,
}

/// All nodes, each branch as a whole before its fork goes on.
pub(crate) struct Drawing<'a> {
    pub(crate) history: &'a History,
    pub(crate) nodes: Vec<Node>,
    /// The rows that are taken, of each column.
    taken: Vec<Vec<(usize, usize)>>,
}

impl<'a> Drawing<'a> {
    /// Of all epochs, or with long stretches folded.
    pub(crate) fn new(history: &'a History, all: bool) -> Self {
        let mut drawing = Self { history, nodes: Vec::new(), taken: Vec::new() };
        for root in &history.roots {
            drawing.branch(*root, None, if all { usize::MAX } else { STRETCH });
        }
        drawing
    }

    /// The place of a node's epochs: folded ones have the same.
    pub(crate) fn place(&self, node: &Node) -> Place {
        self.epoch(node).place
    }

    /// A node's first epoch.
    pub(crate) fn epoch(&self, node: &Node) -> &Epoch {
        let index = match &node.item {
            Item::Epoch(epoch) => *epoch,
            Item::Folded(epochs) => epochs.first().copied().unwrap_or_default(),
        };
        &self.history.epochs[index]
    }

    /// Draws from an epoch straight on, with what forks off there.
    fn branch(&mut self, first: usize, parent: Option<usize>, stretch: usize) {
        let items = self.folded(first, stretch);
        let row = parent.map_or_else(|| self.below_all(), |parent| self.nodes[parent].row + 1);
        let depth = parent.map_or(0, |parent| self.nodes[parent].depth + 1);
        let column = self.column(parent.map_or(0, |parent| self.nodes[parent].column + 1), (row, row + items.len() - 1));
        let mut above = parent;
        for (index, item) in items.into_iter().enumerate() {
            let epoch = if let Item::Epoch(epoch) = item { Some(epoch) } else { None };
            self.nodes.push(Node { item, parent: above, depth, row: row + index, column });
            above = Some(self.nodes.len() - 1);
            let straight = epoch.and_then(|epoch| self.history.straight(epoch));
            let children = epoch.map_or(&[][..], |epoch| &self.history.epochs[epoch].children);
            for side in children.iter().filter(|child| Some(**child) != straight) {
                self.branch(*side, above, stretch);
            }
        }
    }

    /// The epochs from one straight on.
    fn folded(&self, first: usize, stretch: usize) -> Vec<Item> {
        let chain: Vec<usize> = std::iter::successors(Some(first), |epoch| self.history.straight(*epoch)).collect();
        let children = |index: usize| self.history.epochs[chain[index]].children.len();
        // Ends of branches, forks and what comes of them are always shown.
        let is_dull = |index: usize| index > 0 && children(index) == 1 && children(index - 1) == 1;
        let mut items = Vec::new();
        let mut index = 0;
        while index < chain.len() {
            let dull = (index..chain.len()).take_while(|index| is_dull(*index)).count();
            if dull > stretch {
                items.push(Item::Folded(chain[index..index + dull].to_vec()));
            } else {
                items.extend(chain[index..index + dull.max(1)].iter().copied().map(Item::Epoch));
            }
            index += dull.max(1);
        }
        items
    }

    fn below_all(&self) -> usize {
        self.nodes.iter().map(|node| node.row + 2).max().unwrap_or(0)
    }

    /// The first column that is free in these rows.
    fn column(&mut self, from: usize, (first, last): (usize, usize)) -> usize {
        let is_free = |rows: &Vec<(usize, usize)>| rows.iter().all(|(begin, end)| *end < first || *begin > last);
        let column = (from..).find(|column| self.taken.get(*column).is_none_or(is_free)).unwrap_or(from);
        self.taken.resize_with(self.taken.len().max(column + 1), Vec::new);
        self.taken[column].push((first, last));
        column
    }
}

impl Item {
    /// `… 40 epochs …`, if it is more than one.
    pub(crate) fn folded(&self) -> Option<String> {
        match self {
            Self::Epoch(_) => None,
            Self::Folded(epochs) => Some(format!("… {} epochs …", epochs.len())),
        }
    }
}
