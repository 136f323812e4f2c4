//! What arrives at a node.

use std::sync::Arc;

use causeway_drafts::mimi_uri::ClientUri;
use causeway_mls::graph::{Authority, Placement};
use causeway_mls::{CommitOutcome, EpochId, ForkableGroup, Group, MlsError, StatementOutcome, welcome_references};

use super::ledger::Ledger;
use super::node::{Item, Welcome};
use super::people::{judge, now, people};
use super::world::World;
use crate::graph::{Hub, Nodes};
use crate::planted::planted;

impl World {
    pub(super) fn receive(&mut self, node: usize, from: usize, item: &Item) {
        match item {
            Item::Commit(commit) => self.receive_commit(node, commit),
            Item::Statement(statement) => self.receive_statement(node, statement),
            Item::Application(message) => self.receive_message(node, *message),
            Item::Welcome(welcome) => self.receive_welcome(node, from, welcome),
            Item::Event(event) => self.receive_event(node, event),
        }
    }

    pub(super) fn receive_commit(&mut self, node: usize, commit: &[u8]) {
        let Some(group) = &mut self.nodes[node].group else { return };
        let received = match group.receive_commit(commit, None, judge()) {
            Ok(received) => received,
            Err(error) => return self.fail("validity", format!("a commit is an error at node {node}: {error}")),
        };
        let mut extending = Vec::new();
        for (index, outcome) in received.outcomes.iter().enumerate() {
            match outcome {
                CommitOutcome::Placed(placed) => {
                    if index == 0 && self.unhardened.contains(commit) && self.nodes[node].is_honest {
                        self.fail("hardening", format!("node {node} takes a commit without a PSK"));
                    }
                    if placed.placement == Placement::ExtendsHead {
                        extending.push(placed.epoch.id);
                    }
                    self.check_opened(node, placed.epoch.id, &placed.unopened);
                }
                CommitOutcome::Refused(error) if index == 0 => self.check_refusal(node, commit, error),
                CommitOutcome::Refused(_) | CommitOutcome::Variant { .. } | CommitOutcome::Duplicate(_) | CommitOutcome::Waits => {}
            }
        }
        self.after_change(node);
        self.check_right_tags(node, commit);
        if node == 0 && self.setup.hub == Hub::Honest {
            extending.into_iter().for_each(|epoch| self.accept(epoch));
        }
    }

    /// What own clients could not open, not with other tags either, has been tampered with.
    fn check_opened(&mut self, node: usize, epoch: EpochId, unopened: &[ClientUri]) {
        let Some(group) = &self.nodes[node].group else { return };
        let is_good = group.commit_message(&epoch).is_some_and(|commit| !self.tampered.contains(commit));
        let holds = |client: &ClientUri| group.state(&epoch).is_ok_and(|state| state.holds(client));
        // What was entered once, and given up, is not opened a second time in a hardened group; both may be in one transaction,
        // where a user has made more commits in one epoch than count.
        let was_entered = self.ledger.ever_held.contains(&(node, epoch)) || is_too_much(group, &epoch);
        let is_excused = self.setup.hardened && was_entered;
        if is_good && !is_excused && !unopened.iter().all(holds) && self.nodes[node].is_honest {
            self.fail("validity", format!("node {node} cannot open the commit of epoch {epoch:?}, which nobody has tampered with"));
        }
    }

    /// Whoever holds the parent, and has got the right tags, holds the epoch, whatever came before; unless it has used up
    /// what it held there once, or has got more variants than are kept.
    fn check_right_tags(&mut self, node: usize, commit: &[u8]) {
        let made = self.made.iter().find(|(_, made)| *made.commit == commit).map(|(id, _)| *id);
        let Some((id, group)) = made.zip(self.nodes[node].group.as_ref()) else { return };
        let parent = group.graph().commit(&id).and_then(|commit| group.state(&commit.parent).ok());
        let Some((parent, state)) = parent.zip(group.state(&id).ok()) else { return };
        let is_in = |client: &ClientUri| state.members().iter().any(|member| member.client == *client);
        let stranded = parent.own_clients().find(|client| is_in(client) && !state.holds(client));
        let is_excused = self.ledger.ever_held.contains(&(node, id)) || self.tampered.len() >= 4 || !self.nodes[node].is_honest;
        let comes_back = group.graph().commit(&id).map(|commit| commit.committer.clone());
        if let Some(client) = stranded.filter(|client| !is_excused && Some((*client).clone()) != comes_back).cloned() {
            self.fail("validity", format!("{client} holds the parent of {id:?} and has the right tags, and cannot open it"));
        }
    }

    fn check_refusal(&mut self, node: usize, commit: &[u8], error: &MlsError) {
        let is_made_here = self.made.values().any(|made| *made.commit == commit);
        let is_placement = matches!(error, MlsError::NotPlaced(_) | MlsError::FutureEpoch { .. });
        if is_made_here && !is_placement {
            self.fail("validity", format!("node {node} refuses an honest commit: {error}"));
        }
    }

    pub(super) fn receive_statement(&mut self, node: usize, statement: &[u8]) {
        let Some(group) = &mut self.nodes[node].group else { return };
        match group.receive_statement(statement) {
            Ok(StatementOutcome::Refused(_)) | Ok(_) => self.after_change(node),
            Err(error) => self.fail("validity", format!("a statement is an error at node {node}: {error}")),
        }
    }

    /// After the graph or the Matrix room has changed: the one follows the other, old secrets go, and what waited for its epoch is opened. In one transaction.
    pub(super) fn after_change(&mut self, node: usize) {
        self.follow_room(node);
        let is_thief = Some(node) == self.thief();
        // A thief forgets nothing.
        if let Some(group) = self.nodes[node].group.as_mut().filter(|_| !is_thief) {
            group.forget();
        }
        self.save(node);
        if is_thief {
            self.hoard_state(node);
        }
        for message in std::mem::take(&mut self.nodes[node].store.early) {
            self.receive_message(node, message);
        }
    }

    pub(super) fn receive_message(&mut self, node: usize, message: usize) {
        let is_due = self.ledger.is_due(node, &self.nodes[node], message);
        let sent = self.ledger.sent[message].clone();
        if sent.from == node {
            return;
        }
        let Some(group) = &mut self.nodes[node].group else { return };
        let opened = group.open(&sent.sealed);
        let may_open_later = match &opened {
            Err(MlsError::FutureEpoch { .. }) => true,
            Err(MlsError::Invalid(_)) => group.is_open_for(&sent.sealed),
            _ => false,
        };
        self.save(node);
        let shown = opened.as_ref().map(|opened| opened.epoch).map_err(ToString::to_string);
        self.say(|| format!("      node {node} gets message {message}: {shown:?}"));
        match opened {
            Ok(opened) => {
                let is_right = opened.application_data == Ledger::text(message) && opened.client == sent.client;
                let is_reader = self.nodes[node].clients.iter().any(|client| sent.readers.contains(&client.client_uri));
                let is_first = self.ledger.opened.insert((node, message));
                self.figures.messages += 1;
                if !is_right {
                    self.fail("messages", format!("node {node} reads something else in message {message}"));
                } else if !is_reader {
                    self.fail(
                        "read after removal",
                        format!("node {node} has opened message {message}, sealed in {:?}", sent.epoch),
                    );
                } else if !is_first {
                    self.fail("messages", format!("node {node} has opened message {message} twice"));
                }
            }
            Err(error) if is_due && self.nodes[node].is_honest => {
                self.fail(
                    "message lost",
                    format!("node {node} does not open message {message}, sealed in {:?}: {error}", sent.epoch),
                );
            }
            Err(_) if may_open_later && !self.ledger.opened.contains(&(node, message)) => {
                let early = &mut self.nodes[node].store.early;
                if !early.contains(&message) {
                    early.push(message);
                }
            }
            Err(_) => {}
        }
        if Some(node) == self.thief() {
            self.pry(message);
        }
    }

    /// A Welcome for own clients, with the graph that it leads into.
    fn receive_welcome(&mut self, node: usize, from: usize, welcome: &Arc<Welcome>) {
        let references = welcome_references(&welcome.welcome).unwrap_or_default();
        let key_packages = references.iter().filter_map(|reference| self.nodes[node].store.key_packages.get(reference).cloned());
        let key_packages: Vec<_> = key_packages.collect();
        let mut is_used = false;
        for (client, bundle) in key_packages {
            let Some(identity) = self.nodes[node].clients.iter().find(|identity| identity.client_uri == client) else { continue };
            let sealed = (welcome.welcome.as_slice(), welcome.ratchet_tree.as_slice());
            let joined = match Group::join(sealed, &bundle, identity, None, (judge().roots, now())) {
                Ok(joined) => joined,
                Err(error) => return self.fail("validity", format!("{client} cannot join by its Welcome: {error}")),
            };
            if !self.come_in(node, &joined, welcome) {
                continue;
            }
            is_used = true;
            self.spent.insert(bundle.reference.clone());
            if !planted!(KeyPackageKept) {
                self.nodes[node].store.key_packages.remove(&bundle.reference);
            }
        }
        if is_used {
            self.welcomes.iter_mut().filter(|(other, _)| Arc::ptr_eq(other, welcome)).for_each(|(_, used)| *used = true);
            self.say(|| format!("      node {node} comes in by a Welcome from node {from}"));
        }
        self.after_change(node);
    }

    fn come_in(&mut self, node: usize, joined: &Group, welcome: &Welcome) -> bool {
        let known = self.nodes[node].group.take();
        let mut group = match known {
            Some(group) => group,
            None => match ForkableGroup::observe(&welcome.tail, judge()) {
                Ok(group) => group,
                Err(error) => {
                    self.fail("validity", format!("a tail from an honest node does not hold: {error}"));
                    return false;
                }
            },
        };
        for statement in &welcome.tail.statements {
            drop(group.receive_statement(statement));
        }
        for commit in &welcome.tail.commits {
            drop(group.receive_commit(commit, None, judge()));
        }
        let adopted = group.adopt(joined, judge());
        let is_in = adopted.is_ok();
        self.say(|| format!("      node {node} adopts {adopted:?}"));
        self.nodes[node].group = Some(group);
        is_in
    }

    /// The hub accepts a commit, if it orders at present.
    pub(super) fn accept(&mut self, epoch: EpochId) {
        let hub = &people().providers[0].hub;
        let Some(group) = &mut self.nodes[0].group else { return };
        let orders = match group.graph().authority() {
            None => group.graph().term() == 0,
            Some(Authority::Hub { signature_key, .. }) => *signature_key == hub.signature_public_key(),
            Some(Authority::Members | Authority::MatrixRoom { .. }) => false,
        };
        if !orders || group.conflict().is_some() {
            return;
        }
        self.position += 1;
        if let Ok(accepted) = group.accept(hub, &epoch, self.position) {
            self.say(|| format!("      the hub accepts {epoch:?}"));
            self.after_change(0);
            self.send(0, &Item::Statement(Arc::new(accepted.to_bytes())), Nodes::MAX);
        }
    }

    /// A node asks another for what that one knows.
    pub(super) fn catch_up(&mut self, node: usize, from: usize) {
        if node == from || !self.reaches(from, node) || self.nodes[node].group.is_none() {
            return;
        }
        for statement in self.nodes[from].statements() {
            self.receive_statement(node, &statement);
        }
        for (_, commit) in self.nodes[from].commits() {
            self.receive_commit(node, &commit);
        }
        self.backfill(node, from);
    }
}

/// Whether a user has made more than two commits in the epoch that this one was made in (DMLS-9).
fn is_too_much(group: &ForkableGroup, epoch: &EpochId) -> bool {
    let graph = group.graph();
    let Some(facts) = graph.commit(epoch) else { return false };
    let all = graph.epochs().filter_map(|epoch| graph.commit(&epoch.id));
    all.filter(|other| other.parent == facts.parent && other.committer.user_uri() == facts.committer.user_uri()).count() > 2
}
