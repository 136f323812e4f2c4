//! Two gateways, each with a homeserver and one Matrix user behind it, wired in memory. Every turn loads the
//! conversation from what was stored and stores it again, as if the process had died in between; a refused turn
//! stores nothing.

mod deliver;
mod federation;
mod stored;

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::Arc;

use causeway_core::conversation::{Claim, Conversation, ConversationError, Gateway, Outgoing, Retention, Turn, notices};
use causeway_core::identity::Names;
use causeway_core::matrix::{EventDraft, Outcome, Pdu, Room, SigningKeys};
use causeway_core::records::{ConsentRow, LossRow};
use causeway_drafts::mimi_protocol_06::submit_message::SubmitStatus;
use causeway_drafts::mimi_uri::{ProviderDomain, UserUri};
use causeway_mls::{ClientIdentity, CredentialAuthority, KeyPackageBundle, TrustRoots, new_key_package};
use rand::SeedableRng;
use rand::rngs::StdRng;
use ruma::{EventId, OwnedUserId, RoomVersionId, UserId};
use serde_json::{Value, json};
use zeroize::Zeroizing;

use crate::support::rooms::{NOW, Server, server};
use stored::Stored;

/// The gateway of `a.test`, with `@alice:hs-a.test` behind it.
pub(crate) const A: usize = 0;
/// The gateway of `b.test`, with `@bob:hs-b.test` behind it.
pub(crate) const B: usize = 1;

/// A gateway and what stands behind it.
pub(crate) struct Side {
    pub(crate) gateway: Gateway,
    /// The homeserver, with its user.
    pub(crate) homeserver: Server,
    /// The rooms as the homeserver sees them.
    pub(crate) native: Vec<Room>,
    conversations: Vec<Stored>,
    outbox: VecDeque<(usize, String, Outgoing)>,
    key_packages: Vec<(KeyPackageBundle, ClientIdentity)>,
    /// What they were claimed for, by their references.
    claims: BTreeMap<Vec<u8>, Claim>,
    pub(crate) losses: Vec<LossRow>,
    pub(crate) consents: Vec<ConsentRow>,
}

pub(crate) struct World {
    pub(crate) sides: [Side; 2],
    roots: TrustRoots,
    pub(crate) now: u64,
    /// Every fan-out arrives a second time.
    pub(crate) send_twice: bool,
    /// What a request brings about arrives before its answer.
    pub(crate) answers_come_late: bool,
    /// Nobody reaches the other side, nor is heard there.
    pub(crate) is_cut: bool,
    /// The follower's provider knows MIMI alone: it has no `causewayPeer`.
    pub(crate) b_is_plain: bool,
    /// While the line is cut, events between the gateways pass all the same.
    pub(crate) events_pass: bool,
    /// Events between the gateways are kept by the test, which delivers them itself: to whom, and which.
    pub(crate) held_events: Option<Vec<(usize, Arc<Pdu>)>>,
    /// What is missing of a room between the gateways cannot be had.
    pub(crate) gaps_stay: bool,
    /// Messages that were heard in peers' rooms.
    pub(crate) heard_in_peers_rooms: usize,
    /// So many of the next requests are taken, but their answers get lost.
    pub(crate) lose_answers: usize,
    /// Every message and change that was sent to a hub, in order.
    pub(crate) sent_to_hubs: Vec<Vec<u8>>,
    /// What a hub has answered to a message: the same body has the same answer.
    submitted: HashMap<Vec<u8>, SubmitStatus>,
    /// Items delivered so far.
    done: usize,
    rng: StdRng,
}

fn side(letter: &str, user: &str) -> Side {
    let provider: ProviderDomain = format!("{letter}.test").parse().unwrap();
    let server_name = format!("gw-{letter}.test");
    let (authority, _) = CredentialAuthority::generate(&provider).unwrap();
    Side {
        gateway: Gateway {
            names: Names::new(&server_name, provider.clone(), vec![]),
            keys: SigningKeys::generate(&server_name, "1").unwrap(),
            hub: authority.issue_hub(&provider).unwrap(),
            authority,
            hub_key: Zeroizing::new([7; 32]),
            endpoint_mode_allowed: true,
            retention: Retention::default(),
            peers_room: false,
        },
        homeserver: server(&format!("hs-{letter}.test"), user),
        native: Vec::new(),
        conversations: Vec::new(),
        outbox: VecDeque::new(),
        key_packages: Vec::new(),
        claims: BTreeMap::new(),
        losses: Vec::new(),
        consents: Vec::new(),
    }
}

impl Side {
    /// The MIMI name of the Matrix user.
    pub(crate) fn puppet(&self) -> UserUri {
        self.gateway.names.puppet(&self.homeserver.user).unwrap()
    }

    pub(crate) fn conversation(&self, index: usize) -> Conversation {
        self.conversations[index].load()
    }

    /// The database was restored from a backup, and adopted.
    pub(crate) fn adopt(&mut self, index: usize) {
        self.conversations[index].forget_secrets();
    }

    /// A backup of the database.
    pub(crate) fn backup(&self, index: usize) -> Stored {
        self.conversations[index].clone()
    }

    /// The database is restored from a backup, and adopted.
    pub(crate) fn restore(&mut self, index: usize, backup: Stored) {
        self.conversations[index].go_back_to(backup);
        self.adopt(index);
    }

    pub(crate) fn conversation_count(&self) -> usize {
        self.conversations.len()
    }

    pub(crate) fn native(&self, index: usize) -> &Room {
        let room_id = self.conversations[index].row.matrix_room_id.clone().unwrap();
        self.native.iter().find(|room| room.room_id() == room_id.as_str()).unwrap()
    }

    /// All that was said in a native room, oldest first: sender and content.
    pub(crate) fn timeline(&self, index: usize) -> Vec<(String, Value)> {
        self.conversations[index].timeline()
    }

    /// Event ids and contents, oldest first.
    pub(crate) fn events(&self, index: usize) -> Vec<(String, Value)> {
        self.conversations[index].events()
    }

    /// Every event of a room of the gateway's, in order of arrival.
    pub(crate) fn room_events(&self, index: usize) -> Vec<Arc<Pdu>> {
        self.conversations[index].all_events()
    }

    /// What people said, without the gateway's notices.
    pub(crate) fn said(&self, index: usize) -> Vec<(String, String)> {
        let messages = self.timeline(index).into_iter().filter(|(_, content)| content["msgtype"] == "m.text");
        messages.map(|(sender, content)| (sender, content["body"].as_str().unwrap_or_default().to_owned())).collect()
    }

    pub(crate) fn notices(&self, index: usize) -> Vec<String> {
        let notices = self.timeline(index).into_iter().filter(|(_, content)| content["msgtype"] == "m.notice");
        notices.map(|(_, content)| content["body"].as_str().unwrap_or_default().to_owned()).collect()
    }
}

impl World {
    pub(crate) fn new() -> Self {
        let sides = [side("a", "alice"), side("b", "bob")];
        let mut roots = TrustRoots::default();
        for side in &sides {
            roots.pin(side.gateway.names.provider(), side.gateway.authority.root_der());
        }
        let mut world = Self {
            sides,
            roots,
            now: NOW,
            send_twice: false,
            answers_come_late: false,
            is_cut: false,
            b_is_plain: false,
            events_pass: false,
            held_events: None,
            gaps_stay: false,
            heard_in_peers_rooms: 0,
            lose_answers: 0,
            sent_to_hubs: Vec::new(),
            submitted: HashMap::new(),
            done: 0,
            rng: StdRng::seed_from_u64(1),
        };
        for side in [A, B] {
            for _ in 0..3 {
                world.publish_key_package(side, &world.sides[side].puppet());
            }
        }
        world
    }

    fn publish_key_package(&mut self, side: usize, user: &UserUri) {
        let side = &mut self.sides[side];
        let client = side.gateway.names.puppet_client(user);
        let identity = side.gateway.authority.issue_client(&client, user).unwrap();
        side.key_packages.push((new_key_package(&identity, self.now).unwrap(), identity));
    }

    /// The ghost of the other side's user.
    pub(crate) fn ghost_of_peer(&self, side: usize) -> OwnedUserId {
        self.sides[side].gateway.names.ghost(&self.sides[1 - side].puppet())
    }

    /// One turn of the core: load, call, store; if it refuses, nothing is stored.
    pub(crate) fn turn<T>(
        &mut self,
        side: usize,
        index: usize,
        body: impl FnOnce(&mut Conversation, &mut Turn<'_>) -> Result<T, ConversationError>,
    ) -> Result<T, ConversationError> {
        self.now += 1000;
        let at = side;
        let side = &mut self.sides[side];
        let mut conversation = side.conversations[index].load();
        conversation.apply_retention(&side.gateway);
        let mut turn = Turn::new(&side.gateway, &self.roots, self.now, &mut self.rng);
        let result = body(&mut conversation, &mut turn)?;
        let mut decision = turn.decision;
        decision.outbox.extend(conversation.note_head(&side.gateway, self.now));
        side.conversations[index].save(conversation);
        side.outbox.extend(decision.outbox.into_iter().map(|(lane, item)| (index, lane, item)));
        side.losses.extend(decision.losses);
        side.consents.extend(decision.consents);
        side.key_packages.retain(|(bundle, _)| !decision.spent_key_packages.contains(&bundle.reference));
        self.pass_on(at, index, decision.news);
        Ok(result)
    }

    /// A conversation that begins.
    pub(crate) fn begin(&mut self, side: usize, make: impl FnOnce(&mut Turn<'_>) -> Conversation) -> usize {
        let index = self.sides[side].conversations.len();
        let (mut conversation, news) = {
            let side = &mut self.sides[side];
            let mut turn = Turn::new(&side.gateway, &self.roots, self.now, &mut self.rng);
            let conversation = make(&mut turn);
            let decision = turn.decision;
            side.consents.extend(decision.consents);
            side.outbox.extend(decision.outbox.into_iter().map(|(lane, item)| (index, lane, item)));
            (conversation, decision.news)
        };
        conversation.row.id = index as i64 + 1;
        self.sides[side].conversations.push(Stored::new(conversation));
        self.pass_on(side, index, news);
        index
    }

    // --- what Matrix users do ------------------------------------------------------------------------------------

    /// Sends an event as the side's Matrix user, and lets the gateway hear it.
    pub(crate) fn act(&mut self, side: usize, index: usize, draft: EventDraft) -> Arc<Pdu> {
        self.now += 1000;
        let now = self.now;
        let room_id = self.sides[side].conversations[index].row.matrix_room_id.clone().unwrap();
        let here = &mut self.sides[side];
        let room = here.native.iter_mut().find(|room| room.room_id() == room_id.as_str()).unwrap();
        let pdu = Arc::new(room.build(&draft, now, &here.homeserver.keys).unwrap());
        assert_eq!(room.accept(pdu.clone()), Outcome::Accepted);
        self.hear(side, index, pdu.clone()).unwrap();
        pdu
    }

    fn hear(&mut self, side: usize, index: usize, pdu: Arc<Pdu>) -> Result<(), ConversationError> {
        self.turn(side, index, |conversation, turn| match conversation.room.as_mut().unwrap().accept(pdu.clone()) {
            Outcome::Accepted => conversation.matrix_event(turn, &pdu),
            other => panic!("the gateway does not accept {}: {other:?}", pdu.json()),
        })
    }

    pub(crate) fn set(&mut self, side: usize, index: usize, state: (&str, &str, Value)) -> Arc<Pdu> {
        let draft = self.sides[side].homeserver.draft(state.0, Some(state.1), state.2);
        let pdu = self.act(side, index, draft);
        self.pump();
        pdu
    }

    pub(crate) fn send(&mut self, side: usize, index: usize, event_type: &str, content: Value) -> Arc<Pdu> {
        let draft = self.sides[side].homeserver.draft(event_type, None, content);
        let pdu = self.act(side, index, draft);
        self.pump();
        pdu
    }

    pub(crate) fn say(&mut self, side: usize, index: usize, words: &str) -> Arc<Pdu> {
        self.send(side, index, "m.room.message", json!({ "msgtype": "m.text", "body": words }))
    }

    pub(crate) fn redact(&mut self, side: usize, index: usize, event_id: &EventId) {
        let mut draft = self.sides[side].homeserver.draft("m.room.redaction", None, json!({}));
        draft.redacts = Some(event_id.to_owned());
        self.act(side, index, draft);
        self.pump();
    }

    /// The Matrix user follows the gateway's invitation.
    pub(crate) fn accept_invitation(&mut self, side: usize, index: usize) {
        let homeserver = server(self.sides[side].homeserver.keys.server_name(), "placeholder");
        let homeserver = std::mem::replace(&mut self.sides[side].homeserver, homeserver);
        let room = self
            .turn(side, index, |conversation, turn| {
                let room = conversation.room.as_mut().unwrap();
                let native = homeserver.join(room);
                let join = room.state_event("m.room.member", homeserver.user.as_str()).unwrap().clone();
                conversation.matrix_event(turn, &join)?;
                Ok(native)
            })
            .unwrap();
        self.sides[side].homeserver = homeserver;
        self.sides[side].native.push(room);
        self.pump();
    }

    /// An event of the gateway's own user, past the core.
    pub(crate) fn gateway_event(&mut self, side: usize, index: usize, state: (&str, &str, Value), sender: &UserId) {
        let (event_type, state_key, content) = state;
        let draft = EventDraft {
            sender: sender.to_owned(),
            event_type: event_type.to_owned(),
            state_key: Some(state_key.to_owned()),
            content,
            redacts: None,
        };
        let pdu = self
            .turn(side, index, |conversation, turn| {
                let room = conversation.room.as_mut().unwrap();
                let pdu = Arc::new(room.build(&draft, turn.now, &turn.gateway.keys).unwrap());
                assert_eq!(room.accept(pdu.clone()), Outcome::Accepted);
                Ok(pdu)
            })
            .unwrap();
        let native = self.sides[side].native.iter_mut().find(|room| room.room_id() == pdu.room_id()).unwrap();
        assert_eq!(native.accept(pdu), Outcome::Accepted);
    }

    /// The next thing that would be sent.
    pub(crate) fn take_outgoing(&mut self, side: usize) -> (usize, Outgoing) {
        let (index, _, item) = self.sides[side].outbox.pop_front().unwrap();
        (index, item)
    }

    /// All that would be sent.
    pub(crate) fn take_all_outgoing(&mut self, side: usize) -> Vec<(usize, Outgoing)> {
        self.sides[side].outbox.drain(..).map(|(index, _, item)| (index, item)).collect()
    }

    // --- ready-made states ---------------------------------------------------------------------------------------

    /// Alice makes a room and invites the gateway of `a.test`, which joins. Not bridged yet.
    pub(crate) fn gateway_in_room(version: RoomVersionId) -> Self {
        let mut world = Self::new();
        let here = &mut world.sides[A];
        let mut room = here.homeserver.create(version.clone(), &[crate::support::rooms::invite_only()]);
        let gateway_user = here.gateway.names.gateway_user();
        let invite = json!({ "membership": "invite" });
        here.homeserver.set(&mut room, NOW, ("m.room.member", gateway_user.as_str(), invite));
        let (room_id, inviter) = (room.room_id().clone(), here.homeserver.user.clone());
        here.native.push(room);
        let index = world.begin(A, |turn| Conversation::invited(&room_id, version.as_str(), turn.now));
        world.turn(A, index, |conversation, turn| conversation.ours_invited(turn, &inviter, &gateway_user)).unwrap();
        world.pump();
        world
    }

    /// And opts in: the gateway is hub of a MIMI room.
    pub(crate) fn bridged(version: RoomVersionId) -> Self {
        let mut world = Self::gateway_in_room(version);
        world.set(A, 0, (notices::OPT_IN_TYPE, "gw-a.test", json!({ "trust_mode": "endpoint" })));
        world
    }

    /// And invites Bob, who is asked: conversation 0 at `b.test` is the question.
    pub(crate) fn bob_asked(version: RoomVersionId) -> Self {
        let mut world = Self::bridged(version);
        let ghost = world.ghost_of_peer(A);
        world.set(A, 0, ("m.room.member", ghost.as_str(), json!({ "membership": "invite" })));
        world
    }

    /// And agrees, and follows the invitation to the mirror room: conversation 1 at `b.test`.
    pub(crate) fn together(version: RoomVersionId) -> Self {
        let mut world = Self::bob_asked(version);
        world.accept_invitation(B, 0);
        world.accept_invitation(B, 1);
        world
    }
}

pub(crate) fn user(id: &str) -> OwnedUserId {
    UserId::parse(id).unwrap()
}

/// An event of somebody's.
pub(crate) fn by(sender: &OwnedUserId, event_type: &str, state_key: Option<&str>, content: Value) -> EventDraft {
    EventDraft {
        sender: sender.clone(),
        event_type: event_type.to_owned(),
        state_key: state_key.map(str::to_owned),
        content,
        redacts: None,
    }
}

/// Words.
pub(crate) fn text(sender: &OwnedUserId, words: &str) -> EventDraft {
    by(sender, "m.room.message", None, json!({ "msgtype": "m.text", "body": words }))
}
