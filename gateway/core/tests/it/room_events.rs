use std::sync::Arc;

use causeway_core::matrix::{EventDraft, MAX_PDU_OCTETS, Outcome, Pdu, PduError, ROOM_VERSIONS, Refused, Room, StateDraft};
use ruma::RoomVersionId;
use serde_json::{Value, json};

use crate::support::rooms::*;

/// Versions differ in who names the room and its creator.
#[test]
fn rooms_are_created_in_all_versions() {
    let alice = server("a.test", "alice");
    for version in ROOM_VERSIONS {
        let room = alice.create(version.clone(), &public_room());
        let create = room.state_event("m.room.create", "").unwrap();
        let is_v12 = version == RoomVersionId::V12;
        match is_v12 {
            true => assert_eq!(room.room_id().as_str(), create.event_id().as_str().replace('$', "!")),
            false => assert!(room.room_id().as_str().starts_with("!random") && room.room_id().as_str().ends_with(":a.test")),
        }
        assert_eq!(create.object().contains_key("room_id"), !is_v12);
        assert_eq!(create.content_str("creator").is_some(), version == RoomVersionId::V10);
        assert_eq!(room.membership(&alice.user).as_deref(), Some("join"));
        assert_eq!(room.is_creator(&alice.user), is_v12);
        assert!(room.power_level(&alice.user) >= 100);
        let join = room.state_event("m.room.join_rules", "").unwrap();
        assert_eq!(join.auth_events().contains(create.event_id()), !is_v12, "since v12 the create event is implied");
    }
    let refused = Room::create(RoomVersionId::V9, &alice.user, &[], (NOW, &alice.keys, "random"));
    assert!(matches!(refused, Err(Refused::Pdu(PduError::Version(RoomVersionId::V9)))));
}

#[test]
fn events_are_accepted_once() {
    let alice = server("a.test", "alice");
    for version in ROOM_VERSIONS {
        let mut room = alice.create(version, &[]);
        let first = alice.say(&mut room, NOW, "one");
        let second = alice.say(&mut room, NOW, "two");
        assert_eq!(second.prev_events(), [first.event_id().clone()]);
        assert_eq!(second.depth(), first.depth() + 1);
        assert_eq!(room.accept(second), Outcome::Duplicate);
        assert_eq!(room.accept(first), Outcome::Duplicate);
        assert_eq!(room.extremities().count(), 1);
    }
}

/// We sign nothing that the room's rules forbid.
#[test]
fn a_forbidden_event_is_not_built() {
    let (alice, bob) = (server("a.test", "alice"), server("b.test", "bob"));
    let room = alice.create(RoomVersionId::V11, &[]);
    let text = json!({ "msgtype": "m.text", "body": "hi" });
    let refused = room.build(&bob.draft("m.room.message", None, text.clone()), NOW, &bob.keys);
    assert!(matches!(refused, Err(Refused::Rule(_))), "not in the room");
    let mut room = alice.create(RoomVersionId::V11, &public_room());
    let at_bob = bob.join(&mut room);
    assert!(at_bob.build(&bob.draft("m.room.message", None, text), NOW, &bob.keys).is_ok());
    let refused = at_bob.build(&bob.draft("m.room.name", Some(""), json!({ "name": "Mine" })), NOW, &bob.keys);
    assert!(matches!(refused, Err(Refused::Rule(_))), "no power");
}

#[test]
fn an_event_has_its_limit_in_octets() {
    let alice = server("a.test", "alice");
    let room = alice.create(RoomVersionId::V11, &[]);
    let build = |length: usize| {
        let content = json!({ "msgtype": "m.text", "body": "\u{e4}".repeat(length) });
        room.build(&alice.draft("m.room.message", None, content), NOW, &alice.keys)
    };
    assert!(build(MAX_PDU_OCTETS / 2 - 500).is_ok());
    assert!(matches!(build(MAX_PDU_OCTETS / 2), Err(Refused::TooLarge) | Err(Refused::Pdu(_))));
}

/// What a redaction names stands at the top level before version 11, in the content since.
#[test]
fn redactions_follow_the_version() {
    let alice = server("a.test", "alice");
    for version in ROOM_VERSIONS {
        let mut room = alice.create(version.clone(), &[]);
        let target = alice.say(&mut room, NOW, "oops").event_id().clone();
        let draft = EventDraft { redacts: Some(target.clone()), ..alice.draft("m.room.redaction", None, json!({})) };
        let redaction = room.build(&draft, NOW, &alice.keys).unwrap();
        assert_eq!(redaction.object().contains_key("redacts"), version == RoomVersionId::V10);
        assert_eq!(redaction.content_str("redacts").is_some(), version != RoomVersionId::V10);
        assert_eq!(redaction.redacts(), Some(&target));
        assert_eq!(room.accept(Arc::new(redaction)), Outcome::Accepted);
    }
}

/// Check 4 to 5: an event that a rule forbids at its place is rejected, and whatever builds on it as authority too.
#[test]
fn what_a_rule_forbids_is_rejected() {
    let (alice, bob) = (server("a.test", "alice"), server("b.test", "bob"));
    let mut room = alice.create(RoomVersionId::V11, &public_room());
    let mut at_bob = bob.join(&mut room);
    let name = json!({ "name": "Mine" });
    let forbidden = Arc::new(signed(&bob, &at_bob, "m.room.name", Some(""), &name, &[]));
    assert!(matches!(room.accept(forbidden.clone()), Outcome::Rejected(_)));
    assert_eq!(room.name(), None);
    assert!(room.extremities().all(|id| id != forbidden.event_id()));
    // Power levels of his own making, and a message under them.
    let levels = json!({ "users": { bob.user.as_str(): 100 } });
    let coup = Arc::new(signed(&bob, &at_bob, "m.room.power_levels", Some(""), &levels, &[]));
    assert!(matches!(room.accept(coup.clone()), Outcome::Rejected(_)));
    let under_it = Arc::new(signed(&bob, &at_bob, "m.room.name", Some(""), &name, &[coup.event_id().clone()]));
    assert!(matches!(room.accept(under_it.clone()), Outcome::Rejected(why) if why.contains("was rejected")));
    // Restarting forgets nothing of it.
    let mut restored = stored(&mut room);
    assert!(matches!(restored.accept(under_it), Outcome::Rejected(why) if why.contains("was rejected")));
    let fine = bob.say(&mut at_bob, NOW, "sorry");
    assert_eq!(room.accept(fine), Outcome::Accepted);
}

/// Signs what `build` would refuse: a hostile server has its own code.
fn signed(
    server: &Server,
    room: &Room,
    event_type: &str,
    state_key: Option<&str>,
    content: &Value,
    auth: &[ruma::OwnedEventId],
) -> Pdu {
    let named = |kind: &str, key: &str| room.state_event(kind, key).map(|event| event.event_id().clone());
    let mut auth_events: Vec<_> =
        [named("m.room.create", ""), named("m.room.member", server.user.as_str())].into_iter().flatten().collect();
    match auth {
        [] => auth_events.extend(named("m.room.power_levels", "")),
        other => auth_events.extend(other.iter().cloned()),
    }
    let mut event = json!({
        "type": event_type, "room_id": room.room_id(), "sender": server.user, "origin_server_ts": NOW, "content": content,
        "prev_events": room.extremities().collect::<Vec<_>>(), "auth_events": auth_events, "depth": 20,
    });
    if let Some(key) = state_key {
        event["state_key"] = json!(key);
    }
    let mut object = serde_json::from_value(event).unwrap();
    server.keys.sign_event(&mut object, room.version()).unwrap();
    Pdu::from_object(object, room.version()).unwrap()
}

/// Check 6: fine where it was sent, but not any more.
#[test]
fn a_straggler_of_somebody_kicked_is_soft_failed() {
    let (alice, bob) = (server("a.test", "alice"), server("b.test", "bob"));
    for version in ROOM_VERSIONS {
        let mut room = alice.create(version, &public_room());
        let mut at_bob = bob.join(&mut room);
        alice.set(&mut room, NOW, ("m.room.member", bob.user.as_str(), json!({ "membership": "leave" })));
        let late = bob.say(&mut at_bob, NOW + 1, "one last thing");
        assert!(matches!(room.accept(late.clone()), Outcome::SoftFailed(_)));
        assert!(room.extremities().all(|id| id != late.event_id()));
        assert_eq!(room.membership(&bob.user).as_deref(), Some("leave"));
        let stored = room.take_changes().events.into_iter().find(|event| event.pdu.event_id() == late.event_id()).unwrap();
        assert!(stored.soft_failed && stored.rejected.is_none());
        assert_eq!(room.accept(late), Outcome::Duplicate);
    }
}

/// A v12 room is named by its create event: two that are made by one user in one millisecond are two.
#[test]
fn rooms_made_at_the_same_time_are_different_rooms() {
    let alice = server("a.test", "alice");
    for version in ROOM_VERSIONS {
        let (one, two) = (alice.create(version.clone(), &[]), alice.create(version, &[]));
        assert_ne!(one.room_id(), two.room_id());
    }
}

#[test]
fn an_event_of_another_room_is_rejected() {
    let alice = server("a.test", "alice");
    let mut room = alice.create(RoomVersionId::V12, &[]);
    let mut other = alice.create(RoomVersionId::V12, &public_room());
    let elsewhere = alice.say(&mut other, NOW, "hi");
    assert!(matches!(room.accept(elsewhere), Outcome::Rejected(_)));
}

/// Gaps are named, and closed by what a peer tells.
#[test]
fn missing_events_are_named() {
    let (alice, bob) = (server("a.test", "alice"), server("b.test", "bob"));
    let mut room = alice.create(RoomVersionId::V11, &public_room());
    let mut at_bob = bob.join(&mut room);
    let gap = alice.say(&mut room, NOW, "lost on the way");
    let next = alice.say(&mut room, NOW, "next");
    assert_eq!(at_bob.accept(next.clone()), Outcome::MissingPrev(vec![gap.event_id().clone()]));
    at_bob.learn_state(gap.event_id().clone(), room.state().clone());
    assert_eq!(at_bob.accept(next), Outcome::Accepted);

    let levels =
        alice.set(&mut room, NOW, ("m.room.power_levels", "", json!({ "users": { alice.user.as_str(): 100 }, "invite": 50 })));
    let named = alice.set(&mut room, NOW, ("m.room.name", "", json!({ "name": "Club" })));
    assert_eq!(at_bob.accept(named.clone()), Outcome::MissingAuth(vec![levels.event_id().clone()]));
    assert_eq!(at_bob.accept(levels), Outcome::Accepted);
    assert_eq!(at_bob.accept(named), Outcome::Accepted);
    assert_eq!(at_bob.name().as_deref(), Some("Club"));
}

#[test]
fn what_is_no_event_does_not_parse() {
    let alice = server("a.test", "alice");
    let room = alice.create(RoomVersionId::V11, &[]);
    let event = room.state_event("m.room.member", alice.user.as_str()).unwrap();
    let good: Value = serde_json::from_str(&event.json()).unwrap();
    assert!(Pdu::parse(&good.to_string(), room.version()).is_ok());
    let with = |key: &str, value: Value| {
        let mut event = good.clone();
        event[key] = value;
        Pdu::parse(&event.to_string(), room.version())
    };
    let ids = |count: usize| json!((0..count).map(|number| format!("${number:043}")).collect::<Vec<_>>());
    assert!(with("prev_events", ids(20)).is_ok() && with("prev_events", ids(21)).is_err());
    assert!(with("auth_events", ids(10)).is_ok() && with("auth_events", ids(11)).is_err());
    for (key, value) in [
        ("sender", json!("alice")),
        ("type", json!(1)),
        ("type", json!("x".repeat(256))),
        ("state_key", json!("x".repeat(256))),
        ("prev_events", json!("nonsense")),
        ("auth_events", json!([1])),
        ("depth", json!(1.5)),
        ("depth", json!(-1)),
        ("room_id", Value::Null),
        ("content", json!({ "x": 9_007_199_254_740_992_i64 })),
    ] {
        assert!(with(key, value.clone()).is_err(), "{key}: {value}");
    }
    assert!(matches!(Pdu::parse(&good.to_string(), &RoomVersionId::V9), Err(PduError::Version(_))));
    assert!(Pdu::parse("[]", room.version()).is_err());
    // What a server adds on the way is no part of the event.
    let unsigned = with("unsigned", json!({ "age": 1 })).unwrap();
    assert_eq!((unsigned.event_id(), unsigned.json()), (event.event_id(), event.json()));
}

/// What is no list, and what in a list is no text, is as if it were not there.
#[test]
fn a_server_acl_names_hosts_by_patterns() {
    let admitted = |acl: serde_json::Value, name: &str| {
        let alice = server("a.test", "alice");
        let room = alice.create(RoomVersionId::V11, &[StateDraft::new("m.room.server_acl", "", acl)]);
        room.admits(name.try_into().unwrap())
    };
    let acl = || json!({ "allow": ["*"], "deny": ["evil.test", "*.evil.test", "b?d.test", 7], "allow_ip_literals": false });
    for (name, expected) in [
        ("good.test", true),
        ("good.test:8448", true),
        ("evil.test", false),
        ("EVIL.test:8448", false),
        ("sub.evil.test", false),
        ("bad.test", false),
        ("bd.test", true),
        ("192.0.2.1", false),
        ("[2001:db8::1]:8448", false),
    ] {
        assert_eq!(admitted(acl(), name), expected, "{name}");
    }
    assert!(!admitted(json!({}), "good.test"), "nobody is allowed");
    assert!(!admitted(json!({ "allow": "*" }), "good.test"));
    assert!(admitted(json!({ "allow": ["*"], "deny": "*", "allow_ip_literals": "no" }), "192.0.2.1"));
}
