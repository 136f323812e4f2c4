//! Homeservers that a room's server ACL denies.

use http::Method;
use interop_tests::http_client::encode;
use interop_tests::https::Answer;
use interop_tests::light::{Bridge, Light};
use interop_tests::matrix::peer::Peer;
use interop_tests::patience::{self, Look};
use serde_json::{Value, json};

use crate::gateway::support::{light, refused, result, text};

/// bob of another homeserver comes in.
async fn bob_joins(light: &Light, bridge: &Bridge<'_>, other: &Peer) -> String {
    let bob = other.user("bob");
    light.matrix.invite(&bridge.room, &bridge.alice, &bob).await.unwrap();
    other.join(&bridge.room, &bob, light.matrix.name()).await.unwrap();
    light.matrix.flush(&light.gateway.server_name).await.unwrap();
    bob
}

async fn set_acl(light: &Light, bridge: &Bridge<'_>, deny: &[&str]) {
    let acl = json!({ "allow": ["*"], "deny": deny, "allow_ip_literals": true });
    light.matrix.set_state(&bridge.room, &bridge.alice, ("m.room.server_acl", ""), acl).unwrap();
    light.matrix.flush(&light.gateway.server_name).await.unwrap();
}

#[track_caller]
fn denied(answer: &Answer, what: &str) {
    assert_eq!(answer.json()["dev.causeway.code"], "CW-2015", "{what}: {}", answer.text());
    refused(answer, 403, "M_FORBIDDEN");
}

/// Everything that bob has said, as carol's phone has decrypted it.
async fn carol_hears_of_bob(light: &Light, bridge: &Bridge<'_>, bob: &str, expected: &[&str]) {
    let bob = light.gateway.puppet(bob);
    patience::until(format!("carol to hear {expected:?} of bob"), async || {
        let messages = light.provider.control.messages(&bridge.phone, &bridge.mimi_room).await?;
        let heard: Vec<String> = messages.into_iter().filter(|it| it.sender == bob).map(|it| it.text).collect();
        Ok(Look::from_option((heard == expected).then_some(()), || format!("{heard:?}")))
    })
    .await
    .unwrap();
}

#[tokio::test]
async fn server_acl_events_of_a_denied_homeserver_are_refused_and_their_neighbours_taken() {
    let light = light("acl").await;
    let other = Peer::start_as("127.0.0.1", &light.authority).await.unwrap();
    let (closed, open) = (light.bridge("11", "closed").await.unwrap(), light.bridge("11", "open").await.unwrap());
    let bob = bob_joins(&light, &closed, &other).await;
    bob_joins(&light, &open, &other).await;
    let gateway = light.gateway.server_name.clone();
    set_acl(&light, &closed, &["127.0.0.1"]).await;
    // One transaction: a room that denies the homeserver, and one that does not.
    let late = other.own(&closed.room, &bob, ("m.room.message", None), text("denied")).unwrap();
    let fine = other.own(&open.room, &bob, ("m.room.message", None), text("fine")).unwrap();
    let answer = other.transaction(&gateway, "both", &[late.json(), fine.json()]).await.unwrap();
    assert!(result(&answer, late.id()).unwrap().contains("CW-2015"), "{}", answer.text());
    assert_eq!(result(&answer, fine.id()), None);
    carol_hears_of_bob(&light, &open, &bob, &["fine"]).await;
    // Ephemeral events of a room are nobody's news here.
    let typing = json!({ "edu_type": "m.typing", "content": { "room_id": closed.room, "user_id": bob, "typing": true } });
    let body = json!({ "origin": other.name(), "origin_server_ts": 1, "pdus": [], "edus": [typing] });
    let answer = other.request(&gateway, Method::PUT, "/_matrix/federation/v1/send/typing", &body).await.unwrap();
    assert_eq!(answer.status, 200, "{}", answer.text());
    // Those who are not denied are heard in both.
    closed.alice_says("still here").unwrap();
    closed.carol_hears(&["still here"]).await.unwrap();
    carol_hears_of_bob(&light, &closed, &bob, &[]).await;
    // Once the room relents, the same event is taken.
    set_acl(&light, &closed, &[]).await;
    let answer = other.transaction(&gateway, "again", &[late.json()]).await.unwrap();
    assert_eq!(result(&answer, late.id()), None, "{}", answer.text());
    carol_hears_of_bob(&light, &closed, &bob, &["denied"]).await;
}

#[tokio::test]
async fn server_acl_requests_of_a_denied_homeserver_are_forbidden() {
    let light = light("acl-requests").await;
    let other = Peer::start_as("127.0.0.1", &light.authority).await.unwrap();
    let bridge = light.bridge("11", "").await.unwrap();
    let bob = bob_joins(&light, &bridge, &other).await;
    let gateway = light.gateway.server_name.clone();
    let room = encode(&bridge.room);
    let last = bridge.alice_says("what bob may not read").unwrap();
    light.matrix.flush(&gateway).await.unwrap();
    let event = encode(&last);
    let reads = [
        (Method::GET, format!("/_matrix/federation/v1/event/{event}"), Value::Null),
        (Method::GET, format!("/_matrix/federation/v1/state/{room}?event_id={event}"), Value::Null),
        (Method::GET, format!("/_matrix/federation/v1/state_ids/{room}?event_id={event}"), Value::Null),
        (Method::GET, format!("/_matrix/federation/v1/event_auth/{room}/{event}"), Value::Null),
        (Method::GET, format!("/_matrix/federation/v1/backfill/{room}?v={event}&limit=10"), Value::Null),
        (
            Method::POST,
            format!("/_matrix/federation/v1/get_missing_events/{room}"),
            json!({ "earliest_events": [], "latest_events": [last], "limit": 10, "min_depth": 0 }),
        ),
    ];
    for (method, path, body) in &reads {
        assert_eq!(other.request(&gateway, method.clone(), path, body).await.unwrap().status, 200, "{path}");
    }
    set_acl(&light, &bridge, &["127.0.0.*"]).await;
    for (method, path, body) in &reads {
        denied(&other.request(&gateway, method.clone(), path, body).await.unwrap(), path);
    }
    let dave = other.user("dave");
    for path in [
        format!("/_matrix/federation/v1/make_join/{room}/{}?ver=11", encode(&dave)),
        format!("/_matrix/federation/v1/make_leave/{room}/{}", encode(&bob)),
    ] {
        denied(&other.request(&gateway, Method::GET, &path, &Value::Null).await.unwrap(), &path);
    }
    let membership = |sender: &str, user: &str, membership: &str| {
        let content = json!({ "membership": membership });
        let draft = other.draft(&bridge.room, sender, ("m.room.member", Some(user)), &content).unwrap();
        let event = other.sign(&bridge.room, &draft).unwrap();
        (encode(&other.id_of(&bridge.room, &event).unwrap()), event)
    };
    for (sender, kind, endpoint) in [(&dave, "join", "send_join"), (&bob, "leave", "send_leave")] {
        let (id, event) = membership(sender, sender, kind);
        let path = format!("/_matrix/federation/v2/{endpoint}/{room}/{id}");
        denied(&other.request(&gateway, Method::PUT, &path, &event).await.unwrap(), &path);
    }
    let (id, event) = membership(&bob, &light.gateway.ghost("a.test", "dora"), "invite");
    let path = format!("/_matrix/federation/v2/invite/{room}/{id}");
    let body = json!({ "event": event, "room_version": "11", "invite_room_state": [] });
    denied(&other.request(&gateway, Method::PUT, &path, &body).await.unwrap(), &path);
    // Nothing has changed: bob is there, nobody else has come.
    assert_eq!(light.matrix.membership(&bridge.room, &bob), "join");
    bridge.carol_says("all is well").await.unwrap();
    bridge.alice_hears(&["all is well"]).await.unwrap();
}
