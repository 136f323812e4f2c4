//! Requests that are wrong before anybody looks at an event: signature, JSON, transaction.

use http::Method;
use interop_tests::http_client::encode;
use interop_tests::matrix::peer::{Forgery, SigningKey};
use serde_json::{Value, json};

use crate::gateway::support::{Company, light, refused, result};

fn transaction(origin: &str, pdus: &[Value]) -> String {
    json!({ "origin": origin, "origin_server_ts": 1, "pdus": pdus, "edus": [] }).to_string()
}

#[tokio::test]
async fn m01_what_is_no_json_is_refused() {
    let light = light("m01").await;
    let gateway = light.gateway.server_name.clone();
    let good = transaction(light.matrix.name(), &[]);
    let cases: Vec<(Vec<u8>, &str)> = vec![
        (b"\xff\xfe{}".to_vec(), "M_NOT_JSON"),
        ([b"\xef\xbb\xbf", good.as_bytes()].concat(), "M_NOT_JSON"),
        (good.replace("[]", "[NaN]").into_bytes(), "M_NOT_JSON"),
        (format!("{good} // a comment").into_bytes(), "M_NOT_JSON"),
        (format!("{good}{good}").into_bytes(), "M_NOT_JSON"),
        (Vec::new(), "M_NOT_JSON"),
        (good.replace("\"origin_server_ts\":1", "\"origin_server_ts\":1e400").into_bytes(), "M_BAD_JSON"),
        (good.replace("\"edus\":[]", "\"edus\":[1.5]").into_bytes(), "M_BAD_JSON"),
        (good.replace("\"edus\":[]", "\"edus\":[9007199254740993]").into_bytes(), "M_BAD_JSON"),
        (format!("[{good}]").into_bytes(), "M_BAD_JSON"),
    ];
    for (body, code) in cases {
        let text = String::from_utf8_lossy(&body).into_owned();
        let forgery = Forgery { signed_body: Some(good.clone().into_bytes()), ..Forgery::default() };
        let answer = light.matrix.forged(&gateway, (Method::PUT, "/_matrix/federation/v1/send/1", body), forgery).await.unwrap();
        assert_eq!((answer.status.as_u16(), answer.json()["errcode"].as_str().unwrap_or_default()), (400, code), "{text}");
    }
}

#[tokio::test]
async fn m02_deep_json_is_refused() {
    let light = light("m02").await;
    let body = format!("{{\"origin\":{}{}}}", "[".repeat(100_000), "]".repeat(100_000)).into_bytes();
    let forgery = Forgery { signed_body: Some(b"{}".to_vec()), ..Forgery::default() };
    let answer = light.matrix.forged(&light.gateway.server_name, (Method::PUT, "/_matrix/federation/v1/send/1", body), forgery);
    refused(&answer.await.unwrap(), 400, "M_BAD_JSON");
    Company::of(&light, "11").await.all_is_well().await;
}

#[tokio::test]
async fn m05_more_than_fifty_events_are_refused_as_a_whole() {
    let light = light("m05").await;
    let mut company = Company::of(&light, "11").await;
    let gateway = light.gateway.server_name.clone();
    let too_many: Vec<Value> = (0..51).map(|n| company.sign(&company.draft(&format!("one of too many: {n}")))).collect();
    let answer = light.matrix.transaction(&gateway, "51", &too_many).await.unwrap();
    assert_eq!(answer.status, 400, "{}", answer.text());
    let edus: Vec<Value> = (0..101).map(|n| json!({ "edu_type": "m.nobody.knows", "content": { "n": n } })).collect();
    let body = json!({ "origin": light.matrix.name(), "origin_server_ts": 1, "pdus": [company.good().json()], "edus": edus });
    let answer = light.matrix.request(&gateway, Method::PUT, "/_matrix/federation/v1/send/101", &body).await.unwrap();
    assert_eq!(answer.status, 400, "{}", answer.text());
    // The same id with less is another try.
    let body = json!({ "origin": light.matrix.name(), "origin_server_ts": 1, "pdus": body["pdus"], "edus": [] });
    let answer = light.matrix.request(&gateway, Method::PUT, "/_matrix/federation/v1/send/101", &body).await.unwrap();
    assert_eq!(answer.status, 200, "{}", answer.text());
    let fifty: Vec<Value> = (0..50).map(|_| company.good().json()).collect();
    let answer = light.matrix.transaction(&gateway, "50", &fifty).await.unwrap();
    assert_eq!(answer.json()["pdus"].as_object().unwrap().len(), 50);
    company.all_is_well().await;
}

#[tokio::test]
async fn m07_a_transaction_counts_once() {
    let light = light("m07").await;
    let mut company = Company::of(&light, "11").await;
    let gateway = light.gateway.server_name.clone();
    let (bad, good) = (
        company.sign(&{
            let mut bad = company.draft("never");
            bad["prev_events"] = json!([]);
            bad
        }),
        company.good(),
    );
    let first = light.matrix.transaction(&gateway, "same", &[bad.clone(), good.json()]).await.unwrap();
    for _ in 0..2 {
        let again = light.matrix.transaction(&gateway, "same", &[bad.clone(), good.json()]).await.unwrap();
        assert_eq!((again.status, again.json()), (first.status, first.json()));
    }
    // Another body under the same id has the first's answer, and no effect.
    let other = company.sign(&company.draft("under a used id"));
    let again = light.matrix.transaction(&gateway, "same", &[other]).await.unwrap();
    assert_eq!(again.json(), first.json());
    // The same event in another transaction is known (T2).
    let again = light.matrix.transaction(&gateway, "another", &[good.json()]).await.unwrap();
    assert_eq!(result(&again, good.id()), None);
    company.all_is_well().await;
}

#[tokio::test]
async fn m10_an_event_of_an_unknown_room_is_refused() {
    let light = light("m10").await;
    let mut company = Company::of(&light, "11").await;
    let room = light.matrix.create_room("11", &company.bridge.alice).unwrap();
    let event = light.matrix.own(&room, &company.bridge.alice, ("m.room.topic", Some("")), json!({ "topic": "unknown" })).unwrap();
    let answer = company.send(&event.json()).await;
    assert!(result(&answer, event.id()).unwrap().contains("not in this room"));
    company.ignored(&json!({ "room_id": 7 })).await;
    company.ignored(&json!("not even an object")).await;
    company.all_is_well().await;
}

#[tokio::test]
async fn h33_requests_have_to_be_signed() {
    let light = light("h33").await;
    let (gateway, name) = (light.gateway.server_name.clone(), light.matrix.name().to_owned());
    let body = transaction(&name, &[]).into_bytes();
    let path = "/_matrix/federation/v1/send/h33";
    let impostor = SigningKey::generate(&name, "peer").unwrap();
    let unknown = SigningKey::generate(&name, "unknown").unwrap();
    let cases = [
        Forgery { destination: Some("other.test"), ..Forgery::default() },
        Forgery { origin: Some("localhost:1"), ..Forgery::default() },
        Forgery { origin: Some(&gateway), ..Forgery::default() },
        Forgery { key: Some(&impostor), ..Forgery::default() },
        Forgery { key: Some(&unknown), ..Forgery::default() },
        Forgery { signed_body: Some(b"{}".to_vec()), ..Forgery::default() },
        Forgery { signed_path: Some("/_matrix/federation/v1/send/other"), ..Forgery::default() },
        Forgery { signed_method: Some(Method::POST), ..Forgery::default() },
    ];
    for forgery in cases {
        let answer = light.matrix.forged(&gateway, (Method::PUT, path, body.clone()), forgery).await.unwrap();
        refused(&answer, 401, "M_UNAUTHORIZED");
    }
    let answer = light.matrix.unsigned(&gateway, Method::PUT, path, body.clone()).await.unwrap();
    refused(&answer, 401, "M_UNAUTHORIZED");
    let answer = light.matrix.forged(&gateway, (Method::PUT, path, body), Forgery::default()).await.unwrap();
    assert_eq!(answer.status, 200, "{}", answer.text());
    // Whoever signs for itself may not send for another.
    let body = transaction("other.test", &[]).into_bytes();
    let answer = light.matrix.forged(&gateway, (Method::PUT, path, body), Forgery::default()).await.unwrap();
    refused(&answer, 403, "M_FORBIDDEN");
}

#[tokio::test]
async fn h30_unknown_endpoints_and_methods() {
    let light = light("h30").await;
    let gateway = light.gateway.server_name.clone();
    let answer = light.matrix.request(&gateway, Method::GET, "/_matrix/federation/v1/nothing", &Value::Null).await.unwrap();
    refused(&answer, 404, "M_UNRECOGNIZED");
    let answer = light.matrix.request(&gateway, Method::POST, "/_matrix/federation/v1/send/1", &json!({})).await.unwrap();
    refused(&answer, 405, "M_UNRECOGNIZED");
}

#[tokio::test]
async fn h29_paths_of_homeservers_that_name_nothing() {
    let light = light("h29-matrix").await;
    let company = Company::of(&light, "11").await;
    let last = company.bridge.alice_says("what the paths do not name").unwrap();
    light.matrix.flush(&light.gateway.server_name).await.unwrap();
    let (room, event) = (encode(&company.bridge.room), encode(&last));
    for path in [
        "/_matrix/federation/v1/event/".to_owned(),
        "/_matrix/federation/v1/event/%FF".to_owned(),
        "/_matrix/federation/v1/event/%00".to_owned(),
        format!("/_matrix/federation/v1/event/{}", event.replace('%', "%25")),
        format!("/_matrix/federation/v1/event/{event}/"),
        format!("/_matrix/federation/v1/event/{event};a=b"),
        format!("//_matrix/federation/v1/event/{event}"),
        format!("/_matrix/federation/v1//event/{event}"),
        format!("/_matrix/federation/v1/%2e%2e/v1/event/{event}"),
        format!("/_matrix/federation/v1/state/{room}%2F..%2F{room}?event_id={event}"),
        format!("/_matrix/federation/v1/state/{room}?event_id={event}%00"),
        format!("/_matrix/federation/v1/state/{room}"),
    ] {
        let answer = light.matrix.request(&light.gateway.server_name, Method::GET, &path, &Value::Null).await.unwrap();
        assert!(matches!(answer.status.as_u16(), 400 | 404), "{path}: {} {}", answer.status, answer.text());
        assert!(answer.json()["errcode"].is_string(), "{path}: {}", answer.text());
    }
    company.all_is_well_after(&["what the paths do not name"]).await;
}
