//! The gateway as follower of a room that another provider orders [mimi-protocol-06 §5.5].

use causeway_drafts::mimi_content_09::MimiContent;
use causeway_drafts::mimi_protocol_06::franking::{Frank, ServerFrankingContext, franking_tag};
use causeway_drafts::mimi_protocol_06::notify::{FanoutBody, FanoutMessage};
use causeway_drafts::mimi_uri::{ClientUri, ProviderDomain, RoomUri, UserUri};
use causeway_mls::{Group, MlsError, Opened, TrustRoots};
use ruma::UserId;

use super::claims::WelcomeFor;
use super::outgoing::lane;
use super::{Conversation, Intent, Outgoing, Result, Turn, notices};
use crate::loss::{Feature, Loss};
use crate::matrix::Pdu;

/// Version and wire format of an MLSMessage, before the Welcome in it.
const MLS_MESSAGE_HEADER: usize = 4;

impl Conversation {
    /// A room at another provider that one of our puppets is welcomed to. [`Self::notify`] follows.
    pub fn welcomed(room: &RoomUri, now: u64) -> Self {
        let mut conversation = Self::begin("bridge", now);
        conversation.row.mimi_room = Some(room.to_string());
        conversation.row.hub = Some(room.provider().to_string());
        conversation.row.topology = Some("foreign_hub".to_owned());
        conversation
    }

    /// What the hub fans out, in its order. `welcomes` are the own KeyPackages that any Welcome among the messages
    /// names. A message that cannot be used is a loss: the hub's order goes on without it.
    pub fn notify(&mut self, turn: &mut Turn<'_>, messages: &[FanoutMessage], welcomes: Vec<WelcomeFor>) -> Result<()> {
        self.join_anew(turn)?;
        let mut welcomes = Some(welcomes);
        for message in messages {
            self.notice_hub_clock(turn, message.timestamp);
            match &message.body {
                FanoutBody::Welcome { message: welcome, ratchet_tree } => {
                    let tree = ratchet_tree.full_bytes().map_err(|e| super::ConversationError::Malformed(e.to_string()))?;
                    self.welcome(turn, &welcome.bytes()[MLS_MESSAGE_HEADER..], &tree, welcomes.take().unwrap_or_default())?;
                }
                FanoutBody::Commit { commit, external_proposals } => {
                    let stapled: Vec<&[u8]> = external_proposals.iter().map(|proposal| proposal.bytes()).collect();
                    self.hub_commit(turn, commit.bytes(), &stapled)?;
                }
                FanoutBody::Proposal { first, more } => {
                    let all: Vec<&[u8]> = std::iter::once(first).chain(more).map(|proposal| proposal.bytes()).collect();
                    self.hub_proposals(turn, &all)?;
                }
                FanoutBody::Application { message: sealed, frank } => {
                    if self.group.is_some() {
                        self.hear(turn, sealed.bytes(), frank.as_ref(), message.timestamp)?;
                    }
                }
            }
        }
        Ok(())
    }

    /// Whoever is locked out joins as soon as the hub is heard of: until somebody has, nothing that is said can be opened.
    fn join_anew(&mut self, turn: &mut Turn<'_>) -> Result<()> {
        let members = self.group.as_ref().filter(|_| self.row.resync).map(Group::members).unwrap_or_default();
        let users: Vec<UserUri> = members.iter().map(|member| member.user.clone()).collect();
        for user in users.into_iter().filter(|user| turn.gateway.names.is_ours(&user.provider())) {
            if self.is_locked_out(&user) {
                self.ensure_joining(turn, &user)?;
            }
        }
        Ok(())
    }

    /// A hub's clock runs forward; a step back is how Franks could be swapped (G-36).
    fn notice_hub_clock(&mut self, turn: &mut Turn<'_>, timestamp: u64) {
        if timestamp < self.book.hub_clock {
            let loss = Loss::new(Feature::HubClockRegressed, "G-36: the hub's accepted timestamps ran backwards");
            self.lose(turn, "notify", "mimi_to_matrix", vec![loss]);
        }
        self.book.hub_clock = self.book.hub_clock.max(timestamp);
    }

    fn welcome(&mut self, turn: &mut Turn<'_>, welcome: &[u8], tree: &[u8], for_us: Vec<WelcomeFor>) -> Result<()> {
        let (hub, room) = (self.hub()?, self.mimi_room()?);
        match (for_us.iter().find_map(|welcome| welcome.check_claim(&hub, &room).err()), &self.group) {
            (None, _) => {}
            (Some(error), None) => return Err(error),
            // Whoever may add somebody can have the hub pass on such a thing: what else there is passes.
            (Some(error), Some(_)) => {
                let loss = Loss::new(Feature::JoinRefused, error.to_string());
                self.lose(turn, "welcome", "mimi_to_matrix", vec![loss]);
                return Ok(());
            }
        }
        let fresh = self.group.as_ref().is_none_or(|group| group.own_clients().next().is_none());
        if fresh {
            self.group = None;
        }
        for WelcomeFor { bundle, identity, .. } in for_us {
            let client = identity.client_uri.clone();
            let existing = self.group.take();
            self.group = Some(Group::join((welcome, tree), &bundle, &identity, existing, (turn.roots, turn.now))?);
            turn.decision.spent_key_packages.push(bundle.reference);
            self.clients.insert(client, identity);
        }
        self.unlock_if_all_are_back(turn);
        match (&self.group, &self.room) {
            (Some(_), None) => self.open_mirror(turn),
            (Some(_), Some(_)) => self.invite_missing(turn),
            (None, _) => Ok(()),
        }
    }

    pub(super) fn hub_commit(&mut self, turn: &mut Turn<'_>, commit: &[u8], stapled: &[&[u8]]) -> Result<()> {
        if self.is_leaderless() {
            // A hub that is back, and has not heard that it is none any more.
            self.take_commit(turn, commit)?;
            return self.after_head(turn);
        }
        let (roots, now) = (turn.roots, turn.now);
        let Some(group) = self.group.as_mut() else { return Ok(()) };
        let staged = match group.stage(commit, roots, now) {
            Ok(staged) => staged,
            // The hub also sends us our own commits, whose success we may know from the answer already.
            Err(MlsError::WrongEpoch { .. }) => return Ok(()),
            Err(error @ MlsError::UnknownProvider(_)) => return Err(error.into()),
            Err(error) => return self.stranded(turn, &error),
        };
        let summary = staged.summary().clone();
        group.merge(staged)?;
        // The epoch in which our clients made their commits is over: this was one of them, or they are void.
        self.book.sent_commits.clear();
        self.remember_commit(commit);
        let group = self.group.as_mut().ok_or(super::ConversationError::Missing("MLS group"))?;
        if !stapled.is_empty() {
            group.queue_proposals(stapled)?;
        }
        self.join_with(turn, commit)?;
        self.mirror_commit(turn, &summary)?;
        self.open_early(turn)
    }

    /// The hub has accepted a commit that we find invalid. Its word orders the room, so we cannot go on: the
    /// conversation pauses, with the reason, instead of guessing.
    fn stranded(&mut self, turn: &mut Turn<'_>, error: &MlsError) -> Result<()> {
        self.row.status = "paused".to_owned();
        let loss = Loss::new(Feature::CommitRefused, error.to_string());
        self.lose(turn, "commit", "mimi_to_matrix", vec![loss]);
        Ok(())
    }

    fn hub_proposals(&mut self, turn: &mut Turn<'_>, messages: &[&[u8]]) -> Result<()> {
        // Without a hub, whoever wants something commits it.
        let Some(group) = self.group.as_mut().filter(|_| self.forkable.is_none()) else { return Ok(()) };
        match group.queue_proposals(messages) {
            Ok(proposals) => {
                let proposers: Vec<_> = proposals.into_iter().filter_map(|proposal| proposal.sender).collect();
                self.commit_if_nobody_does(turn, &proposers)
            }
            Err(error @ MlsError::UnknownProvider(_)) => Err(error.into()),
            Err(error) => {
                let loss = Loss::new(Feature::ProposalRefused, error.to_string());
                self.lose(turn, "proposal", "mimi_to_matrix", vec![loss]);
                Ok(())
            }
        }
    }

    /// Until somebody commits them, proposals keep everybody from sending. Usually the hub's own clients do; where it
    /// has none, whoever is left.
    fn commit_if_nobody_does(&mut self, turn: &mut Turn<'_>, proposers: &[ClientUri]) -> Result<()> {
        let committer = self.group()?.own_clients().find(|client| !proposers.contains(client)).cloned();
        let Some(committer) = committer else { return Ok(()) };
        self.book.proposals_since = turn.now;
        let item =
            Outgoing::Update { user: committer.user_uri().to_string(), intent: Intent::CommitProposals, event_id: String::new() };
        turn.send(lane::proposals(self.hub()?.as_str(), self.mimi_room()?.as_str()), item);
        Ok(())
    }

    /// Whether `from` may speak as hub of this room.
    pub fn is_hub(&self, from: &ProviderDomain) -> bool {
        self.row.hub.as_deref() == Some(from.as_str())
    }

    // --- changes made on Matrix --------------------------------------------------------------------------------

    /// A change on Matrix, wanted in MIMI: asked for in the actor's name. Who may not even ask is undone at once.
    pub(super) fn want(&mut self, turn: &mut Turn<'_>, actor: &UserId, intent: Intent, pdu: &Pdu) -> Result<()> {
        let user = self.mimi_user(turn, actor)?;
        if !self.is_participant(&user) {
            return self.revert(turn, &intent, "the one who did it is not a participant of the MIMI room");
        }
        self.ensure_joining(turn, &user)?;
        let item = Outgoing::Update { user: user.to_string(), intent, event_id: pdu.event_id().to_string() };
        turn.send(self.hub_lane()?, item);
        Ok(())
    }

    /// Where what we want of the hub waits; without a hub, what we do ourselves.
    pub(super) fn hub_lane(&self) -> Result<String> {
        let room = self.mimi_room()?;
        Ok(if self.is_leaderless() { lane::own(room.as_str()) } else { lane::mimi(self.hub()?.as_str(), room.as_str()) })
    }

    /// A puppet without a leaf joins by external commit before what it wants to say.
    pub(super) fn ensure_joining(&mut self, turn: &mut Turn<'_>, user: &UserUri) -> Result<()> {
        let has_leaf = self.has_leaf(user) && !self.is_locked_out(user);
        if self.is_leaderless() || has_leaf || !self.book.joining.insert(user.to_string()) {
            return Ok(());
        }
        let item = Outgoing::JoinExternally { user: user.to_string(), commit: None };
        turn.send(lane::mimi(self.hub()?.as_str(), self.mimi_room()?.as_str()), item);
        Ok(())
    }

    /// Undoes on Matrix what the hub refused, and says so.
    pub(super) fn revert(&mut self, turn: &mut Turn<'_>, intent: &Intent, why: &str) -> Result<()> {
        let what = match intent {
            Intent::Leave => "leave",
            Intent::Remove { .. } => "remove",
            Intent::Ban { .. } => "ban",
            Intent::Add { .. } => "add",
            Intent::Rename { .. } => "rename",
            // Somebody else's commit was quicker, or made the proposals void.
            Intent::CommitProposals => return Ok(()),
            Intent::FollowPowerLevels => "power levels",
        };
        let gateway_user = turn.gateway.names.gateway_user();
        let undone = match intent {
            Intent::Rename { .. } => {
                let name = self.group()?.room_state().metadata.name().to_owned();
                let content = serde_json::json!({ "name": name });
                self.emit_state(turn, &gateway_user, ("m.room.name", ""), content).map(|_| ())
            }
            Intent::Remove { user } | Intent::Ban { user } => self.bring_back(turn, user),
            Intent::Add { user } => {
                self.book.coming.remove(user);
                let user: UserUri = user.parse().map_err(|_| super::ConversationError::Missing("valid user URI"))?;
                let matrix_user = self.matrix_user(turn, &user);
                self.emit_membership(turn, &gateway_user, &matrix_user, "leave").map(|_| ())
            }
            Intent::Leave | Intent::CommitProposals | Intent::FollowPowerLevels => Ok(()),
        };
        match undone {
            Ok(()) | Err(super::ConversationError::MatrixRefused(_)) => {}
            Err(error) => return Err(error),
        }
        self.emit_notice(turn, &notices::refused_by_hub(what, why))
    }

    fn bring_back(&mut self, turn: &mut Turn<'_>, user: &str) -> Result<()> {
        let user: UserUri = user.parse().map_err(|_| super::ConversationError::Missing("valid user URI"))?;
        let matrix_user = self.matrix_user(turn, &user);
        let gateway = turn.gateway.names.listener_uri();
        if self.room()?.membership(&matrix_user).as_deref() == Some("ban") {
            let gateway_user = turn.gateway.names.gateway_user();
            self.emit_membership(turn, &gateway_user, &matrix_user, "leave")?;
        }
        match turn.gateway.names.ghost_to_mimi(&matrix_user) {
            Some(_) => self.bring_ghost(turn, &gateway, &matrix_user),
            None => self.invite_matrix_user(turn, &gateway, &matrix_user),
        }
    }

    /// All of the receiver's franking checks (P-059); `Ok` where the room does not frank.
    pub(super) fn check_frank(
        &self,
        opened: &Opened,
        content: &MimiContent,
        (frank, accepted_at): (Option<&Frank>, u64),
        (roots, now): (&TrustRoots, u64),
    ) -> Result<(), String> {
        let state = self.group.as_ref().map(|group| group.room_state()).ok_or("no group")?;
        // Nobody franks where there is no hub (SPEC §15.4), and what was said then may come after it is back.
        let had_no_hub = self.is_leaderless() || self.book.term > 0;
        if state.franking_agent.is_none() || had_no_hub && frank.is_none() {
            return Ok(());
        }
        let tag = opened.franking_tag.ok_or("P-054: no franking tag in the SafeAAD")?;
        if franking_tag(&content.salt, &opened.application_data) != tag {
            return Err("P-053: the franking tag does not match the content".to_owned());
        }
        let frank = frank.ok_or("P-048: the hub sent no Frank")?;
        let room_uri = self.mimi_room().map_err(|error| error.to_string())?;
        let context = ServerFrankingContext { sender_uri: opened.user.clone(), room_uri, accepted_timestamp: accepted_at };
        let group = self.group.as_ref().ok_or("no group")?;
        group.verify_frank(frank, &context, roots, now).map_err(|error| format!("P-059: {error}"))
    }
}
