//! Leaving: proposals that somebody else commits (G-24).

use causeway_drafts::mimi_protocol_06::participant_list::ParticipantListUpdate;
use causeway_drafts::{encode, numbers};
use openmls::prelude::{AppDataUpdateOperation, LeafNodeIndex};

use super::Group;
use super::kept::View;
use crate::{ClientIdentity, MlsError};

impl Group {
    /// SelfRemove for the own leaf, Remove for the user's other leaves, and the user's removal from the participant
    /// list, to be sent together. In a plain group, Remove for all of its leaves: others may not know SelfRemove.
    ///
    /// # Errors
    /// If the client is not in the group, or its user no participant.
    pub fn leave_proposals(&mut self, identity: &ClientIdentity) -> Result<Vec<Vec<u8>>, MlsError> {
        let client = &identity.client_uri;
        let user = &identity.user_uri;
        let index = self.state.participants.position(user);
        let index = index.ok_or_else(|| MlsError::Invalid(format!("{user} is not a participant")))?;
        let others: Vec<u32> = self
            .members
            .iter()
            .filter(|member| member.user == *user && member.client != *client)
            .map(|member| member.leaf)
            .collect();
        let mut view = self.member_group(client)?;
        let View { provider, library: group, .. } = &mut view;
        let signer = identity.signer();
        let is_plain = self.state.is_plain();
        let had_proposals = group.has_pending_proposals();
        let mut messages = vec![match is_plain {
            true => group.leave_group(provider, &signer).map_err(MlsError::invalid)?,
            false => group.leave_group_via_self_remove(provider, &signer).map_err(MlsError::invalid)?,
        }];
        for leaf in others {
            let (message, _) =
                group.propose_remove_member(provider, &signer, LeafNodeIndex::new(leaf)).map_err(MlsError::invalid)?;
            messages.push(message);
        }
        if !is_plain {
            let update = ParticipantListUpdate { removed_indices: vec![index], ..ParticipantListUpdate::default() };
            let operation = AppDataUpdateOperation::Update(encode(&update).into());
            let (message, _) = group
                .propose_app_data_update(provider, &signer, numbers::COMPONENT_PARTICIPANT_LIST, operation)
                .map_err(MlsError::invalid)?;
            messages.push(message);
        }
        self.keep_private(client, view)?;
        if had_proposals {
            // What has been proposed again stands twice in openmls' object, once in its rows.
            self.rest();
        }
        messages.iter().map(|message| message.to_bytes().map_err(MlsError::invalid)).collect()
    }
}
