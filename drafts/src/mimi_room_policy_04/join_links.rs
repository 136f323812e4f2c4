//! The components `join_link_policy` and `join_links` [mimi-room-policy-04 §6.2]: links that let their holder in.

use std::collections::BTreeSet;

use tls_codec::VLBytes;

use crate::structure::{octet, structure};

/// JoinLinkPolicy (§6.2): how new links behave.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JoinLinkPolicy {
    /// At most one link is kept, and a client asks for it or makes one.
    pub on_request: bool,
    /// Where a link is asked for; the text calls it `link_requests` (G-61).
    pub join_link: VLBytes,
    /// A link is for several users.
    pub multiuser: bool,
    /// Seconds that a new link lives.
    pub expiration: u32,
}

/// JoinLinkPolicyUpdate (§6.2).
pub type JoinLinkPolicyUpdate = JoinLinkPolicy;

/// A link (§6.2); -04 has it in a vector, -03 without a length (G-61).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JoinLink {
    /// The link.
    pub join_link: VLBytes,
}

/// JoinLinksData (§6.2): the links in force.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct JoinLinks {
    /// In order.
    pub links: Vec<JoinLink>,
}

/// JoinLinksUpdate (§6.2, R-031).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct JoinLinksUpdate {
    /// Positions in the list before the update; removed first.
    pub removed_indices: Vec<u32>,
    /// Appended then.
    pub added_links: Vec<JoinLink>,
}

structure!(JoinLinkPolicy { on_request[octet], join_link, multiuser[octet], expiration });
structure!(JoinLink { join_link });
structure!(JoinLinks { links[] });
structure!(JoinLinksUpdate { removed_indices[] as "removedIndices", added_links[] });

impl JoinLinks {
    /// The links after an update.
    ///
    /// # Errors
    /// If it removes a position twice, or one that there is not.
    pub fn apply(&self, update: &JoinLinksUpdate) -> Result<Self, &'static str> {
        let removed: BTreeSet<u32> = update.removed_indices.iter().copied().collect();
        if removed.len() != update.removed_indices.len() {
            return Err("R-031: the update removes a link twice");
        }
        if removed.last().is_some_and(|last| *last as usize >= self.links.len()) {
            return Err("R-031: the update removes a link that there is not");
        }
        let kept = self.links.iter().enumerate().filter(|(position, _)| !removed.contains(&(*position as u32)));
        Ok(Self { links: kept.map(|(_, link)| link).chain(&update.added_links).cloned().collect() })
    }

    /// Whether the links fit the policy.
    ///
    /// # Errors
    /// The rule that they break.
    pub fn validate(&self, policy: &JoinLinkPolicy) -> Result<(), &'static str> {
        if policy.on_request && self.links.len() > 1 { Err("R-029: more than one link is kept, though on request") } else { Ok(()) }
    }
}
