//! Parking and replaying, on a node that is prepared but does not listen.
#![allow(clippy::unwrap_used, reason = "a test that cannot unwrap has failed")]

use std::path::Path;
use std::sync::Arc;

use causeway_core::conversation::peers_room::parts::Part;
use causeway_core::conversation::{Conversation, PeerMessage, PeersNews};
use causeway_core::matrix::{EventDraft, Pdu, Room, SigningKeys};
use causeway_core::records::{EventRow, OutboxRow, ParkedRow};
use causeway_drafts::mimi_protocol_06::participant_list::{ParticipantListData, UserRolePair};
use causeway_drafts::mimi_protocol_06::room_metadata::RoomMetadata;
use causeway_drafts::mimi_room_policy_04::capability::Capability;
use causeway_drafts::mimi_room_policy_04::roles_list::{Role, RolesList};
use causeway_drafts::mimi_uri::{ClientUri, RoomUri, UserUri};
use causeway_mls::{CreateGroup, CredentialAuthority, ForkableGroup, Group, RoomState};
use causeway_store::operator::{ParkedLine, QueueLine};
use causeway_store::{Lease, StoreError};
use ruma::{RoomVersionId, user_id};
use serde_json::json;
use tempfile::TempDir;

use super::parked::ReplayError;
use super::{Find, Node, NodeError, PeerSaid, now_ms, to_park};
use crate::config::Config;
use crate::matrix::{Duty, Fetched, Received, take};
use crate::{outbox, startup};

fn certificate(folder: &Path) {
    let made = rcgen::generate_simple_self_signed(vec!["gw.test".to_owned()]).unwrap();
    std::fs::write(folder.join("cert.pem"), made.cert.pem()).unwrap();
    std::fs::write(folder.join("key.pem"), made.signing_key.serialize_pem()).unwrap();
}

pub(crate) async fn node() -> (TempDir, Arc<Node>) {
    let folder = TempDir::new().unwrap();
    certificate(folder.path());
    let side = "listen = \"127.0.0.1:0\"\ncertificate = \"cert.pem\"\nprivate_key = \"key.pem\"\n";
    let text =
        format!("data_directory = \"data\"\n[matrix]\nserver_name = \"gw.test\"\n{side}[mimi]\nprovider = \"gw.test\"\n{side}");
    let file = folder.path().join("causeway.toml");
    std::fs::write(&file, text).unwrap();
    let prepared = startup::prepare(&Config::read(&file).unwrap()).await.unwrap();
    let node = prepared.node().clone();
    (folder, node)
}

async fn parked(node: &Node) -> Vec<ParkedLine> {
    node.store.transaction::<_, StoreError, _>("parked", |tx| Box::pin(tx.parked_lines())).await.unwrap()
}

async fn waiting(node: &Node) -> Vec<QueueLine> {
    node.store.transaction::<_, StoreError, _>("waiting", |tx| Box::pin(tx.queue_lines())).await.unwrap()
}

/// Changes a conversation's row past the core.
async fn change(node: &Arc<Node>, id: i64, change: fn(&mut causeway_core::records::ConversationRow)) {
    let done = node.store.transaction::<_, StoreError, _>("change", move |tx| {
        Box::pin(async move {
            let mut row = tx.lock_conversation(id).await?.unwrap();
            change(&mut row);
            tx.update_conversation(&row).await
        })
    });
    done.await.unwrap();
}

/// A room of another homeserver that the gateway takes part in, and the event that renames it.
async fn room(node: &Arc<Node>, name: &str) -> (i64, Arc<Pdu>) {
    let keys = SigningKeys::generate("hs.test", "1").unwrap();
    let alice = user_id!("@alice:hs.test");
    let room = Room::create(RoomVersionId::V11, alice, &[], (now_ms(), &keys, name)).unwrap();
    let draft = EventDraft {
        sender: alice.to_owned(),
        event_type: "m.room.name".to_owned(),
        state_key: Some(String::new()),
        content: json!({ "name": "Club" }),
        redacts: None,
    };
    let pdu = Arc::new(room.build(&draft, now_ms(), &keys).unwrap());
    let mut conversation = Conversation::invited(room.room_id(), "11", now_ms());
    conversation.room = Some(room);
    // Active, but without a group: what nobody but a bug or a hand in the database makes.
    conversation.row.status = "active".to_owned();
    let conversation = Arc::new(std::sync::Mutex::new(Some(conversation)));
    let id = node.transaction("insert", move |session| {
        let conversation = conversation.lock().unwrap().take().unwrap();
        Box::pin(async move { session.save(conversation, causeway_core::conversation::Decision::default()).await })
    });
    (id.await.unwrap(), pdu)
}

/// The room takes the event; the conversation fails over it, and does what it means when its state is whole again.
#[tokio::test(flavor = "multi_thread")]
async fn an_event_that_cannot_be_acted_upon_is_in_its_room_and_parked() {
    let (_folder, node) = node().await;
    let (id, pdu) = room(&node, "one").await;
    assert_eq!(take(&node, &pdu, Fetched::default(), (Duty::Take, None)).await.unwrap(), Received::Parked);
    let lines = parked(&node).await;
    assert_eq!((lines.len(), lines[0].kind.as_str(), lines[0].code.as_str()), (1, "effect", "CW-7010"));
    assert_eq!((lines[0].subject.as_str(), lines[0].conversation_id), (pdu.event_id().as_str(), Some(id)));
    // It is there: once more is a duplicate, and is not parked twice.
    assert_eq!(take(&node, &pdu, Fetched::default(), (Duty::Take, None)).await.unwrap(), Received::Known);
    let failed = node.replay_parked(lines[0].id).await;
    assert!(matches!(failed, Err(ReplayError::Node(NodeError::Conversation(_)))), "{failed:?}");
    assert_eq!(parked(&node).await[0].replays, 1);
    change(&node, id, |row| row.status = "paused".to_owned()).await;
    node.replay_parked(lines[0].id).await.unwrap();
    assert!(parked(&node).await.is_empty());
    assert!(matches!(node.replay_parked(lines[0].id).await, Err(ReplayError::NotParked(_))));
}

/// Not even the room can be loaded: the event is parked as it is, once, and other rooms go on.
#[tokio::test(flavor = "multi_thread")]
async fn an_event_of_a_room_whose_state_is_unreadable_is_parked_whole() {
    let (_folder, node) = node().await;
    let (id, pdu) = room(&node, "one").await;
    change(&node, id, |row| row.bookkeeping = b"nonsense".to_vec()).await;
    for _ in 0..2 {
        assert_eq!(take(&node, &pdu, Fetched::default(), (Duty::Take, None)).await.unwrap(), Received::Parked);
    }
    let lines = parked(&node).await;
    assert_eq!((lines.len(), lines[0].kind.as_str(), lines[0].code.as_str()), (1, "event", "CW-7010"));
    let (_, other) = room(&node, "two").await;
    take(&node, &other, Fetched::default(), (Duty::Take, None)).await.unwrap();
    assert_eq!(parked(&node).await.len(), 2);
}

async fn lease(node: &Node) -> Vec<OutboxRow> {
    let lease = Lease { now: now_ms() as i64, duration: 60_000, holder: 1, first_life: 1, batch: 1, batched_kinds: &[] };
    node.store.transaction::<_, StoreError, _>("lease", move |tx| Box::pin(tx.lease(lease))).await.unwrap()
}

/// An item that means nothing leaves its lane to the next; an operator can put it back.
#[tokio::test(flavor = "multi_thread")]
async fn a_delivery_that_cannot_be_made_is_parked_and_put_back() {
    let (_folder, node) = node().await;
    let queued =
        node.store.transaction::<_, StoreError, _>("queue", |tx| Box::pin(tx.queue("mimi:a:room", "submit", None, b"nonsense")));
    queued.await.unwrap();
    outbox::deliver(&node, lease(&node).await).await;
    assert!(waiting(&node).await.is_empty());
    let lines = parked(&node).await;
    let line = &lines[0];
    assert_eq!((line.kind.as_str(), line.source.as_str(), line.subject.as_str()), ("delivery", "mimi:a:room", "submit"));
    node.replay_parked(line.id).await.unwrap();
    assert!(parked(&node).await.is_empty());
    assert_eq!(lease(&node).await[0].body, b"nonsense");
}

/// What holds back others is replayed in order.
#[tokio::test(flavor = "multi_thread")]
async fn the_oldest_of_what_holds_back_is_replayed_first() {
    let (_folder, node) = node().await;
    let row = || {
        let row = to_park("fanout", ("mimi:a.test", "mimi://a.test/r/room"), (causeway_core::code::GROUP_STATE, "why".to_owned()));
        ParkedRow { conversation_id: Some(7), holds_back: true, ..row }
    };
    let park = |row: ParkedRow| {
        let row = Arc::new(row);
        node.store.transaction::<_, StoreError, _>("park", move |tx| {
            let row = row.clone();
            Box::pin(async move { tx.park(&row).await })
        })
    };
    let (first, second) = (park(row()).await.unwrap(), park(row()).await.unwrap());
    assert!(matches!(node.replay_parked(second).await, Err(ReplayError::HeldBack(id)) if id == first));
}

/// A hub's body for a room whose state is unreadable is taken, and waits; what follows waits behind it if it must.
#[tokio::test(flavor = "multi_thread")]
async fn a_fan_out_waits_until_its_conversation_can_be_read() {
    let (_folder, node) = node().await;
    let hub = "a.test".parse().unwrap();
    let mut conversation = Conversation::welcomed(&"mimi://a.test/r/room".parse().unwrap(), now_ms());
    conversation.row.status = "active".to_owned();
    let conversation = Arc::new(std::sync::Mutex::new(Some(conversation)));
    let id = node.transaction("insert", move |session| {
        let conversation = conversation.lock().unwrap().take().unwrap();
        Box::pin(async move { session.save(conversation, causeway_core::conversation::Decision::default()).await })
    });
    let id = id.await.unwrap();
    change(&node, id, |row| row.bookkeeping = b"nonsense".to_vec()).await;
    // A PrivateMessage in its smallest form, at some time.
    let message = [&[0, 1, 0, 2, 1, b'g'][..], &[0; 8], &[1, 0, 1, 0, 1, 0]].concat();
    let body = causeway_drafts::mimi_protocol_06::notify::FanoutMessage::application(1, &message, None).unwrap().to_bytes();
    crate::mimi::receive_fanout(&node, &hub, ("mimi://a.test/r/room", body.clone())).await.unwrap();
    // Again is once (P-073).
    crate::mimi::receive_fanout(&node, &hub, ("mimi://a.test/r/room", body.clone())).await.unwrap();
    let stranger = "b.test".parse().unwrap();
    assert!(crate::mimi::receive_fanout(&node, &stranger, ("mimi://a.test/r/room", body)).await.is_err());
    let lines = parked(&node).await;
    assert_eq!((lines.len(), lines[0].kind.as_str(), lines[0].holds_back), (1, "fanout", false));
    assert!(node.replay_parked(lines[0].id).await.is_err());
    change(&node, id, |row| row.bookkeeping = causeway_core::conversation::Bookkeeping::default().to_bytes()).await;
    node.replay_parked(lines[0].id).await.unwrap();
    assert!(parked(&node).await.is_empty());
    let found = node.transaction("find", move |session| {
        Box::pin(async move {
            let found = session.conversation(&Find::Id(id)).await?;
            session.unchanged(found);
            Ok(())
        })
    });
    found.await.unwrap();
}

/// The same answer is of use when it comes again, if what it is about has come meanwhile; what is said counts once.
#[tokio::test(flavor = "multi_thread")]
async fn a_peer_s_answer_is_heard_as_often_as_it_comes() {
    let (_folder, node) = node().await;
    let room: RoomUri = "mimi://hub.test/r/club".parse().unwrap();
    let from = room.provider();
    let heard = |message: PeerMessage| {
        let said = Arc::new(PeerSaid::read(&from, &room, &message.to_bytes()).unwrap());
        node.transaction("hear", move |session| {
            let said = said.clone();
            Box::pin(async move {
                let known = session.find(&Find::Mimi(said.room.to_string())).await?;
                let mut conversation = known.unwrap_or_else(|| Conversation::welcomed(&said.room, now_ms()));
                let decision = session.hear_peer(&mut conversation, &said).await?;
                let is_heard = decision.is_some();
                session.save(conversation, decision.unwrap_or_default()).await?;
                Ok(is_heard)
            })
        })
    };
    let info = || PeerMessage::GroupInfo { group_info: vec![1].into(), ratchet_tree: vec![2].into() };
    let said = || PeerMessage::Application(vec![3].into());
    for (message, again) in [(info as fn() -> PeerMessage, true), (said, false)] {
        assert!(heard(message()).await.unwrap());
        assert_eq!(heard(message()).await.unwrap(), again, "{}", message().kind());
    }
}

/// A tail of a graph whose members' provider nobody here can ask for its roots.
fn tail_of_strangers(room: &RoomUri) -> PeerMessage {
    let domain = room.provider();
    let (authority, _) = CredentialAuthority::generate(&domain).unwrap();
    let (hub, user) = (authority.issue_hub(&domain).unwrap(), UserUri::new(&domain, "ann"));
    let identity = authority.issue_client(&ClientUri::new(&user, "one"), &user).unwrap();
    let participants = vec![UserRolePair { user, role_index: 2 }];
    let roles = [Role::new(0, "no_role", vec![], vec![]), Role::new(2, "member", vec![Capability::CAN_SEND_MESSAGE], vec![])];
    let metadata = RoomMetadata::named(room, "Club");
    let room_state = RoomState::baseline(&hub, ParticipantListData { participants }, metadata, RolesList { roles: roles.to_vec() });
    let group = Group::create(CreateGroup { group_id: b"mimi://hub.test/g/club".to_vec(), room_state, hub: &hub }, &identity);
    let tail = ForkableGroup::begin(group.unwrap(), 5, vec![], &[]).unwrap().tail(&identity).unwrap();
    PeerMessage::Tail { tail: Box::new(tail), earlier: vec![] }
}

/// It was parked, event by event, though a sender at `causewayPeer` says it again.
#[tokio::test(flavor = "multi_thread")]
async fn what_a_peers_room_says_of_a_provider_out_of_reach_is_asked_for_again() {
    let (_folder, node) = node().await;
    let room: RoomUri = "mimi://hub.test/r/club".parse().unwrap();
    let (from, to) = (room.provider(), [("gw.test".to_owned(), 1)].into());
    let parts = Part::split(&from, &to, &tail_of_strangers(&room).to_bytes()).unwrap();
    let [part] = parts.as_slice() else { panic!("one part") };
    let event = EventRow {
        event_id: "$said".to_owned(),
        room_id: "!peers:hub.test".to_owned(),
        stream: 0,
        event_type: "org.causeway.dmls".to_owned(),
        state_key: None,
        sender: "@_causeway:hub.test".to_owned(),
        depth: 1,
        origin_server_ts: 1,
        json: json!({ "content": part.content() }).to_string(),
        state_before: None,
        rejected: None,
        soft_failed: false,
        outlier: false,
    };
    let (event, said) = (Arc::new(event), Arc::new((room, from)));
    for _ in 0..2 {
        let (event, said) = (event.clone(), said.clone());
        let passed = node.transaction("pass on", move |session| {
            let (event, said) = (event.clone(), said.clone());
            Box::pin(async move {
                let (room, from) = &*said;
                if session.find(&Find::Mimi(room.to_string())).await?.is_none() {
                    let conversation = Conversation::welcomed(room, now_ms());
                    session.save(conversation, causeway_core::conversation::Decision::default()).await?;
                    session.tx.put_event(&event).await?;
                }
                let news = PeersNews::Said(from.clone(), vec![event.event_id.clone()]);
                session.pass_on((room, &event.room_id), vec![news]).await
            })
        });
        passed.await.unwrap();
    }
    let losses = node.store.transaction::<_, StoreError, _>("losses", |tx| Box::pin(tx.loss_lines(None))).await.unwrap();
    assert_eq!(losses.len(), 2);
    assert!(losses.iter().all(|loss| loss.detail.contains("hub.test")), "{losses:?}");
    let waiting = waiting(&node).await;
    let asked: Vec<&str> = waiting.iter().map(|line| line.kind.as_str()).collect();
    assert_eq!(asked, ["peer"], "once for both");
}
