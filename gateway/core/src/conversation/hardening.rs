//! Whether a room's group is hardened (SPEC §14.12), which an operator decides.

use causeway_drafts::mimi_uri::ClientUri;
use causeway_mls::{CommitPlan, Hardening};

use super::{Conversation, ConversationError, Result, Topology, Turn};

impl Conversation {
    /// Somebody has decided whether the group's commits are hardened. One of our users whose role allows it says so, where we
    /// order the room or nobody does.
    ///
    /// # Errors
    /// If another hub orders the room, none of our users may (DMLS-34), or a member's client cannot take part.
    pub fn harden(&mut self, turn: &mut Turn<'_>, hardening: Hardening) -> Result<()> {
        if self.group()?.room_state().hardening == hardening {
            return Ok(());
        }
        if !self.is_leaderless() && self.topology() != Some(Topology::OurHub) {
            return Err(ConversationError::refused("SPEC §14.12", "another hub orders the room: its operator can switch it"));
        }
        let committer = self.switcher(turn)?;
        let plan = CommitPlan { hardening: Some(hardening), ..CommitPlan::default() };
        match self.is_leaderless() {
            true => self.leaderless_commit_as(turn, &committer, &plan).map(|_| ()),
            false => self.own_commit_as(turn, &committer, plan).map(|_| ()),
        }
    }

    /// A client of a user of ours who may switch it: the same who may say who orders the room.
    fn switcher(&mut self, turn: &mut Turn<'_>) -> Result<ClientUri> {
        if let Some(user) = self.signer_without_a_leaf(turn)? {
            match self.is_leaderless() {
                true => {
                    let client = self.client_of(turn, &user)?;
                    self.can_send(turn, &client)?;
                }
                false => drop(self.ensure_leaf(turn, &user)?),
            }
        }
        let group = self.group()?;
        let client = group.own_clients().find(|client| group.room_state().may_open_term(&client.user_uri()).is_ok());
        client.cloned().ok_or_else(|| ConversationError::refused("DMLS-34", "none of our users here may say so"))
    }
}
