use std::collections::BTreeMap;

use causeway_core::matrix::{Checked, Pdu, ROOM_VERSIONS, SigningKeys, StateDraft, Template, check_signatures, required_servers};
use ruma::canonical_json::CanonicalJsonObject;
use ruma::serde::Base64;
use ruma::signatures::PublicKeyMap;
use serde_json::json;

use crate::support::rooms::*;

fn known(keys: &[&SigningKeys]) -> PublicKeyMap {
    let entry = |keys: &&SigningKeys| {
        let key = Base64::new(keys.public_key().to_vec());
        (keys.server_name().to_owned(), BTreeMap::from([(keys.key_id(), key)]))
    };
    keys.iter().map(entry).collect()
}

fn altered(pdu: &Pdu, key: &str, value: serde_json::Value) -> CanonicalJsonObject {
    let mut event: serde_json::Value = serde_json::from_str(&pdu.json()).unwrap();
    event[key] = value;
    serde_json::from_value(event).unwrap()
}

#[test]
fn signatures_and_hashes_hold() {
    let alice = server("a.test", "alice");
    for version in ROOM_VERSIONS {
        let mut room = alice.create(version.clone(), &[]);
        let pdu = alice.say(&mut room, NOW, "hi");
        let mut object = pdu.object().clone();
        assert_eq!(check_signatures(&mut object, &version, &known(&[&alice.keys])), Ok(Checked::All));
        assert_eq!(&object, pdu.object());
    }
}

/// Check 3: with a wrong hash, the redacted event is what counts; its id is the same.
#[test]
fn a_wrong_hash_leaves_the_redacted_event() {
    let alice = server("a.test", "alice");
    for version in ROOM_VERSIONS {
        let mut room = alice.create(version.clone(), &[]);
        let pdu = alice.say(&mut room, NOW, "hi");
        let mut forged = altered(&pdu, "content", json!({ "msgtype": "m.text", "body": "I owe you" }));
        assert_eq!(check_signatures(&mut forged, &version, &known(&[&alice.keys])), Ok(Checked::Signatures));
        let redacted = Pdu::from_object(forged, &version).unwrap();
        assert_eq!(redacted.content_value(), json!({}));
        assert_eq!(redacted.event_id(), pdu.event_id());
    }
}

#[test]
fn a_wrong_signature_is_no_event() {
    let (alice, eve) = (server("a.test", "alice"), server("a.test", "eve"));
    for version in ROOM_VERSIONS {
        let mut room = alice.create(version.clone(), &[]);
        let pdu = alice.say(&mut room, NOW, "hi");
        let check = |mut object: CanonicalJsonObject, keys: &PublicKeyMap| check_signatures(&mut object, &version, keys);
        // Another key of the same name, no key, a field that the signature covers, no signature.
        assert!(check(pdu.object().clone(), &known(&[&eve.keys])).is_err());
        assert!(check(pdu.object().clone(), &PublicKeyMap::new()).is_err());
        assert!(check(altered(&pdu, "sender", json!("@admin:a.test")), &known(&[&alice.keys])).is_err());
        assert!(check(altered(&pdu, "signatures", json!({})), &known(&[&alice.keys])).is_err());
        assert!(check(altered(&pdu, "signatures", json!({ "b.test": {} })), &known(&[&alice.keys])).is_err());
    }
}

/// A restricted join needs the authoriser's server too, which signs without touching the hash.
#[test]
fn a_restricted_join_is_signed_by_both_servers() {
    let (alice, bob) = (server("a.test", "alice"), server("b.test", "bob"));
    let rule = json!({ "join_rule": "restricted", "allow": [{ "type": "m.room_membership", "room_id": "!space:a.test" }] });
    for version in ROOM_VERSIONS {
        let room = alice.create(version.clone(), &[StateDraft::new("m.room.join_rules", "", rule.clone())]);
        let template = room.membership_template(&bob.user, "join", Some(&alice.user)).unwrap();
        let content = template["content"].clone();
        let place = (room.room_id(), room.version());
        let join = Template::read(&template).unwrap().membership(place, &bob.user, content, (NOW, &bob.keys)).unwrap();
        let mut object = join.object().clone();
        let servers = required_servers(&object, &version).unwrap();
        assert_eq!(servers.iter().map(|server| server.as_str()).collect::<Vec<_>>(), ["a.test", "b.test"]);
        let keys = known(&[&alice.keys, &bob.keys]);
        assert!(check_signatures(&mut object.clone(), &version, &keys).is_err());
        alice.keys.co_sign_event(&mut object, &version).unwrap();
        assert_eq!(check_signatures(&mut object, &version, &keys), Ok(Checked::All));
        assert_eq!(Pdu::from_object(object, &version).unwrap().event_id(), join.event_id());
    }
}

/// The published keys verify what the kept document signs, after a restart too.
#[test]
fn a_signing_key_is_kept_and_published() {
    let keys = SigningKeys::generate("a.test", "k1").unwrap();
    let again = SigningKeys::from_document("a.test", "k1", keys.document()).unwrap();
    assert_eq!((again.public_key(), again.key_id()), (keys.public_key(), "ed25519:k1".to_owned()));
    let published = again.published(NOW).unwrap();
    assert_eq!(published["valid_until_ts"], json!(NOW));
    let object: CanonicalJsonObject = serde_json::from_value(published).unwrap();
    assert!(ruma::signatures::verify_json(&known(&[&keys]), &object).is_ok());
    assert!(SigningKeys::from_document("a.test", "k1", b"nonsense").is_err());
}
