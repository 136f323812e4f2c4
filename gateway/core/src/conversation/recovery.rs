//! What somebody has to decide about a group that does not go on by itself (SPEC §15.7): where it goes on after two sides have
//! gone too far apart, who is taken out because nobody can open a commit.

use causeway_drafts::mimi_uri::UserUri;
use causeway_mls::graph::Conflict;
use causeway_mls::{
    ClientIdentity, EpochId, ForkableGroup, HeadChange, Judge, MlsError, Prepared as PreparedCommit, SignedStatement,
};
use serde_bytes::ByteBuf;

use super::peer_message::PeerMessage;
use super::{Conversation, ConversationError, Result, Turn};
use crate::loss::{Feature, Loss};

impl Conversation {
    /// The group goes on at this epoch, somebody has decided (DMLS-19).
    ///
    /// # Errors
    /// If the epoch is not known, or none of our users in it may say so (DMLS-21, DMLS-16).
    pub fn override_anchor(&mut self, turn: &mut Turn<'_>, epoch: &EpochId) -> Result<()> {
        let from = self.forkable()?.head();
        if !self.forkable()?.graph().contains(epoch) {
            return Err(ConversationError::refused("DMLS-19", "the epoch is not known here"));
        }
        let statement = self.say_at(epoch, |graph, identity| graph.override_anchor(identity, epoch))?;
        self.tell_all(turn, &self.peers(turn)?, &PeerMessage::Statement(ByteBuf::from(statement)))?;
        if let Some(change) = self.forkable()?.change_since(from) {
            self.head_moved(turn, &change, &[])?;
        }
        self.after_head(turn)
    }

    /// Signs a statement as the first own client in an epoch whose user may say such things there.
    pub(super) fn say_at(
        &mut self,
        epoch: &EpochId,
        say: impl Fn(&mut ForkableGroup, &ClientIdentity) -> std::result::Result<SignedStatement, MlsError>,
    ) -> Result<Vec<u8>> {
        let state = self.forkable()?.state(epoch)?.clone();
        let may = |user: &UserUri| state.room_state().may_open_term(user).is_ok();
        let signers = state.members().iter().filter(|member| may(&member.user)).map(|member| &member.client);
        let identities: Vec<ClientIdentity> = signers.filter_map(|client| self.clients.get(client)).cloned().collect();
        let mut refused = ConversationError::refused("DMLS-21", "none of our users here may say so");
        for identity in identities {
            match say(self.forkable()?, &identity) {
                Ok(statement) => return Ok(statement.to_bytes()),
                Err(error @ MlsError::NotAllowed(_)) => refused = error.into(),
                Err(error) => return Err(error.into()),
            }
        }
        Err(refused)
    }

    /// Nobody can open what leads to the head, somebody has found: who has made it is taken out, in a commit beside it. Gives who
    /// that is.
    ///
    /// # Errors
    /// If one of our clients does hold the head, none was in before, or none of our users may remove the author.
    pub fn expel(&mut self, turn: &mut Turn<'_>) -> Result<UserUri> {
        let judge = Judge { roots: turn.roots, now_ms: turn.now };
        let (peers, stranded) = (self.peers(turn)?, self.forkable()?.stranded()?);
        if let Some(client) = self.own_members()?.first() {
            return Err(ConversationError::refused("SPEC §15.7", format!("{client} holds the head: nobody has to be taken out")));
        }
        let mut refused = ConversationError::Missing("own client that was in the group before");
        for client in stranded {
            let identity = self.identity(&client)?.clone();
            match expel_as(self.forkable()?, &identity, judge) {
                Ok((PreparedCommit { pending, .. }, change, author)) => {
                    self.tell_all(turn, &peers, &PeerMessage::Commit(ByteBuf::from(pending.commit)))?;
                    if let Some(change) = change {
                        self.head_moved(turn, &change, std::slice::from_ref(&pending.summary))?;
                    }
                    self.after_head(turn)?;
                    return Ok(author);
                }
                Err(error @ (MlsError::NotAllowed(_) | MlsError::Stranded(_))) => refused = error.into(),
                Err(error) => return Err(error.into()),
            }
        }
        Err(refused)
    }

    /// Says once of each conflict that nothing is sent any more.
    pub(super) fn notice_conflict(&mut self, turn: &mut Turn<'_>) -> Result<()> {
        let Some(conflict) = self.forkable()?.conflict() else { return Ok(()) };
        let Conflict { fork, ours, theirs } = conflict;
        if self.book.first_time(&format!("conflict:{fork}:{theirs}")) {
            let why = format!("DMLS-18: since epoch {fork}, ours leads to {ours}, another side's to {theirs}");
            self.lose(turn, "graph", "mimi_to_matrix", vec![Loss::new(Feature::GraphConflict, why)]);
        }
        Ok(())
    }
}

/// The commit beside the head, how that has moved the head, and who is out.
fn expel_as(
    graph: &mut ForkableGroup,
    identity: &ClientIdentity,
    judge: Judge<'_>,
) -> std::result::Result<(PreparedCommit, Option<HeadChange>, UserUri), MlsError> {
    let (plan, author) = graph.expulsion(&identity.client_uri)?;
    let prepared = graph.prepare_beside(identity, &plan, judge)?;
    let change = graph.publish_beside(&prepared.id)?;
    Ok((prepared, change, author))
}
