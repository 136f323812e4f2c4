//! Signing keys of homeservers (M38).

use interop_tests::matrix::peer::SigningKey;
use serde_json::{Value, json};

use crate::gateway::support::{light, refused};

async fn asks(light: &interop_tests::light::Light) -> interop_tests::https::Answer {
    let path =
        format!("/_matrix/federation/v1/query/profile?user_id={}", interop_tests::http_client::encode(&light.gateway.own_user()));
    light.matrix.request(&light.gateway.server_name, http::Method::GET, &path, &Value::Null).await.unwrap()
}

fn now() -> u64 {
    std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_millis() as u64
}

#[tokio::test]
async fn m38_keys_that_are_not_the_servers_are_not_believed() {
    let light = light("m38").await;
    let key = light.matrix.key();
    let honest = key.published().unwrap();
    let mut of_another = honest.clone();
    of_another["server_name"] = json!("other.test");
    let mut unsigned = honest.clone();
    unsigned["signatures"] = json!({});
    let other = SigningKey::generate(light.matrix.name(), "other").unwrap().published().unwrap();
    let mut signed_by_another = honest.clone();
    signed_by_another["signatures"] = other["signatures"].clone();
    let mut expired = honest.clone();
    expired["valid_until_ts"] = json!(now() - 1000);
    let expired = key.sign_json(&{
        expired.as_object_mut().unwrap().remove("signatures");
        expired
    });
    let old = key.sign_json(&json!({
        "server_name": light.matrix.name(), "valid_until_ts": now() + 3_600_000, "verify_keys": other["verify_keys"],
        "old_verify_keys": { key.id(): { "key": honest["verify_keys"][key.id()]["key"], "expired_ts": now() - 1000 } },
    }));
    for (what, document) in [
        ("nothing", json!({})),
        ("another's", of_another),
        ("unsigned", unsigned),
        ("signed by another", signed_by_another),
        ("expired", expired.unwrap()),
        ("old", old.unwrap()),
    ] {
        light.matrix.publish_keys(document);
        let answer = asks(&light).await;
        assert_eq!(answer.status, 401, "{what}: {}", answer.text());
        refused(&answer, 401, "M_UNAUTHORIZED");
    }
    light.matrix.publish_keys(honest);
    let answer = asks(&light).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
}

#[tokio::test]
async fn m38_a_key_server_that_is_down_is_asked_again() {
    let light = light("m38-down").await;
    light.matrix.faults().go_down();
    refused(&asks(&light).await, 401, "M_UNAUTHORIZED");
    light.matrix.faults().come_back();
    assert_eq!(asks(&light).await.status, 200);
}
