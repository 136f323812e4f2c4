//! Who is in a group, and what its room is, read from its rows.

use openmls::prelude::GroupId;

use super::{Member, load_public};
use crate::credential::named_client;
use crate::rows::GroupSnapshot;
use crate::storage::{self, Provider, Public};
use crate::{MlsError, RoomState};

/// Room state and roster of a snapshot.
pub(super) fn read(snapshot: &GroupSnapshot) -> Result<(RoomState, Vec<Member>), MlsError> {
    let public = snapshot.public_state();
    let context = storage::group_context(&public)?;
    let members = roster(snapshot, &public)?;
    let state = match context.extensions().app_data_dictionary() {
        Some(extension) => RoomState::from_dictionary(extension.dictionary())?,
        None => RoomState::plain(&snapshot.group_id, members.iter().map(|member| &member.user))?,
    };
    Ok((state, members))
}

/// All clients, by leaf.
pub(super) fn roster(snapshot: &GroupSnapshot, public: &Public) -> Result<Vec<Member>, MlsError> {
    let Some(leaves) = public.leaves()? else {
        // As the earlier version stored it.
        let group = load_public(&Provider::over_epoch(public, None)?, &GroupId::from_slice(&snapshot.group_id))?;
        let members = group.members().map(|member| (member.index.u32(), named_client(&member.credential)));
        return members.map(|(leaf, named)| named.map(|(client, user)| Member { leaf, client, user })).collect();
    };
    let members = leaves.into_iter().map(|(leaf, node)| {
        let (client, user) = node.named_by(named_client)?.clone();
        Ok(Member { leaf, client, user })
    });
    members.collect()
}
