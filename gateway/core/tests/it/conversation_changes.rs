//! Edits, names, roles and people, changed on either side.

use ruma::RoomVersionId;
use serde_json::json;

use crate::support::simulation::*;

fn last(world: &World, side: usize, index: usize) -> (String, serde_json::Value) {
    world.sides[side].timeline(index).pop().unwrap()
}

fn edit(of: &str, words: &str) -> serde_json::Value {
    json!({
        "msgtype": "m.text",
        "body": format!("* {words}"),
        "m.new_content": { "msgtype": "m.text", "body": words },
        "m.relates_to": { "rel_type": "m.replace", "event_id": of },
    })
}

/// The event at the other side that a native event became.
fn counterpart(world: &World, (side, index): (usize, usize), event: &str, (other, other_index): (usize, usize)) -> String {
    let id = world.sides[side].conversation(index).messages.by_event(event).unwrap().message_id.clone();
    world.sides[other].conversation(other_index).messages.by_message(&id).unwrap().event_id.clone()
}

/// C-035: two edits, both of the first version.
#[test]
fn c_035_edits_cross_in_both_directions() {
    let mut world = World::together(RoomVersionId::V11);
    for (here, there) in [((A, 0), (B, 1)), ((B, 1), (A, 0))] {
        let first = world.say(here.0, here.1, "frist").event_id().to_string();
        let original = counterpart(&world, here, &first, there);
        for words in ["first", "first!"] {
            world.send(here.0, here.1, "m.room.message", edit(&first, words));
            let (_, content) = last(&world, there.0, there.1);
            assert_eq!(content["m.new_content"]["body"], words);
            assert_eq!(content["m.relates_to"], json!({ "rel_type": "m.replace", "event_id": original }));
        }
    }
    assert!(world.sides[A].losses.is_empty() && world.sides[B].losses.is_empty());
}

#[test]
fn reactions_replies_and_deletions_cross() {
    let mut world = World::together(RoomVersionId::V11);
    for (here, there) in [((A, 0), (B, 1)), ((B, 1), (A, 0))] {
        let theirs = world.say(there.0, there.1, "what do you think?").event_id().to_string();
        let mine = counterpart(&world, there, &theirs, here);
        world.send(
            here.0,
            here.1,
            "m.reaction",
            json!({ "m.relates_to": { "rel_type": "m.annotation", "event_id": mine, "key": "👍" } }),
        );
        assert_eq!(last(&world, there.0, there.1).1["m.relates_to"]["event_id"], json!(theirs));
        let reply = json!({ "msgtype": "m.text", "body": "great", "m.relates_to": { "m.in_reply_to": { "event_id": mine } } });
        let reply = world.send(here.0, here.1, "m.room.message", reply);
        assert_eq!(last(&world, there.0, there.1).1["m.relates_to"]["m.in_reply_to"]["event_id"], json!(theirs));
        let copy = counterpart(&world, here, reply.event_id().as_str(), there);
        world.redact(here.0, here.1, reply.event_id());
        assert_eq!(last(&world, there.0, there.1).1["redacts"], json!(copy));
    }
}

/// C-074: a role may allow to retract what others said, as Matrix power levels do.
#[test]
fn c_074_an_admin_retracts_what_others_said() {
    let mut world = World::together(RoomVersionId::V11);
    let theirs = world.say(B, 1, "spam").event_id().to_string();
    let copy: ruma::OwnedEventId = counterpart(&world, (B, 1), &theirs, (A, 0)).try_into().unwrap();
    world.redact(A, 0, &copy);
    let (sender, content) = last(&world, B, 1);
    assert_eq!((sender, &content["redacts"]), (world.ghost_of_peer(B).to_string(), &json!(theirs)));
    assert!(world.sides[A].losses.is_empty() && world.sides[B].losses.is_empty());
}

#[test]
fn the_hubs_name_is_followed() {
    let mut world = World::together(RoomVersionId::V11);
    world.set(A, 0, ("m.room.name", "", json!({ "name": "Club" })));
    assert_eq!(world.sides[B].native(1).name().as_deref(), Some("Club"));
    assert_eq!(world.sides[B].conversation(1).group.unwrap().room_state().metadata.name(), "Club");
}

/// Roles follow power levels: whom the Matrix side makes moderator may rename from the MIMI side.
#[test]
fn a_moderator_acts_from_the_other_side() {
    let mut world = World::together(RoomVersionId::V11);
    let ghost = world.ghost_of_peer(A);
    let users = json!({ "@alice:hs-a.test": 100, ghost.as_str(): 50 });
    world.set(A, 0, ("m.room.power_levels", "", json!({ "users": users, "events": { "m.room.power_levels": 100 } })));
    // A moderator there is one here, no more.
    assert_eq!(world.sides[B].native(1).power_level(&user("@bob:hs-b.test")), 50);
    world.set(B, 1, ("m.room.name", "", json!({ "name": "Bob's" })));
    let renamed = world.sides[A].native(0).state_event("m.room.name", "").unwrap().clone();
    assert_eq!((renamed.content_value(), renamed.sender()), (json!({ "name": "Bob's" }), &ghost));
    assert_eq!(world.sides[B].native(1).name().as_deref(), Some("Bob's"));
}

#[test]
fn a_kick_at_the_hub_reaches_the_mirror() {
    let mut world = World::together(RoomVersionId::V11);
    world.say(B, 1, "hi");
    let ghost = world.ghost_of_peer(A);
    world.set(A, 0, ("m.room.member", ghost.as_str(), json!({ "membership": "leave" })));
    let group = world.sides[A].conversation(0).group.unwrap();
    assert!(group.members().iter().all(|member| member.user.provider().as_str() == "a.test"));
    assert!(group.room_state().participants.participants.iter().all(|entry| entry.user.provider().as_str() == "a.test"));
    let mirror = world.sides[B].conversation(1);
    assert_eq!(mirror.room.unwrap().membership(&user("@bob:hs-b.test")).as_deref(), Some("leave"));
    // Who was removed holds no secret any more, and hears nothing.
    assert_eq!(mirror.group.map_or(0, |group| group.own_clients().count()), 0);
    let before = world.sides[B].timeline(1).len();
    world.say(A, 0, "among us");
    assert_eq!(world.sides[B].timeline(1).len(), before);
}

/// G-24: who leaves on Matrix leaves with all clients, by proposals that the hub commits.
#[test]
fn g_24_leaving_a_mirror_leaves_the_room() {
    let mut world = World::together(RoomVersionId::V11);
    world.say(B, 1, "bye");
    world.set(B, 1, ("m.room.member", "@bob:hs-b.test", json!({ "membership": "leave" })));
    let ghost = world.ghost_of_peer(A);
    let left = world.sides[A].native(0).state_event("m.room.member", ghost.as_str()).unwrap().clone();
    assert_eq!((left.content_str("membership").as_deref(), left.sender()), (Some("leave"), &ghost));
    let group = world.sides[A].conversation(0).group.unwrap();
    assert!(group.members().iter().all(|member| member.user.provider().as_str() == "a.test"));
}

/// The last Matrix user takes the gateway's own users along.
#[test]
fn the_bridge_ends_with_its_last_matrix_user() {
    let mut world = World::together(RoomVersionId::V11);
    world.set(A, 0, ("m.room.member", "@alice:hs-a.test", json!({ "membership": "leave" })));
    let conversation = world.sides[A].conversation(0);
    assert_eq!(conversation.row.status, "closed");
    assert!(conversation.room.unwrap().joined_users().is_empty());
}
