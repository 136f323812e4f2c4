//! What a hub refuses of clients that do not keep to the rules.

use causeway_drafts::mimi_protocol_06::Protocol;
use causeway_drafts::mimi_protocol_06::key_material::{ClientKeyMaterialStatus, KeyMaterialRequestTbs};
use causeway_drafts::mimi_protocol_06::notify::FanoutMessage;
use causeway_drafts::mimi_protocol_06::ratchet_tree::GroupInfoOption;
use causeway_drafts::mimi_protocol_06::update::UpdateRequest;
use causeway_drafts::mimi_uri::{ClientUri, UserUri};
use openmls::prelude::{Credential, CredentialType};

use super::{Scene, addition, device, why};
use crate::provider::crypto::SUITE_NUMBER;
use crate::provider::device::{Plan, required_capabilities};
use crate::provider::error::Error;

#[tokio::test]
async fn messages_of_other_epochs_and_in_others_names() {
    let mut scene = Scene::new();
    let dora = scene.dora.user();
    let message = scene.doras_message();
    assert!(why(scene.submit("c.test", &dora, &message)).starts_with("P-045"));
    let stranger = UserUri::new(&scene.b, "stranger");
    assert!(why(scene.submit("b.test", &stranger, &message)).starts_with("P-044"));
    let taken = scene.submit("b.test", &dora, &message).unwrap();
    let late = scene.doras_message();
    let commit = scene.carols(&Plan::default());
    scene.update_of_a(&commit).unwrap();
    assert_eq!(scene.submit("b.test", &dora, &late), Err(Error::WrongEpoch { current: 2 }));
    // What was taken before is answered as before, whatever the epoch.
    assert_eq!(scene.submit("b.test", &dora, &message), Ok(taken));
    // Dora follows, and gets ahead of the hub by a commit that the hub never sees.
    let UpdateRequest::Commit(bundle) = &commit else { panic!("a commit") };
    let heard = FanoutMessage::commit(1, bundle.commit.bytes(), &[]).unwrap();
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
    let heard = FanoutMessage::proposals(1, bundle.first.bytes(), &more).unwrap();
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
