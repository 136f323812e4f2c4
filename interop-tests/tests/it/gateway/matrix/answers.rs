//! What homeservers are told when they ask.

use std::collections::BTreeSet;

use http::{Method, StatusCode};
use interop_tests::http_client::encode;
use interop_tests::https::Answer;
use interop_tests::light::{Bridge, Light, PROVIDER};
use interop_tests::matrix::peer::Event;
use interop_tests::scenario::consent;
use serde_json::{Value, json};

use crate::gateway::support::{light, refused};

async fn get(light: &Light, path: &str) -> Answer {
    light.matrix.request(&light.gateway.server_name, Method::GET, path, &Value::Null).await.unwrap()
}

async fn post(light: &Light, path: &str, body: Value) -> Answer {
    light.matrix.request(&light.gateway.server_name, Method::POST, path, &body).await.unwrap()
}

fn ids(value: &Value) -> BTreeSet<String> {
    value.as_array().unwrap().iter().map(|id| id.as_str().unwrap().to_owned()).collect()
}

/// The ids of whole events, as the room's version makes them.
fn ids_of(light: &Light, bridge: &Bridge<'_>, events: &Value) -> Vec<String> {
    events.as_array().unwrap().iter().map(|event| light.matrix.id_of(&bridge.room, event).unwrap()).collect()
}

/// What allows these events, and what allows that.
fn chain_of(timeline: &[std::sync::Arc<Event>], events: &BTreeSet<String>) -> BTreeSet<String> {
    let mut chain = BTreeSet::new();
    let mut open: Vec<String> = events.iter().cloned().collect();
    while let Some(id) = open.pop() {
        let event = timeline.iter().find(|event| event.id() == id).unwrap_or_else(|| panic!("{id} is not known"));
        open.extend(ids(&event.json()["auth_events"]).into_iter().filter(|id| chain.insert(id.clone())));
    }
    chain
}

#[tokio::test]
async fn homeservers_are_told_state_and_auth_chains() {
    let light = light("a-state").await;
    let bridge = light.bridge("11", "").await.unwrap();
    light.matrix.set_state(&bridge.room, &bridge.alice, ("m.room.name", ""), json!({ "name": "before" })).unwrap();
    let message = bridge.alice_says("what was before this?").unwrap();
    light.matrix.set_state(&bridge.room, &bridge.alice, ("m.room.name", ""), json!({ "name": "after" })).unwrap();
    light.matrix.flush(&light.gateway.server_name).await.unwrap();
    let timeline = light.matrix.timeline(&bridge.room);
    let at = timeline.iter().position(|event| event.id() == message).unwrap();
    // The room's graph is a line so far: the last event of each kind before it.
    let mut state = std::collections::BTreeMap::new();
    for event in timeline[..at].iter().filter(|event| event.state_key().is_some()) {
        state.insert((event.kind(), event.state_key().unwrap().to_owned()), event.id().to_owned());
    }
    let state: BTreeSet<String> = state.into_values().collect();
    let chain = chain_of(&timeline, &state);
    let (room, event) = (encode(&bridge.room), encode(&message));
    let told = get(&light, &format!("/_matrix/federation/v1/state_ids/{room}?event_id={event}")).await.json();
    assert_eq!((ids(&told["pdu_ids"]), ids(&told["auth_chain_ids"])), (state.clone(), chain.clone()), "{told}");
    let told = get(&light, &format!("/_matrix/federation/v1/state/{room}?event_id={event}")).await.json();
    let whole = |events: &Value| -> BTreeSet<String> { ids_of(&light, &bridge, events).into_iter().collect() };
    assert_eq!((whole(&told["pdus"]), whole(&told["auth_chain"])), (state, chain));
    let told = get(&light, &format!("/_matrix/federation/v1/event_auth/{room}/{event}")).await.json();
    assert_eq!(whole(&told["auth_chain"]), chain_of(&timeline, &BTreeSet::from([message])));
}

#[tokio::test]
async fn homeservers_are_told_what_they_have_missed() {
    let light = light("a-missing").await;
    let bridge = light.bridge("11", "").await.unwrap();
    let said: Vec<String> = (0..6).map(|n| bridge.alice_says(&format!("word {n}")).unwrap()).collect();
    light.matrix.flush(&light.gateway.server_name).await.unwrap();
    let path = format!("/_matrix/federation/v1/get_missing_events/{}", encode(&bridge.room));
    let ask = async |more: Value| {
        let mut body = json!({ "earliest_events": [said[0]], "latest_events": [said[5]], "limit": 10, "min_depth": 0 });
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        let told = post(&light, &path, body).await;
        assert_eq!(told.status, StatusCode::OK, "{}", told.text());
        ids_of(&light, &bridge, &told.json()["events"])
    };
    // Between the two, the oldest first.
    assert_eq!(ask(json!({})).await, said[1..5]);
    // Of too many, those that are nearest.
    assert_eq!(ask(json!({ "limit": 2 })).await, said[3..5]);
    let depth = light.matrix.timeline(&bridge.room).iter().find(|event| event.id() == said[3]).unwrap().depth();
    assert_eq!(ask(json!({ "min_depth": depth })).await, said[3..5]);
    assert!(ask(json!({ "latest_events": [format!("${:043}", 1)] })).await.is_empty());
    refused(
        &post(
            &light,
            "/_matrix/federation/v1/get_missing_events/!nowhere:test",
            json!({ "latest_events": [], "earliest_events": [] }),
        )
        .await,
        404,
        "M_NOT_FOUND",
    );
}

#[tokio::test]
async fn homeservers_are_told_who_we_are() {
    let light = light("a-who").await;
    let bridge = light.bridge("11", "").await.unwrap();
    let gateway = light.gateway.server_name.clone();
    // For these nobody has to be known.
    for (path, pointer, value) in [
        ("/.well-known/matrix/server", "/m.server", gateway.as_str()),
        ("/_matrix/federation/v1/version", "/server/name", "Causeway"),
    ] {
        let answer = light.matrix.unsigned(&gateway, Method::GET, path, Vec::new()).await.unwrap();
        assert_eq!(answer.json().pointer(pointer), Some(&json!(value)), "{path}: {}", answer.text());
    }
    let profile = |user: &str, field: &str| format!("/_matrix/federation/v1/query/profile?user_id={}{field}", encode(user));
    let told = get(&light, &profile(&bridge.carol_ghost, "")).await.json();
    let name = told["displayname"].as_str().unwrap();
    assert_eq!(name, light.matrix.state(&bridge.room, "m.room.member", &bridge.carol_ghost)["displayname"]);
    assert_eq!(get(&light, &profile(&bridge.carol_ghost, "&field=displayname")).await.json(), json!({ "displayname": name }));
    assert_eq!(get(&light, &profile(&bridge.carol_ghost, "&field=avatar_url")).await.json(), json!({}));
    refused(&get(&light, &profile(&format!("@nobody:{gateway}"), "")).await, 404, "M_NOT_FOUND");
    let alias = encode(&format!("#room:{gateway}"));
    refused(&get(&light, &format!("/_matrix/federation/v1/query/directory?room_alias={alias}")).await, 404, "M_NOT_FOUND");
}

/// Ghosts have no devices, so nobody encrypts for them what nobody could open.
#[tokio::test]
async fn homeservers_find_no_devices_of_ghosts() {
    let light = light("a-devices").await;
    let bridge = light.bridge("11", "").await.unwrap();
    let ghost = bridge.carol_ghost.clone();
    let devices = get(&light, &format!("/_matrix/federation/v1/user/devices/{}", encode(&ghost))).await.json();
    assert_eq!((&devices["user_id"], &devices["devices"]), (&json!(ghost), &json!([])));
    let keys =
        post(&light, "/_matrix/federation/v1/user/keys/query", json!({ "device_keys": { ghost.as_str(): [] } })).await.json();
    assert_eq!(keys["device_keys"], json!({}));
    let claimed = json!({ "one_time_keys": { ghost.as_str(): { "PHONE": "signed_curve25519" } } });
    assert_eq!(post(&light, "/_matrix/federation/v1/user/keys/claim", claimed).await.json()["one_time_keys"], json!({}));
}

/// A ghost declines as a user of any homeserver does, where the gateway is not in the room: by make_leave and send_leave.
#[tokio::test]
async fn a_ghost_whose_user_does_not_consent_declines() {
    let light = light("a-declines").await;
    let alice = light.matrix.user("alice");
    let carol = light.provider.control.add_user("carol", &["phone"]).await.unwrap();
    let room = light.matrix.create_room("11", &alice).unwrap();
    let opt_in = ("dev.causeway.bridge", light.gateway.server_name.as_str());
    light.matrix.set_state(&room, &alice, opt_in, json!({ "trust_mode": "endpoint" })).unwrap();
    let (ghost, puppet) = (light.gateway.ghost(PROVIDER, "carol"), light.gateway.puppet(&alice));
    light.matrix.invite(&room, &alice, &ghost).await.unwrap();
    consent::awaits(&light.provider.control, (&puppet, &carol), "requested").await.unwrap();
    light.provider.control.consent("revoke", &puppet, &carol).await.unwrap();
    light.matrix.wait_for_membership(&room, &ghost, "leave").await.unwrap();
    let requests = light.matrix.requests();
    assert!(requests.iter().any(|request| request.path.contains("make_leave")));
    assert!(requests.iter().any(|request| request.path.contains("send_leave")));
}
