//! Messages and what they hold [RFC 9420 §6, §12].

use super::VERSION;
use super::group::{EXTENSIONS, GROUP_INFO, HPKE_CIPHERTEXT, WELCOME};
use super::leaf::{KEY_PACKAGE, LEAF_NODE};
use crate::decode::components::{APP_DATA_UPDATE, APP_EPHEMERAL, safe_aad};
use crate::decode::layout::Field::{Case, Inside, Is};
use crate::decode::layout::Part::{self, Each, Enum, Of, Opaque, Optional, Text};
use crate::decode::layout::{MLS, Structure, UNKNOWN};

const WIRE_FORMATS: Part = Enum(
    2,
    &[(1, "mls_public_message"), (2, "mls_private_message"), (3, "mls_welcome"), (4, "mls_group_info"), (5, "mls_key_package")],
);
const CONTENT_TYPES: Part = Enum(1, &[(1, "application"), (2, "proposal"), (3, "commit")]);
const SENDER_TYPES: Part = Enum(1, &[(1, "member"), (2, "external"), (3, "new_member_proposal"), (4, "new_member_commit")]);

pub(in crate::decode) static MESSAGE: Structure = Structure::new(
    ("MLSMessage", MLS, "6"),
    &[
        Is("version", VERSION),
        Is("wire_format", WIRE_FORMATS),
        Case("wire_format", &["mls_public_message"], &[Is("public_message", Of(&PUBLIC_MESSAGE))]),
        Case("wire_format", &["mls_private_message"], &[Is("private_message", Of(&PRIVATE_MESSAGE))]),
        Case("wire_format", &["mls_welcome"], &[Is("welcome", Of(&WELCOME))]),
        Case("wire_format", &["mls_group_info"], &[Is("group_info", Of(&GROUP_INFO))]),
        Case("wire_format", &["mls_key_package"], &[Is("key_package", Of(&KEY_PACKAGE))]),
    ],
);

static PUBLIC_MESSAGE: Structure = Structure::new(
    ("PublicMessage", MLS, "6.2"),
    &[
        Is("content", Of(&FRAMED_CONTENT)),
        Case("content.content_type", &["application", "proposal"], &[Is("auth", Of(&AUTH_DATA))]),
        Case("content.content_type", &["commit"], &[Is("auth", Of(&AUTH_DATA_OF_COMMIT))]),
        Case("content.sender.sender_type", &["member"], &[Is("membership_tag", Opaque)]),
    ],
);

static FRAMED_CONTENT: Structure = Structure::new(
    ("FramedContent", MLS, "6"),
    &[
        Is("group_id", Text),
        Is("epoch", Part::U64),
        Is("sender", Of(&SENDER)),
        Inside("authenticated_data", safe_aad),
        Is("content_type", CONTENT_TYPES),
        Case("content_type", &["application"], &[Is("application_data", Opaque)]),
        Case("content_type", &["proposal"], &[Is("proposal", Of(&PROPOSAL))]),
        Case("content_type", &["commit"], &[Is("commit", Of(&COMMIT))]),
    ],
);

static SENDER: Structure = Structure::new(
    ("Sender", MLS, "6"),
    &[
        Is("sender_type", SENDER_TYPES),
        Case("sender_type", &["member"], &[Is("leaf_index", Part::U32)]),
        Case("sender_type", &["external"], &[Is("sender_index", Part::U32)]),
    ],
);

static AUTH_DATA: Structure = Structure::new(("FramedContentAuthData", MLS, "6.1"), &[Is("signature", Opaque)]);

static AUTH_DATA_OF_COMMIT: Structure =
    Structure::new(("FramedContentAuthData", MLS, "6.1"), &[Is("signature", Opaque), Is("confirmation_tag", Opaque)]);

static PRIVATE_MESSAGE: Structure = Structure::new(
    ("PrivateMessage", MLS, "6.3"),
    &[
        Is("group_id", Text),
        Is("epoch", Part::U64),
        Is("content_type", CONTENT_TYPES),
        Inside("authenticated_data", safe_aad),
        Is("encrypted_sender_data", Opaque),
        Is("ciphertext", Opaque),
    ],
);

static COMMIT: Structure = Structure::new(
    ("Commit", MLS, "12.4"),
    &[Is("proposals", Each(&Of(&PROPOSAL_OR_REF))), Is("path", Optional(&Of(&UPDATE_PATH)))],
);

static PROPOSAL_OR_REF: Structure = Structure::new(
    ("ProposalOrRef", MLS, "12.4"),
    &[
        Is("type", Enum(1, &[(1, "proposal"), (2, "reference")])),
        Case("type", &["proposal"], &[Is("proposal", Of(&PROPOSAL))]),
        Case("type", &["reference"], &[Is("reference", Opaque)]),
    ],
);

static UPDATE_PATH: Structure =
    Structure::new(("UpdatePath", MLS, "7.6"), &[Is("leaf_node", Of(&LEAF_NODE)), Is("nodes", Each(&Of(&UPDATE_PATH_NODE)))]);

static UPDATE_PATH_NODE: Structure = Structure::new(
    ("UpdatePathNode", MLS, "7.6"),
    &[Is("encryption_key", Opaque), Is("encrypted_path_secret", Each(&Of(&HPKE_CIPHERTEXT)))],
);

/// Registered are more than RFC 9420 has. Whatever is not known here is a vector.
static PROPOSAL: Structure = Structure::new(
    ("Proposal", MLS, "12.1"),
    &[
        Is("proposal_type", Part::PROPOSAL_TYPE),
        Case("proposal_type", &["add"], &[Is("key_package", Of(&KEY_PACKAGE))]),
        Case("proposal_type", &["update"], &[Is("leaf_node", Of(&LEAF_NODE))]),
        Case("proposal_type", &["remove"], &[Is("removed", Part::U32)]),
        Case("proposal_type", &["psk"], &[Is("psk", Of(&PSK_ID))]),
        Case(
            "proposal_type",
            &["reinit"],
            &[Is("group_id", Text), Is("version", VERSION), Is("cipher_suite", Part::CIPHER_SUITE), Is("extensions", EXTENSIONS)],
        ),
        Case("proposal_type", &["external_init"], &[Is("kem_output", Opaque)]),
        Case("proposal_type", &["group_context_extensions"], &[Is("extensions", EXTENSIONS)]),
        Case("proposal_type", &["app_data_update"], &[Is("app_data_update", Of(&APP_DATA_UPDATE))]),
        Case("proposal_type", &["app_ephemeral"], &[Is("app_ephemeral", Of(&APP_EPHEMERAL))]),
        Case("proposal_type", &["app_ack", UNKNOWN], &[Is("content", Opaque)]),
    ],
);

static PSK_ID: Structure = Structure::new(
    ("PreSharedKeyID", MLS, "8.4"),
    &[
        Is("psktype", Enum(1, &[(1, "external"), (2, "resumption"), (3, "application")])),
        Case("psktype", &["external"], &[Is("psk_id", Opaque)]),
        Case("psktype", &["resumption"], &[Is("usage", Part::U8), Is("psk_group_id", Text), Is("psk_epoch", Part::U64)]),
        Case("psktype", &["application"], &[Is("component_id", Part::COMPONENT), Is("psk_id", Opaque)]),
        Is("psk_nonce", Opaque),
    ],
);
