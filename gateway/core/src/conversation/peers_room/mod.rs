//! The peers' room (SPEC §15.2): a Matrix room of the gateways' own users, in which they say what concerns a room without a
//! hub. It is a conversation of its own kind, without a group and without ghosts; what is heard in it is for the one about the
//! MIMI room that it serves.

pub mod assembly;
mod entrance;
mod order;
pub mod parts;
mod path;
mod talk;

use std::collections::BTreeMap;

use causeway_drafts::mimi_uri::{ProviderDomain, RoomUri};
use causeway_mls::graph::MatrixOrder;
use ruma::{OwnedUserId, UserId};
use serde::{Deserialize, Serialize};

pub use entrance::PeersRoomInvite;
pub use path::{KnownRoom, Path};
pub use talk::MISSING_PATIENCE;

use self::assembly::Assembly;
use super::{Conversation, ConversationError, Result, Turn};
use crate::matrix::{Pdu, Room};

/// The kind of such conversations, in their rows.
pub const KIND: &str = "peers";
/// The type of such rooms, in their create events.
pub const ROOM_TYPE: &str = "org.causeway.peers";

/// What a peers' room keeps in mind.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PeersBook {
    /// The MIMI room that it is about.
    pub mimi_room: String,
    /// The provider that has made it.
    pub creator: String,
    /// Who speaks for a provider, as its directory says: Matrix user ids by provider.
    pub names: BTreeMap<String, String>,
    /// How many messages each provider was told in this room.
    pub said: BTreeMap<String, u64>,
    /// What waits of each sender, by Matrix user, the provider that it says it speaks for, and the domain of ours that is told.
    pub heard: BTreeMap<String, BTreeMap<String, BTreeMap<String, Assembly>>>,
    /// Invitations that were refused, by Matrix user: so often.
    pub refused: BTreeMap<String, u32>,
    /// Whether an item waits in the outbox for messages that are missing.
    pub is_waiting: bool,
    /// A digest of the order that was told last; empty before there is any.
    #[serde(default)]
    pub order: String,
}

/// What a peers' room has for the conversation that it serves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PeersNews {
    /// We are in it; the provider has made it.
    Entered(String),
    /// We are not in it any more.
    Left,
    /// A provider's user is in it.
    Present(String),
    /// A provider's user is not in it any more.
    Absent(String),
    /// A provider has no Matrix user, or none that comes.
    Nameless(String),
    /// Whether somebody is in it of whom no directory has said for whom it speaks.
    Strangers(bool),
    /// A provider has said something: the events that make it up, by their ids, in order.
    Said(ProviderDomain, Vec<String>),
    /// Something that a provider has said is missing for good.
    Missed(ProviderDomain),
    /// What the room's state says of which commits are accepted, all of it (DMLS-36).
    Ordered(MatrixOrder),
}

impl Conversation {
    /// Whether this is a peers' room.
    pub fn is_peers_room(&self) -> bool {
        self.row.kind == KIND
    }

    /// The MIMI room that this peers' room serves.
    ///
    /// # Errors
    /// If this is no peers' room.
    pub fn served_room(&self) -> Result<RoomUri> {
        self.peers_book()?.mimi_room.parse().map_err(|_| ConversationError::Missing("valid MIMI room URI"))
    }

    pub(super) fn peers_book(&self) -> Result<&PeersBook> {
        self.book.peers.as_ref().ok_or(ConversationError::Missing("book of a peers' room"))
    }

    pub(super) fn peers_book_mut(&mut self) -> Result<&mut PeersBook> {
        self.book.peers.as_mut().ok_or(ConversationError::Missing("book of a peers' room"))
    }

    /// An event that the room has accepted.
    pub(super) fn peers_room_event(&mut self, turn: &mut Turn<'_>, pdu: &Pdu) -> Result<()> {
        match (pdu.event_type(), pdu.state_key()) {
            ("m.room.member", Some(user)) => match UserId::parse(user) {
                Ok(user) => self.peer_comes_or_goes(turn, pdu, &user),
                Err(_) => Ok(()),
            },
            (parts::EVENT_TYPE, None) => self.hear_part(turn, pdu),
            _ => Ok(()),
        }?;
        // Any event may join what stood side by side, and so change the state.
        self.look_for_order(turn)
    }

    fn peer_comes_or_goes(&mut self, turn: &mut Turn<'_>, pdu: &Pdu, user: &OwnedUserId) -> Result<()> {
        let membership = pdu.content_str("membership").unwrap_or_default();
        if *user == turn.gateway.names.gateway_user() {
            return if matches!(membership.as_str(), "leave" | "ban") { self.peers_room_is_over(turn) } else { Ok(()) };
        }
        if matches!(membership.as_str(), "leave" | "ban") {
            // Whoever comes back goes on counting: what is missing then is asked for.
            self.peers_book_mut()?.heard.remove(user.as_str());
        }
        let providers: Vec<String> = self.peers_book()?.spoken_for_by(user).map(str::to_owned).collect();
        let news = providers.into_iter().filter_map(|provider| match membership.as_str() {
            "join" => Some(PeersNews::Present(provider)),
            "leave" | "ban" => Some(PeersNews::Absent(provider)),
            _ => None,
        });
        turn.decision.news.extend(news);
        self.look_for_strangers(turn)
    }

    /// Who is in the room hears everything that is said in it.
    fn look_for_strangers(&self, turn: &mut Turn<'_>) -> Result<()> {
        let (book, ours) = (self.peers_book()?, turn.gateway.names.gateway_user());
        let is_known = |user: &OwnedUserId| *user == ours || book.spoken_for_by(user).next().is_some();
        let here = self.room.as_ref().map(Room::joined_users).unwrap_or_default();
        turn.decision.news.push(PeersNews::Strangers(!here.iter().all(is_known)));
        Ok(())
    }

    fn peers_room_is_over(&mut self, turn: &mut Turn<'_>) -> Result<()> {
        self.row.status = "closed".to_owned();
        turn.decision.news.push(PeersNews::Left);
        Ok(())
    }

    /// Whether a user is in the room.
    fn is_here(&self, user: &UserId) -> bool {
        self.room.as_ref().is_some_and(|room| room.membership(user).as_deref() == Some("join"))
    }
}

impl PeersBook {
    /// The providers that a Matrix user speaks for.
    fn spoken_for_by(&self, user: &UserId) -> impl Iterator<Item = &str> {
        self.names.iter().filter(move |(_, name)| user == name.as_str()).map(|(provider, _)| provider.as_str())
    }
}
