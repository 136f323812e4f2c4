//! How a device comes into a room: by a Welcome, or by an external commit.

use causeway_drafts::mimi_protocol_06::group_info::GroupInfoRatchetTreeTbe;
use causeway_drafts::mimi_protocol_06::update::UpdateRequest;
use causeway_drafts::mimi_uri::RoomUri;
use causeway_drafts::{Verbatim, encode};
use openmls::prelude::{
    Credential, LeafNodeParameters, MlsGroup, MlsMessageBodyIn, PublicMessageIn, RatchetTreeIn, StagedWelcome, Welcome,
};
use openmls_traits::OpenMlsProvider;

use super::{Device, bytes, capabilities, join_config};
use crate::provider::credentials::Trust;
use crate::provider::error::{Error, Result};
use crate::provider::hub::sender_parts;
use crate::provider::room_state::RoomState;

impl Device {
    /// Joins by a Welcome, after checking who else is there.
    ///
    /// # Errors
    /// If the Welcome is not for a KeyPackage of this device, or the group none to stay in; then nothing has changed.
    pub(crate) fn join(&mut self, room: &RoomUri, welcome: &[u8], tree: &[u8], trust: &Trust) -> Result<()> {
        if self.is_in(room) {
            return Err(Error::NotAllowed(format!("{} is in {room} already", self.client)));
        }
        self.forget(room)?;
        let kept = self.mls.storage().values.read().map(|values| values.clone()).map_err(Error::internal)?;
        match self.try_join(room, welcome, tree, trust) {
            Ok(group) => {
                self.enter(room, group);
                Ok(())
            }
            Err(error) => {
                *self.mls.storage().values.write().map_err(Error::internal)? = kept;
                Err(error)
            }
        }
    }

    fn try_join(&self, room: &RoomUri, welcome: &[u8], tree: &[u8], trust: &Trust) -> Result<MlsGroup> {
        let welcome: Verbatim<Welcome> = Verbatim::from_bytes(welcome)?;
        let tree: Verbatim<RatchetTreeIn> = Verbatim::from_bytes(tree)?;
        let group = StagedWelcome::new_from_welcome(&self.mls, &join_config(), welcome.into_value(), Some(tree.into_value()))
            .map_err(Error::invalid)?
            .into_group(&self.mls)
            .map_err(Error::invalid)?;
        check_group(&group, room, trust)?;
        Ok(group)
    }

    /// Makes an external commit [mimi-protocol-06 §5.6]. The device counts as in from now on, so that nothing that
    /// follows the commit is missed; [`Self::abandon`] if the hub refuses.
    ///
    /// # Errors
    /// If the GroupInfo does not hold, or the device is in the room.
    pub(crate) fn join_externally(
        &mut self,
        room: &RoomUri,
        info: &GroupInfoRatchetTreeTbe,
        trust: &Trust,
    ) -> Result<UpdateRequest> {
        if self.is_in(room) {
            return Err(Error::NotAllowed(format!("{} is in {room} already", self.client)));
        }
        self.forget(room)?;
        let tree: Verbatim<RatchetTreeIn> = Verbatim::from_bytes(&info.ratchet_tree.full_bytes()?)?;
        let leaf = LeafNodeParameters::builder().with_capabilities(capabilities()).build();
        let (group, bundle) = MlsGroup::external_commit_builder()
            .with_config(join_config())
            .with_ratchet_tree(tree.into_value())
            .with_proposals(pending_proposals(info))
            .build_group(&self.mls, info.group_info.value().clone(), self.identity.credential_with_key())
            .map_err(Error::invalid)?
            .leaf_node_parameters(leaf)
            .load_psks(self.mls.storage())
            .map_err(Error::invalid)?
            .create_group_info(true)
            .use_ratchet_tree_extension(false)
            .build(self.mls.rand(), self.mls.crypto(), self.identity.signer(), |_| true)
            .map_err(Error::invalid)?
            .finalize(&self.mls)
            .map_err(Error::invalid)?;
        let tree = encode(&group.export_ratchet_tree());
        let checked = check_group(&group, room, trust);
        self.enter(room, group);
        if let Err(error) = checked {
            self.abandon(room);
            return Err(error);
        }
        let info = bundle.group_info().map(encode).ok_or_else(|| Error::Internal("a commit without GroupInfo".to_owned()))?;
        Ok(UpdateRequest::commit(&bytes(bundle.commit())?, None, &info, &tree)?)
    }

    /// The hub has not taken the external commit.
    pub(crate) fn abandon(&mut self, room: &RoomUri) {
        self.end(room, "the hub refused the external commit");
        if let Err(error) = self.forget(room) {
            tracing::warn!(%error, "cannot forget a group");
        }
    }
}

/// What an external commit may include: openmls picks the SelfRemoves (P-081).
fn pending_proposals(info: &GroupInfoRatchetTreeTbe) -> Vec<PublicMessageIn> {
    let messages = info.pending_proposals.iter().map(|pending| pending.proposal.value().mls().clone().extract());
    let public = |message| match message {
        MlsMessageBodyIn::PublicMessage(message) => Some(message),
        _ => None,
    };
    messages.filter_map(public).collect()
}

/// Whether a group that a device comes into is the room's, and one to stay in (P-114, P-115, R-063).
fn check_group(group: &MlsGroup, room: &RoomUri, trust: &Trust) -> Result<()> {
    let state = RoomState::of(group.extensions())?;
    if state.metadata.room_uri != *room {
        return Err(Error::NotAllowed(format!("P-008: the group is {}'s, not {room}'s", state.metadata.room_uri)));
    }
    for member in group.members() {
        let client = trust.certify(&member.credential, &member.signature_key)?;
        if state.role_of(&client.user_uri()) == 0 {
            return Err(Error::NotAllowed(format!("R-063: {client} is in the group, but its user not in the list")));
        }
    }
    let senders = group.extensions().external_senders();
    let hubs = senders.into_iter().flatten().map(sender_parts);
    let is_hub = |(key, credential): &(Vec<u8>, Credential)| trust.certify_hub(&room.provider(), credential, key);
    let mut refusal = Error::NotAllowed("P-115: the hub is not among the external senders".to_owned());
    for sender in hubs {
        match sender.and_then(|sender| is_hub(&sender)) {
            Ok(()) => return Ok(()),
            Err(error) => refusal = error,
        }
    }
    Err(refusal)
}
