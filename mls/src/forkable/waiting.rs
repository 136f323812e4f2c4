//! What came before the epoch that it belongs to.

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// So many commits wait (DMLS-20).
const MAX_COMMITS: usize = 64;
/// So many octets of commits wait.
const MAX_OCTETS: usize = 4 << 20;
/// So many statements wait.
const MAX_STATEMENTS: usize = 32;

/// Commits and statements that wait for an epoch.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Waiting {
    commits: Vec<WaitingCommit>,
    #[serde(with = "crate::octets")]
    statements: Vec<Vec<u8>>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct WaitingCommit {
    /// The number of the epoch that it was made in.
    number: u64,
    #[serde(with = "serde_bytes")]
    commit: Vec<u8>,
}

impl Waiting {
    /// Keeps a commit; those that are furthest ahead go first when there is no room. Whether it is kept.
    pub(super) fn keep_commit(&mut self, number: u64, commit: &[u8]) -> bool {
        if !self.commits.iter().any(|waiting| waiting.commit == commit) {
            self.commits.push(WaitingCommit { number, commit: commit.to_vec() });
            self.commits.sort_by_cached_key(|waiting| (waiting.number, Sha256::digest(&waiting.commit)));
        }
        while self.commits.len() > MAX_COMMITS || self.octets() > MAX_OCTETS {
            self.commits.pop();
        }
        self.commits.iter().any(|waiting| waiting.commit == commit)
    }

    fn octets(&self) -> usize {
        self.commits.iter().map(|waiting| waiting.commit.len()).sum()
    }

    /// Keeps a statement. Where there is no room, the one that has waited longest goes: it may be made up, and its epoch
    /// never come.
    pub(super) fn keep_statement(&mut self, statement: &[u8]) {
        if self.statements.iter().any(|waiting| waiting == statement) {
            return;
        }
        if self.statements.len() >= MAX_STATEMENTS {
            self.statements.remove(0);
        }
        self.statements.push(statement.to_vec());
    }

    /// The commits that were made in an epoch of this number: they are taken out, to be tried again.
    pub(super) fn take_commits(&mut self, number: u64) -> Vec<Vec<u8>> {
        let (due, rest) = std::mem::take(&mut self.commits).into_iter().partition(|waiting| waiting.number == number);
        self.commits = rest;
        let due: Vec<WaitingCommit> = due;
        due.into_iter().map(|waiting| waiting.commit).collect()
    }

    /// The statements that wait.
    pub(super) fn statements(&self) -> &[Vec<u8>] {
        &self.statements
    }

    /// All statements, to be tried again.
    pub(super) fn take_statements(&mut self) -> Vec<Vec<u8>> {
        std::mem::take(&mut self.statements)
    }

    /// What waits for an epoch that is final by now will never be placed.
    pub(super) fn drop_before(&mut self, number: u64) {
        self.commits.retain(|waiting| waiting.number >= number);
    }
}
