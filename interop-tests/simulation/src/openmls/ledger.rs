//! What was sent, who could read it, who has read it; and fresh witnesses, who say whether a ciphertext was made with a
//! generation that was used before.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use causeway_drafts::mimi_uri::ClientUri;
use causeway_mls::{EpochId, EpochRef, Group};

use super::node::Node;
use crate::outcome::Failure;

/// So many states of an epoch are kept as witnesses: nobody is a witness of its own messages.
const WITNESSES: usize = 2;

/// A message that has left a node.
#[derive(Clone)]
pub(super) struct Sent {
    pub(super) from: usize,
    pub(super) client: ClientUri,
    /// Its sender's head.
    pub(super) epoch: EpochRef,
    /// Who is in the group there.
    pub(super) readers: BTreeSet<ClientUri>,
    pub(super) sealed: Arc<Vec<u8>>,
    /// Whoever is not, may have used its keys as it liked.
    pub(super) is_honest: bool,
}

#[derive(Default)]
pub(super) struct Ledger {
    pub(super) sent: Vec<Sent>,
    /// Which node has opened which message.
    pub(super) opened: BTreeSet<(usize, usize)>,
    /// Messages sent before a node was restored: what it had of them went with what it knew.
    excused: BTreeSet<(usize, usize)>,
    /// Which node has held which epoch's secrets, since it was last restored, and as long as that was not final there.
    held: BTreeSet<(usize, EpochId)>,
    /// Which node has ever held which epoch's secrets.
    pub(super) ever_held: BTreeSet<(usize, EpochId)>,
    witnesses: BTreeMap<EpochId, Vec<(usize, Group)>>,
}

impl Ledger {
    pub(super) fn text(message: usize) -> Vec<u8> {
        format!("message {message}").into_bytes()
    }

    /// A node has changed: epochs that it holds for the first time.
    pub(super) fn look_at(&mut self, index: usize, node: &Node) {
        let Some(group) = &node.group else { return };
        // What was final once is gone, though an override may take the anchor back.
        let graph = group.graph();
        self.held.retain(|(holder, id)| *holder != index || (graph.contains(id) && !graph.is_final(id)));
        for id in group.kept_secrets() {
            self.ever_held.insert((index, id));
            if !self.held.insert((index, id)) || !node.is_honest {
                continue;
            }
            let witnesses = self.witnesses.entry(id).or_default();
            if witnesses.len() < WITNESSES
                && witnesses.iter().all(|(witness, _)| *witness != index)
                && let Ok(state) = group.state(&id)
            {
                witnesses.push((index, state.clone()));
            }
        }
    }

    /// A node has lost what it knew.
    pub(super) fn has_forgotten(&mut self, node: usize) {
        self.held.retain(|(holder, _)| *holder != node);
        self.excused.extend((0..self.sent.len()).map(|message| (node, message)));
    }

    /// Whether a node that gets a message now has to be able to open it: it has held the epoch, which is not final there, and
    /// it has not opened it before.
    pub(super) fn is_due(&self, index: usize, node: &Node, message: usize) -> bool {
        let (sent, key) = (&self.sent[message], (index, message));
        let Some(group) = &node.group else { return false };
        let is_open = self.held.contains(&(index, sent.epoch.id))
            && group.graph().contains(&sent.epoch.id)
            && !group.graph().is_final(&sent.epoch.id);
        is_open && sent.is_honest && sent.from != index && !self.opened.contains(&key) && !self.excused.contains(&key)
    }

    /// Every ciphertext that has left a node opens at somebody who has opened nothing in its epoch but those before it. One
    /// that does not was made with a generation that another one has used.
    pub(super) fn ask_the_witnesses(&mut self) -> Result<(), Failure> {
        for (message, sent) in self.sent.iter().enumerate().filter(|(_, sent)| sent.is_honest) {
            let witnesses = self.witnesses.get_mut(&sent.epoch.id).into_iter().flatten();
            for (witness, state) in witnesses.filter(|(witness, _)| *witness != sent.from) {
                if !sent.readers.contains(state.own_clients().next().unwrap_or(&sent.client)) {
                    continue;
                }
                if let Err(error) = state.open(&sent.sealed) {
                    let what =
                        format!("message {message} by {} does not open at a fresh state of node {witness}: {error}", sent.client);
                    return Err(Failure::new("generations", what));
                }
            }
        }
        Ok(())
    }
}
