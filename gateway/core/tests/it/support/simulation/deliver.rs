//! The outboxes: lanes in order, one request at a time, until nothing is left to send.

use std::collections::{BTreeSet, VecDeque};
use std::sync::Arc;

use causeway_core::conversation::{
    Answer, Claim, Conversation, ConversationError, MimiRequest, Next, Outgoing, PeerMessage, Prepared, WelcomeFor,
};
use causeway_core::matrix::{Outcome, Room, Template};
use causeway_drafts::decode_exact;
use causeway_drafts::mimi_protocol_06::Protocol;
use causeway_drafts::mimi_protocol_06::consent::{ConsentEntry, ConsentOperation};
use causeway_drafts::mimi_protocol_06::key_material::{
    ClientKeyMaterial, ClientKeyMaterialStatus, KeyMaterialRequest, KeyMaterialResponse, KeyMaterialUserCode,
};
use causeway_drafts::mimi_protocol_06::notify::{FanoutBody, FanoutMessage};
use causeway_drafts::mimi_protocol_06::submit_message::{SubmitMessageRequest, SubmitMessageResponse, SubmitStatus};
use causeway_drafts::mimi_protocol_06::update::{UpdateRequest, UpdateRoomResponse, UpdateStatus};
use causeway_drafts::mimi_uri::{RoomUri, UserUri};
use causeway_mls::{ClientIdentity, JoinableGroupInfo, KeyPackageBundle, MlsError, welcome_references};
use serde_json::json;

use super::{A, B, World, user};
use crate::support::rooms::snapshot;

/// More rounds than any test needs.
const ROUNDS: usize = 200;
/// So many rounds may pass in which nothing but time does.
const PATIENCE: usize = 3;
/// After a request without answer, ms.
const AGAIN: u64 = 250;

/// What would make an hour pass at once.
fn waits_for_an_hour(item: &Outgoing) -> bool {
    matches!(item, Outgoing::AwaitAnew { .. })
}

impl World {
    /// Sends until all outboxes are empty, or, while the line is cut, until nothing else can be done.
    pub(crate) fn pump(&mut self) {
        if self.is_cut {
            while [A, B].map(|side| self.pass(side)) != [false, false] {}
            return;
        }
        self.pump_from(A);
    }

    /// The same, and `first` sends first.
    pub(crate) fn pump_from(&mut self, first: usize) {
        let mut idle = 0;
        for _ in 0..ROUNDS {
            let before = self.done;
            let progress = [first, 1 - first].map(|side| self.pass(side));
            let waits_only = |side: &usize| self.sides[*side].outbox.iter().all(|(_, _, item)| waits_for_an_hour(item));
            if [A, B].iter().all(waits_only) {
                return;
            }
            // An item that waits may wait for what its own request has made the other side send.
            idle = if progress == [false, false] && self.done == before { idle + 1 } else { 0 };
            if idle == PATIENCE {
                let kinds = [A, B].map(|side| self.sides[side].outbox.iter().map(|(_, _, item)| item.kind()).collect::<Vec<_>>());
                panic!("the gateways are stuck with {kinds:?}");
            }
        }
        panic!("the gateways never come to rest");
    }

    /// Tries every lane of one side once.
    pub(crate) fn pass_only(&mut self, side: usize) {
        self.pass(side);
    }

    /// Sends from one side until it has to wait: the other's requests are slow.
    pub(crate) fn pump_only(&mut self, side: usize) {
        while self.pass(side) {}
    }

    /// Tries every lane's head once. Whether anything was done.
    fn pass(&mut self, side: usize) -> bool {
        let mut items: VecDeque<_> = std::mem::take(&mut self.sides[side].outbox);
        let (mut waiting, mut blocked, mut progress) = (VecDeque::new(), BTreeSet::new(), false);
        while let Some((index, lane, item)) = items.pop_front() {
            if blocked.contains(&lane) {
                waiting.push_back((index, lane, item));
                continue;
            }
            match self.deliver(side, index, &item, &lane) {
                Next::Done => {
                    progress = true;
                    self.done += 1;
                }
                Next::Replace(other) => {
                    progress = true;
                    blocked.insert(lane.clone());
                    waiting.push_back((index, lane, *other));
                }
                Next::Retry(after) => {
                    self.now += if waits_for_an_hour(&item) { 0 } else { after };
                    blocked.insert(lane.clone());
                    waiting.push_back((index, lane, item));
                }
            }
        }
        // What was decided meanwhile comes behind what still waits.
        waiting.append(&mut self.sides[side].outbox);
        self.sides[side].outbox = waiting;
        progress
    }

    fn deliver(&mut self, side: usize, index: usize, item: &Outgoing, lane: &str) -> Next {
        // What is stored is what survives.
        let item = &Outgoing::from_bytes(&item.to_bytes()).unwrap();
        if self.is_cut && !self.events_pass && self.is_for_the_other_gateway(side, item, lane) {
            return Next::Retry(AGAIN);
        }
        let answer = match self.turn(side, index, |conversation, turn| conversation.prepare(turn, item)).unwrap() {
            Prepared::Done if self.is_cut && matches!(item, Outgoing::Notify { .. }) => return Next::Retry(AGAIN),
            Prepared::Mimi(_) if self.is_cut => return Next::Retry(AGAIN),
            Prepared::Done => {
                match item {
                    Outgoing::Pdu { event_id } if self.is_for_the_other_gateway(side, item, lane) => {
                        self.federate(side, index, event_id);
                    }
                    Outgoing::Pdu { event_id } => self.deliver_pdu(side, index, event_id, lane),
                    Outgoing::Notify { message, .. } => {
                        self.notify(1 - side, message, side, index);
                        if self.send_twice {
                            self.notify(1 - side, message, side, index);
                        }
                    }
                    _ => {}
                }
                return Next::Done;
            }
            Prepared::Decline => return Next::Done,
            Prepared::Wait(after) => return Next::Retry(after),
            Prepared::Invite(pdu) if self.is_for_the_other_gateway(side, item, lane) => self.invite_peer(side, index, pdu),
            Prepared::Invite(pdu) => Answer::Invited(pdu),
            Prepared::Join if self.is_for_the_other_gateway(side, item, lane) => self.join_peer(side, item),
            Prepared::Join => self.join(side, item),
            Prepared::InPeersRoom { room_id, to, message } => {
                Answer::InPeersRoom(self.say_in_peers_room(side, &room_id, (&to, &message)))
            }
            Prepared::OpenPeersRoom(room) => {
                self.begin(side, |turn| Conversation::open_peers_room(turn, &room).unwrap());
                return Next::Done;
            }
            Prepared::NamePeer(..) if self.is_cut => return Next::Retry(AGAIN),
            Prepared::NamePeer(room_id, provider) => {
                self.name_peer(side, &room_id, &provider);
                return Next::Done;
            }
            Prepared::DismissPeer(room_id, provider) => {
                let room = self.room_at(side, &room_id).unwrap();
                self.turn(side, room, |conversation, turn| conversation.dismiss_peer(turn, &provider)).unwrap();
                return Next::Done;
            }
            Prepared::OrderByRoom(room_id, entries) => {
                let room = self.room_at(side, &room_id).unwrap();
                self.turn(side, room, |conversation, turn| conversation.say_order(turn, &entries)).unwrap();
                return Next::Done;
            }
            Prepared::LeavePeersRoom(room_id) => {
                self.leave_peers_room(side, &room_id);
                return Next::Done;
            }
            Prepared::Mimi(request) => {
                let answer = self.request(side, index, request);
                if self.lose_answers > 0 {
                    self.lose_answers -= 1;
                    return Next::Retry(AGAIN);
                }
                answer
            }
        };
        if self.answers_come_late {
            self.pump_only(1 - side);
        }
        self.turn(side, index, |conversation, turn| conversation.answered(turn, item, &answer)).unwrap()
    }

    fn deliver_pdu(&mut self, side: usize, index: usize, event_id: &str, lane: &str) {
        let homeserver = self.sides[side].homeserver.keys.server_name().to_owned();
        assert_eq!(lane, format!("pdu:{homeserver}"));
        let conversation = self.sides[side].conversation(index);
        let pdu = conversation.room.unwrap().event(event_id.try_into().unwrap()).unwrap().clone();
        let native = self.sides[side].native.iter_mut().find(|room| room.room_id() == pdu.room_id());
        if let Some(room) = native {
            let outcome = room.accept(pdu.clone());
            assert!(matches!(outcome, Outcome::Accepted | Outcome::Duplicate), "{outcome:?}: {}", pdu.json());
        }
    }

    /// make_join and send_join at the homeserver.
    fn join(&mut self, side: usize, item: &Outgoing) -> Answer {
        let Outgoing::MatrixJoin { room_id, user: joiner, .. } = item else { panic!("a join was prepared for {}", item.kind()) };
        let (joiner, now) = (user(joiner), self.now);
        let here = &mut self.sides[side];
        let room = here.native.iter_mut().find(|room| room.room_id() == room_id.as_str()).unwrap();
        let template = Template::read(&room.membership_template(&joiner, "join", None).unwrap()).unwrap();
        let (state, chain) = snapshot(room);
        let place = (room.room_id(), room.version());
        let join = template.membership(place, &joiner, json!({ "membership": "join" }), (now, &here.gateway.keys)).unwrap();
        let join = Arc::new(join);
        let joined = Room::from_send_join(room.version().clone(), state, chain, join.clone()).unwrap();
        assert_eq!(room.accept(join), Outcome::Accepted);
        Answer::Joined(Box::new(joined))
    }

    /// A request at the other gateway.
    fn request(&mut self, side: usize, index: usize, request: MimiRequest) -> Answer {
        let peer = 1 - side;
        match request {
            MimiRequest::KeyMaterial(target, body) => {
                let request: KeyMaterialRequest = decode_exact(&body).unwrap();
                let claim = Claim { by: self.sides[side].gateway.names.provider().clone(), room: request.tbs.room_id };
                Answer::KeyMaterial(self.key_material(peer, &target, claim))
            }
            MimiRequest::Submit(_, body) => {
                let request: SubmitMessageRequest = decode_exact(&body).unwrap();
                self.sent_to_hubs.push(body.clone());
                let status = match self.submitted.get(&body) {
                    Some(status) => status.clone(),
                    None => self.submit(peer, side, index, &request),
                };
                if matches!(status, SubmitStatus::Success { .. }) {
                    self.submitted.insert(body, status.clone());
                }
                Answer::Submitted(SubmitMessageResponse::new(status))
            }
            MimiRequest::Update(_, body) => {
                let request: UpdateRequest = decode_exact(&body).unwrap();
                self.sent_to_hubs.push(body);
                Answer::Updated(self.update(peer, side, index, &request))
            }
            MimiRequest::GroupInfo(..) => self.group_info(peer, side, index),
            MimiRequest::Peer(..) if peer == B && self.b_is_plain => Answer::NoEndpoint,
            MimiRequest::Peer(room, _, body) => {
                self.peer(peer, side, &room, &PeerMessage::from_bytes(&body).unwrap());
                Answer::Accepted
            }
            MimiRequest::RequestConsent(entry) => self.consent_requested(peer, &decode_exact(&entry).unwrap()),
            MimiRequest::UpdateConsent(entry) => self.consent_updated(peer, &decode_exact(&entry).unwrap()),
        }
    }

    pub(super) fn peer(&mut self, side: usize, from: usize, room: &RoomUri, message: &PeerMessage) {
        let welcomes = match message {
            PeerMessage::Welcome { welcome, .. } => self.welcomed_by(side, welcome),
            _ => Vec::new(),
        };
        let index = match self.conversation_of(side, room) {
            Some(index) => index,
            None if welcomes.is_empty() => return,
            None => self.begin(side, |turn| Conversation::welcomed(room, turn.now)),
        };
        let from = self.sides[from].gateway.names.provider().clone();
        self.turn(side, index, |conversation, turn| conversation.peer(turn, &from, std::slice::from_ref(message), welcomes))
            .unwrap();
    }

    fn welcomed_by(&self, side: usize, welcome: &[u8]) -> Vec<WelcomeFor> {
        let references = welcome_references(welcome).unwrap();
        let here = &self.sides[side];
        let ours = here.key_packages.iter().filter(|(bundle, _)| references.contains(&bundle.reference));
        let with_claim = |(bundle, identity): &(KeyPackageBundle, ClientIdentity)| WelcomeFor {
            bundle: bundle.clone(),
            identity: identity.clone(),
            claim: here.claims.get(&bundle.reference).cloned(),
        };
        ours.map(with_claim).collect()
    }

    fn mimi_room(&self, side: usize, index: usize) -> RoomUri {
        self.sides[side].conversations[index].row.mimi_room.as_ref().unwrap().parse().unwrap()
    }

    pub(super) fn conversation_of(&self, side: usize, room: &RoomUri) -> Option<usize> {
        self.sides[side].conversations.iter().position(|stored| stored.row.mimi_room.as_deref() == Some(room.as_str()))
    }

    fn notify(&mut self, side: usize, body: &[u8], from: usize, from_index: usize) {
        let room = self.mimi_room(from, from_index);
        let messages = FanoutMessage::decode_body(body).unwrap();
        let mut welcomes = Vec::new();
        for message in &messages {
            if let FanoutBody::Welcome { message, .. } = &message.body {
                welcomes.extend(self.welcomed_by(side, &message.bytes()[4..]));
            }
        }
        let index = match self.conversation_of(side, &room) {
            Some(index) => index,
            None if welcomes.is_empty() => return,
            None => self.begin(side, |turn| Conversation::welcomed(&room, turn.now)),
        };
        self.turn(side, index, |conversation, turn| conversation.notify(turn, &messages, welcomes)).unwrap();
    }

    fn key_material(&mut self, side: usize, target: &UserUri, claim: Claim) -> KeyMaterialResponse {
        if !self.sides[side].key_packages.iter().any(|(_, identity)| identity.user_uri == *target) {
            self.publish_key_package(side, target);
        }
        let found = self.sides[side].key_packages.iter().find(|(_, identity)| identity.user_uri == *target).unwrap();
        let client = ClientKeyMaterial {
            client_uri: found.1.client_uri.clone(),
            status: ClientKeyMaterialStatus::Success(decode_exact(&found.0.key_package).unwrap()),
        };
        let (code, reference) = (KeyMaterialUserCode::Success, found.0.reference.clone());
        self.sides[side].claims.insert(reference, claim);
        KeyMaterialResponse { protocol: Protocol::Mls10, user_status: code, user_uri: target.clone(), clients: vec![client] }
    }

    fn submit(&mut self, hub: usize, from: usize, from_index: usize, request: &SubmitMessageRequest) -> SubmitStatus {
        let index = self.conversation_of(hub, &self.mimi_room(from, from_index)).unwrap();
        let provider = self.sides[from].gateway.names.provider().clone();
        let message = request.app_message.bytes();
        match self.turn(hub, index, |conversation, turn| conversation.submit(turn, &provider, &request.sending_uri, message)) {
            Ok(taken) => SubmitStatus::Success { accepted_timestamp: taken.accepted_at, frank: Some(taken.frank) },
            Err(ConversationError::WrongEpoch { current } | ConversationError::Mls(MlsError::WrongEpoch { current })) => {
                SubmitStatus::EpochTooOld { current_epoch: current }
            }
            Err(_) => SubmitStatus::NotAllowed,
        }
    }

    pub(crate) fn update(&mut self, hub: usize, from: usize, from_index: usize, request: &UpdateRequest) -> UpdateRoomResponse {
        let index = self.conversation_of(hub, &self.mimi_room(from, from_index)).unwrap();
        let provider = self.sides[from].gateway.names.provider().clone();
        let (status, error_description) =
            match self.turn(hub, index, |conversation, turn| conversation.update(turn, &provider, request)) {
                Ok(accepted_timestamp) => (UpdateStatus::Success { accepted_timestamp }, String::new()),
                Err(ConversationError::WrongEpoch { current } | ConversationError::Mls(MlsError::WrongEpoch { current })) => {
                    (UpdateStatus::WrongEpoch { current_epoch: current }, String::new())
                }
                Err(error) => (UpdateStatus::NotAllowed, error.to_string()),
            };
        UpdateRoomResponse { status, error_description }
    }

    fn group_info(&mut self, hub: usize, from: usize, from_index: usize) -> Answer {
        let index = self.conversation_of(hub, &self.mimi_room(from, from_index)).unwrap();
        let conversation = self.sides[hub].conversation(index);
        let (group_info, ratchet_tree, pending) = conversation.give_group_info().unwrap();
        Answer::GroupInfo(JoinableGroupInfo {
            group_info,
            ratchet_tree,
            pending_proposals: pending.iter().map(|proposal| proposal.message.clone()).collect(),
            hub_key: self.sides[hub].gateway.hub.signature_public_key(),
        })
    }

    fn consent_requested(&mut self, side: usize, entry: &ConsentEntry) -> Answer {
        assert_eq!(entry.operation, ConsentOperation::Request);
        self.begin(side, |turn| Conversation::asked(turn, &entry.requester_uri, &entry.target_uri, "").unwrap());
        Answer::Accepted
    }

    fn consent_updated(&mut self, side: usize, entry: &ConsentEntry) -> Answer {
        if entry.operation == ConsentOperation::Grant {
            for index in 0..self.sides[side].conversation_count() {
                let (requester, target) = (&entry.requester_uri, &entry.target_uri);
                self.turn(side, index, |conversation, turn| conversation.granted(turn, requester, target)).unwrap();
            }
        }
        Answer::Accepted
    }
}
