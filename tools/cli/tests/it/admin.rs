//! Commands that the running gateway carries out: what is asked, and what is said of the answer.

use std::sync::{Arc, Mutex};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use crate::setup::Setup;

/// An admin listener that answers everything with the same.
async fn listener(setup: &Setup, status: &'static str, answer: &'static str) -> Arc<Mutex<String>> {
    let socket = TcpListener::bind("127.0.0.1:0").await.unwrap();
    setup.reconfigure("[peers", &format!("[admin]\nlisten = \"{}\"\n\n[peers", socket.local_addr().unwrap()));
    let asked = Arc::new(Mutex::new(String::new()));
    let heard = asked.clone();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = socket.accept().await {
            let mut request = vec![0; 8192];
            let mut length = 0;
            // A question is small: it ends with its only pair of braces.
            while !request[..length].ends_with(b"}") {
                length += stream.read(&mut request[length..]).await.unwrap();
            }
            *heard.lock().unwrap() = String::from_utf8(request[..length].to_vec()).unwrap();
            let text = format!("HTTP/1.1 {status}\r\ncontent-length: {}\r\n\r\n{answer}", answer.len());
            stream.write_all(text.as_bytes()).await.unwrap();
        }
    });
    asked
}

#[tokio::test(flavor = "multi_thread")]
async fn commands_ask_the_gateway_with_its_token() {
    for (arguments, path, body, answer, printed) in [
        (
            &["queue", "retry", "pdu:hs.test"][..],
            "/admin/v1/queue/retry",
            r#"{"lane":"pdu:hs.test","dry_run":false}"#,
            r#"{"lane":"pdu:hs.test","items":3,"dry_run":false}"#,
            "lane     pdu:hs.test\nitems    3\ndry run  no\n",
        ),
        (
            &["queue", "retry", "17", "--dry-run"],
            "/admin/v1/queue/retry",
            r#"{"id":17,"dry_run":true}"#,
            r#"{"lane":"pdu:hs.test","items":3,"dry_run":true}"#,
            "lane     pdu:hs.test\nitems    3\ndry run  yes\n",
        ),
        (
            &["queue", "drop", "17", "--reason", "closed down", "--no-headers"],
            "/admin/v1/queue/drop",
            r#"{"id":17,"reason":"closed down","dry_run":false}"#,
            r#"{"id":17,"lane":"pdu:hs.test","kind":"pdu","conversation":null,"dry_run":false}"#,
            "17\npdu:hs.test\npdu\n-\nno\n",
        ),
        (
            &["parked", "replay", "3", "-o", "ndjson"],
            "/admin/v1/parked/replay",
            r#"{"id":3,"dry_run":false}"#,
            r#"{"id":3,"outcome":"processed","dry_run":false}"#,
            "{\"id\":3,\"outcome\":\"processed\",\"dry_run\":false}\n",
        ),
        (
            &["group", "hub-lost", "!club:hs.test", "--reason", "closed down"],
            "/admin/v1/rooms/hub_lost",
            r#"{"conversation":1,"reason":"closed down","dry_run":false}"#,
            r#"{"conversation":1,"term":1,"dry_run":false}"#,
            "conversation  1\nterm          1\ndry run       no\n",
        ),
        (
            &["group", "hub-lost", "4", "--dry-run", "-o", "ndjson"],
            "/admin/v1/rooms/hub_lost",
            r#"{"conversation":4,"reason":"","dry_run":true}"#,
            r#"{"conversation":4,"term":1,"dry_run":true}"#,
            "{\"conversation\":4,\"term\":1,\"dry_run\":true}\n",
        ),
        (
            &["group", "retain", "4", "--epochs", "3", "-o", "ndjson"],
            "/admin/v1/rooms/retention",
            r#"{"conversation":4,"epochs":3,"minutes":null,"dry_run":false}"#,
            r#"{"conversation":4,"epochs":3,"minutes":null,"dry_run":false}"#,
            "{\"conversation\":4,\"epochs\":3,\"minutes\":null,\"dry_run\":false}\n",
        ),
        (
            &["group", "override", "!club:hs.test", "A3A3", "-o", "ndjson"],
            "/admin/v1/rooms/override",
            concat!(
                r#"{"conversation":1,"epoch":"a3a3a3a3a3a3a3a3a3a3a3a3a3a3a3a3a3a3a3a3a3a3a3a3a3a3a3a3a3a3a3a3","#,
                r#""reason":"","dry_run":false}"#
            ),
            r#"{"conversation":1,"head":"a3a3","dry_run":false}"#,
            "{\"conversation\":1,\"head\":\"a3a3\",\"dry_run\":false}\n",
        ),
        (
            &["group", "expel", "4", "--reason", "nobody opens it"],
            "/admin/v1/rooms/expel",
            r#"{"conversation":4,"reason":"nobody opens it","dry_run":false}"#,
            r#"{"conversation":4,"head":"1f0c","removed":"mimi://c.test/u/carol","dry_run":false}"#,
            "conversation  4\nhead          1f0c\nremoved       mimi://c.test/u/carol\ndry run       no\n",
        ),
        (
            &["group", "begin-anew", "4", "b.test", "--dry-run", "-o", "ndjson"],
            "/admin/v1/rooms/begin_anew",
            r#"{"conversation":4,"from":"b.test","reason":"","dry_run":true}"#,
            r#"{"conversation":4,"head":"1f0c","dry_run":true}"#,
            "{\"conversation\":4,\"head\":\"1f0c\",\"dry_run\":true}\n",
        ),
        (
            &["group", "begin-anew", "4", "--withdraw", "-o", "ndjson"],
            "/admin/v1/rooms/begin_anew",
            r#"{"conversation":4,"withdraw":true,"reason":"","dry_run":false}"#,
            r#"{"conversation":4,"head":"1f0c","dry_run":false}"#,
            "{\"conversation\":4,\"head\":\"1f0c\",\"dry_run\":false}\n",
        ),
        (
            &["group", "harden", "4", "--on"],
            "/admin/v1/rooms/hardening",
            r#"{"conversation":4,"hardening":"psk-puncture","dry_run":false}"#,
            r#"{"conversation":4,"hardening":"psk-puncture","dry_run":false}"#,
            "conversation  4\nhardening     psk-puncture\ndry run       no\n",
        ),
        (
            &["group", "harden", "4", "--off", "--dry-run", "-o", "ndjson"],
            "/admin/v1/rooms/hardening",
            r#"{"conversation":4,"hardening":"none","dry_run":true}"#,
            r#"{"conversation":4,"hardening":"none","dry_run":true}"#,
            "{\"conversation\":4,\"hardening\":\"none\",\"dry_run\":true}\n",
        ),
        (
            &["group", "hub-back", "4", "--reason", "it answers again", "-o", "ndjson"],
            "/admin/v1/rooms/hub_back",
            r#"{"conversation":4,"reason":"it answers again","dry_run":false}"#,
            r#"{"conversation":4,"term":2,"dry_run":false}"#,
            "{\"conversation\":4,\"term\":2,\"dry_run\":false}\n",
        ),
        (
            &["group", "order-by-room", "4", "--dry-run", "-o", "ndjson"],
            "/admin/v1/rooms/order_by_room",
            r#"{"conversation":4,"reason":"","dry_run":true}"#,
            r#"{"conversation":4,"term":3,"dry_run":true}"#,
            "{\"conversation\":4,\"term\":3,\"dry_run\":true}\n",
        ),
    ] {
        let setup = Setup::healthy().await;
        let asked = listener(&setup, "200 OK", answer).await;
        let ran = setup.run(arguments).await;
        assert_eq!((ran.code, ran.stdout.as_str(), ran.stderr.as_str()), (0, printed, ""), "{arguments:?}");
        let asked = asked.lock().unwrap().clone();
        assert!(asked.starts_with(&format!("POST {path} HTTP/1.1\r\n")), "{asked}");
        assert!(asked.contains("authorization: Bearer token\r\n") && asked.ends_with(body), "{asked}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn refusals_are_said_and_have_a_code() {
    for (status, answer, code, words) in [
        ("404 Not Found", r#"{"error":"no item 17 waits"}"#, 1, "causewayctl: the gateway refuses: no item 17 waits\n"),
        ("401 Unauthorized", "who?", 1, "causewayctl: the gateway refuses the admin token"),
        ("502 Bad Gateway", "<html>", 1, "causewayctl: the gateway answers 502 Bad Gateway\n"),
        ("200 OK", "[]", 1, "causewayctl: the gateway's answer is not understood"),
    ] {
        let setup = Setup::healthy().await;
        listener(&setup, status, answer).await;
        let ran = setup.run(&["queue", "drop", "17", "--reason", "closed down"]).await;
        assert_eq!((ran.code, ran.stdout.as_str()), (code, ""), "{status}");
        assert!(ran.stderr.starts_with(words), "{}", ran.stderr);
    }
}

/// Before anybody is asked.
#[tokio::test(flavor = "multi_thread")]
async fn a_room_that_is_not_there_has_lost_no_hub() {
    let setup = Setup::healthy().await;
    let asked = listener(&setup, "200 OK", "{}").await;
    let ran = setup.run(&["group", "hub-lost", "!clib:hs.test"]).await;
    assert_eq!((ran.code, ran.stdout.as_str()), (1, ""));
    assert!(ran.stderr.starts_with("causewayctl: no such room: !clib:hs.test; near: !club:hs.test"), "{}", ran.stderr);
    assert_eq!(*asked.lock().unwrap(), "");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_epoch_that_is_not_there_is_not_gone_on_at() {
    let setup = Setup::healthy().await;
    let asked = listener(&setup, "200 OK", "{}").await;
    for (epoch, words) in [("b7", "causewayctl: no epoch of conversation 1 begins with b7"), ("a", "causewayctl: 3 epochs of")] {
        let ran = setup.run(&["group", "override", "!club:hs.test", epoch]).await;
        assert_eq!((ran.code, ran.stdout.as_str()), (1, ""));
        assert!(ran.stderr.starts_with(words), "{}", ran.stderr);
    }
    assert_eq!(*asked.lock().unwrap(), "");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_gateway_that_is_down_has_a_code_of_its_own() {
    let setup = Setup::healthy().await;
    let ran = setup.run(&["queue", "retry", "17"]).await;
    assert_eq!(ran.code, 1);
    assert!(ran.stderr.contains("has no [admin] listen"), "{}", ran.stderr);
    setup.reconfigure("[peers", "[admin]\nlisten = \"127.0.0.1:1\"\n\n[peers");
    let ran = setup.run(&["queue", "retry", "17"]).await;
    assert_eq!(ran.code, 3);
    assert!(ran.stderr.contains("cannot reach the gateway's admin listener at 127.0.0.1:1"), "{}", ran.stderr);
}
