//! Rooms whose groups an operator hardens (SPEC §14.12).

use causeway_core::conversation::ConversationError;
use causeway_mls::Hardening;
use serde_json::json;

use crate::conversation_leaderless::{bodies, both_sides_go_on_alone, name, two_admins, with_alice_at};
use crate::support::simulation::*;

fn harden(world: &mut World, (side, index): (usize, usize), hardening: Hardening) -> Result<(), ConversationError> {
    let done = world.turn(side, index, |conversation, turn| conversation.harden(turn, hardening));
    world.pump();
    done
}

fn hardening(world: &World, side: usize, index: usize) -> Hardening {
    world.sides[side].conversation(index).group.unwrap().room_state().hardening
}

#[test]
fn dmls_34_an_operator_of_the_hub_switches_it_and_the_room_goes_on() {
    let mut world = two_admins();
    for wanted in [Hardening::PskPuncture, Hardening::PskPuncture, Hardening::None] {
        harden(&mut world, (A, 0), wanted).unwrap();
        assert_eq!((hardening(&world, A, 0), hardening(&world, B, 1)), (wanted, wanted));
        world.say(A, 0, "from the hub");
        assert_eq!(bodies(&world, B, 1).last().unwrap(), "from the hub");
        world.say(B, 1, "from the follower");
        assert_eq!(bodies(&world, A, 0).last().unwrap(), "from the follower");
        world.set(A, 0, ("m.room.name", "", json!({ "name": format!("It is {wanted:?}") })));
        assert_eq!(name(&world, B, 1), format!("It is {wanted:?}"));
    }
    assert!(world.sides[A].losses.is_empty() && world.sides[B].losses.is_empty());
}

#[test]
fn dmls_35_a_hardened_room_goes_on_without_its_hub_and_is_settled() {
    let mut world = two_admins();
    harden(&mut world, (A, 0), Hardening::PskPuncture).unwrap();
    both_sides_go_on_alone(&mut world);
    assert!(world.sides[B].conversation(1).forkable.unwrap().settlement().unwrap().intents.is_empty());
    world.say(A, 0, "still here");
    assert_eq!(bodies(&world, B, 1).last().unwrap(), "still here");
    // There, whoever may switches it, too.
    harden(&mut world, (B, 1), Hardening::None).unwrap();
    assert_eq!((hardening(&world, A, 0), hardening(&world, B, 1)), (Hardening::None, Hardening::None));
    world.say(B, 1, "as before");
    assert_eq!(bodies(&world, A, 0).last().unwrap(), "as before");
}

#[test]
fn dmls_34_a_follower_does_not_switch_it_nor_does_who_has_nobody_that_may() {
    let mut world = two_admins();
    let refused = harden(&mut world, (B, 1), Hardening::PskPuncture);
    assert!(matches!(refused, Err(ConversationError::NotAllowed { rule: "SPEC §14.12", .. })), "{refused:?}");
    let mut world = with_alice_at(0);
    let refused = harden(&mut world, (A, 0), Hardening::PskPuncture);
    assert!(matches!(refused, Err(ConversationError::NotAllowed { rule: "DMLS-34", .. })), "{refused:?}");
    assert_eq!(hardening(&world, A, 0), Hardening::None);
}
