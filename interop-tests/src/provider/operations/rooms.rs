//! A room is made, and renamed; participants are added and removed.

use causeway_drafts::mimi_protocol_06::participant_list::{ParticipantListUpdate, UserRolePair};
use causeway_drafts::mimi_protocol_06::room_metadata::Utf8;
use causeway_drafts::mimi_uri::{ClientUri, RoomUri, UserUri};
use openmls::prelude::KeyPackage;

use crate::provider::Provider;
use crate::provider::credentials::named_client;
use crate::provider::device::Plan;
use crate::provider::error::{Error, Result};
use crate::provider::hub::HubRoom;
use crate::provider::room_state;

impl Provider {
    /// A new room with all devices of its creator.
    ///
    /// # Errors
    /// If there is such a room, or no such device.
    pub(crate) async fn create_room(&self, id: &str, by: &ClientUri, name: &str) -> Result<RoomUri> {
        let room = RoomUri::new(&self.domain, id);
        let room: RoomUri = room.as_str().parse().map_err(|_| Error::BadRequest(format!("{id} is no room id")))?;
        let turn = self.turn(&room);
        let _turn = turn.lock().await;
        let others = self.with(|state| {
            if state.rooms.contains_key(&room) {
                return Err(Error::BadRequest(format!("there is a room {room}")));
            }
            let dictionary = room_state::new_room(&room, name, &by.user_uri(), &state.hub);
            let device = state.devices.get_mut(by).ok_or_else(|| Error::NotFound(format!("there is no device {by}")))?;
            let (info, tree) = device.create(&room, dictionary, &state.hub)?;
            state.rooms.insert(room.clone(), HubRoom::open(room.clone(), info, &tree)?);
            Ok(state.users.get(&by.user_uri()).is_some_and(|clients| clients.len() > 1))
        })?;
        if others {
            let adds = self.claim(by, &room, &by.user_uri()).await?;
            let own =
                |key_package: &KeyPackage| named_client(key_package.leaf_node().credential()).is_ok_and(|client| client == *by);
            let adds: Vec<_> = adds.into_iter().filter(|key_package| !own(key_package)).collect();
            self.commit(by, &room, |_| Ok(Plan { adds: adds.clone(), ..Plan::default() })).await?;
        }
        Ok(room)
    }

    /// Adds a user with all its clients that are not in the room yet.
    ///
    /// # Errors
    /// The target's or the hub's refusal.
    pub(crate) async fn add(&self, by: &ClientUri, room: &RoomUri, (user, role): (&UserUri, &str)) -> Result<()> {
        let turn = self.turn(room);
        let _turn = turn.lock().await;
        let key_packages = self.claim(by, room, user).await?;
        self.commit(by, room, |device| {
            let state = device.state(room)?;
            let there: Vec<ClientUri> = device.members(room)?.into_iter().map(|member| member.client).collect();
            let fresh = |key_package: &&KeyPackage| {
                named_client(key_package.leaf_node().credential()).is_ok_and(|client| !there.contains(&client))
            };
            let adds: Vec<_> = key_packages.iter().filter(fresh).cloned().collect();
            let known = state.participants.find(user).is_some();
            if known && adds.is_empty() {
                return Err(Error::BadRequest(format!("{user} is in {room} with all its clients")));
            }
            let named = state.roles.roles.iter().find(|candidate| candidate.role_name.as_str() == role);
            let role_index = named.map(|role| role.role_index).or_else(|| role.parse().ok());
            let role_index = role_index.ok_or_else(|| Error::BadRequest(format!("there is no role {role}")))?;
            let added = vec![UserRolePair { user: user.clone(), role_index }];
            let update = ParticipantListUpdate { added_participants: added, ..ParticipantListUpdate::default() };
            Ok(Plan { adds, participants: (!known).then_some(update), ..Plan::default() })
        })
        .await
    }

    /// Removes a user with all its clients, in one commit.
    ///
    /// # Errors
    /// The hub's refusal.
    pub(crate) async fn remove(&self, by: &ClientUri, room: &RoomUri, user: &UserUri) -> Result<()> {
        let turn = self.turn(room);
        let _turn = turn.lock().await;
        self.commit(by, room, |device| {
            let position = device.state(room)?.participants.position(user);
            let position = position.ok_or_else(|| Error::NotFound(format!("{user} is not in {room}")))?;
            let clients = device.members(room)?.into_iter().map(|member| member.client);
            let update = ParticipantListUpdate { removed_indices: vec![position], ..ParticipantListUpdate::default() };
            let removes = clients.filter(|client| client.user_uri() == *user).collect();
            Ok(Plan { removes, participants: Some(update), ..Plan::default() })
        })
        .await
    }

    /// Renames a room.
    ///
    /// # Errors
    /// The hub's refusal.
    pub(crate) async fn rename(&self, by: &ClientUri, room: &RoomUri, name: &str) -> Result<()> {
        let turn = self.turn(room);
        let _turn = turn.lock().await;
        self.commit(by, room, |device| {
            let mut metadata = device.state(room)?.metadata;
            metadata.room_name = Utf8::new(name);
            Ok(Plan { metadata: Some(metadata), ..Plan::default() })
        })
        .await
    }
}
