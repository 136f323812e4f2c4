//! A hub that orders the group again (SPEC §14.9): it accepts what leads to the head, and once it has, the graph ends.

use std::collections::{BTreeMap, BTreeSet};

use causeway_drafts::mimi_uri::ProviderDomain;

use super::snapshot::rows_of;
use super::{ForkableGroup, SignedStatement};
use crate::graph::{Authority, StatementPlacement};
use crate::rows::{GroupSnapshot, PastEpoch};
use crate::{EpochId, Group, HubIdentity, MlsError};

impl ForkableGroup {
    /// Whether a hub orders the latest term.
    pub fn is_ordered(&self) -> bool {
        matches!(self.graph.authority(), Some(Authority::Hub { .. }))
    }

    /// Whether this hub, with this key, orders the latest term.
    pub fn is_ordered_by(&self, provider: &ProviderDomain, key: &[u8]) -> bool {
        match self.graph.authority() {
            Some(Authority::Hub { provider: hub, signature_key }) => hub == provider && signature_key == key,
            _ => false,
        }
    }

    /// As the hub that orders the latest term: accepts every commit that leads to the head and is not accepted yet, at the
    /// position of its epoch's number (DMLS-31). While the group is in conflict nothing is accepted: nobody knows yet which
    /// side goes on.
    ///
    /// # Errors
    /// If the hub does not order the latest term.
    pub fn accept_head(&mut self, hub: &HubIdentity) -> Result<Vec<SignedStatement>, MlsError> {
        if self.conflict().is_some() {
            return Ok(Vec::new());
        }
        let due: Vec<EpochId> = self.ordered_path().into_iter().filter(|id| !self.graph.is_accepted(id)).collect();
        let mut statements = Vec::new();
        for id in due {
            let position = self.graph.number(&id).unwrap_or_default();
            statements.push(self.accept(hub, &id, position)?);
        }
        Ok(statements)
    }

    /// Whether the graph can end, and the group go on as one that its hub orders: the hub of the latest term has accepted
    /// all that leads to the head, so that no commit can outrank it; no losing branch has left anything to settle; and no own
    /// client is missing (DMLS-32).
    ///
    /// # Errors
    /// If the stored state is broken.
    pub fn can_end(&self) -> Result<bool, MlsError> {
        let is_accepted = self.is_ordered() && self.ordered_path().iter().all(|id| self.graph.is_accepted(id));
        let is_quiet = self.conflict().is_none() && self.unpublished.is_empty();
        Ok(is_accepted && is_quiet && self.stranded()?.is_empty() && self.settlement()?.intents.is_empty())
    }

    /// The graph ends: what is kept is the head's state, and of so many epochs before it what opens late messages. Gives the
    /// statements that opened its terms, without which a graph that has to begin again would count its terms anew
    /// ([`Self::begin`]).
    pub fn end(&mut self, past_epochs: usize) -> Vec<Vec<u8>> {
        let path = self.graph.path_to(&self.head().id);
        let kept: BTreeSet<EpochId> = path.into_iter().rev().take(past_epochs + 1).collect();
        let head = self.head().id;
        let opens = |state: &Group| state.own_clients().next().is_some();
        let others = self.states.iter().filter(|(id, state)| !kept.contains(id) || (**id != head && !opens(state)));
        let others: Vec<EpochId> = others.map(|(id, _)| *id).collect();
        for id in others {
            self.let_go(&id);
        }
        for (_, state) in self.states.iter_mut().filter(|(id, _)| **id != head) {
            state.keep_for_stragglers();
        }
        self.is_over = true;
        let forgotten = self.graph.forgotten_terms();
        self.opening_statements().filter(|signed| signed.term() > forgotten).map(SignedStatement::to_bytes).collect()
    }

    /// What is left of a graph that has ended, and whose changes are stored.
    ///
    /// # Errors
    /// If the stored state is broken.
    pub fn into_group(self) -> Result<Group, MlsError> {
        let (group_id, head, nodes) = (self.group_id()?.to_vec(), self.head(), self.nodes());
        let mut states: BTreeMap<_, _> = self.states.iter().flat_map(|(id, state)| rows_of(*id, state)).collect();
        let state = states.remove(&head.id);
        let (public, clients) = state.ok_or_else(|| MlsError::Stored("the head's state is not kept".to_owned()))?;
        let past = states.into_iter().map(|(id, (public, clients))| (id, PastEpoch { public, clients })).collect();
        Group::load(GroupSnapshot { group_id, head, public, clients, nodes, past })
    }

    /// Whether the graph has ended: then it is stored no more.
    pub fn is_over(&self) -> bool {
        self.is_over
    }

    /// What leads to the head, as far as it is remembered; the root is not part of it.
    fn ordered_path(&self) -> Vec<EpochId> {
        self.graph.path_to(&self.head().id).split_off(1)
    }

    /// The statements that open terms.
    pub(super) fn opening_statements(&self) -> impl Iterator<Item = &SignedStatement> {
        self.statements.iter().filter(|signed| signed.statement().opens_a_term())
    }

    /// Terms of a graph that has ended: they were judged there. What was said of the epoch where it ended, and this one
    /// begins, can be judged here.
    ///
    /// # Errors
    /// If one does not decode, opens no term, or does not hold here.
    pub(super) fn tell_terms(&mut self, terms: &[Vec<u8>]) -> Result<(), MlsError> {
        let terms = terms.iter().map(|bytes| SignedStatement::from_bytes(bytes)).collect::<Result<Vec<_>, _>>()?;
        // What was before the first of them had been forgotten when the graph ended.
        let first = terms.iter().map(SignedStatement::term).min().unwrap_or_default();
        self.graph.begin_after_term(first.saturating_sub(1));
        for signed in terms {
            if !signed.statement().opens_a_term() {
                return Err(MlsError::Malformed("a term from before the graph that is none".to_owned()));
            }
            let is_kept = match self.graph.contains(&signed.epoch().id) {
                true => {
                    self.check(&signed)?;
                    let placement = self.graph.state(signed.statement().clone());
                    matches!(placement, StatementPlacement::InForce { .. } | StatementPlacement::Dormant)
                }
                false => self.graph.believe(signed.statement().clone()),
            };
            if is_kept {
                self.remember(signed);
            }
        }
        Ok(())
    }
}
