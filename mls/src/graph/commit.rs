//! What the graph knows of a commit: public facts, judged at its parent.

use causeway_drafts::mimi_uri::{ClientUri, UserUri};
use serde::{Deserialize, Serialize};

use crate::EpochId;
use crate::group::CommitSummary;

/// What a commit does, as far as the head rule asks. The better class ranks first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum CommitClass {
    /// Takes something from somebody else: removes or bans a participant, or lessens its role (DMLS-11).
    Removal,
    /// Changes who is in the group, or its AppData.
    Change,
    /// Renews keys only.
    Renewal,
}

/// A valid commit.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CommitFacts {
    /// The epoch that it opens.
    pub id: EpochId,
    /// The epoch that it was made in.
    pub parent: EpochId,
    /// The term that its committer put into the SafeAAD; 0 where there is none.
    pub term: u64,
    /// The client that made it. Turns are its user's.
    pub committer: ClientUri,
    /// What it does.
    pub class: CommitClass,
}

/// What the commits that follow have to know of one: whose turn it was, and what for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "StoredCommit")]
pub struct RecentCommit {
    /// Who made it.
    pub committer: UserUri,
    /// Whether it took something from somebody else, [`CommitClass::Removal`].
    pub removes: bool,
}

/// Graphs that have been stored before removals were counted know of a commit who made it.
#[derive(Deserialize)]
#[serde(untagged)]
enum StoredCommit {
    Of(UserUri),
    Known { committer: UserUri, removes: bool },
}

impl From<StoredCommit> for RecentCommit {
    fn from(stored: StoredCommit) -> Self {
        match stored {
            StoredCommit::Of(committer) => Self::by(committer),
            StoredCommit::Known { committer, removes } => Self { committer, removes },
        }
    }
}

impl RecentCommit {
    /// A commit that took nothing from anybody.
    pub fn by(committer: UserUri) -> Self {
        Self { committer, removes: false }
    }
}

impl CommitFacts {
    /// What the commits that follow have to know of it.
    pub(super) fn as_recent(&self) -> RecentCommit {
        RecentCommit { committer: self.committer.user_uri(), removes: self.class == CommitClass::Removal }
    }
}

impl CommitClass {
    /// The class of a judged commit.
    pub fn of(summary: &CommitSummary) -> Self {
        let committer = summary.committer.user_uri();
        let participants = &summary.before.participants.participants;
        let mut others = participants.iter().map(|participant| &participant.user).filter(|user| **user != committer);
        let lessened = others.any(|user| summary.before.is_lessened_by(&summary.after, user));
        if lessened || summary.removed.iter().any(|(_, user)| *user != committer) {
            Self::Removal
        } else if summary.before != summary.after || !summary.added.is_empty() || !summary.removed.is_empty() {
            Self::Change
        } else {
            Self::Renewal
        }
    }
}
