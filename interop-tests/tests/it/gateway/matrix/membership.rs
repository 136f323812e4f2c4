//! Coming, going and inviting, at the endpoints for it.

use http::{Method, StatusCode};
use interop_tests::faults::Fault;
use interop_tests::http_client::encode;
use interop_tests::https::Answer;
use interop_tests::light::Light;
use interop_tests::matrix::peer::Peer;
use serde_json::{Value, json};

use crate::gateway::support::{Company, light, refused};

async fn get(from: &Peer, light: &Light, path: &str) -> Answer {
    from.request(&light.gateway.server_name, Method::GET, path, &Value::Null).await.unwrap()
}

async fn put(light: &Light, path: &str, body: &Value) -> Answer {
    light.matrix.request(&light.gateway.server_name, Method::PUT, path, body).await.unwrap()
}

fn make_join(room: &str, user: &str, version: &str) -> String {
    format!("/_matrix/federation/v1/make_join/{}/{}?ver={version}", encode(room), encode(user))
}

/// A room that the gateway hosts: dora of the provider asks alice for her consent.
async fn hosted_room(light: &Light, tag: &str) -> (String, String) {
    let (alice, dora) = (light.matrix.user(&format!("alice{tag}")), format!("dora{tag}"));
    let dora = light.provider.control.add_user(&dora, &["phone"]).await.unwrap();
    light.provider.control.consent("request", &dora, &light.gateway.puppet(&alice)).await.unwrap();
    let invite = light.matrix.wait_for_invite(&alice).await.unwrap();
    // The invite is here before the gateway has stored that it was signed.
    let stored = interop_tests::patience::until("the invite to be stored", async || {
        let answer = get(&light.matrix, light, &make_join(&invite.room, &alice, "12")).await;
        Ok(interop_tests::patience::Look::from_option((answer.status == 200).then_some(()), || answer.text()))
    });
    stored.await.unwrap();
    (invite.room, alice)
}

#[tokio::test]
async fn make_join_is_for_own_users_and_known_versions() {
    let light = light("make-join").await;
    let (room, alice) = hosted_room(&light, "").await;
    refused(&get(&light.matrix, &light, &make_join(&room, &alice, "10")).await, 400, "M_INCOMPATIBLE_ROOM_VERSION");
    refused(&get(&light.matrix, &light, &make_join(&room, "@bob:elsewhere.test", "12")).await, 403, "M_FORBIDDEN");
    refused(&get(&light.matrix, &light, &make_join(&room, &light.matrix.user("mallory"), "12")).await, 403, "M_FORBIDDEN");
    refused(&get(&light.matrix, &light, &make_join("!nowhere:test", &alice, "12")).await, 404, "M_NOT_FOUND");
    light.matrix.join(&room, &alice, &light.gateway.server_name).await.unwrap();
    let (room, alice) = hosted_room(&light, "2").await;
    light.matrix.decline(&room, &alice, &light.gateway.server_name).await.unwrap();
}

#[tokio::test]
async fn m29_send_join_takes_only_the_join_that_its_path_names() {
    let light = light("m29").await;
    let (room, alice) = hosted_room(&light, "").await;
    let made = get(&light.matrix, &light, &make_join(&room, &alice, "12")).await.json();
    let version = "12".try_into().unwrap();
    let sign = |event: &Value| light.matrix.key().sign_event(event, &version).unwrap();
    let id = |event: &Value| light.matrix.read(event, &version).unwrap().id().to_owned();
    let good = sign(&made["event"]);
    let path = |room: &str, id: &str| format!("/_matrix/federation/v2/send_join/{}/{}", encode(room), encode(id));
    refused(&put(&light, &path(&room, &format!("${:043}", 1)), &good).await, 400, "M_INVALID_PARAM");
    refused(&put(&light, &path("!nowhere:test", &id(&good)), &good).await, 404, "M_NOT_FOUND");
    let change = |change: &dyn Fn(&mut Value)| {
        let mut event = made["event"].clone();
        change(&mut event);
        sign(&event)
    };
    let others = change(&|event| event["state_key"] = json!(light.matrix.user("mallory")));
    refused(&put(&light, &path(&room, &id(&others)), &others).await, 400, "M_INVALID_PARAM");
    let leave = change(&|event| event["content"]["membership"] = json!("leave"));
    refused(&put(&light, &path(&room, &id(&leave)), &leave).await, 400, "M_INVALID_PARAM");
    let message = change(&|event| event["type"] = json!("m.room.message"));
    refused(&put(&light, &path(&room, &id(&message)), &message).await, 400, "M_INVALID_PARAM");
    let mallory = light.matrix.user("mallory");
    let uninvited = change(&|event| {
        event["state_key"] = json!(mallory);
        event["sender"] = json!(mallory);
    });
    refused(&put(&light, &path(&room, &id(&uninvited)), &uninvited).await, 403, "M_FORBIDDEN");
    let unsigned = made["event"].clone();
    let answer = put(&light, &path(&room, &id(&good)), &unsigned).await;
    assert!(answer.status.is_client_error(), "{}", answer.text());
    // A restricted join in our name, where nobody of ours may authorise it (M19).
    let forged = change(&|event| event["content"]["join_authorised_via_users_server"] = json!(light.gateway.own_user()));
    refused(&put(&light, &path(&room, &id(&forged)), &forged).await, 403, "M_FORBIDDEN");
    let answer = put(&light, &path(&room, &id(&good)), &good).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    // The same again has the same answer.
    let again = put(&light, &path(&room, &id(&good)), &good).await;
    assert_eq!(again.status, 200, "{}", again.text());
}

#[tokio::test]
async fn m30_only_invites_of_own_users_are_signed() {
    let light = light("m30").await;
    let (alice, own) = (light.matrix.user("alice"), light.gateway.own_user());
    let room = light.matrix.create_room("11", &alice).unwrap();
    let version = "11".try_into().unwrap();
    let invite =
        |user: &str| light.matrix.draft(&room, &alice, ("m.room.member", Some(user)), &json!({ "membership": "invite" })).unwrap();
    let send = async |event: &Value, (room, version): (&str, &str)| {
        let id = light.matrix.id_of(room, event).unwrap();
        let path = format!("/_matrix/federation/v2/invite/{}/{}", encode(room), encode(&id));
        put(&light, &path, &json!({ "event": event, "room_version": version, "invite_room_state": [] })).await
    };
    let sign = |event: &Value| light.matrix.key().sign_event(event, &version).unwrap();
    refused(&send(&sign(&invite(&own)), (&room, "9")).await, 400, "M_INCOMPATIBLE_ROOM_VERSION");
    refused(&send(&sign(&invite("@bob:elsewhere.test")), (&room, "11")).await, 404, "M_NOT_FOUND");
    for nobody in ["@nobody", "@_mimi_", "@_mimi_a.test", "@_mimi_a.test/", "@_mimi_/carol", "@_MIMI_a.test/carol", "@_causeway2"] {
        let user = format!("{nobody}:{}", light.gateway.server_name);
        refused(&send(&sign(&invite(&user)), (&room, "11")).await, 404, "M_NOT_FOUND");
    }
    let mut join = invite(&own);
    join["content"]["membership"] = json!("join");
    refused(&send(&sign(&join), (&room, "11")).await, 400, "M_INVALID_PARAM");
    let mut message = invite(&own);
    message["type"] = json!("m.room.message");
    refused(&send(&sign(&message), (&room, "11")).await, 400, "M_INVALID_PARAM");
    let mut of_another = invite(&own);
    of_another["sender"] = json!("@bob:elsewhere.test");
    refused(&send(&sign(&of_another), (&room, "11")).await, 403, "M_FORBIDDEN");
    let mut unsigned = sign(&invite(&own));
    unsigned["signatures"] = json!({});
    refused(&send(&unsigned, (&room, "11")).await, 403, "M_FORBIDDEN");
    // What an invite says of its room is not believed, but it has to be small.
    let event = sign(&invite(&own));
    let path = format!("/_matrix/federation/v2/invite/{}/{}", encode(&room), encode(&light.matrix.id_of(&room, &event).unwrap()));
    let large =
        json!({ "type": "m.room.topic", "state_key": "", "sender": alice, "content": { "topic": "long ".repeat(400_000) } });
    let body = json!({ "event": event, "room_version": "11", "invite_room_state": [large] });
    refused(&put(&light, &path, &body).await, 413, "M_TOO_LARGE");
    let path = format!("/_matrix/federation/v2/invite/{}/{}", encode(&room), encode(&format!("${:043}", 1)));
    let body = json!({ "event": sign(&invite(&own)), "room_version": "11", "invite_room_state": [] });
    refused(&put(&light, &path, &body).await, 400, "M_INVALID_PARAM");
    // And nobody has come because of any of this.
    assert!(light.matrix.requests().iter().all(|request| !request.path.contains("make_join")));
}

#[tokio::test]
async fn m27_a_template_is_no_signing_oracle() {
    let light = light("m27").await;
    let alice = light.matrix.user("alice");
    let own = light.gateway.own_user();
    type Change = fn(&mut Value);
    let changes: [Change; 5] = [
        |answer| answer["event"]["type"] = json!("m.room.power_levels"),
        |answer| answer["event"]["content"] = json!({ "membership": "ban", "users": { "@mallory:test": 100 } }),
        |answer| answer["event"]["room_id"] = json!("!another:test"),
        |answer| answer["event"]["state_key"] = json!("@mallory:test"),
        |answer| answer["event"]["redacts"] = json!("$something"),
    ];
    for (number, change) in changes.into_iter().enumerate() {
        let room = light.matrix.create_room("11", &alice).unwrap();
        light.matrix.faults().plan("make_join", 1, Fault::Change(change));
        light.matrix.invite(&room, &alice, &own).await.unwrap();
        light.matrix.wait_for_membership(&room, &own, "join").await.unwrap();
        let joined = light.matrix.timeline(&room).into_iter().find(|event| event.is_membership(&own, "join")).unwrap();
        let json = joined.json();
        assert_eq!((json["room_id"].as_str(), json["sender"].as_str()), (Some(room.as_str()), Some(own.as_str())), "{number}");
        assert_eq!((json["state_key"].as_str(), json.get("redacts")), (Some(own.as_str()), None), "{number}");
        assert_eq!(json["content"]["users"], Value::Null, "{number}");
    }
    // A version that we do not know, and a template that is none: nothing is signed at all.
    for answer in [json!({ "room_version": "1e2", "event": {} }), json!({ "room_version": "11", "event": {} }), json!([])] {
        let room = light.matrix.create_room("11", &alice).unwrap();
        light.matrix.faults().plan("make_join", 1, Fault::Answer(StatusCode::OK, answer));
        light.matrix.invite(&room, &alice, &own).await.unwrap();
        // The next try is an honest one.
        light.matrix.wait_for_membership(&room, &own, "join").await.unwrap();
        let local = room.trim_start_matches('!').split(':').next().unwrap();
        let asked =
            |what: &str| light.matrix.requests().iter().filter(|it| it.path.contains(what) && it.path.contains(local)).count();
        // An honest one may be refused, too, while the invite is not stored yet.
        assert!(asked("make_join") >= 2, "{}", asked("make_join"));
        assert_eq!(asked("send_join"), 1);
    }
}

#[tokio::test]
async fn m26_send_join_answers_that_lie_make_no_room() {
    let light = light("m26").await;
    let alice = light.matrix.user("alice");
    let own = light.gateway.own_user();
    type Change = fn(&mut Value);
    let changes: [Change; 4] = [
        |answer| answer["auth_chain"] = json!([]),
        |answer| answer["state"] = json!([]),
        |answer| answer["state"][1]["content"] = json!({ "membership": "join", "displayname": "not what was signed" }),
        |answer| answer["state"][0]["signatures"] = json!({}),
    ];
    for (number, change) in changes.into_iter().enumerate() {
        let room = light.matrix.create_room("11", &alice).unwrap();
        light.matrix.faults().plan("send_join", 1, Fault::Change(change));
        light.matrix.invite(&room, &alice, &own).await.unwrap();
        light.matrix.wait_for_membership(&room, &own, "join").await.unwrap();
        // Whatever became of the first answer, in the end the gateway is in the room as it is, and says so.
        light
            .matrix
            .wait_for("the notice", |event| event.room() == room && event.kind() == "m.room.message")
            .await
            .unwrap_or_else(|error| panic!("{number}: {error:#}"));
    }
}

#[tokio::test]
async fn m19_a_forged_authorisation_of_a_restricted_join_is_rejected() {
    let light = light("m19").await;
    let mut company = Company::of(&light, "11").await;
    let (room, alice, mallory) = (company.bridge.room.clone(), company.bridge.alice.clone(), light.matrix.user("mallory"));
    let other = light.matrix.create_room("11", &alice).unwrap();
    let rules = json!({ "join_rule": "restricted", "allow": [{ "type": "m.room_membership", "room_id": other }] });
    light.matrix.set_state(&room, &alice, ("m.room.join_rules", ""), rules).unwrap();
    light.matrix.flush(&light.gateway.server_name).await.unwrap();
    refused(&get(&light.matrix, &light, &make_join(&room, &mallory, "11")).await, 403, "M_FORBIDDEN");
    // By a ghost, whose homeserver has not signed.
    let content = json!({ "membership": "join", "join_authorised_via_users_server": company.bridge.carol_ghost });
    let join = light.matrix.draft(&room, &mallory, ("m.room.member", Some(&mallory)), &content).unwrap();
    let join = company.sign(&join);
    company.refused(&join, "signature").await;
    let path = format!("/_matrix/federation/v2/send_join/{}/{}", encode(&room), encode(&company.id(&join)));
    let answer = put(&light, &path, &join).await;
    assert!(answer.status.is_client_error(), "{}", answer.text());
    company.all_is_well().await;
}

#[tokio::test]
async fn a_ghosts_name_cannot_be_used_by_another_homeserver() {
    let light = light("spoof").await;
    let company = Company::of(&light, "11").await;
    let (room, alice) = (company.bridge.room.clone(), company.bridge.alice.clone());
    // A user of the light homeserver whose name looks like a ghost's.
    let spoof = light.matrix.user("_mimi_a.test/carol11");
    light.matrix.invite(&room, &alice, &spoof).await.unwrap();
    light.matrix.set_membership(&room, &spoof, (&spoof, "join")).unwrap();
    light.matrix.say(&room, &spoof, "I am carol").unwrap();
    light.matrix.flush(&light.gateway.server_name).await.unwrap();
    // Somebody else's ghost, or somebody who would like to be one: neither becomes a puppet (no loops).
    company.all_is_well().await;
}

#[tokio::test]
async fn a_restricted_join_is_signed_by_us_only_for_members_of_a_room_that_it_names() {
    let light = light("restricted").await;
    let company = Company::of(&light, "11").await;
    let (room, alice, own) = (company.bridge.room.clone(), company.bridge.alice.clone(), light.gateway.own_user());
    let named = light.opted_in_room("11", &alice).await.unwrap();
    let rules = json!({ "join_rule": "restricted", "allow": [{ "type": "m.room_membership", "room_id": named }] });
    light.matrix.set_state(&room, &alice, ("m.room.join_rules", ""), rules).unwrap();
    let other = Peer::start(&light.authority).await.unwrap();
    let (bob, mallory) = (other.user("bob"), other.user("mallory"));
    light.matrix.invite(&named, &alice, &bob).await.unwrap();
    other.join(&named, &bob, light.matrix.name()).await.unwrap();
    light.matrix.flush(&light.gateway.server_name).await.unwrap();
    refused(&get(&other, &light, &make_join(&room, &mallory, "11")).await, 403, "M_FORBIDDEN");
    let template = get(&other, &light, &make_join(&room, &bob, "11")).await.json()["event"].clone();
    let authoriser = template["content"]["join_authorised_via_users_server"].as_str().unwrap().to_owned();
    assert!(authoriser.ends_with(&light.gateway.server_name), "{authoriser}");
    // mallory takes bob's template for herself.
    let mut stolen = template.clone();
    (stolen["sender"], stolen["state_key"]) = (json!(mallory), json!(mallory));
    let version = "11".try_into().unwrap();
    let stolen = other.key().sign_event(&stolen, &version).unwrap();
    let id = other.read(&stolen, &version).unwrap().id().to_owned();
    let path = format!("/_matrix/federation/v2/send_join/{}/{}", encode(&room), encode(&id));
    let answer = other.request(&light.gateway.server_name, Method::PUT, &path, &stolen).await.unwrap();
    assert!(answer.status.is_client_error(), "{}", answer.text());
    // bob joins, and his join has our signature.
    other.join(&room, &bob, &light.gateway.server_name).await.unwrap();
    light.matrix.wait_for_membership(&room, &bob, "join").await.unwrap();
    let timeline = light.matrix.timeline(&room);
    let join = timeline.iter().find(|event| event.is_membership(&bob, "join")).unwrap();
    assert!(join.json()["signatures"][&light.gateway.server_name].is_object(), "{}", join.json());
    assert_eq!(light.matrix.membership(&room, &own), "join");
    company.all_is_well().await;
}
