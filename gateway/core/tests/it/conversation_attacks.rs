//! Peers that lie, and users that overreach.

use causeway_core::conversation::{Outgoing, notices};
use causeway_core::matrix::EventDraft;
use causeway_drafts::mimi_protocol_06::notify::{FanoutBody, FanoutMessage};
use ruma::{OwnedUserId, RoomVersionId};
use serde_json::{Value, json};

use crate::support::simulation::*;

fn by(sender: &OwnedUserId, event_type: &str, state_key: Option<&str>, content: Value) -> EventDraft {
    EventDraft {
        sender: sender.clone(),
        event_type: event_type.to_owned(),
        state_key: state_key.map(str::to_owned),
        content,
        redacts: None,
    }
}

/// The fan-outs of Alice's words, not delivered.
fn fanned_out(world: &mut World, words: &[&str]) -> Vec<FanoutMessage> {
    let alice = user("@alice:hs-a.test");
    world.say(A, 0, "so that Alice has her leaf");
    for words in words {
        world.act(A, 0, by(&alice, "m.room.message", None, json!({ "msgtype": "m.text", "body": words })));
    }
    let mut messages = Vec::new();
    for (_, item) in world.take_all_outgoing(A) {
        if let Outgoing::Notify { message, .. } = item {
            messages.extend(FanoutMessage::decode_body(&message).unwrap());
        }
    }
    assert_eq!(messages.len(), words.len());
    messages
}

fn hears(world: &mut World, messages: &[FanoutMessage]) -> Vec<String> {
    let before = world.sides[B].said(1).len();
    world.turn(B, 1, |conversation, turn| conversation.notify(turn, messages, vec![])).unwrap();
    world.sides[B].said(1).split_off(before).into_iter().map(|(_, words)| words).collect()
}

fn last_loss(world: &World, side: usize) -> (&str, &str) {
    let loss = world.sides[side].losses.last().unwrap();
    (&loss.feature, &loss.detail)
}

/// P-059: what the hub vouches for is sender, room and time.
#[test]
fn p_059_a_frank_of_another_time_is_discarded() {
    let mut world = World::together(RoomVersionId::V11);
    let mut messages = fanned_out(&mut world, &["owed since January"]);
    messages[0].timestamp += 1;
    assert!(hears(&mut world, &messages).is_empty());
    let (feature, detail) = last_loss(&world, B);
    assert!(feature == "discarded" && detail.starts_with("P-059"), "{detail}");
}

/// P-048: where the room franks, nothing comes without.
#[test]
fn p_048_a_message_without_frank_is_discarded() {
    let mut world = World::together(RoomVersionId::V11);
    let mut messages = fanned_out(&mut world, &["psst"]);
    let FanoutBody::Application { frank, .. } = &mut messages[0].body else { panic!("not a message") };
    *frank = None;
    assert!(hears(&mut world, &messages).is_empty());
    assert!(last_loss(&world, B).1.starts_with("P-048"));
}

/// A frank that somebody else made.
#[test]
fn p_059_a_forged_frank_is_discarded() {
    let mut world = World::together(RoomVersionId::V11);
    let mut messages = fanned_out(&mut world, &["hi"]);
    let FanoutBody::Application { frank: Some(frank), .. } = &mut messages[0].body else { panic!("not franked") };
    frank.server_frank[0] ^= 1;
    assert!(hears(&mut world, &messages).is_empty());
    assert!(last_loss(&world, B).1.starts_with("P-059"));
}

/// G-36: franks of two messages can be swapped only where time runs backwards, which is noticed.
#[test]
fn g_36_a_hub_whose_clock_runs_backwards_is_noticed() {
    let mut world = World::together(RoomVersionId::V11);
    let mut messages = fanned_out(&mut world, &["first", "second"]);
    messages.reverse();
    assert_eq!(hears(&mut world, &messages), ["second", "first"]);
    assert!(world.sides[B].losses.iter().any(|loss| loss.feature == "hub_clock_regressed"));
}

/// A message that does not open is a loss, and its neighbours pass.
#[test]
fn what_does_not_open_lets_its_neighbours_pass() {
    let mut world = World::together(RoomVersionId::V11);
    let messages = fanned_out(&mut world, &["one", "two", "three"]);
    let FanoutBody::Application { message, frank } = &messages[1].body else { panic!("not a message") };
    let mut bytes = message.bytes().to_vec();
    *bytes.last_mut().unwrap() ^= 1;
    let broken = FanoutMessage::application(messages[1].timestamp, &bytes, frank.clone()).unwrap();
    assert_eq!(hears(&mut world, &[messages[0].clone(), broken, messages[2].clone()]), ["one", "three"]);
    assert_eq!(last_loss(&world, B).0, "unreadable");
}

/// A commit that the hub ordered and we find invalid: we cannot go on, and say so, instead of guessing.
#[test]
fn an_invalid_commit_of_the_hub_pauses_the_conversation() {
    let mut world = World::together(RoomVersionId::V11);
    let alice = user("@alice:hs-a.test");
    world.act(A, 0, by(&alice, "m.room.name", Some(""), json!({ "name": "Club" })));
    let (_, item) = world.take_outgoing(A);
    let Outgoing::Notify { message, .. } = item else { panic!("not a fan-out") };
    let messages = FanoutMessage::decode_body(&message).unwrap();
    let FanoutBody::Commit { commit, .. } = &messages[0].body else { panic!("not a commit") };
    let mut bytes = commit.bytes().to_vec();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    let Ok(forged) = FanoutMessage::commit(messages[0].timestamp, &bytes, &[]) else { return };
    world.turn(B, 1, |conversation, turn| conversation.notify(turn, &[forged], vec![])).unwrap();
    let conversation = world.sides[B].conversation(1);
    assert_eq!(conversation.row.status, "paused");
    assert_eq!(last_loss(&world, B).0, "commit_refused");
    assert_eq!(conversation.group.unwrap().room_state().metadata.name(), "");
}

/// C-074: only who wrote it edits it. What a Matrix client may send against that does not leave.
#[test]
fn c_074_nobody_edits_what_another_wrote() {
    let mut world = World::together(RoomVersionId::V11);
    let theirs = world.say(A, 0, "I owe Bob nothing").event_id().to_string();
    let at_b = world.sides[B].timeline(1).len();
    let id = world.sides[A].conversation(0).messages.by_event(&theirs).unwrap().message_id.clone();
    let copy = world.sides[B].conversation(1).messages.by_message(&id).unwrap().event_id.clone();
    let edit = json!({
        "msgtype": "m.text",
        "body": "* I owe Bob everything",
        "m.new_content": { "msgtype": "m.text", "body": "I owe Bob everything" },
        "m.relates_to": { "rel_type": "m.replace", "event_id": copy },
    });
    let at_a = world.sides[A].timeline(0).len();
    world.send(B, 1, "m.room.message", edit);
    let copy: ruma::OwnedEventId = copy.try_into().unwrap();
    world.redact(B, 1, &copy);
    assert_eq!(world.sides[A].timeline(0).len(), at_a);
    assert_eq!(world.sides[B].timeline(1).len(), at_b + 2);
    // It did not even leave.
    assert!(world.sides[A].losses.is_empty(), "{:?}", world.sides[A].losses);
    let refused: Vec<_> = world.sides[B].losses.iter().filter(|loss| loss.detail.starts_with("C-074")).collect();
    assert_eq!(refused.len(), 2);
}

/// Who may kick here may kick there: as its own ghost.
#[test]
fn a_moderator_kicks_from_the_other_side() {
    let mut world = World::together(RoomVersionId::V11);
    let (alice, erin) = (user("@alice:hs-a.test"), user("@erin:hs-a.test"));
    let bobs_ghost = world.ghost_of_peer(A);
    let users = json!({ alice.as_str(): 100, bobs_ghost.as_str(): 50 });
    world.set(A, 0, ("m.room.power_levels", "", json!({ "users": users, "events": { "m.room.power_levels": 100 } })));
    world.act(A, 0, by(&alice, "m.room.member", Some(erin.as_str()), json!({ "membership": "invite" })));
    world.act(A, 0, by(&erin, "m.room.member", Some(erin.as_str()), json!({ "membership": "join" })));
    world.act(A, 0, by(&erin, "m.room.message", None, json!({ "msgtype": "m.text", "body": "spam" })));
    world.pump();
    let erins_ghost = world.sides[B].gateway.names.ghost(&world.sides[A].gateway.names.puppet(&erin).unwrap());
    world.set(B, 1, ("m.room.member", erins_ghost.as_str(), json!({ "membership": "leave" })));
    let kicked = world.sides[A].native(0).state_event("m.room.member", erin.as_str()).unwrap().clone();
    assert_eq!((kicked.content_str("membership").as_deref(), kicked.sender()), (Some("leave"), &bobs_ghost));
    let group = world.sides[A].conversation(0).group.unwrap();
    assert!(group.room_state().participants.find(&world.sides[A].gateway.names.puppet(&erin).unwrap()).is_none());
    // But not one who stands above.
    let alices_ghost = world.ghost_of_peer(B);
    let draft = by(&user("@bob:hs-b.test"), "m.room.member", Some(alices_ghost.as_str()), json!({ "membership": "leave" }));
    assert!(world.sides[B].native(1).build(&draft, world.now, &world.sides[B].homeserver.keys).is_err());
}

/// A trust mode is withdrawn as it was given: nothing crosses any more.
#[test]
fn a_withdrawn_opt_in_pauses() {
    let mut world = World::together(RoomVersionId::V11);
    world.set(A, 0, (notices::OPT_IN_TYPE, "gw-a.test", json!({})));
    assert_eq!(world.sides[A].conversation(0).row.status, "paused");
    let at_b = world.sides[B].timeline(1).len();
    world.say(A, 0, "private again");
    assert_eq!(world.sides[B].timeline(1).len(), at_b);
    world.set(A, 0, (notices::OPT_IN_TYPE, "gw-a.test", json!({ "trust_mode": "endpoint" })));
    world.say(A, 0, "and back");
    assert_eq!(world.sides[B].said(1).pop().unwrap().1, "and back");
    assert!(world.sides[B].said(1).iter().all(|(_, words)| words != "private again"));
}

/// A banned ghost does not come back, whatever its user agrees to.
#[test]
fn a_banned_ghost_stays_out() {
    let mut world = World::together(RoomVersionId::V11);
    let ghost = world.ghost_of_peer(A);
    world.set(A, 0, ("m.room.member", ghost.as_str(), json!({ "membership": "ban" })));
    let (alice, bob) = (world.sides[A].puppet(), world.sides[B].puppet());
    world.turn(A, 0, |conversation, turn| conversation.granted(turn, &alice, &bob)).unwrap();
    world.pump();
    assert_eq!(world.sides[A].native(0).membership(&ghost).as_deref(), Some("ban"));
    let group = world.sides[A].conversation(0).group.unwrap();
    assert!(group.room_state().is_banned(&bob));
}
