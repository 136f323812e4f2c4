//! `update` with proposals [mimi-protocol-06 §5.3]: all or none (P-042).

use causeway_drafts::mimi_protocol_06::group_info::PendingProposal;
use causeway_drafts::mimi_protocol_06::message::Message;
use causeway_drafts::mimi_protocol_06::update::ProposalBundle;
use causeway_drafts::mimi_room_policy_04::roles_list::{BANNED, NO_ROLE};
use causeway_drafts::mimi_uri::{ClientUri, ProviderDomain};
use openmls::prelude::{ProcessedMessageContent, Proposal, PublicGroup, Sender};
use openmls_rust_crypto::OpenMlsRustCrypto;
use openmls_traits::OpenMlsProvider;

use super::{HubRoom, Pending, copy, public_message};
use crate::provider::credentials::Trust;
use crate::provider::error::{Error, Result};
use crate::provider::policy;
use crate::provider::room_state::RoomState;
use crate::provider::view::{Scene, View};

impl HubRoom {
    /// Takes proposals or refuses them. Returns when.
    ///
    /// # Errors
    /// The epoch or the rule against them; then nothing has changed.
    pub(crate) fn accept_proposals(&mut self, from: &ProviderDomain, bundle: &ProposalBundle, trust: &Trust) -> Result<u64> {
        let provider = copy(&self.public)?;
        let mut public = self.load(&provider)?;
        let state = self.state()?;
        let effective = self.effective_state()?;
        let mut fresh = Vec::new();
        for message in bundle.all() {
            let pending = self.check_proposal((&mut public, &provider), message, &self.scene(&state, trust)?)?;
            if pending.author.provider() != *from {
                return Err(Error::NotAllowed(format!("P-045: {} is not a client of {from}, which sent it", pending.author)));
            }
            check_author(&effective, &pending)?;
            fresh.push(pending);
        }
        let author = fresh.first().map(|pending| pending.author.clone()).ok_or_else(|| Error::malformed("P-042: no proposal"))?;
        let all = self.pending.iter().chain(&fresh).map(|pending| &pending.queued);
        policy::judge_proposals(&View::of_proposals(self.scene(&state, trust)?, author, all)?)?;
        let at = self.tick();
        fresh.iter_mut().for_each(|pending| pending.wire.hub_accepted_time = at);
        self.pending.extend(fresh);
        self.public = provider;
        Ok(at)
    }

    fn check_proposal(
        &self,
        (public, provider): (&mut PublicGroup, &OpenMlsRustCrypto),
        message: &Message,
        scene: &Scene<'_>,
    ) -> Result<Pending> {
        let public_message = public_message(message)?;
        self.check_place(public_message.group_id(), public_message.epoch().as_u64())?;
        let processed = public.process_message(provider.crypto(), public_message).map_err(Error::invalid)?;
        let Sender::Member(leaf) = processed.sender() else {
            return Err(Error::NotAllowed("R-055: proposals come from members".to_owned()));
        };
        let author: ClientUri = scene.client_at(*leaf)?.clone();
        let ProcessedMessageContent::ProposalMessage(queued) = processed.into_content() else {
            return Err(Error::malformed("P-037: not a Proposal"));
        };
        let queued = *queued;
        public.add_proposal(provider.storage(), queued.clone()).map_err(Error::internal)?;
        Ok(Pending { wire: PendingProposal { proposal: message.clone(), hub_accepted_time: 0 }, queued, author })
    }
}

/// P-036: who is removed or banned may only take its own clients out.
fn check_author(effective: &RoomState, pending: &Pending) -> Result<()> {
    let user = pending.author.user_uri();
    let out = matches!(effective.role_of(&user), NO_ROLE | BANNED);
    let harmless = matches!(pending.queued.proposal(), Proposal::Remove(_) | Proposal::SelfRemove);
    if out && !harmless { Err(Error::NotAllowed(format!("P-036: {user} is not a participant any more"))) } else { Ok(()) }
}
