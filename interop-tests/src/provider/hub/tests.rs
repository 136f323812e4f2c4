//! What a hub refuses of clients that do not keep to the rules.

use std::collections::BTreeMap;
use std::sync::Arc;

use causeway_drafts::mimi_protocol_06::Protocol;
use causeway_drafts::mimi_protocol_06::key_material::{ClientKeyMaterialStatus, KeyMaterialRequestTbs};
use causeway_drafts::mimi_protocol_06::message::Message;
use causeway_drafts::mimi_protocol_06::participant_list::{ParticipantListUpdate, UserRolePair};
use causeway_drafts::mimi_protocol_06::ratchet_tree::GroupInfoOption;
use causeway_drafts::mimi_protocol_06::update::UpdateRequest;
use causeway_drafts::mimi_uri::{ClientUri, ProviderDomain, RoomUri, UserUri};
use openmls::prelude::{Credential, CredentialType, KeyPackage};
use rustls::{ClientConfig, RootCertStore};

use crate::provider::client::PeerClient;
use crate::provider::crypto::SUITE_NUMBER;
use crate::provider::device::{Device, Plan, required_capabilities};
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
        let mut scene = Self { state, room, a, b, carol, dora: device(&other, "nobody") };
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

#[tokio::test]
async fn messages_of_other_epochs_and_in_others_names() {
    let mut scene = Scene::new();
    let dora = scene.dora.user();
    let message = scene.doras_message();
    assert!(why(scene.submit("c.test", &dora, &message)).starts_with("P-045"));
    let stranger = UserUri::new(&scene.b, "stranger");
    assert!(why(scene.submit("b.test", &stranger, &message)).starts_with("P-044"));
    scene.submit("b.test", &dora, &message).unwrap();
    let commit = scene.carols(&Plan::default());
    scene.update_of_a(&commit).unwrap();
    assert_eq!(scene.submit("b.test", &dora, &message), Err(Error::WrongEpoch { current: 2 }));
    // Dora follows, and gets ahead of the hub by a commit that the hub never sees.
    let UpdateRequest::Commit(bundle) = &commit else { panic!("a commit") };
    let heard = causeway_drafts::mimi_protocol_06::notify::FanoutMessage::commit(1, bundle.commit.bytes(), &[]).unwrap();
    assert_eq!(scene.dora.hear(&scene.room, &heard, &scene.state.trust), Ok(None));
    scene.dora.commit(&scene.room, &Plan::default()).unwrap();
    scene.dora.merge(&scene.room).unwrap();
    let message = scene.doras_message();
    assert_eq!(scene.submit("b.test", &dora, &message), Err(Error::FutureEpoch { current: 2 }));
    assert_eq!(scene.submit("b.test", &dora, &message).unwrap_err().code(), "notAllowed");
}

#[tokio::test]
async fn commits_of_others_and_of_the_past() {
    let mut scene = Scene::new();
    let commit = scene.dora.commit(&scene.room, &Plan::default()).unwrap();
    assert!(why(scene.update_of_a(&commit)).starts_with("P-045"));
    let carols = scene.carols(&Plan::default());
    scene.update_of_a(&carols).unwrap();
    assert_eq!(scene.update_of_b(&commit), Err(Error::WrongEpoch { current: 2 }));
}

#[tokio::test]
async fn commits_without_a_true_group_info_or_welcome() {
    let mut scene = Scene::new();
    let old = scene.state.rooms[&scene.room].group_info.clone();
    let UpdateRequest::Commit(mut bundle) = scene.carols(&Plan::default()) else { panic!("a commit") };
    bundle.group_info_option = GroupInfoOption::full(&old).unwrap();
    assert!(why(scene.update_of_a(&UpdateRequest::Commit(bundle))).starts_with("R-054"));
    let erin = device(&scene.state, "erin");
    let plan = addition(&erin.user(), erin.key_package().unwrap());
    let UpdateRequest::Commit(mut bundle) = scene.carols(&plan) else { panic!("a commit") };
    bundle.welcome = None;
    assert!(why(scene.update_of_a(&UpdateRequest::Commit(bundle))).starts_with("P-039"));
    let add_only = Plan { participants: None, ..plan };
    let commit = scene.carols(&add_only);
    assert!(why(scene.update_of_a(&commit)).starts_with("P-032"));
}

#[tokio::test]
async fn what_is_proposed_has_to_be_committed() {
    let mut scene = Scene::new();
    let carol = scene.carol.clone();
    // Carol, the only local client, leaves: the proposals wait for dora.
    let leave = scene.state.device_mut(&carol).unwrap().leave(&scene.room).unwrap();
    let ignorant = scene.dora.commit(&scene.room, &Plan::default()).unwrap();
    scene.update_of_a(&leave).unwrap();
    assert!(why(scene.update_of_b(&ignorant)).starts_with("P-118"));
    // P-113: who has left does not speak any more.
    let message = scene.doras_message();
    assert!(why(scene.submit("a.test", &carol.user_uri(), &message)).starts_with("P-044"));
    let UpdateRequest::Proposals(bundle) = &leave else { panic!("proposals") };
    let more: Vec<&[u8]> = bundle.more.iter().map(|message| message.bytes()).collect();
    let heard = causeway_drafts::mimi_protocol_06::notify::FanoutMessage::proposals(1, bundle.first.bytes(), &more).unwrap();
    assert_eq!(scene.dora.hear(&scene.room, &heard, &scene.state.trust), Ok(None));
    let commit = scene.dora.commit(&scene.room, &Plan::default()).unwrap();
    scene.update_of_b(&commit).unwrap();
    assert_eq!(scene.state.rooms[&scene.room].members().unwrap().len(), 1);
    assert!(!scene.state.device(&carol).unwrap().is_in(&scene.room));
}

#[tokio::test]
async fn part_of_a_leave() {
    let mut scene = Scene::new();
    let leave = scene.dora.leave(&scene.room).unwrap();
    let UpdateRequest::Proposals(mut bundle) = leave else { panic!("proposals") };
    // The removal from the list alone: dora's client would stay.
    bundle.first = bundle.more.remove(0);
    assert!(why(scene.update_of_b(&UpdateRequest::Proposals(bundle))).starts_with("P-033"));
}

#[tokio::test]
async fn claims_that_are_not_the_requesters() {
    let mut scene = Scene::new();
    let erin = device(&scene.state, "erin");
    scene.state.users.entry(erin.user()).or_default().insert(erin.client.clone());
    scene.state.devices.insert(erin.client.clone(), erin);
    let carol = scene.state.device(&scene.carol).unwrap();
    let tbs = |requester: &ClientUri, credential: Credential| KeyMaterialRequestTbs {
        protocol: Protocol::Mls10,
        requesting_user: requester.user_uri(),
        target_user: UserUri::new(&scene.a, "erin"),
        room_id: scene.room.clone(),
        acceptable_ciphersuites: vec![SUITE_NUMBER],
        required_capabilities: required_capabilities(),
        requester_signature_key: carol.identity.public().into(),
        requester_credential: credential,
    };
    let sign = |content: &[u8]| carol.identity.sign(content);
    let honest = tbs(&scene.carol, carol.identity.credential()).sign(sign).unwrap();
    let others = tbs(&scene.dora.client, carol.identity.credential()).sign(sign).unwrap();
    let basic = Credential::new(CredentialType::Basic, scene.carol.as_str().as_bytes().to_vec());
    let basic = tbs(&scene.carol, basic).sign(sign).unwrap();
    let mut tampered = honest.clone();
    tampered.tbs.acceptable_ciphersuites.push(2);
    for forged in [others, basic, tampered] {
        assert!(matches!(scene.state.answer_claim(&forged), Err(Error::Identity(_))));
    }
    // P-025: each KeyPackage once.
    let mut package = || match &scene.state.answer_claim(&honest).unwrap().clients[0].status {
        ClientKeyMaterialStatus::Success(key_package) => key_package.bytes().to_vec(),
        other => panic!("{other:?}"),
    };
    assert_ne!(package(), package());
}
