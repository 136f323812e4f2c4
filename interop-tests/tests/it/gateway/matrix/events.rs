//! Single events that are wrong in themselves: format, signature, hash, references.

use interop_tests::matrix::peer::SigningKey;
use serde_json::{Value, json};

use crate::gateway::support::{Company, light, result, text, without};

/// A signed event whose signed part stays as it was: what is changed is not covered by any signature.
fn with_signature(mut event: Value, server: &str, signature: &str) -> Value {
    event["signatures"][server]["ed25519:peer"] = json!(signature);
    event
}

#[tokio::test]
async fn m06_too_large_events_are_refused() {
    let light = light("m06").await;
    let mut company = Company::of(&light, "11").await;
    // Too large to be signed, but not to be sent. Without its content it would not be too large.
    let mut large = company.sign(&company.draft(""));
    large["content"]["body"] = json!("x".repeat(65_536));
    company.ignored(&large).await;
    let mut long_type = company.draft("a long type");
    long_type["type"] = json!("t".repeat(256));
    let long_key = company.state_draft(&company.bridge.alice, ("m.room.topic", &"k".repeat(256)), json!({ "topic": "a long key" }));
    let mut long_sender = company.draft("a long sender");
    long_sender["sender"] = json!(format!("@{}:{}", "s".repeat(250), light.matrix.name()));
    for bad in [long_type, long_key, long_sender] {
        let bad = company.sign(&bad);
        company.ignored(&bad).await;
    }
    company.all_is_well().await;
}

#[tokio::test]
async fn m09_wrong_depths_are_refused() {
    let light = light("m09").await;
    let mut company = Company::of(&light, "11").await;
    for depth in [json!(-1), json!("7"), Value::Null] {
        let mut bad = company.draft("a wrong depth");
        bad["depth"] = depth;
        let bad = company.sign(&bad);
        company.ignored(&bad).await;
    }
    let bad = company.sign(&without(company.draft("no depth"), "depth"));
    company.ignored(&bad).await;
    // The greatest depth there is, is a depth.
    let mut deep = company.draft("deep");
    deep["depth"] = json!(9_007_199_254_740_991_i64);
    let deep = company.sign(&deep);
    company.expect("deep");
    let answer = company.send(&deep).await;
    assert_eq!(result(&answer, &company.id(&deep)), None);
    light.matrix.take(&company.bridge.room, &deep).unwrap();
    // And our own events on top of it have one, too.
    company.bridge.carol_says("after the deep").await.unwrap();
    company.bridge.alice_hears(&["after the deep"]).await.unwrap();
}

#[tokio::test]
async fn m11_wrong_signatures_are_refused() {
    let light = light("m11").await;
    let mut company = Company::of(&light, "11").await;
    let version = "11".try_into().unwrap();
    let name = light.matrix.name().to_owned();
    let unsigned = without(company.sign(&company.draft("unsigned")), "signatures");
    company.refused(&unsigned, "signature").await;
    let stranger =
        SigningKey::generate("stranger.test", "peer").unwrap().sign_event(&company.draft("by a stranger"), &version).unwrap();
    company.refused(&stranger, "signature").await;
    // The right name and key id, but another key.
    let impostor = SigningKey::generate(&name, "peer").unwrap().sign_event(&company.draft("by an impostor"), &version).unwrap();
    company.refused(&impostor, "signature").await;
    let unknown = SigningKey::generate(&name, "other").unwrap().sign_event(&company.draft("by an unknown key"), &version).unwrap();
    company.refused(&unknown, "signature").await;
    for signature in ["!!!", "c2hvcnQ", ""] {
        let bad = with_signature(company.sign(&company.draft("badly signed")), &name, signature);
        company.refused(&bad, "signature").await;
    }
    company.all_is_well().await;
}

#[tokio::test]
async fn wrong_content_hash_is_redacted() {
    let light = light("hash").await;
    let mut company = Company::of(&light, "11").await;
    let mut bad = company.sign(&company.draft("what was signed"));
    bad["content"]["body"] = json!("what was not signed");
    // The event is part of the room, its content is not.
    let answer = company.send(&bad).await;
    assert_eq!(result(&answer, &company.id(&bad)), None);
    light.matrix.take(&company.bridge.room, &bad).unwrap();
    company.all_is_well().await;
}

#[tokio::test]
async fn m13_a_forged_event_id_is_ignored() {
    let light = light("m13").await;
    let mut company = Company::of(&light, "11").await;
    let victim = company.good();
    let mut bad = company.sign(&company.draft("under another name"));
    bad["event_id"] = json!(victim.id());
    company.refused(&bad, "signature").await;
    // If its sender has signed it, it is only one more key, and part of what makes the id.
    let mut odd = company.draft("under another name");
    odd["event_id"] = json!(victim.id());
    let odd = company.sign(&odd);
    assert_ne!(company.id(&odd), victim.id());
    company.expect("under another name");
    let answer = company.send(&odd).await;
    assert_eq!(result(&answer, &company.id(&odd)), None);
    let sent = light.matrix.send_raw(&light.gateway.server_name, &victim.json()).await.unwrap();
    assert_eq!(result(&sent, victim.id()), None);
}

#[tokio::test]
async fn m14_wrong_prev_events_are_refused() {
    let light = light("m14").await;
    let mut company = Company::of(&light, "11").await;
    let other_room = light.matrix.create_room("11", &company.bridge.alice).unwrap();
    let elsewhere = light.matrix.extremities(&other_room);
    let unknown = |n: usize| format!("${n:043}");
    let cases = [
        (json!([]), "create"),
        (json!((0..3).map(unknown).collect::<Vec<_>>()), "cannot be had"),
        (json!(elsewhere), "cannot be had"),
    ];
    for (prev, why) in cases {
        let mut bad = company.draft("wrong prev_events");
        bad["prev_events"] = prev;
        let bad = company.sign(&bad);
        company.refused(&bad, why).await;
    }
    let mut many = company.draft("too many prev_events");
    many["prev_events"] = json!((0..21).map(unknown).collect::<Vec<_>>());
    let many = company.sign(&many);
    company.ignored(&many).await;
    // The same event named twice is the same as once.
    let mut twice = company.draft("named twice");
    let prev = twice["prev_events"][0].clone();
    twice["prev_events"] = json!([prev, prev]);
    let twice = company.sign(&twice);
    company.expect("named twice");
    let answer = company.send(&twice).await;
    assert_eq!(result(&answer, &company.id(&twice)), None);
}

#[tokio::test]
async fn m35_edits_of_others_and_relations_to_other_rooms_do_nothing() {
    let light = light("m35").await;
    let mut company = Company::of(&light, "11").await;
    company.bridge.carol_says("mine").await.unwrap();
    company.bridge.alice_hears(&["mine"]).await.unwrap();
    let timeline = light.matrix.timeline(&company.bridge.room);
    let carols = timeline.iter().find(|event| event.body() == "mine").unwrap().id().to_owned();
    let other = light.bridge("12", "other").await.unwrap();
    let secret = other.alice_says("secret of another room").unwrap();
    other.carol_hears(&["secret of another room"]).await.unwrap();
    let edit = |id: &str| {
        json!({ "msgtype": "m.text", "body": "* not mine", "m.new_content": text("not mine"),
                "m.relates_to": { "rel_type": "m.replace", "event_id": id } })
    };
    for id in [&carols, &secret] {
        let mut bad = company.draft("");
        bad["content"] = edit(id);
        let bad = company.sign(&bad);
        company.send(&bad).await;
    }
    let messages = light.provider.control.messages(&company.bridge.phone, &company.bridge.mimi_room).await.unwrap();
    assert!(messages.iter().all(|message| message.replaces.is_none()), "{messages:?}");
    other.carol_hears(&["secret of another room"]).await.unwrap();
}

#[tokio::test]
async fn m41_messages_without_a_known_type_become_text_or_a_line() {
    let light = light("m41").await;
    let company = Company::of(&light, "11").await;
    let nested = format!("{}deep{}", "<b>".repeat(20_000 / 8), "</b>".repeat(20_000 / 8));
    let contents = [
        json!({ "body": "no type" }),
        json!({ "msgtype": "m.nobody.knows", "body": "unknown type" }),
        json!({ "msgtype": "m.text" }),
        json!({ "msgtype": 7, "body": 7 }),
        json!({}),
        json!({ "msgtype": "m.text", "body": "deep", "format": "org.matrix.custom.html", "formatted_body": nested }),
    ];
    for content in contents {
        light.matrix.send(&company.bridge.room, &company.bridge.alice, "m.room.message", content).unwrap();
    }
    light.matrix.flush(&light.gateway.server_name).await.unwrap();
    light.matrix.say(&company.bridge.room, &company.bridge.alice, "the last").unwrap();
    let heard = interop_tests::patience::until("the last message", async || {
        let heard = company.bridge.heard_by_carol().await?;
        let is_last = heard.last().is_some_and(|text| text == "the last");
        Ok(interop_tests::patience::Look::from_option(is_last.then_some(heard.clone()), || format!("{heard:?}")))
    });
    let heard = heard.await.unwrap();
    let expected = ["no type", "[alice11 sent m.nobody.knows, which this bridge does not carry yet]", "deep", "the last"];
    assert_eq!(heard, expected);
}

#[tokio::test]
async fn m43_the_senders_clock_orders_nothing() {
    let light = light("m43").await;
    let mut company = Company::of(&light, "11").await;
    for at in [json!(0), json!(32_503_680_000_000_u64), json!(-1)] {
        let mut event = company.draft("");
        let body = format!("said at {at}");
        event["content"] = text(&body);
        event["origin_server_ts"] = at.clone();
        let event = company.sign(&event);
        let answer = company.light.matrix.send_raw(&light.gateway.server_name, &event).await.unwrap();
        // No key of the peer is valid in a thousand years.
        let (taken, is_negative) = (answer.json()["pdus"][company.id(&event)]["error"].is_null(), at == json!(-1));
        if taken && !is_negative {
            assert_eq!(light.matrix.take(&company.bridge.room, &event).unwrap(), interop_tests::matrix::peer::Verdict::Accepted);
            company.expect(&body);
        }
        assert_eq!(taken, at == json!(0) || is_negative, "{at}: {}", answer.text());
        if taken && is_negative {
            light.matrix.take(&company.bridge.room, &event).unwrap();
            company.expect(&body);
        }
    }
    company.all_is_well().await;
}
