//! Who may tell newcomers of a room without a hub the graph, and what waits until somebody of ours can (SPEC §14.7).

use causeway_core::conversation::{Answer, Next, Outgoing, PeerMessage, Prepared};
use causeway_core::loss::Feature;
use causeway_drafts::mimi_protocol_06::Protocol;
use causeway_drafts::mimi_protocol_06::key_material::{
    ClientKeyMaterial, ClientKeyMaterialStatus, KeyMaterialResponse, KeyMaterialUserCode,
};
use causeway_mls::new_key_package;
use ruma::RoomVersionId;
use serde_json::json;

use crate::conversation_late_peers::{about_to_say, provider, without_a_hub};
use crate::conversation_leaderless::head;
use crate::support::simulation::*;

fn claim_of(world: &World, target: &str) -> Outgoing {
    Outgoing::KeyMaterial { requester: world.sides[B].puppet().to_string(), target: target.to_owned() }
}

/// The other side's user came in when the room had no hub, and somebody has committed for longer than the window since.
#[test]
fn dmls_41_a_newcomer_s_gateway_tells_the_graph_after_the_anchor_has_moved() {
    let mut world = World::bridged(RoomVersionId::V11);
    world.turn(A, 0, |conversation, turn| conversation.hub_lost(turn)).unwrap();
    world.pump();
    for name in ["one", "two", "three"] {
        world.set(A, 0, ("m.room.name", "", json!({ "name": name })));
    }
    let ghost = world.ghost_of_peer(A);
    world.set(A, 0, ("m.room.member", ghost.as_str(), json!({ "membership": "invite" })));
    world.accept_invitation(B, 0);
    world.accept_invitation(B, 1);
    world.say(B, 1, "hello");
    let told = world.sides[B].conversation(1).forkable.unwrap().graph().anchor();
    for name in ["four", "five", "six"] {
        world.set(A, 0, ("m.room.name", "", json!({ "name": name })));
    }
    assert_ne!(world.sides[B].conversation(1).forkable.unwrap().graph().anchor(), told);
    world.turn(B, 1, |conversation, turn| conversation.peer(turn, &provider(A), &[PeerMessage::WantTail], vec![])).unwrap();
    let said = about_to_say(&mut world, B);
    assert!(matches!(said[..], [PeerMessage::Tail { .. }]), "{:?}", said.iter().map(PeerMessage::kind).collect::<Vec<_>>());
    assert_eq!(head(&world, A, 0), head(&world, B, 1));
}

/// Whoever has come back knows no secrets of the anchor, and could not welcome anybody: the claim was made, and failed for good.
#[test]
fn dmls_41_a_claim_waits_until_a_peer_has_told_what_newcomers_have_to_be_told() {
    let mut world = without_a_hub();
    world.sides[B].adopt(1);
    world.say(B, 1, "back again");
    let item = claim_of(&world, "mimi://c.test/u/carol");
    let prepared = world.turn(B, 1, |conversation, turn| conversation.prepare(turn, &item)).unwrap();
    assert!(matches!(prepared, Prepared::Wait(3_000)));
    let prepared = world.turn(B, 1, |conversation, turn| conversation.prepare(turn, &item)).unwrap();
    assert!(matches!(prepared, Prepared::Wait(_)));
    assert_eq!(world.sides[B].conversation(1).book.owed["a.test"], 1, "it is asked for once");
    world.pump();
    let prepared = world.turn(B, 1, |conversation, turn| conversation.prepare(turn, &item)).unwrap();
    assert!(matches!(prepared, Prepared::Mimi(_)));
}

/// What none of our users may do is a loss; it was parked, and nobody asked for the user's KeyPackages again.
#[test]
fn an_addition_that_is_not_allowed_is_a_loss_and_may_be_tried_again() {
    let mut world = World::together(RoomVersionId::V11);
    let gateway_user = world.sides[A].gateway.names.gateway_user();
    let mut levels = world.sides[A].native(0).state_event("m.room.power_levels", "").unwrap().content_value();
    levels["invite"] = json!(100);
    levels["users"][gateway_user.as_str()] = json!(100);
    world.set(A, 0, ("m.room.power_levels", "", levels));
    world.say(B, 1, "hello");
    world.turn(A, 0, |conversation, turn| conversation.hub_lost(turn)).unwrap();
    world.pump();
    let user = world.sides[A].gateway.names.puppet(&crate::support::simulation::user("@dora:hs-a.test")).unwrap();
    let authority = &world.sides[A].gateway.authority;
    let identity = authority.issue_client(&world.sides[A].gateway.names.puppet_client(&user), &user).unwrap();
    let key_package = new_key_package(&identity, world.now).unwrap().key_package;
    let status = ClientKeyMaterialStatus::Success(causeway_drafts::decode_exact(&key_package).unwrap());
    let response = KeyMaterialResponse {
        protocol: Protocol::Mls10,
        user_status: KeyMaterialUserCode::Success,
        user_uri: user.clone(),
        clients: vec![ClientKeyMaterial { client_uri: identity.client_uri.clone(), status }],
    };
    let (item, before) = (claim_of(&world, user.as_str()), head(&world, B, 1));
    let answer = Answer::KeyMaterial(response);
    let next = world.turn(B, 1, |conversation, turn| {
        conversation.book.claiming.insert(user.to_string());
        conversation.answered(turn, &item, &answer)
    });
    assert!(next.unwrap() == Next::Done);
    assert!(world.sides[B].conversation(1).book.claiming.is_empty());
    let lost: Vec<_> = world.sides[B].losses.iter().map(|loss| loss.feature.clone()).collect();
    assert_eq!(lost, [Feature::NoKeyMaterial.to_string()]);
    assert_eq!(head(&world, B, 1), before);
}
