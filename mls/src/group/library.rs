//! openmls' views of a group: loaded from rows, and taken back to rows.

use std::borrow::Cow;

use causeway_drafts::mimi_uri::ClientUri;
use openmls::prelude::{GroupId, MlsGroup, PublicGroup};
use openmls_traits::OpenMlsProvider;

use super::Group;
use super::kept::{Kept, View};
use crate::MlsError;
use crate::epoch_id::EpochId;
use crate::rows::Rows;
use crate::storage::{self, OURS, Provider};

/// The row that lists a client's queued proposals; there is none while nothing is queued.
pub(super) const PROPOSAL_REFERENCES: &[u8] = b"ProposalQueueRefs";
/// The rows of the proposals themselves.
pub(super) const QUEUED_PROPOSAL: &[u8] = b"QueuedProposal";

impl Group {
    /// The delivery service's view: public state, no secret.
    pub(super) fn public_group(&self) -> Result<View<PublicGroup>, MlsError> {
        let queue = self.snapshot.clients.values().next();
        let proposals: Rows = queue
            .into_iter()
            .flatten()
            .filter(|(key, _)| key.starts_with(QUEUED_PROPOSAL) || key.starts_with(PROPOSAL_REFERENCES))
            .map(|(key, value)| (key.clone(), value.clone()))
            .collect();
        if let Some(kept) = self.kept.take_public(&self.snapshot.public, &proposals) {
            return Ok(kept);
        }
        let provider = Provider::over_epoch(&self.snapshot.public_state(), Some(&proposals))?;
        let library = load_public(&provider, &self.mls_group_id())?;
        Ok(View { provider, library, public: self.snapshot.public.clone(), private: proposals })
    }

    /// Asks the delivery service's view something; that of any member says the same of everything but proposals.
    pub(super) fn ask_public<T>(&self, ask: impl FnOnce(&PublicGroup) -> T) -> Result<T, MlsError> {
        let ask = match self.kept.ask_member(&self.snapshot.public, ask) {
            Ok(answer) => return Ok(answer),
            Err(ask) => ask,
        };
        let view = self.public_group()?;
        let answer = ask(&view.library);
        self.kept.keep_public(view);
        Ok(answer)
    }

    /// A member's view of the head.
    pub(super) fn member_group(&self, client: &ClientUri) -> Result<View<MlsGroup>, MlsError> {
        self.member_group_in(&self.snapshot.head.id, client)
    }

    /// Asks a member's view of the head something.
    pub(super) fn ask_member<T>(
        &self,
        client: &ClientUri,
        ask: impl FnOnce(&Provider, &MlsGroup) -> Result<T, MlsError>,
    ) -> Result<T, MlsError> {
        let view = self.member_group(client)?;
        let answer = ask(&view.provider, &view.library)?;
        self.kept.keep_member(client, view);
        Ok(answer)
    }

    /// A member's view of an epoch that is kept.
    pub(super) fn member_group_in(&self, epoch: &EpochId, client: &ClientUri) -> Result<View<MlsGroup>, MlsError> {
        let past = self.snapshot.past.get(epoch);
        let (public, clients) = past.map_or((&self.snapshot.public, &self.snapshot.clients), |past| (&past.public, &past.clients));
        let mut rows = Cow::Borrowed(clients.get(client).ok_or_else(|| MlsError::NoSuchClient(client.clone()))?);
        if let (Some(_), Some(own)) = (past, self.snapshot.clients.values().next()) {
            rows.to_mut().extend(storage::blanks(own)?);
        } else if let Some(kept) = self.kept.take_member(client, public, &rows) {
            return Ok(kept);
        }
        let provider = Provider::over_epoch(&self.snapshot.public_of(public), Some(&rows))?.taking_trees(false);
        let library = MlsGroup::load(provider.storage(), &self.mls_group_id())
            .map_err(MlsError::stored)?
            .ok_or_else(|| MlsError::Stored(format!("the private part of {client} is missing")))?;
        let private = rows.iter().filter(|(key, _)| !key.starts_with(OURS)).map(|(key, value)| (key.clone(), value.clone()));
        Ok(View { provider, library, public: public.clone(), private: private.collect() })
    }

    /// The head with openmls' own view of an own client, and what that leaves: for tests of what openmls alone would do.
    ///
    /// # Errors
    /// If the client is not in the group, or the stored state is broken.
    #[cfg(feature = "planted-bugs")]
    pub fn with_library<T>(
        &self,
        client: &ClientUri,
        act: impl FnOnce(&storage::Provider, &mut MlsGroup) -> T,
    ) -> Result<(T, Self), MlsError> {
        let mut view = self.member_group(client)?;
        let result = act(&view.provider, &mut view.library);
        let mut group = self.clone();
        group.keep_private(client, view)?;
        group.rest();
        Ok((result, group))
    }

    /// Takes back what an operation of one client in the head left.
    pub(super) fn keep_private(&mut self, client: &ClientUri, view: View<MlsGroup>) -> Result<(), MlsError> {
        self.keep_private_in(&self.snapshot.head.id.clone(), client, view)
    }

    /// Takes back what an operation of one client left.
    pub(super) fn keep_private_in(
        &mut self,
        epoch: &EpochId,
        client: &ClientUri,
        mut view: View<MlsGroup>,
    ) -> Result<(), MlsError> {
        let mut private = view.provider.private()?;
        if let Some(past) = self.snapshot.past.get_mut(epoch) {
            past.clients.insert(client.clone(), storage::for_stragglers(&private));
            return Ok(());
        }
        if let Some(rows) = self.snapshot.clients.get_mut(client) {
            view.private.clone_from(&private);
            private.extend(rows.iter().filter(|(key, _)| key.starts_with(OURS)).map(|(key, value)| (key.clone(), value.clone())));
            *rows = private;
            self.kept.keep_member(client, view);
        }
        Ok(())
    }

    /// Lets go of openmls' objects: the next operation builds its own from the rows.
    pub fn rest(&mut self) {
        self.kept = Kept::default();
    }
}

pub(super) fn load_public(provider: &Provider, group_id: &GroupId) -> Result<PublicGroup, MlsError> {
    PublicGroup::load(provider.storage(), group_id)
        .map_err(MlsError::stored)?
        .ok_or_else(|| MlsError::Stored("the public part is missing".to_owned()))
}
