//! The head rule once more, written down as plainly as possible and without any of the graph's code.

use std::collections::BTreeMap;

use causeway_mls::EpochId;
use causeway_mls::graph::{CommitClass, CommitFacts};
use sha2::{Digest, Sha256};

/// The head of a set of commits below `root` in which nobody orders and all terms are 0.
pub(crate) fn head(root: EpochId, commits: &[CommitFacts]) -> EpochId {
    let by_id: BTreeMap<EpochId, &CommitFacts> = commits.iter().map(|commit| (commit.id, commit)).collect();
    let mut head = root;
    loop {
        let mut children: Vec<&CommitFacts> = by_id.values().copied().filter(|commit| commit.parent == head).collect();
        if children.is_empty() {
            return head;
        }
        let siblings = children.clone();
        children.sort_by_cached_key(|commit| {
            let twice = siblings.iter().filter(|other| other.committer == commit.committer).count() > 1;
            let class = match commit.class {
                CommitClass::Removal => 0,
                CommitClass::Change => 1,
                CommitClass::Renewal => 2,
            };
            let mut ago = 0;
            let mut at = commit.parent;
            while ago < 8 {
                match by_id.get(&at) {
                    Some(ancestor) if ancestor.committer == commit.committer => break,
                    Some(ancestor) => at = ancestor.parent,
                    None => ago = 8,
                }
                if ago < 8 {
                    ago += 1;
                }
            }
            let class = if class == 0 && removed_before(&by_id, commit) { 1 } else { class };
            let draw =
                [b"causeway dmls/1 draw", &commit.parent.as_bytes()[..], commit.committer.user_uri().as_str().as_bytes()].concat();
            (twice, class, 8 - ago, Sha256::digest(draw), commit.id)
        });
        head = children[0].id;
    }
}

/// Whether its committer has made a removal in the eight epochs before it.
fn removed_before(by_id: &BTreeMap<EpochId, &CommitFacts>, commit: &CommitFacts) -> bool {
    let mut at = commit.parent;
    for _ in 0..8 {
        let Some(ancestor) = by_id.get(&at) else { return false };
        if ancestor.committer == commit.committer && ancestor.class == CommitClass::Removal {
            return true;
        }
        at = ancestor.parent;
    }
    false
}
