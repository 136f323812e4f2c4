//! Who is in a room, what it is called, and who its members are to others [mimi-protocol-06 §6.1, §7.5, §7.6].

use super::layout::Field::{As, Is};
use super::layout::Part::{self, Each, Of, Opaque, Text};
use super::layout::{PROTOCOL, Structure};
use super::mls::CREDENTIAL;

pub(super) static PARTICIPANT_LIST: Structure =
    Structure::new(("ParticipantListData", PROTOCOL, "7.5"), &[Is("participants", Each(&Of(&USER_ROLE_PAIR)))]);

pub(super) static PARTICIPANT_LIST_UPDATE: Structure = Structure::new(
    ("ParticipantListUpdate", PROTOCOL, "7.5"),
    &[
        Is("changedRoleParticipants", Each(&Of(&USERINDEX_ROLE_PAIR))),
        Is("removedIndices", Each(&Part::U32)),
        Is("addedParticipants", Each(&Of(&USER_ROLE_PAIR))),
    ],
);

pub(super) static USER_ROLE_PAIR: Structure =
    Structure::new(("UserRolePair", PROTOCOL, "7.5"), &[Is("user", Text), Is("role_index", Part::U32)]);

pub(super) static USERINDEX_ROLE_PAIR: Structure =
    Structure::new(("UserindexRolePair", PROTOCOL, "7.5"), &[Is("user_index", Part::U32), Is("role_index", Part::U32)]);

pub(super) static ROOM_METADATA: Structure = Structure::new(
    ("RoomMetaData", PROTOCOL, "7.6"),
    &[
        Is("room_uri", Text),
        Is("room_name", Text),
        Is("room_descriptions", Each(&Of(&RICH_DESCRIPTION))),
        Is("room_avatar", Text),
        Is("room_subject", Text),
        Is("room_mood", Text),
    ],
);

pub(super) static RICH_DESCRIPTION: Structure = Structure::new(
    ("RichDescription", PROTOCOL, "7.6"),
    &[Is("media_type", Text), Is("language_tag", Text), Is("description_content", Text)],
);

pub(super) static PSEUDONYMOUS_CREDENTIAL: Structure = Structure::new(
    ("PseudonymousCredential", PROTOCOL, "6.1"),
    &[As(&PSEUDONYMOUS_CREDENTIAL_TBS), Is("identity_link_ciphertext", Opaque)],
);

pub(super) static PSEUDONYMOUS_CREDENTIAL_TBS: Structure = Structure::new(
    ("PseudonymousCredentialTBS", PROTOCOL, "6.1"),
    &[Is("client_pseudonym", Text), Is("user_pseudonym", Text), Is("signature_public_key", Opaque)],
);

pub(super) static IDENTITY_LINK: Structure = Structure::new(
    ("IdentityLinkTBE", PROTOCOL, "6.1"),
    &[Is("pseudonymous_credential_signature", Opaque), Is("client_credential", Of(&CREDENTIAL))],
);
