//! A node: a gateway's process with a group and its store, or a delivery service without clients.

use std::collections::BTreeSet;
use std::sync::Arc;

use causeway_drafts::mimi_uri::{ClientUri, UserUri};
use causeway_mls::{ClientIdentity, EpochId, ForkableGroup, JoinableGroupInfo, Tail, new_key_package};

use super::people::{now, people};
use super::store::Store;
use crate::room::{Event, Replica};

/// A message.
#[derive(Clone, Debug)]
pub(super) enum Item {
    Commit(Arc<Vec<u8>>),
    Statement(Arc<Vec<u8>>),
    /// The number of an application message in the ledger.
    Application(usize),
    Welcome(Arc<Welcome>),
    /// Of the Matrix room.
    Event(Arc<Event>),
}

/// A Welcome for clients of a node, with the graph that it leads into.
#[derive(Debug)]
pub(super) struct Welcome {
    pub(super) to: usize,
    pub(super) welcome: Vec<u8>,
    pub(super) ratchet_tree: Vec<u8>,
    pub(super) tail: Tail,
}

/// A process.
pub(super) struct Node {
    pub(super) name: String,
    /// Its user's clients; a delivery service has none.
    pub(super) clients: Vec<&'static ClientIdentity>,
    pub(super) is_honest: bool,
    pub(super) group: Option<ForkableGroup>,
    pub(super) store: Store,
    /// Under way to it: from which node, and what.
    pub(super) inbox: Vec<(usize, Item)>,
    backup: Option<(Store, BTreeSet<ClientUri>, Replica)>,
    /// The Matrix room, as its homeserver has it.
    pub(super) room: Replica,
    /// Own clients that have been in, since it has last begun anew.
    pub(super) own: BTreeSet<ClientUri>,
    /// Something has happened since it was checked.
    pub(super) is_touched: bool,
}

impl Node {
    pub(super) fn new(name: String, clients: Vec<&'static ClientIdentity>, is_honest: bool) -> Self {
        Self {
            name,
            clients,
            is_honest,
            group: None,
            store: Store::default(),
            inbox: Vec::new(),
            backup: None,
            room: Replica::default(),
            own: BTreeSet::new(),
            is_touched: false,
        }
    }

    pub(super) fn user(&self) -> Option<&UserUri> {
        self.clients.first().map(|client| &client.user_uri)
    }

    /// A new KeyPackage of a client, at hand for whoever asks for it; its reference.
    pub(super) fn make_key_package(&mut self, client: &ClientIdentity) -> Option<Vec<u8>> {
        let bundle = new_key_package(client, now()).ok()?;
        let reference = bundle.reference.clone();
        self.store.key_packages.insert(reference.clone(), (client.client_uri.clone(), bundle));
        Some(reference)
    }

    /// What has changed is stored, in one transaction.
    pub(super) fn save(&mut self) {
        self.is_touched = true;
        if let Some(group) = &mut self.group {
            self.own.extend(group.head_state().into_iter().flat_map(causeway_mls::Group::own_clients).cloned());
            self.store.apply(group).expect("what has changed can be stored");
        }
    }

    /// A process that starts has what is stored.
    pub(super) fn restart(&mut self) {
        self.inbox.clear();
        self.group = self.store.load().expect("what is stored can be loaded");
        self.is_touched = true;
    }

    pub(super) fn back_up(&mut self) {
        self.backup = Some((self.store.clone(), self.own.clone(), self.room.clone()));
    }

    /// Whether there was a backup.
    pub(super) fn restore(&mut self) -> bool {
        let Some(backup) = self.backup.clone() else { return false };
        (self.store, self.own, self.room) = backup;
        self.store.forget_secrets();
        self.restart();
        if let Some(group) = &mut self.group {
            // What was prepared may have been published since.
            let prepared: Vec<EpochId> = group.prepared().copied().collect();
            prepared.iter().for_each(|id| group.abandon(id));
        }
        self.save();
        true
    }

    /// An own client that holds the head.
    pub(super) fn holder(&self, nth: usize) -> Option<&'static ClientIdentity> {
        let head = self.group.as_ref()?.head_state().ok()?;
        let holders: Vec<_> = self.clients.iter().filter(|client| head.holds(&client.client_uri)).collect();
        holders.get(nth % holders.len().max(1)).map(|client| **client)
    }

    /// Own clients that are in the head, or should be, and do not hold it.
    pub(super) fn outside(&self) -> Vec<&'static ClientIdentity> {
        let Some(head) = self.group.as_ref().and_then(|group| group.head_state().ok()) else { return Vec::new() };
        let is_present = self.user().is_some_and(|user| head.room_state().is_present(user));
        let is_in = |client: &ClientUri| head.members().iter().any(|member| member.client == *client);
        let nobody_is_in = is_present && !self.clients.iter().any(|client| is_in(&client.client_uri));
        let outside = self.clients.iter().enumerate().filter(|(index, client)| {
            let is_missing = (nobody_is_in && *index == 0) || is_in(&client.client_uri);
            is_missing && !head.holds(&client.client_uri)
        });
        outside.map(|(_, client)| *client).collect()
    }

    /// What somebody needs to join the head.
    pub(super) fn joinable(&self) -> Option<JoinableGroupInfo> {
        let hub_key = people().providers[0].hub.signature_public_key();
        self.group.as_ref()?.joinable(self.holder(0)?, hub_key).ok()
    }

    pub(super) fn tail(&self) -> Option<Tail> {
        self.group.as_ref()?.tail_by(self.clients.iter().copied()).ok()
    }

    /// All commits that it knows, parents first.
    pub(super) fn commits(&self) -> Vec<(EpochId, Arc<Vec<u8>>)> {
        let Some(group) = &self.group else { return Vec::new() };
        let mut epochs: Vec<_> = group.graph().epochs().collect();
        epochs.sort_by_key(|epoch| (epoch.number, epoch.id));
        let commit = |id: &EpochId| group.commit_message(id).map(|commit| Arc::new(commit.to_vec()));
        epochs.iter().filter_map(|epoch| Some((epoch.id, commit(&epoch.id)?))).collect()
    }

    pub(super) fn statements(&self) -> Vec<Vec<u8>> {
        self.group.iter().flat_map(ForkableGroup::statements).map(causeway_mls::SignedStatement::to_bytes).collect()
    }
}
