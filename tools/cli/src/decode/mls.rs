//! The public parts of MLS structures [RFC 9420].

use causeway_drafts::numbers;

use super::reader::{Part, Read, Reader, octets, text, uint8, uint16, uint32, uint64};
use super::tree::Tree;
use crate::probe::Certificate;

/// `MLSMessage` [RFC 9420 §6].
pub(super) fn message(reader: &mut Reader<'_>) -> Read<Tree> {
    let version = reader.named("version", version)?;
    let format = reader.named("wire_format", Reader::u16)?;
    let (name, part): (&str, Part) = match format {
        numbers::WIRE_FORMAT_PUBLIC_MESSAGE => ("public_message", public_message),
        numbers::WIRE_FORMAT_PRIVATE_MESSAGE => ("private_message", private_message),
        numbers::WIRE_FORMAT_WELCOME => ("welcome", welcome),
        numbers::WIRE_FORMAT_GROUP_INFO => ("group_info", group_info),
        numbers::WIRE_FORMAT_KEY_PACKAGE => ("key_package", key_package),
        other => return Err(reader.refuse_at(2, format!("wire format {other:#06x} is not known"))),
    };
    let body = reader.named(name, part)?;
    Ok(Tree::fields([("version", version), ("wire_format", Tree::text(name)), (name, body)]))
}

fn version(reader: &mut Reader<'_>) -> Read<Tree> {
    match reader.u16()? {
        1 => Ok(Tree::text("mls10")),
        other => Err(reader.refuse_at(2, format!("version {other}, not 1 (mls10)"))),
    }
}

fn cipher_suite(reader: &mut Reader<'_>) -> Read<Tree> {
    Ok(Tree::text(match reader.u16()? {
        0x0001 => "0x0001 MLS_128_DHKEMX25519_AES128GCM_SHA256_Ed25519".to_owned(),
        0x0002 => "0x0002 MLS_128_DHKEMP256_AES128GCM_SHA256_P256".to_owned(),
        0x0003 => "0x0003 MLS_128_DHKEMX25519_CHACHA20POLY1305_SHA256_Ed25519".to_owned(),
        other => format!("{other:#06x}"),
    }))
}

/// `PublicMessage` [RFC 9420 §6.2].
fn public_message(reader: &mut Reader<'_>) -> Read<Tree> {
    let head = reader.fields(&[("group_id", text), ("epoch", uint64)])?;
    let kind = reader.named("sender", |reader| {
        reader.choice(&[(1, "member"), (2, "external"), (3, "new_member_proposal"), (4, "new_member_commit")])
    })?;
    let sender = Tree::fields([("type", Tree::text(kind))]);
    let sender = match kind {
        "member" => sender.with([("leaf_index", reader.named("sender", uint32)?)]),
        "external" => sender.with([("sender_index", reader.named("sender", uint32)?)]),
        _ => sender,
    };
    let data = reader.named("authenticated_data", octets)?;
    let content = reader.named("content_type", content_type)?;
    let body = reader.named(
        content,
        match content {
            "application" => octets,
            "proposal" => proposal as Part,
            _ => commit,
        },
    )?;
    let tree =
        head.with([("sender", sender), ("authenticated_data", data), ("content_type", Tree::text(content)), (content, body)]);
    let tree = tree.with([("signature", reader.named("signature", octets)?)]);
    let tree = match content {
        "commit" => tree.with([("confirmation_tag", reader.named("confirmation_tag", octets)?)]),
        _ => tree,
    };
    match kind {
        "member" => Ok(tree.with([("membership_tag", reader.named("membership_tag", octets)?)])),
        _ => Ok(tree),
    }
}

fn content_type(reader: &mut Reader<'_>) -> Read<&'static str> {
    reader.choice(&[(1, "application"), (2, "proposal"), (3, "commit")])
}

/// `PrivateMessage` [RFC 9420 §6.3].
fn private_message(reader: &mut Reader<'_>) -> Read<Tree> {
    reader.fields(&[
        ("group_id", text),
        ("epoch", uint64),
        ("content_type", |reader| content_type(reader).map(Tree::text)),
        ("authenticated_data", octets),
        ("encrypted_sender_data", octets),
        ("ciphertext", octets),
    ])
}

/// `Commit` [RFC 9420 §12.4].
fn commit(reader: &mut Reader<'_>) -> Read<Tree> {
    reader.fields(&[("proposals", |reader| reader.each(proposal_or_ref)), ("path", |reader| reader.optional(update_path))])
}

fn proposal_or_ref(reader: &mut Reader<'_>) -> Read<Tree> {
    match reader.choice(&[(1, "proposal"), (2, "reference")])? {
        "proposal" => reader.named("proposal", proposal),
        _ => Ok(Tree::fields([("reference", reader.named("reference", octets)?)])),
    }
}

fn update_path(reader: &mut Reader<'_>) -> Read<Tree> {
    let node: Part =
        |reader| reader.fields(&[("encryption_key", octets), ("encrypted_path_secrets", |reader| reader.each(hpke_ciphertext))]);
    let leaf = reader.named("leaf_node", leaf_node)?;
    Ok(Tree::fields([("leaf_node", leaf), ("nodes", reader.named("nodes", |reader| reader.each(node))?)]))
}

/// `HPKECiphertext` [RFC 9420 §7.6].
pub(super) fn hpke_ciphertext(reader: &mut Reader<'_>) -> Read<Tree> {
    reader.fields(&[("kem_output", octets), ("ciphertext", octets)])
}

/// `Proposal` [RFC 9420 §12.1, mls-extensions-09].
fn proposal(reader: &mut Reader<'_>) -> Read<Tree> {
    let number = reader.named("proposal_type", Reader::u16)?;
    let (name, part): (&str, Part) = match number {
        1 => ("add", key_package),
        2 => ("update", leaf_node),
        3 => ("remove", uint32),
        4 => ("psk", psk_id),
        5 => ("reinit", |reader| {
            reader.fields(&[("group_id", text), ("version", version), ("cipher_suite", cipher_suite), ("extensions", extensions)])
        }),
        6 => ("external_init", octets),
        7 => ("group_context_extensions", extensions),
        numbers::PROPOSAL_APP_DATA_UPDATE => ("app_data_update", app_data_update),
        9 => ("app_ephemeral", |reader| reader.fields(&[("component", component), ("data", octets)])),
        numbers::PROPOSAL_SELF_REMOVE => ("self_remove", |_| Ok(Tree::Nothing)),
        // Whatever it is, it is a vector.
        _ => ("custom", octets),
    };
    let body = reader.named(name, part)?;
    match name {
        "custom" => Ok(Tree::fields([("type", Tree::Number(number.into())), (name, body)])),
        _ => Ok(Tree::fields([(name, body)])),
    }
}

fn psk_id(reader: &mut Reader<'_>) -> Read<Tree> {
    let (name, part): (_, Part) = match reader.choice(&[(1, "external"), (2, "resumption"), (3, "application")])? {
        "external" => ("external", octets),
        "resumption" => ("resumption", |reader| reader.fields(&[("usage", uint8), ("psk_group_id", text), ("psk_epoch", uint64)])),
        _ => ("application", |reader| reader.fields(&[("component", component), ("psk_id", octets)])),
    };
    Ok(Tree::fields([(name, reader.named(name, part)?), ("psk_nonce", reader.named("psk_nonce", octets)?)]))
}

fn app_data_update(reader: &mut Reader<'_>) -> Read<Tree> {
    let component = reader.named("component_id", component)?;
    match reader.named("op", |reader| reader.choice(&[(1, "update"), (2, "remove")]))? {
        "update" => Ok(Tree::fields([("component", component), ("update", reader.named("update", octets)?)])),
        _ => Ok(Tree::fields([("component", component), ("remove", Tree::Bool(true))])),
    }
}

/// The number of a component, with its name.
fn component(reader: &mut Reader<'_>) -> Read<Tree> {
    let number = reader.u16()?;
    let name = match number {
        numbers::COMPONENT_APP_COMPONENTS => " app_components",
        numbers::COMPONENT_SAFE_AAD => " safe_aad",
        numbers::COMPONENT_CONTENT_MEDIA_TYPES => " content_media_types",
        numbers::COMPONENT_FRANK_AAD => " frank_aad",
        numbers::COMPONENT_FRANKING_AGENT => " franking_agent",
        numbers::COMPONENT_PARTICIPANT_LIST => " participant_list",
        numbers::COMPONENT_ROOM_METADATA => " room_metadata",
        numbers::COMPONENT_ROLES_LIST => " roles_list",
        numbers::COMPONENT_BASE_ROOM_POLICY => " base_room_policy",
        _ => "",
    };
    Ok(Tree::text(format!("{number:#06x}{name}")))
}

/// `KeyPackage` [RFC 9420 §10].
pub(super) fn key_package(reader: &mut Reader<'_>) -> Read<Tree> {
    reader.fields(&[
        ("version", version),
        ("cipher_suite", cipher_suite),
        ("init_key", octets),
        ("leaf_node", leaf_node),
        ("extensions", extensions),
        ("signature", octets),
    ])
}

/// `LeafNode` [RFC 9420 §7.2].
fn leaf_node(reader: &mut Reader<'_>) -> Read<Tree> {
    reader.fields(&[
        ("encryption_key", octets),
        ("signature_key", octets),
        ("credential", credential),
        ("capabilities", capabilities),
        ("leaf_node_source", leaf_node_source),
        ("extensions", extensions),
        ("signature", octets),
    ])
}

fn leaf_node_source(reader: &mut Reader<'_>) -> Read<Tree> {
    match reader.choice(&[(1, "key_package"), (2, "update"), (3, "commit")])? {
        "key_package" => {
            let lifetime = reader.fields(&[("not_before", uint64), ("not_after", uint64)])?;
            Ok(Tree::fields([("key_package", lifetime)]))
        }
        "commit" => Ok(Tree::fields([("commit", Tree::fields([("parent_hash", reader.named("parent_hash", octets)?)]))])),
        other => Ok(Tree::text(other)),
    }
}

/// `Credential` [RFC 9420 §5.3].
pub(super) fn credential(reader: &mut Reader<'_>) -> Read<Tree> {
    match reader.named("credential_type", Reader::u16)? {
        1 => Ok(Tree::fields([("basic", reader.named("identity", text)?)])),
        2 => Ok(Tree::fields([("x509", reader.named("certificates", |reader| reader.each(certificate))?)])),
        other => Ok(Tree::fields([("type", Tree::Number(other.into())), ("credential", octets(reader)?)])),
    }
}

fn certificate(reader: &mut Reader<'_>) -> Read<Tree> {
    let der = reader.vector()?;
    Ok(match Certificate::read(der) {
        Ok(certificate) => Tree::text(certificate.describe()),
        Err(_) => Tree::Octets(der.to_vec()),
    })
}

/// `Capabilities` [RFC 9420 §7.2].
pub(super) fn capabilities(reader: &mut Reader<'_>) -> Read<Tree> {
    reader.fields(&[
        ("versions", numbers),
        ("cipher_suites", numbers),
        ("extensions", numbers),
        ("proposals", numbers),
        ("credentials", numbers),
    ])
}

/// `RequiredCapabilities` [RFC 9420 §11.1].
pub(super) fn required_capabilities(reader: &mut Reader<'_>) -> Read<Tree> {
    reader.fields(&[("extensions", numbers), ("proposals", numbers), ("credentials", numbers)])
}

/// `uint16 …<V>`
pub(super) fn numbers(reader: &mut Reader<'_>) -> Read<Tree> {
    reader.each(uint16)
}

pub(super) fn extensions(reader: &mut Reader<'_>) -> Read<Tree> {
    reader.each(extension)
}

/// `Extension` [RFC 9420 §13].
fn extension(reader: &mut Reader<'_>) -> Read<Tree> {
    let number = reader.named("extension_type", Reader::u16)?;
    let name = match number {
        1 => "application_id",
        2 => "ratchet_tree",
        3 => "required_capabilities",
        4 => "external_pub",
        5 => "external_senders",
        numbers::EXTENSION_APP_DATA_DICTIONARY => "app_data_dictionary",
        _ => "custom",
    };
    let data = reader.named(name, Reader::vector)?;
    let inner: Option<Part> = match name {
        "ratchet_tree" => Some(ratchet_tree),
        "required_capabilities" => Some(required_capabilities),
        "external_pub" => Some(octets),
        "external_senders" => {
            Some(|reader| reader.each(|reader| reader.fields(&[("signature_key", octets), ("credential", credential)])))
        }
        "app_data_dictionary" => Some(dictionary),
        _ => None,
    };
    // What is in an extension is for those who know it: octets, if it is something else.
    let data = inner.and_then(|part| super::reader::whole(data, part).ok()).unwrap_or_else(|| Tree::Octets(data.to_vec()));
    match name {
        "custom" => Ok(Tree::fields([("type", Tree::Number(number.into())), (name, data)])),
        _ => Ok(Tree::fields([(name, data)])),
    }
}

/// `AppDataDictionary` [mls-extensions-09 §4.6].
pub(super) fn dictionary(reader: &mut Reader<'_>) -> Read<Tree> {
    reader.each(|reader| reader.fields(&[("component", component), ("data", octets)]))
}

/// `GroupInfo` [RFC 9420 §12.4.3].
pub(super) fn group_info(reader: &mut Reader<'_>) -> Read<Tree> {
    reader.fields(&[
        ("group_context", group_context),
        ("extensions", extensions),
        ("confirmation_tag", octets),
        ("signer", uint32),
        ("signature", octets),
    ])
}

/// `GroupContext` [RFC 9420 §8.1].
fn group_context(reader: &mut Reader<'_>) -> Read<Tree> {
    reader.fields(&[
        ("version", version),
        ("cipher_suite", cipher_suite),
        ("group_id", text),
        ("epoch", uint64),
        ("tree_hash", octets),
        ("confirmed_transcript_hash", octets),
        ("extensions", extensions),
    ])
}

/// `Welcome` [RFC 9420 §12.4.3.1].
pub(super) fn welcome(reader: &mut Reader<'_>) -> Read<Tree> {
    let secrets: Part =
        |reader| reader.each(|reader| reader.fields(&[("new_member", octets), ("encrypted_group_secrets", hpke_ciphertext)]));
    reader.fields(&[("cipher_suite", cipher_suite), ("secrets", secrets), ("encrypted_group_info", octets)])
}

/// The extension `ratchet_tree` [RFC 9420 §12.4.3.3].
pub(super) fn ratchet_tree(reader: &mut Reader<'_>) -> Read<Tree> {
    reader.each(|reader| reader.optional(node))
}

fn node(reader: &mut Reader<'_>) -> Read<Tree> {
    match reader.choice(&[(1, "leaf"), (2, "parent")])? {
        "leaf" => Ok(Tree::fields([("leaf", reader.named("leaf", leaf_node)?)])),
        _ => {
            let unmerged: Part = |reader| reader.each(uint32);
            let parts: [(&str, Part); 3] = [("encryption_key", octets), ("parent_hash", octets), ("unmerged_leaves", unmerged)];
            Ok(Tree::fields([("parent", reader.named("parent", |reader| reader.fields(&parts))?)]))
        }
    }
}
