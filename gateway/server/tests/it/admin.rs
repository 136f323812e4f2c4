//! The operator's listener.

use std::collections::BTreeSet;
use std::fs;

use rustix::process::Signal;

use crate::process::{Running, eventually};
use crate::support::mode;
use crate::tls::{Client, request};

#[test]
fn a_gateway_at_work_is_alive_and_ready() {
    let mut gateway = Running::start();
    assert_eq!(gateway.get("/livez").status, 200);
    // The line on standard output says that the ports are bound; tasks begin right after it.
    eventually("readiness", || gateway.get("/readyz").status == 200);
    let ready = gateway.get("/readyz");
    let json: serde_json::Value = serde_json::from_str(&ready.body).unwrap();
    assert_eq!((ready.status, &json["ready"]), (200, &true.into()), "{}", ready.body);
    let names: Vec<&str> = json["checks"].as_array().unwrap().iter().map(|check| check["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["database", "keys", "outbox", "matrix_listener", "mimi_listener"]);
    gateway.signal(Signal::TERM);
    assert_eq!(gateway.ended(), Some(0), "{}", gateway.log());
}

#[test]
fn commands_want_the_token() {
    let gateway = Running::start();
    assert_eq!(mode(&gateway.token_file()), 0o600);
    let token = fs::read_to_string(gateway.token_file()).unwrap();
    for (method, path) in [("GET", "/admin/v1/status"), ("POST", "/admin/v1/certificates/reload")] {
        assert_eq!(gateway.ask(method, path, None).status, 401);
        assert_eq!(gateway.ask(method, path, Some("not the token")).status, 401);
        assert_eq!(gateway.ask(method, path, Some(&token)).status, 200, "{path}");
    }
    eventually("readiness", || gateway.get("/readyz").status == 200);
    let status: serde_json::Value = serde_json::from_str(&gateway.ask("GET", "/admin/v1/status", Some(&token)).body).unwrap();
    assert_eq!((&status["provider"], &status["readiness"]["ready"]), (&"gateway.localhost".into(), &true.into()));
    assert!(!gateway.log().contains(token.trim()));
}

#[test]
fn commands_about_what_is_not_there_are_refused_with_the_reason() {
    let gateway = Running::start();
    for (path, question, status, error) in [
        ("/admin/v1/queue/retry", r#"{"lane": "pdu:nobody.example"}"#, 404, "nothing waits there"),
        ("/admin/v1/queue/retry", r#"{"id": 17, "dry_run": true}"#, 404, "nothing waits there"),
        ("/admin/v1/queue/retry", "{}", 400, "name a lane or an id"),
        ("/admin/v1/queue/drop", r#"{"id": 17, "reason": "gone"}"#, 404, "no item 17 waits"),
        ("/admin/v1/parked/replay", r#"{"id": 17}"#, 404, "nothing is parked under 17"),
        ("/admin/v1/parked/replay", r#"{"id": 17, "dry_run": true}"#, 404, "nothing is parked under 17"),
        ("/admin/v1/rooms/hub_lost", r#"{"conversation": 17}"#, 404, "no such conversation"),
        ("/admin/v1/rooms/retention", r#"{"conversation": 17, "minutes": 60}"#, 404, "no such conversation"),
        ("/admin/v1/rooms/hardening", r#"{"conversation": 17, "hardening": "psk-puncture"}"#, 404, "no such conversation"),
        ("/admin/v1/rooms/hub_back", r#"{"conversation": 17, "dry_run": true}"#, 404, "no such conversation"),
        ("/admin/v1/rooms/order_by_room", r#"{"conversation": 17, "dry_run": true}"#, 404, "no such conversation"),
        ("/admin/v1/rooms/expel", r#"{"conversation": 17}"#, 404, "no such conversation"),
        ("/admin/v1/rooms/begin_anew", r#"{"conversation": 17, "from": "b.test"}"#, 404, "no such conversation"),
        ("/admin/v1/rooms/begin_anew", r#"{"conversation": 17, "from": "b test"}"#, 400, "not a provider's domain"),
        ("/admin/v1/rooms/begin_anew", r#"{"conversation": 17, "withdraw": true}"#, 404, "no such conversation"),
        ("/admin/v1/rooms/begin_anew", r#"{"conversation": 17}"#, 400, "either a provider's domain, or a withdrawal"),
        (
            "/admin/v1/rooms/override",
            r#"{"conversation": 17, "epoch": "a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1"}"#,
            404,
            "no such conversation",
        ),
        ("/admin/v1/rooms/override", r#"{"conversation": 17, "epoch": "1f"}"#, 400, "not the name of an epoch"),
        ("/admin/v1/queue/drop", r#"{"id": 17, "reason": " "}"#, 400, "give a reason of at most 500 octets"),
    ] {
        let answer = gateway.command(path, question);
        let json: serde_json::Value = serde_json::from_str(&answer.body).unwrap();
        assert_eq!((answer.status, json["error"].as_str()), (status, Some(error)), "{path} {question}");
        assert_eq!(gateway.ask("POST", path, None).status, 401);
    }
}

/// Each metric that comes out is in the documentation, with its labels.
#[test]
fn what_is_exposed_is_documented() {
    let gateway = Running::start();
    let client = Client::new(&gateway.folder.path("ca.pem"));
    request(&mut client.connect(gateway.matrix, "localhost"), "/_matrix/federation/v1/version");
    request(&mut client.connect(gateway.matrix, "localhost"), "/_matrix/federation/v1/event/$unsigned");
    request(&mut client.connect(gateway.mimi, "gateway.localhost"), "/no/such/endpoint");
    let text = gateway.get("/metrics").body;
    let documented = fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/metrics.md")).unwrap();
    let names: BTreeSet<&str> = text.lines().filter_map(|line| line.strip_prefix("# TYPE ")?.split(' ').next()).collect();
    assert!(names.len() >= 10, "{text}");
    for name in names {
        assert!(documented.contains(&format!("| `{name}` |")), "{name}");
    }
    for line in [
        "causeway_http_requests_total{side=\"matrix\",endpoint=\"/_matrix/federation/v1/version\",status=\"200\"} 1",
        "causeway_http_requests_total{side=\"matrix\",endpoint=\"/_matrix/federation/v1/event/{event_id}\",status=\"401\"} 1",
        "causeway_refusals_total{side=\"matrix\",code=\"CW-1110\"} 1",
        "causeway_http_requests_total{side=\"mimi\",endpoint=\"unknown\",status=\"404\"} 1",
        "causeway_database_up 1",
        "causeway_conversations{status=\"active\",topology=\"our_hub\"} 0",
    ] {
        assert!(text.contains(line), "{line}\n{text}");
    }
    assert!(
        text.contains("causeway_database_transaction_seconds_count{transaction=\"ping\"}")
            || text.contains("transaction=\"lease\""),
        "{text}"
    );
}
