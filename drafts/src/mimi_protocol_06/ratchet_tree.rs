//! RatchetTreeOption and GroupInfoOption [draft-mahy-mls-ratchet-tree-options-04], [mimi-protocol-06 §5.3].

use openmls::messages::group_info::VerifiableGroupInfo;
use openmls::prelude::{Extension, RatchetTreeIn};
use tls_codec::{TlsDeserialize, TlsSerialize, TlsSize, VLBytes};

use crate::structure::{choice, structure};
use crate::{DecodeError, Verbatim};

/// How a ratchet tree reaches its reader [mls-ratchet-tree-options-04 §3]. `full` is encoded as RFC 9420's `ratchet_tree` (G-22).
#[derive(Clone, Debug, PartialEq)]
pub enum RatchetTreeOption {
    /// The tree itself.
    Full(Verbatim<RatchetTreeIn>),
    /// Known to whoever distributes.
    DistributionService,
    /// Behind a URL; refused by default. -03 had a `tree_signature` here, -04 has none.
    HttpsUri {
        /// The URL.
        url: VLBytes,
    },
    /// Known from elsewhere; refused by default. -03 had a `tree_signature` here, -04 has none.
    OutOfBand,
}

impl RatchetTreeOption {
    /// The tree itself, from its encoding.
    ///
    /// # Errors
    /// If `tree` is not a ratchet tree.
    pub fn full(tree: &[u8]) -> Result<Self, DecodeError> {
        Verbatim::from_bytes(tree).map(Self::Full)
    }

    /// The encoded tree.
    ///
    /// # Errors
    /// If it is somewhere else.
    pub fn full_bytes(&self) -> Result<Vec<u8>, DecodeError> {
        match self {
            Self::Full(tree) => Ok(tree.bytes().to_vec()),
            _ => Err(DecodeError::RatchetTreeRepresentation),
        }
    }
}

choice!(RatchetTreeOption as "representation" {
    1 => Full(ratchet_tree),
    2 => HttpsUri { url as "ratchet_tree_url" },
    3 => OutOfBand,
    4 => DistributionService,
});

/// A GroupInfo, without its ratchet_tree extension [mimi-protocol-06 §5.3].
#[allow(clippy::large_enum_variant, reason = "there is one at a time")]
#[derive(Clone, Debug, PartialEq)]
pub enum GroupInfoOption {
    /// The GroupInfo itself.
    Full(Verbatim<VerifiableGroupInfo>),
    /// What the hub cannot know of it. Whoever rebuilds no GroupInfo from it refuses it by its name (G-23).
    Partial(PartialGroupInfo),
}

impl GroupInfoOption {
    /// The GroupInfo itself, from its encoding.
    ///
    /// # Errors
    /// If it is not a GroupInfo.
    pub fn full(group_info: &[u8]) -> Result<Self, DecodeError> {
        Verbatim::from_bytes(group_info).map(Self::Full)
    }

    /// The encoded GroupInfo.
    ///
    /// # Errors
    /// If there is only a part of it.
    pub fn full_bytes(&self) -> Result<&[u8], DecodeError> {
        match self {
            Self::Full(group_info) => Ok(group_info.bytes()),
            Self::Partial(_) => Err(DecodeError::PartialGroupInfo),
        }
    }
}

choice!(GroupInfoOption as "representation" { 1 => Full(group_info as "groupInfo"), 2 => Partial(partial as "partialGroupInfo") });

/// What a hub that follows the handshakes cannot know of a GroupInfo [mls-ratchet-tree-options-04 §4].
#[derive(Clone, Debug, PartialEq)]
pub struct PartialGroupInfo {
    /// Whether the GroupInfo has a ratchet_tree, and had one.
    pub ratchet_tree_presence: RatchetTreePresence,
    /// Its other extensions; without `external_pub` nobody can join by an external commit (G-23).
    pub group_info_extensions: Vec<Extension>,
    /// The committer's signature over the whole GroupInfo.
    pub signature: VLBytes,
}

/// RatchetTreePresence [mls-ratchet-tree-options-04 §4].
#[derive(Clone, Copy, Debug, PartialEq, Eq, TlsSize, TlsSerialize, TlsDeserialize)]
#[repr(u8)]
pub enum RatchetTreePresence {
    /// In neither epoch.
    NoRatchetTree = 0,
    /// In both.
    Present = 1,
    /// In the previous one only.
    Removed = 2,
    /// In the current one only.
    Added = 3,
}

structure!(PartialGroupInfo { ratchet_tree_presence, group_info_extensions[], signature });
