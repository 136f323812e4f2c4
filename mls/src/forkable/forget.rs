//! Letting go: secrets of what is final, then its public state. Whoever stores the changes destroys the keys.

use std::collections::BTreeMap;

use causeway_drafts::mimi_uri::ClientUri;

use super::ForkableGroup;
use crate::planted::planted;
use crate::{ClientIdentity, EpochId, EpochRef};

impl ForkableGroup {
    /// Lets go of what nobody needs any more: the secrets of final epochs, everything of those that are long final. Gives
    /// the epochs whose secrets are gone now.
    pub fn forget(&mut self) -> Vec<EpochId> {
        for id in self.graph.take_final() {
            self.let_go(&id);
        }
        let root = self.graph.root().number;
        self.waiting.drop_before(root);
        self.used.retain(|_, number| *number >= root);
        let graph = &self.graph;
        self.statements.retain(|signed| graph.keeps(signed.statement()));
        let due: Vec<EpochId> = self.kept_secrets().filter(|id| graph.is_final(id) && !planted!(SecretsKept)).collect();
        for id in &due {
            self.drop_secrets(id);
        }
        due
    }

    /// The time is up for the secrets of epochs that are not the head, though they are not final: messages sealed there
    /// do not open any more, and if one of them should become the head after all, its own clients are stranded (DMLS-23).
    /// `is_due` knows since when each has been superseded. A GroupInfo of each is kept, by one of `identities`: newcomers may have
    /// to be told of the graph from there on.
    pub fn forget_aged(
        &mut self,
        is_due: impl Fn(&EpochRef) -> bool,
        identities: &BTreeMap<ClientUri, ClientIdentity>,
    ) -> Vec<EpochId> {
        let head = self.head().id;
        let secrets: Vec<EpochId> = self.kept_secrets().filter(|id| *id != head).collect();
        let numbered = secrets.into_iter().filter_map(|id| Some(EpochRef { id, number: self.graph.number(&id)? }));
        let due: Vec<EpochId> = numbered.filter(is_due).map(|epoch| epoch.id).collect();
        for id in &due {
            let state = self.states.get(id);
            let info = state.and_then(|state| identities.values().find_map(|identity| state.group_info(identity).ok()));
            self.infos.extend(info.map(|info| (*id, info)));
            self.drop_secrets(id);
        }
        due
    }

    /// The epochs whose secrets are kept.
    pub fn kept_secrets(&self) -> impl Iterator<Item = EpochId> {
        self.states.iter().filter(|(_, state)| state.own_clients().next().is_some()).map(|(id, _)| *id)
    }

    fn drop_secrets(&mut self, id: &EpochId) {
        self.remember_use(id);
        if let Some(state) = self.states.get_mut(id) {
            state.drop_secrets();
        }
        self.unpublished.retain(|_, unpublished| unpublished.facts.parent != *id);
    }

    /// What an epoch's secrets have sealed or opened is remembered when they go: they are never made a second time.
    fn remember_use(&mut self, id: &EpochId) {
        if let Some(state) = self.states.get(id).filter(|state| state.is_used()) {
            self.used.insert(*id, state.epoch().number);
        }
    }

    /// An epoch is gone, with all that belonged to it.
    pub(super) fn let_go(&mut self, id: &EpochId) {
        self.remember_use(id);
        let last = self.states.remove(id);
        for past in last.iter().flat_map(|state| state.snapshot().past.keys()) {
            if !self.states.contains_key(past) {
                self.forgotten.entry(*past).or_insert(None);
            }
        }
        self.commits.remove(id);
        self.infos.remove(id);
        self.unpublished.retain(|_, unpublished| unpublished.facts.parent != *id);
        self.forgotten.insert(*id, last);
    }
}
