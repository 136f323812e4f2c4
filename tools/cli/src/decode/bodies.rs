//! Bodies of the endpoints [mimi-protocol-06 §5].

use super::mls::{
    capabilities, credential, dictionary, extensions, group_info, hpke_ciphertext, key_package, message, numbers, ratchet_tree,
    required_capabilities, welcome,
};
use super::reader::{Part, Read, Reader, octets, text, uint16, uint64};
use super::tree::Tree;

fn protocol(reader: &mut Reader<'_>) -> Read<Tree> {
    reader.choice(&[(1, "mls10")]).map(Tree::text)
}

fn messages(reader: &mut Reader<'_>) -> Read<Tree> {
    reader.each(message)
}

/// What an MLSMessage holds decides what follows it.
fn kind(message: &Tree) -> &str {
    let body = message.get("public_message").or_else(|| message.get("private_message"));
    let kind = body.and_then(|body| body.get("content_type")).or_else(|| message.get("wire_format"));
    kind.and_then(Tree::as_text).unwrap_or_default()
}

/// UpdateRequest [mimi-protocol-06 §5.3].
pub(super) fn update_request(reader: &mut Reader<'_>) -> Read<Tree> {
    let first = reader.named("message", message)?;
    match kind(&first) {
        "commit" => {
            let commit = Tree::fields([("commit", first)]);
            let welcome = reader.named("welcome", |reader| reader.optional(welcome))?;
            let info = reader.named("group_info_option", group_info_option)?;
            let tree = reader.named("ratchet_tree_option", ratchet_tree_option)?;
            Ok(commit.with([("welcome", welcome), ("group_info_option", info), ("ratchet_tree_option", tree)]))
        }
        _ => {
            let more = reader.named("more_proposals", messages)?;
            Ok(Tree::fields([("proposal", first), ("more_proposals", more)]))
        }
    }
}

fn group_info_option(reader: &mut Reader<'_>) -> Read<Tree> {
    match reader.choice(&[(1, "full"), (2, "partial")])? {
        "full" => Ok(Tree::fields([("full", group_info(reader)?)])),
        _ => Ok(Tree::fields([("partial", partial_group_info(reader)?)])),
    }
}

/// PartialGroupInfo [mls-ratchet-tree-options-04 §4].
fn partial_group_info(reader: &mut Reader<'_>) -> Read<Tree> {
    let presence: Part = |reader| {
        let presence = reader.choice(&[(0, "no_ratchet_tree"), (1, "present"), (2, "removed"), (3, "added")])?;
        Ok(Tree::text(presence))
    };
    reader.fields(&[("ratchet_tree_presence", presence), ("group_info_extensions", extensions), ("signature", octets)])
}

fn ratchet_tree_option(reader: &mut Reader<'_>) -> Read<Tree> {
    let choice = reader.choice(&[(1, "full"), (2, "https_uri"), (3, "out_of_band"), (4, "distribution_service")])?;
    let part: Part = match choice {
        "full" => ratchet_tree,
        "https_uri" => |reader| reader.fields(&[("url", text)]),
        _ => |_| Ok(Tree::Nothing),
    };
    Ok(Tree::fields([(choice, reader.named(choice, part)?)]))
}

/// UpdateRoomResponse [mimi-protocol-06 §5.3].
pub(super) fn update_response(reader: &mut Reader<'_>) -> Read<Tree> {
    let codes = [(0, "success"), (1, "wrongEpoch"), (2, "notAllowed"), (3, "invalidProposal")];
    let code = reader.named("response_code", |reader| reader.choice(&codes))?;
    let description = reader.named("error_description", text)?;
    let tree = Tree::fields([("response_code", Tree::text(code)), ("error_description", description)]);
    match code {
        "success" => Ok(tree.with([("accepted_timestamp", reader.named("accepted_timestamp", uint64)?)])),
        "wrongEpoch" => Ok(tree.with([("current_epoch", reader.named("current_epoch", uint64)?)])),
        "invalidProposal" => {
            Ok(tree.with([("invalid_proposals", reader.named("invalid_proposals", |reader| reader.each(octets))?)]))
        }
        _ => Ok(tree),
    }
}

/// SubmitMessageRequest [mimi-protocol-06 §5.4].
pub(super) fn submit_request(reader: &mut Reader<'_>) -> Read<Tree> {
    reader.fields(&[("protocol", protocol), ("app_message", message), ("sending_uri", text)])
}

/// SubmitMessageResponse [mimi-protocol-06 §5.4].
pub(super) fn submit_response(reader: &mut Reader<'_>) -> Read<Tree> {
    reader.fields(&[
        ("protocol", protocol),
        ("status", |reader| match reader.choice(&[(0, "success"), (1, "notAllowed"), (2, "epochTooOld")])? {
            "success" => {
                let success = reader.fields(&[("accepted_timestamp", uint64), ("frank", |reader| reader.optional(frank))])?;
                Ok(Tree::fields([("success", success)]))
            }
            "epochTooOld" => Ok(Tree::fields([("epochTooOld", reader.fields(&[("current_epoch", uint64)])?)])),
            other => Ok(Tree::text(other)),
        }),
    ])
}

/// Frank [mimi-protocol-06 §5.4.1].
fn frank(reader: &mut Reader<'_>) -> Read<Tree> {
    reader.fields(&[
        ("server_frank", |reader| reader.fixed::<32>().map(|frank| Tree::Octets(frank.to_vec()))),
        ("franking_signature_ciphersuite", uint16),
        ("franking_integrity_signature", octets),
    ])
}

/// The body of `notify`: FanoutMessages, one after the other [mimi-protocol-06 §5.5].
pub(super) fn fanout(reader: &mut Reader<'_>) -> Read<Tree> {
    reader.until_end(|reader| {
        let timestamp = reader.named("timestamp", uint64)?;
        let message = reader.named("message", message)?;
        let (name, part): (_, Part) = match kind(&message) {
            "welcome" => ("ratchet_tree_option", ratchet_tree_option),
            "commit" => ("external_proposals", messages),
            "proposal" => ("more_proposals", messages),
            _ => ("frank", |reader| reader.optional(frank)),
        };
        let more = reader.named(name, part)?;
        Ok(Tree::fields([("timestamp", timestamp), ("message", message), (name, more)]))
    })
}

/// GroupInfoRequest [mimi-protocol-06 §5.6].
pub(super) fn group_info_request(reader: &mut Reader<'_>) -> Read<Tree> {
    reader.fields(&[
        ("protocol", protocol),
        ("ciphersuite", uint16),
        ("requesting_signature_key", octets),
        ("requesting_credential", credential),
        ("group_info_public_key", octets),
        ("joining_code", octets),
        ("signature", octets),
    ])
}

/// GroupInfoResponse [mimi-protocol-06 §5.6].
pub(super) fn group_info_response(reader: &mut Reader<'_>) -> Read<Tree> {
    reader.fields(&[
        ("protocol", protocol),
        ("room_id", text),
        ("status", |reader| match reader.choice(&[(1, "success"), (2, "notAuthorized"), (3, "noSuchRoom")])? {
            "success" => {
                let hub: Part = |reader| reader.fields(&[("signature_key", octets), ("credential", credential)]);
                let success = reader.fields(&[
                    ("ciphersuite", uint16),
                    ("hub_sender", hub),
                    ("encrypted_groupinfo_and_tree", hpke_ciphertext),
                    ("signature", octets),
                ])?;
                Ok(Tree::fields([("success", success)]))
            }
            other => Ok(Tree::text(other)),
        }),
    ])
}

/// KeyMaterialRequest [mimi-protocol-06 §5.2].
pub(super) fn key_material_request(reader: &mut Reader<'_>) -> Read<Tree> {
    reader.fields(&[
        ("protocol", protocol),
        ("requesting_user", text),
        ("target_user", text),
        ("room_id", text),
        ("acceptable_ciphersuites", numbers),
        ("required_capabilities", required_capabilities),
        ("requester_signature_key", octets),
        ("requester_credential", credential),
        ("key_material_request_signature", octets),
    ])
}

/// KeyMaterialResponse [mimi-protocol-06 §5.2].
pub(super) fn key_material_response(reader: &mut Reader<'_>) -> Read<Tree> {
    let status: Part = |reader| {
        let codes = [
            (0, "success"),
            (1, "partialSuccess"),
            (2, "incompatibleProtocol"),
            (3, "noCompatibleMaterial"),
            (4, "userUnknown"),
            (5, "noConsent"),
            (6, "noConsentForThisRoom"),
            (7, "userDeleted"),
        ];
        reader.choice(&codes).map(Tree::text)
    };
    let clients: Part = |reader| reader.each(client);
    reader.fields(&[("protocol", protocol), ("user_status", status), ("user_uri", text), ("clients", clients)])
}

fn client(reader: &mut Reader<'_>) -> Read<Tree> {
    let status = reader.choice(&[(0, "success"), (1, "keyMaterialExhausted"), (2, "nothingCompatible")])?;
    let tree = Tree::fields([("client_status", Tree::text(status)), ("client_uri", reader.named("client_uri", text)?)]);
    match status {
        "success" => Ok(tree.with([("key_package", reader.named("key_package", key_package)?)])),
        "nothingCompatible" => {
            Ok(tree.with([("capabilities", reader.named("capabilities", |reader| reader.optional(capabilities))?)]))
        }
        _ => Ok(tree),
    }
}

/// ConsentEntry [mimi-protocol-06 §5.7].
pub(super) fn consent(reader: &mut Reader<'_>) -> Read<Tree> {
    let operations = [(0, "cancel"), (1, "request"), (2, "grant"), (3, "revoke")];
    let operation = reader.named("operation", |reader| reader.choice(&operations))?;
    let names = reader.fields(&[("requester_uri", text), ("target_uri", text), ("room_id", |reader| reader.optional(text))])?;
    let tree = Tree::fields([("operation", Tree::text(operation))]).and(names);
    let tree = match operation {
        "grant" => tree.with([("client_key_packages", reader.named("client_key_packages", |reader| reader.each(key_package))?)]),
        _ => tree,
    };
    Ok(tree.with([("consent_extensions", reader.named("consent_extensions", dictionary)?)]))
}

/// ApplicationFraming [mls-extensions-09 §6.2]; the content follows the type.
pub(super) fn application_data(reader: &mut Reader<'_>) -> Read<Tree> {
    let parameter: Part = |reader| reader.fields(&[("name", text), ("value", text)]);
    let name = reader.named("media_type", text)?;
    let parameters = reader.named("parameters", |reader| reader.each(parameter))?;
    let content = reader.named("content", Reader::vector)?;
    let shown = super::content::tree(content).unwrap_or_else(|_| Tree::Octets(content.to_vec()));
    Ok(Tree::fields([("media_type", name), ("parameters", parameters), ("content", shown)]))
}
