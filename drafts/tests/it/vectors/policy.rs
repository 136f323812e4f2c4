//! The components of mimi-room-policy-04, by the draft's names.

use causeway_drafts::mimi_room_policy_04::Optionality;
use causeway_drafts::mimi_room_policy_04::asset_policy::{AssetPolicy, AssetUploadLocation, DownloadPrivacyType};
use causeway_drafts::mimi_room_policy_04::base_room_policy::BaseRoomPolicy;
use causeway_drafts::mimi_room_policy_04::bot_policy::BotPolicy;
use causeway_drafts::mimi_room_policy_04::chat_history_policy::HistoryPolicy;
use causeway_drafts::mimi_room_policy_04::join_links::{JoinLink, JoinLinkPolicy, JoinLinks, JoinLinksUpdate};
use causeway_drafts::mimi_room_policy_04::link_preview_policy::{LinkPreviewPolicy, PreviewProxy};
use causeway_drafts::mimi_room_policy_04::logging_policy::LoggingPolicy;
use causeway_drafts::mimi_room_policy_04::message_expiration_policy::MessageExpiration;
use causeway_drafts::mimi_room_policy_04::mls_operational_policy::{
    ExtendedCapabilities, MinDefaultMaxTime, OperationalParameters, PendingProposalPolicy,
};
use causeway_drafts::mimi_room_policy_04::preauth_list::PreAuthList;
use causeway_drafts::mimi_room_policy_04::roles_list::{Role, RolesList};
use causeway_drafts::mimi_room_policy_04::status_notification_policy::StatusNotificationPolicy;
use causeway_drafts::uri::Uri;
use serde_json::{Value, json};

use super::mls::{list, opaque};
use super::protocol::media_type;

fn optionality(value: Optionality) -> &'static str {
    match value {
        Optionality::Optional => "optional",
        Optionality::Required => "required",
        Optionality::Forbidden => "forbidden",
    }
}

fn uris(values: &[Uri]) -> Value {
    list(values, |uri| uri.as_str().into())
}

fn uri_or_empty(value: Option<&Uri>) -> &str {
    value.map_or("", Uri::as_str)
}

fn role(value: &Role) -> Value {
    let changes = list(
        &value.authorized_role_changes,
        |change| json!({"from_role_index": change.from_role_index, "target_role_indexes": change.target_role_indexes}),
    );
    json!({
        "role_index": value.role_index,
        "role_name": value.role_name.as_str(),
        "role_description": value.role_description.as_str(),
        "role_capabilities": list(&value.role_capabilities, |capability| capability.0.into()),
        "minimum_participants_constraint": value.minimum_participants_constraint,
        "maximum_participants_constraint": value.maximum_participants_constraint,
        "minimum_active_participants_constraint": value.minimum_active_participants_constraint,
        "maximum_active_participants_constraint": value.maximum_active_participants_constraint,
        "authorized_role_changes": changes,
    })
}

pub(super) fn roles_list(value: &RolesList) -> Value {
    json!({"roles": list(&value.roles, role)})
}

pub(super) fn preauth_list(value: &PreAuthList) -> Value {
    let entries = list(&value.preauthorized_entries, |entry| {
        let claims = list(&entry.claimset, |claim| {
            let id = json!({"credential_type": claim.claim_id.credential_type, "id": opaque(&claim.claim_id.id)});
            json!({"claim_id": id, "claim_value": opaque(&claim.claim_value)})
        });
        json!({"claimset": claims, "target_role": role(&entry.target_role)})
    });
    json!({"preauthorized_entries": entries})
}

pub(super) fn base_room_policy(value: &BaseRoomPolicy) -> Value {
    json!({
        "fixed_membership": value.fixed_membership,
        "parent_dependant": value.parent_dependant,
        "parent_room": uris(&value.parent_room),
        "multi_device": value.multi_device,
        "max_clients": value.max_clients,
        "max_users": value.max_users,
        "pseudonyms_allowed": value.pseudonyms_allowed,
        "persistent_room": value.persistent_room,
        "discoverable": value.discoverable,
        "policy_component_ids": value.policy_component_ids,
    })
}

pub(super) fn status_notification_policy(value: &StatusNotificationPolicy) -> Value {
    json!({
        "delivery_notifications": optionality(value.delivery_notifications),
        "read_receipts": optionality(value.read_receipts),
    })
}

pub(super) fn join_link_policy(value: &JoinLinkPolicy) -> Value {
    json!({
        "on_request": value.on_request,
        "join_link": opaque(&value.join_link),
        "multiuser": value.multiuser,
        "expiration": value.expiration,
    })
}

fn links(values: &[JoinLink]) -> Value {
    list(values, |link| json!({"join_link": opaque(&link.join_link)}))
}

pub(super) fn join_links(value: &JoinLinks) -> Value {
    json!({"JoinLinksData": links(&value.links)})
}

pub(super) fn join_links_update(value: &JoinLinksUpdate) -> Value {
    json!({"removedIndices": value.removed_indices, "added_links": links(&value.added_links)})
}

pub(super) fn link_preview_policy(value: &LinkPreviewPolicy) -> Value {
    let mut fields = json!({
        "autodetect_hyperlinks_in_text": optionality(value.autodetect_hyperlinks_in_text),
        "send_link_previews": optionality(value.send_link_previews),
        "automatic_link_previews": optionality(value.automatic_link_previews),
    });
    let (usage, proxies) = match &value.link_preview_proxy {
        PreviewProxy::Optional { link_preview_proxy } => ("optional", Some(link_preview_proxy)),
        PreviewProxy::Required { link_preview_proxy } => ("required", Some(link_preview_proxy)),
        PreviewProxy::Forbidden => ("forbidden", None),
    };
    fields["link_preview_proxy_use"] = usage.into();
    if let Some(proxies) = proxies {
        fields["link_preview_proxy"] = uris(proxies);
    }
    fields
}

fn download(value: DownloadPrivacyType) -> &'static str {
    match value {
        DownloadPrivacyType::Direct => "direct",
        DownloadPrivacyType::HubProxy => "hubProxy",
        DownloadPrivacyType::Ohttp => "ohttp",
    }
}

pub(super) fn asset_policy(value: &AssetPolicy) -> Value {
    let location = match value.asset_upload_location {
        AssetUploadLocation::Unspecified => "unspecified",
        AssetUploadLocation::LocalProvider => "localProvider",
        AssetUploadLocation::Hub => "hub",
    };
    let domains = list(&value.upload_domains, |domains| {
        let destinations = list(&domains.asset_upload_destinations, |domain| json!({"domain": domain.as_str()}));
        json!({"provider": {"domain": domains.provider.as_str()}, "asset_upload_destinations": destinations})
    });
    let privacy = &value.download_privacy;
    json!({
        "asset_upload_location": location,
        "upload_domains": domains,
        "download_privacy": {
            "allowed_download_types": list(&privacy.allowed_download_types, |way| download(*way).into()),
            "forbidden_download_types": list(&privacy.forbidden_download_types, |way| download(*way).into()),
            "default_download_type": download(privacy.default_download_type),
        },
        "max_image": value.max_image,
        "max_audio": value.max_audio,
        "max_video": value.max_video,
        "max_attachment": value.max_attachment,
        "forbidden_media_types": list(&value.forbidden_media_types, media_type),
        "permitted_media_types": value.permitted_media_types.as_ref().map(|types| list(types, media_type)),
    })
}

/// R-036; the vectors' hub is `hub.example`.
pub(super) fn asset_policy_stands(value: &AssetPolicy) -> Result<(), &'static str> {
    value.validate(&"hub.example".parse().unwrap())
}

pub(super) fn logging_policy(value: &LoggingPolicy) -> Value {
    let (word, logging) = match value {
        LoggingPolicy::Optional(logging) => ("optional", logging),
        LoggingPolicy::Required(logging) => ("required", logging),
        LoggingPolicy::Forbidden => return json!({"logging": "forbidden"}),
    };
    json!({
        "logging": word,
        "logging_clients": uris(&logging.logging_clients),
        "machine_readable_policy": uri_or_empty(logging.machine_readable_policy.as_ref()),
        "human_readable_policy": uri_or_empty(logging.human_readable_policy.as_ref()),
    })
}

pub(super) fn chat_history_policy(value: &HistoryPolicy) -> Value {
    let (word, sharing) = match value {
        HistoryPolicy::Optional(sharing) => ("optional", sharing),
        HistoryPolicy::Required(sharing) => ("required", sharing),
        HistoryPolicy::Forbidden => return json!({"history_sharing": "forbidden"}),
    };
    json!({
        "history_sharing": word,
        "roles_that_can_share": sharing.roles_that_can_share,
        "automatically_share": sharing.automatically_share,
        "max_time_period": sharing.max_time_period,
    })
}

pub(super) fn bot_policy(value: &BotPolicy) -> Value {
    let bots = list(&value.allowed_bots, |bot| {
        json!({
            "name": bot.name.as_str(),
            "description": bot.description.as_str(),
            "homepage": uri_or_empty(bot.homepage.as_ref()),
            "local_client_bot": bot.local_client_bot,
            "bot_role_index": bot.bot_role_index,
            "can_target_message_in_group": bot.can_target_message_in_group,
            "per_user_content": bot.per_user_content,
        })
    });
    json!({"allowed_bots": bots})
}

pub(super) fn message_expiration_policy(value: &MessageExpiration) -> Value {
    let (word, expiration) = match value {
        MessageExpiration::Optional(expiration) => ("optional", expiration),
        MessageExpiration::Required(expiration) => ("required", expiration),
        MessageExpiration::Forbidden => return json!({"expiring_messages": "forbidden"}),
    };
    json!({
        "expiring_messages": word,
        "min_expiration_duration": expiration.min_expiration_duration,
        "max_expiration_duration": expiration.max_expiration_duration,
        "default_expiration_duration": expiration.default_expiration_duration,
    })
}

fn capabilities(value: &ExtendedCapabilities) -> Value {
    json!({
        "versions": value.versions,
        "cipher_suites": value.cipher_suites,
        "extensions": value.extensions,
        "proposals": value.proposals,
        "credentials": value.credentials,
        "wire_formats": value.wire_formats,
        "component_ids": value.component_ids,
        "safe_aad_types": value.safe_aad_types,
        "media_types": list(&value.media_types, media_type),
        "content_types": value.content_types,
    })
}

fn times(value: &MinDefaultMaxTime) -> Value {
    json!({"minimum_time": value.minimum_time, "default_time": value.default_time, "maximum_time": value.maximum_time})
}

pub(super) fn mls_operational_policy(value: &OperationalParameters) -> Value {
    let pending = match value.pending_proposal_policy {
        PendingProposalPolicy::Unspecified => json!({"pending_proposal_strategy": "unspecified"}),
        PendingProposalPolicy::ImmediateCommit => json!({"pending_proposal_strategy": "immediate_commit"}),
        PendingProposalPolicy::RandomDelay { minimum_delay_ms, maximum_delay_ms } => json!({
            "pending_proposal_strategy": "random_delay",
            "minimum_delay_ms": minimum_delay_ms,
            "maximum_delay_ms": maximum_delay_ms,
        }),
    };
    let messages = &value.app_message_policy;
    json!({
        "mandatory_capabilities": capabilities(&value.mandatory_capabilities),
        "default_capabilities": capabilities(&value.default_capabilities),
        "forbidden_capabilities": capabilities(&value.forbidden_capabilities),
        "handshake_formats": value.handshake_formats,
        "external_proposal_allowed": value.external_proposal_allowed,
        "external_commit_allowed": value.external_commit_allowed,
        "pending_proposal_policy": pending,
        "LeafNode_update_time": times(&value.leaf_node_update_time),
        "app_message_policy": {
            "epoch_tolerance": messages.epoch_tolerance,
            "pad_to_size": messages.pad_to_size,
            "max_generations_skipahead": messages.max_generations_skipahead,
        },
        "max_kp_lifetime": value.max_kp_lifetime,
        "max_credential_lifetime": value.max_credential_lifetime,
        "resumption_psk_lifetime": value.resumption_psk_lifetime,
        "sender_nonce_keypair_lifetime": times(&value.sender_nonce_keypair_lifetime),
        "max_keypairs": value.max_keypairs,
        "buffer_incoming_message_time": times(&value.buffer_incoming_message_time),
        "max_buffered_messages": value.max_buffered_messages,
    })
}
