//! Bodies of the endpoints around a room's group [mimi-protocol-06 §5.2 to §5.6].

use super::franking::FRANK;
use super::layout::Field::{As, Case, Is};
use super::layout::Part::{self, Each, Enum, Of, Opaque, Optional, Text};
use super::layout::{PROTOCOL, Structure, TREE_OPTIONS};
use super::mls::{
    CAPABILITIES, CREDENTIAL, EXTENSION, EXTERNAL_SENDER, GROUP_INFO, HPKE_CIPHERTEXT, KEY_PACKAGE, MESSAGE, RATCHET_TREE,
    REQUIRED_CAPABILITIES, WELCOME,
};

const PROTOCOLS: Part = Enum(1, &[(1, "mls10")]);
const MESSAGES: Part = Each(&Of(&MESSAGE));

pub(super) static KEY_MATERIAL_REQUEST: Structure = Structure::new(
    ("KeyMaterialRequest", PROTOCOL, "5.2"),
    &[As(&KEY_MATERIAL_REQUEST_TBS), Is("key_material_request_signature", Opaque)],
);

/// What the signature is over.
pub(super) static KEY_MATERIAL_REQUEST_TBS: Structure = Structure::new(
    ("KeyMaterialRequestTBS", PROTOCOL, "5.2"),
    &[
        Is("protocol", PROTOCOLS),
        Is("requestingUser", Text),
        Is("targetUser", Text),
        Is("roomId", Text),
        Is("acceptableCiphersuites", Each(&Part::CIPHER_SUITE)),
        Is("requiredCapabilities", Of(&REQUIRED_CAPABILITIES)),
        Is("requesterSignatureKey", Opaque),
        Is("requesterCredential", Of(&CREDENTIAL)),
    ],
);

pub(super) static KEY_MATERIAL_RESPONSE: Structure = Structure::new(
    ("KeyMaterialResponse", PROTOCOL, "5.2"),
    &[
        Is("protocol", PROTOCOLS),
        Is(
            "userStatus",
            Enum(
                1,
                &[
                    (0, "success"),
                    (1, "partialSuccess"),
                    (2, "incompatibleProtocol"),
                    (3, "noCompatibleMaterial"),
                    (4, "userUnknown"),
                    (5, "noConsent"),
                    (6, "noConsentForThisRoom"),
                    (7, "userDeleted"),
                ],
            ),
        ),
        Is("userUri", Text),
        Is("clients", Each(&Of(&CLIENT_KEY_MATERIAL))),
    ],
);

pub(super) static CLIENT_KEY_MATERIAL: Structure = Structure::new(
    ("ClientKeyMaterial", PROTOCOL, "5.2"),
    &[
        Is("clientStatus", Enum(1, &[(0, "success"), (1, "keyMaterialExhausted"), (2, "nothingCompatible")])),
        Is("clientUri", Text),
        Case("clientStatus", &["success"], &[Is("keyPackage", Of(&KEY_PACKAGE))]),
        Case("clientStatus", &["nothingCompatible"], &[Is("clientCapabilities", Optional(&Of(&CAPABILITIES)))]),
    ],
);

/// Which message it is about decides what follows.
const CONTENT_TYPE: &str = "proposalOrCommit.public_message.content.content_type";

pub(super) static UPDATE_REQUEST: Structure = Structure::new(
    ("UpdateRequest", PROTOCOL, "5.3"),
    &[
        Is("proposalOrCommit", Of(&MESSAGE)),
        Case(
            CONTENT_TYPE,
            &["commit"],
            &[
                Is("welcome", Optional(&Of(&WELCOME))),
                Is("groupInfoOption", Of(&GROUP_INFO_OPTION)),
                Is("ratchetTreeOption", Of(&RATCHET_TREE_OPTION)),
            ],
        ),
        Case(CONTENT_TYPE, &["proposal"], &[Is("moreProposals", MESSAGES)]),
    ],
);

pub(super) static GROUP_INFO_OPTION: Structure = Structure::new(
    ("GroupInfoOption", PROTOCOL, "5.3"),
    &[
        Is("representation", Enum(1, &[(1, "full"), (2, "partial")])),
        Case("representation", &["full"], &[Is("groupInfo", Of(&GROUP_INFO))]),
        Case("representation", &["partial"], &[Is("partialGroupInfo", Of(&PARTIAL_GROUP_INFO))]),
    ],
);

pub(super) static PARTIAL_GROUP_INFO: Structure = Structure::new(
    ("PartialGroupInfo", TREE_OPTIONS, "4"),
    &[
        Is("ratchet_tree_presence", Enum(1, &[(0, "no_ratchet_tree"), (1, "present"), (2, "removed"), (3, "added")])),
        Is("group_info_extensions", Each(&Of(&EXTENSION))),
        Is("signature", Opaque),
    ],
);

pub(super) static RATCHET_TREE_OPTION: Structure = Structure::new(
    ("RatchetTreeOption", TREE_OPTIONS, "3"),
    &[
        Is("representation", Enum(1, &[(1, "full"), (2, "httpsUri"), (3, "outOfBand"), (4, "distributionService")])),
        Case("representation", &["full"], &[Is("ratchet_tree", RATCHET_TREE)]),
        Case("representation", &["httpsUri"], &[Is("ratchet_tree_url", Text)]),
    ],
);

pub(super) static UPDATE_RESPONSE: Structure = Structure::new(
    ("UpdateRoomResponse", PROTOCOL, "5.3"),
    &[
        Is("responseCode", Enum(1, &[(0, "success"), (1, "wrongEpoch"), (2, "notAllowed"), (3, "invalidProposal")])),
        Is("errorDescription", Text),
        Case("responseCode", &["success"], &[Is("accepted_timestamp", Part::U64)]),
        Case("responseCode", &["wrongEpoch"], &[Is("currentEpoch", Part::U64)]),
        Case("responseCode", &["invalidProposal"], &[Is("invalidProposals", Each(&Opaque))]),
    ],
);

pub(super) static SUBMIT_REQUEST: Structure = Structure::new(
    ("SubmitMessageRequest", PROTOCOL, "5.4"),
    &[Is("protocol", PROTOCOLS), Is("appMessage", Of(&MESSAGE)), Is("sendingUri", Text)],
);

pub(super) static SUBMIT_RESPONSE: Structure = Structure::new(
    ("SubmitMessageResponse", PROTOCOL, "5.4"),
    &[
        Is("protocol", PROTOCOLS),
        // Called `success` in the select (G-19).
        Is("statusCode", Enum(1, &[(0, "accepted"), (1, "notAllowed"), (2, "epochTooOld")])),
        Case("statusCode", &["accepted"], &[Is("accepted_timestamp", Part::U64), Is("frank", Optional(&Of(&FRANK)))]),
        Case("statusCode", &["epochTooOld"], &[Is("currentEpoch", Part::U64)]),
    ],
);

pub(super) static FANOUT_MESSAGE: Structure = Structure::new(
    ("FanoutMessage", PROTOCOL, "5.5"),
    &[
        Is("timestamp", Part::U64),
        Is("message", Of(&MESSAGE)),
        Case("message.wire_format", &["mls_private_message"], &[Is("frank", Optional(&Of(&FRANK)))]),
        Case("message.wire_format", &["mls_welcome"], &[Is("ratchetTreeOption", Of(&RATCHET_TREE_OPTION))]),
        Case("message.public_message.content.content_type", &["proposal"], &[Is("moreProposals", MESSAGES)]),
        Case("message.public_message.content.content_type", &["commit"], &[Is("externalProposals", MESSAGES)]),
    ],
);

pub(super) static GROUP_INFO_REQUEST: Structure = Structure::new(
    ("GroupInfoRequest", PROTOCOL, "5.6"),
    &[
        Is("protocol", PROTOCOLS),
        Is("cipher_suite", Part::CIPHER_SUITE),
        Is("requestingSignatureKey", Opaque),
        Is("requestingCredential", Of(&CREDENTIAL)),
        Is("groupInfoPublicKey", Opaque),
        Is("joiningCode", Opaque),
        Is("signature", Opaque),
    ],
);

pub(super) static GROUP_INFO_RESPONSE: Structure = Structure::new(
    ("GroupInfoResponse", PROTOCOL, "5.6"),
    &[
        Is("version", PROTOCOLS),
        Is("room_id", Text),
        Is("status", Enum(1, &[(1, "success"), (2, "notAuthorized"), (3, "noSuchRoom")])),
        Case(
            "status",
            &["success"],
            &[
                Is("cipher_suite", Part::CIPHER_SUITE),
                Is("hub_sender", Of(&EXTERNAL_SENDER)),
                Is("encrypted_groupinfo_and_tree", Of(&HPKE_CIPHERTEXT)),
                Is("signature", Opaque),
            ],
        ),
    ],
);

/// What a GroupInfoResponse encrypts.
pub(super) static GROUP_INFO_TBE: Structure = Structure::new(
    ("GroupInfoRatchetTreeTBE", PROTOCOL, "5.6"),
    &[
        Is("groupInfo", Of(&GROUP_INFO)),
        Is("ratchetTreeOption", Of(&RATCHET_TREE_OPTION)),
        Is("pending_proposals", Each(&Of(&PENDING_PROPOSAL))),
    ],
);

pub(super) static PENDING_PROPOSAL: Structure =
    Structure::new(("PendingProposal", PROTOCOL, "5.6"), &[Is("proposal", Of(&MESSAGE)), Is("hub_accepted_time", Part::U64)]);
