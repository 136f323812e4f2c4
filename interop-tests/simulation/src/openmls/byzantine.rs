//! What those do who keep to no rule but the ones that everybody checks.

use std::sync::Arc;

use causeway_drafts::mimi_protocol_06::franking::sign_content;
use causeway_mls::{ClientIdentity, CommitPlan, EpochId, ForkableGroup};

use super::ledger::{Ledger, Sent};
use super::node::Item;
use super::people::{judge, people};
use super::step::Act;
use super::world::World;
use crate::graph::{Hub, Nodes};

/// So many earlier heads the thief remembers.
const HOARD: usize = 8;
/// Signature, confirmation tag and membership tag of a member's commit, with their lengths: what follows its content.
const SIGNATURE: usize = 66;
const TAG: usize = 33;
/// What the name of a PSK in a hardened group begins with (SPEC §14.12), how long it is, and the PSK's nonce with its length.
const PSK_LABEL: &[u8] = b"causeway dmls/1 psk";
const PSK_LENGTH: usize = 27;
const PSK_NONCE: usize = 33;
/// The length of the list of proposals, and of the one in it what precedes the name: by value, a PSK, external, its length.
const PSK_BEFORE: usize = 2 + 1 + 2 + 1 + 1;

impl World {
    pub(super) fn act(&mut self, act: Act, back: usize, to: Nodes) {
        match (act, self.thief()) {
            (Act::Misorder, _) => self.misorder(back, to),
            (Act::Write { younger }, _) => self.overwrite(back, younger, to),
            (Act::Replay, _) => self.replay(back, to),
            (Act::Tags, Some(_)) => self.alter_tags(back, to),
            (Act::Equivocate, Some(thief)) => {
                let Some(group) = self.nodes[thief].group.clone() else { return };
                for (name, side) in [("One", to), ("Other", !to)] {
                    let plan = self.naming(&group, name);
                    self.forge(thief, &mut group.clone(), &plan, side);
                }
            }
            (Act::Crowd, Some(thief)) => self.crowd(thief, to),
            (Act::BadPath, Some(thief)) => self.spoil(thief, to),
            (Act::Branch { length }, Some(thief)) => {
                let mut group = self.earlier(thief, back);
                for index in 0..length {
                    let Some(known) = &mut group else { return };
                    let plan = self.naming(known, &format!("Branch {index}"));
                    self.forge(thief, known, &plan, to);
                }
            }
            (Act::Send, Some(thief)) => self.whisper(thief, back),
            (_, None) => {}
        }
    }

    /// An admin names the room, another member renews its keys.
    fn naming(&self, group: &ForkableGroup, name: &str) -> CommitPlan {
        let metadata = group.head_state().ok().map(|head| head.room_state().metadata.clone()).map(|mut metadata| {
            metadata.room_name.0 = name.to_owned();
            metadata
        });
        CommitPlan { metadata: metadata.filter(|_| self.setup.byzantine == Some(true)), ..Default::default() }
    }

    fn earlier(&self, thief: usize, back: usize) -> Option<ForkableGroup> {
        let at = self.hoard.len().checked_sub(1 + back % self.hoard.len().max(1));
        at.map(|at| self.hoard[at].clone()).or_else(|| self.nodes[thief].group.clone())
    }

    fn forge(&mut self, thief: usize, group: &mut ForkableGroup, plan: &CommitPlan, to: Nodes) -> Option<EpochId> {
        let identity = self.nodes[thief].clients[0];
        let prepared = group.prepare(identity, plan, judge()).ok()?;
        group.publish(&prepared.id).ok()?;
        self.figures.commits += 1;
        self.say(|| format!("      the thief commits {:?}", prepared.id));
        self.send(self.nodes.len(), &Item::Commit(Arc::new(prepared.pending.commit)), to);
        Some(prepared.id)
    }

    /// The commit that ranks last comes first, with a message; then two better ones; then the first one and its message again.
    fn crowd(&mut self, thief: usize, to: Nodes) {
        let identity = self.nodes[thief].clients[0];
        let Some(group) = self.nodes[thief].group.clone() else { return };
        let mut made = Vec::new();
        for name in ["One", "Two", "Three"] {
            let (mut group, plan) = (group.clone(), self.naming(&group, name));
            let Ok(prepared) = group.prepare(identity, &plan, judge()) else { return };
            if group.publish(&prepared.id).is_ok() {
                made.push((prepared.id, Item::Commit(Arc::new(prepared.pending.commit)), group));
            }
        }
        made.sort_by_key(|(id, ..)| std::cmp::Reverse(*id));
        self.figures.commits += made.len() as u64;
        let message = self.ledger.sent.len();
        let Some((_, _, first)) = made.first_mut() else { return };
        let Some(sent) = whispered(thief, identity, first, message) else { return };
        self.ledger.sent.push(sent);
        let commits: Vec<Item> = made.into_iter().map(|(_, commit, _)| commit).collect();
        let again = [commits[0].clone(), Item::Application(message)];
        for item in again.iter().chain(&commits[1..]).chain(&again) {
            self.send(self.nodes.len(), item, to);
        }
    }

    /// A commit whose path is garbage, and whose signature holds.
    fn spoil(&mut self, thief: usize, to: Nodes) {
        let identity = self.nodes[thief].clients[0];
        let Some(mut group) = self.nodes[thief].group.clone() else { return };
        // Keys are renewed: there is a path.
        let Ok(prepared) = group.prepare(identity, &CommitPlan::default(), judge()) else { return };
        let Some(context) = group.head_state().ok().and_then(|head| head.group_context().ok()) else { return };
        let commit = prepared.pending.commit;
        let content = commit.len() - SIGNATURE - 2 * TAG;
        if let Some(commit) = without_psk(&commit).and_then(|commit| signed_anew(commit, identity, &context)) {
            self.unhardened.insert(commit.clone());
            self.tampered.insert(commit.clone());
            self.send(self.nodes.len(), &Item::Commit(Arc::new(commit)), to);
        }
        let mut commit = commit;
        // The end of the last ciphertext in the path: the content ends with it.
        commit[content - 3] ^= 1;
        let Some(commit) = signed_anew(commit, identity, &context) else { return };
        self.figures.commits += 1;
        self.tampered.insert(commit.clone());
        self.say(|| "      the thief makes a commit that nobody can open".to_owned());
        self.send(self.nodes.len(), &Item::Commit(Arc::new(commit)), to);
    }

    /// The newest commits once more, with other tags.
    fn alter_tags(&mut self, back: usize, to: Nodes) {
        let commits: Vec<Arc<Vec<u8>>> = self.made.values().map(|made| Arc::clone(&made.commit)).collect();
        let under_way = self.nodes.iter().flat_map(|node| &node.inbox).filter_map(|(_, item)| match item {
            Item::Commit(commit) if commits.contains(commit) => Some(Arc::clone(commit)),
            _ => None,
        });
        let under_way: Vec<_> = under_way.collect();
        let Some(commit) = under_way.get(back % under_way.len().max(1)) else { return };
        let mut altered = (**commit).clone();
        let at = altered.len() - 1 - back % 32;
        altered[at] ^= 1;
        self.tampered.insert(altered.clone());
        self.say(|| "      somebody alters tags".to_owned());
        let altered = Item::Commit(Arc::new(altered));
        // It overtakes the right one.
        for (index, node) in self.nodes.iter_mut().enumerate().filter(|(index, _)| to & (1 << index) != 0) {
            node.inbox.insert(0, (index, altered.clone()));
        }
    }

    fn replay(&mut self, back: usize, to: Nodes) {
        let messages = self.ledger.sent.len();
        let commits = self.made.values().map(|made| Item::Commit(Arc::clone(&made.commit)));
        let commits: Vec<Item> = commits.collect();
        let message = messages.checked_sub(1 + back).map(Item::Application);
        let commit = commits.get(back % commits.len().max(1)).cloned();
        for item in message.into_iter().chain(commit) {
            self.send(self.nodes.len(), &item, to);
        }
        for (welcome, _) in self.welcomes.clone() {
            self.send(self.nodes.len(), &Item::Welcome(welcome), to);
        }
    }

    fn whisper(&mut self, thief: usize, back: usize) {
        let identity = self.nodes[thief].clients[0];
        let Some(mut group) = self.earlier(thief, back) else { return };
        let message = self.ledger.sent.len();
        let Some(sent) = whispered(thief, identity, &mut group, message) else { return };
        self.ledger.sent.push(sent);
        self.send(thief, &Item::Application(message), Nodes::MAX);
    }

    /// What the thief knows at a head it keeps for ever.
    pub(super) fn hoard_state(&mut self, thief: usize) {
        let Some(group) = self.nodes[thief].group.as_ref() else { return };
        if self.hoard.last().is_none_or(|last| last.head() != group.head()) {
            self.hoard.push(group.clone());
            if self.hoard.len() > HOARD {
                self.hoard.remove(0);
            }
        }
    }

    /// The thief tries everything that it has ever known on a message of a group that it is not in.
    pub(super) fn pry(&mut self, message: usize) {
        let Some(thief) = self.thief() else { return };
        let sent = self.ledger.sent[message].clone();
        let client = &self.nodes[thief].clients[0].client_uri;
        if sent.from == thief || sent.readers.contains(client) {
            return;
        }
        if self.hoard.iter_mut().any(|known| known.open(&sent.sealed).is_ok()) {
            self.fail("read after removal", format!("the thief opens message {message} with what it has kept"));
        }
    }

    /// A hub accepts siblings, one first for some, the other first for others.
    fn misorder(&mut self, back: usize, to: Nodes) {
        if self.setup.hub != Hub::Byzantine {
            return;
        }
        let hub = &people().providers[0].hub;
        let Some(group) = self.nodes[0].group.clone() else { return };
        let graph = group.graph();
        let path = graph.path_to(&graph.head().id);
        let Some(parent) = path.get(path.len().saturating_sub(2 + back)) else { return };
        let is_child = |id: &EpochId| graph.commit(id).is_some_and(|commit| commit.parent == *parent);
        let children: Vec<EpochId> = graph.epochs().map(|epoch| epoch.id).filter(is_child).collect();
        for (index, child) in children.iter().enumerate() {
            for (place, side) in [(index, to), (children.len() - index, !to)] {
                let accepted = group.clone().accept(hub, child, place as u64);
                if let Ok(accepted) = accepted {
                    self.send(self.nodes.len(), &Item::Statement(Arc::new(accepted.to_bytes())), side);
                }
            }
        }
    }
}

/// A commit whose content has been altered, with a signature that holds. FramedContentTBS [RFC 9420 §6.1]: version, wire format
/// and content, which the MLSMessage begins with, and the context.
fn signed_anew(mut commit: Vec<u8>, identity: &ClientIdentity, context: &[u8]) -> Option<Vec<u8>> {
    let content = commit.len() - SIGNATURE - 2 * TAG;
    let signed = sign_content("FramedContentTBS", &[&commit[..content], context].concat());
    commit.splice(content + 2..content + SIGNATURE, identity.sign(&signed).ok()?);
    Some(commit)
}

/// What a commit that only renews keys, in a hardened group, would be in another one.
fn without_psk(commit: &[u8]) -> Option<Vec<u8>> {
    let name = commit.windows(PSK_LABEL.len()).position(|octets| octets == PSK_LABEL)?;
    let (list, end) = (name.checked_sub(PSK_BEFORE)?, name + PSK_LENGTH + PSK_NONCE);
    Some([&commit[..list], &[0], &commit[end..]].concat())
}

/// A message of the thief's.
fn whispered(thief: usize, identity: &ClientIdentity, group: &mut ForkableGroup, message: usize) -> Option<Sent> {
    let sealed = Arc::new(group.seal(identity, &Ledger::text(message), [7; 32]).ok()?);
    let readers = group.head_state().ok()?.members().iter().map(|member| member.client.clone()).collect();
    let (epoch, client) = (group.head(), identity.client_uri.clone());
    Some(Sent { from: thief, client, epoch, readers, sealed, is_honest: false })
}
