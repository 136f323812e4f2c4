//! RatchetTreeOption and GroupInfoOption [draft-mahy-mls-ratchet-tree-options-04], [mimi-protocol-06 §5.3].

use std::io::{Read, Write};

use openmls::messages::group_info::VerifiableGroupInfo;
use openmls::prelude::{Extension, RatchetTreeIn};
use tls_codec::{Deserialize, Error, Serialize, Size, TlsDeserialize, TlsSerialize, TlsSize, VLBytes};

use crate::decode::{PARTIAL, field, refuse, unknown, within};
use crate::structure::{choice, structure};
use crate::{DecodeError, Verbatim};

/// How a ratchet tree reaches its reader [mls-ratchet-tree-options-04]. `full` is encoded as RFC 9420's `ratchet_tree` (G-22).
#[derive(Clone, Debug, PartialEq)]
pub enum RatchetTreeOption {
    /// The tree itself.
    Full(Verbatim<RatchetTreeIn>),
    /// Known to whoever distributes.
    DistributionService,
    /// Behind a URL; refused by default.
    HttpsUri {
        /// The URL.
        url: VLBytes,
        /// Undefined in the draft (G-22).
        tree_signature: VLBytes,
    },
    /// Known from elsewhere; refused by default.
    OutOfBand {
        /// Undefined in the draft (G-22).
        tree_signature: VLBytes,
    },
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
    2 => HttpsUri { url as "ratchet_tree_url", tree_signature },
    3 => OutOfBand { tree_signature },
    4 => DistributionService,
});

/// A GroupInfo, without its ratchet_tree extension [mimi-protocol-06 §5.3]. `partial` is refused with a code of its
/// own (G-23).
#[derive(Clone, Debug, PartialEq)]
pub struct GroupInfoOption(pub Verbatim<VerifiableGroupInfo>);

const GROUP_INFO_FULL: u8 = 1;
const GROUP_INFO_PARTIAL: u8 = 2;

impl GroupInfoOption {
    /// From an encoded GroupInfo.
    ///
    /// # Errors
    /// If it is not a GroupInfo.
    pub fn full(group_info: &[u8]) -> Result<Self, DecodeError> {
        Verbatim::from_bytes(group_info).map(Self)
    }

    /// The encoded GroupInfo.
    pub fn bytes(&self) -> &[u8] {
        self.0.bytes()
    }
}

impl Size for GroupInfoOption {
    fn tls_serialized_len(&self) -> usize {
        1 + self.0.tls_serialized_len()
    }
}

impl Serialize for GroupInfoOption {
    fn tls_serialize<W: Write>(&self, writer: &mut W) -> Result<usize, Error> {
        Ok(GROUP_INFO_FULL.tls_serialize(writer)? + self.0.tls_serialize(writer)?)
    }
}

impl Deserialize for GroupInfoOption {
    fn tls_deserialize<R: Read>(bytes: &mut R) -> Result<Self, Error> {
        match field("representation", bytes)? {
            GROUP_INFO_FULL => field("groupInfo", bytes).map(Self),
            GROUP_INFO_PARTIAL => Err(refuse(1, PARTIAL)),
            other => within("representation", Err(unknown(other))),
        }
    }
}

/// What a hub that follows the handshakes cannot know of a GroupInfo [draft-mahy-mls-ratchet-tree-options-04 §4].
#[derive(Clone, Debug, PartialEq)]
pub struct PartialGroupInfo {
    /// Whether the GroupInfo has a ratchet_tree, and had one.
    pub ratchet_tree_presence: RatchetTreePresence,
    /// Its other extensions; without `external_pub` nobody can join by an external commit (G-23).
    pub group_info_extensions: Vec<Extension>,
    /// The committer's signature over the whole GroupInfo.
    pub signature: VLBytes,
}

/// RatchetTreePresence [mls-ratchet-tree-options-04].
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
