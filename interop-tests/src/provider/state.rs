//! All that a provider knows. Every operation here is synchronous: it is done, or nothing has changed.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use causeway_drafts::mimi_protocol_06::Protocol;
use causeway_drafts::mimi_protocol_06::franking::Frank;
use causeway_drafts::mimi_protocol_06::key_material::{
    ClientKeyMaterial, ClientKeyMaterialStatus, KeyMaterialRequest, KeyMaterialResponse, KeyMaterialUserCode,
};
use causeway_drafts::mimi_protocol_06::message::Message;
use causeway_drafts::mimi_protocol_06::notify::{FanoutBody, FanoutMessage};
use causeway_drafts::mimi_protocol_06::ratchet_tree::RatchetTreeOption;
use causeway_drafts::mimi_protocol_06::update::UpdateRequest;
use causeway_drafts::mimi_uri::{ClientUri, ProviderDomain, RoomUri, UserUri};
use causeway_drafts::{Verbatim, encode};
use openmls::prelude::{Ciphersuite, Welcome};
use serde::Serialize;

use super::consent::Consents;
use super::credentials::{Authority, Identity, Trust};
use super::crypto::SUITE_NUMBER;
use super::device::{Device, Plan, reference, required_capabilities};
use super::error::{Error, Result};
use super::hub::HubRoom;
use super::lanes::Lanes;

/// Version and wire format, which precede the Welcome in an MLSMessage.
const MLS_MESSAGE_HEADER: usize = 4;

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
    /// Hashes of the bodies that hubs have sent (P-072).
    pub(crate) seen: HashSet<[u8; 32]>,
    lanes: Lanes,
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
            seen: HashSet::new(),
            lanes,
            key_packages: HashMap::new(),
        })
    }

    /// Notes a refusal.
    pub(crate) fn refuse(&mut self, peer: &str, endpoint: &str, error: &Error) {
        tracing::info!(peer, endpoint, code = error.code(), why = %error, "refused");
        let (peer, endpoint) = (peer.to_owned(), endpoint.to_owned());
        self.log.push(Refusal { peer, endpoint, code: error.code().to_owned(), why: error.to_string() });
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

    // --- as hub ------------------------------------------------------------------------------------------------

    /// A handshake for a room of ours [mimi-protocol-06 §5.3]. Returns when it was accepted.
    ///
    /// # Errors
    /// The epoch or the rule against it; then nothing has changed.
    pub(crate) fn update(&mut self, from: &ProviderDomain, room: &RoomUri, request: &UpdateRequest) -> Result<u64> {
        let known = self.rooms.get_mut(room).ok_or_else(|| Error::NotFound(format!("there is no room {room}")))?;
        match request {
            UpdateRequest::Commit(bundle) => {
                let accepted = known.accept_commit(from, bundle, &self.trust)?;
                tracing::info!(%room, author = %accepted.view.author, "accepted a commit");
                let commit = FanoutMessage::commit(accepted.at, bundle.commit.bytes(), &[])?;
                self.distribute(room, &commit, &accepted.before);
                if let Some(welcome) = &bundle.welcome {
                    let tree = RatchetTreeOption::full(&accepted.tree)?;
                    let welcome = FanoutMessage::welcome(accepted.at, welcome.bytes(), tree)?;
                    self.distribute(room, &welcome, &accepted.welcomed);
                }
                Ok(accepted.at)
            }
            UpdateRequest::Proposals(bundle) => {
                let at = known.accept_proposals(from, bundle, &self.trust)?;
                let providers = known.providers()?;
                let more: Vec<&[u8]> = bundle.more.iter().map(|message| message.bytes()).collect();
                let proposals = FanoutMessage::proposals(at, bundle.first.bytes(), &more)?;
                self.distribute(room, &proposals, &providers);
                self.commit_pending(room);
                Ok(at)
            }
        }
    }

    /// An application message for a room of ours [mimi-protocol-06 §5.4].
    ///
    /// # Errors
    /// The epoch or the rule against it.
    pub(crate) fn submit(
        &mut self,
        from: &ProviderDomain,
        room: &RoomUri,
        (sender, message): (&UserUri, &Message),
    ) -> Result<(u64, Option<Frank>)> {
        let known = self.rooms.get_mut(room).ok_or_else(|| Error::NotFound(format!("there is no room {room}")))?;
        let (at, frank) = known.accept_message((from, sender), message, (&self.hub, &self.hub_key))?;
        let providers = known.providers()?;
        let fanout = FanoutMessage::application(at, message.bytes(), frank.clone())?;
        self.distribute(room, &fanout, &providers);
        Ok((at, frank))
    }

    /// In order, to all providers and to our own devices (P-062).
    fn distribute(&mut self, room: &RoomUri, message: &FanoutMessage, providers: &BTreeSet<ProviderDomain>) {
        let encoded = message.to_bytes();
        for provider in providers.iter().filter(|provider| **provider != self.domain) {
            self.lanes.send(provider, room, encoded.clone());
        }
        if providers.contains(&self.domain)
            && let Err(error) = self.hear(room, message)
        {
            tracing::warn!(%room, %error, "an own device could not use what the hub accepted");
        }
    }

    /// Somebody has to commit what was proposed; if one of our devices can, it does.
    fn commit_pending(&mut self, room: &RoomUri) {
        let proposers = self.rooms.get(room).map(HubRoom::proposers).unwrap_or_default();
        let users: BTreeSet<UserUri> = proposers.iter().map(ClientUri::user_uri).collect();
        let able = |device: &&Device| device.is_in(room) && device.has_proposals(room) && !users.contains(&device.user());
        let able: Vec<ClientUri> = self.devices.values().filter(able).map(|device| device.client.clone()).collect();
        for client in able {
            let domain = self.domain.clone();
            let request = self.device_mut(&client).and_then(|device| device.commit(room, &Plan::default()));
            match request.and_then(|request| self.update(&domain, room, &request)) {
                Ok(_) => return,
                Err(error) => {
                    tracing::warn!(%room, %client, %error, "could not commit what was proposed");
                    self.devices.entry(client).and_modify(|device| device.withdraw(room));
                }
            }
        }
    }

    // --- what comes from a hub, ours or another ----------------------------------------------------------------

    /// Whether any device of ours is in a room.
    pub(crate) fn follows(&self, room: &RoomUri) -> bool {
        self.devices.values().any(|device| device.membership(room).is_some())
    }

    /// Lets all our devices hear what a hub has accepted.
    ///
    /// # Errors
    /// [`Error::RootsNeeded`], then nothing has changed; or a Welcome that nobody can use.
    pub(crate) fn hear(&mut self, room: &RoomUri, message: &FanoutMessage) -> Result<()> {
        if let FanoutBody::Welcome { message, ratchet_tree } = &message.body {
            return self.welcome(room, &message.bytes()[MLS_MESSAGE_HEADER..], &ratchet_tree.full_bytes()?);
        }
        let mut notes = Vec::new();
        for device in self.devices.values_mut() {
            if let Some(note) = device.hear(room, message, &self.trust)? {
                notes.push(format!("{}: {note}", device.client));
            }
        }
        for note in notes {
            self.refuse(room.provider().as_str(), "notify", &Error::NotAllowed(note));
        }
        Ok(())
    }

    /// P-029: each device whose KeyPackage the Welcome names joins.
    fn welcome(&mut self, room: &RoomUri, welcome: &[u8], tree: &[u8]) -> Result<()> {
        let parsed: Verbatim<Welcome> = Verbatim::from_bytes(welcome)?;
        let references = parsed.value().secrets().iter().map(|secret| secret.new_member().as_slice().to_vec());
        let ours: Vec<_> = references.filter_map(|reference| Some((self.key_packages.get(&reference)?.clone(), reference))).collect();
        if ours.is_empty() {
            return Err(Error::NotFound("P-063: the Welcome is for none of our devices".to_owned()));
        }
        for (client, reference) in ours {
            let device = self.devices.get_mut(&client).ok_or_else(|| Error::NotFound(format!("there is no device {client}")))?;
            match device.join(room, welcome, tree, &self.trust) {
                Ok(()) => {
                    self.key_packages.remove(&reference);
                }
                Err(Error::RootsNeeded(domain)) => return Err(Error::RootsNeeded(domain)),
                Err(error) => self.refuse(room.provider().as_str(), "notify", &error),
            }
        }
        Ok(())
    }

    // --- as target of a claim ----------------------------------------------------------------------------------

    /// Answers a claim of one of our users' KeyPackages [mimi-protocol-06 §5.2].
    ///
    /// # Errors
    /// If the request is not the requester's, or [`Error::RootsNeeded`].
    pub(crate) fn answer_claim(&mut self, request: &KeyMaterialRequest) -> Result<KeyMaterialResponse> {
        let tbs = &request.tbs;
        self.check_requester(request)?;
        let failure = |code| Ok(KeyMaterialResponse::failure(code, tbs.target_user.clone()));
        // P-028: whoever has no consent does not learn who exists.
        if !self.consents.allow(&tbs.requesting_user, &tbs.target_user, &tbs.room_id) {
            return failure(KeyMaterialUserCode::NoConsent);
        }
        let Some(clients) = self.users.get(&tbs.target_user).filter(|clients| !clients.is_empty()) else {
            return failure(KeyMaterialUserCode::UserUnknown);
        };
        let compatible = self.fits(request);
        let mut answers = Vec::new();
        for client_uri in clients {
            let device = self.devices.get(client_uri).filter(|_| compatible);
            let status = match device {
                None => ClientKeyMaterialStatus::NothingCompatible(Some(super::device::capabilities())),
                Some(device) => {
                    // P-025: a fresh one for each answer.
                    let key_package = device.key_package()?;
                    self.key_packages.insert(reference(&key_package)?, client_uri.clone());
                    ClientKeyMaterialStatus::Success(Verbatim::from_bytes(&encode(&key_package))?)
                }
            };
            answers.push(ClientKeyMaterial { client_uri: client_uri.clone(), status });
        }
        let user_status = if compatible { KeyMaterialUserCode::Success } else { KeyMaterialUserCode::NoCompatibleMaterial };
        Ok(KeyMaterialResponse { protocol: Protocol::Mls10, user_status, user_uri: tbs.target_user.clone(), clients: answers })
    }

    /// P-022: the request is signed by a client of the requesting user.
    ///
    /// # Errors
    /// If it is not.
    pub(crate) fn check_requester(&self, request: &KeyMaterialRequest) -> Result<()> {
        let tbs = &request.tbs;
        let credential = (&tbs.requester_credential, tbs.requester_signature_key.as_slice());
        let signature = request.key_material_request_signature.as_slice();
        let client = match self.trust.certify_signature(credential, &tbs.signed_content(), signature) {
            Err(Error::NotAllowed(why)) => return Err(Error::Identity(format!("P-022: {why}"))),
            other => other?,
        };
        match client.user_uri() == tbs.requesting_user {
            true => Ok(()),
            false => Err(Error::Identity(format!("P-022: {client} is not a client of {}", tbs.requesting_user))),
        }
    }

    fn fits(&self, request: &KeyMaterialRequest) -> bool {
        let (wanted, ours) = (&request.tbs.required_capabilities, required_capabilities());
        let suite = request.tbs.acceptable_ciphersuites.iter().any(|suite| *suite == SUITE_NUMBER);
        debug_assert_eq!(u16::from(Ciphersuite::MLS_128_DHKEMX25519_AES128GCM_SHA256_Ed25519), SUITE_NUMBER);
        suite
            && wanted.extension_types().iter().all(|kind| ours.extension_types().contains(kind))
            && wanted.proposal_types().iter().all(|kind| ours.proposal_types().contains(kind))
            && wanted.credential_types().iter().all(|kind| ours.credential_types().contains(kind))
    }
}
