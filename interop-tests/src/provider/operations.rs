//! What users do: each operation returns when the hub has accepted it, or its refusal.

use std::time::{Duration, Instant};

use causeway_drafts::mimi_protocol_06::consent::{ConsentEntry, ConsentOperation};
use causeway_drafts::mimi_protocol_06::directory::consent_variable;
use causeway_drafts::mimi_protocol_06::participant_list::{ParticipantListUpdate, UserRolePair};
use causeway_drafts::mimi_protocol_06::room_metadata::Utf8;
use causeway_drafts::mimi_protocol_06::submit_message::SubmitMessageRequest;
use causeway_drafts::mimi_uri::{ClientUri, RoomUri, UserUri};

use super::Provider;
use super::consent::Direction;
use super::device::{Device, Plan};
use super::error::{Error, Result};
use super::hub::HubRoom;
use super::messages::{Draft, Sealed};
use super::room_state;

/// So often an operation is tried again when the hub has moved on.
const ATTEMPTS: usize = 8;
/// So long a device waits for what the hub fans out.
const PATIENCE: Duration = Duration::from_secs(3);
/// So long proposals wait for the hub's own client to commit them.
const COMMIT_PATIENCE: Duration = Duration::from_millis(1500);

/// A message that the hub has taken.
pub(crate) struct Said {
    /// Its id, hex.
    pub(crate) message_id: String,
    /// When, ms.
    pub(crate) accepted_timestamp: u64,
    /// In which epoch.
    pub(crate) epoch: u64,
}

impl Provider {
    /// A new user, or more devices of one.
    ///
    /// # Errors
    /// If a name is unusable.
    pub(crate) fn add_devices(&self, user: &str, devices: &[String]) -> Result<(UserUri, Vec<ClientUri>)> {
        let unusable = |error: causeway_drafts::mimi_uri::UriError| Error::BadRequest(error.to_string());
        let user = UserUri::checked(&self.domain, user).map_err(unusable)?;
        let names = devices.iter().map(|device| ClientUri::checked(&user, device).map_err(unusable));
        let clients = names.collect::<Result<Vec<_>>>()?;
        self.with(|state| {
            for client in &clients {
                if !state.devices.contains_key(client) {
                    let identity = state.authority.issue_client(client)?;
                    state.devices.insert(client.clone(), Device::new(client.clone(), identity));
                }
            }
            state.users.entry(user.clone()).or_default().extend(clients.iter().cloned());
            Ok((user, clients))
        })
    }

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
            let own = |key_package: &openmls::prelude::KeyPackage| {
                super::credentials::named_client(key_package.leaf_node().credential()).is_ok_and(|client| client == *by)
            };
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
            let fresh = |key_package: &&openmls::prelude::KeyPackage| {
                super::credentials::named_client(key_package.leaf_node().credential()).is_ok_and(|client| !there.contains(&client))
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

    /// Makes a commit, has the hub take it, and makes it again when the hub has moved on.
    async fn commit(&self, by: &ClientUri, room: &RoomUri, plan: impl Fn(&Device) -> Result<Plan>) -> Result<()> {
        let mut refusal = Error::Internal("no attempt".to_owned());
        for _ in 0..ATTEMPTS {
            let request = self.with(|state| {
                let device = state.device_mut(by)?;
                let plan = plan(device)?;
                device.commit(room, &plan)
            })?;
            let answer = self.update(room, &request).await;
            match answer {
                Ok(_) => return self.with(|state| state.device_mut(by)?.merge(room)),
                Err(error) => refusal = error,
            }
            self.with(|state| state.device_mut(by).map(|device| device.withdraw(room)))?;
            match &refusal {
                Error::WrongEpoch { current } => self.await_epoch(by, room, *current).await,
                _ => return Err(refusal),
            }
        }
        Err(refusal)
    }

    /// Waits until a device has heard what the hub has done.
    async fn await_epoch(&self, client: &ClientUri, room: &RoomUri, epoch: u64) {
        let began = Instant::now();
        let behind = || self.with(|state| state.device(client).and_then(|device| device.epoch(room)).is_ok_and(|at| at < epoch));
        while began.elapsed() < PATIENCE && behind() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// A user leaves with all its devices.
    ///
    /// # Errors
    /// The hub's refusal.
    pub(crate) async fn leave(&self, by: &ClientUri, room: &RoomUri) -> Result<()> {
        let turn = self.turn(room);
        let _turn = turn.lock().await;
        let mut refusal = Error::Internal("no attempt".to_owned());
        for _ in 0..ATTEMPTS {
            let request = self.with(|state| state.device_mut(by)?.leave(room))?;
            match self.update(room, &request).await {
                Ok(_) => return Ok(()),
                Err(error) => refusal = error,
            }
            self.with(|state| state.device_mut(by).map(|device| device.withdraw_proposals(room)))?;
            match &refusal {
                Error::WrongEpoch { current } => self.await_epoch(by, room, *current).await,
                _ => return Err(refusal),
            }
        }
        Err(refusal)
    }

    /// A device joins by an external commit.
    ///
    /// # Errors
    /// The hub's refusal.
    pub(crate) async fn join(&self, by: &ClientUri, room: &RoomUri) -> Result<()> {
        let turn = self.turn(room);
        let _turn = turn.lock().await;
        let mut refusal = Error::Internal("no attempt".to_owned());
        for _ in 0..ATTEMPTS {
            let info = self.group_info(by, room).await?;
            let request = self
                .resolving(|state| {
                    let device = state.devices.get_mut(by).ok_or_else(|| Error::NotFound(format!("there is no device {by}")))?;
                    device.join_externally(room, &info, &state.trust)
                })
                .await?;
            match self.update(room, &request).await {
                Ok(_) => return Ok(()),
                Err(error) => refusal = error,
            }
            self.with(|state| state.device_mut(by).map(|device| device.abandon(room)))?;
            if !matches!(refusal, Error::WrongEpoch { .. }) {
                return Err(refusal);
            }
        }
        Err(refusal)
    }

    /// Says something. The same content, with the same id, is sealed again when the hub has moved on.
    ///
    /// # Errors
    /// The hub's refusal.
    pub(crate) async fn say(&self, by: &ClientUri, room: &RoomUri, draft: &Draft) -> Result<Said> {
        let turn = self.turn(room);
        let _turn = turn.lock().await;
        let mut refusal = Error::Internal("no attempt".to_owned());
        for _ in 0..ATTEMPTS {
            if self.with(|state| state.device(by).map(|device| device.has_proposals(room)))? {
                self.settle(by, room).await;
            }
            let Sealed { message, epoch } = self.with(|state| state.device_mut(by)?.seal(room, draft))?;
            let request = SubmitMessageRequest::new(&message, by.user_uri())?;
            match self.submit(room, &request).await {
                Ok((at, frank)) => {
                    self.resolving(|state| {
                        let device = state.devices.get_mut(by).ok_or_else(|| Error::NotFound(format!("there is no device {by}")))?;
                        device.said(room, draft, epoch, (frank.as_ref(), at), &state.trust);
                        Ok(())
                    })
                    .await?;
                    return Ok(Said { message_id: draft.message_id.to_string(), accepted_timestamp: at, epoch });
                }
                Err(Error::WrongEpoch { current }) => {
                    refusal = Error::WrongEpoch { current };
                    self.await_epoch(by, room, current).await;
                }
                Err(error) => return Err(error),
            }
        }
        Err(refusal)
    }

    /// MLS forbids to send while proposals wait: somebody else commits them, or this device does.
    async fn settle(&self, by: &ClientUri, room: &RoomUri) {
        let began = Instant::now();
        let waiting = || self.with(|state| state.device(by).is_ok_and(|device| device.has_proposals(room)));
        while began.elapsed() < COMMIT_PATIENCE && waiting() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        if waiting()
            && let Err(error) = self.commit(by, room, |_| Ok(Plan::default())).await
        {
            tracing::warn!(%room, client = %by, %error, "could not commit what was proposed");
        }
    }

    /// As follower: what the hub's own client does not commit in time, one of our devices does.
    pub(super) fn commit_later(&self, room: &RoomUri) {
        let waiting = |state: &mut super::State| {
            let able = |device: &&Device| device.has_proposals(room) && !device.proposes(room);
            state.devices.values().find(able).map(|device| device.client.clone())
        };
        let Some(client) = self.with(waiting) else { return };
        let (Some(provider), room) = (self.this.upgrade(), room.clone()) else { return };
        tokio::spawn(async move {
            tokio::time::sleep(COMMIT_PATIENCE).await;
            let turn = provider.turn(&room);
            let _turn = turn.lock().await;
            if provider.with(|state| state.device(&client).is_ok_and(|device| device.has_proposals(&room))) {
                provider.settle(&client, &room).await;
            }
        });
    }

    /// Asks, withdraws, agrees or disagrees: entered here, and sent to the other side.
    ///
    /// # Errors
    /// If the one who acts is not ours, or the peer refuses.
    pub(crate) async fn consent(&self, entry: ConsentEntry) -> Result<()> {
        let asks = matches!(entry.operation, ConsentOperation::Request | ConsentOperation::Cancel);
        let (actor, other, direction) = match asks {
            true => (&entry.requester_uri, &entry.target_uri, Direction::Outgoing),
            false => (&entry.target_uri, &entry.requester_uri, Direction::Incoming),
        };
        if !self.with(|state| state.users.contains_key(actor)) {
            return Err(Error::NotFound(format!("{actor} is not a user here")));
        }
        self.with(|state| state.consents.enter(&entry, direction));
        let peer = other.provider();
        if peer == self.domain {
            return Ok(());
        }
        let variable = |template: &str| consent_variable(template, other.as_str(), &peer);
        let answer = match asks {
            true => self.post(&peer, |directory| &directory.request_consent, variable, entry.to_bytes()).await,
            false => self.post(&peer, |directory| &directory.update_consent, variable, entry.to_bytes()).await,
        };
        answer.map(|_| ())
    }
}
