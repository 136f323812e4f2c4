//! All that a provider knows. Every operation here is synchronous: it is done, or nothing has changed.

mod claims;
mod hear;
mod order;

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use causeway_drafts::mimi_protocol_06::franking::Frank;
use causeway_drafts::mimi_uri::{ClientUri, ProviderDomain, RoomUri, UserUri};
use serde::Serialize;
use tokio::sync::watch;

use super::consent::Consents;
use super::credentials::{Authority, Identity, Trust};
use super::device::Device;
use super::error::{Error, Result};
use super::hub::HubRoom;
use super::lanes::Lanes;

/// A refusal that this provider made.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Refusal {
    /// To whom.
    pub(crate) peer: String,
    /// At which endpoint.
    pub(crate) endpoint: String,
    /// The stable name.
    pub(crate) code: String,
    /// In words.
    pub(crate) why: String,
}

/// All that a provider knows.
pub(crate) struct State {
    /// Its domain.
    pub(crate) domain: ProviderDomain,
    /// Issues its credentials.
    pub(crate) authority: Authority,
    /// Its own key as hub.
    pub(crate) hub: Identity,
    /// The franking secret (P-061).
    pub(crate) hub_key: [u8; 32],
    /// Pinned roots.
    pub(crate) trust: Trust,
    /// Its users with their clients.
    pub(crate) users: BTreeMap<UserUri, BTreeSet<ClientUri>>,
    /// Its devices.
    pub(crate) devices: BTreeMap<ClientUri, Device>,
    /// The rooms whose hub it is.
    pub(crate) rooms: BTreeMap<RoomUri, HubRoom>,
    /// Consent, both ways.
    pub(crate) consents: Consents,
    /// Refusals.
    pub(crate) log: Vec<Refusal>,
    /// The latest time of each hub's room (G-36).
    pub(crate) clocks: HashMap<RoomUri, u64>,
    /// Hashes of the bodies that hubs have sent (P-072).
    pub(crate) seen: HashSet<[u8; 32]>,
    /// Answers to messages that were accepted, by what was submitted by whom (G-57).
    pub(crate) submitted: HashMap<(ProviderDomain, Vec<u8>), (u64, Option<Frank>)>,
    lanes: Lanes,
    /// Counts what devices have heard.
    heard: watch::Sender<u64>,
    key_packages: HashMap<Vec<u8>, ClientUri>,
}

impl State {
    /// A provider without users.
    ///
    /// # Errors
    /// If no key can be made.
    pub(crate) fn new(domain: ProviderDomain, lanes: Lanes) -> Result<Self> {
        let authority = Authority::generate(&domain)?;
        let hub = authority.issue_hub(&domain)?;
        let mut trust = Trust::default();
        trust.pin(&domain, &[authority.root_pem()])?;
        Ok(Self {
            domain,
            authority,
            hub,
            hub_key: rand::random(),
            trust,
            users: BTreeMap::new(),
            devices: BTreeMap::new(),
            rooms: BTreeMap::new(),
            consents: Consents::default(),
            log: Vec::new(),
            clocks: HashMap::new(),
            seen: HashSet::new(),
            submitted: HashMap::new(),
            lanes,
            heard: watch::Sender::new(0),
            key_packages: HashMap::new(),
        })
    }

    /// Notes a refusal.
    pub(crate) fn refuse(&mut self, peer: &str, endpoint: &str, error: &Error) {
        tracing::info!(peer, endpoint, code = error.code(), why = %error, "refused");
        let (peer, endpoint) = (peer.to_owned(), endpoint.to_owned());
        self.log.push(Refusal { peer, endpoint, code: error.code().to_owned(), why: error.to_string() });
    }

    /// Whenever devices have heard something.
    pub(crate) fn changes(&self) -> watch::Receiver<u64> {
        self.heard.subscribe()
    }

    /// A device of ours.
    ///
    /// # Errors
    /// If there is no such device.
    pub(crate) fn device(&self, client: &ClientUri) -> Result<&Device> {
        self.devices.get(client).ok_or_else(|| Error::NotFound(format!("there is no device {client}")))
    }

    /// A device of ours.
    ///
    /// # Errors
    /// If there is no such device.
    pub(crate) fn device_mut(&mut self, client: &ClientUri) -> Result<&mut Device> {
        self.devices.get_mut(client).ok_or_else(|| Error::NotFound(format!("there is no device {client}")))
    }

    /// A room of ours.
    ///
    /// # Errors
    /// If there is no such room.
    pub(crate) fn room_mut(&mut self, room: &RoomUri) -> Result<&mut HubRoom> {
        self.rooms.get_mut(room).ok_or_else(|| Error::NotFound(format!("there is no room {room}")))
    }
}
