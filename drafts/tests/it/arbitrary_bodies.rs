//! Any value of the structures that hold MLS objects, which are real ones.

use causeway_drafts::Verbatim;
use causeway_drafts::mimi_protocol_06::Protocol;
use causeway_drafts::mimi_protocol_06::consent::{ConsentEntry, ConsentOperation};
use causeway_drafts::mimi_protocol_06::franking::FrankingAgent;
use causeway_drafts::mimi_protocol_06::group_info::{
    EncryptedGroupInfo, GroupInfoRatchetTreeTbe, GroupInfoRequest, GroupInfoResponse, GroupInfoStatus, HubSender, PendingProposal,
};
use causeway_drafts::mimi_protocol_06::key_material::{
    ClientKeyMaterial, ClientKeyMaterialStatus, KeyMaterialRequest, KeyMaterialRequestTbs, KeyMaterialResponse, KeyMaterialUserCode,
};
use causeway_drafts::mimi_protocol_06::message::Message;
use causeway_drafts::mimi_protocol_06::notify::FanoutMessage;
use causeway_drafts::mimi_protocol_06::pseudonymous_credential::{
    IdentityLinkTbe, PseudonymousCredential, PseudonymousCredentialTbs,
};
use causeway_drafts::mimi_protocol_06::ratchet_tree::{GroupInfoOption, PartialGroupInfo, RatchetTreeOption, RatchetTreePresence};
use causeway_drafts::mimi_protocol_06::submit_message::SubmitMessageRequest;
use causeway_drafts::mimi_protocol_06::update::{CommitBundle, ProposalBundle, UpdateRequest};
use causeway_drafts::mimi_uri::{ClientUri, IdentifierUri};
use causeway_drafts::{decode_exact, encode};
use openmls::prelude::{
    BasicCredential, Capabilities, Credential, CredentialType, Extension, ExtensionType, ExternalPubExtension, HpkeCiphertext,
    ProposalType, RequiredCapabilitiesExtension, UnknownExtension,
};
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;
use tls_codec::Deserialize;

use crate::arbitrary::{COME_BACK, come_back, dictionary, frank, octets, room, user};
use crate::samples::kinds;
use crate::support::mls;

come_back! {
    BODIES_COME_BACK:
    claims_come_back: KeyMaterialRequestTbs as "KeyMaterialRequestTBS" = claim();
    key_material_requests_come_back: KeyMaterialRequest as "KeyMaterialRequest" = (claim(), octets())
        .prop_map(|(tbs, key_material_request_signature)| KeyMaterialRequest { tbs, key_material_request_signature });
    key_material_responses_come_back: KeyMaterialResponse as "KeyMaterialResponse" = key_material_response();
    update_requests_come_back: UpdateRequest as "UpdateRequest" = update_request();
    submit_requests_come_back: SubmitMessageRequest as "SubmitMessageRequest" =
        user().prop_map(|sender| SubmitMessageRequest::new(&mls().application, sender).unwrap());
    fan_outs_come_back: FanoutMessage as "FanoutMessage" = fan_out();
    group_info_requests_come_back: GroupInfoRequest as "GroupInfoRequest" = group_info_request();
    group_info_responses_come_back: GroupInfoResponse as "GroupInfoResponse" = group_info_response();
    group_info_plaintexts_come_back: GroupInfoRatchetTreeTbe as "GroupInfoRatchetTreeTBE" = group_info_plaintext();
    group_info_options_come_back: GroupInfoOption as "GroupInfoOption" = group_info_option();
    partial_group_infos_come_back: PartialGroupInfo as "PartialGroupInfo" = partial_group_info();
    ratchet_tree_options_come_back: RatchetTreeOption as "RatchetTreeOption" = ratchet_tree_option();
    consent_entries_come_back: ConsentEntry as "ConsentEntry" = consent_entry();
    franking_agents_come_back: FrankingAgent as "FrankingAgentData" = (octets(), credential())
        .prop_map(|(franking_signature_key, credential)| FrankingAgent { franking_signature_key, credential });
    pseudonymous_credentials_come_back: PseudonymousCredential as "PseudonymousCredential" = pseudonymous_credential();
    pseudonyms_come_back: PseudonymousCredentialTbs as "PseudonymousCredentialTBS" =
        pseudonymous_credential().prop_map(|credential| credential.tbs());
    identity_links_come_back: IdentityLinkTbe as "IdentityLinkTBE" = (octets(), credential()).prop_map(
        |(pseudonymous_credential_signature, client_credential)| IdentityLinkTbe { pseudonymous_credential_signature, client_credential }
    );
}

/// No structure is left out.
#[test]
fn every_structure_comes_back() {
    let mut all = [COME_BACK, BODIES_COME_BACK].concat();
    let mut structures: Vec<&str> = kinds().iter().map(|kind| kind.name).collect();
    all.sort_unstable();
    structures.sort_unstable();
    assert_eq!(all, structures);
}

fn verbatim<T: Deserialize>(bytes: &[u8]) -> Verbatim<T> {
    Verbatim::from_bytes(bytes).unwrap()
}

fn proposals(count: std::ops::Range<usize>) -> impl Strategy<Value = Vec<Message>> {
    vec(Just(()), count).prop_map(|list| list.iter().map(|()| Message::from_bytes(&mls().proposal).unwrap()).collect())
}

fn credential() -> impl Strategy<Value = Credential> {
    vec(any::<u8>(), 0..80).prop_map(|identity| BasicCredential::new(identity).into())
}

fn numbers() -> impl Strategy<Value = Vec<u16>> {
    vec(any::<u16>(), 0..4)
}

fn claim() -> impl Strategy<Value = KeyMaterialRequestTbs> {
    let required = (numbers(), numbers(), numbers()).prop_map(|(extensions, proposals, credentials)| {
        let extensions: Vec<ExtensionType> = extensions.into_iter().map(Into::into).collect();
        let proposals: Vec<ProposalType> = proposals.into_iter().map(Into::into).collect();
        let credentials: Vec<CredentialType> = credentials.into_iter().map(Into::into).collect();
        RequiredCapabilitiesExtension::new(&extensions, &proposals, &credentials)
    });
    (user(), user(), room(), vec(any::<u16>(), 1..4), required, octets(), credential()).prop_map(
        |(requesting_user, target_user, room_id, suites, required_capabilities, key, requester_credential)| KeyMaterialRequestTbs {
            protocol: Protocol::Mls10,
            requesting_user,
            target_user,
            room_id,
            acceptable_ciphersuites: suites,
            required_capabilities,
            requester_signature_key: key,
            requester_credential,
        },
    )
}

fn key_material_response() -> impl Strategy<Value = KeyMaterialResponse> {
    use KeyMaterialUserCode::*;
    let codes = vec![
        Success,
        PartialSuccess,
        IncompatibleProtocol,
        NoCompatibleMaterial,
        UserUnknown,
        NoConsent,
        NoConsentForThisRoom,
        UserDeleted,
    ];
    let able = numbers().prop_map(|numbers| {
        let extensions: Vec<ExtensionType> = numbers.into_iter().map(Into::into).collect();
        Capabilities::new(None, None, Some(&extensions), None, None)
    });
    let status = prop_oneof![
        Just(()).prop_map(|()| ClientKeyMaterialStatus::Success(verbatim(&mls().key_package))),
        Just(ClientKeyMaterialStatus::KeyMaterialExhausted),
        option::of(able).prop_map(ClientKeyMaterialStatus::NothingCompatible),
    ];
    let client = (user(), "[^/.]{1,20}", status)
        .prop_map(|(user, name, status)| ClientKeyMaterial { client_uri: ClientUri::new(&user, &name), status });
    (select(codes), user(), vec(client, 0..4)).prop_map(|(user_status, user_uri, clients)| KeyMaterialResponse {
        protocol: Protocol::Mls10,
        user_status,
        user_uri,
        clients,
    })
}

fn update_request() -> impl Strategy<Value = UpdateRequest> {
    let commit = (any::<bool>(), group_info_option(), ratchet_tree_option()).prop_map(|(welcomes, group_info_option, tree)| {
        UpdateRequest::Commit(Box::new(CommitBundle {
            commit: Message::from_bytes(&mls().commit).unwrap(),
            welcome: welcomes.then(|| verbatim(&mls().welcome)),
            group_info_option,
            ratchet_tree_option: tree,
        }))
    });
    let proposals = proposals(0..4)
        .prop_map(|more| UpdateRequest::Proposals(ProposalBundle { first: Message::from_bytes(&mls().proposal).unwrap(), more }));
    prop_oneof![commit, proposals]
}

fn fan_out() -> impl Strategy<Value = FanoutMessage> {
    let mls = mls();
    let proposals = || vec(Just(mls.proposal.as_slice()), 0..4);
    prop_oneof![
        (any::<u64>(), option::of(frank()))
            .prop_map(|(at, frank)| FanoutMessage::application(at, &mls.application, frank).unwrap()),
        (any::<u64>(), ratchet_tree_option()).prop_map(|(at, tree)| FanoutMessage::welcome(at, &mls.welcome, tree).unwrap()),
        (any::<u64>(), proposals()).prop_map(|(at, more)| FanoutMessage::proposals(at, &mls.proposal, &more).unwrap()),
        (any::<u64>(), proposals()).prop_map(|(at, external)| FanoutMessage::commit(at, &mls.commit, &external).unwrap()),
    ]
}

fn group_info_request() -> impl Strategy<Value = GroupInfoRequest> {
    (any::<u16>(), credential(), [octets().boxed(), octets().boxed(), octets().boxed(), octets().boxed()]).prop_map(
        |(ciphersuite, requesting_credential, [key, public_key, joining_code, signature])| GroupInfoRequest {
            protocol: Protocol::Mls10,
            ciphersuite,
            requesting_signature_key: key,
            requesting_credential,
            group_info_public_key: public_key,
            joining_code,
            signature,
        },
    )
}

fn group_info_response() -> impl Strategy<Value = GroupInfoResponse> {
    let encrypted = (any::<u16>(), credential(), [octets().boxed(), octets().boxed(), octets().boxed(), octets().boxed()])
        .prop_map(|(ciphersuite, credential, [signature_key, kem_output, ciphertext, signature])| EncryptedGroupInfo {
            ciphersuite,
            hub_sender: HubSender { signature_key, credential },
            encrypted_groupinfo_and_tree: HpkeCiphertext { kem_output, ciphertext },
            signature,
        });
    let status = prop_oneof![
        encrypted.prop_map(|encrypted| GroupInfoStatus::Success(Box::new(encrypted))),
        Just(GroupInfoStatus::NotAuthorized),
        Just(GroupInfoStatus::NoSuchRoom),
    ];
    (octets(), status).prop_map(|(room_id, status)| GroupInfoResponse { protocol: Protocol::Mls10, room_id, status })
}

fn group_info_plaintext() -> impl Strategy<Value = GroupInfoRatchetTreeTbe> {
    let pending = (proposals(1..2), any::<u64>())
        .prop_map(|(mut proposals, hub_accepted_time)| PendingProposal { proposal: proposals.remove(0), hub_accepted_time });
    (ratchet_tree_option(), vec(pending, 0..4)).prop_map(|(ratchet_tree, pending_proposals)| GroupInfoRatchetTreeTbe {
        group_info: verbatim(&mls().group_info),
        ratchet_tree,
        pending_proposals,
    })
}

fn group_info_option() -> impl Strategy<Value = GroupInfoOption> {
    let full = Just(()).prop_map(|()| GroupInfoOption::full(&mls().group_info).unwrap());
    prop_oneof![full, partial_group_info().prop_map(GroupInfoOption::Partial)]
}

fn partial_group_info() -> impl Strategy<Value = PartialGroupInfo> {
    use RatchetTreePresence::*;
    // Above all numbers that somebody knows.
    let unknown = (0x1000u16..0xEFFF, vec(any::<u8>(), 0..80));
    let extension = prop_oneof![
        vec(any::<u8>(), 0..80).prop_map(|key| Extension::ExternalPub(ExternalPubExtension::new(key.into()))),
        unknown.prop_map(|(number, octets)| Extension::Unknown(number, UnknownExtension(octets))),
    ];
    (select(vec![NoRatchetTree, Present, Removed, Added]), vec(extension, 0..4), octets()).prop_map(
        |(ratchet_tree_presence, group_info_extensions, signature)| PartialGroupInfo {
            ratchet_tree_presence,
            group_info_extensions,
            signature,
        },
    )
}

fn ratchet_tree_option() -> impl Strategy<Value = RatchetTreeOption> {
    prop_oneof![
        Just(()).prop_map(|()| RatchetTreeOption::full(&mls().tree).unwrap()),
        octets().prop_map(|url| RatchetTreeOption::HttpsUri { url }),
        Just(RatchetTreeOption::OutOfBand),
        Just(RatchetTreeOption::DistributionService),
    ]
}

fn consent_entry() -> impl Strategy<Value = ConsentEntry> {
    let operation =
        select(vec![ConsentOperation::Cancel, ConsentOperation::Request, ConsentOperation::Grant, ConsentOperation::Revoke]);
    (operation, user(), user(), option::of(room()), 0usize..3, dictionary()).prop_map(
        |(operation, requester, target, room, key_packages, consent_extensions)| {
            let key_packages = if operation == ConsentOperation::Grant { key_packages } else { 0 };
            let client_key_packages = (0..key_packages).map(|_| verbatim(&mls().key_package)).collect();
            ConsentEntry { client_key_packages, consent_extensions, ..ConsentEntry::new(operation, requester, target, room) }
        },
    )
}

fn pseudonymous_credential() -> impl Strategy<Value = PseudonymousCredential> {
    let pseudonym = || user().prop_map(|user| user.as_str().parse::<IdentifierUri>().unwrap());
    (pseudonym(), pseudonym(), octets(), octets()).prop_map(
        |(client_pseudonym, user_pseudonym, signature_public_key, identity_link_ciphertext)| PseudonymousCredential {
            client_pseudonym,
            user_pseudonym,
            signature_public_key,
            identity_link_ciphertext,
        },
    )
}
