//! Vectors of what is computed rather than encoded, and of what is signed and encrypted inside of encodings.

use causeway_drafts::application::unframe;
use causeway_drafts::mimi_content_09::{MimiContent, message_id};
use causeway_drafts::mimi_protocol_06::franking::{Frank, ServerFrankingContext, franking_tag, server_frank};
use causeway_drafts::mimi_protocol_06::group_info::{
    ENCRYPTION_LABEL, GroupInfoRatchetTreeTbe, GroupInfoRequest, GroupInfoResponse, GroupInfoStatus,
};
use causeway_drafts::mimi_protocol_06::key_material::KeyMaterialRequest;
use causeway_drafts::mimi_protocol_06::participant_list::{
    ParticipantListData, ParticipantListUpdate, UserRolePair, UserindexRolePair,
};
use causeway_drafts::mimi_protocol_06::pseudonymous_credential::LABEL as PSEUDONYM_LABEL;
use causeway_drafts::mimi_protocol_06::report_abuse::AbuseReport;
use causeway_drafts::mimi_room_policy_04::capability::REGISTRY;
use causeway_drafts::mimi_room_policy_04::join_links::{JoinLink, JoinLinks, JoinLinksUpdate};
use causeway_drafts::mimi_room_policy_04::presets;
use causeway_drafts::mimi_uri::{RoomUri, UserUri};
use causeway_drafts::{decode_exact, encode};
use openmls::prelude::SignatureScheme;
use openmls_rust_crypto::RustCrypto;
use openmls_traits::crypto::OpenMlsCrypto;
use openmls_traits::types::{HpkeAeadType, HpkeCiphertext, HpkeConfig, HpkeKdfType, HpkeKemType};
use serde_json::{Value, json};

use super::files::{Case, File};
use super::policy;
use super::protocol;

/// The files that are checked here.
pub(super) const FILES: &[&str] = &[
    "mimi-content-09/message-id",
    "mimi-protocol-06/abuse-report-verification",
    "mimi-protocol-06/franking",
    "mimi-protocol-06/participant-list-updates",
    "mimi-room-policy-04/capabilities",
    "mimi-room-policy-04/join-links-updates",
];

fn text<'a>(case: &'a Value, key: &str) -> &'a str {
    case[key].as_str().unwrap_or_else(|| panic!("{key} of {case}"))
}

fn octets(case: &Value, key: &str) -> Vec<u8> {
    hex::decode(text(case, key)).unwrap()
}

fn array<const LENGTH: usize>(case: &Value, key: &str) -> [u8; LENGTH] {
    octets(case, key).try_into().unwrap()
}

fn verifies(key: &[u8], content: &[u8], signature: &[u8]) -> bool {
    let crypto = RustCrypto::default();
    crypto.verify_signature(SignatureScheme::ED25519, content, key, signature).is_ok()
}

#[test]
fn c_003_message_ids_count_octets() {
    for case in File::named("mimi-content-09/message-id").computed() {
        let id = message_id(text(case, "senderUri"), text(case, "roomUri"), &octets(case, "message"), &array(case, "salt"));
        assert_eq!(id.to_string(), text(case, "messageId"), "{}", case["name"]);
    }
}

/// P-053, P-056, P-057: tag, frank, and signature, each from the one before.
#[test]
fn p_057_franks_are_computed_step_by_step() {
    for case in File::named("mimi-protocol-06/franking").computed() {
        let context = ServerFrankingContext {
            sender_uri: text(&case["context"], "sender_uri").parse().unwrap(),
            room_uri: text(&case["context"], "room_uri").parse().unwrap(),
            accepted_timestamp: case["context"]["accepted_timestamp"].as_u64().unwrap(),
        };
        assert_eq!(encode(&context), octets(case, "contextOctets"));
        let tag = franking_tag(&array(case, "salt"), &octets(case, "application_data"));
        assert_eq!(tag, array(case, "franking_tag"));
        let frank = Frank {
            server_frank: server_frank(&array(case, "hub_key"), &tag, &context),
            franking_signature_ciphersuite: 1,
            franking_integrity_signature: octets(case, "franking_integrity_signature").into(),
        };
        assert_eq!(frank.server_frank, array(case, "server_frank"));
        let signature = &case["signature"];
        assert_eq!(frank.signed_content(&context), octets(signature, "signContent"));
        assert!(verifies(
            &octets(signature, "key"),
            &frank.signed_content(&context),
            frank.franking_integrity_signature.as_slice()
        ));
    }
}

/// P-098: half a year later, with the key of then among others, the hub tells a genuine report from a forged one.
#[test]
fn p_098_reports_are_verified_months_later() {
    let file = File::named("mimi-protocol-06/abuse-report-verification");
    let months = file.json["verifiedAt"].as_u64().unwrap() - file.json["acceptedAt"].as_u64().unwrap();
    assert!(months > 90 * 24 * 3600 * 1000);
    let keys: Vec<[u8; 32]> = file.json["hubKeys"]
        .as_array()
        .unwrap()
        .iter()
        .map(|key| hex::decode(key.as_str().unwrap()).unwrap().try_into().unwrap())
        .collect();
    let room: RoomUri = text(&file.json, "room").parse().unwrap();
    let key = octets(&file.json, "franking_signature_key");
    let mut genuine = 0;
    for case in file.computed() {
        let report: AbuseReport = decode_exact(&octets(case, "report")).unwrap();
        let found: Vec<Value> = report
            .messages
            .iter()
            .map(|message| {
                let content = MimiContent::decode(&unframe(message.message_content.as_slice()).unwrap()).unwrap();
                if content.room_uri() != Some(room.as_str()) {
                    return json!({"genuine": false, "because": "room"});
                }
                let sender_uri: UserUri = content.sender_uri().unwrap().parse().unwrap();
                let sender = sender_uri.to_string();
                let context =
                    ServerFrankingContext { sender_uri, room_uri: room.clone(), accepted_timestamp: message.accepted_timestamp };
                let Some(index) = keys.iter().position(|key| message.is_franked(key, &content.salt, &context)) else {
                    return json!({"genuine": false, "because": "server_frank"});
                };
                let signature = message.frank.franking_integrity_signature.as_slice();
                if !verifies(&key, &message.frank.signed_content(&context), signature) {
                    return json!({"genuine": false, "because": "franking_integrity_signature"});
                }
                json!({"genuine": true, "sender": sender, "hubKey": index})
            })
            .collect();
        assert_eq!(json!(found), case["verdicts"], "{}", case["name"]);
        genuine += found.iter().filter(|verdict| verdict["genuine"] == true).count();
    }
    assert_eq!(genuine, 1);
}

/// Whether an update ended as its case says: with a value, or with the rule that it breaks.
fn assert_outcome(case: &Value, outcome: Result<Value, String>) {
    match outcome {
        Ok(after) => assert_eq!(Some(&after), case.get("after"), "{}", case["name"]),
        Err(error) => {
            let rule = text(&case["error"], "rule");
            assert!(error.starts_with(rule), "{}: {rule}, but {error}", case["name"]);
        }
    }
}

fn pairs(value: &Value) -> Vec<UserRolePair> {
    let pair = |pair: &Value| UserRolePair { user: text(pair, "user").parse().unwrap(), role_index: number(pair, "role_index") };
    value.as_array().unwrap().iter().map(pair).collect()
}

fn number(case: &Value, key: &str) -> u32 {
    u32::try_from(case[key].as_u64().unwrap()).unwrap()
}

fn indexes(value: &Value) -> Vec<u32> {
    value.as_array().unwrap().iter().map(|index| u32::try_from(index.as_u64().unwrap()).unwrap()).collect()
}

/// P-120, P-121, G-31: the updates of a commit, applied.
#[test]
fn p_120_participant_lists_are_updated_as_computed() {
    let file = File::named("mimi-protocol-06/participant-list-updates");
    let before = ParticipantListData { participants: pairs(&file.json["before"]["participants"]) };
    for case in file.computed() {
        let change = |change: &Value| UserindexRolePair {
            user_index: number(change, "user_index"),
            role_index: number(change, "role_index"),
        };
        let update = |update: &Value| ParticipantListUpdate {
            changed_role_participants: update["changedRoleParticipants"].as_array().unwrap().iter().map(change).collect(),
            removed_indices: indexes(&update["removedIndices"]),
            added_participants: pairs(&update["addedParticipants"]),
        };
        let updates: Vec<ParticipantListUpdate> = case["updates"].as_array().unwrap().iter().map(update).collect();
        let after = before.apply_all(&updates);
        assert_outcome(case, after.map(|after| protocol::participant_list(&after)).map_err(|error| error.to_string()));
    }
}

/// an update of the links, applied.
#[test]
fn r_031_join_links_are_updated_as_computed() {
    let links = |value: &Value| -> Vec<JoinLink> {
        value.as_array().unwrap().iter().map(|link| JoinLink { join_link: octets(link, "join_link").into() }).collect()
    };
    let file = File::named("mimi-room-policy-04/join-links-updates");
    let before = JoinLinks { links: links(&file.json["before"]) };
    for case in file.computed() {
        let update = JoinLinksUpdate {
            removed_indices: indexes(&case["update"]["removedIndices"]),
            added_links: links(&case["update"]["added_links"]),
        };
        let after = before.apply(&update).map(|after| policy::join_links(&after)["JoinLinksData"].clone());
        assert_outcome(case, after.map_err(str::to_owned));
    }
}

/// the registry is the draft's, name by name.
#[test]
fn r_076_the_registry_is_the_drafts() {
    let ours = REGISTRY.iter().map(|entry| json!({"name": entry.name, "value": entry.capability.0, "reserved": entry.is_reserved}));
    let file = File::named("mimi-room-policy-04/capabilities");
    assert_eq!(ours.collect::<Vec<_>>(), file.computed());
}

/// The presets are the draft's examples; capabilities are sets.
#[test]
fn the_presets_are_the_drafts_examples() {
    let sets = [
        ("cooperatively-administered-room", presets::cooperatively_administered()),
        ("strictly-administered-room", presets::strictly_administered()),
        ("moderated-room", presets::moderated()),
        ("multi-organization-administered-room", presets::multi_organization()),
    ];
    let file = File::named("mimi-room-policy-04/example-role-sets");
    for (name, mut ours) in sets {
        for role in &mut ours.roles {
            role.role_capabilities.sort();
            role.role_capabilities.dedup();
        }
        let case = file.valid().iter().find(|case| case.name == name).unwrap();
        assert_eq!(policy::roles_list(&ours), *case.fields().unwrap(), "{name}");
    }
}

/// What a signature of a valid case is over, as the crate makes it.
fn signed_content(file: &str, bytes: &[u8]) -> (Vec<u8>, Vec<u8>) {
    match file {
        "mimi-protocol-06/KeyMaterialRequest" => {
            let request: KeyMaterialRequest = decode_exact(bytes).unwrap();
            (request.tbs.signed_content(), request.key_material_request_signature.into())
        }
        "mimi-protocol-06/GroupInfoRequest" => {
            let request: GroupInfoRequest = decode_exact(bytes).unwrap();
            (request.signed_content(), request.signature.into())
        }
        "mimi-protocol-06/GroupInfoResponse" => {
            let response: GroupInfoResponse = decode_exact(bytes).unwrap();
            let content = response.signed_content().unwrap();
            let GroupInfoStatus::Success(success) = response.status else { panic!("a failure is not signed") };
            (content, success.signature.into())
        }
        other => panic!("nothing is signed in {other}"),
    }
}

/// P-022, P-075, P-078: signatures are over what we would sign, and verify.
#[test]
fn p_022_signatures_verify() {
    let mut count = 0;
    for file in File::all() {
        for case in file.valid().iter().filter(|case| case.json.get("signature").is_some()) {
            let how = &case.json["signature"];
            let (content, signature) = match file.name.as_str() {
                // Its structure to be signed stands elsewhere, in the credential.
                "mimi-protocol-06/IdentityLinkTBE" => {
                    assert_eq!(text(how, "label"), PSEUDONYM_LABEL);
                    (octets(how, "signContent"), octets(case.fields().unwrap(), "pseudonymous_credential_signature"))
                }
                name => signed_content(name, &case.octets()),
            };
            assert_eq!(content, octets(how, "signContent"), "{} {}", file.name, case.name);
            assert!(verifies(&octets(how, "key"), &content, &signature), "{} {}", file.name, case.name);
            count += 1;
        }
    }
    assert_eq!(count, 6);
}

/// P-077: the requester's key opens what the hub sealed for it.
#[test]
fn p_077_an_encrypted_group_info_opens() {
    let file = File::named("mimi-protocol-06/GroupInfoResponse");
    let sealed: Vec<&Case> = file.valid().iter().filter(|case| case.json.get("encryption").is_some()).collect();
    assert_eq!(sealed.len(), 1);
    let (case, how) = (sealed[0], &sealed[0].json["encryption"]);
    assert_eq!(text(how, "label"), ENCRYPTION_LABEL);
    let response: GroupInfoResponse = decode_exact(&case.octets()).unwrap();
    assert_eq!(response.room_id.as_slice(), octets(how, "context"));
    let encrypted = &case.fields().unwrap()["encrypted_groupinfo_and_tree"];
    let input =
        HpkeCiphertext { kem_output: octets(encrypted, "kem_output").into(), ciphertext: octets(encrypted, "ciphertext").into() };
    let config = HpkeConfig(HpkeKemType::DhKem25519, HpkeKdfType::HkdfSha256, HpkeAeadType::AesGcm128);
    // EncryptContext has the layout of SignContent [RFC 9420 §5.1.3].
    let info = causeway_drafts::mimi_protocol_06::franking::sign_content(ENCRYPTION_LABEL, response.room_id.as_slice());
    let plaintext = RustCrypto::default().hpke_open(config, &input, &octets(how, "privateKey"), &info, &[]).unwrap();
    assert_eq!(plaintext, octets(how, "plaintext"));
    let tbe: GroupInfoRatchetTreeTbe = decode_exact(&plaintext).unwrap();
    let expected = File::named("mimi-protocol-06/GroupInfoRatchetTreeTBE");
    assert_eq!(protocol::group_info_tbe(&tbe), *expected.valid()[0].fields().unwrap());
}
