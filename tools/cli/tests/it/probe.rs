//! `peer probe` against peers on loopback.

use std::collections::BTreeMap;

use ruma::canonical_json::CanonicalJsonObject;
use ruma::serde::Base64;
use ruma::signatures::{Ed25519KeyPair, sign_json};

use crate::peer::{self, Behaviour};
use crate::setup::Setup;

/// Steps and how they ended, in order.
async fn steps(setup: &Setup, arguments: &[&str], code: i32) -> Vec<(String, String, String)> {
    let ran = setup.run(&[&["peer", "probe", "-o", "json"], arguments].concat()).await;
    assert_eq!((ran.code, ran.stderr.as_str()), (code, ""), "{}", ran.stdout);
    let steps: Vec<serde_json::Value> = serde_json::from_str(&ran.stdout).unwrap();
    let text = |step: &serde_json::Value, name: &str| step[name].as_str().unwrap().to_owned();
    steps.iter().map(|step| (text(step, "step"), text(step, "result"), text(step, "found"))).collect()
}

fn result<'a>(steps: &'a [(String, String, String)], name: &str) -> Option<(&'a str, &'a str)> {
    steps.iter().find(|step| step.0 == name).map(|step| (step.1.as_str(), step.2.as_str()))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_provider_answers_every_step() {
    let setup = Setup::healthy().await;
    let steps = steps(&setup, &["a.test"], 0).await;
    assert!(steps.iter().all(|step| step.1 == "ok"), "{steps:?}");
    assert_eq!(result(&steps, "TLS"), Some(("ok", "TLSv1_3, HTTP/2")));
    assert!(result(&steps, "certificate").unwrap().1.starts_with("names a.test; issued by CN="), "{steps:?}");
    assert_eq!(steps.iter().filter(|step| step.0 == "endpoint").count(), 10);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_directory_with_a_wrong_endpoint_is_named() {
    let setup = Setup::healthy().await;
    let mut behaviour = Behaviour::provider("a.test");
    behaviour.documents[0].1 = behaviour.documents[0].1.replace("https://a.test/v1/update/", "http://a.test/v1/update/");
    let address = peer::listen(&setup.authority.issue("a.test"), behaviour).await;
    setup.configure(&address.to_string());
    let steps = steps(&setup, &["a.test"], 1).await;
    let failed: Vec<_> = steps.iter().filter(|step| step.1 == "failed").collect();
    assert_eq!(failed.len(), 1, "{failed:?}");
    assert_eq!(failed[0].2, "http://a.test/v1/update/{roomId}: not https");
}

fn key_document(server: &str, valid_until: u64, wrong: bool) -> String {
    let pair = Ed25519KeyPair::from_der(&Ed25519KeyPair::generate(), "a".to_owned()).unwrap();
    let public = Base64::<ruma::serde::base64::Standard>::new(pair.public_key().to_vec());
    let object = serde_json::json!({
        "server_name": server, "valid_until_ts": valid_until, "verify_keys": {"ed25519:a": {"key": public}}, "old_verify_keys": {},
    });
    let mut object: CanonicalJsonObject = serde_json::from_value(object).unwrap();
    sign_json(server, &pair, &mut object).unwrap();
    let text = serde_json::to_string(&object).unwrap();
    if wrong {
        text.replace(r#""old_verify_keys":{}"#, r#""old_verify_keys":{"ed25519:b":{"key":"AAAA","expired_ts":1}}"#)
    } else {
        text
    }
}

fn homeserver(keys: String) -> Behaviour {
    let version = serde_json::to_string(&BTreeMap::from([("server", BTreeMap::from([("name", "test"), ("version", "1.0")]))]));
    let documents =
        vec![("/_matrix/federation/v1/version".to_owned(), version.unwrap()), ("/_matrix/key/v2/server".to_owned(), keys)];
    Behaviour { documents, clock_ahead: 0 }
}

/// The port is only known once it listens, and the keys name it.
async fn homeserver_named(setup: &Setup, document: impl Fn(&str) -> String) -> String {
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let name = format!("localhost:{port}");
    let behaviour = homeserver(document(&name));
    peer::listen_at(port, &setup.authority.issue("localhost"), behaviour).await;
    name
}

const FAR: u64 = 4_000_000_000_000;

#[tokio::test(flavor = "multi_thread")]
async fn a_homeserver_answers_every_step() {
    let setup = Setup::healthy().await;
    let name = homeserver_named(&setup, |name| key_document(name, FAR, false)).await;
    let steps = steps(&setup, &[&name], 0).await;
    assert!(steps.iter().all(|step| step.1 == "ok"), "{steps:?}");
    assert_eq!(result(&steps, "version"), Some(("ok", "test 1.0")));
    assert_eq!(result(&steps, "signing keys"), Some(("ok", "ed25519:a; until 2096-10-02T07:06:40Z")));
}

#[tokio::test(flavor = "multi_thread")]
async fn signing_keys_are_checked() {
    let setup = Setup::healthy().await;
    type Document = fn(&str) -> String;
    let cases: [(Document, &str); 4] = [
        (|name| key_document(name, 1000, false), "they ran out at 1970-01-01"),
        (|name| key_document(name, FAR, true), "signature"),
        (|_| key_document("other.test", FAR, false), "keys of other.test"),
        (|_| "[]".to_owned(), "not the document"),
    ];
    for (document, why) in cases {
        let name = homeserver_named(&setup, document).await;
        let steps = steps(&setup, &[&name], 1).await;
        let (result, found) = result(&steps, "signing keys").unwrap();
        assert!(result == "failed" && found.to_lowercase().contains(why), "{why}: {found}");
    }
}

/// What the gateway would refuse to reach is said, and not reached.
#[tokio::test(flavor = "multi_thread")]
async fn networks_that_are_not_allowed_are_not_reached() {
    let setup = Setup::healthy().await;
    setup.reconfigure("allowed_networks = [\"127.0.0.0/8\", \"::1/128\"]", "allowed_networks = []");
    for name in ["127.0.0.1", "localhost:1", "[::1]:8448"] {
        let steps = steps(&setup, &[name], 1).await;
        let (result, found) = result(&steps, "addresses").unwrap();
        assert!(result == "failed" && found.contains("private, and not in [matrix] allowed_networks"), "{name}: {found}");
        assert_eq!(steps.last().unwrap().0, "addresses");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_name_that_is_none_is_neither() {
    let setup = Setup::healthy().await;
    let steps = steps(&setup, &["no name"], 1).await;
    assert_eq!(steps.iter().map(|step| (step.0.as_str(), step.1.as_str())).collect::<Vec<_>>(), [("name", "failed"); 2]);
}
