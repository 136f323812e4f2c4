//! Groups: their state, how one gets in, and their tree [RFC 9420 §7, §8, §12.4.3].

use super::VERSION;
use super::leaf::{CREDENTIAL, LEAF_NODE, REQUIRED_CAPABILITIES};
use crate::decode::components::DICTIONARY;
use crate::decode::layout::Field::{Case, Inside, Is};
use crate::decode::layout::Part::{self, Each, Enum, Of, Opaque, Optional, Text};
use crate::decode::layout::{MLS, Structure};
use crate::decode::reader::whole;
use crate::decode::tree::Tree;

pub(in crate::decode) static GROUP_INFO: Structure = Structure::new(
    ("GroupInfo", MLS, "12.4.3"),
    &[
        Is("group_context", Of(&GROUP_CONTEXT)),
        Is("extensions", EXTENSIONS),
        Is("confirmation_tag", Opaque),
        Is("signer", Part::U32),
        Is("signature", Opaque),
    ],
);

static GROUP_CONTEXT: Structure = Structure::new(
    ("GroupContext", MLS, "8.1"),
    &[
        Is("version", VERSION),
        Is("cipher_suite", Part::CIPHER_SUITE),
        Is("group_id", Text),
        Is("epoch", Part::U64),
        Is("tree_hash", Opaque),
        Is("confirmed_transcript_hash", Opaque),
        Is("extensions", EXTENSIONS),
    ],
);

pub(in crate::decode) static WELCOME: Structure = Structure::new(
    ("Welcome", MLS, "12.4.3.1"),
    &[
        Is("cipher_suite", Part::CIPHER_SUITE),
        Is("secrets", Each(&Of(&ENCRYPTED_GROUP_SECRETS))),
        Is("encrypted_group_info", Opaque),
    ],
);

static ENCRYPTED_GROUP_SECRETS: Structure = Structure::new(
    ("EncryptedGroupSecrets", MLS, "12.4.3.1"),
    &[Is("new_member", Opaque), Is("encrypted_group_secrets", Of(&HPKE_CIPHERTEXT))],
);

pub(in crate::decode) static HPKE_CIPHERTEXT: Structure =
    Structure::new(("HPKECiphertext", MLS, "7.6"), &[Is("kem_output", Opaque), Is("ciphertext", Opaque)]);

/// The extension `ratchet_tree`.
pub(in crate::decode) const RATCHET_TREE: Part = Each(&Optional(&Of(&NODE)));

static NODE: Structure = Structure::new(
    ("Node", MLS, "7.8"),
    &[
        Is("node_type", Enum(1, &[(1, "leaf"), (2, "parent")])),
        Case("node_type", &["leaf"], &[Is("leaf_node", Of(&LEAF_NODE))]),
        Case("node_type", &["parent"], &[Is("parent_node", Of(&PARENT_NODE))]),
    ],
);

static PARENT_NODE: Structure = Structure::new(
    ("ParentNode", MLS, "7.1"),
    &[Is("encryption_key", Opaque), Is("parent_hash", Opaque), Is("unmerged_leaves", Each(&Part::U32))],
);

pub(super) const EXTENSIONS: Part = Each(&Of(&EXTENSION));

pub(in crate::decode) static EXTENSION: Structure = Structure::new(
    ("Extension", MLS, "7.2"),
    &[Is("extension_type", Part::EXTENSION_TYPE), Inside("extension_data", extension_data)],
);

static EXTERNAL_PUB: Structure = Structure::new(("ExternalPub", MLS, "12.4.3.2"), &[Is("external_pub", Opaque)]);

const EXTERNAL_SENDERS: Part = Each(&Of(&EXTERNAL_SENDER));

/// What is in an extension is for those who know it.
fn extension_data(extension: &Tree, octets: &[u8]) -> Option<Tree> {
    let part = match extension.find("extension_type")?.name()? {
        "ratchet_tree" => RATCHET_TREE,
        "required_capabilities" => Of(&REQUIRED_CAPABILITIES),
        "external_pub" => Of(&EXTERNAL_PUB),
        "external_senders" => EXTERNAL_SENDERS,
        "app_data_dictionary" => Of(&DICTIONARY),
        _ => return None,
    };
    whole(octets, &part).ok()
}

pub(in crate::decode) static EXTERNAL_SENDER: Structure =
    Structure::new(("ExternalSender", MLS, "12.1.8.1"), &[Is("signature_key", Opaque), Is("credential", Of(&CREDENTIAL))]);
