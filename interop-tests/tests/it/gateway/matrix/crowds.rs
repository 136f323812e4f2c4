//! Much at once, and what concerns nobody here (M3, M37, M42).

use http::Method;
use interop_tests::matrix::peer::{Forgery, Verdict};
use interop_tests::patience::{self, Look};
use serde_json::{Value, json};

use crate::gateway::support::{Company, light, refused, result};

/// Numbers that canonical JSON has not: nobody could have signed them, so the request is nobody's.
#[tokio::test]
async fn m03_numbers_that_cannot_be_signed_are_refused_with_their_request() {
    let light = light("m03").await;
    let mut company = Company::of(&light, "11").await;
    let gateway = light.gateway.server_name.clone();
    let (bad, good) = (company.sign(&company.draft("never")), company.good());
    let transaction =
        |pdus: &[Value]| json!({ "origin": light.matrix.name(), "origin_server_ts": 1, "pdus": pdus, "edus": [] }).to_string();
    let path = "/_matrix/federation/v1/send/m03";
    for number in ["9007199254740992", "-9007199254740992", "1.0", "1.5", "1e3", "1e400", "-0.0"] {
        let depth = bad["depth"].to_string();
        let spoilt = bad.to_string().replace(&format!("\"depth\":{depth}"), &format!("\"depth\":{number}"));
        let body = transaction(&[json!("BAD"), good.json()]).replace("\"BAD\"", &spoilt);
        let forgery = Forgery { signed_body: Some(transaction(&[good.json()]).into_bytes()), ..Forgery::default() };
        let answer = light.matrix.forged(&gateway, (Method::PUT, path, body.into_bytes()), forgery).await.unwrap();
        refused(&answer, 400, "M_BAD_JSON");
    }
    // The same id without it is another try: the neighbour is taken.
    let answer = light.matrix.transaction(&gateway, "m03", &[good.json()]).await.unwrap();
    assert_eq!(result(&answer, good.id()), None);
    company.all_is_well().await;
}

/// Nobody's devices matter here: nothing is asked for, nothing is stored, and events beside them are taken.
#[tokio::test]
async fn m37_device_lists_are_ignored() {
    let light = light("m37").await;
    let mut company = Company::of(&light, "11").await;
    let gateway = light.gateway.server_name.clone();
    let alice = company.bridge.alice.clone();
    let update = |n: usize| {
        json!({ "edu_type": "m.device_list_update", "content": {
            "user_id": alice, "device_id": format!("D{n}"), "stream_id": n, "prev_id": [n + 7],
            "keys": { "user_id": "@mallory:x", "keys": { "ed25519:D": "!!!" }, "signatures": 7 } } })
    };
    let mut edus: Vec<Value> = (0..98).map(update).collect();
    edus.push(json!({ "edu_type": "m.signing_key_update", "content": { "user_id": alice, "master_key": "nonsense" } }));
    edus.push(json!({ "edu_type": "m.direct_to_device", "content": "nonsense" }));
    let good = company.good();
    let body = json!({ "origin": light.matrix.name(), "origin_server_ts": 1, "pdus": [good.json()], "edus": edus });
    let answer = light.matrix.request(&gateway, Method::PUT, "/_matrix/federation/v1/send/m37", &body).await.unwrap();
    assert_eq!(result(&answer, good.id()), None);
    // Ten thousand devices of ghosts: there are none.
    let ghosts: serde_json::Map<String, Value> =
        (0..10_000).map(|n| (light.gateway.ghost("a.test", &format!("user{n}")), json!([]))).collect();
    for (path, body, key) in [
        ("/_matrix/federation/v1/user/keys/query", json!({ "device_keys": ghosts }), "device_keys"),
        ("/_matrix/federation/v1/user/keys/claim", json!({ "one_time_keys": {} }), "one_time_keys"),
    ] {
        let answer = light.matrix.request(&gateway, Method::POST, path, &body).await.unwrap();
        assert_eq!((answer.status.as_u16(), &answer.json()[key]), (200, &json!({})), "{}", answer.text());
    }
    let asked: Vec<String> = light.matrix.requests().into_iter().map(|request| request.path).collect();
    assert!(asked.iter().all(|path| !path.contains("/user/")), "{asked:?}");
    company.all_is_well().await;
}

/// Many come and go at once: the room takes all of it, and others talk meanwhile.
#[tokio::test]
async fn m42_a_crowd_that_comes_and_goes_is_taken_and_disturbs_nobody() {
    const CROWD: usize = 40;
    let light = light("m42").await;
    let company = Company::of(&light, "11").await;
    let neighbour = light.bridge("11", "n").await.unwrap();
    let gateway = light.gateway.server_name.clone();
    let (room, alice) = (company.bridge.room.clone(), company.bridge.alice.clone());
    light.matrix.set_state(&room, &alice, ("m.room.join_rules", ""), json!({ "join_rule": "public" })).unwrap();
    light.matrix.flush(&gateway).await.unwrap();
    light.matrix.hold_back(&gateway);
    let users: Vec<String> = (0..CROWD).map(|n| light.matrix.user(&format!("user{n}"))).collect();
    for membership in ["join", "leave"] {
        for user in &users {
            light.matrix.set_membership(&room, user, (user, membership)).unwrap();
        }
    }
    light.matrix.say(&room, &alice, "all gone").unwrap();
    let (sent, ()) = tokio::join!(light.matrix.let_go(&gateway, interop_tests::matrix::peer::Order::AsSaid), async {
        neighbour.carol_says("undisturbed").await.unwrap();
    });
    sent.unwrap();
    company.bridge.carol_hears(&["all gone"]).await.unwrap();
    neighbour.alice_hears(&["undisturbed"]).await.unwrap();
    // In the end, those who have left are in the MIMI room no more.
    patience::until("the crowd to be gone", async || {
        let rooms = light.provider.control.rooms(&company.bridge.phone).await?;
        let crowd = rooms[0].participants.iter().filter(|it| it.user_uri.contains("/u/user")).count();
        Ok(Look::from_option((crowd == 0).then_some(()), || format!("{crowd} are there")))
    })
    .await
    .unwrap();
    assert!(light.matrix.sent_to_us().into_iter().all(|sent| matches!(sent.verdict, Verdict::Accepted | Verdict::Known)));
    company.bridge.carol_says("all is well").await.unwrap();
    company.bridge.alice_hears(&["all is well"]).await.unwrap();
}
