//! Any value of the structures that hold no MLS objects.

use causeway_drafts::application::{ComponentsList, MediaType, MediaTypeList, Parameter};
use causeway_drafts::mimi_protocol_06::franking::{Frank, FrankAad, ServerFrankingContext};
use causeway_drafts::mimi_protocol_06::identifier_query::{
    FieldSource, IdentifierQueryCode, IdentifierRequest, IdentifierResponse, ProfileField, QueryElement, SearchType, UserProfile,
};
use causeway_drafts::mimi_protocol_06::participant_list::{
    ParticipantListData, ParticipantListUpdate, UserRolePair, UserindexRolePair,
};
use causeway_drafts::mimi_protocol_06::report_abuse::{AbuseReport, AbusiveMessage};
use causeway_drafts::mimi_protocol_06::room_metadata::{RichDescription, RoomMetadata, Utf8};
use causeway_drafts::mimi_protocol_06::submit_message::{SubmitMessageResponse, SubmitStatus};
use causeway_drafts::mimi_protocol_06::update::{UpdateRoomResponse, UpdateStatus};
use causeway_drafts::mimi_room_policy_04::Optionality;
use causeway_drafts::mimi_room_policy_04::asset_policy::{
    AssetPolicy, AssetUploadLocation, DownloadPrivacy, DownloadPrivacyType, ProviderAssetUploadDomains,
};
use causeway_drafts::mimi_room_policy_04::base_room_policy::BaseRoomPolicy;
use causeway_drafts::mimi_room_policy_04::bot_policy::{Bot, BotPolicy};
use causeway_drafts::mimi_room_policy_04::capability::Capability;
use causeway_drafts::mimi_room_policy_04::chat_history_policy::{HistoryPolicy, HistorySharing};
use causeway_drafts::mimi_room_policy_04::join_links::{JoinLink, JoinLinkPolicy, JoinLinks, JoinLinksUpdate};
use causeway_drafts::mimi_room_policy_04::link_preview_policy::{LinkPreviewPolicy, PreviewProxy};
use causeway_drafts::mimi_room_policy_04::logging_policy::{Logging, LoggingPolicy};
use causeway_drafts::mimi_room_policy_04::message_expiration_policy::{Expiration, MessageExpiration};
use causeway_drafts::mimi_room_policy_04::mls_operational_policy::{
    AppMessagePolicy, ExtendedCapabilities, MinDefaultMaxTime, OperationalParameters, PendingProposalPolicy,
};
use causeway_drafts::mimi_room_policy_04::preauth_list::{Claim, ClaimId, PreAuthList, PreAuthRoleEntry};
use causeway_drafts::mimi_room_policy_04::roles_list::{Role, RolesList, SingleSourceRoleChangeTargets};
use causeway_drafts::mimi_room_policy_04::status_notification_policy::StatusNotificationPolicy;
use causeway_drafts::mimi_uri::{ProviderDomain, RoomUri, UserUri};
use causeway_drafts::text::Text;
use causeway_drafts::uri::Uri;
use causeway_drafts::{decode_exact, encode};
use openmls::prelude::AppDataDictionary;
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use tls_codec::VLBytes;

/// decode(encode(x)) = x. The list has the draft's names of what comes back.
macro_rules! come_back {
    ($list:ident: $($test:ident: $type:ty as $name:literal = $strategy:expr;)*) => {
        pub(crate) const $list: &[&str] = &[$($name),*];

        proptest! {
            #![proptest_config(ProptestConfig::with_cases(200))]
            $(
                #[test]
                fn $test(value in $strategy) {
                    let bytes = encode(&value);
                    prop_assert_eq!(decode_exact::<$type>(&bytes), Ok(value));
                }
            )*
        }
    };
}

pub(crate) use come_back;

come_back! {
    COME_BACK:
    identifier_requests_come_back: IdentifierRequest as "IdentifierRequest" = identifier_request();
    identifier_responses_come_back: IdentifierResponse as "IdentifierResponse" = identifier_response();
    user_profiles_come_back: UserProfile as "UserProfile" = user_profile();
    abuse_reports_come_back: AbuseReport as "AbuseReport" = abuse_report();
    franks_come_back: Frank as "Frank" = frank();
    franking_tags_come_back: FrankAad as "FrankAAD" = any::<[u8; 32]>().prop_map(|franking_tag| FrankAad { franking_tag });
    franking_contexts_come_back: ServerFrankingContext as "ServerFrankingContext" = franking_context();
    update_responses_come_back: UpdateRoomResponse as "UpdateRoomResponse" = update_response();
    submit_responses_come_back: SubmitMessageResponse as "SubmitMessageResponse" = submit_response();
    participant_lists_come_back: ParticipantListData as "ParticipantListData" =
        vec(participant(), 0..4).prop_map(|participants| ParticipantListData { participants });
    participant_updates_come_back: ParticipantListUpdate as "ParticipantListUpdate" = participant_update();
    room_metadata_comes_back: RoomMetadata as "RoomMetaData" = room_metadata();
    operational_policies_come_back: OperationalParameters as "OperationalParameters" = operational_policy();
    roles_come_back: RolesList as "RoleData" = vec(role(), 0..4).prop_map(|roles| RolesList { roles });
    preauthorisations_come_back: PreAuthList as "PreAuthData" = preauth_list();
    base_policies_come_back: BaseRoomPolicy as "BaseRoomPolicy" = base_policy();
    status_policies_come_back: StatusNotificationPolicy as "StatusNotificationPolicy" = status_policy();
    join_link_policies_come_back: JoinLinkPolicy as "JoinLinkPolicy" = join_link_policy();
    join_links_come_back: JoinLinks as "JoinLinksData" = vec(join_link(), 0..4).prop_map(|links| JoinLinks { links });
    join_link_updates_come_back: JoinLinksUpdate as "JoinLinksUpdate" = join_links_update();
    link_preview_policies_come_back: LinkPreviewPolicy as "LinkPreviewPolicy" = link_preview_policy();
    asset_policies_come_back: AssetPolicy as "AssetPolicy" = asset_policy();
    logging_policies_come_back: LoggingPolicy as "LoggingPolicy" = logging_policy();
    history_policies_come_back: HistoryPolicy as "HistoryPolicy" = history_policy();
    bot_policies_come_back: BotPolicy as "BotPolicy" = vec(bot(), 0..4).prop_map(|allowed_bots| BotPolicy { allowed_bots });
    expirations_come_back: MessageExpiration as "MessageExpiration" = message_expiration();
    media_type_lists_come_back: MediaTypeList as "MediaTypeList" =
        vec(media_type(), 1..4).prop_map(|media_types| MediaTypeList { media_types });
    components_lists_come_back: ComponentsList as "ComponentsList" =
        vec(any::<u16>(), 0..9).prop_map(|component_ids| ComponentsList { component_ids });
}

pub(crate) fn octets() -> impl Strategy<Value = VLBytes> {
    // Over the limits of the length's first two forms.
    prop_oneof![4 => vec(any::<u8>(), 0..80), 1 => vec(any::<u8>(), 16_380..16_390)].prop_map(Into::into)
}

pub(crate) fn text() -> impl Strategy<Value = Text> {
    any::<String>().prop_map(Text)
}

fn utf8() -> impl Strategy<Value = Utf8> {
    any::<String>().prop_map(Utf8::new)
}

fn domain() -> impl Strategy<Value = ProviderDomain> {
    "[a-z][a-z0-9]{0,9}(\\.[a-z][a-z0-9-]{0,9}[a-z0-9]){1,3}".prop_map(|name| name.parse().unwrap())
}

pub(crate) fn user() -> impl Strategy<Value = UserUri> {
    (domain(), "[^/.]{1,20}").prop_map(|(provider, name)| UserUri::checked(&provider, &name).unwrap())
}

pub(crate) fn room() -> impl Strategy<Value = RoomUri> {
    (domain(), "[^/.]{1,20}").prop_map(|(hub, id)| RoomUri::new(&hub, &id))
}

fn uri() -> impl Strategy<Value = Uri> {
    "[a-z][a-z0-9+.-]{0,6}:(//[a-z.]{1,9}(:[0-9]{1,4})?)?(/[a-z!$&'()*+,;=:@-]{0,9}){0,3}(\\?[a-z=&]{0,9})?(#[a-z]{0,5})?"
        .prop_map(|text| text.parse().unwrap())
}

fn optionality() -> impl Strategy<Value = Optionality> {
    prop::sample::select(vec![Optionality::Optional, Optionality::Required, Optionality::Forbidden])
}

pub(crate) fn dictionary() -> impl Strategy<Value = AppDataDictionary> {
    prop::collection::btree_map(any::<u16>(), vec(any::<u8>(), 0..20), 0..4).prop_map(|entries| {
        let mut dictionary = AppDataDictionary::new();
        for (id, data) in entries {
            assert_eq!(dictionary.insert(id, data), None);
        }
        dictionary
    })
}

fn identifier_request() -> impl Strategy<Value = IdentifierRequest> {
    let search_type = prop_oneof![
        prop::sample::select(vec![
            SearchType::Handle,
            SearchType::Nick,
            SearchType::Email,
            SearchType::Phone,
            SearchType::PartialName,
            SearchType::WholeProfile,
        ]),
        octets().prop_map(|claim_name| SearchType::OidcStdClaim { claim_name }),
        octets().prop_map(|property_name| SearchType::VcardField { property_name }),
    ];
    let element = (search_type, text()).prop_map(|(search_type, search_value)| QueryElement { search_type, search_value });
    (vec(element, 0..4), dictionary())
        .prop_map(|(query_elements, id_request_extensions)| IdentifierRequest { query_elements, id_request_extensions })
}

fn user_profile() -> impl Strategy<Value = UserProfile> {
    let source = prop::sample::select(vec![FieldSource::OidcStdClaim, FieldSource::VcardField]);
    let field = (source, text(), octets()).prop_map(|(field_source, field_name, field_value)| ProfileField {
        field_source,
        field_name,
        field_value,
    });
    (user(), vec(field, 0..3)).prop_map(|(stable_uri, fields)| UserProfile { stable_uri, fields })
}

fn identifier_response() -> impl Strategy<Value = IdentifierResponse> {
    let code = prop::sample::select(vec![
        IdentifierQueryCode::Success,
        IdentifierQueryCode::NotFound,
        IdentifierQueryCode::Ambiguous,
        IdentifierQueryCode::Forbidden,
        IdentifierQueryCode::UnsupportedField,
    ]);
    (code, vec(user(), 0..3), vec(user_profile(), 0..3), dictionary()).prop_map(
        |(response_code, uri, found_profiles, id_response_extensions)| IdentifierResponse {
            response_code,
            uri,
            found_profiles,
            id_response_extensions,
        },
    )
}

pub(crate) fn frank() -> impl Strategy<Value = Frank> {
    (any::<[u8; 32]>(), any::<u16>(), octets()).prop_map(|(server_frank, suite, signature)| Frank {
        server_frank,
        franking_signature_ciphersuite: suite,
        franking_integrity_signature: signature,
    })
}

fn franking_context() -> impl Strategy<Value = ServerFrankingContext> {
    (user(), room(), any::<u64>()).prop_map(|(sender_uri, room_uri, accepted_timestamp)| ServerFrankingContext {
        sender_uri,
        room_uri,
        accepted_timestamp,
    })
}

fn abuse_report() -> impl Strategy<Value = AbuseReport> {
    let message = (octets(), frank(), any::<u64>()).prop_map(|(message_content, frank, accepted_timestamp)| AbusiveMessage {
        message_content,
        frank,
        accepted_timestamp,
    });
    (option::of(user()), user(), any::<String>(), vec(message, 0..3), dictionary()).prop_map(
        |(reporting_user, abuser, note, messages, abuse_extensions)| AbuseReport {
            messages,
            abuse_extensions,
            ..AbuseReport::new(reporting_user, abuser, note)
        },
    )
}

fn update_response() -> impl Strategy<Value = UpdateRoomResponse> {
    let status = prop_oneof![
        any::<u64>().prop_map(|accepted_timestamp| UpdateStatus::Success { accepted_timestamp }),
        any::<u64>().prop_map(|current_epoch| UpdateStatus::WrongEpoch { current_epoch }),
        Just(UpdateStatus::NotAllowed),
        vec(octets(), 0..3).prop_map(|references| UpdateStatus::InvalidProposal { references }),
    ];
    (status, any::<String>()).prop_map(|(status, text)| UpdateRoomResponse::new(status, text))
}

fn submit_response() -> impl Strategy<Value = SubmitMessageResponse> {
    let status = prop_oneof![
        (any::<u64>(), option::of(frank()))
            .prop_map(|(accepted_timestamp, frank)| SubmitStatus::Success { accepted_timestamp, frank }),
        Just(SubmitStatus::NotAllowed),
        any::<u64>().prop_map(|current_epoch| SubmitStatus::EpochTooOld { current_epoch }),
    ];
    status.prop_map(SubmitMessageResponse::new)
}

fn participant() -> impl Strategy<Value = UserRolePair> {
    (user(), any::<u32>()).prop_map(|(user, role_index)| UserRolePair { user, role_index })
}

fn participant_update() -> impl Strategy<Value = ParticipantListUpdate> {
    let change = (any::<u32>(), any::<u32>()).prop_map(|(user_index, role_index)| UserindexRolePair { user_index, role_index });
    (vec(change, 0..4), vec(any::<u32>(), 0..4), vec(participant(), 0..4)).prop_map(
        |(changed_role_participants, removed_indices, added_participants)| ParticipantListUpdate {
            changed_role_participants,
            removed_indices,
            added_participants,
        },
    )
}

fn room_metadata() -> impl Strategy<Value = RoomMetadata> {
    let description = (utf8(), utf8(), octets()).prop_map(|(media_type, language_tag, content)| RichDescription {
        media_type,
        language_tag,
        content,
    });
    (room(), utf8(), vec(description, 0..3), [utf8(), utf8(), utf8()]).prop_map(
        |(room_uri, room_name, room_descriptions, [room_avatar, room_subject, room_mood])| RoomMetadata {
            room_uri,
            room_name,
            room_descriptions,
            room_avatar,
            room_subject,
            room_mood,
        },
    )
}

fn media_type() -> impl Strategy<Value = MediaType> {
    let parameter = (octets(), octets()).prop_map(|(name, value)| Parameter { name, value });
    (octets(), vec(parameter, 0..3)).prop_map(|(media_type, parameters)| MediaType { media_type, parameters })
}

fn operational_policy() -> impl Strategy<Value = OperationalParameters> {
    let numbers = || vec(any::<u16>(), 0..4);
    let capabilities = (
        [numbers(), numbers(), numbers(), numbers(), numbers(), numbers(), numbers(), numbers()],
        vec(media_type(), 0..2),
        vec(any::<u8>(), 0..4),
    )
        .prop_map(|(lists, media_types, content_types)| {
            let [versions, cipher_suites, extensions, proposals, credentials, wire_formats, component_ids, safe_aad_types] = lists;
            ExtendedCapabilities {
                versions,
                cipher_suites,
                extensions,
                proposals,
                credentials,
                wire_formats,
                component_ids,
                safe_aad_types,
                media_types,
                content_types,
            }
        });
    let time = any::<[u64; 3]>().prop_map(|[minimum_time, default_time, maximum_time]| MinDefaultMaxTime {
        minimum_time,
        default_time,
        maximum_time,
    });
    let pending = prop_oneof![
        Just(PendingProposalPolicy::Unspecified),
        Just(PendingProposalPolicy::ImmediateCommit),
        any::<[u64; 2]>().prop_map(|[minimum_delay_ms, maximum_delay_ms]| PendingProposalPolicy::RandomDelay {
            minimum_delay_ms,
            maximum_delay_ms
        }),
    ];
    let messages = (any::<u8>(), any::<u16>(), any::<u32>()).prop_map(|(epoch_tolerance, pad_to_size, skipahead)| {
        AppMessagePolicy { epoch_tolerance, pad_to_size, max_generations_skipahead: skipahead }
    });
    let capabilities = capabilities.boxed();
    let capabilities = [capabilities.clone(), capabilities.clone(), capabilities];
    let times = [time.clone(), time.clone(), time];
    (capabilities, vec(any::<u16>(), 0..4), any::<[bool; 2]>(), pending, times, messages, any::<[u64; 3]>(), any::<[u32; 2]>())
        .prop_map(|(capabilities, handshake_formats, allowed, pending, times, messages, lifetimes, numbers)| {
            let [mandatory_capabilities, default_capabilities, forbidden_capabilities] = capabilities;
            let [leaf_node_update_time, sender_nonce_keypair_lifetime, buffer_incoming_message_time] = times;
            OperationalParameters {
                mandatory_capabilities,
                default_capabilities,
                forbidden_capabilities,
                handshake_formats,
                external_proposal_allowed: allowed[0],
                external_commit_allowed: allowed[1],
                pending_proposal_policy: pending,
                leaf_node_update_time,
                app_message_policy: messages,
                max_kp_lifetime: lifetimes[0],
                max_credential_lifetime: lifetimes[1],
                resumption_psk_lifetime: lifetimes[2],
                sender_nonce_keypair_lifetime,
                max_keypairs: numbers[0],
                buffer_incoming_message_time,
                max_buffered_messages: numbers[1],
            }
        })
}

fn role() -> impl Strategy<Value = Role> {
    let change =
        (any::<u32>(), vec(any::<u32>(), 0..4)).prop_map(|(from, targets)| SingleSourceRoleChangeTargets::new(from, targets));
    (any::<u32>(), [text(), text()], vec(any::<u16>(), 0..6), any::<[u32; 2]>(), any::<[Option<u32>; 2]>(), vec(change, 0..3))
        .prop_map(|(role_index, [role_name, role_description], capabilities, minima, maxima, authorized_role_changes)| Role {
            role_index,
            role_name,
            role_description,
            role_capabilities: capabilities.into_iter().map(Capability).collect(),
            minimum_participants_constraint: minima[0],
            maximum_participants_constraint: maxima[0],
            minimum_active_participants_constraint: minima[1],
            maximum_active_participants_constraint: maxima[1],
            authorized_role_changes,
        })
}

fn preauth_list() -> impl Strategy<Value = PreAuthList> {
    let claim = (any::<u16>(), octets(), octets())
        .prop_map(|(credential_type, id, claim_value)| Claim { claim_id: ClaimId { credential_type, id }, claim_value });
    let entry = (vec(claim, 0..3), role()).prop_map(|(claimset, target_role)| PreAuthRoleEntry { claimset, target_role });
    vec(entry, 0..3).prop_map(|preauthorized_entries| PreAuthList { preauthorized_entries })
}

fn base_policy() -> impl Strategy<Value = BaseRoomPolicy> {
    (any::<[bool; 6]>(), vec(uri(), 0..2), any::<[Option<u32>; 2]>(), vec(any::<u16>(), 0..6)).prop_map(
        |(flags, parent_room, [max_clients, max_users], policy_component_ids)| BaseRoomPolicy {
            fixed_membership: flags[0],
            parent_dependant: flags[1],
            parent_room,
            multi_device: flags[2],
            max_clients,
            max_users,
            pseudonyms_allowed: flags[3],
            persistent_room: flags[4],
            discoverable: flags[5],
            policy_component_ids,
        },
    )
}

fn status_policy() -> impl Strategy<Value = StatusNotificationPolicy> {
    (optionality(), optionality())
        .prop_map(|(delivery_notifications, read_receipts)| StatusNotificationPolicy { delivery_notifications, read_receipts })
}

fn join_link() -> impl Strategy<Value = JoinLink> {
    octets().prop_map(|join_link| JoinLink { join_link })
}

fn join_link_policy() -> impl Strategy<Value = JoinLinkPolicy> {
    (any::<bool>(), octets(), any::<bool>(), any::<u32>())
        .prop_map(|(on_request, join_link, multiuser, expiration)| JoinLinkPolicy { on_request, join_link, multiuser, expiration })
}

fn join_links_update() -> impl Strategy<Value = JoinLinksUpdate> {
    (vec(any::<u32>(), 0..4), vec(join_link(), 0..3))
        .prop_map(|(removed_indices, added_links)| JoinLinksUpdate { removed_indices, added_links })
}

fn link_preview_policy() -> impl Strategy<Value = LinkPreviewPolicy> {
    let proxies = || vec(uri(), 0..3);
    let proxy = prop_oneof![
        Just(PreviewProxy::Forbidden),
        proxies().prop_map(|link_preview_proxy| PreviewProxy::Optional { link_preview_proxy }),
        proxies().prop_map(|link_preview_proxy| PreviewProxy::Required { link_preview_proxy }),
    ];
    ([optionality(), optionality(), optionality()], proxy).prop_map(|([autodetect, send, automatic], link_preview_proxy)| {
        LinkPreviewPolicy {
            autodetect_hyperlinks_in_text: autodetect,
            send_link_previews: send,
            automatic_link_previews: automatic,
            link_preview_proxy,
        }
    })
}

fn asset_policy() -> impl Strategy<Value = AssetPolicy> {
    let location =
        prop::sample::select(vec![AssetUploadLocation::Unspecified, AssetUploadLocation::LocalProvider, AssetUploadLocation::Hub]);
    let domains = (domain(), vec(domain(), 0..3))
        .prop_map(|(provider, asset_upload_destinations)| ProviderAssetUploadDomains { provider, asset_upload_destinations });
    let way = || prop::sample::select(vec![DownloadPrivacyType::Direct, DownloadPrivacyType::HubProxy, DownloadPrivacyType::Ohttp]);
    let privacy = (vec(way(), 0..3), vec(way(), 0..3), way()).prop_map(|(allowed, forbidden, default)| DownloadPrivacy {
        allowed_download_types: allowed,
        forbidden_download_types: forbidden,
        default_download_type: default,
    });
    let media_types = || vec(media_type(), 0..2);
    (location, vec(domains, 0..3), privacy, any::<[u64; 4]>(), media_types(), option::of(media_types())).prop_map(
        |(asset_upload_location, upload_domains, download_privacy, sizes, forbidden_media_types, permitted_media_types)| {
            AssetPolicy {
                asset_upload_location,
                upload_domains,
                download_privacy,
                max_image: sizes[0],
                max_audio: sizes[1],
                max_video: sizes[2],
                max_attachment: sizes[3],
                forbidden_media_types,
                permitted_media_types,
            }
        },
    )
}

fn logging_policy() -> impl Strategy<Value = LoggingPolicy> {
    let logging = (vec(uri(), 0..3), option::of(uri()), option::of(uri())).prop_map(|(clients, machines, people)| Logging {
        logging_clients: clients,
        machine_readable_policy: machines,
        human_readable_policy: people,
    });
    let logging = logging.boxed();
    prop_oneof![
        logging.clone().prop_map(LoggingPolicy::Optional),
        logging.prop_map(LoggingPolicy::Required),
        Just(LoggingPolicy::Forbidden),
    ]
}

fn history_policy() -> impl Strategy<Value = HistoryPolicy> {
    let sharing = (vec(any::<u32>(), 0..4), any::<bool>(), any::<u32>()).prop_map(|(roles, automatically, period)| {
        HistorySharing { roles_that_can_share: roles, automatically_share: automatically, max_time_period: period }
    });
    prop_oneof![
        sharing.clone().prop_map(HistoryPolicy::Optional),
        sharing.prop_map(HistoryPolicy::Required),
        Just(HistoryPolicy::Forbidden),
    ]
}

fn bot() -> impl Strategy<Value = Bot> {
    (text(), text(), option::of(uri()), any::<[bool; 3]>(), any::<u32>()).prop_map(
        |(name, description, homepage, flags, bot_role_index)| Bot {
            name,
            description,
            homepage,
            local_client_bot: flags[0],
            bot_role_index,
            can_target_message_in_group: flags[1],
            per_user_content: flags[2],
        },
    )
}

fn message_expiration() -> impl Strategy<Value = MessageExpiration> {
    let expiration = (any::<u32>(), any::<u32>(), any::<Option<u32>>()).prop_map(|(min, max, default)| Expiration {
        min_expiration_duration: min,
        max_expiration_duration: max,
        default_expiration_duration: default,
    });
    prop_oneof![
        expiration.clone().prop_map(MessageExpiration::Optional),
        expiration.prop_map(MessageExpiration::Required),
        Just(MessageExpiration::Forbidden),
    ]
}
