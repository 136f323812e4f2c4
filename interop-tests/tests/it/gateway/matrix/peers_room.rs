//! Invitations to peers' rooms (SPEC §15.2), by somebody who is no peer.

use http::Method;
use interop_tests::http_client::encode;
use interop_tests::https::Answer;
use interop_tests::light::Light;
use serde_json::{Value, json};

use crate::gateway::support::{light, refused};

/// A create event of the light homeserver's `@_causeway`, signed.
fn create(light: &Light, content: &Value) -> Value {
    let version = "12".try_into().unwrap();
    let event = json!({
        "type": "m.room.create",
        "state_key": "",
        "sender": light.matrix.user("_causeway"),
        "origin_server_ts": 1_790_000_000_000_u64,
        "content": content,
        "prev_events": [],
        "auth_events": [],
        "depth": 1,
    });
    light.matrix.key().sign_event(&event, &version).unwrap()
}

/// Invites a user of the gateway to the room that the first of the create events makes, and says that the second has.
async fn invite(light: &Light, (made_by, shown): (&Value, &Value), user: &str) -> Answer {
    let version = "12".try_into().unwrap();
    let id = light.matrix.read(made_by, &version).unwrap().id().to_owned();
    let room = id.replacen('$', "!", 1);
    let event = json!({
        "type": "m.room.member",
        "room_id": room,
        "state_key": user,
        "sender": light.matrix.user("_causeway"),
        "origin_server_ts": 1_790_000_000_001_u64,
        "content": { "membership": "invite" },
        "prev_events": [id],
        "auth_events": [],
        "depth": 2,
    });
    let event = light.matrix.key().sign_event(&event, &version).unwrap();
    let event_id = light.matrix.read(&event, &version).unwrap().id().to_owned();
    let path = format!("/_matrix/federation/v2/invite/{}/{}", encode(&room), encode(&event_id));
    let body = json!({ "event": event, "room_version": "12", "invite_room_state": [shown] });
    light.matrix.request(&light.gateway.server_name, Method::PUT, &path, &body).await.unwrap()
}

#[tokio::test]
async fn dmls_38_an_invitation_to_a_peers_room_is_followed_for_no_stranger() {
    let light = light("dmls38").await;
    let bridge = light.bridge("11", "").await.unwrap();
    let content = |provider: &str| {
        json!({
            "room_version": "12",
            "type": "org.causeway.peers",
            "org.causeway.mimi_room": bridge.mimi_room,
            "org.causeway.provider": provider,
        })
    };
    let own = light.gateway.own_user();
    let joins = || light.matrix.requests().iter().filter(|request| request.path.contains("make_join")).count();
    let before = joins();
    // The provider has a client in the room, but its directory names nobody; the other one cannot be asked.
    let of_provider = create(&light, &content(interop_tests::light::PROVIDER));
    let answer = invite(&light, (&of_provider, &of_provider), &own).await;
    refused(&answer, 403, "M_FORBIDDEN");
    assert!(answer.text().contains("DMLS-38"), "{}", answer.text());
    let of_nobody = create(&light, &content("z.test"));
    refused(&invite(&light, (&of_nobody, &of_nobody), &own).await, 403, "M_FORBIDDEN");
    // Another room's create event, one that names no provider, and one for a ghost.
    refused(&invite(&light, (&of_nobody, &of_provider), &own).await, 403, "M_FORBIDDEN");
    let nameless = create(&light, &json!({ "room_version": "12", "type": "org.causeway.peers" }));
    refused(&invite(&light, (&nameless, &nameless), &own).await, 403, "M_FORBIDDEN");
    refused(&invite(&light, (&of_provider, &of_provider), &bridge.carol_ghost).await, 404, "M_NOT_FOUND");
    // And nobody has come because of any of this.
    assert_eq!(joins(), before);
}
