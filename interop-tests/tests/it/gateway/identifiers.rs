//! Odd names on both sides (U1–U7), and servers that no name may lead to (S1–S3, S9).

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use http::Method;
use interop_tests::http_client::encode;
use interop_tests::matrix::peer::{Forgery, Verdict};
use interop_tests::patience::{self, Look};
use serde_json::{Value, json};

use super::support::{Company, light, refused, text};

#[tokio::test]
async fn u01_u06_odd_user_ids_stay_apart_or_are_left_out() {
    let light = light("u01").await;
    let company = Company::of(&light, "11").await;
    let (room, alice) = (company.bridge.room.clone(), company.bridge.alice.clone());
    // Historical ids: upper case, spaces, signs, composed and decomposed letters.
    let names = ["Bob", "bob", "b o b", "b%6Fb", "b=6fb", "b/o/b", "b\u{f6}b", "bo\u{308}b", "\u{130}", "b_o_b", "_B_ob"];
    for name in names {
        let user = light.matrix.user(name);
        light.matrix.invite(&room, &alice, &user).await.unwrap();
        light.matrix.set_membership(&room, &user, (&user, "join")).unwrap();
        light.matrix.say(&room, &user, &format!("I am {name}")).unwrap();
    }
    light.matrix.say(&room, &alice, "that was everybody").unwrap();
    light.matrix.flush(&light.gateway.server_name).await.unwrap();
    company.bridge.carol_hears(&["that was everybody"]).await.unwrap();
    let messages = light.provider.control.messages(&company.bridge.phone, &company.bridge.mimi_room).await.unwrap();
    let heard: Vec<(String, String)> =
        messages.into_iter().filter(|it| it.text.starts_with("I am ")).map(|it| (it.text, it.sender)).collect();
    let senders: BTreeSet<&String> = heard.iter().map(|(_, sender)| sender).collect();
    // Nobody speaks in another's name, and every word comes once.
    assert_eq!(senders.len(), heard.len(), "{heard:?}");
    for name in ["Bob", "bob", "b/o/b", "b=6fb"] {
        assert!(heard.iter().any(|(text, _)| *text == format!("I am {name}")), "{name}: {heard:?}");
    }
    company.all_is_well_after(&["that was everybody"]).await;
}

#[tokio::test]
async fn u05_odd_display_names_are_only_shown() {
    let light = light("u05").await;
    let company = Company::of(&light, "11").await;
    let (room, alice) = (company.bridge.room.clone(), company.bridge.alice.clone());
    for name in ["\u{202e}evil\u{202c}", "a\u{200b}b\u{feff}", "\u{1b}]0;title\u{7}", &"long ".repeat(2048), "", "\n\nnewlines\n"] {
        let content = json!({ "membership": "join", "displayname": name });
        light.matrix.set_state(&room, &alice, ("m.room.member", &alice), content).unwrap();
        light.matrix.send(&room, &alice, "m.room.message", json!({ "msgtype": "m.image", "body": "an image" })).unwrap();
    }
    light.matrix.say(&room, &alice, "no harm done").unwrap();
    light.matrix.flush(&light.gateway.server_name).await.unwrap();
    let heard = patience::until("alice's last words", async || {
        let heard = company.bridge.heard_by_carol().await?;
        let done = heard.last().is_some_and(|text| text == "no harm done");
        Ok(Look::from_option(done.then_some(heard.clone()), || format!("{heard:?}")))
    });
    let heard = heard.await.unwrap();
    assert_eq!(heard.len(), 7, "{heard:?}");
    // A notice that quotes a name is one line, and has no control characters.
    for line in &heard {
        assert!(!line.chars().any(|character| character.is_control()), "{line:?}");
        assert!(line.len() < 2000, "{} octets", line.len());
    }
}

#[tokio::test]
async fn u03_names_of_ghosts_that_are_no_mimi_users_are_nobody() {
    let light = light("u03").await;
    let alice = light.matrix.user("alice");
    let room = light.matrix.create_room("11", &alice).unwrap();
    for name in [
        "_mimi_a.test:443/carol",
        "_mimi_127.0.0.1/carol",
        "_mimi_[::1]/carol",
        "_mimi_a..test/carol",
        "_mimi_.test/carol",
        "_mimi_a.test/../carol",
        "_mimi_a.test/=zz",
    ] {
        let user = format!("@{name}:{}", light.gateway.server_name);
        let content = json!({ "membership": "invite" });
        let Ok(draft) = light.matrix.draft(&room, &alice, ("m.room.member", Some(&user)), &content) else { continue };
        let event = light.matrix.sign(&room, &draft).unwrap();
        let path =
            format!("/_matrix/federation/v2/invite/{}/{}", encode(&room), encode(&light.matrix.id_of(&room, &event).unwrap()));
        let body = json!({ "event": event, "room_version": "11", "invite_room_state": [] });
        let answer = light.matrix.request(&light.gateway.server_name, Method::PUT, &path, &body).await.unwrap();
        assert!(answer.status.is_client_error(), "{name}: {} {}", answer.status, answer.text());
        let path = format!("/_matrix/federation/v1/query/profile?user_id={}", encode(&user));
        let answer = light.matrix.request(&light.gateway.server_name, Method::GET, &path, &Value::Null).await.unwrap();
        assert!(answer.status.is_client_error(), "{name}: {} {}", answer.status, answer.text());
    }
}

#[tokio::test]
async fn s01_s03_private_addresses_and_other_ports_are_not_reached() {
    let light = light("s01").await;
    let canary = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let body = json!({ "origin": "x", "origin_server_ts": 1, "pdus": [] }).to_string().into_bytes();
    for origin in [
        "10.0.0.1:8448",
        "192.168.1.1",
        "169.254.169.254:8448",
        "100.64.0.1:8448",
        "0.0.0.0:8448",
        "[fd00::1]:8448",
        "[fe80::1]:8448",
        "[::ffff:10.0.0.1]:8448",
        "[64:ff9b::a00:1]:8448",
        "[2002:a00:1::]:8448",
        "localhost:22",
        "127.0.0.1:25",
    ] {
        let began = Instant::now();
        let forgery = Forgery { origin: Some(origin), ..Forgery::default() };
        let request = (Method::PUT, "/_matrix/federation/v1/send/1", body.clone());
        let answer = light.matrix.forged(&light.gateway.server_name, request, forgery).await.unwrap();
        refused(&answer, 401, "M_UNAUTHORIZED");
        // Not even tried: a connection would have to time out.
        assert!(began.elapsed() < Duration::from_secs(3), "{origin}: {:?}", began.elapsed());
    }
    drop(canary);
    Company::of(&light, "11").await.all_is_well().await;
}

#[tokio::test]
async fn u02_rooms_are_not_mixed_up_by_their_names() {
    let light = light("u02").await;
    let company = Company::of(&light, "11").await;
    let (room, alice) = (company.bridge.room.clone(), company.bridge.alice.clone());
    // A Matrix room that calls itself like the MIMI room is none.
    let other = light.matrix.create_room("11", &alice).unwrap();
    let event = light.matrix.own(&other, &alice, ("m.room.message", None), text("elsewhere")).unwrap();
    let mut renamed = event.json();
    renamed["room_id"] = json!(room);
    let answer = light.matrix.send_raw(&light.gateway.server_name, &renamed).await.unwrap();
    assert!(answer.json()["pdus"].as_object().unwrap().values().all(|result| !result["error"].is_null()), "{}", answer.text());
    assert_eq!(light.matrix.take(&other, &event.json()).unwrap(), Verdict::Known);
    company.all_is_well().await;
}

#[tokio::test]
async fn s09_proxies_of_the_environment_are_not_used() {
    let light = light("s09").await;
    let canary = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let proxy = format!("http://{}", canary.local_addr().unwrap());
    let names = ["http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"];
    light.gateway.crash().unwrap();
    light.gateway.start_again_with(&names.map(|name| (name, proxy.as_str()))).await.unwrap();
    // Requests to both sides go where they always go.
    Company::of(&light, "11").await.all_is_well().await;
    assert!(tokio::time::timeout(Duration::ZERO, canary.accept()).await.is_err());
}
