//! The GroupInfo that a committer ships with its commit, checked by a hub that has the public state only: joiners will
//! have to rely on it [mimi-protocol-06 §5.3].

use causeway_drafts::encode;
use causeway_drafts::mimi_protocol_06::franking::sign_content;
use tls_codec::{Deserialize, VLBytes};

use super::{Group, StagedEpoch, tag_bytes};
use crate::MlsError;
use crate::credential::verify_signature;
use crate::policy::NotAllowed;

/// The label of a GroupInfo's signature [RFC 9420 §12.4.3].
const LABEL: &str = "GroupInfoTBS";

/// What of a GroupInfo follows its GroupContext.
struct Rest {
    confirmation_tag: Vec<u8>,
    signer: u32,
    signature: Vec<u8>,
    /// Octets of the GroupInfo that the signature covers.
    signed: usize,
}

impl Rest {
    fn read(group_info: &[u8], context: usize) -> Result<Self, tls_codec::Error> {
        let mut rest = group_info.get(context..).ok_or(tls_codec::Error::EndOfStream)?;
        VLBytes::tls_deserialize(&mut rest)?;
        let confirmation_tag = VLBytes::tls_deserialize(&mut rest)?.into();
        let signer = u32::tls_deserialize(&mut rest)?;
        let signed = group_info.len() - rest.len();
        let signature = VLBytes::tls_deserialize(&mut rest)?.into();
        if rest.is_empty() { Ok(Self { confirmation_tag, signer, signature, signed }) } else { Err(tls_codec::Error::TrailingData) }
    }
}

fn refused(rule: &'static str, why: &str) -> MlsError {
    NotAllowed { rule, why: why.to_owned() }.into()
}

impl Group {
    /// Whether a bare GroupInfo and a tree (where one is given) are those of the epoch that a commit opens, signed by
    /// the committer.
    ///
    /// # Errors
    /// The rule that they break.
    pub fn check_group_info(&self, staged: &StagedEpoch, group_info: &[u8], ratchet_tree: Option<&[u8]>) -> Result<(), MlsError> {
        if let Some(tree) = ratchet_tree
            && tree != staged.ratchet_tree()
        {
            return Err(refused("P-039", "the ratchet tree is not the new epoch's"));
        }
        let public = staged.ahead.public_group();
        let key_of = |leaf| public.members().find(|member| member.index.u32() == leaf).map(|member| member.signature_key);
        check(group_info, (&encode(public.group_context()), &tag_bytes(public)), key_of)
    }

    /// Whether a bare GroupInfo is one of the epoch that the group is in, signed by a member.
    ///
    /// # Errors
    /// The rule that it breaks; or if the stored state is broken.
    pub(crate) fn check_own_group_info(&self, group_info: &[u8]) -> Result<(), MlsError> {
        let client_of = |leaf| self.members.iter().find(|member| member.leaf == leaf).map(|member| &member.client);
        let key_of = |leaf| client_of(leaf).and_then(|client| self.signature_key_of(client).ok());
        check(group_info, (&self.group_context()?, &self.confirmation_tag()?), key_of)
    }
}

/// Whether a GroupInfo is that of an epoch with this context and tag, and is signed by one of its members.
fn check(group_info: &[u8], (context, tag): (&[u8], &[u8]), key_of: impl Fn(u32) -> Option<Vec<u8>>) -> Result<(), MlsError> {
    if !group_info.starts_with(context) {
        return Err(refused("P-039", "the GroupInfo's context is not the epoch's"));
    }
    let rest = Rest::read(group_info, context.len()).map_err(MlsError::malformed)?;
    if rest.confirmation_tag != tag {
        return Err(refused("P-039", "the GroupInfo's confirmation tag is not the commit's"));
    }
    let signer = key_of(rest.signer).ok_or_else(|| refused("P-039", "the GroupInfo's signer is not in the group"))?;
    verify_signature(&signer, &sign_content(LABEL, &group_info[..rest.signed]), &rest.signature)
        .map_err(|_| refused("P-040", "the GroupInfo's signature does not hold"))
}
