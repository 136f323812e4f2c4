//! A new group.

use openmls::prelude::{
    AppDataDictionaryExtension, Extension, Extensions, ExternalSender, GroupContext, GroupId, MIXED_PLAINTEXT_WIRE_FORMAT_POLICY,
    MlsGroup, MlsGroupCreateConfig,
};

use super::harden::entered;
use super::{Group, capabilities, load_public, ratchet_configuration, required_capabilities, root_id, tag_bytes};
use crate::epoch_id::{EpochOrigin, EpochRecord, EpochRef};
use crate::hardening::leaf_extensions;
use crate::key_package::SUITE;
use crate::provider::lifetime;
use crate::rows::GroupSnapshot;
use crate::storage::Provider;
use crate::{ClientIdentity, HubIdentity, MlsError, RoomState};

/// The creator's leaf lives so many seconds, unless it is renewed: 12 weeks, as long as openmls lets one.
const LONGEST: u64 = 84 * 24 * 3600;

/// What a new group is made of.
pub struct CreateGroup<'a> {
    /// The MLS group id.
    pub group_id: Vec<u8>,
    /// The room's first state.
    pub room_state: RoomState,
    /// The hub, external sender of the group (P-115).
    pub hub: &'a HubIdentity,
}

impl Group {
    /// Creates a group with one member.
    ///
    /// # Errors
    /// If the creator is no participant, or a key is unusable.
    pub fn create(parameters: CreateGroup<'_>, creator: &ClientIdentity) -> Result<Self, MlsError> {
        parameters.room_state.covers([&creator.user_uri])?;
        let extensions = extensions(&parameters)?;
        Self::found(parameters.group_id, extensions, creator)
    }

    /// Creates a plain group with one member: RFC 9420, and nothing on top of it (DMLS-33).
    ///
    /// # Errors
    /// If a key is unusable.
    pub fn create_plain(group_id: Vec<u8>, creator: &ClientIdentity) -> Result<Self, MlsError> {
        Self::found(group_id, Extensions::empty(), creator)
    }

    fn found(group_id: Vec<u8>, extensions: Extensions<GroupContext>, creator: &ClientIdentity) -> Result<Self, MlsError> {
        let provider = Provider::default();
        let config = MlsGroupCreateConfig::builder()
            .ciphersuite(SUITE)
            .capabilities(capabilities())
            .wire_format_policy(MIXED_PLAINTEXT_WIRE_FORMAT_POLICY)
            .use_ratchet_tree_extension(false)
            .lifetime(lifetime(LONGEST))
            .max_past_epochs(0)
            .number_of_resumption_psks(0)
            .sender_ratchet_configuration(ratchet_configuration())
            .with_group_context_extensions(extensions)
            .with_leaf_node_extensions(leaf_extensions()?)
            .map_err(MlsError::invalid)?
            .build();
        let mls_group_id = GroupId::from_slice(&group_id);
        let credential = creator.credential_with_key();
        let mut group = MlsGroup::new_with_group_id(&provider, &creator.signer(), &config, mls_group_id.clone(), credential)
            .map_err(MlsError::invalid)?;
        let public = load_public(&provider, &mls_group_id)?;
        let id = root_id(&public);
        let record = EpochRecord {
            id,
            parent: None,
            number: 0,
            confirmation_tag: tag_bytes(&public),
            committer: Some(creator.client_uri.clone()),
            commit: Vec::new(),
            origin: EpochOrigin::Created,
        };
        let state = provider.public(None)?;
        let snapshot = GroupSnapshot {
            group_id,
            head: EpochRef { id, number: 0 },
            public: state.rows,
            clients: [(creator.client_uri.clone(), entered(&provider, &mut group)?)].into(),
            nodes: state.nodes,
            past: Default::default(),
        };
        Self::fresh(snapshot, record)
    }
}

fn extensions(parameters: &CreateGroup<'_>) -> Result<Extensions<GroupContext>, MlsError> {
    let dictionary = AppDataDictionaryExtension::new(parameters.room_state.to_dictionary());
    let hub = ExternalSender::new(parameters.hub.signature_public_key().into(), parameters.hub.credential());
    Extensions::from_vec(vec![
        Extension::RequiredCapabilities(required_capabilities()),
        Extension::ExternalSenders(vec![hub]),
        Extension::AppDataDictionary(dictionary),
    ])
    .map_err(MlsError::invalid)
}
