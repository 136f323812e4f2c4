//! The component `preauth_list` [mimi-room-policy-04 §4]: who may take a role by what the credential says.

use tls_codec::VLBytes;

use super::roles_list::{Role, RolesList};
use crate::structure::structure;

/// What a claim is called (§4).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClaimId {
    /// The MLS credential type of the claim.
    pub credential_type: u16,
    /// The octets of an X.509 OID, a JWT claim name, or a CWT claim key.
    pub id: VLBytes,
}

/// A claim with the value that it has to have, exactly (§4, R-010).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claim {
    /// Which claim.
    pub claim_id: ClaimId,
    /// Its value.
    pub claim_value: VLBytes,
}

/// The role of those who have all claims of a set (§4).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PreAuthRoleEntry {
    /// All have to match.
    pub claimset: Vec<Claim>,
    /// A whole role; only its index counts, and has to be in `roles_list` (G-60).
    pub target_role: Role,
}

/// PreAuthData (§4).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PreAuthList {
    /// The first that matches counts.
    pub preauthorized_entries: Vec<PreAuthRoleEntry>,
}

/// PreAuthUpdate (§4, R-011).
pub type PreAuthUpdate = PreAuthList;

structure!(ClaimId { credential_type, id });
structure!(Claim { claim_id, claim_value });
structure!(PreAuthRoleEntry { claimset[], target_role });
structure!(PreAuthList { preauthorized_entries[] });

impl PreAuthList {
    /// The role index of a credential with these claims: that of the first entry all of whose claims it has.
    pub fn role_index(&self, claims: &[Claim]) -> Option<u32> {
        let matches = |entry: &&PreAuthRoleEntry| entry.claimset.iter().all(|claim| claims.contains(claim));
        self.preauthorized_entries.iter().find(matches).map(|entry| entry.target_role.role_index)
    }

    /// Whether the list can stand beside the roles (G-60).
    ///
    /// # Errors
    /// The rule that it breaks.
    pub fn validate(&self, roles: &RolesList) -> Result<(), &'static str> {
        match self.preauthorized_entries.iter().all(|entry| roles.role(entry.target_role.role_index).is_some()) {
            true => Ok(()),
            false => Err("G-60: a preauthorisation is for a role that does not exist"),
        }
    }
}
