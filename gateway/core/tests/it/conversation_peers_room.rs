//! A room without a hub whose gateways have a Matrix room for what they say to one another (SPEC §15.2, DMLS-38).

use std::sync::Arc;

use causeway_core::conversation::peers_room::PeersRoomInvite;
use causeway_core::conversation::peers_room::parts::{EVENT_TYPE, Part};
use causeway_core::conversation::{ConversationError, PeerMessage};
use causeway_core::matrix::{EventDraft, Outcome, Pdu};
use causeway_drafts::mimi_uri::ProviderDomain;
use ruma::{RoomVersionId, UserId};
use serde_json::json;

use crate::conversation_leaderless::{bodies, head, name, with_alice_at};
use crate::support::simulation::*;

/// Names of paths.
const IN_A_ROOM: &str = "peers' room";
const AT_THE_ENDPOINT: &str = "causewayPeer";

/// Both gateways use peers' rooms.
pub(crate) fn two_gateways() -> World {
    with_peers_rooms(with_alice_at(100))
}

pub(crate) fn with_peers_rooms(mut world: World) -> World {
    for side in &mut world.sides {
        side.gateway.peers_room = true;
    }
    world
}

/// And B has given the hub up: they have one, and nothing but events passes from now on.
pub(crate) fn in_a_room() -> World {
    in_a_room_of(two_gateways())
}

pub(crate) fn in_a_room_of(mut world: World) -> World {
    world.turn(B, 1, |conversation, turn| conversation.hub_lost(turn)).unwrap();
    world.pump();
    assert_eq!(paths(&world), [IN_A_ROOM; 2]);
    world.is_cut = true;
    world.events_pass = true;
    world
}

/// Which way each tells the other something.
fn paths(world: &World) -> [String; 2] {
    [path(world, A, 0), path(world, B, 1)]
}

fn path(world: &World, side: usize, index: usize) -> String {
    let ours = world.sides[side].gateway.names.provider();
    world.sides[side].conversation(index).paths(ours).remove(0).path
}

pub(crate) fn provider(side: &Side) -> ProviderDomain {
    side.gateway.names.provider().clone()
}

fn assert_no_losses(world: &World) {
    for side in &world.sides {
        assert!(side.losses.is_empty(), "{:?}", side.losses);
    }
}

/// The events that a side holds back, of the peers' kind.
fn held(world: &mut World) -> Vec<(usize, Arc<Pdu>)> {
    world.held_events.take().unwrap()
}

/// Bob's gateway has a graph of more than 60 KiB, and tells it; its events are held.
fn a_large_tail() -> (World, Vec<(usize, Arc<Pdu>)>) {
    let mut world = in_a_room();
    for number in 0..4 {
        let name = format!("{number}{}", "x".repeat(24_000));
        world.set(B, 1, ("m.room.name", "", json!({ "name": name })));
    }
    world.held_events = Some(Vec::new());
    let a = provider(&world.sides[A]);
    world.turn(B, 1, |conversation, turn| conversation.peer(turn, &a, &[PeerMessage::WantTail], Vec::new())).unwrap();
    world.pump();
    let events = held(&mut world);
    assert!(events.len() > 1, "the tail is larger than one event");
    assert!(events.iter().all(|(to, pdu)| *to == A && pdu.event_type() == EVENT_TYPE));
    (world, events)
}

#[test]
fn dmls_38_what_peers_say_travels_in_a_room_of_their_own() {
    let mut world = in_a_room();
    world.say(A, 0, "can you hear me?");
    world.say(B, 1, "in our room");
    assert_eq!(bodies(&world, B, 1).last().unwrap(), "in our room");
    assert_eq!(bodies(&world, A, 0), ["hello", "can you hear me?", "in our room"]);
    assert_eq!(head(&world, A, 0), head(&world, B, 1));
    assert!(world.heard_in_peers_rooms >= 2);
    // One room, with the gateways' own users in it and nobody else, shown to nobody.
    for side in [A, B] {
        let rooms = world.peers_rooms(side);
        assert_eq!(rooms.len(), 1);
        let room = world.sides[side].conversation(rooms[0]).room.unwrap();
        let users: Vec<String> = room.joined_users().iter().map(ToString::to_string).collect();
        assert_eq!(users, ["@_causeway:gw-a.test", "@_causeway:gw-b.test"]);
        assert_eq!(room.join_rule(), "invite");
        assert!(world.sides[side].native.iter().all(|native| native.room_id() != room.room_id()));
    }
    assert_no_losses(&world);
}

#[test]
fn dmls_38_both_sides_change_the_group_by_their_room_and_agree() {
    let mut world = in_a_room();
    world.events_pass = false;
    world.set(B, 1, ("m.room.name", "", json!({ "name": "The one" })));
    world.say(A, 0, "on one side");
    let mut levels = world.sides[A].native(0).state_event("m.room.power_levels", "").unwrap().content_value();
    levels["invite"] = json!(100);
    world.set(A, 0, ("m.room.power_levels", "", levels));
    world.say(B, 1, "on the other");
    world.events_pass = true;
    world.pump();
    assert_eq!(head(&world, A, 0), head(&world, B, 1));
    let states = [(A, 0), (B, 1)].map(|(side, index)| world.sides[side].conversation(index).group.unwrap().room_state().clone());
    assert_eq!(states[0], states[1]);
    assert_eq!(name(&world, A, 0), "The one");
    for (side, index) in [(A, 0), (B, 1)] {
        let said = bodies(&world, side, index);
        assert!(said.contains(&"on one side".to_owned()) && said.contains(&"on the other".to_owned()), "{said:?}");
    }
}

#[test]
fn dmls_38_who_is_removed_by_the_room_is_gone() {
    let mut world = in_a_room_of(with_peers_rooms(with_alice_at(0)));
    let ghost = world.ghost_of_peer(B);
    world.set(B, 1, ("m.room.member", ghost.as_str(), json!({ "membership": "leave" })));
    let alice = world.sides[A].puppet();
    assert!(!world.sides[A].conversation(0).group.unwrap().room_state().is_present(&alice));
    assert_eq!(head(&world, A, 0), head(&world, B, 1));
}

#[test]
fn dmls_38_a_message_above_60_kib_comes_in_parts_in_any_order() {
    let (mut world, events) = a_large_tail();
    world.gaps_stay = true;
    let before = world.heard_in_peers_rooms;
    for (to, pdu) in events.iter().rev().chain(&events) {
        assert_eq!(world.heard_in_peers_rooms, before, "not before all parts are there");
        world.hear_event(*to, pdu);
        if Arc::ptr_eq(pdu, &events[0].1) {
            break;
        }
    }
    assert_eq!(world.heard_in_peers_rooms, before + 1);
    // A repetition, by the same events or others, is heard once.
    for (to, pdu) in &events {
        world.hear_event(*to, pdu);
    }
    assert_eq!(world.heard_in_peers_rooms, before + 1);
    world.say(B, 1, "after all that");
    assert_eq!(bodies(&world, A, 0).last().unwrap(), "after all that");
    assert_no_losses(&world);
}

#[test]
fn dmls_38_a_part_that_got_lost_is_fetched() {
    let (mut world, events) = a_large_tail();
    let before = world.heard_in_peers_rooms;
    let (to, last) = events.last().unwrap();
    world.hear_event(*to, last);
    assert_eq!(world.heard_in_peers_rooms, before + 1, "what came before it is asked for");
    assert_no_losses(&world);
}

#[test]
fn dmls_38_what_is_missing_for_good_is_asked_for_anew() {
    let (mut world, events) = a_large_tail();
    world.gaps_stay = true;
    // Of the parts but one come; then what bob says and does next.
    for (to, pdu) in &events[1..] {
        world.hear_event(*to, pdu);
    }
    let before = (world.heard_in_peers_rooms, world.now);
    world.held_events = Some(Vec::new());
    let bob = world.sides[B].homeserver.user.clone();
    world.act(B, 1, text(&bob, "behind what is missing"));
    world.pump_only(B);
    for (to, pdu) in held(&mut world) {
        world.hear_event(to, &pdu);
    }
    assert_eq!(world.heard_in_peers_rooms, before.0, "a later message waits for the earlier one");
    world.gaps_stay = false;
    world.is_cut = false;
    world.pump();
    assert_eq!(bodies(&world, A, 0).last().unwrap(), "behind what is missing");
    assert!(world.heard_in_peers_rooms >= before.0 + 3, "the message, our question at the other side, and the tail");
    assert!(world.now >= before.1 + causeway_core::conversation::peers_room::MISSING_PATIENCE);
    assert_eq!(head(&world, A, 0), head(&world, B, 1));
}

#[test]
fn dmls_38_a_flood_of_parts_is_bounded() {
    let mut world = in_a_room();
    let room = world.peers_rooms(B)[0];
    let size = |world: &World| world.sides[A].conversation(world.peers_rooms(A)[0]).book.to_bytes().len();
    let flood = |world: &mut World, from: &str, number: u64| {
        let to = [("a.test".to_owned(), number)].into();
        let part = Part::split(&from.parse().unwrap(), &to, &number.to_be_bytes()).unwrap().remove(0);
        speak(world, room, Part { parts: 300, part: number as u32 % 300, ..part });
    };
    // Ever new messages of which most parts never come, for providers that it speaks for, and for others.
    for number in 0..200 {
        flood(&mut world, "b.test", 10 + number);
    }
    let before = size(&world);
    for number in 0..100 {
        flood(&mut world, "b.test", 300 + number);
    }
    assert!(size(&world) < before + 1024, "{before}, then {}", size(&world));
    for number in 0..100 {
        flood(&mut world, &format!("{number}.test"), number + 1);
    }
    let before = size(&world);
    for number in 100..200 {
        flood(&mut world, &format!("{number}.test"), number + 1);
    }
    assert!(size(&world) < before + 1024, "{before}, then {}", size(&world));
    // It has only hurt itself.
    world.say(A, 0, "never mind");
    assert_eq!(bodies(&world, B, 1).last().unwrap(), "never mind");
}

/// B's gateway sends an event of its own making, which A hears.
fn speak(world: &mut World, room: usize, part: Part) {
    let sender = world.sides[B].gateway.names.gateway_user();
    let pdu = world
        .turn(B, room, |conversation, turn| {
            let (event_type, content) = (EVENT_TYPE.to_owned(), part.content());
            let draft = EventDraft { sender, event_type, state_key: None, content, redacts: None };
            let room = conversation.room.as_mut().unwrap();
            let pdu = Arc::new(room.build(&draft, turn.now, &turn.gateway.keys).unwrap());
            assert_eq!(room.accept(pdu.clone()), Outcome::Accepted);
            Ok(pdu)
        })
        .unwrap();
    world.hear_event(A, &pdu);
}

#[test]
fn dmls_38_who_does_not_speak_for_a_provider_is_not_heard_as_it() {
    let mut world = in_a_room();
    let room = world.peers_rooms(B)[0];
    let before = world.heard_in_peers_rooms;
    for from in ["c.test", "a.test"] {
        let to = [("a.test".to_owned(), 1)].into();
        let message = PeerMessage::WantTail.to_bytes();
        speak(&mut world, room, Part::split(&from.parse().unwrap(), &to, &message).unwrap().remove(0));
    }
    assert_eq!(world.heard_in_peers_rooms, before);
    // In its own name, what is garbage is as if it had not been sent.
    let garbage = Part {
        body: "!".to_owned(),
        ..Part::split(&"b.test".parse().unwrap(), &[("a.test".to_owned(), 0)].into(), b"x").unwrap().remove(0)
    };
    speak(&mut world, room, garbage);
    world.say(B, 1, "in my own name");
    assert_eq!(bodies(&world, A, 0).last().unwrap(), "in my own name");
}

/// An invite by a gateway to a room that it has made, and that room's create event.
fn invitation(world: &mut World) -> (Pdu, serde_json::Value, usize) {
    world.turn(B, 1, |conversation, turn| conversation.hub_lost(turn)).unwrap();
    world.is_cut = true;
    world.pump();
    let room = world.peers_rooms(B)[0];
    let (sender, invited) = (world.sides[B].gateway.names.gateway_user(), world.sides[A].gateway.names.gateway_user());
    let draft = EventDraft {
        sender,
        event_type: "m.room.member".to_owned(),
        state_key: Some(invited.to_string()),
        content: json!({ "membership": "invite" }),
        redacts: None,
    };
    let pdu = world
        .turn(B, room, |conversation, turn| {
            Ok(conversation.room.as_ref().unwrap().build(&draft, turn.now, &turn.gateway.keys).unwrap())
        })
        .unwrap();
    let create = world.create_event(B, room);
    (pdu, create, room)
}

#[test]
fn dmls_38_only_a_peer_s_invitation_is_followed() {
    let mut world = two_gateways();
    let (pdu, create, _) = invitation(&mut world);
    let read = |create: serde_json::Value| PeersRoomInvite::read(&pdu, &RoomVersionId::V12, &[create]);
    let invite = read(create.clone()).unwrap().unwrap();
    assert_eq!(invite.provider, provider(&world.sides[B]));
    // Not the room's own create event: the room's id is its hash.
    for (key, value) in [("org.causeway.mimi_room", "mimi://a.test/r/other"), ("org.causeway.provider", "a.test")] {
        let mut forged = create.clone();
        forged["content"][key] = json!(value);
        assert!(matches!(read(forged), Err(ConversationError::NotAllowed { rule: "DMLS-38", .. })));
    }
    // Another type of room is another matter.
    let mut other = create.clone();
    other["content"]["type"] = json!("m.space");
    assert_eq!(read(other).unwrap(), None);
    // By somebody whom the provider's directory does not name.
    world.sides[B].gateway.peers_room = false;
    assert!(world.invited(A, &pdu, create.clone()).unwrap_err().contains("directory"));
    world.sides[B].gateway.peers_room = true;
    // Where the operator does not want it.
    world.sides[A].gateway.peers_room = false;
    assert!(world.invited(A, &pdu, create.clone()).unwrap_err().contains("DMLS-38"));
    world.sides[A].gateway.peers_room = true;
    assert!(world.peers_rooms(A).is_empty());
    world.invited(A, &pdu, create).unwrap();
    assert_eq!(world.peers_rooms(A).len(), 1);
}

/// Others may know of our join before it is stored here: what they say meanwhile is not refused for good.
#[test]
fn dmls_38_what_is_said_while_we_enter_has_to_come_again() {
    let mut world = two_gateways();
    let (pdu, create, _) = invitation(&mut world);
    world.invited(A, &pdu, create).unwrap();
    let index = world.peers_rooms(A)[0];
    let entering = |world: &World, now| world.sides[A].conversation(index).is_entering_peers_room(now);
    assert_eq!([0, 59_000, 61_000].map(|later| entering(&world, world.now + later)), [true, true, false]);
    assert!(!world.sides[A].conversation(0).is_entering_peers_room(world.now), "the room that it is about is another matter");
}

#[test]
fn dmls_30_a_provider_that_is_no_peer_invites_nobody_to_a_peers_room() {
    let mut world = two_gateways();
    let stranger: ProviderDomain = "c.test".parse().unwrap();
    let refused = world.turn(A, 0, |conversation, turn| conversation.admits_peers_room(turn, &stranger));
    assert!(matches!(refused, Err(ConversationError::NotAllowed { rule: "DMLS-30", .. })));
    let b = provider(&world.sides[B]);
    world.turn(A, 0, |conversation, turn| conversation.admits_peers_room(turn, &b)).unwrap();
}

#[test]
fn dmls_38_before_somebody_is_in_the_room_it_is_told_at_its_endpoint() {
    let mut world = two_gateways();
    world.is_cut = true;
    world.turn(B, 1, |conversation, turn| conversation.hub_lost(turn)).unwrap();
    world.say(B, 1, "first");
    assert_eq!(path(&world, B, 1), AT_THE_ENDPOINT);
    assert_eq!(world.peers_rooms(B).len(), 1, "made, but nobody is there");
    world.is_cut = false;
    world.pump();
    assert_eq!(paths(&world), [IN_A_ROOM; 2]);
    world.say(B, 1, "then");
    assert_eq!(bodies(&world, A, 0), ["hello", "first", "then"]);
    assert_no_losses(&world);
}

#[test]
fn dmls_38_who_is_gone_from_the_room_is_told_at_its_endpoint() {
    let mut world = in_a_room();
    world.is_cut = false;
    let room = world.peers_rooms(A)[0];
    world.turn(A, room, |conversation, turn| conversation.leave_peers_room(turn)).unwrap();
    let before = world.heard_in_peers_rooms;
    world.say(A, 0, "I have left");
    world.say(B, 1, "I can reach you");
    assert_eq!(paths(&world), [AT_THE_ENDPOINT; 2]);
    assert_eq!(world.heard_in_peers_rooms, before);
    assert_eq!(bodies(&world, A, 0).last().unwrap(), "I can reach you");
    assert!(bodies(&world, B, 1).contains(&"I have left".to_owned()));
    assert_no_losses(&world);
}

#[test]
fn dmls_38_nothing_is_said_in_a_room_with_a_stranger_in_it() {
    let mut world = in_a_room();
    let room = world.peers_rooms(B)[0];
    let stranger = UserId::parse("@_causeway:gw-c.test").unwrap();
    world
        .turn(B, 1, |conversation, turn| {
            let room_id = conversation.book.peers_rooms.keys().next().unwrap().clone();
            let news = causeway_core::conversation::PeersNews::Strangers(true);
            conversation.hear_of_peers_room(turn, &room_id, &news)
        })
        .unwrap();
    assert_eq!(paths(&world), [IN_A_ROOM, AT_THE_ENDPOINT]);
    assert!(world.sides[B].conversation(room).room.unwrap().membership(&stranger).is_none());
}

#[test]
fn dmls_38_who_is_no_peer_any_more_is_sent_away() {
    let mut world = in_a_room();
    let (rooms, user) = ([world.peers_rooms(A)[0], world.peers_rooms(B)[0]], world.sides[A].gateway.names.gateway_user());
    world.say(A, 0, "before I am sent away");
    let listened_to = |world: &World| world.sides[B].conversation(rooms[B]).book.peers.unwrap().heard;
    assert!(listened_to(&world).contains_key(user.as_str()));
    world.turn(B, rooms[B], |conversation, turn| conversation.dismiss_peer(turn, "a.test")).unwrap();
    assert_eq!(paths(&world)[B], AT_THE_ENDPOINT);
    world.pump();
    assert!(listened_to(&world).is_empty());
    for (side, room) in rooms.into_iter().enumerate() {
        let room = world.sides[side].conversation(room).room.unwrap();
        assert_eq!(room.membership(&user).as_deref(), Some("leave"));
    }
    assert!(world.sides[A].conversation(0).book.peers_rooms.is_empty());
}

#[test]
fn dmls_38_a_provider_without_an_endpoint_is_told_in_the_room_alone() {
    let mut world = two_gateways();
    world.b_is_plain = true;
    world.turn(B, 1, |conversation, turn| conversation.hub_lost(turn)).unwrap();
    world.pump();
    world.say(A, 0, "by the room");
    world.say(B, 1, "likewise");
    assert_eq!(bodies(&world, B, 1).last().unwrap(), "likewise");
    assert!(bodies(&world, B, 1).contains(&"by the room".to_owned()));
    assert_eq!(paths(&world), [IN_A_ROOM; 2]);
    assert_no_losses(&world);
}

#[test]
fn dmls_38_without_the_operators_word_there_is_no_room() {
    let mut world = two_gateways();
    world.sides[A].gateway.peers_room = false;
    world.turn(B, 1, |conversation, turn| conversation.hub_lost(turn)).unwrap();
    world.pump();
    world.say(B, 1, "at your endpoint");
    assert_eq!(bodies(&world, A, 0).last().unwrap(), "at your endpoint");
    assert_eq!(world.heard_in_peers_rooms, 0);
    assert!(world.peers_rooms(A).is_empty());
}

#[test]
fn dmls_38_the_room_is_left_when_the_hub_orders_again() {
    let mut world = in_a_room();
    world.is_cut = false;
    world.set(B, 1, ("m.room.name", "", json!({ "name": "Without a hub" })));
    world.turn(A, 0, |conversation, turn| conversation.hub_back(turn)).unwrap();
    world.pump();
    for (side, index) in [(A, 0), (B, 1)] {
        assert!(!world.sides[side].conversation(index).is_leaderless());
        let room = world.sides[side].conversation(world.peers_rooms(side)[0]);
        let user = world.sides[side].gateway.names.gateway_user();
        assert_eq!(room.room.unwrap().membership(&user).as_deref(), Some("leave"));
        assert_eq!(room.row.status, "closed");
        assert!(world.sides[side].conversation(index).book.peers_rooms.is_empty());
    }
    let before = world.heard_in_peers_rooms;
    world.say(A, 0, "by the hub");
    world.say(B, 1, "by its follower");
    assert_eq!(bodies(&world, A, 0).last().unwrap(), "by its follower");
    assert_eq!(world.heard_in_peers_rooms, before);
    assert_no_losses(&world);
    // The next time there is another one.
    for name in ["two", "three", "four", "five", "six"] {
        world.set(B, 1, ("m.room.name", "", json!({ "name": name })));
    }
    world.turn(B, 1, |conversation, turn| conversation.hub_lost(turn)).unwrap();
    world.pump();
    assert_eq!(paths(&world), [IN_A_ROOM; 2]);
    world.is_cut = true;
    world.events_pass = true;
    world.say(B, 1, "again without a hub");
    assert_eq!(bodies(&world, A, 0).last().unwrap(), "again without a hub");
    assert_eq!(world.peers_rooms(A).len(), 2);
}

#[test]
fn dmls_38_one_event_is_for_all_who_are_told_the_same() {
    let mut world = in_a_room();
    let (room, user) = (world.peers_rooms(B)[0], world.sides[A].gateway.names.gateway_user());
    // The same gateway speaks for another provider, too.
    let other: ProviderDomain = "c.test".parse().unwrap();
    world.turn(B, room, |conversation, turn| conversation.name_peer(turn, &other, Some(&user))).unwrap();
    world.held_events = Some(Vec::new());
    let to = ["a.test", "c.test", "d.test"].map(str::to_owned);
    let message = PeerMessage::WantTail.to_bytes();
    let absent = world.turn(B, room, |conversation, turn| conversation.say_in_peers_room(turn, &to, &message)).unwrap();
    assert_eq!(absent, ["d.test"]);
    world.pump_only(B);
    let events = held(&mut world);
    assert_eq!(events.len(), 1);
    let part = Part::read(&events[0].1.content_value()).unwrap();
    assert_eq!((part.to.get("c.test"), part.to.contains_key("a.test"), part.to.len()), (Some(&1), true, 2));
    let before = world.heard_in_peers_rooms;
    world.hear_event(A, &events[0].1);
    assert_eq!(world.heard_in_peers_rooms, before + 1);
}

#[test]
fn dmls_38_a_gateway_is_told_by_every_domain_of_its_own() {
    let mut world = in_a_room();
    world.sides[A].gateway.names =
        causeway_core::identity::Names::new("gw-a.test", "a.test".parse().unwrap(), vec!["c.test".parse().unwrap()]);
    let room = world.peers_rooms(B)[0];
    let before = world.heard_in_peers_rooms;
    for (number, message) in [(1, PeerMessage::WantTail), (2, PeerMessage::WantGroupInfo)] {
        let to = [("c.test".to_owned(), number)].into();
        speak(&mut world, room, Part::split(&"b.test".parse().unwrap(), &to, &message.to_bytes()).unwrap().remove(0));
    }
    assert_eq!(world.heard_in_peers_rooms, before + 2);
}

/// What was counted in the room is that of a backup.
#[test]
fn dmls_38_after_a_restore_the_room_is_left() {
    let mut world = in_a_room();
    world.is_cut = false;
    world.sides[B].adopt(1);
    world.say(B, 1, "from a backup");
    assert!(!world.sides[B].conversation(1).row.resync);
    assert_eq!(bodies(&world, A, 0).last().unwrap(), "from a backup");
    world.say(A, 0, "heard");
    assert_eq!(bodies(&world, B, 1).last().unwrap(), "heard");
    assert_eq!(paths(&world), [AT_THE_ENDPOINT; 2]);
    let room = world.sides[A].conversation(world.peers_rooms(A)[0]).room.unwrap();
    assert_eq!(room.membership(&world.sides[B].gateway.names.gateway_user()).as_deref(), Some("leave"));
}

/// Such as a provider whose last client was removed: until it is sent away, it would hear what is said.
#[test]
fn dmls_38_a_room_that_somebody_else_than_peers_hears_is_not_used() {
    let mut world = in_a_room();
    world.is_cut = false;
    let (room, user) = (world.peers_rooms(B)[0], world.sides[A].gateway.names.gateway_user());
    let gone: ProviderDomain = "z.test".parse().unwrap();
    world.turn(B, room, |conversation, turn| conversation.name_peer(turn, &gone, Some(&user))).unwrap();
    world
        .turn(B, 1, |conversation, _| {
            conversation.book.peers_rooms.values_mut().for_each(|known| assert!(known.asked.insert("z.test".to_owned())));
            Ok(())
        })
        .unwrap();
    assert_eq!(path(&world, B, 1), AT_THE_ENDPOINT);
    let before = world.heard_in_peers_rooms;
    world.say(B, 1, "not for everybody");
    assert_eq!(world.heard_in_peers_rooms, before);
    assert_eq!(bodies(&world, A, 0).last().unwrap(), "not for everybody");
    // When the head next moves, whoever has made the room sees to it; the user stays for the provider that it still speaks for.
    world.set(B, 1, ("m.room.name", "", json!({ "name": "Among peers" })));
    assert_eq!(paths(&world), [IN_A_ROOM; 2]);
    world.say(B, 1, "in our room again");
    assert!(world.heard_in_peers_rooms > before);
    assert_eq!(bodies(&world, A, 0).last().unwrap(), "in our room again");
    assert_no_losses(&world);
}
