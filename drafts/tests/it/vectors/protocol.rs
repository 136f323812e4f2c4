//! The structures of mimi-protocol-06 and of mls-ratchet-tree-options-04, by the drafts' names.

use causeway_drafts::application::{ComponentsList, FramingError, MediaType, MediaTypeList, unframe};
use causeway_drafts::mimi_protocol_06::Protocol;
use causeway_drafts::mimi_protocol_06::consent::{ConsentEntry, ConsentOperation};
use causeway_drafts::mimi_protocol_06::directory::Directory;
use causeway_drafts::mimi_protocol_06::franking::{Frank, FrankAad, FrankingAgent, ServerFrankingContext};
use causeway_drafts::mimi_protocol_06::group_info::{
    GroupInfoRatchetTreeTbe, GroupInfoRequest, GroupInfoResponse, GroupInfoStatus, PendingProposal,
};
use causeway_drafts::mimi_protocol_06::identifier_query::{
    FieldSource, IdentifierQueryCode, IdentifierRequest, IdentifierResponse, QueryElement, SearchType, UserProfile,
};
use causeway_drafts::mimi_protocol_06::key_material::{
    ClientKeyMaterial, ClientKeyMaterialStatus, KeyMaterialRequest, KeyMaterialRequestTbs, KeyMaterialResponse, KeyMaterialUserCode,
};
use causeway_drafts::mimi_protocol_06::message::{Message, MessageKind};
use causeway_drafts::mimi_protocol_06::notify::{FanoutBody, FanoutMessage};
use causeway_drafts::mimi_protocol_06::participant_list::{ParticipantListData, ParticipantListUpdate, UserRolePair};
use causeway_drafts::mimi_protocol_06::pseudonymous_credential::{
    IdentityLinkTbe, PseudonymousCredential, PseudonymousCredentialTbs,
};
use causeway_drafts::mimi_protocol_06::ratchet_tree::{GroupInfoOption, PartialGroupInfo, RatchetTreeOption, RatchetTreePresence};
use causeway_drafts::mimi_protocol_06::report_abuse::{AbuseReport, AbuseType};
use causeway_drafts::mimi_protocol_06::room_metadata::RoomMetadata;
use causeway_drafts::mimi_protocol_06::submit_message::{SubmitMessageRequest, SubmitMessageResponse, SubmitStatus};
use causeway_drafts::mimi_protocol_06::update::{UpdateRequest, UpdateRoomResponse, UpdateStatus};
use causeway_drafts::mimi_uri::{ClientUri, GroupUri, IdentifierUri, ProviderUri, RoomUri, UserUri};
use causeway_drafts::{Verbatim, decode_exact, encode};
use serde_json::{Value, json};
use tls_codec::{Deserialize, VLBytes};

use super::mls::{capabilities, credential, dictionary, extension, list, octets, opaque, required_capabilities};
use super::verdict::{Decoded, Refused, Verdict, tls};

/// `fields` with more fields.
fn and(mut fields: Value, more: Value) -> Value {
    let (Value::Object(all), Value::Object(more)) = (&mut fields, more) else { panic!("not objects") };
    all.extend(more);
    fields
}

fn protocol(value: Protocol) -> &'static str {
    match value {
        Protocol::Mls10 => "mls10",
    }
}

fn verbatim<T>(value: &Verbatim<T>) -> Value {
    octets(value.bytes())
}

fn messages(values: &[Message]) -> Value {
    list(values, verbatim)
}

pub(super) fn directory(bytes: &[u8]) -> Verdict {
    let directory: Directory =
        serde_json::from_slice(bytes).map_err(|error| Refused::document(format!("P-016: not a directory: {error}")))?;
    let fields = json!({
        "keyMaterial": directory.key_material,
        "update": directory.update,
        "notify": directory.notify,
        "submitMessage": directory.submit_message,
        "groupInfo": directory.group_info,
        "requestConsent": directory.request_consent,
        "updateConsent": directory.update_consent,
        "identifierQuery": directory.identifier_query,
        "reportAbuse": directory.report_abuse,
        "proxyDownload": directory.proxy_download,
    });
    // JSON has no form that one would get back.
    Ok(Decoded { fields, octets: bytes.to_vec() })
}

pub(super) fn uri(bytes: &[u8]) -> Verdict {
    let text = std::str::from_utf8(bytes).unwrap();
    let uri: IdentifierUri = text.parse().map_err(Refused::new)?;
    let (kind, names) = if let Ok(uri) = text.parse::<UserUri>() {
        ("user", vec![uri.user()])
    } else if let Ok(uri) = text.parse::<ClientUri>() {
        ("client", vec![uri.user_uri().user(), uri.client()])
    } else if let Ok(uri) = text.parse::<RoomUri>() {
        ("room", vec![uri.id()])
    } else if let Ok(uri) = text.parse::<GroupUri>() {
        ("group", vec![uri.id()])
    } else {
        text.parse::<ProviderUri>().map_err(Refused::new)?;
        ("provider", Vec::new())
    };
    let fields = json!({"kind": kind, "provider": uri.provider().as_str(), "names": names});
    Ok(Decoded { fields, octets: uri.as_str().as_bytes().to_vec() })
}

pub(super) fn key_material_request(value: &KeyMaterialRequest) -> Value {
    let signature = opaque(&value.key_material_request_signature);
    and(key_material_request_tbs(&value.tbs), json!({"key_material_request_signature": signature}))
}

pub(super) fn key_material_request_tbs(tbs: &KeyMaterialRequestTbs) -> Value {
    json!({
        "protocol": protocol(tbs.protocol),
        "requestingUser": tbs.requesting_user.as_str(),
        "targetUser": tbs.target_user.as_str(),
        "roomId": tbs.room_id.as_str(),
        "acceptableCiphersuites": tbs.acceptable_ciphersuites,
        "requiredCapabilities": required_capabilities(&tbs.required_capabilities),
        "requesterSignatureKey": opaque(&tbs.requester_signature_key),
        "requesterCredential": credential(&tbs.requester_credential),
    })
}

pub(super) fn key_material_response(value: &KeyMaterialResponse) -> Value {
    let status = match value.user_status {
        KeyMaterialUserCode::Success => "success",
        KeyMaterialUserCode::PartialSuccess => "partialSuccess",
        KeyMaterialUserCode::IncompatibleProtocol => "incompatibleProtocol",
        KeyMaterialUserCode::NoCompatibleMaterial => "noCompatibleMaterial",
        KeyMaterialUserCode::UserUnknown => "userUnknown",
        KeyMaterialUserCode::NoConsent => "noConsent",
        KeyMaterialUserCode::NoConsentForThisRoom => "noConsentForThisRoom",
        KeyMaterialUserCode::UserDeleted => "userDeleted",
    };
    json!({
        "protocol": protocol(value.protocol),
        "userStatus": status,
        "userUri": value.user_uri.as_str(),
        "clients": list(&value.clients, client),
    })
}

fn client(value: &ClientKeyMaterial) -> Value {
    let (status, more) = match &value.status {
        ClientKeyMaterialStatus::Success(key_package) => ("success", json!({"keyPackage": verbatim(key_package)})),
        ClientKeyMaterialStatus::KeyMaterialExhausted => ("keyMaterialExhausted", json!({})),
        ClientKeyMaterialStatus::NothingCompatible(able) => {
            ("nothingCompatible", json!({"clientCapabilities": able.as_ref().map(capabilities)}))
        }
    };
    and(json!({"clientStatus": status, "clientUri": value.client_uri.as_str()}), more)
}

pub(super) fn ratchet_tree_option(value: &RatchetTreeOption) -> Value {
    match value {
        RatchetTreeOption::Full(tree) => json!({"representation": "full", "ratchet_tree": verbatim(tree)}),
        RatchetTreeOption::HttpsUri { url } => json!({"representation": "httpsUri", "ratchet_tree_url": opaque(url)}),
        RatchetTreeOption::OutOfBand => json!({"representation": "outOfBand"}),
        RatchetTreeOption::DistributionService => json!({"representation": "distributionService"}),
    }
}

pub(super) fn partial_group_info(value: &PartialGroupInfo) -> Value {
    let presence = match value.ratchet_tree_presence {
        RatchetTreePresence::NoRatchetTree => "no_ratchet_tree",
        RatchetTreePresence::Present => "present",
        RatchetTreePresence::Removed => "removed",
        RatchetTreePresence::Added => "added",
    };
    json!({
        "ratchet_tree_presence": presence,
        "group_info_extensions": list(&value.group_info_extensions, extension),
        "signature": opaque(&value.signature),
    })
}

pub(super) fn group_info_option(value: &GroupInfoOption) -> Value {
    match value {
        GroupInfoOption::Full(group_info) => json!({"representation": "full", "groupInfo": verbatim(group_info)}),
        GroupInfoOption::Partial(partial) => {
            json!({"representation": "partial", "partialGroupInfo": partial_group_info(partial)})
        }
    }
}

pub(super) fn update_request(value: &UpdateRequest) -> Value {
    match value {
        UpdateRequest::Commit(bundle) => json!({
            "proposalOrCommit": verbatim(&bundle.commit),
            "welcome": bundle.welcome.as_ref().map(verbatim),
            "groupInfoOption": group_info_option(&bundle.group_info_option),
            "ratchetTreeOption": ratchet_tree_option(&bundle.ratchet_tree_option),
        }),
        UpdateRequest::Proposals(bundle) => {
            json!({"proposalOrCommit": verbatim(&bundle.first), "moreProposals": messages(&bundle.more)})
        }
    }
}

pub(super) fn update_response(value: &UpdateRoomResponse) -> Value {
    let (code, more) = match &value.status {
        UpdateStatus::Success { accepted_timestamp } => ("success", json!({"accepted_timestamp": accepted_timestamp})),
        UpdateStatus::WrongEpoch { current_epoch } => ("wrongEpoch", json!({"currentEpoch": current_epoch})),
        UpdateStatus::NotAllowed => ("notAllowed", json!({})),
        UpdateStatus::InvalidProposal { references } => ("invalidProposal", json!({"invalidProposals": list(references, opaque)})),
    };
    and(json!({"responseCode": code, "errorDescription": value.error_description}), more)
}

pub(super) fn frank(value: &Frank) -> Value {
    json!({
        "server_frank": octets(value.server_frank),
        "franking_signature_ciphersuite": value.franking_signature_ciphersuite,
        "franking_integrity_signature": opaque(&value.franking_integrity_signature),
    })
}

pub(super) fn frank_aad(value: &FrankAad) -> Value {
    json!({"franking_tag": octets(value.franking_tag)})
}

pub(super) fn franking_agent(value: &FrankingAgent) -> Value {
    json!({"franking_signature_key": opaque(&value.franking_signature_key), "credential": credential(&value.credential)})
}

pub(super) fn franking_context(value: &ServerFrankingContext) -> Value {
    json!({
        "sender_uri": value.sender_uri.as_str(),
        "room_uri": value.room_uri.as_str(),
        "accepted_timestamp": value.accepted_timestamp,
    })
}

fn submit_request(value: &SubmitMessageRequest) -> Value {
    json!({
        "protocol": protocol(value.protocol),
        "appMessage": verbatim(&value.app_message),
        "sendingUri": value.sending_uri.as_str(),
    })
}

/// With P-043, which the hub looks at after decoding.
pub(super) fn submit_request_with_application(bytes: &[u8]) -> Verdict {
    let request: SubmitMessageRequest = decode_exact(bytes).map_err(Refused::new)?;
    match request.app_message.value().kind() {
        MessageKind::Application => Ok(Decoded { fields: submit_request(&request), octets: request.to_bytes() }),
        _ => Err(Refused::new("P-043: not application data in a PrivateMessage")),
    }
}

pub(super) fn submit_response(value: &SubmitMessageResponse) -> Value {
    let (code, more) = match &value.status {
        SubmitStatus::Success { accepted_timestamp, frank: franked } => {
            ("accepted", json!({"accepted_timestamp": accepted_timestamp, "frank": franked.as_ref().map(frank)}))
        }
        SubmitStatus::NotAllowed => ("notAllowed", json!({})),
        SubmitStatus::EpochTooOld { current_epoch } => ("epochTooOld", json!({"currentEpoch": current_epoch})),
    };
    and(json!({"protocol": protocol(value.protocol), "statusCode": code}), more)
}

pub(super) fn fanout(value: &FanoutMessage) -> Value {
    let body = match &value.body {
        FanoutBody::Application { message, frank: franked } => {
            json!({"message": verbatim(message), "frank": franked.as_ref().map(frank)})
        }
        FanoutBody::Welcome { message, ratchet_tree } => {
            json!({"message": verbatim(message), "ratchetTreeOption": ratchet_tree_option(ratchet_tree)})
        }
        FanoutBody::Proposal { first, more } => json!({"message": verbatim(first), "moreProposals": messages(more)}),
        FanoutBody::Commit { commit, external_proposals } => {
            json!({"message": verbatim(commit), "externalProposals": messages(external_proposals)})
        }
    };
    and(json!({"timestamp": value.timestamp}), body)
}

/// A body with several messages.
pub(super) fn notify(bytes: &[u8]) -> Verdict {
    let decoded = FanoutMessage::decode_body(bytes).map_err(|error| match bytes {
        [] => Refused::rule(&error.to_string()),
        _ => Refused::new(error),
    })?;
    Ok(Decoded { fields: list(&decoded, fanout), octets: decoded.iter().flat_map(FanoutMessage::to_bytes).collect() })
}

pub(super) fn group_info_request(value: &GroupInfoRequest) -> Value {
    json!({
        "protocol": protocol(value.protocol),
        "cipher_suite": value.ciphersuite,
        "requestingSignatureKey": opaque(&value.requesting_signature_key),
        "requestingCredential": credential(&value.requesting_credential),
        "groupInfoPublicKey": opaque(&value.group_info_public_key),
        "joiningCode": opaque(&value.joining_code),
        "signature": opaque(&value.signature),
    })
}

pub(super) fn group_info_response(value: &GroupInfoResponse) -> Value {
    let (status, more) = match &value.status {
        GroupInfoStatus::Success(success) => {
            let encoded = encode(&success.encrypted_groupinfo_and_tree);
            let mut rest = encoded.as_slice();
            let mut next = || opaque(&VLBytes::tls_deserialize(&mut rest).unwrap());
            let encrypted = json!({"kem_output": next(), "ciphertext": next()});
            let hub_sender = json!({
                "signature_key": opaque(&success.hub_sender.signature_key),
                "credential": credential(&success.hub_sender.credential),
            });
            let more = json!({
                "cipher_suite": success.ciphersuite,
                "hub_sender": hub_sender,
                "encrypted_groupinfo_and_tree": encrypted,
                "signature": opaque(&success.signature),
            });
            ("success", more)
        }
        GroupInfoStatus::NotAuthorized => ("notAuthorized", json!({})),
        GroupInfoStatus::NoSuchRoom => ("noSuchRoom", json!({})),
    };
    and(json!({"version": protocol(value.protocol), "room_id": opaque(&value.room_id), "status": status}), more)
}

pub(super) fn group_info_tbe(value: &GroupInfoRatchetTreeTbe) -> Value {
    let pending = |pending: &PendingProposal| json!({"proposal": verbatim(&pending.proposal), "hub_accepted_time": pending.hub_accepted_time});
    json!({
        "groupInfo": verbatim(&value.group_info),
        "ratchetTreeOption": ratchet_tree_option(&value.ratchet_tree),
        "pending_proposals": list(&value.pending_proposals, pending),
    })
}

pub(super) fn consent_entry(value: &ConsentEntry) -> Value {
    let (operation, more) = match value.operation {
        ConsentOperation::Cancel => ("cancel", json!({})),
        ConsentOperation::Request => ("request", json!({})),
        ConsentOperation::Grant => ("grant", json!({"clientKeyPackages": list(&value.client_key_packages, verbatim)})),
        ConsentOperation::Revoke => ("revoke", json!({})),
    };
    let fields = json!({
        "consentOperation": operation,
        "requesterUri": value.requester_uri.as_str(),
        "targetUri": value.target_uri.as_str(),
        "roomId": value.room_id.as_ref().map(RoomUri::as_str),
        "consent_extensions": dictionary(&value.consent_extensions),
    });
    and(fields, more)
}

fn query_element(value: &QueryElement) -> Value {
    let (kind, more) = match &value.search_type {
        SearchType::Handle => ("handle", json!({})),
        SearchType::Nick => ("nick", json!({})),
        SearchType::Email => ("email", json!({})),
        SearchType::Phone => ("phone", json!({})),
        SearchType::PartialName => ("partialName", json!({})),
        SearchType::WholeProfile => ("wholeProfile", json!({})),
        SearchType::OidcStdClaim { claim_name } => ("oidcStdClaim", json!({"claimName": opaque(claim_name)})),
        SearchType::VcardField { property_name } => ("vcardField", json!({"propertyName": opaque(property_name)})),
    };
    and(json!({"searchType": kind, "searchValue": value.search_value.as_str()}), more)
}

pub(super) fn identifier_request(value: &IdentifierRequest) -> Value {
    json!({
        "query_elements": list(&value.query_elements, query_element),
        "id_request_extensions": dictionary(&value.id_request_extensions),
    })
}

pub(super) fn identifier_response(value: &IdentifierResponse) -> Value {
    let code = match value.response_code {
        IdentifierQueryCode::Success => "success",
        IdentifierQueryCode::NotFound => "notFound",
        IdentifierQueryCode::Ambiguous => "ambiguous",
        IdentifierQueryCode::Forbidden => "forbidden",
        IdentifierQueryCode::UnsupportedField => "unsupportedField",
    };
    json!({
        "responseCode": code,
        "uri": list(&value.uri, |uri| uri.as_str().into()),
        "foundProfiles": list(&value.found_profiles, user_profile),
        "id_response_extensions": dictionary(&value.id_response_extensions),
    })
}

pub(super) fn user_profile(value: &UserProfile) -> Value {
    let fields = list(&value.fields, |field| {
        let source = match field.field_source {
            FieldSource::OidcStdClaim => "oidcStdClaim",
            FieldSource::VcardField => "vcardField",
        };
        json!({"fieldSource": source, "fieldName": field.field_name.as_str(), "fieldValue": opaque(&field.field_value)})
    });
    json!({"stableUri": value.stable_uri.as_str(), "fields": fields})
}

pub(super) fn abuse_report(value: &AbuseReport) -> Value {
    let reason = match value.reason_code {
        AbuseType::Reserved => "reserved",
    };
    let messages = list(&value.messages, |message| {
        json!({
            "message_content": opaque(&message.message_content),
            "frank": frank(&message.frank),
            "accepted_timestamp": message.accepted_timestamp,
        })
    });
    json!({
        "reportingUser": value.reporting_user.as_ref().map_or("", UserUri::as_str),
        "allegedAbuserUri": value.alleged_abuser_uri.as_str(),
        "reasonCode": reason,
        "note": value.note.as_str(),
        "messages": messages,
        "abuse_extensions": dictionary(&value.abuse_extensions),
    })
}

fn pair(value: &UserRolePair) -> Value {
    json!({"user": value.user.as_str(), "role_index": value.role_index})
}

pub(super) fn participant_list(value: &ParticipantListData) -> Value {
    json!({"participants": list(&value.participants, pair)})
}

pub(super) fn participant_list_update(value: &ParticipantListUpdate) -> Value {
    let changed =
        list(&value.changed_role_participants, |change| json!({"user_index": change.user_index, "role_index": change.role_index}));
    json!({
        "changedRoleParticipants": changed,
        "removedIndices": value.removed_indices,
        "addedParticipants": list(&value.added_participants, pair),
    })
}

pub(super) fn room_metadata(value: &RoomMetadata) -> Value {
    let descriptions = list(&value.room_descriptions, |description| {
        json!({
            "media_type": description.media_type.as_str(),
            "language_tag": description.language_tag.as_str(),
            "description_content": opaque(&description.content),
        })
    });
    json!({
        "room_uri": value.room_uri.as_str(),
        "room_name": value.room_name.as_str(),
        "room_descriptions": descriptions,
        "room_avatar": value.room_avatar.as_str(),
        "room_subject": value.room_subject.as_str(),
        "room_mood": value.room_mood.as_str(),
    })
}

pub(super) fn pseudonymous_credential(value: &PseudonymousCredential) -> Value {
    let ciphertext = opaque(&value.identity_link_ciphertext);
    and(pseudonymous_credential_tbs(&value.tbs()), json!({"identity_link_ciphertext": ciphertext}))
}

pub(super) fn pseudonymous_credential_tbs(value: &PseudonymousCredentialTbs) -> Value {
    json!({
        "client_pseudonym": value.client_pseudonym.as_str(),
        "user_pseudonym": value.user_pseudonym.as_str(),
        "signature_public_key": opaque(&value.signature_public_key),
    })
}

pub(super) fn identity_link(value: &IdentityLinkTbe) -> Value {
    json!({
        "pseudonymous_credential_signature": opaque(&value.pseudonymous_credential_signature),
        "client_credential": credential(&value.client_credential),
    })
}

/// ApplicationFraming, which the crate itself takes off MIMI content only.
pub(super) fn application_framing(bytes: &[u8]) -> Verdict {
    let verdict = tls(
        bytes,
        |(kind, content): &(MediaType, VLBytes)| json!({"media_type": media_type(kind), "inner_application_content": opaque(content)}),
    )?;
    match unframe(bytes) {
        Ok(content) => assert_eq!(octets(content), verdict.fields["inner_application_content"]),
        Err(FramingError::OtherMediaType(_)) => {}
        Err(FramingError::Malformed) => panic!("{} is well-formed", hex::encode(bytes)),
    }
    Ok(verdict)
}

pub(super) fn media_types(value: &MediaTypeList) -> Value {
    json!({"media_type_list": list(&value.media_types, media_type)})
}

pub(super) fn components(value: &ComponentsList) -> Value {
    json!({"component_ids": value.component_ids})
}

pub(super) fn media_type(value: &MediaType) -> Value {
    let parameters = list(
        &value.parameters,
        |parameter| json!({"parameter_name": opaque(&parameter.name), "parameter_value": opaque(&parameter.value)}),
    );
    json!({"media_type": opaque(&value.media_type), "parameters": parameters})
}
