//! What honest nodes do, as a gateway does it: prepare, store, publish, store, send.

use std::collections::BTreeMap;
use std::sync::Arc;

use causeway_drafts::mimi_uri::ClientUri;
use causeway_mls::{ClientIdentity, CommitPlan, EpochId, MlsError, PendingCommit, SignedStatement};

use super::ledger::{Ledger, Sent};
use super::node::{Item, Welcome};
use super::people::judge;
use super::plans::{Made, Meant};
use super::rooms::authority;
use super::settled;
use super::step::{Change, Crash};
use super::world::World;
use crate::graph::{Nodes, Orders};
use crate::planted::planted;

impl World {
    pub(super) fn change(&mut self, node: usize, change: Change, crash: Crash) -> Option<EpochId> {
        let (plan, meant) = self.plan(node, change)?;
        let identity = self.nodes[node].holder(0)?;
        self.commit(node, identity, (&plan, meant), crash)
    }

    /// Prepares a commit in the head, and publishes it.
    pub(super) fn commit(
        &mut self,
        node: usize,
        identity: &'static ClientIdentity,
        (plan, meant): (&CommitPlan, Meant),
        crash: Crash,
    ) -> Option<EpochId> {
        let group = self.nodes[node].group.as_mut()?;
        let before = group.head();
        let prepared = match group.prepare(identity, plan, judge()) {
            Ok(prepared) => prepared,
            Err(error) => {
                self.say(|| format!("      node {node} may not commit: {error}"));
                return None;
            }
        };
        if group.head() != before || group.graph().contains(&prepared.id) {
            self.fail("publish before apply", format!("preparing a commit has moved node {node} to {:?}", prepared.id));
        }
        if crash == Crash::BeforeStoring {
            self.nodes[node].restart();
            return None;
        }
        self.save(node);
        if crash == Crash::Prepared {
            self.nodes[node].restart();
            let is_kept = self.nodes[node].group.as_ref().is_some_and(|group| group.prepared().any(|id| *id == prepared.id));
            if !is_kept {
                self.fail("rows", format!("node {node} does not know what it has prepared after a restart"));
            }
        }
        let meant = (identity, meant);
        self.publish(node, (prepared.id, &prepared.pending), meant, (crash == Crash::BeforeSending, false))
    }

    pub(super) fn publish(
        &mut self,
        node: usize,
        (id, pending): (EpochId, &PendingCommit),
        (identity, meant): (&ClientIdentity, Meant),
        (crash, is_beside): (bool, bool),
    ) -> Option<EpochId> {
        let group = self.nodes[node].group.as_mut()?;
        let published = if is_beside { group.publish_beside(&id).map(|_| ()) } else { group.publish(&id).map(|_| ()) };
        if let Err(error) = published {
            self.say(|| format!("      node {node} gives up {id:?}: {error}"));
            self.save(node);
            return None;
        }
        self.figures.commits += 1;
        let commit = Arc::new(pending.commit.clone());
        self.say(|| format!("      node {node} commits {id:?}: {meant:?}"));
        let made = Made { commit: Arc::clone(&commit), author: identity.user_uri.clone(), meant };
        self.made.insert(id, made);
        let welcomes = self.welcomes_of(node, pending);
        self.after_change(node);
        if crash {
            self.nodes[node].restart();
        }
        self.send(node, &Item::Commit(commit), Nodes::MAX);
        self.write(node);
        for welcome in welcomes {
            if welcome.to == node {
                self.receive(node, node, &Item::Welcome(Arc::clone(&welcome)));
            } else {
                self.send(node, &Item::Welcome(welcome), Nodes::MAX);
            }
        }
        Some(id)
    }

    /// A Welcome goes to the node of each client that it welcomes.
    fn welcomes_of(&mut self, node: usize, pending: &PendingCommit) -> Vec<Arc<Welcome>> {
        let Some(welcome) = &pending.welcome else { return Vec::new() };
        let Some(tail) = self.nodes[node].tail() else { return Vec::new() };
        let is_added = |client: &ClientUri| pending.summary.added.iter().any(|(added, _)| added == client);
        let welcomed = (0..self.nodes.len()).filter(|to| self.nodes[*to].clients.iter().any(|client| is_added(&client.client_uri)));
        let welcomes: Vec<Arc<Welcome>> = welcomed
            .map(|to| {
                let (welcome, ratchet_tree) = (welcome.clone(), pending.ratchet_tree.clone());
                Arc::new(Welcome { to, welcome, ratchet_tree, tail: tail.clone() })
            })
            .collect();
        self.welcomes.extend(welcomes.iter().map(|welcome| (Arc::clone(welcome), false)));
        welcomes
    }

    /// A client of a node says something.
    pub(super) fn send_message(&mut self, node: usize, client: usize, crash: Crash) {
        let Some(identity) = self.nodes[node].holder(client) else { return };
        let text = Ledger::text(self.ledger.sent.len());
        let Some(group) = &mut self.nodes[node].group else { return };
        let epoch = group.head();
        let Ok(head) = group.head_state() else { return };
        let readers = head.members().iter().map(|member| member.client.clone()).collect();
        let sealed = match group.seal(identity, &text, [7; 32]) {
            Ok(sealed) => Arc::new(sealed),
            Err(error) => return self.say(|| format!("      node {node} may not send: {error}")),
        };
        let dies_unstored = crash == Crash::BeforeStoring;
        if !dies_unstored {
            self.save(node);
        }
        if crash != Crash::No {
            self.nodes[node].restart();
        }
        // What was not stored has not left.
        if dies_unstored && !planted!(SentBeforeStored) {
            return;
        }
        let message = self.ledger.sent.len();
        self.say(|| format!("      node {node} sends message {message} in {epoch:?}"));
        self.ledger.sent.push(Sent { from: node, client: identity.client_uri.clone(), epoch, readers, sealed, is_honest: true });
        self.send(node, &Item::Application(message), Nodes::MAX);
    }

    /// Own clients that belong to the head and do not hold it join it, with the help of whoever reaches the node. Gives how
    /// many have.
    pub(super) fn come_back(&mut self, node: usize) -> usize {
        let mut back = 0;
        for identity in self.nodes[node].outside() {
            let head = self.nodes[node].group.as_ref().map(causeway_mls::ForkableGroup::head);
            let can_help = |helper: &usize| {
                let other = &self.nodes[*helper];
                other.is_honest
                    && self.reaches(*helper, node)
                    && other.group.as_ref().map(causeway_mls::ForkableGroup::head) == head
            };
            let helpers = (0..self.nodes.len()).filter(can_help);
            let Some(info) = helpers.filter_map(|helper| self.nodes[helper].joinable()).next() else { continue };
            back += usize::from(self.join_head(node, identity, &info));
        }
        back
    }

    fn join_head(&mut self, node: usize, identity: &'static ClientIdentity, info: &causeway_mls::JoinableGroupInfo) -> bool {
        let Some(group) = &mut self.nodes[node].group else { return false };
        if group.conflict().is_some() {
            return false;
        }
        let joined = group.rejoin(info, identity, judge()).and_then(|join| Ok((group.complete_rejoin(&join, judge())?, join)));
        match joined {
            Ok((placed, join)) => {
                self.figures.rejoins += 1;
                self.figures.commits += 1;
                self.say(|| format!("      {} comes back with {:?}", identity.client_uri, placed.epoch));
                let commit = Arc::new(join.commit.clone());
                let made = Made { commit: Arc::clone(&commit), author: identity.user_uri.clone(), meant: Meant::Mend };
                self.made.insert(placed.epoch.id, made);
                self.after_change(node);
                self.send(node, &Item::Commit(commit), Nodes::MAX);
                self.write(node);
                true
            }
            Err(error) => {
                self.say(|| format!("      {} cannot come back: {error}", identity.client_uri));
                false
            }
        }
    }

    /// What own clients may do of what is left to settle, the first that may do anything, and whose turn it is.
    pub(super) fn settling_plan(&mut self, node: usize) -> Option<(usize, &'static ClientIdentity, CommitPlan)> {
        let group = self.nodes[node].group.as_ref().filter(|group| group.conflict().is_none())?;
        let settlement = match group.settlement() {
            Ok(settlement) => settlement,
            Err(error) => {
                self.fail("settlement", format!("node {node} cannot settle: {error}"));
                return None;
            }
        };
        let turn = group.settling_turn(&settlement, self.nodes[node].user()?).ok()?;
        let missing: Vec<ClientUri> = settlement.clients_to_add().cloned().collect();
        // Whoever cannot tell the graph takes nobody in.
        let can_welcome = self.nodes[node].tail().is_some();
        let mut key_packages = BTreeMap::new();
        for client in missing.into_iter().filter(|_| can_welcome) {
            key_packages.extend(self.key_package_of(&client).map(|key_package| (client, key_package)));
        }
        let head = self.nodes[node].group.as_ref()?.head_state().ok()?;
        let mut holders = self.nodes[node].clients.iter().filter(|client| head.holds(&client.client_uri));
        holders.find_map(|identity| Some((turn, *identity, settlement.plan_for(&identity.client_uri, head, &key_packages)?)))
    }

    /// Settles, whosever turn it is.
    pub(super) fn settle(&mut self, node: usize) -> Option<EpochId> {
        let (_, identity, plan) = self.settling_plan(node)?;
        self.settle_with(node, identity, &plan)
    }

    pub(super) fn settle_with(&mut self, node: usize, identity: &'static ClientIdentity, plan: &CommitPlan) -> Option<EpochId> {
        if let Some(group) = &self.nodes[node].group
            && let Err(what) = settled::does_nothing_twice(group, plan)
        {
            self.fail("settlement", format!("node {node}: {what}"));
        }
        let settled = self.commit(node, identity, (plan, Meant::Mend), Crash::No);
        self.figures.settlements += u64::from(settled.is_some());
        settled
    }

    pub(super) fn open_term(&mut self, node: usize, by: Orders) {
        let Some(identity) = self.nodes[node].holder(0) else { return };
        let Some(group) = &mut self.nodes[node].group else { return };
        if group.conflict().is_none() {
            let opened = group.open_term(identity, authority(by));
            self.stated(node, opened);
        }
    }

    fn stated(&mut self, node: usize, statement: Result<SignedStatement, MlsError>) -> bool {
        match statement {
            Ok(statement) => {
                self.say(|| format!("      node {node} states {:?}", statement.statement()));
                self.after_change(node);
                self.send(node, &Item::Statement(Arc::new(statement.to_bytes())), Nodes::MAX);
                true
            }
            Err(error) => {
                self.say(|| format!("      node {node} may not state: {error}"));
                false
            }
        }
    }

    /// A node in conflict says which side goes on: from the first epoch after the fork, which both know.
    pub(super) fn decide(&mut self, node: usize, ours: bool) -> Option<bool> {
        let graph = self.nodes[node].group.as_ref()?.graph();
        let conflict = graph.conflict()?;
        let path = graph.path_to(if ours { &conflict.ours } else { &conflict.theirs });
        let fork = path.iter().position(|id| *id == conflict.fork)?;
        let anchor = path.get(fork + 1).copied()?;
        Some(self.override_with(node, &anchor))
    }

    pub(super) fn override_with(&mut self, node: usize, anchor: &EpochId) -> bool {
        let identity = self.nodes[node].clients.first().copied();
        let (Some(identity), Some(group)) = (identity, self.nodes[node].group.as_mut()) else { return false };
        let stated = group.override_anchor(identity, anchor);
        self.stated(node, stated)
    }

    /// Nobody can open what leads to the head: whoever may goes on beside it, without its author, and says so if that does
    /// not rank better.
    pub(super) fn go_on_beside(&mut self, node: usize) -> bool {
        let Some(identity) = self.nodes[node].outside().first().copied() else { return false };
        let Some(group) = &mut self.nodes[node].group else { return false };
        let Some(parent) = group.newest_held(&identity.client_uri) else { return false };
        let path = group.graph().path_to(&group.head().id);
        let author = path.iter().position(|id| *id == parent).and_then(|at| path.get(at + 1));
        let author = author.and_then(|id| group.graph().commit(id)).map(|commit| commit.committer.user_uri());
        let plan = author.and_then(|author| super::plans::removal_at(group.state(&parent).ok()?, &author));
        let plan = plan.unwrap_or_default();
        let prepared = match group.prepare_beside(identity, &plan, judge()) {
            Ok(prepared) => prepared,
            Err(error) => {
                self.say(|| format!("      node {node} cannot go on beside: {error}"));
                return false;
            }
        };
        self.save(node);
        let published = self.publish(node, (prepared.id, &prepared.pending), (identity, Meant::Mend), (false, true)).is_some();
        let is_head = |world: &Self| world.nodes[node].group.as_ref().is_some_and(|group| group.head().id == prepared.id);
        published && (is_head(self) || self.override_with(node, &prepared.id))
    }
}
