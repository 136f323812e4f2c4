//! Own clients follow a commit that has been judged, and queue the proposals of others.

use std::collections::BTreeMap;

use openmls::prelude::{MlsGroup, ProcessedMessage, ProcessedMessageContent, ProtocolMessage, Sender, StagedCommit};
use openmls_traits::OpenMlsProvider;

use causeway_drafts::mimi_protocol_06::message::MessageKind;
use causeway_drafts::mimi_uri::ClientUri;

use super::harden::entered;
use super::judge::{Processed, dictionary_updates, handshake};
use super::kept::{Ahead, Kept, View};
use super::{Group, NEXT_EPOCH, ProposalSummary, QUEUED_PROPOSAL, StagedEpoch, join_config};
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
        if staged.parent != self.snapshot.head.id {
            return Err(MlsError::WrongEpoch { current: self.snapshot.head.number });
        }
        let (mut clients, kept) = (BTreeMap::new(), Kept::default());
        for client in self.clients_to_follow(&staged) {
            if let Some(rows) = self.follow(client, &staged, &kept)? {
                clients.insert(client.clone(), rows);
            }
        }
        self.enter(staged, clients, kept)
    }

    /// The epoch that a staged commit opens, beside this one, which stays as it is. Own clients that cannot open the
    /// commit, though it is valid, have no state there.
    pub(crate) fn child(&self, staged: StagedEpoch) -> Result<Child, MlsError> {
        let (mut clients, mut unopened, kept) = (BTreeMap::new(), Vec::new(), Kept::default());
        for client in self.clients_to_follow(&staged) {
            match self.follow(client, &staged, &kept) {
                Ok(rows) => clients.extend(rows.map(|rows| (client.clone(), rows))),
                Err(_) => unopened.push(client.clone()),
            }
        }
        unopened.sort_unstable();
        let mut group = self.clone();
        (group.stored, group.records) = (GroupSnapshot::empty(self.group_id(), self.epoch()), Vec::new());
        group.stored_nodes = StoredNodes::default();
        let record = group.enter(staged, clients, kept)?;
        group.records.clear();
        // Each epoch's secrets stand in its own state, and nowhere else: no message opens twice.
        if !planted!(PastSecretsKept) {
            group.snapshot.past.clear();
        }
        group.snapshot.nodes = group.snapshot.roots();
        Ok(Child { group, record, unopened })
    }

    /// Those whose objects are kept come last, so that theirs are the ones that are kept again.
    fn clients_to_follow(&self, staged: &StagedEpoch) -> Vec<&ClientUri> {
        let judge = match &staged.ahead {
            Ahead::Member { client, .. } => Some(client),
            Ahead::Server(_) => None,
        };
        let mut clients: Vec<&ClientUri> = self.snapshot.clients.keys().filter(|client| Some(*client) != judge).collect();
        clients.sort_by_key(|client| self.kept.has(client));
        clients
    }

    /// One own client processes a commit; none if it was removed. Its object goes to those of the new epoch.
    fn follow(&self, client: &ClientUri, staged: &StagedEpoch, kept: &Kept) -> Result<Option<Rows>, MlsError> {
        if self.pending_commit(client) == Some(&staged.commit)
            && let Some(next) = self.rows_after_own_commit(client)
        {
            self.kept.take_member(client, &staged.public.rows, &next).into_iter().for_each(|view| kept.keep_member(client, view));
            return Ok(Some(next));
        }
        let mut view = self.member_group(client)?;
        configure(&mut view)?;
        let message = handshake(&staged.commit, MessageKind::Commit)?;
        let psk = self.lay_out_of(&staged.commit, client, &view.provider)?;
        let processed = view.library.process_message(&view.provider, message).map_err(MlsError::invalid)?;
        if matches!(processed.content(), ProcessedMessageContent::OwnPendingCommit) {
            view.library.merge_pending_commit(&view.provider).map_err(MlsError::stored)?;
            psk.map_or(Ok(()), |psk| psk.clear(&view.provider))?;
            return Ok(Some(without_pending(entered(&view.provider, &mut view.library)?)));
        }
        let commit = self.staged_by_member(&view, processed)?;
        psk.map_or(Ok(()), |psk| psk.clear(&view.provider))?;
        if commit.self_removed() {
            return Ok(None);
        }
        let rows = enter_as_member(&mut view, commit)?;
        if view.has_nothing_but(&rows) {
            view.public.clone_from(&staged.public.rows);
            kept.keep_member(client, view);
        }
        Ok(Some(rows))
    }

    /// What a client makes of a commit, if it can open it and stays in the group. Its object has not changed then.
    pub(super) fn open_commit(
        &self,
        (client, view): (&ClientUri, &mut View<MlsGroup>),
        (commit, message): (&[u8], ProtocolMessage),
    ) -> Option<(Processed, StagedCommit)> {
        configure(view).ok()?;
        let psk = self.lay_out_of(commit, client, &view.provider).ok()?;
        let message = view.library.process_message(&view.provider, message).map_err(MlsError::invalid);
        let opened = message.and_then(|message| {
            let processed = Processed::of(&message);
            Ok((processed, self.staged_by_member(view, message)?))
        });
        psk.map_or(Ok(()), |psk| psk.clear(&view.provider)).ok()?;
        opened.ok().filter(|(_, commit)| !commit.self_removed())
    }

    fn staged_by_member(&self, view: &View<MlsGroup>, processed: ProcessedMessage) -> Result<StagedCommit, MlsError> {
        let View { provider, library: group, .. } = view;
        match processed.into_content() {
            ProcessedMessageContent::StagedCommitMessage(commit) => Ok(*commit),
            ProcessedMessageContent::UnresolvedAppDataCommit(unresolved) => {
                let proposals: Vec<_> = unresolved.app_data_update_proposals().cloned().collect();
                let updates = dictionary_updates(group.app_data_dictionary_updater(), &self.state, &proposals)?;
                group.stage_app_data_commit(provider, *unresolved, updates).map_err(MlsError::invalid)
            }
            _ => Err(MlsError::Malformed("not a commit".to_owned())),
        }
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
        for bytes in messages {
            let message = handshake(bytes, MessageKind::Proposal)?;
            self.check_epoch(message.epoch().as_u64())?;
            let crypto = Provider::default();
            let processed =
                self.ask_public(|public| public.process_message(crypto.crypto(), message))?.map_err(MlsError::invalid)?;
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
            let mut view = self.member_group(&client)?;
            let View { provider, library: group, .. } = &mut view;
            for (bytes, summary) in messages.iter().zip(&summaries) {
                // The proposer has queued its own when it made them.
                if summary.sender.as_ref() == Some(&client) {
                    continue;
                }
                let message = handshake(bytes, MessageKind::Proposal)?;
                let processed = group.process_message(provider, message).map_err(MlsError::invalid)?;
                if let ProcessedMessageContent::ProposalMessage(proposal) = processed.into_content()
                    && !group.pending_proposals().any(|queued| queued.proposal_reference_ref() == proposal.proposal_reference_ref())
                {
                    group.store_pending_proposal(provider.storage(), *proposal).map_err(MlsError::stored)?;
                }
            }
            self.keep_private(&client, view)?;
        }
        Ok(summaries)
    }
}

/// As every group of ours is configured, whoever made it.
fn configure(View { provider, library: group, .. }: &mut View<MlsGroup>) -> Result<(), MlsError> {
    let configuration = join_config();
    match *group.configuration() == configuration {
        true => Ok(()),
        false => group.set_configuration(provider.storage(), &configuration).map_err(MlsError::stored),
    }
}

/// Enters the epoch that a commit opens. The client's rows there; all that its object's storage has is said to be what it
/// stands for.
pub(super) fn enter_as_member(view: &mut View<MlsGroup>, commit: StagedCommit) -> Result<Rows, MlsError> {
    let View { provider, library: group, .. } = view;
    group.merge_staged_commit(provider, commit).map_err(MlsError::stored)?;
    // What this client had pending was made in the epoch that is over now.
    group.clear_pending_commit(provider.storage()).map_err(MlsError::stored)?;
    let rows = entered(provider, group)?;
    view.now_stands_for(&rows);
    Ok(without_pending(rows))
}

/// What a commit has made void. The storage of the earlier version emptied the list of queued proposals only.
fn without_pending(mut rows: Rows) -> Rows {
    rows.retain(|key, _| !key.starts_with(QUEUED_PROPOSAL));
    rows
}
