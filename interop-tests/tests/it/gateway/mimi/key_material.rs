//! KeyPackages, and consent for them (P29, P33).

use causeway_drafts::decode_exact;
use causeway_drafts::mimi_protocol_06::key_material::{ClientKeyMaterialStatus, KeyMaterialResponse, KeyMaterialUserCode};
use interop_tests::control::Refusal;
use interop_tests::https::Answer;

use super::Raw;
use crate::gateway::support::light;

fn key_package(answer: &Answer) -> Vec<u8> {
    let response: KeyMaterialResponse = decode_exact(&answer.body).unwrap();
    match &response.clients[0].status {
        ClientKeyMaterialStatus::Success(key_package) => key_package.bytes().to_vec(),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn p29_no_key_package_is_handed_out_twice() {
    let light = light("p29").await;
    let bridge = light.mirror("").await.unwrap();
    let claim = light.to_gateway.wait_for("keyMaterial", |_| true).await.unwrap();
    let claims = (0..12).map(|_| light.to_gateway.replay(&claim));
    let mut answers = Vec::new();
    let mut running = tokio::task::JoinSet::new();
    let tap = std::sync::Arc::new(light.client(&["a.test"]).unwrap());
    drop(claims);
    for _ in 0..12 {
        let (client, claim, port) = (tap.clone(), claim.clone(), light.mimi_port);
        running.spawn(async move {
            let mut request = http::Request::post(&claim.path);
            for (name, value) in &claim.headers {
                request = request.header(name, value);
            }
            client.send(port, "gw.test", request.body(claim.body).unwrap()).await.unwrap()
        });
    }
    while let Some(answer) = running.join_next().await {
        answers.push(key_package(&answer.unwrap()));
    }
    let first: KeyMaterialResponse = decode_exact(&claim.answer).unwrap();
    let ClientKeyMaterialStatus::Success(first) = &first.clients[0].status else { panic!("the first claim") };
    answers.push(first.bytes().to_vec());
    let count = answers.len();
    answers.sort();
    answers.dedup();
    assert_eq!((count, answers.len()), (13, 13));
    bridge.carol_says("all is well").await.unwrap();
    bridge.alice_hears(&["all is well"]).await.unwrap();
}

/// The same bytes but for the name.
fn without_name(answer: &[u8], uri: &str) -> Vec<u8> {
    let at = answer.windows(uri.len()).position(|window| window == uri.as_bytes()).unwrap();
    let mut answer = answer.to_vec();
    answer[at..at + uri.len()].fill(b'x');
    answer
}

#[tokio::test]
async fn p28_without_consent_known_and_unknown_users_are_the_same() {
    let light = light("p28").await;
    let bridge = light.bridge("11", "").await.unwrap();
    let control = &light.provider.control;
    let room = control.create_room(&bridge.phone, "club", "Club").await.unwrap();
    // alice is in a room with carol, but has not agreed; nobody knows the others, and the last is no Matrix user at all.
    let known = bridge.alice_uri.clone();
    let unknown = known.replace("alice", "edith");
    let none = known.replace("alice%3A", "nobodyaa");
    for user in [&known, &unknown, &none] {
        let refusal = control.add(&bridge.phone, &room, user, "member").await.unwrap_err();
        assert_eq!(refusal.downcast_ref::<Refusal>().map(|refusal| refusal.code.as_str()), Some("noConsent"), "{user}");
    }
    let asked: Vec<_> = light.to_gateway.passed().into_iter().filter(|passed| passed.path.contains("keyMaterial")).collect();
    assert_eq!(asked.len(), 3);
    let same: Vec<_> = asked
        .iter()
        .zip([&known, &unknown, &none])
        .map(|(passed, uri)| (passed.status, without_name(&passed.answer, uri)))
        .collect();
    assert!(same.iter().all(|answer| *answer == same[0]), "{same:?}");
    let response: KeyMaterialResponse = decode_exact(&asked[0].answer).unwrap();
    assert_eq!((response.user_status, response.clients.len()), (KeyMaterialUserCode::NoConsent, 0));
}

#[tokio::test]
async fn p19_claims_come_from_the_hub_or_the_requesters_provider() {
    let light = light("p19-route").await;
    let bridge = light.mirror("").await.unwrap();
    let claim = light.to_gateway.wait_for("keyMaterial", |_| true).await.unwrap();
    // The same claim from another provider, for another user, and with a byte of it changed.
    let identity = Some(light.authority.issue(&["b.test"]));
    let body = claim.body.clone();
    let raw = Raw { identity, from: &["mimi@b.test"], host: "gw.test", path: claim.path.clone(), body: body.clone() };
    assert_eq!(raw.send(&light).await.status, 403);
    let other = Raw::honest(&light, "keyMaterial", &bridge.alice_uri.replace("alice", "edith"), body.clone());
    assert_eq!(other.send(&light).await.status, 400);
    let mut changed = body;
    let last = changed.len() - 1;
    changed[last] ^= 1;
    let changed = Raw::honest(&light, "keyMaterial", &bridge.alice_uri, changed).send(&light).await;
    assert!(matches!(changed.status.as_u16(), 400 | 403), "{} {}", changed.status, changed.text());
}
