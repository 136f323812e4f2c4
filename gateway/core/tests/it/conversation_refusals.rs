//! What is refused, by whom, and that it leaves nothing behind.

use causeway_core::code::{Coded, PARTIAL_GROUP_INFO};
use causeway_core::conversation::{Answer, ConversationError, Intent, MimiRequest, Next, Outgoing, Prepared, notices};
use causeway_drafts::decode_exact;
use causeway_drafts::mimi_protocol_06::ratchet_tree::{GroupInfoOption, PartialGroupInfo, RatchetTreePresence};
use causeway_drafts::mimi_protocol_06::submit_message::{SubmitMessageRequest, SubmitMessageResponse, SubmitStatus};
use causeway_drafts::mimi_protocol_06::update::{CommitBundle, UpdateRequest, UpdateRoomResponse, UpdateStatus};
use ruma::RoomVersionId;
use serde_json::json;

use crate::support::simulation::*;

fn rule<T>(result: Result<T, ConversationError>) -> &'static str {
    match result {
        Err(ConversationError::NotAllowed { rule, .. }) => rule,
        Err(other) => panic!("refused for another reason: {other}"),
        Ok(_) => panic!("not refused"),
    }
}

/// Bob's next message, sealed but not sent.
fn sealed(world: &mut World, words: &str) -> SubmitMessageRequest {
    let bob = world.sides[B].homeserver.draft("m.room.message", None, json!({ "msgtype": "m.text", "body": words }));
    world.act(B, 1, bob);
    let (index, item) = world.take_outgoing(B);
    match world.turn(B, index, |conversation, turn| conversation.prepare(turn, &item)).unwrap() {
        Prepared::Mimi(MimiRequest::Submit(_, body)) => decode_exact(&body).unwrap(),
        _ => panic!("no message"),
    }
}

/// Bob's renaming of the room at its hub: the commit, not sent.
fn renaming(world: &mut World) -> UpdateRequest {
    let users = json!({ "@alice:hs-a.test": 100, world.ghost_of_peer(A).as_str(): 50 });
    world.set(A, 0, ("m.room.power_levels", "", json!({ "users": users })));
    let rename = world.sides[B].homeserver.draft("m.room.name", Some(""), json!({ "name": "Bob's" }));
    world.act(B, 1, rename);
    let (index, item) = world.take_outgoing(B);
    match world.turn(B, index, |conversation, turn| conversation.prepare(turn, &item)).unwrap() {
        Prepared::Mimi(MimiRequest::Update(_, body)) => decode_exact(&body).unwrap(),
        _ => panic!("no commit"),
    }
}

#[test]
fn p_045_a_provider_speaks_for_its_own_users_only() {
    let mut world = World::together(RoomVersionId::V11);
    let request = sealed(&mut world, "hi");
    let (message, evil) = (request.app_message.bytes().to_vec(), "evil.test".parse().unwrap());
    let sender = request.sending_uri.clone();
    assert_eq!(rule(world.turn(A, 0, |c, turn| c.submit(turn, &evil, &sender, &message))), "P-045");
    let b = "b.test".parse().unwrap();
    let stranger = "mimi://b.test/u/stranger".parse().unwrap();
    assert_eq!(rule(world.turn(A, 0, |c, turn| c.submit(turn, &b, &stranger, &message))), "P-044");
    assert!(world.turn(A, 0, |c, turn| c.submit(turn, &b, &sender, &message)).is_ok());
    // What the hub has taken is not taken again as something new.
    let heard = world.sides[A].timeline(0).len();
    drop(world.turn(A, 0, |c, turn| c.submit(turn, &b, &sender, &message)));
    assert_eq!(world.sides[A].timeline(0).len(), heard);
}

/// A sender may not pass for another of its provider's users.
#[test]
fn c_015_a_message_shows_as_its_credentials_user() {
    let mut world = World::together(RoomVersionId::V11);
    world.say(B, 1, "hi");
    let timeline = world.sides[A].timeline(0);
    assert_eq!(timeline.last().unwrap().0, world.ghost_of_peer(A).to_string());
}

/// A commit that another provider brings is refused, and the group stays where it was.
#[test]
fn p_045_a_commit_comes_from_its_committers_provider() {
    let mut world = World::together(RoomVersionId::V11);
    let request = renaming(&mut world);
    let before = world.sides[A].conversation(0).group.unwrap().epoch();
    let evil = "evil.test".parse().unwrap();
    assert_eq!(rule(world.turn(A, 0, |c, turn| c.update(turn, &evil, &request))), "P-045");
    assert_eq!(world.sides[A].conversation(0).group.unwrap().epoch(), before);
    assert_eq!(world.update(A, B, 1, &request).status, UpdateStatus::Success { accepted_timestamp: world.now });
    // P-041: the same commit again is of another epoch.
    assert!(matches!(world.update(A, B, 1, &request).status, UpdateStatus::WrongEpoch { .. }));
}

/// G-23: a partial GroupInfo is refused by its name, and the commit may come again with the whole.
#[test]
fn g_23_a_commit_with_a_partial_group_info_is_refused() {
    let mut world = World::together(RoomVersionId::V11);
    let request = renaming(&mut world);
    let UpdateRequest::Commit(bundle) = &request else { panic!("no commit") };
    let partial = PartialGroupInfo {
        ratchet_tree_presence: RatchetTreePresence::NoRatchetTree,
        group_info_extensions: Vec::new(),
        signature: vec![1; 64].into(),
    };
    let with_part = CommitBundle { group_info_option: GroupInfoOption::Partial(partial), ..(**bundle).clone() };
    let with_part = UpdateRequest::Commit(Box::new(with_part));
    let before = world.sides[A].conversation(0).group.unwrap().epoch();
    let b = "b.test".parse().unwrap();
    let refused = world.turn(A, 0, |c, turn| c.update(turn, &b, &with_part)).unwrap_err();
    assert_eq!(refused.code(), PARTIAL_GROUP_INFO, "{refused}");
    assert!(refused.to_string().starts_with("G-23: PartialGroupInfo"), "{refused}");
    assert_eq!(world.sides[A].conversation(0).group.unwrap().epoch(), before);
    assert!(world.turn(A, 0, |c, turn| c.update(turn, &b, &request)).is_ok());
}

/// A kick that the hub's policy does not allow: notAllowed, undone on Matrix, and said there.
#[test]
fn a_refused_kick_is_undone() {
    let mut world = World::together(RoomVersionId::V11);
    let alices_ghost = world.ghost_of_peer(B);
    let alice = world.sides[A].puppet();
    let gateway_user = world.sides[B].gateway.names.gateway_user();
    // Bob may kick in the mirror, but is no more than a member of the MIMI room.
    let levels = json!({ "users": { "@bob:hs-b.test": 50 }, "kick": 50 });
    world.gateway_event(B, 1, ("m.room.power_levels", "", levels), &gateway_user);
    world.set(B, 1, ("m.room.member", alices_ghost.as_str(), json!({ "membership": "leave" })));
    assert_eq!(world.sides[B].native(1).membership(&alices_ghost).as_deref(), Some("join"));
    assert!(world.sides[B].notices(1).last().unwrap().contains("did not accept this change (remove)"));
    let group = world.sides[A].conversation(0).group.unwrap();
    assert!(group.room_state().participants.participants.iter().any(|entry| entry.user == alice));
    // And the conversation goes on.
    world.say(B, 1, "sorry");
    assert_eq!(world.sides[A].said(0).last().unwrap().1, "sorry");
}

/// The hub's refusal of a rename puts the old name back.
#[test]
fn a_rename_refused_by_the_hub_is_undone() {
    let mut world = World::together(RoomVersionId::V11);
    world.set(A, 0, ("m.room.name", "", json!({ "name": "Club" })));
    let user = world.sides[B].puppet().to_string();
    let item = Outgoing::Update { user, intent: Intent::Rename { name: "Mine".to_owned() }, event_id: "$x".to_owned() };
    let gateway_user = world.sides[B].gateway.names.gateway_user();
    world.gateway_event(B, 1, ("m.room.name", "", json!({ "name": "Mine" })), &gateway_user);
    let response = UpdateRoomResponse { status: UpdateStatus::NotAllowed, error_description: "R-071".to_owned() };
    let next = world.turn(B, 1, |c, turn| c.answered(turn, &item, &Answer::Updated(response))).unwrap();
    assert!(next == Next::Done);
    world.pump();
    assert_eq!(world.sides[B].native(1).name().as_deref(), Some("Club"));
    assert!(world.sides[B].notices(1).last().unwrap().contains("R-071"));
}

/// A message that the hub refuses for good is a loss that its sender is told of; one of an old epoch is sealed again.
#[test]
fn p_047_a_refused_message_is_told_an_old_one_is_sealed_again() {
    let mut world = World::together(RoomVersionId::V11);
    let bob = world.sides[B].homeserver.draft("m.room.message", None, json!({ "msgtype": "m.text", "body": "hi" }));
    world.act(B, 1, bob);
    let (index, item) = world.take_outgoing(B);
    let answer = |status| Answer::Submitted(SubmitMessageResponse::new(status));
    let old = answer(SubmitStatus::EpochTooOld { current_epoch: 9 });
    assert!(matches!(world.turn(B, index, |c, turn| c.answered(turn, &item, &old)).unwrap(), Next::Retry(_)));
    let refused = answer(SubmitStatus::NotAllowed);
    assert!(world.turn(B, index, |c, turn| c.answered(turn, &item, &refused)).unwrap() == Next::Done);
    assert_eq!(world.sides[B].losses.last().unwrap().feature, "refused_by_hub");
    assert!(world.sides[B].notices(1).last().unwrap().contains("did not reach the MIMI side"));
}

/// An encrypted room pauses: nothing crosses in either direction, and the room is told why.
#[test]
fn an_encrypted_room_pauses() {
    let mut world = World::together(RoomVersionId::V11);
    world.set(A, 0, ("m.room.encryption", "", json!({ "algorithm": "m.megolm.v1.aes-sha2" })));
    assert_eq!(world.sides[A].conversation(0).row.status, "paused");
    assert_eq!(world.sides[A].notices(0).last().unwrap(), notices::ENCRYPTED_ROOM);
    let (at_a, at_b) = (world.sides[A].timeline(0).len(), world.sides[B].timeline(1).len());
    world.send(A, 0, "m.room.encrypted", json!({ "algorithm": "m.megolm.v1.aes-sha2", "ciphertext": "x" }));
    assert_eq!(world.sides[B].timeline(1).len(), at_b);
    world.say(B, 1, "anybody?");
    assert_eq!(world.sides[A].timeline(0).len(), at_a + 1, "only what Alice sent herself");
    assert_eq!(world.sides[A].losses.last().unwrap().feature, "paused");
}

/// A room that is encrypted from the start is never bridged.
#[test]
fn an_encrypted_room_is_never_bridged() {
    let mut world = World::gateway_in_room(RoomVersionId::V11);
    world.set(A, 0, ("m.room.encryption", "", json!({ "algorithm": "m.megolm.v1.aes-sha2" })));
    world.set(A, 0, (notices::OPT_IN_TYPE, "gw-a.test", json!({ "trust_mode": "endpoint" })));
    assert!(world.sides[A].conversation(0).group.is_none());
}
