//! A restored database that was adopted: nothing is sealed before own clients have joined anew.

use std::sync::Arc;

use causeway_core::code::{Coded, RESYNC_REQUIRED};
use causeway_core::conversation::{ConversationError, Outgoing};
use causeway_core::matrix::Outcome;
use ruma::RoomVersionId;
use serde_json::json;

use crate::support::simulation::{A, B, World};

/// A puppet of a follower joins anew by an external commit, which takes its old leaf out; then all is as before.
#[test]
fn a_follower_joins_anew_and_goes_on() {
    let mut world = World::together(RoomVersionId::V11);
    world.say(B, 1, "before");
    let leaf_before = leaf_of_b(&world);
    world.sides[B].adopt(1);
    assert_eq!(world.sides[B].conversation(1).group.unwrap().own_clients().count(), 0);
    world.say(B, 1, "after");
    let mirror = world.sides[B].conversation(1);
    assert!(!mirror.row.resync, "everybody is back");
    assert_eq!(mirror.group.as_ref().unwrap().own_clients().count(), 1);
    assert_eq!(world.sides[A].said(0).last().unwrap().1, "after");
    world.say(A, 0, "welcome back");
    assert_eq!(world.sides[B].said(1).last().unwrap().1, "welcome back");
    let members = world.sides[A].conversation(0).group.unwrap();
    let of_b = members.members().iter().filter(|member| member.user == world.sides[B].puppet()).count();
    assert_eq!(of_b, 1, "the old leaf {leaf_before} is out");
}

fn leaf_of_b(world: &World) -> u32 {
    let group = world.sides[A].conversation(0).group.unwrap();
    group.members().iter().find(|member| member.user == world.sides[B].puppet()).unwrap().leaf
}

/// It need not be spoken: when the hub is heard of, whoever is locked out joins. What was said before is not opened.
#[test]
fn a_follower_joins_anew_when_the_hub_is_heard_of() {
    let mut world = World::together(RoomVersionId::V11);
    world.say(B, 1, "before");
    world.sides[B].adopt(1);
    world.say(A, 0, "nobody there opens this");
    assert!(!world.sides[B].conversation(1).row.resync);
    world.say(A, 0, "but this");
    assert_eq!(world.sides[B].said(1).last().unwrap().1, "but this");
}

/// What had been queued before is refused with its code, whichever of our clients it is for.
#[test]
fn nothing_is_sealed_while_a_group_is_locked() {
    let mut world = World::together(RoomVersionId::V11);
    world.say(B, 1, "before");
    world.sides[B].adopt(1);
    let user = world.sides[B].puppet().to_string();
    let queued = Outgoing::Submit { user, content: b"queued before".to_vec(), event_id: "$queued".to_owned() };
    let refused = world.turn(B, 1, |conversation, turn| conversation.prepare(turn, &queued)).err().unwrap();
    assert!(matches!(refused, ConversationError::Locked(_)), "{refused}");
    assert_eq!(refused.code(), RESYNC_REQUIRED);
    world.sides[A].adopt(0);
    let homeserver = &world.sides[A].homeserver;
    let draft = homeserver.draft("m.room.message", None, json!({ "msgtype": "m.text", "body": "as hub" }));
    let pdu = Arc::new(world.sides[A].native(0).build(&draft, world.now, &homeserver.keys).unwrap());
    let refused = world.turn(A, 0, |conversation, turn| {
        assert_eq!(conversation.room.as_mut().unwrap().accept(pdu.clone()), Outcome::Accepted);
        conversation.matrix_event(turn, &pdu)
    });
    assert_eq!(refused.unwrap_err().code(), RESYNC_REQUIRED);
}
