//! What an event that the Matrix room has accepted means for the conversation.

use ruma::{OwnedUserId, UserId};

use super::outgoing::lane;
use super::{Conversation, Intent, Invitation, Outgoing, Result, Topology, Turn, notices};
use crate::loss::{Feature, Loss};
use crate::matrix::Pdu;

impl Conversation {
    /// An event that the room has accepted (not soft-failed), already part of `self.room`.
    pub fn matrix_event(&mut self, turn: &mut Turn<'_>, pdu: &Pdu) -> Result<()> {
        if self.is_own_event(turn, pdu) {
            return Ok(());
        }
        if self.is_peers_room() {
            return self.peers_room_event(turn, pdu);
        }
        if self.row.kind == "consent" {
            return self.consent_room_event(turn, pdu);
        }
        match (pdu.event_type(), pdu.state_key()) {
            ("m.room.member", Some(user)) => match UserId::parse(user) {
                Ok(user) => self.member_changed(turn, pdu, &user),
                Err(_) => Ok(()),
            },
            (notices::OPT_IN_TYPE | "m.room.encryption", Some(_)) => self.reconsider(turn),
            ("m.room.name", Some("")) if self.is_active() => self.name_changed(turn, pdu),
            ("m.room.power_levels", Some("")) if self.is_active() => self.power_levels_changed(turn, pdu),
            (_, Some(_)) => Ok(()),
            (_, None) if self.is_active() => self.speak(turn, pdu),
            (_, None) => self.unsaid(turn, pdu),
        }
    }

    /// What is said while the bridge is paused is not carried later, either.
    fn unsaid(&mut self, turn: &mut Turn<'_>, pdu: &Pdu) -> Result<()> {
        if self.group.is_some() {
            let loss = Loss::new(Feature::Paused, "the bridge was paused");
            self.lose(turn, pdu.event_id().as_str(), "matrix_to_mimi", vec![loss]);
        }
        Ok(())
    }

    fn member_changed(&mut self, turn: &mut Turn<'_>, pdu: &Pdu, user: &OwnedUserId) -> Result<()> {
        let membership = pdu.content_str("membership").unwrap_or_default();
        let ghost = turn.gateway.names.ghost_to_mimi(user);
        let is_ours = user.server_name().as_str() == turn.gateway.names.server_name();
        match (membership.as_str(), is_ours) {
            ("invite", true) => self.ours_invited(turn, pdu.sender(), user),
            ("leave" | "ban", true) => {
                self.book.invitations.remove(user.as_str());
                match ghost {
                    Some(mimi) if self.is_active() => self.removed_on_matrix(turn, pdu, &mimi),
                    _ => Ok(()),
                }
            }
            ("join", false) => self.joined_on_matrix(turn, pdu, user),
            ("leave" | "ban", false) if self.is_active() => {
                self.book.told.remove(&told_to(user));
                let mimi = self.mimi_user(turn, user)?;
                self.removed_on_matrix(turn, pdu, &mimi)?;
                self.leave_if_alone(turn)
            }
            _ => Ok(()),
        }
    }

    /// One of our users was invited: the gateway's own user joins at once, a ghost asks for consent first.
    pub fn ours_invited(&mut self, turn: &mut Turn<'_>, inviter: &UserId, user: &UserId) -> Result<()> {
        let Some(room_id) = self.row.matrix_room_id.clone() else { return Ok(()) };
        let via = inviter.server_name().to_string();
        if *user == turn.gateway.names.gateway_user() {
            let item = Outgoing::MatrixJoin { room_id: room_id.clone(), user: user.to_string(), via: vec![via.clone()] };
            turn.send(lane::matrix(&via, &room_id), item);
            return Ok(());
        }
        let Some(mimi) = turn.gateway.names.ghost_to_mimi(user) else { return Ok(()) };
        let known = self.book.invitations.contains_key(user.as_str());
        if known {
            return Ok(());
        }
        let invitation = Invitation { inviter: inviter.to_string(), via, granted: false };
        self.book.invitations.insert(user.to_string(), invitation);
        let requester = self.mimi_user(turn, inviter)?;
        self.request_consent(turn, &requester, &mimi)
    }

    fn joined_on_matrix(&mut self, turn: &mut Turn<'_>, pdu: &Pdu, user: &UserId) -> Result<()> {
        if !self.is_active() {
            return self.reconsider(turn);
        }
        // A join that is only a new display name tells nobody anything.
        if self.topology() == Some(Topology::ForeignHub) && self.book.first_time(&told_to(user)) {
            self.disclose_in_a_notice(turn)?;
        }
        let mimi = self.mimi_user(turn, user)?;
        if self.is_participant(&mimi) {
            return Ok(());
        }
        match self.topology() {
            Some(Topology::OurHub) if self.has_to_wait() => {
                self.book.coming.insert(mimi.to_string());
                self.follow_matrix_later(turn, Intent::Add { user: mimi.to_string() }, pdu)
            }
            Some(Topology::OurHub) => self.hub_add_participant(turn, &mimi),
            Some(Topology::ForeignHub) => {
                let inviter = self.room()?.inviter_of(user).unwrap_or_else(|| user.to_owned());
                let intent = Intent::Add { user: mimi.to_string() };
                self.book.coming.insert(mimi.to_string());
                self.want(turn, &inviter, intent, pdu)
            }
            None => Ok(()),
        }
    }

    /// A Matrix user left, was kicked or banned, or somebody on Matrix did that to a ghost.
    fn removed_on_matrix(&mut self, turn: &mut Turn<'_>, pdu: &Pdu, mimi: &causeway_drafts::mimi_uri::UserUri) -> Result<()> {
        self.book.coming.remove(mimi.as_str());
        let bans = pdu.content_str("membership").as_deref() == Some("ban");
        // Lifting a ban is a leave, too.
        let lifts = !bans && self.is_banned(mimi);
        if !(self.is_participant(mimi) || lifts) {
            return Ok(());
        }
        match self.topology() {
            Some(Topology::OurHub) if bans && !self.has_to_wait() => self.hub_ban_participant(turn, mimi),
            Some(Topology::OurHub) if !self.has_to_wait() => self.hub_remove_participant(turn, mimi),
            Some(_) => {
                let actor = pdu.sender().to_owned();
                let intent = match () {
                    () if Some(actor.as_str()) == pdu.state_key() => Intent::Leave,
                    () if bans => Intent::Ban { user: mimi.to_string() },
                    () => Intent::Remove { user: mimi.to_string() },
                };
                self.want(turn, &actor, intent, pdu)
            }
            None => Ok(()),
        }
    }

    fn name_changed(&mut self, turn: &mut Turn<'_>, pdu: &Pdu) -> Result<()> {
        let name = pdu.content_str("name").unwrap_or_default();
        if self.group()?.room_state().metadata.name() == name {
            return Ok(());
        }
        match self.topology() {
            Some(Topology::OurHub) if !self.has_to_wait() => self.hub_rename(turn, &name),
            Some(_) => {
                let actor = pdu.sender().to_owned();
                self.want(turn, &actor, Intent::Rename { name }, pdu)
            }
            None => Ok(()),
        }
    }

    /// With a foreign hub, roles are the hub's: power levels that somebody changes on Matrix have no effect there.
    fn power_levels_changed(&mut self, turn: &mut Turn<'_>, pdu: &Pdu) -> Result<()> {
        match self.topology() {
            Some(Topology::OurHub) if self.has_to_wait() => self.follow_matrix_later(turn, Intent::FollowPowerLevels, pdu),
            Some(Topology::OurHub) => self.hub_follow_power_levels(turn),
            _ => Ok(()),
        }
    }
}

/// The name under which the disclosure to a user of a mirror room is remembered.
fn told_to(user: &UserId) -> String {
    format!("disclosed to {user}")
}
