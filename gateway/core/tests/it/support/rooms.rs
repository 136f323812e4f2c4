//! Homeservers with keys, and what they build.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use causeway_core::matrix::{EventDraft, Outcome, Pdu, Room, RoomParts, SigningKeys, StateDraft, Template};
use ruma::{OwnedUserId, RoomVersionId, UserId};
use serde_json::{Value, json};

pub(crate) const NOW: u64 = 1_790_000_000_000;

/// A homeserver with one user.
pub(crate) struct Server {
    pub(crate) keys: SigningKeys,
    pub(crate) user: OwnedUserId,
}

pub(crate) fn server(name: &str, user: &str) -> Server {
    Server { keys: SigningKeys::generate(name, "1").unwrap(), user: UserId::parse(format!("@{user}:{name}")).unwrap() }
}

pub(crate) fn public_room() -> Vec<StateDraft> {
    vec![StateDraft::new("m.room.join_rules", "", json!({ "join_rule": "public" }))]
}

impl Server {
    pub(crate) fn create(&self, version: RoomVersionId, initial: &[StateDraft]) -> Room {
        let before: Vec<_> = match version {
            RoomVersionId::V12 => vec![StateDraft::new("m.room.power_levels", "", json!({ "users": {} }))],
            _ => vec![StateDraft::new("m.room.power_levels", "", json!({ "users": { self.user.as_str(): 100 } }))],
        };
        let initial: Vec<_> = before.into_iter().chain(initial.iter().cloned()).collect();
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let random = format!("random{}", COUNT.fetch_add(1, Ordering::Relaxed));
        Room::create(version, &self.user, &initial, (NOW, &self.keys, &random)).unwrap()
    }

    pub(crate) fn draft(&self, event_type: &str, state_key: Option<&str>, content: Value) -> EventDraft {
        EventDraft {
            sender: self.user.clone(),
            event_type: event_type.to_owned(),
            state_key: state_key.map(str::to_owned),
            content,
            redacts: None,
        }
    }

    /// Builds a state event and takes it in.
    pub(crate) fn set(&self, room: &mut Room, at: u64, state: (&str, &str, Value)) -> Arc<Pdu> {
        let (event_type, state_key, content) = state;
        let pdu = Arc::new(room.build(&self.draft(event_type, Some(state_key), content), at, &self.keys).unwrap());
        assert_eq!(room.accept(pdu.clone()), Outcome::Accepted);
        pdu
    }

    pub(crate) fn say(&self, room: &mut Room, at: u64, words: &str) -> Arc<Pdu> {
        let draft = self.draft("m.room.message", None, json!({ "msgtype": "m.text", "body": words }));
        let pdu = Arc::new(room.build(&draft, at, &self.keys).unwrap());
        assert_eq!(room.accept(pdu.clone()), Outcome::Accepted);
        pdu
    }

    /// make_join and send_join at a resident server's room; the room as the joiner sees it.
    pub(crate) fn join(&self, resident: &mut Room) -> Room {
        let template = Template::read(&resident.membership_template(&self.user, "join", None).unwrap()).unwrap();
        let before = snapshot(resident);
        let room = (resident.room_id(), resident.version());
        let join = template.membership(room, &self.user, json!({ "membership": "join" }), (NOW, &self.keys)).unwrap();
        let join = Arc::new(join);
        let joined = Room::from_send_join(resident.version().clone(), before.0, before.1, join.clone()).unwrap();
        assert_eq!(resident.accept(join), Outcome::Accepted);
        joined
    }
}

/// What send_join answers: state and auth chain.
pub(crate) fn snapshot(room: &Room) -> (Vec<Arc<Pdu>>, Vec<Arc<Pdu>>) {
    let state: Vec<_> = room.state().values().map(|id| room.event(id).unwrap().clone()).collect();
    let chain = room.auth_chain(room.state().values());
    (state, chain)
}

/// The room through the store and back.
pub(crate) fn stored(room: &mut Room) -> Room {
    let changes = room.take_changes();
    let extremities = changes.extremities.unwrap().into_iter().map(|(id, state)| (id, (*state).clone())).collect();
    let rejected = changes.events.iter().filter(|event| event.rejected.is_some());
    Room::restore(RoomParts {
        room_id: room.room_id().clone(),
        version: room.version().clone(),
        rejected: rejected.map(|event| event.pdu.event_id().clone()).collect(),
        events: changes.events.into_iter().map(|event| event.pdu).collect(),
        extremities,
    })
    .unwrap()
}

pub(crate) fn invite_only() -> StateDraft {
    StateDraft::new("m.room.join_rules", "", json!({ "join_rule": "invite" }))
}
