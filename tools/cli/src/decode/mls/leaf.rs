//! Clients: KeyPackages, leaves, credentials [RFC 9420 §5, §7, §10].

use super::VERSION;
use super::group::EXTENSIONS;
use crate::decode::layout::Field::{Case, Is};
use crate::decode::layout::Part::{self, By, Each, Enum, Of, Opaque, Text};
use crate::decode::layout::{MLS, Structure, UNKNOWN};
use crate::decode::reader::{Read, Reader};
use crate::decode::tree::Tree;
use crate::probe::Certificate;

pub(in crate::decode) static KEY_PACKAGE: Structure = Structure::new(
    ("KeyPackage", MLS, "10"),
    &[
        Is("version", VERSION),
        Is("cipher_suite", Part::CIPHER_SUITE),
        Is("init_key", Opaque),
        Is("leaf_node", Of(&LEAF_NODE)),
        Is("extensions", EXTENSIONS),
        Is("signature", Opaque),
    ],
);

pub(super) static LEAF_NODE: Structure = Structure::new(
    ("LeafNode", MLS, "7.2"),
    &[
        Is("encryption_key", Opaque),
        Is("signature_key", Opaque),
        Is("credential", Of(&CREDENTIAL)),
        Is("capabilities", Of(&CAPABILITIES)),
        Is("leaf_node_source", Enum(1, &[(1, "key_package"), (2, "update"), (3, "commit")])),
        Case("leaf_node_source", &["key_package"], &[Is("lifetime", Of(&LIFETIME))]),
        Case("leaf_node_source", &["commit"], &[Is("parent_hash", Opaque)]),
        Is("extensions", EXTENSIONS),
        Is("signature", Opaque),
    ],
);

static LIFETIME: Structure = Structure::new(("Lifetime", MLS, "7.2"), &[Is("not_before", Part::U64), Is("not_after", Part::U64)]);

pub(in crate::decode) static CREDENTIAL: Structure = Structure::new(
    ("Credential", MLS, "5.3"),
    &[
        Is("credential_type", Part::CREDENTIAL_TYPE),
        Case("credential_type", &["basic"], &[Is("identity", Text)]),
        Case("credential_type", &["x509"], &[Is("certificates", Each(&By(certificate)))]),
        Case("credential_type", &["multi", "weak-multi", UNKNOWN], &[Is("content", Opaque)]),
    ],
);

fn certificate(reader: &mut Reader<'_>) -> Read<Tree> {
    let der = reader.vector()?;
    Ok(match Certificate::read(der) {
        Ok(certificate) => Tree::text(certificate.describe()),
        Err(_) => Tree::Octets(der.to_vec()),
    })
}

pub(in crate::decode) static CAPABILITIES: Structure = Structure::new(
    ("Capabilities", MLS, "7.2"),
    &[
        Is("versions", Each(&Part::U16)),
        Is("cipher_suites", Each(&Part::CIPHER_SUITE)),
        Is("extensions", Each(&Part::EXTENSION_TYPE)),
        Is("proposals", Each(&Part::PROPOSAL_TYPE)),
        Is("credentials", Each(&Part::CREDENTIAL_TYPE)),
    ],
);

pub(in crate::decode) static REQUIRED_CAPABILITIES: Structure = Structure::new(
    ("RequiredCapabilities", MLS, "11.1"),
    &[
        Is("extension_types", Each(&Part::EXTENSION_TYPE)),
        Is("proposal_types", Each(&Part::PROPOSAL_TYPE)),
        Is("credential_types", Each(&Part::CREDENTIAL_TYPE)),
    ],
);
