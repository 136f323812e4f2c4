//! A commit's list of proposals, as it is encoded.

use std::collections::BTreeSet;

use causeway_drafts::encode;
use openmls::prelude::ProposalOrRefIn;
use tls_codec::{Deserialize, Error, VLBytes};

use crate::MlsError;

/// Sender types that are followed by an index [RFC 9420 §6].
const INDEXED_SENDERS: [u8; 2] = [MEMBER, 2];
const MEMBER: u8 = 1;

/// Who made a commit, if that is a member, and the proposals that it lists.
pub(super) fn by_member(commit: &[u8]) -> Result<(Option<u32>, Vec<ProposalOrRefIn>), MlsError> {
    read(commit).map_err(MlsError::malformed)
}

/// That nothing stands there twice. RFC 9420 §12.2 has nothing that may; openmls counts what is the same once, and other
/// implementations refuse it, so that such a commit would be one to some members and none to others.
pub(super) fn check_distinct(commit: &[u8]) -> Result<(), MlsError> {
    let (_, listed) = read(commit).map_err(MlsError::malformed)?;
    let distinct: BTreeSet<Vec<u8>> = listed.iter().map(encode).collect();
    match distinct.len() == listed.len() {
        true => Ok(()),
        false => Err(MlsError::Invalid("§12.2: the same proposal stands twice in a commit".to_owned())),
    }
}

/// Of a Commit in a PublicMessage, an MLSMessage [RFC 9420 §6, §12.4].
fn read(commit: &[u8]) -> Result<(Option<u32>, Vec<ProposalOrRefIn>), Error> {
    let mut rest = commit.get(4..).ok_or(Error::EndOfStream)?;
    VLBytes::tls_deserialize(&mut rest)?;
    u64::tls_deserialize(&mut rest)?;
    let sender = u8::tls_deserialize(&mut rest)?;
    let index = INDEXED_SENDERS.contains(&sender).then(|| u32::tls_deserialize(&mut rest)).transpose()?;
    VLBytes::tls_deserialize(&mut rest)?;
    u8::tls_deserialize(&mut rest)?;
    Ok((index.filter(|_| sender == MEMBER), Vec::tls_deserialize(&mut rest)?))
}
