//! What is too much in a graph (DMLS-9).
//!
//! Bounds are on commits of one user in one epoch, on users in one epoch, and on commits of one user in all. What counts
//! then is a function of what is known, and not of what came first: those that rank best, each weighed by itself, and
//! whatever others have built on. What came last does not count if it is too much, but stays until the next commit, which
//! may show that others have built on it.

use std::collections::BTreeMap;

use causeway_drafts::mimi_uri::UserUri;
use serde::{Deserialize, Serialize};

use super::{CommitFacts, EpochGraph, MAX_ALIKE, MAX_CHILDREN, MAX_OF_USER, Rank};
use crate::EpochId;
use crate::planted::planted;

/// Why a commit does not count.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Excess {
    /// There are better ones in its epoch.
    InEpoch,
    /// There are better ones of its user.
    OfUser,
}

/// A commit with its rank, and whether it stays in any case.
type Weighed<'a> = (Rank, bool, &'a CommitFacts);

impl EpochGraph {
    /// What came last in an epoch, or of a user, and does not count goes when another comes that does not follow it.
    pub(super) fn drop_spares(&mut self, new: &CommitFacts) {
        let gives_way = |spare: &CommitFacts, excess: Excess| match excess {
            Excess::InEpoch => spare.parent == new.parent,
            Excess::OfUser => spare.committer.user_uri() == new.committer.user_uri(),
        };
        let due = self.spares.iter().filter(|(spare, excess)| {
            self.commit(spare).is_none_or(|commit| gives_way(commit, **excess)) && !self.is_ancestor(spare, &new.parent)
        });
        let due: Vec<EpochId> = due.map(|(spare, _)| *spare).collect();
        for spare in due {
            self.spares.remove(&spare);
            self.remove(&spare);
        }
    }

    /// A commit has been inserted: what is too much goes, or does not count yet if it is this one.
    pub(super) fn make_room(&mut self, new: &EpochId) {
        let built_on = |spare: &EpochId| self.commit(spare).is_some_and(|commit| self.is_built_on(commit));
        let built_on: Vec<EpochId> = self.spares.keys().filter(|spare| built_on(spare)).copied().collect();
        self.spares.retain(|spare, _| !built_on.contains(spare));
        while let Some((superfluous, excess)) = self.superfluous(new) {
            if superfluous == *new {
                self.spares.insert(superfluous, excess);
                return;
            }
            self.remove(&superfluous);
        }
    }

    /// A statement may have made more of what came last.
    pub(super) fn weigh_spares(&mut self) {
        let spares: Vec<EpochId> = std::mem::take(&mut self.spares).into_keys().collect();
        for spare in spares {
            self.make_room(&spare);
        }
    }

    /// Whether an epoch counts: one that came last may be too much, and waits for something to follow it (DMLS-9).
    pub fn counts(&self, id: &EpochId) -> bool {
        self.contains(id) && (self.spares.is_empty() || !self.ancestors(id).any(|id| self.spares.contains_key(&id)))
    }

    fn remove(&mut self, id: &EpochId) {
        let parent = self.commit(id).map(|commit| commit.parent);
        for gone in self.subtree(*id) {
            self.epochs.remove(&gone);
            self.spares.remove(&gone);
        }
        if let Some(epoch) = parent.and_then(|parent| self.epochs.get_mut(&parent)) {
            epoch.children.remove(id);
        }
    }

    fn superfluous(&self, new: &EpochId) -> Option<(EpochId, Excess)> {
        let new = self.commit(new).filter(|new| self.counts(&new.id))?;
        let child = self.superfluous_child(&new.parent).map(|id| (id, Excess::InEpoch));
        let of_user = || [false, true].into_iter().find_map(|is_final| self.superfluous_of_user(new, is_final));
        child.or_else(|| of_user().map(|id| (id, Excess::OfUser)))
    }

    /// Of each user two commits are kept, which show that it has made two, and of the users those whose commits would rank
    /// best if each had made one only.
    fn superfluous_child(&self, parent: &EpochId) -> Option<EpochId> {
        let mut users: BTreeMap<UserUri, Vec<Weighed<'_>>> = BTreeMap::new();
        for child in self.counting_children(parent) {
            let weighed = (self.natural_rank(child), self.stays(child), child);
            users.entry(child.committer.user_uri()).or_default().push(weighed);
        }
        users.values().find_map(|commits| self.superfluous_alike(commits)).or_else(|| superfluous_user(&users))
    }

    fn superfluous_alike(&self, commits: &[Weighed<'_>]) -> Option<EpochId> {
        let is_crowded = |(rank, _, commit): &&Weighed<'_>| {
            commits.iter().filter(|(other_rank, _, other)| other_rank < rank && self.are_alike(other, commit)).count() >= MAX_ALIKE
        };
        let crowded = commits.iter().filter(|(_, stays, _)| !stays).filter(is_crowded);
        crowded.max_by_key(|(rank, ..)| rank).map(|(.., commit)| commit.id)
    }

    /// If there is too much of a user, what ranks last of it, branch by branch: after the anchor, or before it, where others
    /// may remember less. What was made on the way to the head is not too much: who makes two commits there must not get rid
    /// of one of them by making many others (DMLS-14).
    fn superfluous_of_user(&self, new: &CommitFacts, is_final: bool) -> Option<EpochId> {
        let user = new.committer.user_uri();
        let commits = self.epochs.values().filter_map(|epoch| epoch.commit.as_ref());
        let by_user: Vec<&CommitFacts> = commits.filter(|commit| commit.committer.user_uri() == user).collect();
        // Whoever is alone in a group has made all of it.
        let bound = MAX_OF_USER + 4 * self.window as usize;
        if by_user.len() <= bound || planted!(CommitsUnlimited) {
            return None;
        }
        let is_alike = |commit: &&CommitFacts| self.counts(&commit.id) && self.is_final(&commit.id) == is_final;
        let way = self.path_to(&self.head);
        let going = by_user.into_iter().filter(is_alike).filter(|commit| !self.stays(commit) && !way.contains(&commit.parent));
        let going: Vec<EpochId> = going.map(|commit| commit.id).collect();
        let is_too_much = going.len() > bound;
        is_too_much.then(|| self.in_order().into_iter().rfind(|id| going.contains(id))).flatten()
    }

    /// Whether a commit leads to the anchor, or another user has built on it.
    fn stays(&self, commit: &CommitFacts) -> bool {
        self.is_ancestor(&commit.id, &self.anchor) || self.is_built_on(commit)
    }

    fn is_built_on(&self, commit: &CommitFacts) -> bool {
        let user = commit.committer.user_uri();
        let mut below = self.subtree(commit.id).into_iter().skip(1);
        below.any(|id| self.committer(&id).is_some_and(|other| other != user))
    }

    /// All epochs, the better branch before the worse one, as if each user had made one commit in each epoch.
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

fn superfluous_user(users: &BTreeMap<UserUri, Vec<Weighed<'_>>>) -> Option<EpochId> {
    if users.len() <= MAX_CHILDREN {
        return None;
    }
    let mut by_rank: Vec<&Vec<Weighed<'_>>> = users.values().collect();
    by_rank.sort_by_key(|commits| commits.iter().map(|(rank, ..)| rank.clone()).min());
    let mut going = by_rank.into_iter().skip(MAX_CHILDREN).filter(|commits| commits.iter().all(|(_, stays, _)| !stays));
    going.next_back()?.iter().max_by_key(|(rank, ..)| rank).map(|(.., commit)| commit.id)
}
