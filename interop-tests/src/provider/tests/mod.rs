//! A hub and a member of another provider, without a network between them.

mod follower;
mod hub;

use std::collections::BTreeMap;
use std::sync::Arc;

use causeway_drafts::mimi_protocol_06::message::Message;
use causeway_drafts::mimi_protocol_06::participant_list::{ParticipantListUpdate, UserRolePair};
use causeway_drafts::mimi_protocol_06::update::UpdateRequest;
use causeway_drafts::mimi_uri::{ClientUri, ProviderDomain, RoomUri, UserUri};
use openmls::prelude::KeyPackage;
use rustls::{ClientConfig, RootCertStore};

use crate::provider::client::PeerClient;
use crate::provider::device::{Device, Plan};
use crate::provider::error::{Error, Result};
use crate::provider::hub::HubRoom;
use crate::provider::lanes::Lanes;
use crate::provider::messages::{Draft, Kind};
use crate::provider::roles::MEMBER;
use crate::provider::room_state::new_room;
use crate::provider::state::State;

struct Scene {
    state: State,
    room: RoomUri,
    a: ProviderDomain,
    b: ProviderDomain,
    other: State,
    carol: ClientUri,
    dora: Device,
}

fn client() -> Arc<PeerClient> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let tls = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
    let tls = tls.with_root_certificates(RootCertStore::empty()).with_no_client_auth();
    Arc::new(PeerClient::new("a.test".parse().unwrap(), Arc::new(tls), BTreeMap::new()))
}

fn device(state: &State, user: &str) -> Device {
    let client = ClientUri::new(&UserUri::new(&state.domain, user), "phone");
    let identity = state.authority.issue_client(&client).unwrap();
    Device::new(client, identity)
}

fn addition(user: &UserUri, key_package: KeyPackage) -> Plan {
    let added_participants = vec![UserRolePair { user: user.clone(), role_index: MEMBER }];
    let participants = Some(ParticipantListUpdate { added_participants, ..ParticipantListUpdate::default() });
    Plan { adds: vec![key_package], participants, ..Plan::default() }
}

impl Scene {
    /// A room of carol's at a.test with dora of b.test.
    fn new() -> Self {
        let (a, b): (ProviderDomain, ProviderDomain) = ("a.test".parse().unwrap(), "b.test".parse().unwrap());
        let mut state = State::new(a.clone(), Lanes::new(client())).unwrap();
        let other = State::new(b.clone(), Lanes::new(client())).unwrap();
        state.trust.pin(&b, &[other.authority.root_pem()]).unwrap();
        let mut carol_device = device(&state, "carol");
        let carol = carol_device.client.clone();
        let room = RoomUri::new(&a, "club");
        let dictionary = new_room(&room, "Club", &carol.user_uri(), &state.hub);
        let (info, tree) = carol_device.create(&room, dictionary, &state.hub).unwrap();
        state.rooms.insert(room.clone(), HubRoom::open(room.clone(), info, &tree).unwrap());
        state.devices.insert(carol.clone(), carol_device);
        let mut dora = device(&other, "dora");
        let plan = addition(&dora.user(), dora.key_package().unwrap());
        let dora_later = device(&other, "nobody");
        let mut scene = Self { state, room, a, b, other, carol, dora: dora_later };
        let commit = scene.carols(&plan);
        scene.state.update(&scene.a, &scene.room, &commit).unwrap();
        let UpdateRequest::Commit(bundle) = &commit else { panic!("a commit") };
        let tree = bundle.ratchet_tree_option.full_bytes().unwrap();
        dora.join(&scene.room, bundle.welcome.as_ref().unwrap().bytes(), &tree, &scene.state.trust).unwrap();
        scene.dora = dora;
        scene
    }

    fn carols(&mut self, plan: &Plan) -> UpdateRequest {
        self.state.device_mut(&self.carol).unwrap().commit(&self.room, plan).unwrap()
    }

    fn update_of_a(&mut self, request: &UpdateRequest) -> Result<u64> {
        self.state.update(&self.a.clone(), &self.room.clone(), request)
    }

    fn update_of_b(&mut self, request: &UpdateRequest) -> Result<u64> {
        self.state.update(&self.b.clone(), &self.room.clone(), request)
    }

    fn doras_message(&mut self) -> Message {
        let draft = Draft::new(&self.dora.user(), &self.room, Kind::Text, "hello", (None, None)).unwrap();
        Message::from_bytes(&self.dora.seal(&self.room, &draft).unwrap().message).unwrap()
    }

    fn submit(&mut self, from: &str, sender: &UserUri, message: &Message) -> Result<u64> {
        let (from, room) = (from.parse().unwrap(), self.room.clone());
        self.state.submit(&from, &room, (sender, message)).map(|(at, _)| at)
    }
}

fn why(outcome: Result<u64>) -> String {
    match outcome {
        Err(Error::NotAllowed(why)) => why,
        other => panic!("not refused: {other:?}"),
    }
}
