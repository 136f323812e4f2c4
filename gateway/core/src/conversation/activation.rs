//! When a room is bridged: who opted in, and what stands against it.

use causeway_drafts::mimi_protocol_06::participant_list::{ParticipantListData, UserRolePair};
use causeway_drafts::mimi_protocol_06::room_metadata::RoomMetadata;
use causeway_drafts::mimi_uri::{GroupUri, RoomUri, UserUri};
use causeway_mls::{CreateGroup, Group, RoomState};
use ruma::UserId;
use serde_json::json;

use super::{Conversation, Result, Topology, Turn, notices, roles};
use crate::matrix::Room;

/// What stands between a Matrix room and its being bridged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Obstacle {
    Encrypted,
    NotOptedIn,
    EndpointModeNotAllowed,
}

impl Conversation {
    /// The gateway has entered a Matrix room.
    pub fn entered(&mut self, turn: &mut Turn<'_>, room: Room, as_user: &UserId) -> Result<()> {
        self.room = Some(room);
        self.book.invitations.remove(as_user.as_str());
        if self.is_peers_room() {
            return self.entered_peers_room(turn);
        }
        self.reconsider(turn)?;
        self.claim_for_joined_ghosts(turn)
    }

    /// Looks at the Matrix room's state again: begins, pauses or resumes the bridge.
    pub(super) fn reconsider(&mut self, turn: &mut Turn<'_>) -> Result<()> {
        if self.room.is_none() || self.row.kind != "bridge" {
            return Ok(());
        }
        match self.obstacle(turn) {
            Some(obstacle) => self.hold_back(turn, obstacle),
            None if self.is_active() => Ok(()),
            None if self.group.is_some() => {
                self.row.status = "active".to_owned();
                Ok(())
            }
            None => self.activate(turn),
        }
    }

    fn obstacle(&self, turn: &Turn<'_>) -> Option<Obstacle> {
        let room = self.room.as_ref()?;
        if room.is_encrypted() {
            return Some(Obstacle::Encrypted);
        }
        if self.topology() == Some(Topology::ForeignHub) {
            return None;
        }
        let opted_in = room
            .state_content(notices::OPT_IN_TYPE, turn.gateway.names.server_name())
            .is_some_and(|content| content.get("trust_mode").and_then(|mode| mode.as_str()) == Some("endpoint"));
        if !opted_in {
            return Some(Obstacle::NotOptedIn);
        }
        (!turn.gateway.endpoint_mode_allowed).then_some(Obstacle::EndpointModeNotAllowed)
    }

    fn hold_back(&mut self, turn: &mut Turn<'_>, obstacle: Obstacle) -> Result<()> {
        if self.is_active() {
            self.row.status = "paused".to_owned();
        }
        let server_name = turn.gateway.names.server_name().to_owned();
        let (name, text) = match obstacle {
            Obstacle::Encrypted => ("encrypted", notices::ENCRYPTED_ROOM.to_owned()),
            Obstacle::NotOptedIn => ("opt_in", notices::how_to_opt_in(&server_name)),
            Obstacle::EndpointModeNotAllowed => ("endpoint_mode", notices::ENDPOINT_MODE_NOT_ALLOWED.to_owned()),
        };
        if !self.book.first_time(name) {
            return Ok(());
        }
        // Nothing is ever sent into an encrypted room in clear but this sentence, which says so.
        self.emit_notice(turn, &text)
    }

    /// Our hub: the Matrix room gets its MIMI room, ordered by us.
    fn activate(&mut self, turn: &mut Turn<'_>) -> Result<()> {
        let provider = turn.gateway.names.provider().clone();
        let id = turn.random_name();
        let mimi_room = RoomUri::new(&provider, &id);
        let group_uri = GroupUri::new(&provider, &id);
        self.row.mimi_room = Some(mimi_room.to_string());
        self.row.hub = Some(provider.to_string());
        self.row.topology = Some("our_hub".to_owned());

        let listener = turn.gateway.names.listener_client();
        self.ensure_identity(turn, &listener)?;
        let state = self.initial_room_state(turn, &mimi_room)?;
        let parameters =
            CreateGroup { group_id: group_uri.as_str().as_bytes().to_vec(), room_state: state, hub: &turn.gateway.hub };
        let group = Group::create(parameters, self.identity(&listener)?)?;
        self.book.group_info = group.group_info(self.identity(&listener)?)?;
        self.group = Some(group);
        self.row.status = "active".to_owned();
        self.disclose_to_matrix(turn)
    }

    fn initial_room_state(&self, turn: &Turn<'_>, mimi_room: &RoomUri) -> Result<RoomState> {
        let room = self.room()?;
        let mut participants = vec![UserRolePair { user: turn.gateway.names.listener_uri(), role_index: roles::GATEWAY }];
        for user in room.joined_users() {
            if user.server_name().as_str() == turn.gateway.names.server_name() {
                continue;
            }
            let mimi = self.mimi_user(turn, &user)?;
            participants.push(UserRolePair { user: mimi, role_index: roles::role_of(room, &user) });
        }
        Ok(RoomState::baseline(
            &turn.gateway.hub,
            ParticipantListData { participants },
            RoomMetadata::named(mimi_room, room.name().unwrap_or_default()),
            roles::from_power_levels(room),
        ))
    }

    /// Tells the Matrix side what it is bridged to: a notice, and a state event where we may send one.
    pub(super) fn disclose_to_matrix(&mut self, turn: &mut Turn<'_>) -> Result<()> {
        if !self.book.first_time("disclosed_to_matrix") {
            return Ok(());
        }
        self.disclose_in_state(turn)?;
        self.disclose_in_a_notice(turn)
    }

    /// The notice alone: a mirror room's history begins with one's own join, so whoever joins there is told anew.
    pub(super) fn disclose_in_a_notice(&mut self, turn: &mut Turn<'_>) -> Result<()> {
        let text =
            notices::disclosure_to_matrix(self.mimi_room()?.as_str(), self.hub()?.as_str(), turn.gateway.names.server_name());
        self.emit_notice(turn, &text)
    }

    /// The state event, for clients.
    pub(super) fn disclose_in_state(&mut self, turn: &mut Turn<'_>) -> Result<()> {
        let mimi_room = self.mimi_room()?;
        let hub = self.hub()?;
        let gateway = turn.gateway.names.server_name().to_owned();
        if let Some(sender) = self.state_sender(turn, notices::DISCLOSURE_TYPE) {
            let content = json!({
                "mimi_room": mimi_room.as_str(),
                "hub": hub.as_str(),
                "trust_mode": "endpoint",
                "matrix_side_encrypted": false,
            });
            self.emit_state(turn, &sender, (notices::DISCLOSURE_TYPE, &gateway), content)?;
        }
        Ok(())
    }

    /// One of our users in the room whose power level allows the state event.
    pub(super) fn state_sender(&self, turn: &Turn<'_>, event_type: &str) -> Option<ruma::OwnedUserId> {
        let room = self.room.as_ref()?;
        let ours = room.joined_users().into_iter().filter(|user| user.server_name().as_str() == turn.gateway.names.server_name());
        ours.into_iter().find(|user| room.may_send_state(user, event_type))
    }

    /// Ghosts that are in the Matrix room but not yet in the MIMI room: their clients' KeyPackages are claimed.
    pub(super) fn claim_for_joined_ghosts(&mut self, turn: &mut Turn<'_>) -> Result<()> {
        if !self.is_active() || self.topology() != Some(Topology::OurHub) {
            return Ok(());
        }
        let ghosts: Vec<(ruma::OwnedUserId, UserUri)> = self
            .room()?
            .joined_users()
            .into_iter()
            .filter_map(|user| turn.gateway.names.ghost_to_mimi(&user).map(|mimi| (user, mimi)))
            .collect();
        for (ghost, mimi) in ghosts {
            if !self.has_leaf(&mimi) && !self.book.claiming.contains(mimi.as_str()) {
                self.claim(turn, &ghost, &mimi)?;
            }
        }
        Ok(())
    }

    /// The last Matrix user has gone: with our hub, the bridge ends, and our own users leave.
    pub(super) fn leave_if_alone(&mut self, turn: &mut Turn<'_>) -> Result<()> {
        if self.topology() != Some(Topology::OurHub) {
            return Ok(());
        }
        let (ours, others): (Vec<_>, Vec<_>) = self
            .room()?
            .joined_users()
            .into_iter()
            .partition(|user| user.server_name().as_str() == turn.gateway.names.server_name());
        if !others.is_empty() {
            return Ok(());
        }
        self.row.status = "closed".to_owned();
        for user in ours {
            self.emit_membership(turn, &user, &user, "leave")?;
        }
        Ok(())
    }
}
