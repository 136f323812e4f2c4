//! The gateway as hub and delivery service of a MIMI room [mimi-protocol-06 §5.3–5.6].
//!
//! The hub is the authority: an own commit is taken the moment it is stored, so it is merged at once; a commit of a
//! follower's client is staged, judged, merged and fanned out in one turn.

use std::collections::BTreeSet;

use causeway_drafts::Verbatim;
use causeway_drafts::application::frame;
use causeway_drafts::mimi_content_09::MimiContent;
use causeway_drafts::mimi_protocol_06::franking::{Frank, ServerFrankingContext, franking_tag, server_frank};
use causeway_drafts::mimi_protocol_06::notify::FanoutMessage;
use causeway_drafts::mimi_protocol_06::participant_list::{ParticipantListUpdate, UserRolePair, UserindexRolePair};
use causeway_drafts::mimi_protocol_06::ratchet_tree::RatchetTreeOption;
use causeway_drafts::mimi_protocol_06::room_metadata::Utf8;
use causeway_drafts::mimi_protocol_06::update::{CommitBundle, UpdateRequest};
use causeway_drafts::mimi_uri::{ClientUri, ProviderDomain, UserUri};
use causeway_mls::{CIPHERSUITE, CommitPlan, CommitSummary, Group, new_key_package};

use super::outgoing::lane;
use super::{AcceptedProposal, Conversation, ConversationError, Outgoing, Result, Topology, Turn, notices, roles};
use crate::translate::MimiDraft;

/// How a participant goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Removal {
    /// Out of the list.
    Remove,
    /// Into the role of the banned.
    Ban,
}

/// An application message that the hub has taken.
pub struct Submitted {
    /// Accepted timestamp, ms.
    pub accepted_at: u64,
    /// The hub's Frank.
    pub frank: Frank,
}

impl Conversation {
    /// A handshake of a follower's client [mimi-protocol-06 §5.3]. Returns the accepted timestamp.
    ///
    /// # Errors
    /// `WrongEpoch`, `NotAllowed` with the rule, or the proposals that are invalid; then nothing has changed.
    pub fn update(&mut self, turn: &mut Turn<'_>, from: &ProviderDomain, request: &UpdateRequest) -> Result<u64> {
        self.check_hub(from)?;
        match request {
            UpdateRequest::Commit(bundle) => {
                let welcome = bundle.welcome.as_ref().map(|welcome| welcome.bytes().to_vec());
                let tree = bundle.ratchet_tree_option.clone();
                let summary = self.follower_commit(turn, from, bundle)?;
                if let Some(welcome) = welcome {
                    self.route_welcome(turn, &welcome, &tree, &summary)?;
                }
            }
            UpdateRequest::Proposals(bundle) => {
                let messages: Vec<&[u8]> = bundle.all().map(|message| message.bytes()).collect();
                self.follower_proposals(turn, from, &messages)?;
            }
        }
        Ok(turn.now)
    }

    /// Whoever asks a hub hears by its fan-out. Where the members order the room by themselves, the hub that its URI names
    /// still takes what providers that know nothing else bring, as one of the gateways; nobody else does.
    fn check_hub(&mut self, from: &ProviderDomain) -> Result<()> {
        if !self.is_leaderless() {
            return Ok(());
        }
        if self.topology() != Some(Topology::OurHub) {
            return Err(ConversationError::refused("DMLS-22", "the members order this room by themselves"));
        }
        self.book.by_fan_out.insert(from.to_string());
        Ok(())
    }

    fn follower_commit(&mut self, turn: &mut Turn<'_>, from: &ProviderDomain, bundle: &CommitBundle) -> Result<CommitSummary> {
        let (commit, group_info) = (bundle.commit.bytes(), bundle.group_info_option.full_bytes()?);
        let tree = match &bundle.ratchet_tree_option {
            RatchetTreeOption::Full(tree) => Some(tree.bytes()),
            // We have it ourselves.
            RatchetTreeOption::DistributionService => None,
            _ => return Err(ConversationError::refused("G-22", "the ratchet tree has to be in the body, or left to the hub")),
        };
        let before = self.active_providers(turn.gateway.names.provider());
        let staged = self.group()?.stage(commit, turn.roots, turn.now)?;
        let summary = staged.summary().clone();
        if summary.committer.provider() != *from {
            return Err(ConversationError::refused("P-045", "the committer is not a client of the provider that sent the commit"));
        }
        self.group()?.check_group_info(&staged, group_info, tree)?;
        staged.check_welcome(bundle.welcome.as_ref().map(Verbatim::value))?;
        if self.is_leaderless() {
            return self.place_at_head(turn, commit).map(|()| summary);
        }
        self.group_mut()?.merge(staged)?;
        self.book.pending_proposals.clear();
        self.book.group_info = group_info.to_vec();
        self.remember_commit(commit);
        let providers: BTreeSet<_> = before.into_iter().collect();
        self.fan_out_commit(turn, commit, &providers);
        self.mirror_commit(turn, &summary)?;
        Ok(summary)
    }

    fn follower_proposals(&mut self, turn: &mut Turn<'_>, from: &ProviderDomain, messages: &[&[u8]]) -> Result<()> {
        if self.is_leaderless() {
            return self.leave_for(turn, from, messages);
        }
        let now = turn.now;
        let proposals = self.group_mut()?.queue_proposals(messages)?;
        if proposals.iter().any(|proposal| proposal.sender.as_ref().is_none_or(|sender| sender.provider() != *from)) {
            return Err(ConversationError::refused("P-045", "a proposal's sender is not a client of the provider that sent it"));
        }
        for message in messages {
            self.book.pending_proposals.push(AcceptedProposal { message: message.to_vec(), accepted_at: now });
        }
        let providers = self.active_providers(turn.gateway.names.provider());
        let (first, more) = messages.split_first().ok_or_else(|| ConversationError::Malformed("no proposal".to_owned()))?;
        let fanout = FanoutMessage::proposals(now, first, more).map_err(|e| ConversationError::Malformed(e.to_string()))?;
        self.fan_out(turn, &fanout.to_bytes(), &providers);
        // Somebody has to commit what was proposed; the listener is always there.
        self.own_commit(turn, CommitPlan::default()).map(|_| ())
    }

    /// An application message of a follower's client [mimi-protocol-06 §5.4].
    ///
    /// # Errors
    /// `NotAllowed` or `WrongEpoch`; then nothing has changed.
    pub fn submit(&mut self, turn: &mut Turn<'_>, from: &ProviderDomain, sender: &UserUri, message: &[u8]) -> Result<Submitted> {
        self.check_hub(from)?;
        if sender.provider() != *from {
            return Err(ConversationError::refused("P-045", "sendingUri is not a user of the provider that sent the message"));
        }
        if !self.is_participant(sender) || !self.has_leaf(sender) {
            return Err(ConversationError::refused("P-044", "the sender is not an active participant"));
        }
        self.group()?.room_state().may_send(sender).map_err(causeway_mls::MlsError::from)?;
        let header = self.group()?.inspect_application(message)?;
        if self.is_leaderless() {
            let frank = self.pass_on_application(turn, (sender, header.franking_tag), message)?;
            self.hear(turn, message, frank.as_ref(), turn.now)?;
            let frank = frank.ok_or(ConversationError::Missing("hub's Frank"))?;
            return Ok(Submitted { accepted_at: turn.now, frank });
        }
        let frank = self.frank(turn, sender, header.franking_tag)?;
        let providers = self.active_providers(turn.gateway.names.provider());
        self.fan_out_franked(turn, (message, &frank), &providers)?;
        self.hear(turn, message, Some(&frank), turn.now)?;
        Ok(Submitted { accepted_at: turn.now, frank })
    }

    /// The GroupInfo, tree and pending proposals for a joiner that [`Self::may_join`] has let pass.
    pub fn give_group_info(&self) -> Result<(Vec<u8>, Vec<u8>, &[AcceptedProposal])> {
        if self.is_leaderless() {
            let info = self.joinable_head()?.ok_or(ConversationError::Missing("own client that holds the head"))?;
            return Ok((info.group_info, info.ratchet_tree, &[]));
        }
        Ok((self.book.group_info.clone(), self.group()?.ratchet_tree()?, &self.book.pending_proposals))
    }

    /// Whether a user may join with a new client by external commit (P-076).
    pub fn may_join(&self, user: &UserUri) -> bool {
        self.is_participant(user)
    }

    // --- own commits -------------------------------------------------------------------------------------------

    /// Commits as the listener, and fans out. Returns the Welcome for whoever was added.
    pub(super) fn own_commit(&mut self, turn: &mut Turn<'_>, plan: CommitPlan) -> Result<Option<Vec<u8>>> {
        if self.is_leaderless() {
            return self.leaderless_commit(turn, &plan).map(|_| None);
        }
        self.own_commit_as(turn, &turn.gateway.names.listener_client(), plan)
    }

    /// The same as another own client: what the listener's role does not allow.
    pub(super) fn own_commit_as(&mut self, turn: &mut Turn<'_>, client: &ClientUri, plan: CommitPlan) -> Result<Option<Vec<u8>>> {
        self.refuse_locked(client)?;
        let before = self.active_providers(turn.gateway.names.provider());
        let identity = self.clients.get(client).ok_or(ConversationError::Missing("identity of the client"))?;
        let group = self.group.as_mut().ok_or(ConversationError::Missing("MLS group"))?;
        let pending = group.commit(identity, &plan, turn.roots, turn.now)?;
        let (_, summary) = group.merge_pending(client, turn.roots, turn.now)?;
        self.book.pending_proposals.clear();
        self.book.group_info = pending.group_info.clone();
        self.remember_commit(&pending.commit);
        self.fan_out_commit(turn, &pending.commit, &before);
        if let Some(welcome) = &pending.welcome {
            let tree = RatchetTreeOption::full(&pending.ratchet_tree).map_err(|e| ConversationError::Malformed(e.to_string()))?;
            self.route_welcome(turn, welcome, &tree, &summary)?;
        }
        // What others had proposed is done now, too; what the plan itself did, Matrix knows already.
        match follows_power_levels(&plan) {
            true => self.mirror_all_but_roles(turn, &summary)?,
            false => self.mirror_commit(turn, &summary)?,
        }
        Ok(pending.welcome)
    }

    /// Adds a participant whose clients' KeyPackages were claimed.
    pub(super) fn hub_add_clients(&mut self, turn: &mut Turn<'_>, user: &UserUri, key_packages: Vec<Vec<u8>>) -> Result<()> {
        let participants = (!self.is_participant(user)).then(|| self.addition(turn, user));
        let plan = CommitPlan { add_key_packages: key_packages, participants, ..CommitPlan::default() };
        self.own_commit(turn, plan)?;
        self.disclose_to_mimi(turn)
    }

    fn addition(&self, turn: &Turn<'_>, user: &UserUri) -> ParticipantListUpdate {
        let matrix_user = self.matrix_user(turn, user);
        let role_index = self.room.as_ref().map_or(roles::MEMBER, |room| roles::role_of(room, &matrix_user));
        ParticipantListUpdate {
            changed_role_participants: Vec::new(),
            removed_indices: Vec::new(),
            added_participants: vec![UserRolePair { user: user.clone(), role_index }],
        }
    }

    pub(super) fn hub_add_participant(&mut self, turn: &mut Turn<'_>, user: &UserUri) -> Result<()> {
        let participants = Some(self.addition(turn, user));
        self.own_commit(turn, CommitPlan { participants, ..CommitPlan::default() }).map(|_| ())
    }

    pub(super) fn hub_remove_participant(&mut self, turn: &mut Turn<'_>, user: &UserUri) -> Result<()> {
        match self.removal(user, Removal::Remove)? {
            Some(plan) => self.own_commit(turn, plan).map(|_| ()),
            None => Ok(()),
        }
    }

    pub(super) fn hub_ban_participant(&mut self, turn: &mut Turn<'_>, user: &UserUri) -> Result<()> {
        match self.removal(user, Removal::Ban)? {
            Some(plan) => self.own_commit(turn, plan).map(|_| ()),
            None => Ok(()),
        }
    }

    /// A participant goes, with all its clients in the same commit (P-033); none if there is no such.
    pub(super) fn removal(&self, user: &UserUri, kind: Removal) -> Result<Option<CommitPlan>> {
        let group = self.group()?;
        let Some(index) = group.room_state().participants.position(user) else { return Ok(None) };
        let remove_clients = group.members().iter().filter(|m| m.user == *user).map(|m| m.client.clone()).collect();
        let update = match kind {
            Removal::Remove => ParticipantListUpdate { removed_indices: vec![index], ..ParticipantListUpdate::default() },
            Removal::Ban => ParticipantListUpdate {
                changed_role_participants: vec![UserindexRolePair { user_index: index, role_index: roles::BANNED }],
                ..ParticipantListUpdate::default()
            },
        };
        Ok(Some(CommitPlan { participants: Some(update), remove_clients, ..CommitPlan::default() }))
    }

    pub(super) fn hub_rename(&mut self, turn: &mut Turn<'_>, name: &str) -> Result<()> {
        let mut metadata = self.group()?.room_state().metadata.clone();
        metadata.room_name = Utf8(name.to_owned());
        self.own_commit(turn, CommitPlan { metadata: Some(metadata), ..CommitPlan::default() }).map(|_| ())
    }

    /// Roles follow power levels: definitions and assignments need commits of their own.
    pub(super) fn hub_follow_power_levels(&mut self, turn: &mut Turn<'_>) -> Result<()> {
        let room = self.room()?;
        let wanted = roles::from_power_levels(room);
        let state = self.group()?.room_state();
        let definitions = (state.roles != wanted).then_some(wanted);
        let mut changed = Vec::new();
        for (index, participant) in state.participants.participants.iter().enumerate() {
            if matches!(participant.role_index, roles::GATEWAY | roles::BANNED) {
                continue;
            }
            let role_index = roles::role_of(room, &self.matrix_user(turn, &participant.user));
            if role_index != participant.role_index {
                changed.push(UserindexRolePair { user_index: index as u32, role_index });
            }
        }
        if let Some(roles) = definitions {
            self.own_commit(turn, CommitPlan { roles: Some(roles), ..CommitPlan::default() })?;
        }
        if !changed.is_empty() {
            let participants = Some(ParticipantListUpdate {
                changed_role_participants: changed,
                removed_indices: Vec::new(),
                added_participants: Vec::new(),
            });
            self.own_commit(turn, CommitPlan { participants, ..CommitPlan::default() })?;
        }
        Ok(())
    }

    // --- own messages ------------------------------------------------------------------------------------------

    /// Seals, franks and fans out a content as the user's client.
    pub(super) fn hub_say(&mut self, turn: &mut Turn<'_>, user: &UserUri, content: &[u8]) -> Result<()> {
        let client = self.ensure_leaf(turn, user)?;
        self.refuse_locked(&client)?;
        let (application_data, tag) = frame_content(content)?;
        let identity = self.clients.get(&client).ok_or(ConversationError::Missing("identity of the client"))?;
        let group = self.group.as_mut().ok_or(ConversationError::Missing("MLS group"))?;
        let message = group.seal(identity, &application_data, tag)?;
        let frank = self.frank(turn, user, tag)?;
        let providers = self.active_providers(turn.gateway.names.provider());
        self.fan_out_franked(turn, (&message, &frank), &providers)
    }

    /// A puppet gets its leaf when it first speaks: the listener adds it.
    pub(super) fn ensure_leaf(&mut self, turn: &mut Turn<'_>, user: &UserUri) -> Result<ClientUri> {
        let client = match *user == turn.gateway.names.listener_uri() {
            true => turn.gateway.names.listener_client(),
            false => turn.gateway.names.puppet_client(user),
        };
        self.ensure_identity(turn, &client)?;
        if self.group()?.own_clients().any(|own| *own == client) {
            return Ok(client);
        }
        let key_package = new_key_package(self.identity(&client)?, turn.now)?;
        let plan = CommitPlan { add_key_packages: vec![key_package.key_package.clone()], ..CommitPlan::default() };
        let welcome = self.own_commit(turn, plan)?.ok_or(ConversationError::Missing("Welcome for the added client"))?;
        let group = self.group.take().ok_or(ConversationError::Missing("MLS group"))?;
        let tree = group.ratchet_tree()?;
        let identity = self.clients.get(&client).ok_or(ConversationError::Missing("identity of the client"))?;
        self.group = Some(Group::join((&welcome, &tree), &key_package, identity, Some(group), (turn.roots, turn.now))?);
        Ok(client)
    }

    /// Loads or issues the identity of an own client.
    pub(super) fn ensure_identity(&mut self, turn: &mut Turn<'_>, client: &ClientUri) -> Result<()> {
        if self.clients.contains_key(client) {
            return Ok(());
        }
        let identity = turn.gateway.authority.issue_client(client, &client.user_uri())?;
        turn.decision.clients.push(crate::records::ClientRow {
            client_uri: client.to_string(),
            user_uri: client.user_uri().to_string(),
            identity: identity.to_bytes().to_vec(),
        });
        self.clients.insert(client.clone(), identity);
        Ok(())
    }

    /// Tells the MIMI side who sits behind the gateway.
    pub(super) fn disclose_to_mimi(&mut self, turn: &mut Turn<'_>) -> Result<()> {
        if !self.book.first_time("disclosed_to_mimi") {
            return Ok(());
        }
        let text = notices::disclosure_to_mimi(turn.gateway.names.provider().as_str());
        let listener = turn.gateway.names.listener_uri();
        self.say(turn, &listener, MimiDraft::plain_text(&text), None)
    }

    // --- fan-out -----------------------------------------------------------------------------------------------

    pub(super) fn frank(&self, turn: &Turn<'_>, sender: &UserUri, tag: [u8; 32]) -> Result<Frank> {
        let context =
            ServerFrankingContext { sender_uri: sender.clone(), room_uri: self.mimi_room()?, accepted_timestamp: turn.now };
        let frank = server_frank(&turn.gateway.hub_key, &tag, &context);
        Frank::sign(frank, CIPHERSUITE, &context, |content| turn.gateway.hub.sign(content))
            .map_err(|_| ConversationError::Missing("working hub signature key"))
    }

    pub(super) fn fan_out_commit(&self, turn: &mut Turn<'_>, commit: &[u8], providers: &BTreeSet<ProviderDomain>) {
        match FanoutMessage::commit(turn.now, commit, &[]) {
            Ok(fanout) => self.fan_out(turn, &fanout.to_bytes(), providers),
            Err(error) => debug_assert!(false, "a commit that was merged does not encode: {error}"),
        }
    }

    pub(super) fn fan_out(&self, turn: &mut Turn<'_>, message: &[u8], providers: &BTreeSet<ProviderDomain>) {
        let Some(room) = self.row.mimi_room.clone() else { return };
        for provider in providers {
            let item = Outgoing::Notify { room: room.clone(), provider: provider.to_string(), message: message.to_vec() };
            turn.send(lane::mimi(provider.as_str(), &room), item);
        }
    }

    /// A message goes to all of these, with our Frank.
    pub(super) fn fan_out_franked(
        &self,
        turn: &mut Turn<'_>,
        (message, frank): (&[u8], &Frank),
        providers: &BTreeSet<ProviderDomain>,
    ) -> Result<()> {
        let fanout = FanoutMessage::application(turn.now, message, Some(frank.clone()))
            .map_err(|error| ConversationError::Malformed(error.to_string()))?;
        self.fan_out(turn, &fanout.to_bytes(), providers);
        Ok(())
    }

    pub(super) fn fan_out_welcome(
        &self,
        turn: &mut Turn<'_>,
        (welcome, tree): (&[u8], &RatchetTreeOption),
        providers: &BTreeSet<ProviderDomain>,
    ) -> Result<()> {
        let fanout = FanoutMessage::welcome(turn.now, welcome, tree.clone())
            .map_err(|error| ConversationError::Malformed(error.to_string()))?;
        self.fan_out(turn, &fanout.to_bytes(), providers);
        Ok(())
    }

    /// A Welcome goes only to the providers of those it welcomes (P-063).
    fn route_welcome(
        &mut self,
        turn: &mut Turn<'_>,
        welcome: &[u8],
        tree: &RatchetTreeOption,
        summary: &CommitSummary,
    ) -> Result<()> {
        if self.is_leaderless() {
            return self.welcome_peers(turn, (welcome, &self.group()?.ratchet_tree()?), summary);
        }
        let ours = turn.gateway.names.provider();
        let added: BTreeSet<_> = summary.added.iter().map(|(client, _)| client.provider()).filter(|p| p != ours).collect();
        self.fan_out_welcome(turn, (welcome, tree), &added)
    }
}

fn follows_power_levels(plan: &CommitPlan) -> bool {
    let changes_roles = |update: &ParticipantListUpdate| !update.changed_role_participants.is_empty();
    plan.roles.is_some() || plan.participants.as_ref().is_some_and(changes_roles)
}

/// The application_data of a content, and its franking tag [mimi-protocol-06 §5.4.1.1].
pub(super) fn frame_content(content: &[u8]) -> Result<(Vec<u8>, [u8; 32])> {
    let decoded = MimiContent::decode(content).map_err(|error| ConversationError::Malformed(error.to_string()))?;
    let application_data = frame(content);
    let tag = franking_tag(&decoded.salt, &application_data);
    Ok((application_data, tag))
}
