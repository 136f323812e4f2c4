//! The hardening of a group whose parents are kept (SPEC §14.12): what its commits carry, and what an own client keeps of it.

use causeway_drafts::encode;
use causeway_drafts::mimi_uri::ClientUri;
use causeway_drafts::numbers::COMPONENT_HARDENING;
use openmls::prelude::{
    LeafNode, LeafNodeIndex, LeafNodeParameters, MlsGroup, PreSharedKeyProposal, Proposal, ProposalIn, ProposalOrRefIn,
    ProposalOrRefType, PublicGroup, QueuedProposal, Sender, StagedCommit,
};
use openmls::schedule::{ExternalPsk, PreSharedKeyId, Psk};
use openmls_traits::OpenMlsProvider;
use openmls_traits::storage::StorageProvider;
use tls_codec::Deserialize;

use super::{CommitPlan, CommitSummary, Group, capabilities, listed};
use crate::MlsError;
use crate::hardening::{self, Hardening, Input, Pprf, can_puncture, leaf_extensions};
use crate::key_package::SUITE;
use crate::planted::planted;
use crate::policy::NotAllowed;
use crate::provider::Crypto;
use crate::rows::Rows;
use crate::storage::Provider;

/// The key under which a client's PRF in a hardened epoch stands, beside openmls' rows.
const PPRF_KEY: &[u8] = b"causeway/pprf";

/// What a client's leaf says when it is made anew.
pub(super) fn leaf_parameters() -> Result<LeafNodeParameters, MlsError> {
    let parameters = LeafNodeParameters::builder().with_capabilities(capabilities());
    Ok(parameters.with_extensions(leaf_extensions()?).build())
}

/// The client's rows in an epoch that it has just entered. In a hardened one, the root of its PRF is drawn first, so that the
/// exporter that is stored does not give it a second time.
pub(super) fn entered(provider: &Provider, group: &mut MlsGroup) -> Result<Rows, MlsError> {
    let dictionary = group.extensions().app_data_dictionary().map(|extension| extension.dictionary());
    let is_hardened = dictionary.map(Hardening::of).transpose()?.is_some_and(Hardening::is_on);
    if !is_hardened {
        return Ok(provider.private()?);
    }
    let root = group.safe_export_secret(provider.crypto(), provider.storage(), COMPONENT_HARDENING).map_err(MlsError::invalid)?;
    let pprf = Pprf::rooted_in(&root)?;
    let mut rows = provider.private()?;
    rows.insert(PPRF_KEY.to_vec(), pprf.to_bytes().to_vec());
    Ok(rows)
}

/// A PSK that lies where openmls looks for it, for one operation.
pub(super) struct LaidOut {
    id: PreSharedKeyId,
}

impl LaidOut {
    /// As a proposal of the committer's.
    pub(super) fn proposal(&self) -> Proposal {
        Proposal::PreSharedKey(Box::new(PreSharedKeyProposal::new(self.id.clone())))
    }

    /// Takes it away, before rows are made of what is there.
    pub(super) fn clear(self, provider: &Provider) -> Result<(), MlsError> {
        provider.storage().delete_psk(self.id.psk()).map_err(MlsError::stored)
    }
}

impl Group {
    /// Whether commits made here carry a PSK.
    fn is_hardened(&self) -> bool {
        self.state.hardening.is_on()
    }

    /// Clients that cannot take part in a hardened group, as far as their leaves say (DMLS-34).
    ///
    /// # Errors
    /// If the stored state is broken.
    pub fn cannot_harden(&self) -> Result<Vec<ClientUri>, MlsError> {
        self.ask_public(|public| {
            let cannot = self.members.iter().filter(|member| !leaf_can(public, LeafNodeIndex::new(member.leaf)));
            cannot.map(|member| member.client.clone()).collect()
        })
    }

    /// The PSK that a commit of this client's needs, laid out; none where it takes none.
    pub(super) fn lay_out_for(
        &self,
        plan: &CommitPlan,
        client: &ClientUri,
        (provider, group): (&Provider, &MlsGroup),
    ) -> Result<Option<LaidOut>, MlsError> {
        let is_add = |proposal: &QueuedProposal| matches!(proposal.proposal(), Proposal::Add(_));
        if !self.is_hardened() || !plan.add_key_packages.is_empty() || group.pending_proposals().any(is_add) {
            return Ok(None);
        }
        let (name, input) = hardening::new_id(group.own_leaf_index().u32(), provider.rand())?;
        let id = PreSharedKeyId::new(SUITE, provider.rand(), Psk::External(ExternalPsk::new(name))).map_err(MlsError::stored)?;
        self.lay_out(id, &input, client, provider).map(Some)
    }

    /// The PSK that a judged commit names, laid out for a client that follows; none where it names none.
    pub(super) fn lay_out_of(&self, commit: &[u8], client: &ClientUri, provider: &Provider) -> Result<Option<LaidOut>, MlsError> {
        let Some((id, input)) = self.psk_of(commit)? else { return Ok(None) };
        self.lay_out(id, &input, client, provider).map(Some)
    }

    fn lay_out(&self, id: PreSharedKeyId, input: &Input, client: &ClientUri, provider: &Provider) -> Result<LaidOut, MlsError> {
        let pprf = self.pprf_of(client)?;
        let psk = pprf.map_or(Ok(None), |pprf| pprf.evaluate(provider.crypto(), input))?;
        let psk = psk.ok_or_else(|| MlsError::Invalid("DMLS-35: the PSK has been used, and cannot be drawn again".to_owned()))?;
        id.store(provider, &psk).map_err(MlsError::stored)?;
        Ok(LaidOut { id })
    }

    /// None where the client has only what opens stragglers.
    fn pprf_of(&self, client: &ClientUri) -> Result<Option<Pprf>, MlsError> {
        let row = self.snapshot.clients.get(client).and_then(|rows| rows.get(PPRF_KEY));
        row.map(|row| Pprf::from_bytes(row)).transpose()
    }

    /// An own client has entered the epoch that a commit opens, or its own commit is on its way: from here, none can again.
    pub(crate) fn puncture(&mut self, commit: &[u8]) -> Result<(), MlsError> {
        let Some((_, input)) = self.psk_of(commit)?.filter(|_| !planted!(PprfUnpunctured)) else { return Ok(()) };
        for row in self.snapshot.clients.values_mut().filter_map(|rows| rows.get_mut(PPRF_KEY)) {
            let mut pprf = Pprf::from_bytes(row)?;
            pprf.puncture(&Crypto::default(), &input)?;
            *row = pprf.to_bytes().to_vec();
        }
        Ok(())
    }

    /// Whether an own client could still draw the PSK of a commit made here, and so open it.
    pub(crate) fn can_draw(&self, client: &ClientUri, commit: &[u8]) -> Result<bool, MlsError> {
        let Some(((_, input), pprf)) = self.psk_of(commit)?.zip(self.pprf_of(client)?) else { return Ok(false) };
        Ok(pprf.evaluate(&Crypto::default(), &input)?.is_some())
    }

    /// The PSK that a commit made here names by itself, and where the PRF has it.
    fn psk_of(&self, commit: &[u8]) -> Result<Option<(PreSharedKeyId, Input)>, MlsError> {
        if !self.is_hardened() {
            return Ok(None);
        }
        let (committer, proposals) = listed::by_member(commit)?;
        let psk = proposals.into_iter().find_map(|proposal| match proposal {
            ProposalOrRefIn::Proposal(proposal) => match *proposal {
                ProposalIn::PreSharedKey(psk) => Some(psk),
                _ => None,
            },
            ProposalOrRefIn::Reference(_) => None,
        });
        let (Some(psk), Some(committer)) = (psk, committer) else { return Ok(None) };
        let id = id_of(&psk)?;
        let input = hardening::input_of(&id, committer)?;
        Ok(Some((id, input)))
    }

    /// What is asked of a commit in a hardened group, and of one that makes it that. Anybody can judge it at the parent.
    pub(super) fn check_hardening(
        &self,
        public: &PublicGroup,
        staged: &StagedCommit,
        summary: &CommitSummary,
    ) -> Result<(), MlsError> {
        if planted!(HardeningUnchecked) {
            return Ok(());
        }
        self.check_psks(staged, summary)?;
        match summary.after.hardening.is_on() {
            true => self.check_support(public, staged, &summary.committer),
            false => Ok(()),
        }
    }

    /// DMLS-35: a member's commit that adds nobody carries one PSK, by value; who joins would not know it.
    fn check_psks(&self, staged: &StagedCommit, summary: &CommitSummary) -> Result<(), MlsError> {
        if !self.is_hardened() {
            return Ok(());
        }
        let is_psk = |proposal: &&QueuedProposal| matches!(proposal.proposal(), Proposal::PreSharedKey(_));
        let psks: Vec<_> = staged.queued_proposals().filter(is_psk).collect();
        match (psks.as_slice(), summary.external || !summary.added.is_empty()) {
            ([], true) => Ok(()),
            ([psk], false) => check_psk(psk),
            (_, true) => refuse("DMLS-35", "a commit that lets somebody in carries no PSK: who joins does not know it"),
            ([], false) => refuse("DMLS-35", "a commit in a hardened group that adds nobody carries a PSK"),
            (_, false) => refuse("DMLS-35", "a commit carries one PSK"),
        }
    }

    /// DMLS-34: a hardened group has no leaf that does not say that its client can take part.
    fn check_support(&self, public: &PublicGroup, staged: &StagedCommit, committer: &ClientUri) -> Result<(), MlsError> {
        let can = staged.add_proposals().all(|proposal| can_puncture(proposal.add_proposal().key_package().leaf_node()))
            && staged.update_proposals().all(|proposal| can_puncture(proposal.update_proposal().leaf_node()))
            && staged.update_path_leaf_node().is_none_or(can_puncture);
        if !can {
            return refuse("DMLS-34", "a leaf comes in that does not list the hardening");
        }
        if self.is_hardened() {
            return Ok(());
        }
        let gone = self.replaced(staged)?;
        let is_renewed = |client: &ClientUri| client == committer && staged.update_path_leaf_node().is_some();
        let mut stays = self.members.iter().filter(|member| !gone.contains(&member.leaf) && !is_renewed(&member.client));
        match stays.find(|member| !leaf_can(public, LeafNodeIndex::new(member.leaf))) {
            Some(member) => refuse("DMLS-34", &format!("{} cannot: its leaf does not list the hardening", member.client)),
            None => Ok(()),
        }
    }

    /// Leaves that a commit's proposals take out, or replace.
    fn replaced(&self, staged: &StagedCommit) -> Result<Vec<u32>, MlsError> {
        let mut gone: Vec<u32> = self.removed(staged)?.into_iter().map(|member| member.leaf).collect();
        let by_member = |sender: &Sender| match sender {
            Sender::Member(leaf) => Some(leaf.u32()),
            _ => None,
        };
        gone.extend(staged.update_proposals().filter_map(|proposal| by_member(proposal.sender())));
        Ok(gone)
    }
}

fn refuse(rule: &'static str, why: &str) -> Result<(), MlsError> {
    Err(NotAllowed { rule, why: why.to_owned() }.into())
}

fn check_psk(proposal: &QueuedProposal) -> Result<(), MlsError> {
    let (Proposal::PreSharedKey(psk), Sender::Member(committer)) = (proposal.proposal(), proposal.sender()) else {
        return refuse("DMLS-35", "a PSK is the committer's");
    };
    if !matches!(proposal.proposal_or_ref_type(), ProposalOrRefType::Proposal) {
        return refuse("DMLS-35", "a PSK stands in the commit itself");
    }
    Ok(hardening::input_of(&id_of(psk)?, committer.u32()).map(|_| ())?)
}

/// openmls keeps the name to itself, but the proposal is encoded as nothing else.
fn id_of(psk: &PreSharedKeyProposal) -> Result<PreSharedKeyId, MlsError> {
    PreSharedKeyId::tls_deserialize(&mut encode(psk).as_slice()).map_err(MlsError::malformed)
}

fn leaf_can(public: &PublicGroup, leaf: LeafNodeIndex) -> bool {
    public.leaf(leaf).is_some_and(can_puncture)
}

/// Whether a commit by this leaf has to renew it: it was made when leaves did not say what they know.
pub(super) fn is_silent(leaf: Option<&LeafNode>) -> bool {
    leaf.is_some_and(|leaf| !can_puncture(leaf))
}
