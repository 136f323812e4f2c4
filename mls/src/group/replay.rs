//! Commits that were judged when they came, judged once more: for an operator who asks whether the record holds.

use causeway_drafts::encode;
use causeway_drafts::mimi_uri::{ClientUri, UserUri};
use openmls::prelude::LeafNode;

use super::Group;
use super::judge::Unfit;
use crate::credential::{TrustRoots, certify, named_client};
use crate::{MlsError, weak_key};

/// What is asked of the credentials in a commit.
#[derive(Clone, Copy)]
pub(super) enum Credentials<'a> {
    /// That they hold, against these roots and at this time.
    Hold(&'a TrustRoots, u64),
    /// Whom they name. That they hold was asked when the commit came.
    Name,
}

impl Credentials<'_> {
    pub(super) fn client_of(self, leaf: &LeafNode) -> Result<(ClientUri, UserUri), MlsError> {
        // An HPKEPublicKey is an opaque<V>: its length precedes it.
        weak_key::check(&encode(leaf.encryption_key()).split_off(1))?;
        match self {
            Self::Name => named_client(leaf.credential()),
            Self::Hold(roots, now_ms) => {
                let certified = certify(leaf.credential(), leaf.signature_key().as_slice(), roots, now_ms)?;
                Ok((certified.client().clone(), certified.user().clone()))
            }
        }
    }
}

impl Group {
    /// The public state of the epoch that a commit opens which was judged before and is judged again, for the record: all
    /// but whether its credentials hold, because roots and clocks have moved since. None if that cannot be said: the commit
    /// refers to proposals that are not here, or adds a KeyPackage that has run out since.
    ///
    /// # Errors
    /// The epoch, the rule of MLS or the rule of the room that it fails.
    pub fn replay(&self, commit: &[u8]) -> Result<Option<Self>, MlsError> {
        let staged = match self.judge_with(commit, Credentials::Name) {
            Err(Unfit::Incomplete(_) | Unfit::RunOut(_)) => return Ok(None),
            judged => judged?,
        };
        let mut next = self.clone();
        next.drop_secrets();
        next.merge(staged)?;
        Ok(Some(next))
    }
}
