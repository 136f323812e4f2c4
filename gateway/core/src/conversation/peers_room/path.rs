//! Which way a peer is told something: in a peers' room that its user is in, else at its `causewayPeer` (SPEC §15.2).

use std::collections::{BTreeMap, BTreeSet};

use causeway_drafts::mimi_uri::ProviderDomain;
use serde::{Deserialize, Serialize};

use super::PeersNews;
use crate::conversation::answers::Next;
use crate::conversation::outgoing::lane;
use crate::conversation::prepare::Prepared;
use crate::conversation::{Conversation, ConversationError, Outgoing, Result, Turn};
use crate::records::PeerPathRow;

/// So long a provider without `causewayPeer` is given to come to the peers' room before it is looked at again, ms.
const COMING_PATIENCE: u64 = 1_000;

/// A peers' room, as the conversation that it serves knows it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct KnownRoom {
    /// The provider that has made it.
    pub creator: String,
    /// Providers whose directories are asked who speaks for them.
    pub asked: BTreeSet<String>,
    /// Those of them that will not come.
    pub nameless: BTreeSet<String>,
    /// Providers whose users are in the room.
    pub present: BTreeSet<String>,
    /// Whether somebody is in it of whom we do not know for whom it speaks.
    pub has_strangers: bool,
}

impl KnownRoom {
    /// Whether a provider is to come, and nothing is known against it.
    fn expects(&self, provider: &str) -> bool {
        self.asked.contains(provider) && !self.nameless.contains(provider)
    }

    /// Whether a provider's user is in the room, or may yet come.
    pub(in crate::conversation) fn has_or_expects(&self, provider: &str) -> bool {
        self.present.contains(provider) || self.expects(provider)
    }
}

/// A way to a peer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Path {
    /// Its endpoint.
    CausewayPeer,
    /// Events.
    PeersRoom,
    /// The hub's fan-out: it knows MIMI alone, or its graph has ended.
    FanOut,
}

impl Path {
    /// Its stable name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::CausewayPeer => "causewayPeer",
            Self::PeersRoom => "peers' room",
            Self::FanOut => "fan-out",
        }
    }
}

impl Conversation {
    /// Whether a provider may have us come to a peers' room about this MIMI room.
    ///
    /// # Errors
    /// If it is no peer (DMLS-30), or we do not use such rooms (DMLS-38).
    pub fn admits_peers_room(&self, turn: &Turn<'_>, provider: &ProviderDomain) -> Result<()> {
        if !turn.gateway.peers_room {
            return Err(ConversationError::refused("DMLS-38", "this gateway uses no peers' rooms"));
        }
        match self.is_peer(turn, provider) {
            true => Ok(()),
            false => Err(ConversationError::refused("DMLS-30", "the provider has no client in this room, and was not its hub")),
        }
    }

    /// What a peers' room has to tell, but for what was said in it.
    ///
    /// # Errors
    /// If the conversation has no MIMI room.
    pub fn hear_of_peers_room(&mut self, turn: &mut Turn<'_>, room_id: &str, news: &PeersNews) -> Result<()> {
        match (news, self.book.peers_rooms.get_mut(room_id)) {
            (PeersNews::Entered(creator), _) => {
                self.book.is_opening = false;
                self.book.peers_rooms.entry(room_id.to_owned()).or_default().creator.clone_from(creator);
                return self.attend_to_peers_rooms(turn);
            }
            (PeersNews::Left, _) => {
                self.book.peers_rooms.remove(room_id);
            }
            (PeersNews::Present(provider), Some(room)) => {
                room.nameless.remove(provider);
                room.present.insert(provider.clone());
            }
            (PeersNews::Absent(provider), Some(room)) => {
                room.present.remove(provider);
            }
            (PeersNews::Nameless(provider), Some(room)) => {
                room.nameless.insert(provider.clone());
            }
            (PeersNews::Strangers(has_strangers), Some(room)) => room.has_strangers = *has_strangers,
            (PeersNews::Missed(from), _) => {
                // It may have been what we had asked for.
                self.book.asked.remove(from.as_str());
                self.want_news(turn, from)?;
            }
            (PeersNews::Ordered(order), Some(_)) => return self.follow_order(turn, room_id, order),
            (PeersNews::Said(..), _) | (_, None) => {}
        }
        Ok(())
    }

    /// Without a hub from now on: a room for the peers, if the operator wants that.
    pub(in crate::conversation) fn want_peers_room(&mut self, turn: &mut Turn<'_>) -> Result<()> {
        if turn.gateway.peers_room && self.book.peers_rooms.is_empty() && !std::mem::replace(&mut self.book.is_opening, true) {
            turn.send(lane::peers_room(self.mimi_room()?.as_str()), Outgoing::OpenPeersRoom);
        }
        Ok(())
    }

    pub(in crate::conversation) fn prepare_peers_room(&mut self) -> Result<Prepared> {
        if !self.is_leaderless() || !self.book.peers_rooms.is_empty() {
            self.book.is_opening = false;
            return Ok(Prepared::Done);
        }
        Ok(Prepared::OpenPeersRoom(self.mimi_room()?))
    }

    /// Every peer's directory is asked, once for each room, who speaks for it. Who is no peer any more is sent away by the room's
    /// maker, and asked for anew should it come back.
    pub(in crate::conversation) fn attend_to_peers_rooms(&mut self, turn: &mut Turn<'_>) -> Result<()> {
        self.leave_what_is_stale(turn)?;
        if self.book.peers_rooms.is_empty() {
            return Ok(());
        }
        let peers: BTreeSet<String> = self.peers(turn)?.iter().map(ToString::to_string).collect();
        let (mimi_room, ours) = (self.mimi_room()?, turn.gateway.names.provider().to_string());
        for (room_id, room) in &mut self.book.peers_rooms {
            for provider in &peers {
                if room.asked.insert(provider.clone()) {
                    let lane = lane::peer_name(provider, mimi_room.as_str());
                    turn.send(lane, Outgoing::NamePeer { room_id: room_id.clone(), provider: provider.clone() });
                }
            }
            for provider in room.asked.extract_if(.., |provider| !peers.contains(provider)).filter(|_| room.creator == ours) {
                let item = Outgoing::DismissPeer { room_id: room_id.clone(), provider };
                turn.send(lane::peers_room(mimi_room.as_str()), item);
            }
        }
        Ok(())
    }

    /// The graph has ended: the rooms that were for it are left, behind all that was said in them.
    pub(in crate::conversation) fn leave_peers_rooms(&self, turn: &mut Turn<'_>) -> Result<()> {
        let lane = lane::peers_room(self.mimi_room()?.as_str());
        for room_id in self.book.peers_rooms.keys() {
            turn.send(lane.clone(), Outgoing::LeavePeersRoom { room_id: room_id.clone() });
        }
        Ok(())
    }

    /// What we counted in our rooms came from a restored database: others would take what we say there for what they have heard.
    /// They are left, and another way is taken.
    pub(in crate::conversation) fn distrust_peers_rooms(&mut self) {
        self.book.stale_rooms.extend(std::mem::take(&mut self.book.peers_rooms).into_keys());
    }

    fn leave_what_is_stale(&mut self, turn: &mut Turn<'_>) -> Result<()> {
        let lane = lane::peers_room(self.mimi_room()?.as_str());
        for room_id in std::mem::take(&mut self.book.stale_rooms) {
            turn.send(lane.clone(), Outgoing::LeavePeersRoom { room_id });
        }
        Ok(())
    }

    /// The rooms in which peers hear us, and nobody else: where one is in several, everybody chooses the same.
    pub(in crate::conversation) fn rooms_by_peer(&self, ours: &ProviderDomain) -> BTreeMap<String, String> {
        let mut chosen = BTreeMap::new();
        if self.book.peers_rooms.is_empty() || self.row.resync {
            return chosen;
        }
        let peers: BTreeSet<String> = self.all_peers(ours).unwrap_or_default().iter().map(ToString::to_string).collect();
        let mut rooms: Vec<_> = self.book.peers_rooms.iter().collect();
        rooms.sort_by_key(|(room_id, room)| (&room.creator, *room_id));
        for (room_id, room) in rooms.into_iter().filter(|(_, room)| !room.has_strangers && room.present.is_subset(&peers)) {
            for provider in &room.present {
                chosen.entry(provider.clone()).or_insert_with(|| room_id.clone());
            }
        }
        chosen
    }

    /// Tells peers something, each in its way. Whoever is still owed something at its `causewayPeer` gets that first.
    pub(in crate::conversation) fn tell_each<'a>(
        &mut self,
        turn: &mut Turn<'_>,
        peers: impl IntoIterator<Item = &'a str>,
        message: &[u8],
    ) -> Result<()> {
        self.leave_what_is_stale(turn)?;
        let mimi_room = self.mimi_room()?.to_string();
        let rooms = self.rooms_by_peer(turn.gateway.names.provider());
        let mut in_rooms: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for peer in peers {
            let owed = self.book.owed.get(peer).copied().unwrap_or_default();
            match rooms.get(peer).filter(|_| owed == 0) {
                Some(room_id) => in_rooms.entry(room_id.clone()).or_default().push(peer.to_owned()),
                None => {
                    self.book.owed.insert(peer.to_owned(), owed + 1);
                    let (room, provider, message) = (mimi_room.clone(), peer.to_owned(), message.to_vec());
                    turn.send(lane::peer(peer, &mimi_room), Outgoing::Peer { room, provider, message });
                }
            }
        }
        for (room_id, to) in in_rooms {
            let item = Outgoing::InPeersRoom { room_id, to, message: message.to_vec() };
            turn.send(lane::peers_room(&mimi_room), item);
        }
        Ok(())
    }

    /// Something for one peer: it may have come to a room since that was decided.
    pub(in crate::conversation) fn way_to(&self, turn: &Turn<'_>, provider: &str, message: &[u8]) -> Option<Prepared> {
        let room_id = self.rooms_by_peer(turn.gateway.names.provider()).remove(provider)?;
        Some(Prepared::InPeersRoom { room_id, to: vec![provider.to_owned()], message: message.to_vec() })
    }

    /// Something that was to be said in a peers' room: those who do not hear it there alone any more are told otherwise.
    pub(in crate::conversation) fn prepare_in_peers_room(
        &mut self,
        turn: &mut Turn<'_>,
        (room_id, to): (&str, &[String]),
        message: &[u8],
    ) -> Result<Prepared> {
        let rooms = self.rooms_by_peer(turn.gateway.names.provider());
        let is_there = |provider: &&String| rooms.get(*provider).is_some_and(|room| room == room_id);
        let (there, elsewhere): (Vec<&String>, Vec<&String>) = to.iter().partition(is_there);
        self.tell_each(turn, elsewhere.into_iter().map(String::as_str), message)?;
        match there.is_empty() {
            true => Ok(Prepared::Done),
            false => Ok(Prepared::InPeersRoom {
                room_id: room_id.to_owned(),
                to: there.into_iter().cloned().collect(),
                message: message.to_vec(),
            }),
        }
    }

    /// It has been said in a peers' room, but some were not there: they are told otherwise.
    pub(in crate::conversation) fn said_in_peers_room(
        &mut self,
        turn: &mut Turn<'_>,
        item: &Outgoing,
        absent: &[String],
    ) -> Result<Next> {
        for room in self.book.peers_rooms.values_mut() {
            room.present.retain(|provider| !absent.contains(provider));
        }
        match item {
            Outgoing::Peer { .. } if !absent.is_empty() => Ok(Next::Retry(0)),
            Outgoing::InPeersRoom { message, .. } => {
                self.tell_each(turn, absent.iter().map(String::as_str), message)?;
                Ok(Next::Done)
            }
            _ => Ok(Next::Done),
        }
    }

    /// A peer has what it was told at its `causewayPeer`, or will never have it.
    pub(in crate::conversation) fn is_owed_less(&mut self, provider: &str) {
        if let Some(owed) = self.book.owed.get_mut(provider) {
            *owed = owed.saturating_sub(1);
        }
    }

    /// Whether a provider that has no `causewayPeer` may yet come to a peers' room.
    pub(in crate::conversation) fn may_come(&self, provider: &str) -> Option<Next> {
        let may_come = self.book.is_opening || self.book.peers_rooms.values().any(|room| room.expects(provider));
        may_come.then_some(Next::Retry(COMING_PATIENCE))
    }

    /// Which way each peer is told something, in a room without a hub; empty in others.
    pub fn paths(&self, ours: &ProviderDomain) -> Vec<PeerPathRow> {
        if !self.is_leaderless() {
            return Vec::new();
        }
        let peers = self.all_peers(ours).unwrap_or_default();
        let rooms = self.rooms_by_peer(ours);
        let path = |peer: &ProviderDomain| match rooms.get(peer.as_str()) {
            _ if self.hears_by_fan_out(peer) => (Path::FanOut, None),
            Some(room_id) => (Path::PeersRoom, Some(room_id.clone())),
            None => (Path::CausewayPeer, None),
        };
        let row = |peer: &ProviderDomain| {
            let (path, matrix_room_id) = path(peer);
            PeerPathRow { provider: peer.to_string(), path: path.as_str().to_owned(), matrix_room_id }
        };
        peers.iter().map(row).collect()
    }
}
