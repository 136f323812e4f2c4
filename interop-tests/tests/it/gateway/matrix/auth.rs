//! Events that the rules of the room forbid.

use interop_tests::matrix::peer::Verdict;
use serde_json::{Value, json};

use crate::gateway::support::{Company, light, result, text};

#[tokio::test]
async fn m15_wrong_auth_events_are_rejected() {
    let light = light("m15").await;
    let mut company = Company::of(&light, "10").await;
    let room = company.bridge.room.clone();
    let create = light.matrix.timeline(&room)[0].id().to_owned();
    let other_room = light.matrix.create_room("10", &company.bridge.alice).unwrap();
    let foreign = light.matrix.timeline(&other_room)[0].id().to_owned();
    let named = |draft: &Value| draft["auth_events"].as_array().unwrap().clone();
    let mut without_create = company.draft("without create");
    without_create["auth_events"] = json!(named(&without_create).into_iter().filter(|id| *id != json!(create)).collect::<Vec<_>>());
    let bad = company.sign(&without_create);
    company.refused(&bad, "create").await;
    let mut superfluous = company.draft("a superfluous one");
    let topic = light.matrix.set_state(&room, &company.bridge.alice, ("m.room.topic", ""), json!({ "topic": "t" })).unwrap();
    light.matrix.flush(&light.gateway.server_name).await.unwrap();
    superfluous["auth_events"].as_array_mut().unwrap().push(json!(topic));
    let bad = company.sign(&superfluous);
    company.refused(&bad, "auth").await;
    let mut of_another_room = company.draft("of another room");
    of_another_room["auth_events"].as_array_mut().unwrap().push(json!(foreign));
    let bad = company.sign(&of_another_room);
    let answer = company.send(&bad).await;
    assert!(result(&answer, &company.id(&bad)).is_some());
    company.all_is_well().await;
}

#[tokio::test]
async fn m15_create_is_not_named_in_version_12() {
    let light = light("m15-12").await;
    let mut company = Company::of(&light, "12").await;
    let create = light.matrix.timeline(&company.bridge.room)[0].id().to_owned();
    let mut bad = company.draft("names create");
    bad["auth_events"].as_array_mut().unwrap().push(json!(create));
    let bad = light.matrix.key().sign_event(&bad, &"12".try_into().unwrap()).unwrap();
    company.ignored(&bad).await;
    company.all_is_well().await;
}

#[tokio::test]
async fn m17_a_second_create_is_rejected() {
    let light = light("m17").await;
    let mut company = Company::of(&light, "11").await;
    let bad = company.state_draft(&company.bridge.alice, ("m.room.create", ""), json!({ "room_version": "11" }));
    let bad = company.sign(&bad);
    company.refused(&bad, "create").await;
    company.all_is_well().await;
}

#[tokio::test]
async fn m18_joins_invites_and_bans_against_the_rules_are_rejected() {
    let light = light("m18").await;
    let mut company = Company::of(&light, "11").await;
    let (alice, mallory, dave) = (company.bridge.alice.clone(), light.matrix.user("mallory"), light.matrix.user("dave"));
    light.matrix.set_membership(&company.bridge.room, &alice, (&mallory, "ban")).unwrap();
    light.matrix.flush(&light.gateway.server_name).await.unwrap();
    let membership = |membership: &str| json!({ "membership": membership });
    let third_party = json!({ "membership": "invite", "third_party_invite": { "display_name": "d",
        "signed": { "mxid": dave, "token": "nobody gave it", "signatures": { "id.test": { "ed25519:0": "AAAA" } } } } });
    let cases = [
        // Banned.
        (mallory.as_str(), mallory.as_str(), membership("join")),
        // Not invited.
        (dave.as_str(), dave.as_str(), membership("join")),
        // Not in the room.
        (mallory.as_str(), dave.as_str(), membership("invite")),
        (dave.as_str(), mallory.as_str(), membership("leave")),
        (mallory.as_str(), alice.as_str(), membership("ban")),
        (alice.as_str(), dave.as_str(), third_party),
    ];
    for (sender, user, content) in cases {
        let bad = company.state_draft(sender, ("m.room.member", user), content);
        let bad = company.sign(&bad);
        let answer = company.send(&bad).await;
        let said = result(&answer, &company.id(&bad));
        assert!(said.is_some(), "{sender} {user}");
    }
    company.all_is_well().await;
}

#[tokio::test]
async fn m18_a_member_may_not_ban_an_owner() {
    let light = light("m18-pl").await;
    let mut company = Company::of(&light, "11").await;
    let (alice, bob) = (company.bridge.alice.clone(), light.matrix.user("bob"));
    light.matrix.invite(&company.bridge.room, &alice, &bob).await.unwrap();
    light.matrix.set_membership(&company.bridge.room, &bob, (&bob, "join")).unwrap();
    light.matrix.flush(&light.gateway.server_name).await.unwrap();
    for (user, content) in
        [(&alice, json!({ "membership": "ban" })), (&company.bridge.carol_ghost.clone(), json!({ "membership": "leave" }))]
    {
        let bad = company.sign(&company.state_draft(&bob, ("m.room.member", user), content));
        let answer = company.send(&bad).await;
        assert!(result(&answer, &company.id(&bad)).is_some());
    }
    let levels = company.state_draft(&bob, ("m.room.power_levels", ""), json!({ "users": { bob.as_str(): 100 } }));
    let bad = company.sign(&levels);
    let answer = company.send(&bad).await;
    assert!(result(&answer, &company.id(&bad)).is_some());
    company.all_is_well().await;
}

#[tokio::test]
async fn m21_nobody_joins_in_anothers_name() {
    let light = light("m21").await;
    let mut company = Company::of(&light, "11").await;
    let (alice, victim) = (company.bridge.alice.clone(), "@victim:elsewhere.test");
    for user in [victim.to_owned(), light.matrix.user("dave"), light.gateway.ghost("a.test", "mallory")] {
        let bad = company.sign(&company.state_draft(&alice, ("m.room.member", &user), json!({ "membership": "join" })));
        let answer = company.send(&bad).await;
        assert!(result(&answer, &company.id(&bad)).is_some(), "{user}");
    }
    // Events of other homeservers' users need those homeservers' signatures, ours included.
    for sender in [victim.to_owned(), company.bridge.carol_ghost.clone(), light.gateway.own_user()] {
        let mut bad = company.draft("in another's name");
        bad["sender"] = json!(sender);
        let bad = company.sign(&bad);
        company.refused(&bad, "signature").await;
    }
    company.all_is_well().await;
}

#[tokio::test]
async fn m23_a_rejected_event_stays_rejected() {
    let light = light("m23").await;
    let mut company = Company::of(&light, "11").await;
    let dave = light.matrix.user("dave");
    let bad = company.sign(&company.state_draft(&dave, ("m.room.member", &dave), json!({ "membership": "join" })));
    company.refused(&bad, "").await;
    let (create, join) = (company.draft("")["auth_events"][0].clone(), company.id(&bad));
    let mut words = company.draft("by somebody who is not in the room");
    words["sender"] = json!(dave);
    words["auth_events"] = json!([create, join]);
    let on_top = {
        let mut words = words.clone();
        words["prev_events"] = json!([join]);
        words
    };
    for words in [words, on_top] {
        let words = company.sign(&words);
        company.refused(&words, "").await;
    }
    // And again.
    let answer = company.send(&bad).await;
    assert!(result(&answer, &company.id(&bad)).is_none_or(|why| !why.is_empty()));
    assert_eq!(light.matrix.membership(&company.bridge.room, &dave), "leave");
    company.all_is_well().await;
}

#[tokio::test]
async fn a_soft_failed_event_is_not_bridged() {
    let light = light("soft").await;
    let mut company = Company::of(&light, "11").await;
    let (alice, bob) = (company.bridge.alice.clone(), light.matrix.user("bob"));
    light.matrix.invite(&company.bridge.room, &alice, &bob).await.unwrap();
    light.matrix.set_membership(&company.bridge.room, &bob, (&bob, "join")).unwrap();
    light.matrix.flush(&light.gateway.server_name).await.unwrap();
    // Written before bob is sent away, sent after it.
    let late = light.matrix.draft(&company.bridge.room, &bob, ("m.room.message", None), &text("too late")).unwrap();
    light.matrix.set_membership(&company.bridge.room, &alice, (&bob, "ban")).unwrap();
    light.matrix.flush(&light.gateway.server_name).await.unwrap();
    let late = company.sign(&late);
    assert!(matches!(light.matrix.take(&company.bridge.room, &late).unwrap(), Verdict::SoftFailed(_)));
    let answer = company.send(&late).await;
    // It is valid at its place in the graph: the peer is not told, and nobody else is, either.
    assert_eq!(result(&answer, &company.id(&late)), None);
    let bob_uri = light.gateway.puppet(&bob);
    company.all_is_well().await;
    let rooms = light.provider.control.rooms("carol11/phone").await.unwrap();
    let messages = light.provider.control.messages("carol11/phone", &rooms[0].room).await.unwrap();
    assert!(messages.iter().all(|message| message.sender != bob_uri), "{messages:?}");
}

#[tokio::test]
async fn a_forked_graph_comes_together() {
    let light = light("fork").await;
    let mut company = Company::of(&light, "11").await;
    let (left, right) = (company.draft("left"), company.draft("right"));
    for draft in [left, right] {
        let event = company.sign(&draft);
        assert_eq!(light.matrix.take(&company.bridge.room, &event).unwrap(), Verdict::Accepted);
        let answer = light.matrix.send_raw(&light.gateway.server_name, &event).await.unwrap();
        assert_eq!(result(&answer, &company.id(&event)), None);
    }
    company.expect("left");
    company.expect("right");
    assert_eq!(light.matrix.extremities(&company.bridge.room).len(), 2);
    let together = company.good();
    assert_eq!(together.json()["prev_events"].as_array().unwrap().len(), 2);
    let answer = light.matrix.send_raw(&light.gateway.server_name, &together.json()).await.unwrap();
    assert_eq!(result(&answer, together.id()), None);
    company.all_is_well().await;
}

#[tokio::test]
async fn m22_nobody_goes_round_a_ban_by_an_older_place_in_the_graph() {
    let light = light("m22").await;
    let mut company = Company::of(&light, "11").await;
    let (room, alice, mallory) = (company.bridge.room.clone(), company.bridge.alice.clone(), light.matrix.user("mallory"));
    light.matrix.invite(&room, &alice, &mallory).await.unwrap();
    light.matrix.set_membership(&room, &mallory, (&mallory, "join")).unwrap();
    light.matrix.flush(&light.gateway.server_name).await.unwrap();
    // All of it is written where mallory is a member still, and sent when she is banned.
    let again = company.state_draft(&mallory, ("m.room.member", &mallory), json!({ "membership": "join", "displayname": "M" }));
    let again = company.sign(&again);
    let named = company.state_draft(&mallory, ("m.room.name", ""), json!({ "name": "mallory's" }));
    let mut words = light.matrix.draft(&room, &mallory, ("m.room.message", None), &text("not gone")).unwrap();
    let members = words["auth_events"].as_array().unwrap().iter();
    let others: Vec<Value> =
        members.filter(|id| light.matrix.kind_of(&room, id.as_str().unwrap()) != "m.room.member").cloned().collect();
    words["auth_events"] = json!([others, vec![json!(company.id(&again))]].concat());
    words["prev_events"] = json!([company.id(&again)]);
    light.matrix.set_membership(&room, &alice, (&mallory, "ban")).unwrap();
    light.matrix.flush(&light.gateway.server_name).await.unwrap();
    // Her profile and words are valid where they stand, and not heeded; the name never was hers to give.
    let answer = company.send(&again).await;
    assert_eq!(result(&answer, &company.id(&again)), None, "{}", answer.text());
    let words = company.sign(&words);
    let answer = company.send(&words).await;
    assert_eq!(result(&answer, &company.id(&words)), None, "{}", answer.text());
    let named = company.sign(&named);
    company.refused(&named, "").await;
    // She is banned still: what she builds on top of today is refused.
    let mut late = company.draft("here again");
    late["sender"] = json!(mallory);
    let late = company.sign(&late);
    company.refused(&late, "").await;
    let uri = light.gateway.puppet(&mallory);
    let (phone, mimi_room) = (company.bridge.phone.clone(), company.bridge.mimi_room.clone());
    company.all_is_well().await;
    let messages = light.provider.control.messages(&phone, &mimi_room).await.unwrap();
    assert!(messages.iter().all(|message| message.sender != uri), "{messages:?}");
}
