//! tree-validation and treekem: whole trees, and the paths that renew them.

use causeway_mls::{EpochId, Group, MlsError};
use serde::Deserialize;

use super::{Hex, admitting, cases};
use crate::support::NOW;
use crate::wire::{Tree, group_context, group_info, path_commit};

#[derive(Deserialize)]
struct Validation {
    tree: Hex,
    group_id: Hex,
    resolutions: Vec<Vec<u32>>,
    tree_hashes: Vec<Hex>,
}

#[derive(Deserialize)]
struct TreeKem {
    group_id: Hex,
    epoch: u64,
    confirmed_transcript_hash: Hex,
    ratchet_tree: Hex,
    leaves_private: Vec<PrivateLeaf>,
    update_paths: Vec<Path>,
}

#[derive(Deserialize)]
struct PrivateLeaf {
    index: u32,
    signature_priv: Hex,
}

#[derive(Deserialize)]
struct Path {
    sender: u32,
    update_path: Hex,
    tree_hash_after: Hex,
}

/// What the engine says to a tree whose GroupInfo nobody has signed. That comes last: the tree itself has been checked.
fn seen(case: &Validation, tree: &[u8], root: &[u8]) -> MlsError {
    let context = group_context(&case.group_id.0, 1, root, &[0; 32]);
    let first_leaf = 0;
    let unsigned = group_info(&context, &[0; 32], (first_leaf, &[1; 32]));
    let id = EpochId::from_bytes([0; 32]);
    Group::observe((&unsigned, tree), id, (&admitting(), NOW)).map(|_| ()).unwrap_err()
}

#[test]
fn tree_validation() {
    for (number, case) in cases::<Validation>("tree-validation").iter().enumerate() {
        let tree = Tree::read(&case.tree.0);
        assert_eq!(tree.len(), case.tree_hashes.len(), "case {number}");
        for (index, (resolution, hash)) in case.resolutions.iter().zip(&case.tree_hashes).enumerate() {
            assert_eq!(tree.resolution(index), *resolution, "case {number}, node {index}");
            assert_eq!(tree.hash(index), hash.0, "case {number}, node {index}");
        }
        let root = tree.hash(tree.root());
        let valid = seen(case, &case.tree.0, &root).to_string();
        assert!(valid.contains("signature"), "case {number}: {valid}");
        // With one octet of a parent hash or a signature changed, the tree itself is refused.
        let octets = case.tree.0.len();
        let refused = (octets / 4..octets).step_by(octets / 16).filter(|at| {
            let mut altered = case.tree.0.clone();
            altered[*at] ^= 1;
            seen(case, &altered, &root).to_string() != valid
        });
        assert!(refused.count() >= 12, "case {number}");
    }
}

/// Each leaf of each tree renews its path: judged as any commit, it opens an epoch with the tree that is published.
#[test]
fn treekem() {
    for (number, case) in cases::<TreeKem>("treekem").iter().enumerate() {
        let tree = Tree::read(&case.ratchet_tree.0);
        let (root, group_id) = (tree.hash(tree.root()), &case.group_id.0);
        let context = group_context(group_id, case.epoch, &root, &case.confirmed_transcript_hash.0);
        let key_of = |leaf: u32| &case.leaves_private.iter().find(|private| private.index == leaf).unwrap().signature_priv.0;
        let signer = case.leaves_private[0].index;
        let info = group_info(&context, &[0; 32], (signer, key_of(signer)));
        let group = Group::observe((&info, &case.ratchet_tree.0), EpochId::from_bytes([0; 32]), (&admitting(), NOW)).unwrap();
        assert_eq!(group.group_context().unwrap(), context, "case {number}");
        assert_eq!(group.ratchet_tree().unwrap(), case.ratchet_tree.0);
        for path in &case.update_paths {
            let commit = path_commit((group_id, case.epoch, &context), &path.update_path.0, (path.sender, key_of(path.sender)));
            let staged = group.stage(&commit, &admitting(), NOW).unwrap();
            let mut after = group.clone();
            after.merge(staged).unwrap();
            let after_tree = after.ratchet_tree().unwrap();
            let after_tree = Tree::read(&after_tree);
            assert_eq!(after_tree.hash(after_tree.root()), path.tree_hash_after.0, "case {number}, leaf {}", path.sender);
            let hash = [&[32], path.tree_hash_after.0.as_slice()].concat();
            assert!(after.group_context().unwrap().windows(33).any(|window| window == hash), "the context has the hash");
        }
    }
}
