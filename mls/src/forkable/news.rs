//! What somebody who has the graph already needs to hear: a few commits and statements, where the [`Tail`](super::Tail) says all.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use serde_bytes::ByteArray;
use sha2::{Digest, Sha256};

use super::{ForkableGroup, SignedStatement};
use crate::EpochId;
use crate::planted::planted;

/// What a graph has, by name.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Known {
    /// Its epochs, with their numbers.
    pub epochs: BTreeMap<EpochId, u64>,
    /// The SHA-256 of each signed statement.
    pub statements: BTreeSet<ByteArray<32>>,
}

/// What somebody lacks.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct News {
    /// Commits, parents first.
    #[serde(with = "crate::octets")]
    pub commits: Vec<Vec<u8>>,
    /// Statements, for before the commits: who made them may have been told otherwise who orders.
    #[serde(with = "crate::octets")]
    pub statements: Vec<Vec<u8>>,
}

impl ForkableGroup {
    /// What this graph has.
    pub fn known(&self) -> Known {
        let epochs = self.graph.epochs().map(|epoch| (epoch.id, epoch.number)).collect();
        Known { epochs, statements: self.statements.iter().map(digest).collect() }
    }

    /// What whoever has that lacks of what is not final here. None if it does not have our anchor: then it needs the
    /// [tail](Self::tail), or is too far apart.
    pub fn news_for(&self, known: &Known) -> Option<News> {
        if !known.epochs.contains_key(&self.graph.anchor().id) {
            return None;
        }
        let mut since: Vec<_> = self.graph.epochs().filter(|epoch| !self.graph.is_final(&epoch.id)).collect();
        since.sort_by_key(|epoch| (epoch.number, epoch.id));
        let lacking = since.iter().filter(|epoch| !known.epochs.contains_key(&epoch.id));
        let statements = self.statements.iter().filter(|signed| !known.statements.contains(&digest(signed)));
        let statements = statements.filter(|_| !planted!(TailWithoutStatements));
        Some(News {
            commits: lacking.filter_map(|epoch| self.commit_message(&epoch.id)).map(<[u8]>::to_vec).collect(),
            statements: statements.map(SignedStatement::to_bytes).collect(),
        })
    }

    /// Whether somebody has what this graph lacks, as far as it would still be taken here.
    pub fn lacks(&self, known: &Known) -> bool {
        let from = self.graph.anchor().number;
        known.epochs.iter().any(|(id, number)| *number > from && !self.graph.contains(id))
            || known.statements.iter().any(|theirs| self.statements.iter().all(|ours| digest(ours) != *theirs))
    }
}

impl News {
    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.commits.is_empty() && self.statements.is_empty()
    }
}

fn digest(signed: &SignedStatement) -> ByteArray<32> {
    ByteArray::new(Sha256::digest(signed.to_bytes()).into())
}
