use std::sync::Arc;

use causeway_core::matrix::{Outcome, ROOM_VERSIONS, Refused, Room, StateDraft, Template};
use ruma::RoomVersionId;
use serde_json::json;

use crate::support::rooms::*;

#[test]
fn a_joined_room_is_the_residents_room() {
    let (alice, bob) = (server("a.test", "alice"), server("b.test", "bob"));
    for version in ROOM_VERSIONS {
        let mut at_alice = alice.create(version, &public_room());
        alice.set(&mut at_alice, NOW, ("m.room.name", "", json!({ "name": "Club" })));
        let mut at_bob = bob.join(&mut at_alice);
        assert_eq!(at_bob.state(), at_alice.state());
        assert_eq!(at_bob.joined_users(), [alice.user.clone(), bob.user.clone()].into());
        let words = bob.say(&mut at_bob, NOW, "hello");
        assert_eq!(at_alice.accept(words), Outcome::Accepted);
        let words = alice.say(&mut at_alice, NOW, "hello");
        assert_eq!(at_bob.accept(words), Outcome::Accepted);
        // And what the store gives back is it, too.
        assert_eq!(stored(&mut at_bob).state(), at_alice.state());
    }
}

/// A join that is made again, because the answer to the first got lost, rests upon that, not upon the invitation.
#[test]
fn who_invited_somebody_is_known_after_a_second_join() {
    let (alice, bob) = (server("a.test", "alice"), server("b.test", "bob"));
    let mut room = alice.create(RoomVersionId::V11, &[invite_only()]);
    alice.set(&mut room, NOW, ("m.room.member", bob.user.as_str(), json!({ "membership": "invite" })));
    assert_eq!(room.inviter_of(&bob.user), Some(alice.user.clone()));
    for _ in 0..2 {
        let at_bob = bob.join(&mut room);
        assert_eq!(at_bob.inviter_of(&bob.user), Some(alice.user.clone()));
        assert_eq!(stored(&mut room.clone()).inviter_of(&bob.user), Some(alice.user.clone()));
    }
    assert_eq!(room.inviter_of(&alice.user), None);
}

/// A resident server that lies about the state is not believed.
#[test]
fn a_send_join_answer_has_to_be_allowed_by_itself() {
    let (alice, bob, eve) = (server("a.test", "alice"), server("b.test", "bob"), server("e.test", "eve"));
    let mut room = alice.create(RoomVersionId::V11, &public_room());
    let mut elsewhere = eve.create(RoomVersionId::V11, &public_room());
    let foreign = eve.say(&mut elsewhere, NOW, "x");
    let template = Template::read(&room.membership_template(&bob.user, "join", None).unwrap()).unwrap();
    let join = || {
        let place = (room.room_id(), room.version());
        Arc::new(template.membership(place, &bob.user, json!({ "membership": "join" }), (NOW, &bob.keys)).unwrap())
    };
    let (state, chain) = snapshot(&room);
    assert!(Room::from_send_join(RoomVersionId::V11, state.clone(), chain.clone(), join()).is_ok());
    // Another room's event among them.
    let with_foreign = state.iter().cloned().chain([foreign]).collect();
    assert!(Room::from_send_join(RoomVersionId::V11, with_foreign, chain.clone(), join()).is_err());
    // The create event withheld, and with it all authority.
    let without = |kind: &str| -> Vec<_> { state.iter().filter(|pdu| pdu.event_type() != kind).cloned().collect() };
    let no_chain: Vec<_> = chain.iter().filter(|pdu| pdu.event_type() != "m.room.create").cloned().collect();
    assert!(Room::from_send_join(RoomVersionId::V11, without("m.room.create"), no_chain, join()).is_err());
    // A state in which the join rule forbids the join.
    assert!(Room::from_send_join(RoomVersionId::V11, without("m.room.join_rules"), chain.clone(), join()).is_err());
    assert_eq!(room.accept(join()), Outcome::Accepted);
}

/// Of a peer's template three fields are read; the rest could be anything, and would be signed.
#[test]
fn a_template_is_no_signing_oracle() {
    let (alice, bob) = (server("a.test", "alice"), server("b.test", "bob"));
    let mut room = alice.create(RoomVersionId::V11, &public_room());
    let mut template = room.membership_template(&bob.user, "join", None).unwrap();
    template["type"] = json!("m.room.power_levels");
    template["sender"] = json!("@admin:b.test");
    template["state_key"] = json!("");
    template["room_id"] = json!("!other:b.test");
    template["origin_server_ts"] = json!(1);
    template["content"] = json!({ "users": { "@eve:e.test": 100 } });
    template["redacts"] = json!("$victim");
    template["extra"] = json!({ "method": "PUT", "uri": "/_matrix/federation/v1/send/1" });
    let content = json!({ "membership": "join" });
    let signed = Template::read(&template)
        .unwrap()
        .membership((room.room_id(), room.version()), &bob.user, content.clone(), (NOW, &bob.keys))
        .unwrap();
    let expected =
        ["auth_events", "content", "depth", "hashes", "origin_server_ts", "prev_events", "room_id", "sender", "signatures"];
    let expected: Vec<_> = expected.into_iter().chain(["state_key", "type"]).collect();
    assert_eq!(signed.object().keys().collect::<Vec<_>>(), expected);
    assert_eq!((signed.event_type(), signed.state_key(), signed.sender()), ("m.room.member", Some(bob.user.as_str()), &bob.user));
    assert_eq!((signed.content_value(), signed.room_id(), signed.origin_server_ts()), (content, room.room_id(), NOW));
    assert_eq!(room.accept(Arc::new(signed)), Outcome::Accepted);

    for key in ["prev_events", "auth_events", "depth"] {
        let mut template = template.clone();
        template.as_object_mut().unwrap().remove(key);
        assert!(Template::read(&template).is_err(), "{key}");
    }
    // The three themselves are checked like an event's.
    template["prev_events"] = json!({ "method": "PUT" });
    let odd = Template::read(&template).unwrap();
    assert!(odd.membership((room.room_id(), room.version()), &bob.user, json!({}), (NOW, &bob.keys)).is_err());
}

#[test]
fn a_closed_room_gives_no_template() {
    let (alice, bob) = (server("a.test", "alice"), server("b.test", "bob"));
    for version in ROOM_VERSIONS {
        let mut room = alice.create(version, &[StateDraft::new("m.room.join_rules", "", json!({ "join_rule": "invite" }))]);
        assert!(matches!(room.membership_template(&bob.user, "join", None), Err(Refused::Rule(_))));
        assert!(matches!(room.membership_template(&bob.user, "leave", None), Err(Refused::Rule(_))));
        alice.set(&mut room, NOW, ("m.room.member", bob.user.as_str(), json!({ "membership": "invite" })));
        for membership in ["join", "leave"] {
            let template = room.membership_template(&bob.user, membership, None);
            assert!(template.is_ok(), "{membership}: {template:?}");
        }
    }
}

/// A restricted join names one of our users who may invite.
#[test]
fn a_restricted_join_is_authorised() {
    let (alice, bob) = (server("a.test", "alice"), server("b.test", "bob"));
    let rule = json!({ "join_rule": "restricted", "allow": [{ "type": "m.room_membership", "room_id": "!space:a.test" }] });
    for version in ROOM_VERSIONS {
        let room = alice.create(version, &[StateDraft::new("m.room.join_rules", "", rule.clone())]);
        assert!(matches!(room.membership_template(&bob.user, "join", None), Err(Refused::Rule(_))));
        let template = room.membership_template(&bob.user, "join", Some(&alice.user)).unwrap();
        assert_eq!(template["content"]["join_authorised_via_users_server"], json!(alice.user));
        let member = room.state_event("m.room.member", alice.user.as_str()).unwrap().event_id();
        assert!(template["auth_events"].as_array().unwrap().contains(&json!(member)), "the authoriser's membership is named");
        // Nobody who is not in the room authorises.
        assert!(matches!(room.membership_template(&bob.user, "join", Some(&bob.user)), Err(Refused::Rule(_))));
    }
}
