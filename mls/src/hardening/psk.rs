//! The name of a commit's PSK: `psk_id` = label, committer's leaf index (uint32), nonce (4 octets, which tell the commits of one
//! committer in one epoch apart). The last 8 are the input of the PRF, so that nobody's name is anybody else's: who repeats its
//! own has made two commits in one epoch (DMLS-14).

use openmls::schedule::{PreSharedKeyId, Psk};
use openmls_traits::random::OpenMlsRand;

use super::pprf::{INPUT, Input, OWNER};
use crate::MlsError;
use crate::policy::NotAllowed;

const LABEL: &[u8] = b"causeway dmls/1 psk";

/// A name for the PSK of a commit that the client at this leaf makes.
pub(crate) fn new_id(committer: u32, rand: &impl OpenMlsRand) -> Result<(Vec<u8>, Input), MlsError> {
    let nonce: [u8; INPUT - OWNER] = rand.random_array().map_err(MlsError::stored)?;
    let mut input: Input = [0; INPUT];
    let (owner, rest) = input.split_at_mut(OWNER);
    owner.copy_from_slice(&committer.to_be_bytes());
    rest.copy_from_slice(&nonce);
    Ok(([LABEL, &input].concat(), input))
}

/// The input that a PSK in a commit by the client at this leaf names (DMLS-35).
pub(crate) fn input_of(id: &PreSharedKeyId, committer: u32) -> Result<Input, NotAllowed> {
    let refuse = |why: &str| Err(NotAllowed { rule: "DMLS-35", why: why.to_owned() });
    let Psk::External(psk) = id.psk() else { return refuse("the PSK is none of the hardening's: it is not external") };
    let input = psk.psk_id().strip_prefix(LABEL).and_then(|input| Input::try_from(input).ok());
    let Some(input) = input else { return refuse("the PSK is none of the hardening's: its name has another form") };
    match input.starts_with(&committer.to_be_bytes()) {
        true => Ok(input),
        false => refuse("the PSK's name is another member's"),
    }
}
