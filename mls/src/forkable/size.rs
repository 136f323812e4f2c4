//! How large a commit may be, by what its group is (DMLS-2): the largest that a group of some size makes, four times over.
//!
//! Whoever is told the graph gets all commits of the window at once, so that what one member may put into its commits has to
//! be less than what any handshake may have.

use crate::group::CommitSummary;
use crate::policy::NotAllowed;
use crate::{Group, MlsError};

/// Octets for what does not grow with the group: a room's metadata and roles, a leaf with its certificates.
const FIXED: usize = 64 << 10;
/// Octets for each member of the parent: in a tree without any path each has a ciphertext, of 83.
const OF_MEMBER: usize = 384;
/// Octets for each client that comes in: a KeyPackage has a chain of certificates.
const OF_ADDED: usize = 16 << 10;

/// Whether a commit made in an epoch may be as large as it is: the same for everybody.
///
/// # Errors
/// DMLS-2, if not.
pub(super) fn check_size(commit: &[u8], parent: &Group, summary: &CommitSummary) -> Result<(), MlsError> {
    let (members, added) = (parent.members().len(), summary.added.len());
    let bound = FIXED + OF_MEMBER * members + OF_ADDED * added;
    if commit.len() <= bound {
        return Ok(());
    }
    let why = format!("a commit of {} octets; of {members} members with {added} to add, {bound} are taken", commit.len());
    Err(NotAllowed { rule: "DMLS-2", why }.into())
}
