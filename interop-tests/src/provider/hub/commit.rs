//! `update` with a commit [mimi-protocol-06 §5.3].

use std::collections::BTreeSet;

use causeway_drafts::mimi_protocol_06::ratchet_tree::RatchetTreeOption;
use causeway_drafts::mimi_protocol_06::update::CommitBundle;
use causeway_drafts::mimi_uri::ProviderDomain;
use causeway_drafts::{Verbatim, encode};
use openmls::prelude::{PublicGroup, Welcome};
use openmls_rust_crypto::OpenMlsRustCrypto;
use openmls_traits::OpenMlsProvider;

use super::{HubRoom, copy, open_group, public_message, staged_commit};
use crate::provider::credentials::Trust;
use crate::provider::error::{Error, Result};
use crate::provider::policy;
use crate::provider::view::View;

/// A commit that the hub has taken.
pub(crate) struct AcceptedCommit {
    /// When, ms.
    pub(crate) at: u64,
    /// What it does.
    pub(crate) view: View,
    /// Who had clients in the group before.
    pub(crate) before: BTreeSet<ProviderDomain>,
    /// Who gets the Welcome (P-063).
    pub(crate) welcomed: BTreeSet<ProviderDomain>,
    /// The tree of the new epoch.
    pub(crate) tree: Vec<u8>,
}

impl HubRoom {
    /// Takes a commit or refuses it.
    ///
    /// # Errors
    /// The epoch or the rule against it; then nothing has changed.
    pub(crate) fn accept_commit(&mut self, from: &ProviderDomain, bundle: &CommitBundle, trust: &Trust) -> Result<AcceptedCommit> {
        let message = public_message(&bundle.commit)?;
        self.check_place(message.group_id(), message.epoch().as_u64())?;
        let provider = copy(&self.public)?;
        let mut public = self.load(&provider)?;
        let before = self.state()?;
        let processed = public.process_message(provider.crypto(), message).map_err(Error::invalid)?;
        let sender = processed.sender().clone();
        let staged = staged_commit(&public, &provider, &before, processed.into_content())?;
        let view = View::of_commit(self.scene(&before, trust)?, &staged, &sender)?;
        if view.author.provider() != *from {
            return Err(Error::NotAllowed(format!("P-045: {} is not a client of {from}, which sent the commit", view.author)));
        }
        self.check_includes_pending(&view)?;
        policy::judge_commit(&view)?;
        check_welcome(bundle, &view)?;
        public.merge_commit(provider.storage(), staged).map_err(Error::invalid)?;
        let tree = check_group_info(&public, bundle)?;
        let before = self.providers()?;
        let welcomed = self.welcomed(&view);
        self.public = provider;
        self.group_info = bundle.group_info_option.full_bytes()?.to_vec();
        self.pending.clear();
        Ok(AcceptedCommit { at: self.tick(), view, before, welcomed, tree })
    }

    /// P-118, P-119: the next commit includes what was proposed. An external commit can include SelfRemoves only, so it
    /// has to wait until a member has committed the rest.
    fn check_includes_pending(&self, view: &View) -> Result<()> {
        let left_out = |pending: &&super::Pending| {
            let reference = pending.queued.proposal_reference_ref().as_slice();
            !view.references.iter().any(|included| included == reference)
        };
        match self.pending.iter().filter(left_out).count() {
            0 => Ok(()),
            count => Err(Error::NotAllowed(format!("P-118, P-119: the commit leaves {count} pending proposals out"))),
        }
    }

    fn welcomed(&mut self, view: &View) -> BTreeSet<ProviderDomain> {
        let adds = view.added.iter().zip(&view.added_references);
        adds.map(|(added, reference)| self.claims.remove(reference).unwrap_or_else(|| added.client.provider())).collect()
    }
}

/// R-054, P-039: GroupInfo and tree are those of the new epoch, and a joiner can use them.
fn check_group_info(public: &PublicGroup, bundle: &CommitBundle) -> Result<Vec<u8>> {
    let tree = encode(&public.export_ratchet_tree());
    if bundle.ratchet_tree_option != RatchetTreeOption::DistributionService && bundle.ratchet_tree_option.full_bytes()? != tree {
        return Err(Error::NotAllowed("P-039: the ratchet tree is not the new epoch's".to_owned()));
    }
    let (announced, info) = open_group(&OpenMlsRustCrypto::default(), (bundle.group_info_option.full_bytes()?, &tree))?;
    let same = announced.group_context() == public.group_context() && announced.confirmation_tag() == public.confirmation_tag();
    let refuse = |why: &str| Err(Error::NotAllowed(why.to_owned()));
    match () {
        () if !same => refuse("R-054: the GroupInfo is not the new epoch's"),
        () if info.extensions().ratchet_tree().is_some() => refuse("P-039: the GroupInfo carries the ratchet tree"),
        () if info.extensions().external_pub().is_none() => refuse("G-23: the GroupInfo has no external_pub"),
        () => Ok(tree),
    }
}

/// The Welcome is for those that are added, all of them and nobody else.
fn check_welcome(bundle: &CommitBundle, view: &View) -> Result<()> {
    let named = |welcome: &Verbatim<Welcome>| -> BTreeSet<Vec<u8>> {
        welcome.value().secrets().iter().map(|secret| secret.new_member().as_slice().to_vec()).collect()
    };
    let named = bundle.welcome.as_ref().map(named).unwrap_or_default();
    let added: BTreeSet<Vec<u8>> = view.added_references.iter().cloned().collect();
    match named == added {
        true => Ok(()),
        false => Err(Error::NotAllowed("P-039: the Welcome is not for exactly the clients that are added".to_owned())),
    }
}
