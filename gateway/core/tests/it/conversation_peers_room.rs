//! A room without a hub whose gateways have a Matrix room for what they say to one another (SPEC §15.2, DMLS-38).

use crate::conversation_leaderless::{bodies, head, two_admins};
use crate::support::simulation::*;

/// Both gateways use peers' rooms, and B has given the hub up.
fn without_a_hub() -> World {
    let mut world = two_admins();
    for side in &mut world.sides {
        side.gateway.peers_room = true;
    }
    world.turn(B, 1, |conversation, turn| conversation.hub_lost(turn)).unwrap();
    world.pump();
    world
}

#[test]
fn dmls_38_what_peers_say_travels_in_a_room_of_their_own() {
    let mut world = without_a_hub();
    assert_eq!((world.peers_rooms(A).len(), world.peers_rooms(B).len()), (1, 1));
    // Nothing but events passes from now on.
    world.is_cut = true;
    world.events_pass = true;
    world.say(A, 0, "can you hear me?");
    world.say(B, 1, "in our room");
    assert_eq!(bodies(&world, B, 1).last().unwrap(), "in our room");
    assert_eq!(bodies(&world, A, 0), ["hello", "can you hear me?", "in our room"]);
    assert_eq!(head(&world, A, 0), head(&world, B, 1));
    assert!(world.heard_in_peers_rooms >= 2);
    assert!(world.sides.iter().all(|side| side.losses.is_empty()));
}
