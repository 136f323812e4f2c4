//! `decode` on everything that the gateway and its peers send.

use causeway_drafts::Verbatim;
use causeway_drafts::application::frame;
use causeway_drafts::encode;
use causeway_drafts::mimi_content_09::{Extensions, MessageId, MimiContent, NestedPart};
use causeway_drafts::mimi_message_status_01::{MessageStatus, MessageStatusReport, PerMessageStatus};
use causeway_drafts::mimi_protocol_06::Protocol;
use causeway_drafts::mimi_protocol_06::consent::{ConsentEntry, ConsentOperation};
use causeway_drafts::mimi_protocol_06::directory::Directory;
use causeway_drafts::mimi_protocol_06::franking::{Frank, ServerFrankingContext};
use causeway_drafts::mimi_protocol_06::group_info::GroupInfoRequest;
use causeway_drafts::mimi_protocol_06::key_material::{
    ClientKeyMaterial, ClientKeyMaterialStatus, KeyMaterialRequestTbs, KeyMaterialResponse, KeyMaterialUserCode,
};
use causeway_drafts::mimi_protocol_06::notify::FanoutMessage;
use causeway_drafts::mimi_protocol_06::ratchet_tree::{GroupInfoOption, PartialGroupInfo, RatchetTreePresence};
use causeway_drafts::mimi_protocol_06::room_metadata::RoomMetadata;
use causeway_drafts::mimi_protocol_06::submit_message::{SubmitMessageRequest, SubmitMessageResponse, SubmitStatus};
use causeway_drafts::mimi_protocol_06::update::{UpdateRequest, UpdateRoomResponse, UpdateStatus};
use causeway_drafts::mimi_room_policy_04::capability::Capability;
use causeway_drafts::mimi_room_policy_04::roles_list::{Role, RolesList};
use causeway_drafts::mimi_uri::RoomUri;
use causeway_mls::{CIPHERSUITE, CommitPlan, MlsError, new_key_package};
use tempfile::TempDir;

use crate::seed::{Founded, founded};
use crate::support::{Ran, causewayctl};

const NOW: u64 = 1_790_000_000_000;

/// A kind, octets of it, and a word that is in them.
type Fixture = (&'static str, Vec<u8>, &'static str);

fn content() -> MimiContent {
    MimiContent {
        salt: [7; 16],
        replaces: None,
        topic_id: b"thread".to_vec(),
        expires: None,
        in_reply_to: None,
        extensions: Extensions::with_sender_and_room("mimi://a.test/u/carol", "mimi://gw.test/r/den"),
        nested_part: NestedPart::text("text/plain;charset=utf-8", "Hello"),
    }
}

/// Made by the gateway's own code.
fn fixtures() -> Vec<Fixture> {
    let Founded { mut group, identity, roots } = founded("den");
    let room: RoomUri = "mimi://gw.test/r/den".parse().unwrap();
    let commit = group.commit(&identity, &CommitPlan::default(), &roots, NOW).unwrap();
    group.merge_pending(&identity.client_uri, &roots, NOW).unwrap();
    let content = content().encode();
    let message = group.seal(&identity, &frame(&content), [3; 32]).unwrap();
    let proposals = group.leave_proposals(&identity).unwrap();
    let key_package = new_key_package(&identity, NOW).unwrap().key_package;
    let info = group.group_info(&identity).unwrap();
    let tree = group.ratchet_tree().unwrap();
    let user = identity.user_uri.clone();
    let headed = |format: u8, body: &[u8]| [&[0, 1, 0, format], body].concat();
    let sign = |content: &[u8]| identity.sign(content);

    let context = ServerFrankingContext { sender_uri: user.clone(), room_uri: room.clone(), accepted_timestamp: NOW };
    let frank = Frank::sign([5; 32], CIPHERSUITE, &context, sign).unwrap();
    let more: Vec<&[u8]> = proposals.iter().skip(1).map(Vec::as_slice).collect();
    let fanout = [
        FanoutMessage::application(NOW, &message, Some(frank.clone())).unwrap(),
        FanoutMessage::commit(NOW, &commit.commit, &more).unwrap(),
        FanoutMessage::proposals(NOW, &proposals[0], &more).unwrap(),
    ];
    let fanout: Vec<u8> = fanout.iter().flat_map(FanoutMessage::to_bytes).collect();

    let tbs = KeyMaterialRequestTbs {
        protocol: Protocol::Mls10,
        requesting_user: user.clone(),
        target_user: user.clone(),
        room_id: room.clone(),
        acceptable_ciphersuites: vec![CIPHERSUITE],
        required_capabilities: group.required_capabilities(),
        requester_signature_key: identity.signature_public_key().into(),
        requester_credential: identity.credential(),
    };
    let request = tbs.sign::<MlsError>(sign).unwrap();
    let response = KeyMaterialResponse {
        protocol: Protocol::Mls10,
        user_status: KeyMaterialUserCode::PartialSuccess,
        user_uri: user.clone(),
        clients: vec![
            ClientKeyMaterial {
                client_uri: identity.client_uri.clone(),
                status: ClientKeyMaterialStatus::Success(Verbatim::from_bytes(&key_package).unwrap()),
            },
            ClientKeyMaterial { client_uri: identity.client_uri.clone(), status: ClientKeyMaterialStatus::NothingCompatible(None) },
        ],
    };
    let info_request = GroupInfoRequest::unsigned(CIPHERSUITE, identity.signature_public_key(), identity.credential(), vec![1; 32]);
    let info_request = info_request.sign::<MlsError>(sign).unwrap();
    let mut grant = ConsentEntry::new(ConsentOperation::Grant, user.clone(), user.clone(), Some(room.clone()));
    grant.client_key_packages = vec![Verbatim::from_bytes(&key_package).unwrap()];
    let accepted = SubmitStatus::Success { accepted_timestamp: NOW, frank: Some(frank) };
    let read = PerMessageStatus { message_id: MessageId::from_bytes([1; 32]), status: MessageStatus::READ };
    let report = MessageStatusReport { statuses: vec![read] };
    let wrong_epoch = UpdateRoomResponse::new(UpdateStatus::WrongEpoch { current_epoch: 7 }, "too late");

    vec![
        ("mls-message", commit.commit.clone(), "confirmation_tag"),
        ("mls-message", message.clone(), "application"),
        ("mls-message", proposals[0].clone(), "self_remove"),
        ("mls-message", proposals[1].clone(), "component_id: 0x0022 participant_list"),
        ("mls-message", headed(4, &info), "participant_list"),
        ("mls-message", headed(5, &key_package), "names mimi://gw.test/d/_causeway/gateway-1"),
        ("content", content.clone(), "mimi://a.test/u/carol"),
        ("application-data", frame(&content), "application/mimi-content"),
        ("fanout", fanout, "externalProposals"),
        ("update", UpdateRequest::commit(&commit.commit, None, &info, &tree).unwrap().to_bytes(), "ratchetTreeOption"),
        ("update", encode(&with_part(UpdateRequest::commit(&commit.commit, None, &info, &tree).unwrap())), "ratchet_tree_presence"),
        ("update", UpdateRequest::proposals(&proposals).unwrap().to_bytes(), "moreProposals"),
        ("submit", SubmitMessageRequest::new(&message, user).unwrap().to_bytes(), "mimi://gw.test/u/_causeway"),
        ("key-material", encode(&request), "mimi://gw.test/r/den"),
        ("group-info-request", encode(&info_request), "groupInfoPublicKey"),
        ("consent", grant.to_bytes(), "grant"),
        ("key-material-response", encode(&response), "partialSuccess"),
        ("update-response", encode(&wrong_epoch), "too late"),
        ("submit-response", encode(&SubmitMessageResponse::new(accepted)), "server_frank"),
        ("key-package", key_package, "not_before"),
        ("group-info", info, "confirmed_transcript_hash"),
        ("ratchet-tree", tree, "leaf"),
        ("frank-aad", vec![7; 32], "franking_tag"),
        ("roles-list", encode(&RolesList { roles: vec![Role::new(2, "member", vec![Capability::CAN_BAN], vec![])] }), "canBan"),
        ("room-metadata", encode(&RoomMetadata::named(&room, "The den")), "The den"),
        ("message-status", report.encode(), "2 read"),
        ("directory", serde_json::to_vec(&Directory::at("https://gw.test", vec!["roots".to_owned()])).unwrap(), "roots"),
        ("uri", room.as_str().into(), "names: den"),
    ]
}

/// The commit with a partial GroupInfo in place of the whole.
fn with_part(request: UpdateRequest) -> UpdateRequest {
    let UpdateRequest::Commit(mut bundle) = request else { panic!("no commit") };
    bundle.group_info_option = GroupInfoOption::Partial(PartialGroupInfo {
        ratchet_tree_presence: RatchetTreePresence::Added,
        group_info_extensions: Vec::new(),
        signature: vec![1; 64].into(),
    });
    UpdateRequest::Commit(bundle)
}

fn decode(folder: &TempDir, octets: &[u8], arguments: &[&str]) -> Ran {
    let file = folder.path().join("octets");
    std::fs::write(&file, octets).unwrap();
    causewayctl(&[&["decode", file.to_str().unwrap()], arguments].concat())
}

#[test]
fn every_kind_is_told_from_the_others_and_shown() {
    let folder = TempDir::new().unwrap();
    for (kind, octets, word) in fixtures() {
        let ran = decode(&folder, &octets, &["-o", "json"]);
        assert_eq!((ran.code, ran.stderr.as_str()), (0, ""), "{kind}");
        let shown: serde_json::Value = serde_json::from_str(&ran.stdout).unwrap();
        assert_eq!((&shown["kind"], &shown["octets"]), (&kind.into(), &octets.len().into()), "{}", ran.stdout);
        assert!(!shown["decoded"].is_string(), "{kind} is not taken apart: {}", ran.stdout);
        let ran = decode(&folder, &octets, &["--type", kind]);
        assert_eq!((ran.code, ran.stderr.as_str()), (0, ""), "{kind}");
        assert!(ran.stdout.starts_with(&format!("{kind} ({} octets): ", octets.len())), "{}", ran.stdout);
        assert!(ran.stdout.contains(word), "{kind}, {word}: {}", ran.stdout);
    }
}

/// Cut off anywhere: the gateway's code, and an octet that is there.
#[test]
fn what_is_cut_off_is_refused_at_an_octet() {
    let folder = TempDir::new().unwrap();
    // A name that is cut off is another name.
    for (kind, octets, _) in fixtures().into_iter().filter(|(kind, ..)| *kind != "uri") {
        for length in [0, 1, octets.len() / 3, octets.len() / 2, octets.len() - 1] {
            // Fan-outs stand one after the other, but not between themselves.
            let ran = decode(&folder, &octets[..length], &["--type", kind]);
            assert_eq!((ran.code, ran.stdout.as_str()), (1, ""), "{kind} {length}");
            let offset = ran.stderr.split("(octet ").nth(1).and_then(|rest| rest.split(' ').next());
            let offset: Option<usize> = offset.and_then(|offset| offset.parse().ok());
            assert!(ran.stderr.contains(" CW-"), "{kind} {length}: {}", ran.stderr);
            assert!(offset.is_some_and(|offset| offset <= length) || length == 0, "{kind} {length}: {}", ran.stderr);
        }
        let ran = decode(&folder, &[&octets[..], &[0xff]].concat(), &["--type", kind]);
        assert_eq!(ran.code, 1, "{kind}: {}", ran.stdout);
    }
}

/// The same octets in every dress.
#[test]
fn files_hex_base64_and_standard_input_are_the_same() {
    let folder = TempDir::new().unwrap();
    let octets = content().encode();
    let plain = decode(&folder, &octets, &[]).stdout;
    assert!(plain.contains("content: Hello\n"), "{plain}");
    let hex = hex::encode(&octets);
    assert_eq!(decode(&folder, hex.as_bytes(), &[]).stdout, plain);
    assert_eq!(causewayctl(&["decode", &hex]).stdout, plain);
}

/// By its name, by its media type, by the draft's name for it, and by what the option was called before.
#[test]
fn a_type_goes_by_all_its_names() {
    let folder = TempDir::new().unwrap();
    let octets = content().encode();
    let plain = decode(&folder, &octets, &[]).stdout;
    for arguments in [["--type", "content"], ["--type", "Application/MIMI-content"], ["--type", "mimiContent"], ["--as", "content"]]
    {
        assert_eq!(decode(&folder, &octets, &arguments).stdout, plain, "{arguments:?}");
    }
    let body = encode(&SubmitMessageResponse::new(SubmitStatus::EpochTooOld { current_epoch: 7 }));
    let told = decode(&folder, &body, &["--type", "application/octet-stream"]).stdout;
    assert!(told.starts_with("submit-response (10 octets)"), "{told}");
    assert_eq!(decode(&folder, &octets, &["--type", "nothing"]).code, 2);
}

/// In one order, whatever it is asked; the others that fit are named.
#[test]
fn what_may_be_several_things_says_so() {
    let shown: Vec<_> = (0..3).map(|_| causewayctl(&["decode", "0000", "-o", "json"]).stdout).collect();
    assert!(shown.iter().all(|one| *one == shown[0]));
    let shown: serde_json::Value = serde_json::from_str(&shown[0]).unwrap();
    assert_eq!(shown["kind"], "identifier-query");
    assert_eq!(shown["fits_too"], serde_json::json!(["status-notification-policy", "join-links-update"]));
}
