//! The gateways as homeservers to one another: events, invitations and joins in peers' rooms.

use std::sync::Arc;

use causeway_core::conversation::peers_room::PeersRoomInvite;
use causeway_core::conversation::peers_room::parts::Part;
use causeway_core::conversation::{Answer, Conversation, Outgoing, PeerMessage, PeersNews};
use causeway_core::matrix::{Outcome, Pdu, Room, Template};
use causeway_drafts::mimi_uri::ProviderDomain;
use serde_json::json;

use super::{World, user};
use crate::support::rooms::snapshot;

impl World {
    /// Whether an item goes to the other gateway as a homeserver.
    pub(super) fn is_for_the_other_gateway(&self, side: usize, item: &Outgoing, lane: &str) -> bool {
        let server = self.sides[1 - side].gateway.names.server_name();
        match item {
            Outgoing::Pdu { .. } => lane == format!("pdu:{server}"),
            Outgoing::MatrixInvite { user: invited, .. } => user(invited).server_name().as_str() == server,
            Outgoing::MatrixJoin { via, .. } => via.iter().any(|via| via == server),
            _ => false,
        }
    }

    /// The peers' room of a side, by its Matrix room id.
    pub(crate) fn room_at(&self, side: usize, room_id: &str) -> Option<usize> {
        self.sides[side].conversations.iter().position(|stored| stored.row.matrix_room_id.as_deref() == Some(room_id))
    }

    /// The peers' rooms of a side.
    pub(crate) fn peers_rooms(&self, side: usize) -> Vec<usize> {
        let kinds = self.sides[side].conversations.iter().enumerate();
        kinds.filter(|(_, stored)| stored.row.kind == "peers").map(|(index, _)| index).collect()
    }

    pub(super) fn federate(&mut self, side: usize, index: usize, event_id: &str) {
        let events = self.sides[side].conversations[index].all_events();
        let pdu = events.into_iter().find(|pdu| pdu.event_id() == event_id).unwrap();
        match &mut self.held_events {
            Some(held) => held.push((1 - side, pdu)),
            None => self.hear_event(1 - side, &pdu),
        }
    }

    /// An event of the other gateway comes in.
    pub(crate) fn hear_event(&mut self, side: usize, pdu: &Arc<Pdu>) {
        let Some(index) = self.room_at(side, pdu.room_id().as_str()) else { return };
        let missing = self.take_event(side, index, pdu);
        if missing.is_empty() {
            return;
        }
        if self.gaps_stay {
            self.jump(side, index, pdu);
        } else {
            self.fill_gap(side, index);
        }
        assert!(self.take_event(side, index, pdu).is_empty(), "the gap is not filled");
    }

    /// Takes an event in; gives those before it that are missing.
    fn take_event(&mut self, side: usize, index: usize, pdu: &Arc<Pdu>) -> Vec<String> {
        let stored = self.sides[side].conversations[index].all_events();
        if stored.iter().any(|known| known.event_id() == pdu.event_id()) {
            return Vec::new();
        }
        let known = pdu.prev_events().iter().filter(|prev| stored.iter().any(|known| known.event_id() == *prev));
        let states: Vec<_> =
            known.map(|prev| (prev.clone(), self.sides[side].conversations[index].state_after(prev).cloned())).collect();
        let taken = self.turn(side, index, |conversation, turn| {
            let room = conversation.room.as_mut().unwrap();
            for (known, state) in states {
                if !room.knows_state_after(&known) {
                    let state = state.unwrap_or_else(|| room.state().clone());
                    room.learn_state(known, state);
                }
            }
            match room.accept(pdu.clone()) {
                Outcome::Accepted => conversation.matrix_event(turn, pdu).map(|()| Vec::new()),
                Outcome::MissingPrev(missing) => Ok(missing.iter().map(ToString::to_string).collect()),
                Outcome::Duplicate | Outcome::SoftFailed(_) | Outcome::Rejected(_) => Ok(Vec::new()),
                other => panic!("{other:?}: {}", pdu.json()),
            }
        });
        taken.unwrap()
    }

    /// get_missing_events: all that the other side has, oldest first.
    fn fill_gap(&mut self, side: usize, index: usize) {
        let room_id = self.sides[side].conversations[index].row.matrix_room_id.clone().unwrap();
        let there = self.room_at(1 - side, &room_id).unwrap();
        let mut events = self.sides[1 - side].conversations[there].all_events();
        events.sort_by_key(|pdu| pdu.depth());
        for pdu in events {
            self.take_event(side, index, &pdu);
        }
    }

    /// Where the gap is not to be filled, the state behind it is asked for.
    fn jump(&mut self, side: usize, index: usize, pdu: &Arc<Pdu>) {
        self.turn(side, index, |conversation, _| {
            let room = conversation.room.as_mut().unwrap();
            let state = room.state().clone();
            for prev in pdu.prev_events() {
                room.learn_state(prev.clone(), state.clone());
            }
            // What the jump has taught is kept by the room only as long as it is loaded: the event follows at once.
            assert_eq!(room.accept(pdu.clone()), Outcome::Accepted);
            Ok(())
        })
        .unwrap();
        self.turn(side, index, |conversation, turn| conversation.matrix_event(turn, pdu)).unwrap();
    }

    /// What a peers' room has for the conversation that it serves.
    pub(super) fn pass_on(&mut self, side: usize, index: usize, news: Vec<PeersNews>) {
        if news.is_empty() {
            return;
        }
        let stored = &self.sides[side].conversations[index];
        let (room, room_id) = (stored.load().served_room().unwrap(), stored.row.matrix_room_id.clone().unwrap());
        let Some(served) = self.conversation_of(side, &room) else { return };
        for news in news {
            match news {
                PeersNews::Said(_, events) => {
                    let stored = self.sides[side].conversations[index].all_events();
                    let content = |id: &String| stored.iter().find(|pdu| pdu.event_id() == id.as_str()).unwrap().content_value();
                    let message = Part::join_contents(&events.iter().map(content).collect::<Vec<_>>()).unwrap();
                    self.heard_in_peers_rooms += 1;
                    self.peer(side, 1 - side, &room, &PeerMessage::from_bytes(&message).unwrap());
                }
                news => {
                    self.turn(side, served, |conversation, turn| conversation.hear_of_peers_room(turn, &room_id, &news)).unwrap()
                }
            }
        }
    }

    /// The other gateway's invite endpoint.
    pub(super) fn invite_peer(&mut self, side: usize, index: usize, pdu: Box<Pdu>) -> Answer {
        match self.invited(1 - side, &pdu, self.create_event(side, index)) {
            Ok(()) => Answer::Invited(pdu),
            Err(why) => Answer::Refused(why),
        }
    }

    /// The create event of a side's room.
    pub(crate) fn create_event(&self, side: usize, index: usize) -> serde_json::Value {
        let room = self.sides[side].conversation(index).room.unwrap();
        serde_json::from_str(&room.state_event("m.room.create", "").unwrap().json()).unwrap()
    }

    /// As an invitation comes to a side; or why it does not follow it.
    pub(crate) fn invited(&mut self, side: usize, pdu: &Pdu, create: serde_json::Value) -> Result<(), String> {
        let said = |error: causeway_core::conversation::ConversationError| error.to_string();
        let invite = PeersRoomInvite::read(pdu, &ruma::RoomVersionId::V12, &[create]).map_err(said)?.ok_or("another room")?;
        if self.user_of(&invite.provider).as_ref() != Some(&invite.inviter) {
            return Err("the provider's directory does not name the inviter".to_owned());
        }
        let served = self.conversation_of(side, &invite.mimi_room).ok_or("no such MIMI room")?;
        self.turn(side, served, |conversation, turn| conversation.admits_peers_room(turn, &invite.provider)).map_err(said)?;
        self.begin(side, |turn| Conversation::follow_to_peers_room(turn, &invite, pdu).unwrap());
        Ok(())
    }

    /// Whom a provider's directory names.
    fn user_of(&self, provider: &ProviderDomain) -> Option<ruma::OwnedUserId> {
        let side = self.sides.iter().find(|side| side.gateway.names.provider() == provider)?;
        side.gateway.peers_room.then(|| side.gateway.names.gateway_user())
    }

    pub(super) fn name_peer(&mut self, side: usize, room_id: &str, provider: &ProviderDomain) {
        let (index, user) = (self.room_at(side, room_id).unwrap(), self.user_of(provider));
        self.turn(side, index, |conversation, turn| conversation.name_peer(turn, provider, user.as_deref())).unwrap();
    }

    pub(super) fn say_in_peers_room(&mut self, side: usize, room_id: &str, said: (&[String], &[u8])) -> Vec<String> {
        let index = self.room_at(side, room_id).unwrap();
        self.turn(side, index, |conversation, turn| conversation.say_in_peers_room(turn, said.0, said.1)).unwrap()
    }

    pub(super) fn leave_peers_room(&mut self, side: usize, room_id: &str) {
        let index = self.room_at(side, room_id).unwrap();
        self.turn(side, index, |conversation, turn| conversation.leave_peers_room(turn)).unwrap();
    }

    /// make_join and send_join at the other gateway.
    pub(super) fn join_peer(&mut self, side: usize, item: &Outgoing) -> Answer {
        let Outgoing::MatrixJoin { room_id, user: joiner, .. } = item else { panic!("a join was prepared for {}", item.kind()) };
        let (joiner, now) = (user(joiner), self.now);
        let there = self.room_at(1 - side, room_id).unwrap();
        let room = self.sides[1 - side].conversation(there).room.unwrap();
        let template = Template::read(&room.membership_template(&joiner, "join", None).unwrap()).unwrap();
        let (state, chain) = snapshot(&room);
        let (place, keys) = ((room.room_id(), room.version()), &self.sides[side].gateway.keys);
        let join = Arc::new(template.membership(place, &joiner, json!({ "membership": "join" }), (now, keys)).unwrap());
        let joined = Room::from_send_join(room.version().clone(), state, chain, join.clone()).unwrap();
        self.take_event(1 - side, there, &join);
        Answer::Joined(Box::new(joined))
    }
}
