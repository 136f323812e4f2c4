//! How a peers' room begins, who is let in, and how it is left.

use causeway_drafts::mimi_uri::{ProviderDomain, RoomUri};
use causeway_mls::MatrixEntry;
use ruma::{OwnedUserId, RoomVersionId, UserId};
use serde_json::{Value, json};

use super::{KIND, PeersBook, PeersNews, ROOM_TYPE, parts};
use crate::conversation::answers::Next;
use crate::conversation::outgoing::lane;
use crate::conversation::{Conversation, ConversationError, Outgoing, Result, Turn};
use crate::loss::{Feature, Loss};
use crate::matrix::{Pdu, Room, StateDraft};

/// Where a create event names the MIMI room.
const MIMI_ROOM_KEY: &str = "org.causeway.mimi_room";
/// Where a create event names the provider that makes the room.
const PROVIDER_KEY: &str = "org.causeway.provider";
/// An invitation may be too early: whom it is for does not know the MIMI room yet. So often it is repeated,
const MOST_INVITATIONS: u32 = 8;
/// at first after so many ms, then after twice as many.
const FIRST_PATIENCE: u64 = 1_000;
/// So long after the invitation we may be on our way into the room, ms.
const ENTERING_PATIENCE: u64 = 60_000;

/// An invitation to a peers' room: what its create event says, which the room's id is the hash of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PeersRoomInvite {
    /// The MIMI room that it is about.
    pub mimi_room: RoomUri,
    /// The provider that has made it; whether the inviter speaks for it, its directory has to say.
    pub provider: ProviderDomain,
    /// Who invites.
    pub inviter: OwnedUserId,
}

fn refused(why: &str) -> ConversationError {
    ConversationError::refused("DMLS-38", why)
}

impl PeersRoomInvite {
    /// Reads an invite with the state that comes with it. None if it is to a room of another type.
    ///
    /// # Errors
    /// If it is to a peers' room, and not by who has made that.
    pub fn read(invite: &Pdu, version: &RoomVersionId, state: &[Value]) -> Result<Option<Self>> {
        let creates = |event: &&Value| event.get("type").and_then(Value::as_str) == Some("m.room.create");
        let Some(create) = state.iter().find(creates) else { return Ok(None) };
        let word = |key: &str| create.get("content").and_then(|content| content.get(key)).and_then(Value::as_str);
        if word("type") != Some(ROOM_TYPE) {
            return Ok(None);
        }
        // Since v12 the room's id is the create event's hash: nothing in it can be another room's.
        let create_event = Pdu::parse(&create.to_string(), version).map_err(|error| refused(&error.to_string()))?;
        if *version != RoomVersionId::V12 || create_event.room_id() != invite.room_id() {
            return Err(refused("the create event is not the room's"));
        }
        if create_event.sender() != invite.sender() {
            return Err(refused("only who has made a peers' room invites to it"));
        }
        let mimi_room = word(MIMI_ROOM_KEY).and_then(|room| room.parse().ok());
        let provider = word(PROVIDER_KEY).and_then(|provider| provider.parse().ok());
        match (mimi_room, provider) {
            (Some(mimi_room), Some(provider)) => Ok(Some(Self { mimi_room, provider, inviter: invite.sender().clone() })),
            _ => Err(refused("the create event names no MIMI room, or no provider")),
        }
    }
}

impl Conversation {
    /// Makes a peers' room for a MIMI room; its peers are invited as their directories name them.
    ///
    /// # Errors
    /// If the Matrix room's own rules forbid its state.
    pub fn open_peers_room(turn: &mut Turn<'_>, mimi_room: &RoomUri) -> Result<Self> {
        let provider = turn.gateway.names.provider().to_string();
        let create = json!({ "type": ROOM_TYPE, MIMI_ROOM_KEY: mimi_room.as_str(), PROVIDER_KEY: provider });
        let levels = json!({
            "users": {},
            "users_default": 0,
            "events": { parts::EVENT_TYPE: 0, MatrixEntry::EVENT_TYPE: 0 },
            "events_default": 100,
            "state_default": 100,
            "invite": 100,
            "kick": 100,
            "ban": 100,
            "redact": 100,
        });
        let initial = [
            StateDraft::new("m.room.power_levels", "", levels),
            StateDraft::new("m.room.join_rules", "", json!({ "join_rule": "invite" })),
            StateDraft::new("m.room.history_visibility", "", json!({ "history_visibility": "joined" })),
        ];
        let (creator, random) = (turn.gateway.names.gateway_user(), turn.random_name());
        let place = (turn.now, &turn.gateway.keys, random.as_str());
        let room = Room::create_with(RoomVersionId::V12, &creator, (create, &initial), place)
            .map_err(|error| ConversationError::MatrixRefused(error.to_string()))?;
        let mut conversation = Self::begin(KIND, turn.now);
        conversation.row.status = "active".to_owned();
        conversation.book.peers =
            Some(PeersBook { mimi_room: mimi_room.to_string(), creator: provider.clone(), ..PeersBook::default() });
        conversation.room = Some(room);
        turn.decision.news.push(PeersNews::Entered(provider));
        Ok(conversation)
    }

    /// Follows an invitation to a peers' room.
    ///
    /// # Errors
    /// None so far: whether it may be followed, the conversation about the MIMI room has said ([`Self::admits_peers_room`]).
    pub fn follow_to_peers_room(turn: &mut Turn<'_>, invite: &PeersRoomInvite, event: &Pdu) -> Result<Self> {
        let mut conversation = Self::invited(event.room_id(), RoomVersionId::V12.as_str(), turn.now);
        conversation.row.kind = KIND.to_owned();
        let names = [(invite.provider.to_string(), invite.inviter.to_string())].into();
        let (mimi_room, creator) = (invite.mimi_room.to_string(), invite.provider.to_string());
        conversation.book.peers = Some(PeersBook { mimi_room, creator, names, ..PeersBook::default() });
        conversation.ours_invited(turn, &invite.inviter, &turn.gateway.names.gateway_user())?;
        Ok(conversation)
    }

    /// Whether we are about to enter a peers' room, as others may know before our own join is stored: what they say there meanwhile
    /// has to come again, since nothing behind it may ever show that it is missing.
    pub fn is_entering_peers_room(&self, now: u64) -> bool {
        let is_new = now < (self.row.created_at.max(0) as u64).saturating_add(ENTERING_PATIENCE);
        self.is_peers_room() && self.room.is_none() && self.row.status != "closed" && is_new
    }

    /// We have joined.
    pub(in crate::conversation) fn entered_peers_room(&mut self, turn: &mut Turn<'_>) -> Result<()> {
        self.row.status = "active".to_owned();
        let book = self.peers_book()?;
        turn.decision.news.push(PeersNews::Entered(book.creator.clone()));
        let here = book.names.iter().filter(|(_, name)| UserId::parse(name.as_str()).is_ok_and(|user| self.is_here(&user)));
        let here: Vec<_> = here.map(|(provider, _)| PeersNews::Present(provider.clone())).collect();
        turn.decision.news.extend(here);
        self.look_for_strangers(turn)?;
        self.look_for_order(turn)
    }

    /// A provider's directory says who speaks for it; none if nobody does. What it has said meanwhile is heard, and whoever has
    /// made the room invites it.
    ///
    /// # Errors
    /// If this is no peers' room.
    pub fn name_peer(&mut self, turn: &mut Turn<'_>, provider: &ProviderDomain, user: Option<&UserId>) -> Result<()> {
        let Some(user) = user.filter(|user| **user != turn.gateway.names.gateway_user()) else {
            turn.decision.news.push(PeersNews::Nameless(provider.to_string()));
            return Ok(());
        };
        self.peers_book_mut()?.names.insert(provider.to_string(), user.to_string());
        if self.is_here(user) {
            turn.decision.news.push(PeersNews::Present(provider.to_string()));
            self.look_for_strangers(turn)?;
            return self.hear_what_waits(turn, user);
        }
        let ours = turn.gateway.names.gateway_user();
        let Some(room) = self.room.as_ref().filter(|room| room.is_creator(&ours)) else { return Ok(()) };
        let lane = lane::matrix(user.server_name().as_str(), room.room_id().as_str());
        turn.send(lane, Outgoing::MatrixInvite { sender: ours.to_string(), user: user.to_string() });
        Ok(())
    }

    /// An invitation was refused: perhaps too early.
    pub(in crate::conversation) fn peer_refuses_invitation(&mut self, turn: &mut Turn<'_>, user: &str, why: &str) -> Result<Next> {
        let book = self.peers_book_mut()?;
        let times = book.refused.entry(user.to_owned()).or_default();
        *times += 1;
        if *times < MOST_INVITATIONS {
            return Ok(Next::Retry(FIRST_PATIENCE << (*times - 1)));
        }
        let nameless = book.names.iter().filter(|(_, name)| *name == user);
        let nameless: Vec<_> = nameless.map(|(provider, _)| PeersNews::Nameless(provider.clone())).collect();
        turn.decision.news.extend(nameless);
        self.lose(turn, user, "mimi_to_matrix", vec![Loss::new(Feature::JoinRefused, why)]);
        Ok(Next::Done)
    }

    /// Who has made the room sends away who speaks for a provider that is no peer any more.
    ///
    /// # Errors
    /// If this is no peers' room.
    pub fn dismiss_peer(&mut self, turn: &mut Turn<'_>, provider: &str) -> Result<()> {
        let name = self.peers_book_mut()?.names.remove(provider);
        let Some(user) = name.and_then(|name| UserId::parse(name).ok()) else { return Ok(()) };
        let is_needed = self.peers_book()?.spoken_for_by(&user).next().is_some();
        let membership = self.room.as_ref().and_then(|room| room.membership(&user));
        if !is_needed && matches!(membership.as_deref(), Some("join" | "invite")) {
            self.emit_membership(turn, &turn.gateway.names.gateway_user(), &user, "leave")?;
        }
        if !is_needed {
            self.peers_book_mut()?.heard.remove(user.as_str());
        }
        turn.decision.news.push(PeersNews::Absent(provider.to_owned()));
        self.look_for_strangers(turn)
    }

    /// Leaves the room for good: the hub orders again.
    ///
    /// # Errors
    /// If our own user cannot leave.
    pub fn leave_peers_room(&mut self, turn: &mut Turn<'_>) -> Result<()> {
        let ours = turn.gateway.names.gateway_user();
        if self.is_here(&ours) {
            self.emit_membership(turn, &ours, &ours, "leave")?;
        }
        self.peers_room_is_over(turn)
    }
}
