//! Bans cross as bans, on both ways, and so does lifting them; takes back of single versions do not.

use causeway_core::matrix::EventDraft;
use ruma::{OwnedUserId, RoomVersionId};
use serde_json::json;

use crate::support::simulation::*;

fn member(sender: &OwnedUserId, who: &OwnedUserId, membership: &str) -> EventDraft {
    EventDraft {
        sender: sender.clone(),
        event_type: "m.room.member".to_owned(),
        state_key: Some(who.to_string()),
        content: json!({ "membership": membership }),
        redacts: None,
    }
}

/// At the hub: the participant stays in the list as banned, its clients go, and its mirror bans it, too.
#[test]
fn r_069_a_ban_at_the_hub_is_a_ban() {
    let mut world = World::together(RoomVersionId::V11);
    let alice = user("@alice:hs-a.test");
    let ghost = world.ghost_of_peer(A);
    let bob = world.sides[A].gateway.names.ghost_to_mimi(&ghost).unwrap();
    world.act(A, 0, member(&alice, &ghost, "ban"));
    world.pump();
    let group = world.sides[A].conversation(0).group.unwrap();
    assert!(group.room_state().is_banned(&bob));
    assert!(group.members().iter().all(|member| member.user != bob));
    assert_eq!(world.sides[B].native(1).membership(&user("@bob:hs-b.test")).as_deref(), Some("ban"));
    // Later power levels do not bring the banned back.
    world.set(A, 0, ("m.room.power_levels", "", json!({ "users": { "@alice:hs-a.test": 100 }, "invite": 50 })));
    assert!(world.sides[A].conversation(0).group.unwrap().room_state().is_banned(&bob));
    //
    world.act(A, 0, member(&alice, &ghost, "leave"));
    world.pump();
    assert!(world.sides[A].conversation(0).group.unwrap().room_state().participants.find(&bob).is_none());
}

/// At a follower: the hub is asked for a ban, not for a removal.
#[test]
fn r_069_a_ban_in_the_mirror_is_a_ban_at_the_hub() {
    let mut world = World::together(RoomVersionId::V11);
    let (alice, erin) = (user("@alice:hs-a.test"), user("@erin:hs-a.test"));
    let users = json!({ "@alice:hs-a.test": 100, world.ghost_of_peer(A).as_str(): 50 });
    let events = json!({ "m.room.power_levels": 100 });
    world.set(A, 0, ("m.room.power_levels", "", json!({ "users": users, "events": events })));
    world.act(A, 0, member(&alice, &erin, "invite"));
    world.act(A, 0, member(&erin, &erin, "join"));
    world.pump();
    let puppet = world.sides[A].gateway.names.puppet(&erin).unwrap();
    let ghost = world.sides[B].gateway.names.ghost(&puppet);
    world.act(B, 1, member(&user("@bob:hs-b.test"), &ghost, "ban"));
    world.pump();
    assert!(world.sides[A].conversation(0).group.unwrap().room_state().is_banned(&puppet));
    assert_eq!(world.sides[A].native(0).membership(&erin).as_deref(), Some("ban"));
}

/// Redacting an edit brings the version before back on Matrix: carried as a retraction it would delete the message.
#[test]
fn redacting_an_edit_deletes_nothing_in_mimi() {
    let mut world = World::together(RoomVersionId::V11);
    let first = world.say(A, 0, "frist").event_id().to_string();
    let edit = json!({
        "msgtype": "m.text",
        "body": "* first",
        "m.new_content": { "msgtype": "m.text", "body": "first" },
        "m.relates_to": { "rel_type": "m.replace", "event_id": first },
    });
    let edit = world.send(A, 0, "m.room.message", edit);
    let before = world.sides[B].timeline(1).len();
    world.redact(A, 0, edit.event_id());
    assert_eq!(world.sides[B].timeline(1).len(), before);
    assert_eq!(world.sides[A].losses.last().unwrap().feature, "untranslatable");
}

/// Whoever joins a mirror is told what it is bridged to, once.
#[test]
fn a_new_display_name_is_no_reason_to_disclose_again() {
    let mut world = World::together(RoomVersionId::V11);
    let bob = user("@bob:hs-b.test");
    let told = |world: &World| world.sides[B].notices(1).iter().filter(|notice| notice.contains("can read them")).count();
    assert_eq!(told(&world), 1);
    let mut renamed = member(&bob, &bob, "join");
    renamed.content["displayname"] = json!("Bobby");
    world.act(B, 1, renamed);
    world.pump();
    assert_eq!(told(&world), 1);
}
