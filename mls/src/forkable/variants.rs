//! Commits that differ in their unsigned tags only (SPEC §14.2): one epoch, and whoever holds secrets knows which tags are right.
//!
//! A server that holds none learns it from the commit after the next: its signature covers what the tags lead to.

use causeway_drafts::mimi_uri::ClientUri;

use super::receive::CommitOutcome;
use super::{ForkableGroup, Judge};
use crate::group::{Child, StagedEpoch, Unfit};
use crate::planted::planted;
use crate::{EpochId, Group, MlsError};

/// So many variants of one commit are kept (DMLS-4).
const MAX_VARIANTS: usize = 4;

impl ForkableGroup {
    /// A commit of a known epoch.
    pub(super) fn receive_again(&mut self, id: EpochId, commit: &[u8], judge: Judge<'_>) -> Result<CommitOutcome, MlsError> {
        let is_open = self.state(&id)?.own_clients().next().is_some();
        let Some(variants) = self.commits.get_mut(&id) else { return Ok(CommitOutcome::Duplicate(id)) };
        let is_full = variants.len() >= MAX_VARIANTS;
        if variants.iter().any(|known| known == commit) || (is_full && is_open) || planted!(FirstVariantKept) {
            return Ok(CommitOutcome::Duplicate(id));
        }
        if is_full {
            // Whoever is quicker with wrong ones keeps the right one out until it comes again, and no longer. The first one
            // stays, since the state was made with it.
            variants.remove(1);
        }
        variants.push(commit.to_vec());
        let opened_by = self.open_variant(&id, commit, judge)?;
        Ok(CommitOutcome::Variant { id, opened_by })
    }

    /// Own clients of the parent that had no state in the epoch and have one with these tags: then these are right.
    fn open_variant(&mut self, id: &EpochId, commit: &[u8], judge: Judge<'_>) -> Result<Vec<ClientUri>, MlsError> {
        let known: Vec<ClientUri> = self.state(id)?.own_clients().cloned().collect();
        if !known.is_empty() {
            return Ok(Vec::new());
        }
        let Some(child) = self.remake(id, commit, judge)? else { return Ok(Vec::new()) };
        let opened: Vec<ClientUri> = child.group.own_clients().cloned().collect();
        if !opened.is_empty() {
            self.adopt_variant(id, commit, child)?;
            self.remake_below(id, judge)?;
        }
        Ok(opened)
    }

    /// What was built on an epoch whose tags are right only now, or whose secrets have come only now: own clients can follow,
    /// and the tags enter what comes after.
    pub(super) fn remake_below(&mut self, id: &EpochId, judge: Judge<'_>) -> Result<(), MlsError> {
        let is_child = |child: &EpochId| self.graph.commit(child).is_some_and(|commit| commit.parent == *id);
        let children: Vec<EpochId> = self.graph.epochs().map(|epoch| epoch.id).filter(is_child).collect();
        for child in children {
            let Some(commit) = self.commit_message(&child).map(<[u8]>::to_vec) else { continue };
            let Some(remade) = self.remake(&child, &commit, judge)? else { continue };
            if self.state(&child)?.own_clients().next().is_none() {
                self.adopt_variant(&child, &commit, remade)?;
            } else {
                let remade = self.unused(remade.group);
                self.hold_others(&child, &remade)?;
            }
            self.remake_below(&child, judge)?;
        }
        Ok(())
    }

    /// Own clients that have followed only now come in beside those that have been there.
    fn hold_others(&mut self, id: &EpochId, remade: &Group) -> Result<(), MlsError> {
        let state = self.state_mut(id)?;
        for (client, rows) in &remade.snapshot().clients {
            if !state.holds(client) {
                state.hold(client, rows.clone());
            }
        }
        self.puncture_before(id)
    }

    /// The epoch once more, from its parent, with other tags.
    fn remake(&self, id: &EpochId, commit: &[u8], judge: Judge<'_>) -> Result<Option<Child>, MlsError> {
        let parent = self.graph.commit(id).and_then(|facts| self.states.get(&facts.parent));
        parent.map_or(Ok(None), |parent| made_from(parent, commit, judge))
    }

    fn adopt_variant(&mut self, id: &EpochId, commit: &[u8], child: Child) -> Result<(), MlsError> {
        if let Some(variants) = self.commits.get_mut(id) {
            variants.retain(|known| known != commit);
            variants.insert(0, commit.to_vec());
        }
        self.records.push(child.record);
        let remade = self.unused(child.group);
        if let Some(state) = self.states.get_mut(id) {
            state.replace(remade);
        }
        self.puncture_before(id)
    }

    /// Judges a commit at an epoch. Where its signature does not hold there, that may be because the tags of the epoch
    /// before are others than we took: then they are in a variant, and both epochs are made anew.
    pub(super) fn judge_at(
        &mut self,
        epoch: &EpochId,
        commit: &[u8],
        judge: Judge<'_>,
    ) -> Result<Result<StagedEpoch, Unfit>, MlsError> {
        let state = self.state(epoch)?;
        let judged = state.judge(commit, judge.roots, judge.now_ms);
        let decided = !matches!(judged, Err(Unfit::MadeElsewhere(_))) || state.own_clients().next().is_some();
        let before = self.graph.commit(epoch).map(|facts| facts.parent);
        let (false, Some(before)) = (decided, before) else { return Ok(judged) };
        let variants = self.commits.get(&before).cloned().unwrap_or_default();
        let own_commit = self.commit_message(epoch).map(<[u8]>::to_vec).unwrap_or_default();
        for variant in variants.iter().skip(1) {
            let Some(remade_before) = self.remake(&before, variant, judge)? else { continue };
            let Some(remade) = made_from(&remade_before.group, &own_commit, judge)? else { continue };
            if let Ok(staged) = remade.group.judge(commit, judge.roots, judge.now_ms) {
                self.adopt_variant(&before, variant, remade_before)?;
                self.adopt_variant(epoch, &own_commit, remade)?;
                return Ok(Ok(staged));
            }
        }
        Ok(judged)
    }
}

fn made_from(parent: &Group, commit: &[u8], judge: Judge<'_>) -> Result<Option<Child>, MlsError> {
    match parent.judge(commit, judge.roots, judge.now_ms) {
        Ok(staged) => parent.child(staged).map(Some),
        Err(_) => Ok(None),
    }
}
