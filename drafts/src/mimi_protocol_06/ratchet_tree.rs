//! RatchetTreeOption and GroupInfoOption [draft-mahy-mls-ratchet-tree-options-04], [mimi-protocol-06 §5.3].

use std::io::{Read, Write};

use openmls::messages::group_info::VerifiableGroupInfo;
use openmls::prelude::RatchetTreeIn;
use tls_codec::{Deserialize, Error, Serialize, Size, VLBytes};

use crate::decode::PARTIAL;
use crate::{DecodeError, Verbatim};

const FULL: u8 = 1;
const HTTPS_URI: u8 = 2;
const OUT_OF_BAND: u8 = 3;
const DISTRIBUTION_SERVICE: u8 = 4;

/// How a ratchet tree reaches its reader. `full` is encoded as RFC 9420's `ratchet_tree` (G-22).
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

impl Size for RatchetTreeOption {
    fn tls_serialized_len(&self) -> usize {
        1 + match self {
            Self::Full(tree) => tree.tls_serialized_len(),
            Self::DistributionService => 0,
            Self::HttpsUri { url, tree_signature } => url.tls_serialized_len() + tree_signature.tls_serialized_len(),
            Self::OutOfBand { tree_signature } => tree_signature.tls_serialized_len(),
        }
    }
}

impl Serialize for RatchetTreeOption {
    fn tls_serialize<W: Write>(&self, writer: &mut W) -> Result<usize, Error> {
        match self {
            Self::Full(tree) => Ok(FULL.tls_serialize(writer)? + tree.tls_serialize(writer)?),
            Self::DistributionService => DISTRIBUTION_SERVICE.tls_serialize(writer),
            Self::HttpsUri { url, tree_signature } => {
                Ok(HTTPS_URI.tls_serialize(writer)? + url.tls_serialize(writer)? + tree_signature.tls_serialize(writer)?)
            }
            Self::OutOfBand { tree_signature } => Ok(OUT_OF_BAND.tls_serialize(writer)? + tree_signature.tls_serialize(writer)?),
        }
    }
}

impl Deserialize for RatchetTreeOption {
    fn tls_deserialize<R: Read>(bytes: &mut R) -> Result<Self, Error> {
        match u8::tls_deserialize(bytes)? {
            FULL => Verbatim::tls_deserialize(bytes).map(Self::Full),
            DISTRIBUTION_SERVICE => Ok(Self::DistributionService),
            HTTPS_URI => {
                Ok(Self::HttpsUri { url: VLBytes::tls_deserialize(bytes)?, tree_signature: VLBytes::tls_deserialize(bytes)? })
            }
            OUT_OF_BAND => Ok(Self::OutOfBand { tree_signature: VLBytes::tls_deserialize(bytes)? }),
            other => Err(Error::UnknownValue(other.into())),
        }
    }
}

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
        match u8::tls_deserialize(bytes)? {
            GROUP_INFO_FULL => Verbatim::tls_deserialize(bytes).map(Self),
            GROUP_INFO_PARTIAL => Err(Error::DecodingError(PARTIAL.to_owned())),
            other => Err(Error::UnknownValue(other.into())),
        }
    }
}
