//! The ratchet tree as nodes in its own shape: a commit changes a path, and so does what is stored.

use std::sync::Arc;

use super::node::{Digest, Node, Nodes};
use super::spans::{Unreadable, array, elements, exactly, push_array};

/// What of the tree is in no node.
struct Head<'a> {
    root: Digest,
    leaves: usize,
    blank_leaf: &'a [u8],
    blank_parent: &'a [u8],
    tree_hash: &'a [u8],
}

/// openmls' `TreeSync`, encoded, as the root's digest and a head. Nodes that `before` has are the same ones.
pub(super) fn split(tree: &[u8], before: Option<&Arc<Node>>, nodes: &mut Nodes) -> Result<Vec<u8>, Unreadable> {
    let [tree, tree_hash] = exactly(tree)?;
    let [leaves, parents, blank_leaf, blank_parent] = exactly(tree)?;
    let before = before.map(|root| (root, height_of(root)));
    let tree = Tree { leaves: elements(leaves)?, parents: elements(parents)?, blank_leaf, blank_parent, before };
    let count = tree.leaves.len();
    if !count.is_power_of_two() || tree.parents.len() + 1 != count {
        return Err(Unreadable::Shape);
    }
    let height = count.trailing_zeros();
    let root = tree.node(height, 0, tree.shrunk(height)).unwrap_or_else(|| Node::new(Vec::new(), Vec::new()));
    let root = nodes.add(root);
    Ok([&root[..], &(count as u32).to_be_bytes(), &array(3, [blank_leaf, blank_parent, tree_hash])].concat())
}

pub(super) fn join(head: &[u8], nodes: &Nodes) -> Result<Vec<u8>, Unreadable> {
    let head = Head::read(head)?;
    let mut leaves = vec![head.blank_leaf; head.leaves];
    let mut parents = vec![head.blank_parent; head.leaves - 1];
    let root = nodes.get(&head.root)?;
    place(root, head.leaves.trailing_zeros(), 0, (&mut leaves, &mut parents))?;
    let size: usize = leaves.iter().chain(&parents).map(|node| node.len()).sum();
    let mut tree = Vec::with_capacity(size + head.blank_leaf.len() + head.blank_parent.len() + head.tree_hash.len() + 12);
    push_array(&mut tree, 2, []);
    push_array(&mut tree, 4, []);
    push_array(&mut tree, leaves.len(), leaves);
    push_array(&mut tree, parents.len(), parents);
    [head.blank_leaf, head.blank_parent, head.tree_hash].into_iter().for_each(|rest| tree.extend(rest));
    Ok(tree)
}

/// The leaves that are not blank, by index.
pub(super) fn leaves<'a>(head: &[u8], nodes: &'a Nodes) -> Result<Vec<(u32, &'a Arc<Node>)>, Unreadable> {
    let head = Head::read(head)?;
    let mut found = Vec::new();
    let mut open = vec![(nodes.get(&head.root)?, head.leaves.trailing_zeros(), 0)];
    while let Some((node, height, first)) = open.pop() {
        match (height, node.children()) {
            (0, _) => found.push((first, node)),
            (height, [left, right]) => {
                open.extend(right.as_ref().map(|right| (right, height - 1, first + (1 << (height - 1)))));
                open.extend(left.as_ref().map(|left| (left, height - 1, first)));
            }
            (_, _) => return Err(Unreadable::Shape),
        }
    }
    Ok(found)
}

impl<'a> Head<'a> {
    fn read(head: &'a [u8]) -> Result<Self, Unreadable> {
        let (root, rest) = head.split_first_chunk().ok_or(Unreadable::Shape)?;
        let (leaves, rest) = rest.split_first_chunk().ok_or(Unreadable::Shape)?;
        let [blank_leaf, blank_parent, tree_hash] = exactly(rest)?;
        let leaves = u32::from_be_bytes(*leaves) as usize;
        match leaves.is_power_of_two() {
            true => Ok(Self { root: *root, leaves, blank_leaf, blank_parent, tree_hash }),
            false => Err(Unreadable::Shape),
        }
    }
}

struct Tree<'a> {
    leaves: Vec<&'a [u8]>,
    parents: Vec<&'a [u8]>,
    blank_leaf: &'a [u8],
    blank_parent: &'a [u8],
    /// The tree of before, and its height.
    before: Option<(&'a Arc<Node>, u32)>,
}

impl<'a> Tree<'a> {
    /// A tree shrinks from its root and from the right: what has this height is on the left.
    fn shrunk(&self, height: u32) -> Option<&'a Arc<Node>> {
        let (root, before) = self.before?;
        (height..before).try_fold(root, |node, _| child(Some(node), 0))
    }

    /// The subtree of 2^height leaves from `first` on; none if it is blank.
    fn node(&self, height: u32, first: usize, before: Option<&'a Arc<Node>>) -> Option<Arc<Node>> {
        // And it grows above its root and on the right.
        let before = before.or(self.before.filter(|before| first == 0 && before.1 == height).map(|before| before.0));
        let (content, blank, children) = match height {
            0 => (self.leaves[first], self.blank_leaf, Vec::new()),
            _ => {
                let half = 1 << (height - 1);
                let left = self.node(height - 1, first, child(before, 0));
                let right = self.node(height - 1, first + half, child(before, 1));
                // Parents are stored in the order of their indices in the tree.
                (self.parents[first + half - 1], self.blank_parent, vec![left, right])
            }
        };
        let content = if content == blank { &[] } else { content };
        if content.is_empty() && children.iter().all(Option::is_none) {
            return None;
        }
        match before {
            Some(before) if before.content() == content && same(before.children(), &children) => Some(Arc::clone(before)),
            _ => Some(Node::new(content.to_vec(), children)),
        }
    }
}

fn child(node: Option<&Arc<Node>>, side: usize) -> Option<&Arc<Node>> {
    node?.children().get(side)?.as_ref()
}

fn same(some: &[Option<Arc<Node>>], others: &[Option<Arc<Node>>]) -> bool {
    let digests =
        |nodes: &[Option<Arc<Node>>]| nodes.iter().map(|node| node.as_ref().map(|node| node.digest())).collect::<Vec<_>>();
    some.len() == others.len() && digests(some) == digests(others)
}

fn height_of(mut root: &Arc<Node>) -> u32 {
    let mut height = 0;
    while let Some(below) = root.children().iter().flatten().next() {
        (root, height) = (below, height + 1);
    }
    height
}

/// Puts the nodes where they belong in the arrays of leaves and parents.
fn place<'a>(
    node: &'a Node,
    height: u32,
    first: usize,
    (leaves, parents): (&mut Vec<&'a [u8]>, &mut Vec<&'a [u8]>),
) -> Result<(), Unreadable> {
    let slot = match (height, node.children()) {
        (0, []) => leaves.get_mut(first),
        (0, _) => return Err(Unreadable::Shape),
        (height, children) => {
            let half = 1 << (height - 1);
            for (side, child) in children.iter().enumerate() {
                if let Some(child) = child {
                    place(child, height - 1, first + side * half, (leaves, parents))?;
                }
            }
            parents.get_mut(first + half - 1)
        }
    };
    if !node.content().is_empty() {
        *slot.ok_or(Unreadable::Shape)? = node.content();
    }
    Ok(())
}
