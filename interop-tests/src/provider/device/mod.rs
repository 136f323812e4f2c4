//! A device: one MLS client of one user, with its own storage, groups and messages.

mod changes;
mod hear;
mod join;

use std::collections::BTreeMap;

use causeway_drafts::mimi_protocol_06::message::Message;
use causeway_drafts::mimi_uri::{ClientUri, RoomUri, UserUri};
use openmls::prelude::{
    Capabilities, CredentialType, ExtensionType, KeyPackage, Lifetime, MIXED_PLAINTEXT_WIRE_FORMAT_POLICY, MlsGroup,
    MlsGroupJoinConfig, MlsMessageOut, ProposalType, ProtocolMessage, RequiredCapabilitiesExtension, Sender,
    SenderRatchetConfiguration,
};
use openmls_rust_crypto::OpenMlsRustCrypto;
use openmls_traits::OpenMlsProvider;

pub(crate) use changes::Plan;

use super::credentials::Identity;
use super::crypto::SUITE;
use super::error::{Error, Result};
use super::messages::Heard;
use super::room_state::RoomState;
use super::view::{Member, roster};

const PAST_EPOCHS: usize = 2;
const KEY_PACKAGE_LIFETIME: u64 = 30 * 24 * 3600;

/// A device.
pub(crate) struct Device {
    /// Its URI.
    pub(crate) client: ClientUri,
    /// Its key.
    pub(crate) identity: Identity,
    mls: OpenMlsRustCrypto,
    rooms: BTreeMap<RoomUri, Membership>,
}

/// A device in a room, or what is left of that.
#[derive(Default)]
pub(crate) struct Membership {
    group: Option<MlsGroup>,
    /// Why it is out; none while it is in.
    pub(crate) ended: Option<String>,
    /// What it has heard and said, in order.
    pub(crate) messages: Vec<Heard>,
}

/// What our clients can do (G-66).
pub(crate) fn capabilities() -> Capabilities {
    let proposals = [ProposalType::AppDataUpdate, ProposalType::SelfRemove];
    Capabilities::new(None, None, Some(&[ExtensionType::AppDataDictionary]), Some(&proposals), Some(&[CredentialType::X509]))
}

/// What clients have to be able to do to be in a room (G-66).
pub(crate) fn required_capabilities() -> RequiredCapabilitiesExtension {
    let proposals = [ProposalType::AppDataUpdate, ProposalType::SelfRemove];
    RequiredCapabilitiesExtension::new(&[ExtensionType::AppDataDictionary], &proposals, &[CredentialType::X509])
}

/// The KeyPackageRef of a KeyPackage.
///
/// # Errors
/// If it cannot be hashed.
pub(crate) fn reference(key_package: &KeyPackage) -> Result<Vec<u8>> {
    let reference = key_package.hash_ref(OpenMlsRustCrypto::default().crypto()).map_err(Error::internal)?;
    Ok(reference.as_slice().to_vec())
}

fn ratchets() -> SenderRatchetConfiguration {
    SenderRatchetConfiguration::new(100, 1000)
}

fn join_config() -> MlsGroupJoinConfig {
    MlsGroupJoinConfig::builder()
        .wire_format_policy(MIXED_PLAINTEXT_WIRE_FORMAT_POLICY)
        .use_ratchet_tree_extension(false)
        .max_past_epochs(PAST_EPOCHS)
        .number_of_resumption_psks(0)
        .sender_ratchet_configuration(ratchets())
        .build()
}

fn bytes(message: &MlsMessageOut) -> Result<Vec<u8>> {
    message.to_bytes().map_err(Error::internal)
}

fn protocol_message(message: &Message) -> Result<ProtocolMessage> {
    message.value().mls().clone().try_into_protocol_message().map_err(Error::malformed)
}

impl Membership {
    /// The group, while the device is in it.
    pub(crate) fn group(&self) -> Option<&MlsGroup> {
        self.group.as_ref().filter(|_| self.ended.is_none())
    }

    /// The group as it was when the device was last in it.
    pub(crate) fn last_group(&self) -> Option<&MlsGroup> {
        self.group.as_ref()
    }
}

impl Device {
    /// A device with a fresh identity.
    pub(crate) fn new(client: ClientUri, identity: Identity) -> Self {
        Self { client, identity, mls: OpenMlsRustCrypto::default(), rooms: BTreeMap::new() }
    }

    /// Its user.
    pub(crate) fn user(&self) -> UserUri {
        self.client.user_uri()
    }

    /// The rooms that it is or was in.
    pub(crate) fn rooms(&self) -> impl Iterator<Item = (&RoomUri, &Membership)> {
        self.rooms.iter()
    }

    /// Its part in a room.
    pub(crate) fn membership(&self, room: &RoomUri) -> Option<&Membership> {
        self.rooms.get(room)
    }

    /// Whether it is in a room's group.
    pub(crate) fn is_in(&self, room: &RoomUri) -> bool {
        self.rooms.get(room).is_some_and(|membership| membership.group().is_some())
    }

    fn group(&self, room: &RoomUri) -> Result<&MlsGroup> {
        let group = self.rooms.get(room).and_then(Membership::group);
        group.ok_or_else(|| Error::NotFound(format!("{} is not in {room}", self.client)))
    }

    fn group_mut(&mut self, room: &RoomUri) -> Result<(&OpenMlsRustCrypto, &Identity, &mut MlsGroup)> {
        let gone = || Error::NotFound(format!("{} is not in {room}", self.client));
        let membership = self.rooms.get_mut(room).filter(|membership| membership.ended.is_none()).ok_or_else(gone)?;
        let group = membership.group.as_mut().ok_or_else(gone)?;
        Ok((&self.mls, &self.identity, group))
    }

    /// The state of a room as the device sees it.
    ///
    /// # Errors
    /// If it is not in the room.
    pub(crate) fn state(&self, room: &RoomUri) -> Result<RoomState> {
        RoomState::of(self.group(room)?.extensions())
    }

    /// The clients of a room as the device sees them.
    ///
    /// # Errors
    /// If it is not in the room.
    pub(crate) fn members(&self, room: &RoomUri) -> Result<Vec<Member>> {
        roster(self.group(room)?.members())
    }

    /// The epoch that the device is in.
    ///
    /// # Errors
    /// If it is not in the room.
    pub(crate) fn epoch(&self, room: &RoomUri) -> Result<u64> {
        Ok(self.group(room)?.epoch().as_u64())
    }

    /// Whether proposals wait for a commit.
    pub(crate) fn has_proposals(&self, room: &RoomUri) -> bool {
        self.group(room).is_ok_and(|group| group.pending_proposals().next().is_some())
    }

    /// Whether any of those is the device's own.
    pub(crate) fn proposes(&self, room: &RoomUri) -> bool {
        self.group(room).is_ok_and(|group| {
            let own = Sender::Member(group.own_leaf_index());
            group.pending_proposals().any(|proposal| *proposal.sender() == own)
        })
    }

    /// A fresh KeyPackage. Its secrets stay here until a Welcome uses them.
    ///
    /// # Errors
    /// If no key can be made.
    pub(crate) fn key_package(&self) -> Result<KeyPackage> {
        let bundle = KeyPackage::builder()
            .leaf_node_capabilities(capabilities())
            .key_package_lifetime(Lifetime::new(KEY_PACKAGE_LIFETIME))
            .build(SUITE, &self.mls, self.identity.signer(), self.identity.credential_with_key())
            .map_err(Error::internal)?;
        Ok(bundle.key_package().clone())
    }

    fn enter(&mut self, room: &RoomUri, group: MlsGroup) {
        let membership = self.rooms.entry(room.clone()).or_default();
        membership.group = Some(group);
        membership.ended = None;
    }

    /// Forgets the group of a room that the device is out of, so that it can come back.
    fn forget(&mut self, room: &RoomUri) -> Result<()> {
        let Some(membership) = self.rooms.get_mut(room) else { return Ok(()) };
        match membership.group.take() {
            Some(mut group) => group.delete(self.mls.storage()).map_err(Error::internal),
            None => Ok(()),
        }
    }

    /// The device is out of a room.
    pub(crate) fn end(&mut self, room: &RoomUri, why: impl Into<String>) {
        if let Some(membership) = self.rooms.get_mut(room) {
            let why = why.into();
            tracing::info!(client = %self.client, %room, why, "a device is out of a room");
            membership.ended.get_or_insert(why);
        }
    }
}
