//! Directories that lead nowhere, or elsewhere (P37).

use interop_tests::faults::Fault;
use serde_json::{Value, json};

use crate::gateway::support::light;

#[tokio::test]
async fn p37_a_directory_that_leads_elsewhere_is_not_followed_and_asked_for_again() {
    let light = light("p37").await;
    let canary = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = canary.local_addr().unwrap().port();
    let client = light.anonymous().unwrap();
    let request = http::Request::get("/.well-known/mimi-protocol-directory").header("host", "a.test").body(Vec::new()).unwrap();
    let honest = client.send(light.to_provider.port(), "a.test", request).await.unwrap().json();
    let with = |to: &str| {
        let change = |value: &Value| value.as_str().map_or(value.clone(), |text| json!(text.replace("https://a.test", to)));
        Value::from_iter(honest.as_object().unwrap().iter().map(|(key, value)| (key.clone(), change(value)))).to_string()
    };
    let bad = ["{}".to_owned(), "no json".to_owned(), with(&format!("http://127.0.0.1:{port}")), with("https://user:word@a.test")];
    let count = bad.len();
    for document in bad {
        light.to_provider.faults().plan("/.well-known/", 1, Fault::Bytes("application/json", document.into_bytes()));
    }
    let bridge = light.bridge("11", "").await.unwrap();
    bridge.alice_says("all is well").unwrap();
    bridge.carol_hears(&["all is well"]).await.unwrap();
    let passed = light.to_provider.passed();
    let (before, after) = passed.split_at(count + 1);
    assert!(before[1..].iter().all(|passed| passed.path.starts_with("/.well-known/")), "{before:?}");
    assert!(after.iter().any(|passed| passed.path.contains("requestConsent")));
    // In clear, nothing was sent anywhere.
    assert!(tokio::time::timeout(std::time::Duration::ZERO, canary.accept()).await.is_err());
}
