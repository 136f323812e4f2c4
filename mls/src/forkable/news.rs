//! What somebody who has the graph already needs to hear: a few commits and statements, where the [`Tail`](super::Tail) says all.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use serde_bytes::ByteArray;
use sha2::{Digest, Sha256};

use super::{ForkableGroup, SignedStatement};
use crate::EpochId;
use crate::planted::planted;

/// SHA-256 of a commit or a signed statement.
pub type Sha256Digest = ByteArray<32>;

/// What a graph has, by name.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Known {
    /// Its epochs.
    pub epochs: BTreeMap<EpochId, KnownEpoch>,
    /// The signed statements.
    pub statements: BTreeSet<Sha256Digest>,
}

/// An epoch that a graph has.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct KnownEpoch {
    /// Its number.
    pub number: u64,
    /// The commits with its name: more than one if somebody has altered tags (DMLS-4), none for a root.
    pub commits: BTreeSet<Sha256Digest>,
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
        let commits = |id: &EpochId| self.commits.get(id).into_iter().flatten().map(|commit| digest(commit)).collect();
        let epochs = self.graph.epochs().map(|epoch| (epoch.id, KnownEpoch { number: epoch.number, commits: commits(&epoch.id) }));
        Known { epochs: epochs.collect(), statements: self.statements.iter().map(name_of).collect() }
    }

    /// What whoever has that lacks of what is not final here. None if it does not have our anchor: then it needs the
    /// [tail](Self::tail), or is too far apart.
    pub fn news_for(&self, known: &Known) -> Option<News> {
        let anchor = self.graph.anchor();
        known.epochs.get(&anchor.id)?;
        let since = self.since_anchor();
        let since = since.iter().filter(|epoch| epoch.id != anchor.id);
        let commits = since.filter_map(|epoch| Some((epoch.id, self.commit_message(&epoch.id)?)));
        let has =
            |(id, commit): &(EpochId, &[u8])| known.epochs.get(id).is_some_and(|epoch| epoch.commits.contains(&digest(commit)));
        let statements = self.statements.iter().filter(|signed| !known.statements.contains(&name_of(signed)));
        let statements = statements.filter(|_| !planted!(TailWithoutStatements));
        Some(News {
            commits: commits.filter(|commit| !has(commit)).map(|(_, commit)| commit.to_vec()).collect(),
            statements: statements.map(SignedStatement::to_bytes).collect(),
        })
    }

    /// Whether somebody has what this graph lacks, as far as it would still be taken here.
    pub fn lacks(&self, known: &Known) -> bool {
        let (from, ours) = (self.graph.anchor().number, self.known());
        let is_new = |id: &EpochId| !ours.epochs.contains_key(id);
        known.epochs.iter().any(|(id, epoch)| epoch.number > from && is_new(id)) || !known.statements.is_subset(&ours.statements)
    }
}

impl News {
    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.commits.is_empty() && self.statements.is_empty()
    }
}

fn name_of(signed: &SignedStatement) -> Sha256Digest {
    digest(&signed.to_bytes())
}

fn digest(octets: &[u8]) -> Sha256Digest {
    ByteArray::new(Sha256::digest(octets).into())
}
