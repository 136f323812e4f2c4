//! `groupInfo` [mimi-protocol-06 §5.6].

use openmls::messages::group_info::VerifiableGroupInfo;
use openmls::prelude::{Credential, HpkeCiphertext};
use tls_codec::VLBytes;

use super::Protocol;
use super::franking::sign_content;
use super::message::{Message, only_proposal};
use super::ratchet_tree::RatchetTreeOption;
use crate::structure::{choice, optional, structure};
use crate::{Verbatim, encode};

/// The label of the request's signature (§5.6).
pub const REQUEST_LABEL: &str = "GroupInfoRequestTBS";
/// The label of the response's signature (§5.6).
pub const RESPONSE_LABEL: &str = "GroupInfoResponseTBS";
/// The label of the HPKE encryption (§5.6); its context is the room id.
pub const ENCRYPTION_LABEL: &str = "GroupInfo and ratchet_tree encryption";

/// GroupInfoRequest (§5.6).
#[derive(Clone, Debug, PartialEq)]
pub struct GroupInfoRequest {
    /// MLS 1.0
    pub protocol: Protocol,
    /// The suite of the keys below.
    pub ciphersuite: u16,
    /// Verifies the request.
    pub requesting_signature_key: VLBytes,
    /// Who asks.
    pub requesting_credential: Credential,
    /// The answer is encrypted to it.
    pub group_info_public_key: VLBytes,
    /// Empty where there is none (G-20).
    pub joining_code: VLBytes,
    /// SignWithLabel(., "GroupInfoRequestTBS", GroupInfoRequestTBS).
    pub signature: VLBytes,
}

struct GroupInfoRequestTbs {
    protocol: Protocol,
    ciphersuite: u16,
    requesting_signature_key: VLBytes,
    requesting_credential: Credential,
    group_info_public_key: VLBytes,
    joining_code: Option<VLBytes>,
}

structure!(GroupInfoRequest {
    protocol,
    ciphersuite as "cipher_suite",
    requesting_signature_key as "requestingSignatureKey",
    requesting_credential as "requestingCredential",
    group_info_public_key as "groupInfoPublicKey",
    joining_code as "joiningCode",
    signature,
});
structure!(GroupInfoRequestTbs {
    protocol,
    ciphersuite as "cipher_suite",
    requesting_signature_key as "requestingSignatureKey",
    requesting_credential as "requestingCredential",
    group_info_public_key as "groupInfoPublicKey",
    joining_code[optional] as "joiningCode",
});

impl GroupInfoRequest {
    /// A request without joining code, not signed yet.
    pub fn unsigned(ciphersuite: u16, signature_key: Vec<u8>, credential: Credential, public_key: Vec<u8>) -> Self {
        Self {
            protocol: Protocol::Mls10,
            ciphersuite,
            requesting_signature_key: signature_key.into(),
            requesting_credential: credential,
            group_info_public_key: public_key.into(),
            joining_code: Vec::new().into(),
            signature: Vec::new().into(),
        }
    }

    /// The SignContent that the signature is over. The presence octet of the joining code is its length's (G-20).
    pub fn signed_content(&self) -> Vec<u8> {
        let tbs = GroupInfoRequestTbs {
            protocol: self.protocol,
            ciphersuite: self.ciphersuite,
            requesting_signature_key: self.requesting_signature_key.clone(),
            requesting_credential: self.requesting_credential.clone(),
            group_info_public_key: self.group_info_public_key.clone(),
            joining_code: (!self.joining_code.as_slice().is_empty()).then(|| self.joining_code.clone()),
        };
        sign_content(REQUEST_LABEL, &encode(&tbs))
    }

    /// Signs; `sign` signs a SignContent as it is.
    ///
    /// # Errors
    /// Whatever `sign` fails with.
    pub fn sign<E>(mut self, sign: impl FnOnce(&[u8]) -> Result<Vec<u8>, E>) -> Result<Self, E> {
        self.signature = sign(&self.signed_content())?.into();
        Ok(self)
    }
}

/// A proposal that the next commit has to include (§5.6, P-079).
#[derive(Clone, Debug, PartialEq)]
pub struct PendingProposal {
    /// The proposal.
    pub proposal: Message,
    /// When the hub accepted it, ms.
    pub hub_accepted_time: u64,
}

/// What the response encrypts (§5.6): GroupInfoRatchetTreeTBE.
#[derive(Clone, Debug, PartialEq)]
pub struct GroupInfoRatchetTreeTbe {
    /// Without ratchet_tree extension.
    pub group_info: Verbatim<VerifiableGroupInfo>,
    /// The tree.
    pub ratchet_tree: RatchetTreeOption,
    /// All that are pending in the epoch.
    pub pending_proposals: Vec<PendingProposal>,
}

/// ExternalSender [RFC 9420 §12.1.8.1].
#[derive(Clone, Debug, PartialEq)]
pub struct HubSender {
    /// The hub's key in the group's `external_senders`.
    pub signature_key: VLBytes,
    /// Its credential.
    pub credential: Credential,
}

/// GroupInfoCode with what depends on it (§5.6).
#[derive(Clone, Debug, PartialEq)]
pub enum GroupInfoStatus {
    /// Here it is.
    Success(Box<EncryptedGroupInfo>),
    /// Not for this requester; may hide that there is no such room (P-080).
    NotAuthorized,
    /// No such room.
    NoSuchRoom,
}

/// The successful part of a GroupInfoResponse (§5.6).
#[derive(Clone, Debug, PartialEq)]
pub struct EncryptedGroupInfo {
    /// The group's suite.
    pub ciphersuite: u16,
    /// Who signs.
    pub hub_sender: HubSender,
    /// EncryptWithLabel(groupInfoPublicKey, ENCRYPTION_LABEL, room_id, GroupInfoRatchetTreeTBE).
    pub encrypted_groupinfo_and_tree: HpkeCiphertext,
    /// SignWithLabel(., RESPONSE_LABEL, everything before).
    pub signature: VLBytes,
}

/// GroupInfoResponse (§5.6).
#[derive(Clone, Debug, PartialEq)]
pub struct GroupInfoResponse {
    /// MLS 1.0 (named `version` in the draft, G-21).
    pub protocol: Protocol,
    /// The room.
    pub room_id: VLBytes,
    /// The outcome.
    pub status: GroupInfoStatus,
}

structure!(PendingProposal { proposal[only_proposal], hub_accepted_time });
structure!(GroupInfoRatchetTreeTbe {
    group_info as "groupInfo",
    ratchet_tree as "ratchetTreeOption",
    pending_proposals[],
});
structure!(HubSender { signature_key, credential });
structure!(EncryptedGroupInfo { ciphersuite as "cipher_suite", hub_sender, encrypted_groupinfo_and_tree, signature });
choice!(GroupInfoStatus as "status" { 1 => Success(encrypted[flat]), 2 => NotAuthorized, 3 => NoSuchRoom });
structure!(GroupInfoResponse { protocol as "version", room_id, status[flat] });

impl GroupInfoResponse {
    /// The SignContent of a successful response: all that precedes its signature.
    pub fn signed_content(&self) -> Option<Vec<u8>> {
        let GroupInfoStatus::Success(success) = &self.status else { return None };
        let mut content = encode(&self.protocol);
        content.extend(encode(&self.room_id));
        content.push(1);
        content.extend(encode(&success.ciphersuite));
        content.extend(encode(&success.hub_sender));
        content.extend(encode(&success.encrypted_groupinfo_and_tree));
        Some(sign_content(RESPONSE_LABEL, &content))
    }
}
