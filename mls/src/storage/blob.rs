//! A long string of octets as nodes. Where it is cut follows from the octets at the cut, so that a change in the middle
//! leaves what is before and after it as it was.

use std::collections::HashMap;
use std::sync::Arc;

use super::node::{Digest, Node};

const MIN_PIECE: usize = 128;
const MAX_PIECE: usize = 2048;
/// A piece ends where so many bits of the rolling hash are 0: after 512 octets in the mean.
const PIECE_BITS: u32 = 9;
const MIN_CHILDREN: usize = 2;
const MAX_CHILDREN: usize = 64;
/// The same for the digests of pieces: 16 in the mean.
const CHILDREN_BITS: u32 = 4;

/// What each octet adds to the rolling hash: splitmix64 of it.
const GEAR: [u64; 256] = {
    let mut gear = [0; 256];
    let mut octet = 0;
    while octet < 256 {
        let mut mixed = (octet as u64 + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        gear[octet] = mixed ^ (mixed >> 31);
        octet += 1;
    }
    gear
};

/// The string as nodes; those that `before` has are the same ones.
pub(super) fn split(octets: &[u8], before: Option<&Arc<Node>>) -> Arc<Node> {
    let mut known = HashMap::new();
    before.into_iter().for_each(|root| know(root, &mut known));
    let mut level: Vec<Arc<Node>> = pieces(octets).map(|piece| shared(piece.to_vec(), Vec::new(), &known)).collect();
    while level.len() > 1 {
        level = groups(&level).map(|group| shared(Vec::new(), group.iter().cloned().map(Some).collect(), &known)).collect();
    }
    level.pop().unwrap_or_else(|| Node::new(Vec::new(), Vec::new()))
}

pub(super) fn join(root: &Node) -> Vec<u8> {
    let mut octets = Vec::new();
    append(root, &mut octets);
    octets
}

fn append(node: &Node, octets: &mut Vec<u8>) {
    octets.extend(node.content());
    node.children().iter().flatten().for_each(|child| append(child, octets));
}

fn know<'a>(node: &'a Arc<Node>, known: &mut HashMap<Digest, &'a Arc<Node>>) {
    known.insert(node.digest(), node);
    node.children().iter().flatten().for_each(|child| know(child, known));
}

fn shared(content: Vec<u8>, children: Vec<Option<Arc<Node>>>, known: &HashMap<Digest, &Arc<Node>>) -> Arc<Node> {
    let node = Node::new(content, children);
    known.get(&node.digest()).map_or(node, |known| Arc::clone(known))
}

fn pieces(octets: &[u8]) -> impl Iterator<Item = &[u8]> {
    cut(octets, |rest| {
        let mut hash = 0u64;
        let end = rest.iter().take(MAX_PIECE).enumerate().find(|(position, octet)| {
            hash = (hash << 1).wrapping_add(GEAR[usize::from(**octet)]);
            *position + 1 >= MIN_PIECE && hash >> (64 - PIECE_BITS) == 0
        });
        end.map_or(MAX_PIECE, |(position, _)| position + 1)
    })
}

fn groups(level: &[Arc<Node>]) -> impl Iterator<Item = &[Arc<Node>]> {
    cut(level, |rest| {
        let ends = |node: &Arc<Node>| node.digest()[0] >> (8 - CHILDREN_BITS) == 0;
        let end = rest.iter().take(MAX_CHILDREN).enumerate().find(|(position, node)| *position + 1 >= MIN_CHILDREN && ends(node));
        end.map_or(MAX_CHILDREN, |(position, _)| position + 1)
    })
}

fn cut<T>(mut rest: &[T], end: impl Fn(&[T]) -> usize) -> impl Iterator<Item = &[T]> {
    std::iter::from_fn(move || {
        let (piece, after) = rest.split_at(end(rest).min(rest.len()));
        rest = after;
        (!piece.is_empty()).then_some(piece)
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::node::Nodes;
    use super::{join, split};

    fn roots(node: &std::sync::Arc<super::Node>) -> Nodes {
        let mut nodes = Nodes::default();
        nodes.add(std::sync::Arc::clone(node));
        nodes
    }

    proptest! {
        #[test]
        fn a_blob_is_its_pieces(octets in proptest::collection::vec(any::<u8>(), 0..20_000)) {
            prop_assert_eq!(join(&split(&octets, None)), octets);
        }

        #[test]
        fn a_change_in_the_middle_changes_few_pieces(seed in any::<u64>(), at in 0usize..100_000) {
            let octets: Vec<u8> = (0..100_000u64).map(|i| (seed.wrapping_add(i).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 56) as u8).collect();
            let before = split(&octets, None);
            let mut changed = octets;
            changed.splice(at..at, *b"mimi://example.com/u/somebody");
            let after = split(&changed, Some(&before));
            prop_assert_eq!(join(&after), changed);
            let (before, after) = (roots(&before).digests(), roots(&after).digests());
            prop_assert!(after.difference(&before).count() <= 16, "{} of {}", after.difference(&before).count(), after.len());
        }
    }
}
