//! Own clients follow a commit that has been judged, and queue the proposals of others.

use std::collections::BTreeMap;

use openmls::prelude::{ProcessedMessageContent, Sender};
use openmls_traits::OpenMlsProvider;

use causeway_drafts::mimi_protocol_06::message::MessageKind;
use causeway_drafts::mimi_uri::ClientUri;

use super::harden::entered;
use super::judge::{dictionary_updates, handshake};
use super::{Group, NEXT_EPOCH, NextEpoch, ProposalSummary, QUEUED_PROPOSAL, StagedEpoch, join_config};
use crate::MlsError;
use crate::epoch_id::EpochRecord;
use crate::planted::planted;
use crate::rows::{GroupSnapshot, Rows};
use crate::storage::Provider;
use crate::storage::node::StoredNodes;

/// An epoch beside its parent.
pub(crate) struct Child {
    pub(crate) group: Group,
    pub(crate) record: EpochRecord,
    /// Own clients that should be in it and could not open the commit.
    pub(crate) unopened: Vec<ClientUri>,
}

impl Group {
    /// Enters the epoch of a staged commit with every own client that is still in; secrets of the others go.
    ///
    /// # Errors
    /// If a client cannot open the commit.
    pub fn merge(&mut self, staged: StagedEpoch) -> Result<EpochRecord, MlsError> {
        let _operation = super::operation!("merge");
        let mut clients = BTreeMap::new();
        for client in self.snapshot.clients.keys() {
            if let Some(rows) = self.follow(client, &staged.commit)? {
                clients.insert(client.clone(), rows);
            }
        }
        let committer = Some(staged.summary.committer.clone());
        self.enter(&staged.commit, NextEpoch { public: staged.public, clients, committer })
    }

    /// The epoch that a staged commit opens, beside this one, which stays as it is. Own clients that cannot open the
    /// commit, though it is valid, have no state there.
    pub(crate) fn child(&self, staged: StagedEpoch) -> Result<Child, MlsError> {
        let (mut clients, mut unopened) = (BTreeMap::new(), Vec::new());
        for client in self.snapshot.clients.keys() {
            match self.follow(client, &staged.commit) {
                Ok(rows) => clients.extend(rows.map(|rows| (client.clone(), rows))),
                Err(_) => unopened.push(client.clone()),
            }
        }
        let committer = Some(staged.summary.committer.clone());
        let mut group = self.clone();
        (group.stored, group.records) = (GroupSnapshot::empty(self.group_id(), self.epoch()), Vec::new());
        group.stored_nodes = StoredNodes::default();
        let record = group.enter(&staged.commit, NextEpoch { public: staged.public, clients, committer })?;
        group.records.clear();
        // Each epoch's secrets stand in its own state, and nowhere else: no message opens twice.
        if !planted!(PastSecretsKept) {
            group.snapshot.past.clear();
        }
        group.snapshot.nodes = group.snapshot.roots();
        Ok(Child { group, record, unopened })
    }

    /// One own client processes a commit; none if it was removed.
    fn follow(&self, client: &ClientUri, commit: &[u8]) -> Result<Option<Rows>, MlsError> {
        if self.pending_commit(client) == Some(commit)
            && let Some(next) = self.rows_after_own_commit(client)
        {
            return Ok(Some(next));
        }
        let (provider, mut group) = self.member_group(client)?;
        group.set_configuration(provider.storage(), &join_config()).map_err(MlsError::stored)?;
        let message = handshake(commit, MessageKind::Commit)?;
        let psk = self.lay_out_of(commit, client, &provider)?;
        let processed = group.process_message(&provider, message).map_err(MlsError::invalid)?;
        let staged = match processed.into_content() {
            ProcessedMessageContent::OwnPendingCommit => {
                group.merge_pending_commit(&provider).map_err(MlsError::stored)?;
                psk.map_or(Ok(()), |psk| psk.clear(&provider))?;
                return Ok(Some(without_pending(entered(&provider, &mut group)?)));
            }
            ProcessedMessageContent::StagedCommitMessage(staged) => *staged,
            ProcessedMessageContent::UnresolvedAppDataCommit(unresolved) => {
                let proposals: Vec<_> = unresolved.app_data_update_proposals().cloned().collect();
                let updates = dictionary_updates(group.app_data_dictionary_updater(), &self.state, &proposals)?;
                group.stage_app_data_commit(&provider, *unresolved, updates).map_err(MlsError::invalid)?
            }
            _ => return Err(MlsError::Malformed("not a commit".to_owned())),
        };
        if staged.self_removed() {
            return Ok(None);
        }
        group.merge_staged_commit(&provider, staged).map_err(MlsError::stored)?;
        // What this client had pending was made in the epoch that is over now.
        group.clear_pending_commit(provider.storage()).map_err(MlsError::stored)?;
        psk.map_or(Ok(()), |psk| psk.clear(&provider))?;
        Ok(Some(without_pending(entered(&provider, &mut group)?)))
    }

    /// What a client made aside for the epoch that its own commit opens.
    fn rows_after_own_commit(&self, client: &ClientUri) -> Option<Rows> {
        let rows = self.snapshot.clients.get(client)?;
        let next = rows.iter().filter_map(|(key, value)| Some((key.strip_prefix(NEXT_EPOCH)?.to_vec(), value.clone())));
        Some(next.collect()).filter(|next: &Rows| !next.is_empty())
    }

    /// Queues proposals for the next commit: all or none (P-042).
    ///
    /// # Errors
    /// If any of them is invalid at the head, or nobody could commit it.
    pub fn queue_proposals(&mut self, messages: &[&[u8]]) -> Result<Vec<ProposalSummary>, MlsError> {
        let (mut summaries, mut proposals) = (Vec::new(), Vec::new());
        let (_, public) = self.public_group()?;
        for bytes in messages {
            let message = handshake(bytes, MessageKind::Proposal)?;
            self.check_epoch(message.epoch().as_u64())?;
            let processed = public.process_message(Provider::default().crypto(), message).map_err(MlsError::invalid)?;
            let sender = match processed.sender() {
                Sender::Member(leaf) => Some(self.member_at(*leaf)?.client.clone()),
                _ => None,
            };
            summaries.push(ProposalSummary { sender });
            if let ProcessedMessageContent::ProposalMessage(proposal) = processed.into_content() {
                proposals.push(*proposal);
            }
        }
        self.authorise_proposals(&proposals)?;
        let clients: Vec<ClientUri> = self.snapshot.clients.keys().cloned().collect();
        for client in clients {
            let (provider, mut group) = self.member_group(&client)?;
            for (bytes, summary) in messages.iter().zip(&summaries) {
                // The proposer has queued its own when it made them.
                if summary.sender.as_ref() == Some(&client) {
                    continue;
                }
                let message = handshake(bytes, MessageKind::Proposal)?;
                let processed = group.process_message(&provider, message).map_err(MlsError::invalid)?;
                if let ProcessedMessageContent::ProposalMessage(proposal) = processed.into_content() {
                    group.store_pending_proposal(provider.storage(), *proposal).map_err(MlsError::stored)?;
                }
            }
            self.keep_private(&client, &provider)?;
        }
        Ok(summaries)
    }
}

/// What a commit has made void. The storage of the earlier version emptied the list of queued proposals only.
fn without_pending(mut rows: Rows) -> Rows {
    rows.retain(|key, _| !key.starts_with(QUEUED_PROPOSAL));
    rows
}
