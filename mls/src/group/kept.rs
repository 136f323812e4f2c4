//! openmls' objects, kept between operations: what an operation has left is what the next one begins with, and nothing is
//! read from rows again.
//!
//! Rows are what counts. An object is used only where the rows that it stands for are the present ones, and an operation
//! that fails has taken its object out and does not put it back.

use std::sync::{Mutex, MutexGuard, PoisonError};

use causeway_drafts::mimi_uri::ClientUri;
use openmls::prelude::{MlsGroup, PublicGroup};

use crate::rows::Rows;
use crate::storage::{OURS, Provider};

/// So many clients' objects are kept of one group, each with a tree: one that opens, one that seals.
const MOST_MEMBERS: usize = 2;

/// An object of openmls, with the rows that it stands for.
pub(super) struct View<T> {
    pub(super) provider: Provider,
    pub(super) library: T,
    pub(super) public: Rows,
    /// Without those that are ours.
    pub(super) private: Rows,
}

impl<T> View<T> {
    fn stands_for(&self, public: &Rows, private: &Rows) -> bool {
        self.public == *public && self.private.iter().eq(private.iter().filter(|(key, _)| !key.starts_with(OURS)))
    }

    /// It has become the object of these rows of the client.
    pub(super) fn now_stands_for(&mut self, private: &Rows) {
        let theirs = private.iter().filter(|(key, _)| !key.starts_with(OURS));
        self.private = theirs.map(|(key, value)| (key.clone(), value.clone())).collect();
    }

    /// Whether all that it stands for is among these rows.
    pub(super) fn has_nothing_but(&self, private: &Rows) -> bool {
        self.private.len() == private.keys().filter(|key| !key.starts_with(OURS)).count()
    }

    /// Ready for the next operation: what it draws at random does not follow from what is in memory now.
    fn renewed(self) -> Self {
        Self { provider: self.provider.renewed(), ..self }
    }
}

/// Who has judged a commit, in the epoch that it opens.
pub(super) enum Ahead {
    Server(Box<View<PublicGroup>>),
    Member {
        client: ClientUri,
        /// The client's rows there.
        private: Rows,
        view: Box<View<MlsGroup>>,
    },
}

impl Ahead {
    pub(super) fn public_group(&self) -> &PublicGroup {
        match self {
            Self::Server(view) => &view.library,
            Self::Member { view, .. } => view.library.public_group(),
        }
    }
}

/// The objects of one group. A clone of the group has none.
#[derive(Default)]
pub(super) struct Kept(Mutex<Objects>);

#[derive(Default)]
struct Objects {
    public: Option<View<PublicGroup>>,
    /// The last used one comes last.
    members: Vec<(ClientUri, View<MlsGroup>)>,
}

impl Clone for Kept {
    fn clone(&self) -> Self {
        Self::default()
    }
}

impl Kept {
    fn objects(&self) -> MutexGuard<'_, Objects> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes out the delivery service's view of these rows.
    pub(super) fn take_public(&self, public: &Rows, proposals: &Rows) -> Option<View<PublicGroup>> {
        let kept = self.objects().public.take()?;
        kept.stands_for(public, proposals).then(|| kept.renewed())
    }

    pub(super) fn keep_public(&self, view: View<PublicGroup>) {
        if view.provider.forget_trees() {
            self.objects().public = Some(view);
        }
    }

    /// Asks any client's view something that is the same in all of them.
    pub(super) fn ask_member<T>(
        &self,
        public: &Rows,
        ask: impl FnOnce(&PublicGroup) -> T,
    ) -> Result<T, impl FnOnce(&PublicGroup) -> T> {
        match self.objects().members.iter().rev().find(|(_, view)| view.public == *public) {
            Some((_, view)) => Ok(ask(view.library.public_group())),
            None => Err(ask),
        }
    }

    /// Takes out a client's view of these rows.
    pub(super) fn take_member(&self, client: &ClientUri, public: &Rows, private: &Rows) -> Option<View<MlsGroup>> {
        let members = &mut self.objects().members;
        let place = members.iter().position(|(whose, view)| whose == client && view.stands_for(public, private))?;
        Some(members.remove(place).1.renewed())
    }

    pub(super) fn keep_member(&self, client: &ClientUri, view: View<MlsGroup>) {
        let view = View { provider: view.provider.taking_trees(false), ..view };
        if !view.provider.forget_trees() {
            return;
        }
        let members = &mut self.objects().members;
        if members.len() >= MOST_MEMBERS {
            members.remove(0);
        }
        members.push((client.clone(), view));
    }

    /// Whether there is an object of this client.
    pub(super) fn has(&self, client: &ClientUri) -> bool {
        self.objects().members.iter().any(|(whose, _)| whose == client)
    }
}
