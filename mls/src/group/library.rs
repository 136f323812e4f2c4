//! openmls' views of a group: loaded from rows, and taken back to rows.

use std::borrow::Cow;

use causeway_drafts::mimi_uri::ClientUri;
use openmls::prelude::{GroupId, MlsGroup, PublicGroup};
use openmls_traits::OpenMlsProvider;

use super::Group;
use crate::MlsError;
use crate::epoch_id::EpochId;
use crate::rows::Rows;
use crate::storage::{self, OURS, Provider, Public};

/// The row that lists a client's queued proposals; there is none while nothing is queued.
pub(super) const PROPOSAL_REFERENCES: &[u8] = b"ProposalQueueRefs";
/// The rows of the proposals themselves.
pub(super) const QUEUED_PROPOSAL: &[u8] = b"QueuedProposal";

impl Group {
    /// The delivery service's view: public state, no secret.
    pub(super) fn public_group(&self) -> Result<(Provider, PublicGroup), MlsError> {
        let queue = self.snapshot.clients.values().next();
        let proposals: Rows = queue
            .into_iter()
            .flatten()
            .filter(|(key, _)| key.starts_with(QUEUED_PROPOSAL) || key.starts_with(PROPOSAL_REFERENCES))
            .map(|(key, value)| (key.clone(), value.clone()))
            .collect();
        let provider = Provider::over_epoch(&self.snapshot.public_state(), Some(&proposals))?;
        let group = load_public(&provider, &self.mls_group_id())?;
        Ok((provider, group))
    }

    /// A member's view of the head.
    pub(super) fn member_group(&self, client: &ClientUri) -> Result<(Provider, MlsGroup), MlsError> {
        self.member_group_in(&self.snapshot.head.id, client)
    }

    /// A member's view of an epoch that is kept.
    pub(super) fn member_group_in(&self, epoch: &EpochId, client: &ClientUri) -> Result<(Provider, MlsGroup), MlsError> {
        let past = self.snapshot.past.get(epoch);
        let (public, clients) = past.map_or((&self.snapshot.public, &self.snapshot.clients), |past| (&past.public, &past.clients));
        let mut rows = Cow::Borrowed(clients.get(client).ok_or_else(|| MlsError::NoSuchClient(client.clone()))?);
        if let (Some(_), Some(own)) = (past, self.snapshot.clients.values().next()) {
            rows.to_mut().extend(storage::blanks(own)?);
        }
        let provider = Provider::over_epoch(&self.snapshot.public_of(public), Some(&rows))?.without_trees();
        let group = MlsGroup::load(provider.storage(), &self.mls_group_id())
            .map_err(MlsError::stored)?
            .ok_or_else(|| MlsError::Stored(format!("the private part of {client} is missing")))?;
        Ok((provider, group))
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
        let (provider, mut library) = self.member_group(client)?;
        let result = act(&provider, &mut library);
        let mut group = self.clone();
        group.keep_private(client, &provider)?;
        Ok((result, group))
    }

    /// Takes back what an operation of one client in the head left.
    pub(super) fn keep_private(&mut self, client: &ClientUri, provider: &Provider) -> Result<(), MlsError> {
        self.keep_private_in(&self.snapshot.head.id.clone(), client, provider)
    }

    /// Takes back what an operation of one client left.
    pub(super) fn keep_private_in(&mut self, epoch: &EpochId, client: &ClientUri, provider: &Provider) -> Result<(), MlsError> {
        let mut private = provider.private()?;
        if let Some(past) = self.snapshot.past.get_mut(epoch) {
            past.clients.insert(client.clone(), storage::for_stragglers(&private));
            return Ok(());
        }
        let clients = &mut self.snapshot.clients;
        if let Some(rows) = clients.get_mut(client) {
            private.extend(rows.iter().filter(|(key, _)| key.starts_with(OURS)).map(|(key, value)| (key.clone(), value.clone())));
            *rows = private;
        }
        Ok(())
    }
}

pub(super) fn load_public(provider: &Provider, group_id: &GroupId) -> Result<PublicGroup, MlsError> {
    PublicGroup::load(provider.storage(), group_id)
        .map_err(MlsError::stored)?
        .ok_or_else(|| MlsError::Stored("the public part is missing".to_owned()))
}

/// The ratchet tree of a public state, encoded.
pub(super) fn exported_tree(public: &Public, group_id: &GroupId) -> Result<Vec<u8>, MlsError> {
    let group = load_public(&Provider::over_epoch(public, None)?, group_id)?;
    Ok(causeway_drafts::encode(&group.export_ratchet_tree()))
}
