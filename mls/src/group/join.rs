//! Joining: by Welcome, or by an external commit.

use causeway_drafts::mimi_protocol_06::message::Message;
use causeway_drafts::mimi_uri::ClientUri;
use causeway_drafts::numbers::COMPONENT_DMLS;
use causeway_drafts::{Verbatim, encode};
use openmls::framing::{SafeAad, SafeAadItem};
use openmls::group::ProposalStore;
use openmls::messages::group_info::VerifiableGroupInfo;
use openmls::prelude::{GroupId, MlsGroup, MlsMessageBodyIn, PublicGroup, PublicMessageIn, RatchetTreeIn, StagedWelcome, Welcome};
use openmls_traits::OpenMlsProvider;
use serde::{Deserialize, Serialize};
use tls_codec::VLBytes;

use super::harden::{entered, leaf_parameters};
use super::judge::check_not_last;
use super::{Group, join_config, load_public, root_id, tag_bytes};
use crate::credential::{TrustRoots, certify};
use crate::epoch_id::{EpochId, EpochOrigin, EpochRecord, EpochRef};
use crate::key_package::{KeyPackageBundle, SUITE};
use crate::rows::{GroupSnapshot, Rows};
use crate::storage::{Provider, Public};
use crate::{ClientIdentity, MlsError, weak_key};

/// What a joiner gets from the hub [mimi-protocol-06 §5.6].
#[derive(Clone)]
pub struct JoinableGroupInfo {
    /// GroupInfo, bare, without tree.
    pub group_info: Vec<u8>,
    /// The tree.
    pub ratchet_tree: Vec<u8>,
    /// Proposals that the commit has to include, where it can (P-081).
    pub pending_proposals: Vec<Vec<u8>>,
    /// The key that signed the hub's answer; it has to be one of the group's external senders (P-078). Of no matter in a
    /// plain group.
    pub hub_key: Vec<u8>,
}

/// An external commit that waits for the hub, with the state that its acceptance opens. A secret: seal it.
#[derive(Clone, Serialize, Deserialize)]
pub struct ExternalJoin {
    /// Who joins.
    pub client: ClientUri,
    /// The commit.
    #[serde(with = "serde_bytes")]
    pub commit: Vec<u8>,
    /// The new epoch's GroupInfo, bare.
    #[serde(with = "serde_bytes")]
    pub group_info: Vec<u8>,
    /// The new epoch's tree.
    #[serde(with = "serde_bytes")]
    pub ratchet_tree: Vec<u8>,
    #[serde(with = "serde_bytes")]
    group_id: Vec<u8>,
    rows: Rows,
}

impl ExternalJoin {
    /// The new epoch's public state.
    ///
    /// # Errors
    /// If it is not what was made.
    pub(crate) fn public_snapshot(&self, head: EpochRef) -> Result<GroupSnapshot, MlsError> {
        let Public { rows: public, nodes } = Provider::over_whole(&self.rows)?.public(None)?;
        let (clients, past) = Default::default();
        Ok(GroupSnapshot { group_id: self.group_id.clone(), head, public, clients, nodes, past })
    }

    fn group(&self) -> Result<(Provider, MlsGroup), MlsError> {
        let provider = Provider::over_whole(&self.rows)?;
        let group = MlsGroup::load(provider.storage(), &GroupId::from_slice(&self.group_id))
            .map_err(MlsError::stored)?
            .ok_or_else(|| MlsError::Stored("the joined group is missing".to_owned()))?;
        Ok((provider, group))
    }

    /// The joiner's secrets in the new epoch.
    pub(crate) fn private_rows(&self) -> Result<Rows, MlsError> {
        let (provider, mut group) = self.group()?;
        entered(&provider, &mut group)
    }
}

impl Group {
    /// Joins by a Welcome (bare). `existing` is the group if other clients of ours are in it already. On failure the
    /// KeyPackage is untouched: it is the caller's to spend.
    ///
    /// # Errors
    /// If the Welcome is not for this KeyPackage, or the group is none that we would stay in.
    pub fn join(
        (welcome, ratchet_tree): (&[u8], &[u8]),
        key_package: &KeyPackageBundle,
        identity: &ClientIdentity,
        existing: Option<Self>,
        against: (&TrustRoots, u64),
    ) -> Result<Self, MlsError> {
        Self::enter_by((welcome, Some(ratchet_tree)), key_package, identity, existing, against)
    }

    /// Joins by a Welcome (bare) that brings the tree in its GroupInfo [RFC 9420 §12.4.3.3], as those of plain groups may.
    ///
    /// # Errors
    /// As [`Self::join`], or if the Welcome has no tree.
    pub fn join_with_own_tree(
        welcome: &[u8],
        key_package: &KeyPackageBundle,
        identity: &ClientIdentity,
        existing: Option<Self>,
        against: (&TrustRoots, u64),
    ) -> Result<Self, MlsError> {
        Self::enter_by((welcome, None), key_package, identity, existing, against)
    }

    fn enter_by(
        (welcome, ratchet_tree): (&[u8], Option<&[u8]>),
        key_package: &KeyPackageBundle,
        identity: &ClientIdentity,
        existing: Option<Self>,
        (roots, now_ms): (&TrustRoots, u64),
    ) -> Result<Self, MlsError> {
        let provider = Provider::over_whole(&key_package.private)?;
        let welcome: Verbatim<Welcome> = Verbatim::from_bytes(welcome).map_err(MlsError::malformed)?;
        let tree = ratchet_tree.map(|tree| Verbatim::from_bytes(tree).map(Verbatim::<RatchetTreeIn>::into_value));
        let tree = tree.transpose().map_err(MlsError::malformed)?;
        let join = StagedWelcome::build_from_welcome(&provider, &join_config(), welcome.into_value());
        // RFC 9420 §7.3: a KeyPackage may have run out since its client was added, and nobody can renew it but that client.
        let mut join = join.map_err(MlsError::invalid)?.skip_lifetime_validation();
        if let Some(tree) = tree {
            join = join.with_ratchet_tree(tree);
        }
        let mut group = join.build().map_err(MlsError::invalid)?.into_group(&provider).map_err(MlsError::invalid)?;
        Self::adopt(&provider, &mut group, identity, existing, (EpochOrigin::JoinedByWelcome, roots, now_ms))
    }

    fn adopt(
        provider: &Provider,
        group: &mut MlsGroup,
        identity: &ClientIdentity,
        existing: Option<Self>,
        (origin, roots, now_ms): (EpochOrigin, &TrustRoots, u64),
    ) -> Result<Self, MlsError> {
        let client = identity.client_uri.clone();
        let public = load_public(provider, group.group_id())?;
        check_kind(&public, roots)?;
        check_roster(&public, roots, now_ms)?;
        let private = entered(provider, group)?;
        if let Some(mut known) = existing {
            if known.ask_public(|ours| ours.group_context() != public.group_context())? {
                return Err(MlsError::Invalid("the Welcome leads to another epoch than our head".to_owned()));
            }
            known.snapshot.clients.insert(client, private);
            return Ok(known);
        }
        let head = EpochRef { id: root_id(&public), number: group.epoch().as_u64() };
        let record = EpochRecord {
            id: head.id,
            parent: None,
            number: head.number,
            confirmation_tag: tag_bytes(&public),
            committer: None,
            commit: Vec::new(),
            origin,
        };
        let Public { rows: public, nodes } = provider.public(None)?;
        let group_id = group.group_id().as_slice().to_vec();
        let clients = [(client, private)].into();
        let snapshot = GroupSnapshot { group_id, head, public, clients, nodes, past: Default::default() };
        let joined = Self::fresh(snapshot, record)?;
        joined.state.covers(joined.members.iter().map(|member| &member.user))?;
        Ok(joined)
    }

    /// An epoch seen from outside, by its GroupInfo (bare, without tree) and its tree: public state only.
    ///
    /// # Errors
    /// If the GroupInfo does not hold, or a credential does not.
    pub fn observe(
        (group_info, ratchet_tree): (&[u8], &[u8]),
        id: EpochId,
        (roots, now_ms): (&TrustRoots, u64),
    ) -> Result<Self, MlsError> {
        let provider = Provider::default();
        let group_info: Verbatim<VerifiableGroupInfo> = Verbatim::from_bytes(group_info).map_err(MlsError::malformed)?;
        let tree: Verbatim<RatchetTreeIn> = Verbatim::from_bytes(ratchet_tree).map_err(MlsError::malformed)?;
        let (tree, group_info) = (tree.into_value(), group_info.into_value());
        let (public, _) =
            PublicGroup::from_external(provider.crypto(), provider.storage(), tree, group_info, ProposalStore::default())
                .map_err(MlsError::invalid)?;
        check_kind(&public, roots)?;
        check_roster(&public, roots, now_ms)?;
        let Public { rows, nodes } = provider.public(None)?;
        let head = EpochRef { id, number: public.group_context().epoch().as_u64() };
        let group_id = public.group_id().as_slice().to_vec();
        let (clients, past) = Default::default();
        Self::load_unstored(GroupSnapshot { group_id, head, public: rows, clients, nodes, past })
    }

    /// Makes an external commit. Nothing of a known group changes until the hub has taken it.
    ///
    /// # Errors
    /// If the GroupInfo does not hold.
    pub fn join_externally(
        info: &JoinableGroupInfo,
        identity: &ClientIdentity,
        against: (&TrustRoots, u64),
    ) -> Result<ExternalJoin, MlsError> {
        Self::join_externally_in_term(info, identity, 0, against)
    }

    /// As [`Self::join_externally`], in a term (DMLS-10).
    pub(crate) fn join_externally_in_term(
        info: &JoinableGroupInfo,
        identity: &ClientIdentity,
        term: u64,
        (roots, now_ms): (&TrustRoots, u64),
    ) -> Result<ExternalJoin, MlsError> {
        let provider = Provider::default();
        let group_info: Verbatim<VerifiableGroupInfo> = Verbatim::from_bytes(&info.group_info).map_err(MlsError::malformed)?;
        check_not_last(group_info.value().epoch().as_u64())?;
        let tree: Verbatim<RatchetTreeIn> = Verbatim::from_bytes(&info.ratchet_tree).map_err(MlsError::malformed)?;
        let proposals = info.pending_proposals.iter().map(|bytes| public_message(bytes)).collect::<Result<Vec<_>, _>>()?;
        let (group, bundle) = MlsGroup::external_commit_builder()
            .with_config(join_config())
            .with_ratchet_tree(tree.into_value())
            .skip_lifetime_validation()
            .with_proposals(proposals)
            .with_aad(term_aad(term)?)
            .build_group(&provider, group_info.into_value(), identity.credential_with_key())
            .map_err(MlsError::invalid)?
            .leaf_node_parameters(leaf_parameters()?)
            .load_psks(provider.storage())
            .map_err(MlsError::invalid)?
            .create_group_info(true)
            .use_ratchet_tree_extension(false)
            .build(provider.rand(), provider.crypto(), &identity.signer(), |_| true)
            .map_err(MlsError::invalid)?
            .finalize(&provider)
            .map_err(MlsError::invalid)?;
        let public = load_public(&provider, group.group_id())?;
        check_kind(&public, roots)?;
        check_hub_key(&public, &info.hub_key)?;
        check_roster(&public, roots, now_ms)?;
        Ok(ExternalJoin {
            client: identity.client_uri.clone(),
            commit: bundle.commit().to_bytes().map_err(MlsError::invalid)?,
            group_info: bundle.group_info().map(encode).ok_or_else(|| MlsError::Invalid("no GroupInfo was made".to_owned()))?,
            ratchet_tree: encode(&public.export_ratchet_tree()),
            group_id: group.group_id().as_slice().to_vec(),
            rows: provider.whole(),
        })
    }

    /// The hub has taken an external commit: known clients follow it, the joiner is in.
    ///
    /// # Errors
    /// If a known group cannot follow.
    pub fn complete_external_join(
        join: &ExternalJoin,
        identity: &ClientIdentity,
        existing: Option<Self>,
        (roots, now_ms): (&TrustRoots, u64),
    ) -> Result<Self, MlsError> {
        let (provider, mut group) = join.group()?;
        let existing = match existing {
            Some(mut known) if known.epoch().number < group.epoch().as_u64() => {
                let staged = known.stage(&join.commit, roots, now_ms)?;
                known.merge(staged)?;
                Some(known)
            }
            known => known,
        };
        Self::adopt(&provider, &mut group, identity, existing, (EpochOrigin::JoinedExternally, roots, now_ms))
    }
}

/// The SafeAAD of a commit in a term; none in term 0.
fn term_aad(term: u64) -> Result<Vec<u8>, MlsError> {
    if term == 0 {
        return Ok(Vec::new());
    }
    let item = SafeAadItem::new(COMPONENT_DMLS, term.to_be_bytes().to_vec());
    Ok(encode(&SafeAad::from_items(vec![item]).map_err(MlsError::invalid)?))
}

fn public_message(bytes: &[u8]) -> Result<PublicMessageIn, MlsError> {
    match Message::from_bytes(bytes).map_err(MlsError::malformed)?.value().mls().clone().extract() {
        MlsMessageBodyIn::PublicMessage(message) => Ok(message),
        _ => Err(MlsError::Malformed("P-079: a pending proposal is not a PublicMessage".to_owned())),
    }
}

/// G-67: a group of our ciphersuite. G-66: a group without a room's components is none that we would be in, unless somebody
/// wants plain groups.
fn check_kind(public: &PublicGroup, roots: &TrustRoots) -> Result<(), MlsError> {
    if public.ciphersuite() != SUITE {
        return Err(MlsError::Invalid("G-67: the group has another ciphersuite".to_owned()));
    }
    match is_room(public) || roots.admits_plain_groups() {
        true => Ok(()),
        false => Err(MlsError::Invalid("G-66: the group has no app_data_dictionary".to_owned())),
    }
}

fn is_room(public: &PublicGroup) -> bool {
    public.group_context().extensions().app_data_dictionary().is_some()
}

/// A plain group has no hub: there, nothing but the GroupInfo's own signature says that a member has made it.
fn check_hub_key(public: &PublicGroup, hub_key: &[u8]) -> Result<(), MlsError> {
    if !is_room(public) {
        return Ok(());
    }
    let senders = public.group_context().extensions().external_senders();
    // openmls keeps the key to itself, but an ExternalSender is encoded with its signature_key<V> first.
    let key = encode(&VLBytes::new(hub_key.to_vec()));
    match senders.is_some_and(|senders| senders.iter().any(|sender| encode(sender).starts_with(&key))) {
        true => Ok(()),
        false => Err(MlsError::Invalid("P-078: the hub's key is not one of the group's external senders".to_owned())),
    }
}

/// Every leaf's credential is checked before we stay.
fn check_roster(public: &PublicGroup, roots: &TrustRoots, now_ms: u64) -> Result<(), MlsError> {
    for member in public.members() {
        weak_key::check(&member.encryption_key)?;
        certify(&member.credential, &member.signature_key, roots, now_ms)?;
    }
    Ok(())
}
