//! Answers of a hub that get lost: what was sent is sent again as it was, or not at all, and takes effect once.

use std::collections::BTreeSet;

use ruma::{OwnedUserId, RoomVersionId};
use serde_json::json;

use crate::support::simulation::*;

/// Bob has said something before, so that his client is in the group; he may invite if he is a moderator.
fn talking(is_moderator: bool) -> World {
    let mut world = World::together(RoomVersionId::V11);
    if is_moderator {
        let users = json!({ "@alice:hs-a.test": 100, world.ghost_of_peer(A).as_str(): 50 });
        world.set(A, 0, ("m.room.power_levels", "", json!({ "users": users, "events": { "m.room.power_levels": 100 } })));
    }
    world.say(B, 1, "here I am");
    world.sent_to_hubs.clear();
    world
}

fn dave_comes(world: &mut World) -> OwnedUserId {
    let (bob, dave) = (user("@bob:hs-b.test"), user("@dave:hs-b.test"));
    world.act(B, 1, by(&bob, "m.room.member", Some(dave.as_str()), json!({ "membership": "invite" })));
    world.act(B, 1, by(&dave, "m.room.member", Some(dave.as_str()), json!({ "membership": "join" })));
    dave
}

fn times(world: &World, words: &str) -> usize {
    world.sides[A].said(0).into_iter().filter(|(_, said)| said == words).count()
}

fn distinct(sent: &[Vec<u8>]) -> usize {
    sent.iter().collect::<BTreeSet<_>>().len()
}

/// The hub has not fanned it out yet: the same bytes again, for which no second generation is used.
#[test]
fn a_message_without_answer_is_sent_again_as_it_was() {
    let mut world = talking(false);
    world.lose_answers = 3;
    world.act(B, 1, text(&user("@bob:hs-b.test"), "once"));
    for _ in 0..4 {
        world.pump_only(B);
    }
    assert_eq!((world.sent_to_hubs.len(), distinct(&world.sent_to_hubs)), (4, 1));
    world.pump();
    world.say(B, 1, "and more");
    assert_eq!((times(&world, "once"), times(&world, "and more")), (1, 1));
    assert!(world.sides.iter().all(|side| side.losses.is_empty()));
}

/// The hub's order has brought it: it is not sent again.
#[test]
fn a_message_that_the_hubs_order_brings_needs_no_answer() {
    let mut world = talking(false);
    world.lose_answers = 1;
    world.act(B, 1, text(&user("@bob:hs-b.test"), "once"));
    world.pump_only(B);
    world.pump_only(A);
    world.pump();
    assert_eq!(world.sent_to_hubs.len(), 1);
    world.say(B, 1, "and more");
    assert_eq!((times(&world, "once"), times(&world, "and more")), (1, 1));
    assert!(world.sides.iter().all(|side| side.losses.is_empty()));
}

/// The hub says that an external commit comes too late, because it has taken that very commit before: it is not given up
/// for another, which would throw the first leaf out again.
#[test]
fn an_external_commit_without_answer_is_made_once() {
    let mut world = talking(true);
    let dave = dave_comes(&mut world);
    world.pump();
    world.sent_to_hubs.clear();
    world.act(B, 1, text(&dave, "hello"));
    // GroupInfo comes; the commit's answer does not.
    world.pass_only(B);
    world.lose_answers = 1;
    for _ in 0..3 {
        world.pass_only(B);
    }
    world.pump();
    let puppet = world.sides[B].gateway.names.puppet(&dave).unwrap();
    let group = world.sides[A].conversation(0).group.unwrap();
    assert_eq!(group.members().iter().filter(|member| member.user == puppet).count(), 1);
    // One commit, sent again as it was, and one message.
    assert_eq!(distinct(&world.sent_to_hubs), 2, "{} requests", world.sent_to_hubs.len());
    assert_eq!(times(&world, "hello"), 1);
    assert!(world.sides.iter().all(|side| side.losses.is_empty()));
}

/// Who has come on Matrix does not wait until the hub has agreed to speak.
#[test]
fn what_a_newcomer_says_follows_once_the_hub_has_added_them() {
    let mut world = talking(true);
    let dave = dave_comes(&mut world);
    // The hub is asked; its order has not brought its answer yet.
    world.pass_only(B);
    world.act(B, 1, text(&dave, "hello"));
    world.act(B, 1, text(&dave, "is anybody there?"));
    world.pump();
    assert_eq!((times(&world, "hello"), times(&world, "is anybody there?")), (1, 1));
    assert_eq!(world.sides[A].said(0).pop().unwrap().1, "is anybody there?");
    assert!(world.sides.iter().all(|side| side.losses.is_empty()));
}

/// And if the hub does not agree, what they said is a loss, and holds nobody up.
#[test]
fn what_somebody_says_whom_the_hub_refuses_is_a_loss() {
    let mut world = talking(true);
    let levels = json!({ "users": { "@alice:hs-a.test": 100 }, "invite": 100, "events": { "m.room.power_levels": 100 } });
    world.act(A, 0, by(&user("@alice:hs-a.test"), "m.room.power_levels", Some(""), levels));
    let dave = dave_comes(&mut world);
    world.lose_answers = 1;
    world.pass_only(B);
    world.act(B, 1, text(&dave, "let me in"));
    world.pump_from(B);
    world.say(B, 1, "he is not in");
    assert_eq!((times(&world, "let me in"), times(&world, "he is not in")), (0, 1));
    let features: Vec<_> = world.sides[B].losses.iter().map(|loss| loss.feature.as_str()).collect();
    assert!(features.contains(&"sender_not_participant"), "{features:?}");
}
