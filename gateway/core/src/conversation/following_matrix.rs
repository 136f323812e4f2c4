//! At the gateway that was the hub, the Matrix room is what the MIMI room follows: also when nothing can be committed for now, and
//! what has happened on Matrix has to wait.

use causeway_drafts::mimi_uri::UserUri;
use causeway_mls::MlsError;

use super::outgoing::lane;
use super::prepare::{EPOCH_PATIENCE, Prepared, parse_user_uri};
use super::{Conversation, ConversationError, Intent, Outgoing, Result, Topology, Turn};
use crate::matrix::Pdu;

impl Conversation {
    pub(super) fn is_our_hub_s(&self) -> bool {
        self.topology() == Some(Topology::OurHub)
    }

    /// What an event on Matrix means is done when it can be, by whoever of ours may, as the hub would have.
    pub(super) fn follow_matrix_later(&mut self, turn: &mut Turn<'_>, intent: Intent, pdu: &Pdu) -> Result<()> {
        let user = turn.gateway.names.listener_uri().to_string();
        let item = Outgoing::Update { user, intent, event_id: pdu.event_id().to_string() };
        turn.send(lane::own(self.mimi_room()?.as_str()), item);
        Ok(())
    }

    pub(super) fn prepare_to_follow_matrix(&mut self, turn: &mut Turn<'_>, intent: &Intent) -> Result<Prepared> {
        let listener = turn.gateway.names.listener_uri();
        if self.is_satisfied(&listener, intent) || self.is_overtaken(turn, listener.as_str(), intent)? {
            return Ok(Prepared::Done);
        }
        if self.has_to_wait() {
            if self.forkable()?.conflict().is_none() {
                self.want_group_info_again(turn)?;
            }
            return Ok(Prepared::Wait(EPOCH_PATIENCE));
        }
        let done = match intent {
            Intent::Add { user } => self.hub_add_participant(turn, &parse_user_uri(user)?),
            _ => self.hub_follow_power_levels(turn),
        };
        match done {
            Ok(()) => Ok(Prepared::Done),
            Err(ConversationError::Mls(error @ (MlsError::NotAllowed(_) | MlsError::Invalid(_)))) => {
                self.revert(turn, intent, &error.to_string())?;
                Ok(Prepared::Done)
            }
            Err(error) => Err(error),
        }
    }

    /// Whether the Matrix room says something else by now: who has come again is not removed any more, and who has gone is not
    /// added.
    pub(super) fn is_overtaken(&self, turn: &Turn<'_>, actor: &str, intent: &Intent) -> Result<bool> {
        let Some(room) = self.room.as_ref().filter(|_| self.is_our_hub_s()) else { return Ok(false) };
        let is_in = |user: &UserUri| room.membership(&self.matrix_user(turn, user)).as_deref() == Some("join");
        Ok(match intent {
            Intent::Leave => is_in(&parse_user_uri(actor)?),
            Intent::Remove { user } | Intent::Ban { user } => is_in(&parse_user_uri(user)?),
            Intent::Add { user } => !is_in(&parse_user_uri(user)?),
            Intent::Rename { .. } | Intent::CommitProposals | Intent::FollowPowerLevels => false,
        })
    }
}
