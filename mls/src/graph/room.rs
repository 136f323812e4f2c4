//! What is too much in a graph, and goes (DMLS-9).
//!
//! Room is made before a commit is placed, and never by refusing it: only what comes after it can show that others have
//! built on it. What is kept then does not depend on what came first, but for the last one.

use std::collections::BTreeMap;

use causeway_drafts::mimi_uri::UserUri;

use super::{CommitFacts, EpochGraph, MAX_ALIKE, MAX_CHILDREN, MAX_LOSING, Rank};
use crate::EpochId;
use crate::planted::planted;

impl EpochGraph {
    /// Makes room for a commit, in its epoch and among those of its user. What leads to the head always stays.
    pub(super) fn make_room(&mut self, commit: &CommitFacts) {
        while let Some(superfluous) = self.superfluous_child(&commit.parent) {
            self.remove(&superfluous);
        }
        while let Some(superfluous) = self.superfluous_epoch(commit) {
            let all = self.commit(&superfluous).map(|commit| self.alike(commit).map(|alike| alike.id).collect::<Vec<_>>());
            all.unwrap_or_default().iter().for_each(|id| self.remove(id));
        }
    }

    fn remove(&mut self, id: &EpochId) {
        let parent = self.commit(id).map(|commit| commit.parent);
        for gone in self.subtree(*id) {
            self.epochs.remove(&gone);
        }
        if let Some(epoch) = parent.and_then(|parent| self.epochs.get_mut(&parent)) {
            epoch.children.remove(id);
        }
    }

    /// Of each user two commits are kept, which show that it has made two, and of the users those whose commits would rank
    /// best if each had made one only. What others have built on stays.
    fn superfluous_child(&self, parent: &EpochId) -> Option<EpochId> {
        let children: Vec<&CommitFacts> = self.children_of(parent).collect();
        let mut users: BTreeMap<UserUri, Vec<(Rank, bool, &CommitFacts)>> = BTreeMap::new();
        for child in children {
            let (rank, stays) = (self.natural_rank(child), self.leads_on(child));
            users.entry(child.committer.user_uri()).or_default().push((rank, stays, child));
        }
        users.values().find_map(|commits| self.superfluous_alike(commits)).or_else(|| superfluous_user(&users))
    }

    fn superfluous_alike(&self, commits: &[(Rank, bool, &CommitFacts)]) -> Option<EpochId> {
        let crowded = commits.iter().filter(|(_, stays, commit)| {
            !stays && commits.iter().filter(|(.., other)| self.are_alike(other, commit)).count() > MAX_ALIKE
        });
        crowded.max_by_key(|(rank, ..)| rank).map(|(.., commit)| commit.id)
    }

    /// Whether a commit leads to the head, or another user has built on it.
    fn leads_on(&self, commit: &CommitFacts) -> bool {
        let user = commit.committer.user_uri();
        let mut below = self.subtree(commit.id).into_iter().skip(1);
        self.is_ancestor(&commit.id, &self.head) || below.any(|id| self.committer(&id).is_some_and(|other| other != user))
    }

    /// One of a user's epochs that lead nowhere and nothing follows, if there are too many: the one that ranks last, branch
    /// by branch, those on branches with commits of others after all that are on its own. Commits of one epoch that show
    /// that the user has made two go together.
    fn superfluous_epoch(&self, new: &CommitFacts) -> Option<EpochId> {
        let winning = self.path_to(&self.head);
        let user = new.committer.user_uri();
        let by_user = |commit: &&CommitFacts| commit.committer.user_uri() == user;
        let commits = self.epochs.values().filter_map(|epoch| epoch.commit.as_ref()).filter(by_user);
        let losing: Vec<&CommitFacts> = commits.filter(|commit| !winning.contains(&commit.id)).collect();
        if losing.len() <= MAX_LOSING || planted!(LosingEpochsUnlimited) {
            return None;
        }
        let ends = losing.into_iter().filter(|commit| self.alike(commit).all(|alike| self.is_end(alike, new, &winning)));
        let (own, shared): (Vec<EpochId>, Vec<EpochId>) = ends.map(|commit| commit.id).partition(|id| {
            let branch = self.ancestors(id).take_while(|id| !winning.contains(id));
            branch.filter_map(|id| self.committer(&id)).all(|other| other == user)
        });
        let ends = if own.is_empty() { shared } else { own };
        self.in_order().into_iter().rfind(|id| ends.contains(id))
    }

    /// Whether nothing follows a commit, and it leads nowhere.
    fn is_end(&self, commit: &CommitFacts, new: &CommitFacts, winning: &[EpochId]) -> bool {
        let has_children = self.children_of(&commit.id).next().is_some();
        !has_children && commit.id != new.parent && !winning.contains(&commit.id)
    }

    /// The commits that the same user has made in the same epoch and term, itself included.
    fn alike<'a>(&'a self, commit: &'a CommitFacts) -> impl Iterator<Item = &'a CommitFacts> {
        self.children_of(&commit.parent).filter(|other| self.are_alike(other, commit))
    }

    /// All epochs, the better branch before the worse one, as if each user had made one commit in each epoch: what shows that
    /// one has made two must not be the first to go.
    fn in_order(&self) -> Vec<EpochId> {
        let (mut ordered, mut due) = (Vec::new(), vec![self.root.id]);
        while let Some(id) = due.pop() {
            ordered.push(id);
            let mut children: Vec<(Rank, EpochId)> = self.children_of(&id).map(|c| (self.natural_rank(c), c.id)).collect();
            children.sort();
            due.extend(children.into_iter().rev().map(|(_, id)| id));
        }
        ordered
    }
}

fn superfluous_user(users: &BTreeMap<UserUri, Vec<(Rank, bool, &CommitFacts)>>) -> Option<EpochId> {
    if users.len() <= MAX_CHILDREN {
        return None;
    }
    let going = users.values().filter(|commits| commits.iter().all(|(_, stays, _)| !stays));
    let best = |commits: &&Vec<(Rank, bool, &CommitFacts)>| commits.iter().map(|(rank, ..)| rank.clone()).min();
    going.max_by_key(best).and_then(|commits| commits.first()).map(|(.., commit)| commit.id)
}
