//! The calls that openmls makes. Every value has a label, the earlier version's as well.

use openmls_traits::storage::{CURRENT_VERSION, StorageProvider, traits};

use super::spans::Unreadable;
use super::values::{Slot, Storage, encode};

pub(super) const TREE: &str = "Tree";
pub(super) const GROUP_CONTEXT: &str = "GroupContext";
pub(super) const INTERIM_TRANSCRIPT_HASH: &str = "InterimTranscriptHash";
pub(super) const CONFIRMATION_TAG: &str = "ConfirmationTag";
pub(super) const MESSAGE_SECRETS: &str = "MessageSecrets";
pub(super) const JOIN_CONFIG: &str = "MlsGroupJoinConfig";
const OWN_LEAF_NODES: &str = "OwnLeafNodes";
pub(super) const GROUP_STATE: &str = "GroupState";
const QUEUED_PROPOSAL: &str = "QueuedProposal";
const PROPOSAL_REFERENCES: &str = "ProposalQueueRefs";
pub(super) const OWN_LEAF_INDEX: &str = "OwnLeafNodeIndex";
pub(super) const EPOCH_SECRETS: &str = "EpochSecrets";
pub(super) const RESUMPTION_PSKS: &str = "ResumptionPsk";
const APPLICATION_EXPORT_TREE: &str = "ApplicationExportTree";
const KEY_PACKAGE: &str = "KeyPackage";
const PSK: &str = "Psk";
const ENCRYPTION_KEY_PAIR: &str = "EncryptionKeyPair";
const SIGNATURE_KEY_PAIR: &str = "SignatureKeyPair";
const EPOCH_KEY_PAIRS: &str = "EpochKeyPairs";

/// openmls' store of resumption PSKs, empty and for none: how many, which, and where the next one goes.
pub(super) fn no_resumption_psks() -> Result<Vec<u8>, Unreadable> {
    encode(&(0u64, Vec::<()>::new(), 0u64))
}

/// A value that a group has one of: openmls' names for writing, reading and deleting it.
macro_rules! of_group {
    ($label:expr, $entity:ident, $write:ident, $read:ident, $delete:ident) => {
        fn $write<G: traits::GroupId<CURRENT_VERSION>, V: traits::$entity<CURRENT_VERSION>>(
            &self,
            group_id: &G,
            value: &V,
        ) -> Result<(), Unreadable> {
            self.put(&Slot::of_group($label, group_id)?, value)
        }
        of_group!(read $label, $entity, $read, $delete);
    };
    (read $label:expr, $entity:ident, $read:ident, $delete:ident) => {
        fn $read<G: traits::GroupId<CURRENT_VERSION>, V: traits::$entity<CURRENT_VERSION>>(
            &self,
            group_id: &G,
        ) -> Result<Option<V>, Unreadable> {
            self.get(&Slot::of_group($label, group_id)?)
        }
        of_group!(delete $label, $delete);
    };
    (delete $label:expr, $delete:ident) => {
        fn $delete<G: traits::GroupId<CURRENT_VERSION>>(&self, group_id: &G) -> Result<(), Unreadable> {
            self.delete(&Slot::of_group($label, group_id)?);
            Ok(())
        }
    };
}

/// A value under a key of its own.
macro_rules! of_key {
    ($label:expr, $name:ident, $entity:ident, $write:ident, $delete:ident) => {
        fn $write<K: traits::$name<CURRENT_VERSION>, V: traits::$entity<CURRENT_VERSION>>(
            &self,
            key: &K,
            value: &V,
        ) -> Result<(), Unreadable> {
            self.put(&Slot::of_key($label, key)?, value)
        }
        fn $delete<K: traits::$name<CURRENT_VERSION>>(&self, key: &K) -> Result<(), Unreadable> {
            self.delete(&Slot::of_key($label, key)?);
            Ok(())
        }
    };
}

impl StorageProvider<CURRENT_VERSION> for Storage {
    type Error = Unreadable;

    of_group!(
        INTERIM_TRANSCRIPT_HASH,
        InterimTranscriptHash,
        write_interim_transcript_hash,
        interim_transcript_hash,
        delete_interim_transcript_hash
    );
    of_group!(GROUP_CONTEXT, GroupContext, write_context, group_context, delete_context);
    of_group!(CONFIRMATION_TAG, ConfirmationTag, write_confirmation_tag, confirmation_tag, delete_confirmation_tag);
    of_group!(MESSAGE_SECRETS, MessageSecrets, write_message_secrets, message_secrets, delete_message_secrets);
    of_group!(
        RESUMPTION_PSKS,
        ResumptionPskStore,
        write_resumption_psk_store,
        resumption_psk_store,
        delete_all_resumption_psk_secrets
    );
    of_group!(OWN_LEAF_INDEX, LeafNodeIndex, write_own_leaf_index, own_leaf_index, delete_own_leaf_index);
    of_group!(EPOCH_SECRETS, GroupEpochSecrets, write_group_epoch_secrets, group_epoch_secrets, delete_group_epoch_secrets);
    of_group!(JOIN_CONFIG, MlsGroupJoinConfig, write_mls_join_config, mls_group_join_config, delete_group_config);
    of_group!(read TREE, TreeSync, tree, delete_tree);
    of_group!(delete GROUP_STATE, delete_group_state);
    of_group!(delete OWN_LEAF_NODES, delete_own_leaf_nodes);

    of_key!(SIGNATURE_KEY_PAIR, SignaturePublicKey, SignatureKeyPair, write_signature_key_pair, delete_signature_key_pair);
    of_key!(ENCRYPTION_KEY_PAIR, EncryptionKey, HpkeKeyPair, write_encryption_key_pair, delete_encryption_key_pair);
    of_key!(KEY_PACKAGE, HashReference, KeyPackage, write_key_package, delete_key_package);
    of_key!(PSK, PskId, PskBundle, write_psk, delete_psk);

    fn write_tree<G: traits::GroupId<CURRENT_VERSION>, V: traits::TreeSync<CURRENT_VERSION>>(
        &self,
        group_id: &G,
        tree: &V,
    ) -> Result<(), Unreadable> {
        match self.takes_trees() {
            true => self.put(&Slot::of_group(TREE, group_id)?, tree),
            false => Ok(()),
        }
    }

    fn write_group_state<V: traits::GroupState<CURRENT_VERSION>, G: traits::GroupId<CURRENT_VERSION>>(
        &self,
        group_id: &G,
        state: &V,
    ) -> Result<(), Unreadable> {
        self.put(&Slot::of_group(GROUP_STATE, group_id)?, state)
    }

    fn group_state<V: traits::GroupState<CURRENT_VERSION>, G: traits::GroupId<CURRENT_VERSION>>(
        &self,
        group_id: &G,
    ) -> Result<Option<V>, Unreadable> {
        self.get(&Slot::of_group(GROUP_STATE, group_id)?)
    }

    fn write_application_export_tree<G: traits::GroupId<CURRENT_VERSION>, V: traits::ApplicationExportTree<CURRENT_VERSION>>(
        &self,
        group_id: &G,
        tree: &V,
    ) -> Result<(), Unreadable> {
        self.put(&Slot::of_group(APPLICATION_EXPORT_TREE, group_id)?, tree)
    }

    fn application_export_tree<G: traits::GroupId<CURRENT_VERSION>, V: traits::ApplicationExportTree<CURRENT_VERSION>>(
        &self,
        group_id: &G,
    ) -> Result<Option<V>, Unreadable> {
        self.get(&Slot::of_group(APPLICATION_EXPORT_TREE, group_id)?)
    }

    fn delete_application_export_tree<G: traits::GroupId<CURRENT_VERSION>, V: traits::ApplicationExportTree<CURRENT_VERSION>>(
        &self,
        group_id: &G,
    ) -> Result<(), Unreadable> {
        self.delete(&Slot::of_group(APPLICATION_EXPORT_TREE, group_id)?);
        Ok(())
    }

    fn append_own_leaf_node<G: traits::GroupId<CURRENT_VERSION>, V: traits::LeafNode<CURRENT_VERSION>>(
        &self,
        group_id: &G,
        leaf_node: &V,
    ) -> Result<(), Unreadable> {
        let slot = Slot::of_group(OWN_LEAF_NODES, group_id)?;
        let known: Vec<V> = self.list(&slot)?;
        self.put_list(&slot, &known.iter().chain([leaf_node]).collect::<Vec<_>>())
    }

    fn own_leaf_nodes<G: traits::GroupId<CURRENT_VERSION>, V: traits::LeafNode<CURRENT_VERSION>>(
        &self,
        group_id: &G,
    ) -> Result<Vec<V>, Unreadable> {
        self.list(&Slot::of_group(OWN_LEAF_NODES, group_id)?)
    }

    fn queue_proposal<
        G: traits::GroupId<CURRENT_VERSION>,
        R: traits::ProposalRef<CURRENT_VERSION>,
        V: traits::QueuedProposal<CURRENT_VERSION>,
    >(
        &self,
        group_id: &G,
        reference: &R,
        proposal: &V,
    ) -> Result<(), Unreadable> {
        self.put(&Slot::of_proposal(QUEUED_PROPOSAL, group_id, reference)?, proposal)?;
        let (slot, encoded) = (Slot::of_group(PROPOSAL_REFERENCES, group_id)?, encode(reference)?);
        let known: Vec<R> = self.list(&slot)?;
        for known in &known {
            // openmls would take a proposal twice that is listed twice.
            if encode(known)? == encoded {
                return Ok(());
            }
        }
        self.put_list(&slot, &known.iter().chain([reference]).collect::<Vec<_>>())
    }

    fn queued_proposal_refs<G: traits::GroupId<CURRENT_VERSION>, R: traits::ProposalRef<CURRENT_VERSION>>(
        &self,
        group_id: &G,
    ) -> Result<Vec<R>, Unreadable> {
        self.list(&Slot::of_group(PROPOSAL_REFERENCES, group_id)?)
    }

    fn queued_proposals<
        G: traits::GroupId<CURRENT_VERSION>,
        R: traits::ProposalRef<CURRENT_VERSION>,
        V: traits::QueuedProposal<CURRENT_VERSION>,
    >(
        &self,
        group_id: &G,
    ) -> Result<Vec<(R, V)>, Unreadable> {
        let references: Vec<R> = self.list(&Slot::of_group(PROPOSAL_REFERENCES, group_id)?)?;
        let proposals = references.into_iter().map(|reference| {
            let proposal = self.get(&Slot::of_proposal(QUEUED_PROPOSAL, group_id, &reference)?)?;
            Ok((reference, proposal.ok_or(Unreadable::Missing)?))
        });
        proposals.collect()
    }

    fn remove_proposal<G: traits::GroupId<CURRENT_VERSION>, R: traits::ProposalRef<CURRENT_VERSION>>(
        &self,
        group_id: &G,
        reference: &R,
    ) -> Result<(), Unreadable> {
        self.delete(&Slot::of_proposal(QUEUED_PROPOSAL, group_id, reference)?);
        let (slot, gone) = (Slot::of_group(PROPOSAL_REFERENCES, group_id)?, encode(reference)?);
        let known: Vec<R> = self.list(&slot)?;
        let mut kept = Vec::new();
        for reference in &known {
            if encode(reference)? != gone {
                kept.push(reference);
            }
        }
        self.put_list(&slot, &kept)
    }

    fn clear_proposal_queue<G: traits::GroupId<CURRENT_VERSION>, R: traits::ProposalRef<CURRENT_VERSION>>(
        &self,
        group_id: &G,
    ) -> Result<(), Unreadable> {
        let slot = Slot::of_group(PROPOSAL_REFERENCES, group_id)?;
        for reference in self.list::<R>(&slot)? {
            self.delete(&Slot::of_proposal(QUEUED_PROPOSAL, group_id, &reference)?);
        }
        self.delete(&slot);
        Ok(())
    }

    fn signature_key_pair<K: traits::SignaturePublicKey<CURRENT_VERSION>, V: traits::SignatureKeyPair<CURRENT_VERSION>>(
        &self,
        key: &K,
    ) -> Result<Option<V>, Unreadable> {
        self.get(&Slot::of_key(SIGNATURE_KEY_PAIR, key)?)
    }

    fn encryption_key_pair<V: traits::HpkeKeyPair<CURRENT_VERSION>, K: traits::EncryptionKey<CURRENT_VERSION>>(
        &self,
        key: &K,
    ) -> Result<Option<V>, Unreadable> {
        self.get(&Slot::of_key(ENCRYPTION_KEY_PAIR, key)?)
    }

    fn key_package<K: traits::HashReference<CURRENT_VERSION>, V: traits::KeyPackage<CURRENT_VERSION>>(
        &self,
        key: &K,
    ) -> Result<Option<V>, Unreadable> {
        self.get(&Slot::of_key(KEY_PACKAGE, key)?)
    }

    fn psk<V: traits::PskBundle<CURRENT_VERSION>, K: traits::PskId<CURRENT_VERSION>>(
        &self,
        key: &K,
    ) -> Result<Option<V>, Unreadable> {
        self.get(&Slot::of_key(PSK, key)?)
    }

    fn write_encryption_epoch_key_pairs<
        G: traits::GroupId<CURRENT_VERSION>,
        E: traits::EpochKey<CURRENT_VERSION>,
        V: traits::HpkeKeyPair<CURRENT_VERSION>,
    >(
        &self,
        group_id: &G,
        epoch: &E,
        leaf: u32,
        key_pairs: &[V],
    ) -> Result<(), Unreadable> {
        self.put(&Slot::of_epoch(EPOCH_KEY_PAIRS, group_id, (epoch, leaf))?, key_pairs)
    }

    fn encryption_epoch_key_pairs<
        G: traits::GroupId<CURRENT_VERSION>,
        E: traits::EpochKey<CURRENT_VERSION>,
        V: traits::HpkeKeyPair<CURRENT_VERSION>,
    >(
        &self,
        group_id: &G,
        epoch: &E,
        leaf: u32,
    ) -> Result<Vec<V>, Unreadable> {
        Ok(self.get(&Slot::of_epoch(EPOCH_KEY_PAIRS, group_id, (epoch, leaf))?)?.unwrap_or_default())
    }

    fn delete_encryption_epoch_key_pairs<G: traits::GroupId<CURRENT_VERSION>, E: traits::EpochKey<CURRENT_VERSION>>(
        &self,
        group_id: &G,
        epoch: &E,
        leaf: u32,
    ) -> Result<(), Unreadable> {
        self.delete(&Slot::of_epoch(EPOCH_KEY_PAIRS, group_id, (epoch, leaf))?);
        Ok(())
    }
}
