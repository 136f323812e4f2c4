//! What works.

use serde_json::{Value, json};

use super::support::{Provider, World, club};

async fn all_hear(providers: [(&Provider, &str); 4], room: &str, id: &str, check: impl Fn(&Value)) {
    for (provider, device) in providers {
        let message = provider.heard(room, device, id).await;
        assert_eq!(message["frank"], "verified", "{device}: {message}");
        check(&message);
    }
}

#[tokio::test]
async fn messages_reach_every_device_both_ways() {
    let world = World::start(&["a.test", "b.test"]).await;
    let (a, b) = world.pair();
    let (room, carol, dora) = club(&world).await;
    let all = [(a, "carol/phone"), (a, "carol/laptop"), (b, "dora/phone"), (b, "dora/tablet")];
    for (provider, device, user) in [(a, "carol/laptop", &carol), (b, "dora/tablet", &dora)] {
        let text = provider.say(&room, device, "text", "hello", None).await;
        all_hear(all, &room, &text, |message| {
            assert_eq!((&message["text"], &message["sender"]), (&json!("hello"), &json!(user)));
            assert_eq!(message["media_type"], "text/plain;charset=utf-8");
            assert_eq!(message["disposition"], "render");
        })
        .await;
        let markdown = provider.say(&room, device, "markdown", "**hello**", None).await;
        all_hear(all, &room, &markdown, |message| assert_eq!(message["media_type"], "text/markdown;variant=GFM-MIMI")).await;
        let reaction = provider.say(&room, device, "reaction", "👍", Some(&text)).await;
        all_hear(all, &room, &reaction, |message| {
            assert_eq!((&message["disposition"], &message["in_reply_to"]), (&json!("reaction"), &json!(text)));
        })
        .await;
        let edit = provider.say(&room, device, "edit", "goodbye", Some(&text)).await;
        all_hear(all, &room, &edit, |message| assert_eq!(message["replaces"], json!(text))).await;
        let unreact = provider.say(&room, device, "unreact", "", Some(&reaction)).await;
        all_hear(all, &room, &unreact, |message| assert_eq!(message["deleted"], true)).await;
        let delete = provider.say(&room, device, "delete", "", Some(&text)).await;
        all_hear(all, &room, &delete, |message| {
            assert_eq!((&message["deleted"], &message["replaces"]), (&json!(true), &json!(text)));
        })
        .await;
    }
}

#[tokio::test]
async fn a_room_is_renamed_joined_left_and_somebody_removed() {
    let world = World::start(&["a.test", "b.test"]).await;
    let (a, b) = world.pair();
    let (room, _, dora) = club(&world).await;

    a.post("/rooms/rename", json!({ "room": room, "by": "carol/laptop", "name": "Pub" })).await;
    b.until(&room, "dora/tablet", |seen| seen["name"] == "Pub").await;

    // A new device of each side, by external commit.
    for (provider, user) in [(b, "dora"), (a, "carol")] {
        provider.post("/users/devices", json!({ "user": user, "device": "watch" })).await;
        provider.post("/rooms/join", json!({ "room": room, "by": format!("{user}/watch") })).await;
        let id = provider.say(&room, &format!("{user}/watch"), "text", "from my watch", None).await;
        assert_eq!(a.heard(&room, "carol/phone", &id).await["frank"], "verified");
        assert_eq!(b.heard(&room, "dora/phone", &id).await["frank"], "verified");
    }
    let seen = b.until(&room, "dora/phone", |seen| seen["clients"].as_array().is_some_and(|all| all.len() == 6)).await;
    assert_eq!(seen["participants"].as_array().unwrap().len(), 2);

    // Two more users; one leaves, one is removed.
    let erin = b.user("erin", &["phone"]).await;
    let frank = b.user("frank", &["phone", "laptop"]).await;
    for user in [&erin, &frank] {
        b.grant("mimi://a.test/u/carol", user).await;
        a.post("/rooms/add", json!({ "room": room, "by": "carol/phone", "user_uri": user, "role": "member" })).await;
    }
    b.until(&room, "frank/phone", |seen| seen["active"] == true).await;
    b.post("/rooms/leave", json!({ "room": room, "by": "frank/laptop" })).await;
    for device in ["frank/phone", "frank/laptop"] {
        b.until(&room, device, |seen| seen["active"] == false).await;
    }
    a.post("/rooms/remove", json!({ "room": room, "by": "carol/phone", "user_uri": erin })).await;
    b.until(&room, "erin/phone", |seen| seen["active"] == false).await;
    let users = |seen: &Value| seen["participants"].as_array().map(Vec::len);
    let seen = b.until(&room, "dora/phone", |seen| users(seen) == Some(2)).await;
    assert!(seen["participants"].as_array().unwrap().iter().any(|participant| participant["user_uri"] == dora));

    let id = b.say(&room, "dora/phone", "text", "only us", None).await;
    a.heard(&room, "carol/watch", &id).await;
    assert_eq!(b.get("/log").await, json!([]));
}

#[tokio::test]
async fn a_follower_with_the_right_role_changes_the_room() {
    let world = World::start(&["a.test", "b.test", "c.test"]).await;
    let (a, b, c) = (&world.providers[0], &world.providers[1], &world.providers[2]);
    let (room, _, dora) = club(&world).await;
    let gina = c.user("gina", &["phone"]).await;
    let hugo = a.user("hugo", &["phone"]).await;
    let ida = b.user("ida", &["phone"]).await;
    b.grant("mimi://a.test/u/carol", &ida).await;
    a.post("/rooms/add", json!({ "room": room, "by": "carol/phone", "user_uri": ida, "role": "admin" })).await;
    b.until(&room, "ida/phone", |seen| seen["active"] == true).await;

    // Claims go through the hub, whosever user the target is.
    c.grant(&ida, &gina).await;
    a.grant(&ida, &hugo).await;
    for user in [&gina, &hugo] {
        b.post("/rooms/add", json!({ "room": room, "by": "ida/phone", "user_uri": user, "role": "member" })).await;
    }
    c.until(&room, "gina/phone", |seen| seen["active"] == true).await;
    let id = c.say(&room, "gina/phone", "text", "hello from c", None).await;
    for (provider, device) in [(a, "hugo/phone"), (a, "carol/phone"), (b, "dora/tablet"), (b, "ida/phone")] {
        assert_eq!(provider.heard(&room, device, &id).await["frank"], "verified");
    }
    b.post("/rooms/remove", json!({ "room": room, "by": "ida/phone", "user_uri": gina })).await;
    c.until(&room, "gina/phone", |seen| seen["active"] == false).await;
    b.post("/rooms/rename", json!({ "room": room, "by": "ida/phone", "name": "Ours" })).await;
    a.until(&room, "carol/laptop", |seen| seen["name"] == "Ours").await;

    // The last local users of the hub leave; what they proposed is committed by somebody else.
    a.post("/rooms/leave", json!({ "room": room, "by": "hugo/phone" })).await;
    a.post("/rooms/leave", json!({ "room": room, "by": "carol/phone" })).await;
    a.until(&room, "carol/laptop", |seen| seen["active"] == false).await;
    let left = b.until(&room, "ida/phone", |seen| seen["participants"].as_array().is_some_and(|all| all.len() == 2)).await;
    assert!(left["participants"].as_array().unwrap().iter().any(|participant| participant["user_uri"] == dora));
    let id = b.say(&room, "ida/phone", "text", "the hub has no member any more", None).await;
    b.heard(&room, "dora/phone", &id).await;
}

#[tokio::test]
async fn consent_is_asked_granted_and_withdrawn() {
    let world = World::start(&["a.test", "b.test"]).await;
    let (a, b) = world.pair();
    let carol = a.user("carol", &["phone"]).await;
    let dora = b.user("dora", &["phone"]).await;
    let room = a.post("/rooms", json!({ "id": "r", "by": "carol/phone", "name": "R" })).await["room"].clone();
    let add = json!({ "room": room, "by": "carol/phone", "user_uri": dora, "role": "member" });
    let act = |operation: &str| json!({ "operation": operation, "requester": carol, "target": dora, "room": null });
    for (operation, provider, status) in [
        ("request", a, "requested"),
        ("cancel", a, "cancelled"),
        ("request", a, "requested"),
        ("grant", b, "granted"),
        ("revoke", b, "revoked"),
    ] {
        provider.post("/consents", act(operation)).await;
        for (provider, direction) in [(a, "outgoing"), (b, "incoming")] {
            let consents = provider.get("/consents").await;
            let expected = json!([{ "requester": carol, "target": dora, "room": null, "status": status, "direction": direction }]);
            assert_eq!(consents, expected, "after {operation}");
        }
    }
    assert_eq!(a.refused("/rooms/add", add.clone()).await, "noConsent");
    // For one room only.
    b.post("/consents", json!({ "operation": "grant", "requester": carol, "target": dora, "room": room })).await;
    a.post("/rooms/add", add).await;
    let other = a.post("/rooms", json!({ "id": "s", "by": "carol/phone", "name": "S" })).await["room"].clone();
    let add = json!({ "room": other, "by": "carol/phone", "user_uri": dora, "role": "member" });
    assert_eq!(a.refused("/rooms/add", add).await, "noConsent");
}

#[tokio::test]
async fn operations_of_both_sides_at_once_all_succeed() {
    let world = World::start(&["a.test", "b.test"]).await;
    let (a, b) = world.pair();
    let (room, _, _) = club(&world).await;
    let renames = async {
        for number in 0..8 {
            a.post("/rooms/rename", json!({ "room": room, "by": "carol/phone", "name": format!("Club {number}") })).await;
        }
    };
    let talk = async {
        let mut said = Vec::new();
        for number in 0..16 {
            said.push(b.say(&room, "dora/phone", "text", &format!("word {number}"), None).await);
        }
        said
    };
    let ((), said) = tokio::join!(renames, talk);
    for id in &said {
        assert_eq!(a.heard(&room, "carol/laptop", id).await["frank"], "verified");
        assert_eq!(b.heard(&room, "dora/tablet", id).await["frank"], "verified");
    }
    let messages = a.get(&format!("/messages?room={room}&device=carol/laptop")).await;
    let order: Vec<&str> = messages.as_array().unwrap().iter().filter_map(|message| message["message_id"].as_str()).collect();
    assert_eq!(order, said);
    b.until(&room, "dora/tablet", |seen| seen["name"] == "Club 7").await;
}

#[tokio::test]
async fn what_a_follower_misses_comes_later_and_in_order() {
    let world = World::start(&["a.test", "b.test"]).await;
    let (a, b) = world.pair();
    let (room, _, _) = club(&world).await;
    b.line.cut();
    let mut said = Vec::new();
    for number in 0..3 {
        said.push(a.say(&room, "carol/phone", "text", &format!("word {number}"), None).await);
        a.post("/rooms/rename", json!({ "room": room, "by": "carol/laptop", "name": format!("Club {number}") })).await;
    }
    // The follower's own requests pass: it learns from the answer that it is behind, and waits.
    let (id, ()) = tokio::join!(b.say(&room, "dora/tablet", "text", "am I late?", None), async {
        tokio::time::sleep(std::time::Duration::from_millis(500)).await;
        b.line.mend();
    });
    said.push(id);
    for (provider, device) in [(a, "carol/laptop"), (b, "dora/phone"), (b, "dora/tablet")] {
        provider.heard(&room, device, &said[3]).await;
        let messages = provider.get(&format!("/messages?room={room}&device={device}")).await;
        let order: Vec<&str> = messages.as_array().unwrap().iter().filter_map(|message| message["message_id"].as_str()).collect();
        assert_eq!(order, said, "{device}");
    }
    b.until(&room, "dora/phone", |seen| seen["name"] == "Club 2").await;
}
