//! The head rule once more (SPEC §14.3, §14.4), written down as plainly as possible and without any of the graph's code.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use causeway_drafts::mimi_uri::UserUri;
use causeway_mls::graph::{Authority, CommitClass, CommitFacts, EpochGraph, HubTerm, MAX_CHILDREN, MatrixOrder, Statement};
use causeway_mls::{EpochId, EpochRef};
use sha2::{Digest, Sha256};

/// What somebody knows.
pub(super) struct View {
    root: EpochRef,
    /// Who committed before the root, the newest first, and whether to take something from somebody.
    before_root: Vec<(UserUri, bool)>,
    commits: BTreeMap<EpochId, CommitFacts>,
    children: BTreeMap<EpochId, Vec<EpochId>>,
    in_force: BTreeMap<u64, Vec<Statement>>,
    accepted: BTreeMap<EpochId, Vec<(u64, u64)>>,
    /// What Matrix rooms say.
    rooms: BTreeMap<String, MatrixOrder>,
}

type Rank = (Reverse<u64>, Reverse<u64>, Option<u64>, bool, u8, Reverse<usize>, Vec<u8>, EpochId);

impl View {
    /// What several nodes know together, from the oldest epoch that one of them remembers. `window` is the group's.
    pub(super) fn of(graphs: &[&EpochGraph], window: u64, rooms: BTreeMap<String, MatrixOrder>) -> Option<Self> {
        let oldest = graphs.iter().min_by_key(|graph| graph.root().number)?;
        let mut commits = BTreeMap::new();
        let mut said = BTreeSet::new();
        for graph in graphs {
            let counting = graph.epochs().filter(|epoch| graph.counts(&epoch.id));
            commits.extend(counting.filter_map(|epoch| graph.commit(&epoch.id)).map(|commit| (commit.id, commit.clone())));
            said.extend(graph.statements());
        }
        let mut children: BTreeMap<EpochId, Vec<EpochId>> = BTreeMap::new();
        for commit in commits.values() {
            children.entry(commit.parent).or_default().push(commit.id);
        }
        let root = oldest.root();
        let before_root = oldest.recent_commits(&root.id).into_iter().map(|commit| (commit.committer, commit.removes)).collect();
        let in_force = in_force(&said, window);
        let accepted = accepted(&said, &in_force);
        Some(Self { root, before_root, commits, children, in_force, accepted, rooms })
    }

    pub(super) fn root(&self) -> EpochId {
        self.root.id
    }

    /// The head, from an epoch on.
    pub(super) fn head(&self, from: EpochId) -> EpochId {
        let mut head = from;
        while let Some(children) = self.children.get(&head) {
            let best = match children.as_slice() {
                [only] => Some(only),
                several => several.iter().min_by_key(|child| self.rank(child)),
            };
            let Some(best) = best else { return head };
            head = *best;
        }
        head
    }

    /// From an epoch back to the root.
    pub(super) fn back(&self, from: EpochId) -> Vec<EpochId> {
        let mut path = vec![from];
        while let Some(commit) = path.last().and_then(|id| self.commits.get(id)) {
            if path.last() == Some(&self.root.id) {
                break;
            }
            path.push(commit.parent);
        }
        path
    }

    pub(super) fn is_ancestor(&self, id: &EpochId, of: &EpochId) -> bool {
        self.back(*of).contains(id)
    }

    /// Whether a branch that leaves at `fork` has run past the window, and the commits that show it, which everybody
    /// takes, are of two users.
    pub(super) fn taken_for_final(&self, fork: &EpochId, tip: &EpochId, window: u64) -> bool {
        let branch: Vec<EpochId> = self.back(*tip).into_iter().take_while(|id| id != fork).collect();
        let shown = branch.iter().rev().take(window as usize + 1).filter_map(|id| self.commits.get(id));
        let users: BTreeSet<UserUri> = shown.map(|commit| commit.committer.user_uri()).collect();
        branch.len() as u64 > window && users.len() > 1
    }

    /// Whether more has been committed in an epoch than a graph keeps: by too many users, or by one too often.
    pub(super) fn is_crowded(&self, epoch: &EpochId) -> bool {
        let mut users: BTreeMap<UserUri, usize> = BTreeMap::new();
        for commit in self.children.get(epoch).into_iter().flatten().filter_map(|id| self.commits.get(id)) {
            *users.entry(commit.committer.user_uri()).or_default() += 1;
        }
        users.len() > MAX_CHILDREN || users.values().any(|commits| *commits > 2)
    }

    fn term(&self, commit: &CommitFacts) -> u64 {
        let carried = if self.in_force.contains_key(&commit.term) { commit.term } else { 0 };
        let accepted = self.accepted.get(&commit.id).into_iter().flatten().map(|(term, _)| *term).max().unwrap_or(0);
        carried.max(accepted)
    }

    fn rank(&self, id: &EpochId) -> Option<Rank> {
        let commit = self.commits.get(id)?;
        let term = self.term(commit);
        let position =
            self.accepted.get(id).into_iter().flatten().filter(|(at, _)| *at == term).map(|(_, position)| *position).min();
        let position = position.or(self.is_named_by_room(commit, term).then_some(0));
        let siblings = self.children.get(&commit.parent).into_iter().flatten().filter_map(|id| self.commits.get(id));
        let user = commit.committer.user_uri();
        let twice = siblings.filter(|other| other.committer.user_uri() == user && self.term(other) == term).count() > 1;
        let before = self.before(commit);
        let class = match commit.class {
            CommitClass::Removal if !before.contains(&(user.clone(), true)) => 0,
            CommitClass::Removal | CommitClass::Change => 1,
            CommitClass::Renewal => 2,
        };
        let draw = [b"causeway dmls/1 draw", &commit.parent.as_bytes()[..], user.as_str().as_bytes()].concat();
        let overridden = Reverse(self.overridden(id));
        let accepted = Some(position.unwrap_or(u64::MAX));
        let equivocates = position.is_none() && twice;
        let turn = Reverse(before.iter().position(|(other, _)| *other == user).unwrap_or(8));
        Some((overridden, Reverse(term), accepted, equivocates, class, turn, Sha256::digest(draw).to_vec(), *id))
    }

    /// DMLS-36.
    fn is_named_by_room(&self, commit: &CommitFacts, term: u64) -> bool {
        match self.in_force.get(&term).and_then(|several| several.first()) {
            Some(Statement::HubTerm(HubTerm { authority: Authority::MatrixRoom { room_id }, .. })) => {
                self.rooms.get(room_id).and_then(|order| order.get(&commit.parent)) == Some(&commit.id)
            }
            _ => false,
        }
    }

    fn overridden(&self, id: &EpochId) -> u64 {
        let anchors = self.in_force.values().flatten().filter_map(|statement| match statement {
            Statement::AnchorOverride(anchor) => Some(anchor),
            _ => None,
        });
        let leads =
            anchors.filter(|anchor| self.commits.contains_key(&anchor.anchor.id) && self.is_ancestor(id, &anchor.anchor.id));
        leads.map(|anchor| anchor.term).max().unwrap_or(0)
    }

    /// Who has committed the eight epochs before a commit, the newest first, and whether to take something from somebody.
    fn before(&self, commit: &CommitFacts) -> Vec<(UserUri, bool)> {
        let path = self.back(commit.parent);
        let known = path.iter().filter(|id| **id != self.root.id).filter_map(|id| self.commits.get(id));
        let known = known.map(|commit| (commit.committer.user_uri(), commit.class == CommitClass::Removal));
        known.chain(self.before_root.iter().cloned()).take(8).collect()
    }
}

/// DMLS-15, DMLS-16.
fn in_force(said: &BTreeSet<Statement>, window: u64) -> BTreeMap<u64, Vec<Statement>> {
    let mut opening: Vec<(u64, u64, UserUri, bool, &Statement)> = Vec::new();
    for statement in said {
        match statement {
            Statement::HubTerm(term) => opening.push((term.term, term.from.number, term.signer.clone(), false, statement)),
            Statement::AnchorOverride(over) => opening.push((over.term, over.anchor.number, over.signer.clone(), true, statement)),
            Statement::Acceptance(_) => {}
        }
    }
    opening.sort_by_key(|(term, _, _, _, statement)| (*term, *statement));
    let mut taken: Vec<(u64, u64, UserUri, bool, &Statement)> = Vec::new();
    for (term, number, signer, overrides, statement) in opening {
        let before = taken.iter().filter(|(_, at, ..)| overrides || *at <= number);
        let highest = before.map(|(term, ..)| *term).max().unwrap_or(0);
        let near = |at: u64| at.abs_diff(number) < window.max(1);
        let soon = taken.iter().filter(|(_, at, by, kind, _)| *by == signer && *kind == overrides && near(*at)).count();
        if term >= 1 && term <= highest + if overrides { 8 } else { 1 } && soon < if overrides { 4 } else { 1 } {
            taken.push((term, number, signer, overrides, statement));
        }
    }
    let mut by_term: BTreeMap<u64, Vec<Statement>> = BTreeMap::new();
    for (term, .., statement) in taken {
        by_term.entry(term).or_default().push(statement.clone());
    }
    by_term
}

/// What counts of what hubs have accepted: term and position, by epoch.
fn accepted(said: &BTreeSet<Statement>, in_force: &BTreeMap<u64, Vec<Statement>>) -> BTreeMap<EpochId, Vec<(u64, u64)>> {
    let mut by_epoch: BTreeMap<EpochId, Vec<(u64, u64)>> = BTreeMap::new();
    for statement in said {
        let Statement::Acceptance(accepted) = statement else { continue };
        let orders = match in_force.get(&accepted.term).and_then(|several| several.first()) {
            Some(Statement::HubTerm(term)) => Some(&term.authority),
            Some(_) => Some(&Authority::Members),
            None => None,
        };
        let is_opened = orders.is_some() || accepted.term == 0;
        let counts = is_opened && orders != Some(&Authority::Members) && orders == accepted.authority.as_ref();
        if counts {
            by_epoch.entry(accepted.epoch).or_default().push((accepted.term, accepted.position));
        }
    }
    by_epoch
}
