//! What is refused.

use http::{Request, StatusCode, header};
use http_body_util::Full;
use hyper::body::Bytes;
use serde_json::json;

use super::support::{World, club};

fn request(host: &str, from: &str, path: &str) -> Request<Full<Bytes>> {
    Request::post(path).header(header::HOST, host).header(header::FROM, from).body(Full::new(Bytes::from_static(b"\0"))).unwrap()
}

#[tokio::test]
async fn peers_have_to_be_who_they_say() {
    let world = World::start(&["a.test"]).await;
    let a = &world.providers[0];
    let path = "/v1/update/mimi%3A%2F%2Fa.test%2Fr%2Fclub";
    let identity = || Some(world.authority.issue(&["b.test"]));
    let cases = [
        (None, "a.test", "mimi@b.test", StatusCode::FORBIDDEN),
        (identity(), "a.test", "mimi@c.test", StatusCode::FORBIDDEN),
        (identity(), "a.test", "MIMI@b.test", StatusCode::BAD_REQUEST),
        (identity(), "a.test", "<mimi@b.test>", StatusCode::BAD_REQUEST),
        (identity(), "b.test", "mimi@b.test", StatusCode::BAD_REQUEST),
        // An honest peer with a body that is no HandshakeBundle.
        (identity(), "a.test:443", "mimi@b.test", StatusCode::BAD_REQUEST),
    ];
    for (identity, host, from, expected) in cases {
        assert_eq!(world.raw(a, identity, request(host, from, path)).await, expected, "{host} {from}");
    }
    let directory = Request::get("/.well-known/mimi-protocol-directory").header(header::HOST, "a.test");
    assert_eq!(world.raw(a, None, directory.body(Full::default()).unwrap()).await, StatusCode::OK);
    assert_eq!(a.get("/log").await.as_array().unwrap().len(), 6);
}

#[tokio::test]
async fn members_may_not_do_what_admins_may() {
    let world = World::start(&["a.test", "b.test"]).await;
    let (a, b) = world.pair();
    let (room, carol, _) = club(&world).await;
    let kick = json!({ "room": room, "by": "dora/phone", "user_uri": carol });
    assert_eq!(b.refused("/rooms/remove", kick).await, "notAllowed");
    let rename = json!({ "room": room, "by": "dora/phone", "name": "Mine" });
    assert_eq!(b.refused("/rooms/rename", rename).await, "notAllowed");
    let erin = b.user("erin", &["phone"]).await;
    let add = json!({ "room": room, "by": "dora/phone", "user_uri": erin, "role": "member" });
    assert_eq!(b.refused("/rooms/add", add).await, "notAllowed");
    // Who is no participant gets no GroupInfo.
    let join = json!({ "room": room, "by": "erin/phone" });
    assert_eq!(b.refused("/rooms/join", join).await, "notAuthorized");
    let join = json!({ "room": "mimi://a.test/r/other", "by": "erin/phone" });
    assert_eq!(b.refused("/rooms/join", join).await, "noSuchRoom");
    let log = a.get("/log").await;
    let why = log[0]["why"].as_str().unwrap();
    assert_eq!(log[0]["code"], "notAllowed");
    assert!(why.starts_with("R-063"), "{why}");
    // And all goes on.
    let id = b.say(&room, "dora/phone", "text", "still here", None).await;
    a.heard(&room, "carol/phone", &id).await;
}

#[tokio::test]
async fn nobody_is_added_without_consent() {
    let world = World::start(&["a.test", "b.test"]).await;
    let (a, b) = world.pair();
    a.user("carol", &["phone"]).await;
    let dora = b.user("dora", &["phone"]).await;
    let room = a.post("/rooms", json!({ "id": "club", "by": "carol/phone", "name": "Club" })).await["room"].clone();
    // P-028: the same for somebody who does not exist.
    for user in [dora.as_str(), "mimi://b.test/u/nobody"] {
        let add = json!({ "room": room, "by": "carol/phone", "user_uri": user, "role": "member" });
        assert_eq!(a.refused("/rooms/add", add).await, "noConsent");
    }
    assert_eq!(b.get("/log").await.as_array().unwrap().len(), 2);
}
