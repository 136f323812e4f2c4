//! Valid encodings of every structure: each arm of each choice at least once, with real MLS objects where there are any.

use std::fmt::Debug;
use std::sync::OnceLock;

use causeway_drafts::application::{ComponentsList, MediaType, MediaTypeList, Parameter};
use causeway_drafts::mimi_protocol_06::Protocol;
use causeway_drafts::mimi_protocol_06::consent::{ConsentEntry, ConsentOperation};
use causeway_drafts::mimi_protocol_06::franking::{Frank, FrankAad, FrankingAgent, ServerFrankingContext};
use causeway_drafts::mimi_protocol_06::group_info::{
    EncryptedGroupInfo, GroupInfoRatchetTreeTbe, GroupInfoRequest, GroupInfoResponse, GroupInfoStatus, HubSender, PendingProposal,
};
use causeway_drafts::mimi_protocol_06::identifier_query::{
    FieldSource, IdentifierQueryCode, IdentifierRequest, IdentifierResponse, ProfileField, QueryElement, SearchType, UserProfile,
};
use causeway_drafts::mimi_protocol_06::key_material::{
    ClientKeyMaterial, ClientKeyMaterialStatus, KeyMaterialRequestTbs, KeyMaterialResponse, KeyMaterialUserCode,
};
use causeway_drafts::mimi_protocol_06::message::Message;
use causeway_drafts::mimi_protocol_06::notify::FanoutMessage;
use causeway_drafts::mimi_protocol_06::participant_list::{
    ParticipantListData, ParticipantListUpdate, UserRolePair, UserindexRolePair,
};
use causeway_drafts::mimi_protocol_06::pseudonymous_credential::{IdentityLinkTbe, PseudonymousCredential};
use causeway_drafts::mimi_protocol_06::ratchet_tree::{GroupInfoOption, PartialGroupInfo, RatchetTreeOption, RatchetTreePresence};
use causeway_drafts::mimi_protocol_06::report_abuse::{AbuseReport, AbusiveMessage};
use causeway_drafts::mimi_protocol_06::room_metadata::{RichDescription, RoomMetadata, Utf8};
use causeway_drafts::mimi_protocol_06::submit_message::{SubmitMessageRequest, SubmitMessageResponse, SubmitStatus};
use causeway_drafts::mimi_protocol_06::update::{UpdateRequest, UpdateRoomResponse, UpdateStatus};
use causeway_drafts::mimi_room_policy_04::Optionality;
use causeway_drafts::mimi_room_policy_04::asset_policy::{
    AssetPolicy, AssetUploadLocation, DownloadPrivacy, DownloadPrivacyType, ProviderAssetUploadDomains,
};
use causeway_drafts::mimi_room_policy_04::base_room_policy::BaseRoomPolicy;
use causeway_drafts::mimi_room_policy_04::bot_policy::{Bot, BotPolicy};
use causeway_drafts::mimi_room_policy_04::chat_history_policy::{HistoryPolicy, HistorySharing};
use causeway_drafts::mimi_room_policy_04::join_links::{JoinLink, JoinLinkPolicy, JoinLinks, JoinLinksUpdate};
use causeway_drafts::mimi_room_policy_04::link_preview_policy::{LinkPreviewPolicy, PreviewProxy};
use causeway_drafts::mimi_room_policy_04::logging_policy::{Logging, LoggingPolicy};
use causeway_drafts::mimi_room_policy_04::message_expiration_policy::{Expiration, MessageExpiration};
use causeway_drafts::mimi_room_policy_04::mls_operational_policy::{
    AppMessagePolicy, ExtendedCapabilities, MinDefaultMaxTime, OperationalParameters, PendingProposalPolicy,
};
use causeway_drafts::mimi_room_policy_04::preauth_list::{Claim, ClaimId, PreAuthList, PreAuthRoleEntry};
use causeway_drafts::mimi_room_policy_04::presets;
use causeway_drafts::mimi_room_policy_04::roles_list::{Role, RolesList};
use causeway_drafts::mimi_room_policy_04::status_notification_policy::StatusNotificationPolicy;
use causeway_drafts::mimi_uri::{ClientUri, IdentifierUri, UserUri};
use causeway_drafts::{DecodeError, Verbatim, decode_exact, encode};
use openmls::prelude::{
    AppDataDictionary, Capabilities, Extension, ExternalPubExtension, HpkeCiphertext, RequiredCapabilitiesExtension,
};
use tls_codec::{Deserialize, Serialize};

use crate::support::mls;

/// A structure with its samples.
pub(crate) struct Kind {
    pub(crate) name: &'static str,
    pub(crate) samples: Vec<Vec<u8>>,
    /// Decodes and encodes again.
    pub(crate) again: fn(&[u8]) -> Result<Vec<u8>, DecodeError>,
}

fn kind<T: Serialize + Deserialize + PartialEq + Debug>(name: &'static str, values: Vec<T>) -> Kind {
    let samples = values.iter().map(encode).collect::<Vec<_>>();
    for (value, bytes) in values.iter().zip(&samples) {
        assert_eq!(decode_exact::<T>(bytes).as_ref(), Ok(value), "{name}");
        assert_eq!(value.tls_serialized_len(), bytes.len(), "{name}");
    }
    Kind { name, samples, again: |bytes| decode_exact::<T>(bytes).map(|value| encode(&value)) }
}

/// All structures.
pub(crate) fn kinds() -> &'static [Kind] {
    static KINDS: OnceLock<Vec<Kind>> = OnceLock::new();
    KINDS.get_or_init(|| [protocol(), queries_and_reports(), components(), policies()].into_iter().flatten().collect())
}

pub(crate) fn alice() -> UserUri {
    "mimi://a.test/u/alice".parse().unwrap()
}

pub(crate) fn bob() -> UserUri {
    "mimi://b.test/u/bob".parse().unwrap()
}

pub(crate) fn frank() -> Frank {
    Frank { server_frank: [1; 32], franking_signature_ciphersuite: 1, franking_integrity_signature: vec![2; 64].into() }
}

pub(crate) fn dictionary() -> AppDataDictionary {
    let mut dictionary = AppDataDictionary::new();
    assert_eq!(dictionary.insert(0x8001, vec![1, 2, 3]), None);
    assert_eq!(dictionary.insert(0x8002, Vec::new()), None);
    dictionary
}

fn verbatim<T: Deserialize>(bytes: &[u8]) -> Verbatim<T> {
    Verbatim::from_bytes(bytes).unwrap()
}

fn protocol() -> Vec<Kind> {
    let mls = mls();
    let room = || "mimi://a.test/r/club".parse().unwrap();
    let tree = || RatchetTreeOption::full(&mls.tree).unwrap();
    let claim = KeyMaterialRequestTbs {
        protocol: Protocol::Mls10,
        requesting_user: alice(),
        target_user: bob(),
        room_id: room(),
        acceptable_ciphersuites: vec![1, 2],
        required_capabilities: RequiredCapabilitiesExtension::default(),
        requester_signature_key: vec![3; 32].into(),
        requester_credential: mls.credential.clone(),
    };
    let signed = claim.clone().sign(|_| Ok::<_, ()>(vec![4; 64])).unwrap();
    let client = |name: &str, status| ClientKeyMaterial { client_uri: ClientUri::new(&bob(), name), status };
    let supplied = KeyMaterialResponse {
        protocol: Protocol::Mls10,
        user_status: KeyMaterialUserCode::PartialSuccess,
        user_uri: bob(),
        clients: vec![
            client("one", ClientKeyMaterialStatus::Success(verbatim(&mls.key_package))),
            client("two", ClientKeyMaterialStatus::KeyMaterialExhausted),
            client("three", ClientKeyMaterialStatus::NothingCompatible(None)),
            client("four", ClientKeyMaterialStatus::NothingCompatible(Some(Capabilities::default()))),
        ],
    };
    let description = |status| UpdateRoomResponse::new(status, "почему");
    let pending = PendingProposal { proposal: Message::from_bytes(&mls.proposal).unwrap(), hub_accepted_time: 9 };
    let request = GroupInfoRequest::unsigned(1, vec![1; 32], mls.credential.clone(), vec![2; 32]);
    let with_code = GroupInfoRequest { joining_code: b"code".to_vec().into(), ..request.clone() };
    let encrypted = EncryptedGroupInfo {
        ciphersuite: 1,
        hub_sender: HubSender { signature_key: vec![5; 32].into(), credential: mls.credential.clone() },
        encrypted_groupinfo_and_tree: HpkeCiphertext { kem_output: vec![6; 32].into(), ciphertext: vec![7; 90].into() },
        signature: vec![8; 64].into(),
    };
    let group_info = |status| GroupInfoResponse { protocol: Protocol::Mls10, room_id: b"room".to_vec().into(), status };
    let partial = PartialGroupInfo {
        ratchet_tree_presence: RatchetTreePresence::Added,
        group_info_extensions: vec![Extension::ExternalPub(ExternalPubExtension::new(vec![9; 32].into()))],
        signature: vec![1; 64].into(),
    };
    let consent = |operation, room| ConsentEntry::new(operation, alice(), bob(), room);
    vec![
        kind("KeyMaterialRequestTBS", vec![claim]),
        kind("KeyMaterialRequest", vec![signed]),
        kind("KeyMaterialResponse", vec![supplied, KeyMaterialResponse::failure(KeyMaterialUserCode::UserDeleted, bob())]),
        kind(
            "UpdateRequest",
            vec![
                UpdateRequest::commit(&mls.commit, Some(&mls.welcome), &mls.group_info, &mls.tree).unwrap(),
                UpdateRequest::commit(&mls.commit, None, &mls.group_info, &mls.tree).unwrap(),
                UpdateRequest::proposals(&[mls.proposal.clone(), mls.proposal.clone()]).unwrap(),
            ],
        ),
        kind(
            "UpdateRoomResponse",
            vec![
                description(UpdateStatus::Success { accepted_timestamp: 5 }),
                description(UpdateStatus::WrongEpoch { current_epoch: 6 }),
                description(UpdateStatus::NotAllowed),
                description(UpdateStatus::InvalidProposal { references: vec![vec![1; 32].into(), vec![2; 32].into()] }),
            ],
        ),
        kind("SubmitMessageRequest", vec![SubmitMessageRequest::new(&mls.application, alice()).unwrap()]),
        kind(
            "SubmitMessageResponse",
            vec![
                SubmitMessageResponse::new(SubmitStatus::Success { accepted_timestamp: 5, frank: Some(frank()) }),
                SubmitMessageResponse::new(SubmitStatus::Success { accepted_timestamp: 5, frank: None }),
                SubmitMessageResponse::new(SubmitStatus::NotAllowed),
                SubmitMessageResponse::new(SubmitStatus::EpochTooOld { current_epoch: 7 }),
            ],
        ),
        kind(
            "FanoutMessage",
            vec![
                FanoutMessage::application(1, &mls.application, Some(frank())).unwrap(),
                FanoutMessage::application(2, &mls.application, None).unwrap(),
                FanoutMessage::welcome(3, &mls.welcome, tree()).unwrap(),
                FanoutMessage::welcome(3, &mls.welcome, RatchetTreeOption::DistributionService).unwrap(),
                FanoutMessage::proposals(4, &mls.proposal, &[&mls.proposal]).unwrap(),
                FanoutMessage::commit(5, &mls.commit, &[]).unwrap(),
                FanoutMessage::commit(6, &mls.commit, &[&mls.proposal]).unwrap(),
            ],
        ),
        kind("GroupInfoRequest", vec![request, with_code]),
        kind(
            "GroupInfoResponse",
            vec![
                group_info(GroupInfoStatus::Success(Box::new(encrypted))),
                group_info(GroupInfoStatus::NotAuthorized),
                group_info(GroupInfoStatus::NoSuchRoom),
            ],
        ),
        kind(
            "GroupInfoRatchetTreeTBE",
            vec![GroupInfoRatchetTreeTbe {
                group_info: verbatim(&mls.group_info),
                ratchet_tree: tree(),
                pending_proposals: vec![pending.clone(), pending],
            }],
        ),
        kind(
            "RatchetTreeOption",
            vec![
                tree(),
                RatchetTreeOption::HttpsUri { url: b"https://x.test".to_vec().into() },
                RatchetTreeOption::OutOfBand,
                RatchetTreeOption::DistributionService,
            ],
        ),
        kind("PartialGroupInfo", vec![partial.clone()]),
        kind("GroupInfoOption", vec![GroupInfoOption::full(&mls.group_info).unwrap(), GroupInfoOption::Partial(partial)]),
        kind(
            "ConsentEntry",
            vec![
                consent(ConsentOperation::Cancel, None),
                consent(ConsentOperation::Request, Some(room())),
                ConsentEntry {
                    client_key_packages: vec![verbatim(&mls.key_package)],
                    consent_extensions: dictionary(),
                    ..consent(ConsentOperation::Grant, Some(room()))
                },
                consent(ConsentOperation::Revoke, None),
            ],
        ),
    ]
}

fn queries_and_reports() -> Vec<Kind> {
    let pseudonym = |text: &str| text.parse::<IdentifierUri>().unwrap();
    let credential = PseudonymousCredential {
        client_pseudonym: pseudonym("mimi://a.test/d/0f3a/91c2"),
        user_pseudonym: pseudonym("mimi://a.test/u/0f3a"),
        signature_public_key: vec![1; 32].into(),
        identity_link_ciphertext: vec![2; 80].into(),
    };
    let link =
        IdentityLinkTbe { pseudonymous_credential_signature: vec![3; 64].into(), client_credential: mls().credential.clone() };
    let elements = vec![
        QueryElement::new(SearchType::Handle, "im:alice.smith@a.example"),
        QueryElement::new(SearchType::Nick, "alice.smith"),
        QueryElement::new(SearchType::Email, "asmith@a.example"),
        QueryElement::new(SearchType::Phone, "+12125551212"),
        QueryElement::new(SearchType::PartialName, "mat"),
        QueryElement::new(SearchType::WholeProfile, "продажи"),
        QueryElement::new(SearchType::OidcStdClaim { claim_name: b"given_name".to_vec().into() }, "Xavier"),
        QueryElement::new(SearchType::VcardField { property_name: b"ORG".to_vec().into() }, "XYZ"),
    ];
    let field =
        |field_source, name: &str| ProfileField { field_source, field_name: name.into(), field_value: b"Xavier".to_vec().into() };
    let profile = UserProfile {
        stable_uri: alice(),
        fields: vec![field(FieldSource::OidcStdClaim, "given_name"), field(FieldSource::VcardField, "FN")],
    };
    let message = AbusiveMessage { message_content: vec![9; 70].into(), frank: frank(), accepted_timestamp: 5 };
    let report = AbuseReport {
        messages: vec![message.clone(), message],
        abuse_extensions: dictionary(),
        ..AbuseReport::new(Some(alice()), bob(), "spam")
    };
    vec![
        kind(
            "IdentifierRequest",
            vec![
                IdentifierRequest { id_request_extensions: dictionary(), ..IdentifierRequest::new(elements) },
                IdentifierRequest::new(Vec::new()),
            ],
        ),
        kind(
            "IdentifierResponse",
            vec![
                IdentifierResponse { id_response_extensions: dictionary(), ..IdentifierResponse::success(vec![profile.clone()]) },
                IdentifierResponse::failure(IdentifierQueryCode::NotFound),
                IdentifierResponse::failure(IdentifierQueryCode::Ambiguous),
                IdentifierResponse::failure(IdentifierQueryCode::Forbidden),
                IdentifierResponse::failure(IdentifierQueryCode::UnsupportedField),
            ],
        ),
        kind("UserProfile", vec![profile]),
        kind("AbuseReport", vec![report, AbuseReport::new(None, bob(), "")]),
        kind("PseudonymousCredentialTBS", vec![credential.tbs()]),
        kind("PseudonymousCredential", vec![credential]),
        kind("IdentityLinkTBE", vec![link]),
    ]
}

fn components() -> Vec<Kind> {
    let pair = |user, role_index| UserRolePair { user, role_index };
    let room: causeway_drafts::mimi_uri::RoomUri = "mimi://a.test/r/club".parse().unwrap();
    let described = RoomMetadata {
        room_descriptions: vec![RichDescription {
            media_type: Utf8::default(),
            language_tag: Utf8::new("en"),
            content: b"about".to_vec().into(),
        }],
        room_avatar: Utf8::new("https://a.test/x.png"),
        room_subject: Utf8::new("subject"),
        room_mood: Utf8::new("mood"),
        ..RoomMetadata::named(&room, "Клуб")
    };
    let context = ServerFrankingContext { sender_uri: alice(), room_uri: room.clone(), accepted_timestamp: 5 };
    let agent = FrankingAgent { franking_signature_key: vec![1; 32].into(), credential: mls().credential.clone() };
    vec![
        kind("Frank", vec![frank()]),
        kind("FrankAAD", vec![FrankAad { franking_tag: [7; 32] }]),
        kind("FrankingAgentData", vec![agent]),
        kind("ServerFrankingContext", vec![context]),
        kind(
            "ParticipantListData",
            vec![
                ParticipantListData { participants: vec![pair(alice(), 2), pair(bob(), u32::MAX)] },
                ParticipantListData::default(),
            ],
        ),
        kind(
            "ParticipantListUpdate",
            vec![ParticipantListUpdate {
                changed_role_participants: vec![UserindexRolePair { user_index: 3, role_index: 4 }],
                removed_indices: vec![0, 1],
                added_participants: vec![pair(bob(), 2)],
            }],
        ),
        kind("RoomMetaData", vec![RoomMetadata::named(&room, ""), described]),
        kind("MediaTypeList", vec![MediaTypeList { media_types: vec![MediaType::mimi_content(), markdown()] }]),
        kind("ComponentsList", vec![ComponentsList { component_ids: vec![0x20, 0x21] }, ComponentsList { component_ids: vec![] }]),
    ]
}

pub(crate) fn markdown() -> MediaType {
    let variant = Parameter { name: b"variant".to_vec().into(), value: b"GFM-MIMI".to_vec().into() };
    MediaType { media_type: b"text/markdown".to_vec().into(), parameters: vec![variant] }
}

pub(crate) fn assets() -> AssetPolicy {
    AssetPolicy {
        asset_upload_location: AssetUploadLocation::LocalProvider,
        upload_domains: vec![ProviderAssetUploadDomains {
            provider: "a.test".parse().unwrap(),
            asset_upload_destinations: vec!["cdn.a.test".parse().unwrap(), "a-assets.test".parse().unwrap()],
        }],
        download_privacy: DownloadPrivacy {
            allowed_download_types: vec![DownloadPrivacyType::HubProxy, DownloadPrivacyType::Ohttp],
            forbidden_download_types: vec![DownloadPrivacyType::Direct],
            default_download_type: DownloadPrivacyType::Ohttp,
        },
        max_image: 1,
        max_audio: 2,
        max_video: 3,
        max_attachment: u64::MAX,
        forbidden_media_types: vec![markdown()],
        permitted_media_types: None,
    }
}

pub(crate) fn bot() -> Bot {
    Bot {
        name: "poker".into(),
        description: "deals".into(),
        homepage: Some("https://poker.test/?a=b#c".parse().unwrap()),
        local_client_bot: false,
        bot_role_index: 2,
        can_target_message_in_group: true,
        per_user_content: true,
    }
}

pub(crate) fn operational() -> OperationalParameters {
    let time = |seed| MinDefaultMaxTime { minimum_time: seed, default_time: seed + 1, maximum_time: seed + 2 };
    let everything = ExtendedCapabilities {
        versions: vec![1],
        cipher_suites: vec![1, 0xF000],
        extensions: vec![6],
        proposals: vec![8, 10],
        credentials: vec![1, 2],
        wire_formats: vec![1, 2],
        component_ids: vec![0x22],
        safe_aad_types: vec![0x20],
        media_types: vec![markdown()],
        content_types: vec![1, 2, 3],
    };
    OperationalParameters {
        mandatory_capabilities: everything,
        default_capabilities: ExtendedCapabilities::default(),
        forbidden_capabilities: ExtendedCapabilities::default(),
        handshake_formats: vec![1],
        external_proposal_allowed: true,
        external_commit_allowed: false,
        pending_proposal_policy: PendingProposalPolicy::RandomDelay { minimum_delay_ms: 1, maximum_delay_ms: 2 },
        leaf_node_update_time: time(10),
        app_message_policy: AppMessagePolicy { epoch_tolerance: 1, pad_to_size: 2, max_generations_skipahead: 3 },
        max_kp_lifetime: 4,
        max_credential_lifetime: 5,
        resumption_psk_lifetime: 6,
        sender_nonce_keypair_lifetime: time(20),
        max_keypairs: 7,
        buffer_incoming_message_time: time(30),
        max_buffered_messages: 8,
    }
}

pub(crate) fn claim(id: &str, value: &str) -> Claim {
    let claim_id = ClaimId { credential_type: 2, id: id.as_bytes().to_vec().into() };
    Claim { claim_id, claim_value: value.as_bytes().to_vec().into() }
}

fn policies() -> Vec<Kind> {
    let link = |text: &str| JoinLink { join_link: text.as_bytes().to_vec().into() };
    let preview = |link_preview_proxy| LinkPreviewPolicy {
        autodetect_hyperlinks_in_text: Optionality::Forbidden,
        send_link_previews: Optionality::Required,
        automatic_link_previews: Optionality::Optional,
        link_preview_proxy,
    };
    let proxies = || vec!["https://proxy.test/".parse().unwrap()];
    let logging = |machine_readable_policy| Logging {
        logging_clients: vec!["mimi://a.test/d/log/1".parse().unwrap()],
        machine_readable_policy,
        human_readable_policy: None,
    };
    let sharing = || HistorySharing { roles_that_can_share: vec![3, 4], automatically_share: true, max_time_period: 86400 };
    let expiration =
        |default| Expiration { min_expiration_duration: 1, max_expiration_duration: 9, default_expiration_duration: default };
    let child = BaseRoomPolicy {
        parent_dependant: true,
        parent_room: vec!["mimi://a.test/r/parent".parse().unwrap()],
        max_clients: Some(0),
        max_users: Some(u32::MAX),
        ..BaseRoomPolicy::ordinary(vec![0x25])
    };
    let preauth = PreAuthRoleEntry {
        claimset: vec![claim("2.5.4.10", "Example"), claim("2.5.4.6", "DE")],
        target_role: Role::new(2, "member", Vec::new(), Vec::new()),
    };
    let other_strategy = |pending_proposal_policy| OperationalParameters { pending_proposal_policy, ..operational() };
    let permitted =
        AssetPolicy { asset_upload_location: AssetUploadLocation::Hub, permitted_media_types: Some(vec![markdown()]), ..assets() };
    let anything = AssetPolicy {
        asset_upload_location: AssetUploadLocation::Unspecified,
        permitted_media_types: Some(Vec::new()),
        ..assets()
    };
    vec![
        kind(
            "OperationalParameters",
            vec![
                operational(),
                other_strategy(PendingProposalPolicy::Unspecified),
                other_strategy(PendingProposalPolicy::ImmediateCommit),
            ],
        ),
        kind(
            "RoleData",
            vec![
                RolesList::default(),
                presets::cooperatively_administered(),
                presets::strictly_administered(),
                presets::moderated(),
                presets::multi_organization(),
            ],
        ),
        kind("PreAuthData", vec![PreAuthList::default(), PreAuthList { preauthorized_entries: vec![preauth] }]),
        kind("BaseRoomPolicy", vec![BaseRoomPolicy::ordinary(vec![0x22, 0x23]), child]),
        kind(
            "StatusNotificationPolicy",
            vec![StatusNotificationPolicy { delivery_notifications: Optionality::Optional, read_receipts: Optionality::Forbidden }],
        ),
        kind(
            "JoinLinkPolicy",
            vec![JoinLinkPolicy { on_request: true, join_link: Vec::new().into(), multiuser: false, expiration: 60 }],
        ),
        kind("JoinLinksData", vec![JoinLinks::default(), JoinLinks { links: vec![link("a"), link("")] }]),
        kind("JoinLinksUpdate", vec![JoinLinksUpdate { removed_indices: vec![0], added_links: vec![link("b")] }]),
        kind(
            "LinkPreviewPolicy",
            vec![
                preview(PreviewProxy::Forbidden),
                preview(PreviewProxy::Optional { link_preview_proxy: proxies() }),
                preview(PreviewProxy::Required { link_preview_proxy: proxies() }),
            ],
        ),
        kind("AssetPolicy", vec![assets(), permitted, anything]),
        kind(
            "LoggingPolicy",
            vec![
                LoggingPolicy::Forbidden,
                LoggingPolicy::Optional(logging(None)),
                LoggingPolicy::Required(logging(Some("https://a.test/log".parse().unwrap()))),
            ],
        ),
        kind(
            "HistoryPolicy",
            vec![HistoryPolicy::Forbidden, HistoryPolicy::Optional(sharing()), HistoryPolicy::Required(sharing())],
        ),
        kind("BotPolicy", vec![BotPolicy::default(), BotPolicy { allowed_bots: vec![bot(), Bot { homepage: None, ..bot() }] }]),
        kind(
            "MessageExpiration",
            vec![
                MessageExpiration::Forbidden,
                MessageExpiration::Optional(expiration(None)),
                MessageExpiration::Required(expiration(Some(3))),
            ],
        ),
    ]
}
