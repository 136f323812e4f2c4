//! What those do who keep to no rule but the ones that everybody checks: their commits are signed, and valid where they
//! were made.

use causeway_drafts::mimi_uri::ClientUri;
use causeway_mls::graph::{Acceptance, AnchorOverride, CommitClass, CommitFacts, HubTerm, Statement};
use causeway_mls::{EpochId, EpochRef};

use super::node::Item;
use super::step::{Act, Hub, Nodes, Orders};
use super::world::{World, authority, authority_in, client, hub_authority};

impl World {
    /// Somebody acts at the epoch so many before a node's head.
    pub(super) fn act(&mut self, who: usize, (node, back): (usize, usize), act: &Act, to: Nodes) {
        let me = client(&format!("z{who}"));
        let at = self.nodes[node].behind_head(back);
        let number = self.nodes[node].graph().number(&at).unwrap_or_default();
        let term = self.nodes[node].graph().term();
        let at = EpochRef { id: at, number };
        match act {
            Act::Equivocate { first, second } => {
                self.forge(&me, (at.id, term), *first, to);
                self.forge(&me, (at.id, term), *second, !to);
            }
            Act::Late { class } => drop(self.forge(&me, (at.id, term), *class, to)),
            Act::Grind { tries } => self.grind(&me, (at.id, term), *tries, to),
            Act::SkipTerm { ahead } => drop(self.forge(&me, (at.id, term + ahead), CommitClass::Removal, to)),
            Act::OpenTerm { ahead, by } => {
                let authority = if *by == Orders::Hub { hub_authority(me.as_str().as_bytes()) } else { authority(*by) };
                let opened = HubTerm { term: (term + ahead).saturating_sub(1), from: at, authority, signer: me.user_uri() };
                self.send(None, &Item::Statement(Statement::HubTerm(opened)), to);
                self.forge(&me, (at.id, (term + ahead).saturating_sub(1)), CommitClass::Removal, to);
            }
            Act::Override { ahead } => {
                let over = AnchorOverride { term: term + ahead, anchor: at, signer: me.user_uri() };
                self.send(None, &Item::Statement(Statement::AnchorOverride(over)), to);
            }
            Act::Branch { length, together } => self.branch(who, (at.id, term), (*length, *together), to),
            Act::Flood { count, terms } => self.flood(&me, (at.id, term), (*count, *terms), to),
            Act::Tree { depth } => self.tree(&me, (at.id, term), *depth, to),
            Act::Statements { count } => self.talk(&me, at, *count, to),
            Act::Accept { count } => self.misorder((node, at.id), *count, to),
            Act::Write(entry) => self.overwrite(&me, (node, at.id), entry, to),
        }
    }

    pub(super) fn forge(&mut self, me: &ClientUri, (parent, term): (EpochId, u64), class: CommitClass, to: Nodes) -> EpochId {
        let id = self.name();
        let commit = CommitFacts { id, parent, term, committer: me.clone(), class };
        self.figures.commits += 1;
        self.send(None, &Item::Commit(commit), to);
        id
    }

    /// The one of several names that sorts first.
    fn grind(&mut self, me: &ClientUri, (parent, term): (EpochId, u64), tries: usize, to: Nodes) {
        let names: Vec<EpochId> = (0..tries).map(|_| self.name()).collect();
        if let Some(id) = names.into_iter().min() {
            let commit = CommitFacts { id, parent, term, committer: me.clone(), class: CommitClass::Removal };
            self.send(None, &Item::Commit(commit), to);
        }
    }

    fn branch(&mut self, who: usize, (mut parent, term): (EpochId, u64), (length, together): (usize, bool), to: Nodes) {
        for index in 0..length {
            let by = if together { (who + index) % self.setup.byzantine } else { who };
            let class = if index == 0 { CommitClass::Removal } else { CommitClass::Change };
            parent = self.forge(&client(&format!("z{by}")), (parent, term), class, to);
        }
    }

    fn flood(&mut self, me: &ClientUri, (parent, term): (EpochId, u64), (count, terms): (usize, bool), to: Nodes) {
        for index in 0..count {
            let class = [CommitClass::Removal, CommitClass::Change][index % 2];
            match terms {
                true => self.forge(me, (parent, term + 2 + index as u64), class, to),
                false => self.forge(&client(&format!("x{index}")), (parent, term), class, to),
            };
        }
    }

    fn tree(&mut self, me: &ClientUri, (root, term): (EpochId, u64), depth: usize, to: Nodes) {
        let mut level = vec![root];
        for _ in 0..depth {
            level = level.into_iter().flat_map(|parent| [parent, parent]).collect();
            level = level.into_iter().map(|parent| self.forge(me, (parent, term), CommitClass::Change, to)).collect();
        }
    }

    fn talk(&mut self, me: &ClientUri, at: EpochRef, count: usize, to: Nodes) {
        for index in 0..count as u64 {
            let authority = hub_authority(&index.to_be_bytes());
            let term = HubTerm { term: index % 40, from: at, authority, signer: me.user_uri() };
            self.send(None, &Item::Statement(Statement::HubTerm(term)), to);
        }
    }

    /// A hub accepts siblings in the order that it likes, one after the other and twice over.
    fn misorder(&mut self, (node, parent): (usize, EpochId), count: u64, to: Nodes) {
        let graph = self.nodes[node].graph();
        let term = graph.term();
        if self.setup.hub != Hub::Byzantine {
            return;
        }
        let children = graph.epochs().filter(|epoch| graph.commit(&epoch.id).is_some_and(|commit| commit.parent == parent));
        let children: Vec<EpochId> = children.map(|epoch| epoch.id).collect();
        for (index, epoch) in children.into_iter().enumerate() {
            for position in 0..count {
                let accepted = Acceptance { term, epoch, position, authority: authority_in(term) };
                let side = if (index as u64 + position).is_multiple_of(2) { to } else { !to };
                self.send(None, &Item::Statement(Statement::Acceptance(accepted)), side);
            }
        }
    }
}
