//! Who a provider says it is (H1–H12, H31–H35).

use interop_tests::certificates::Authority;
use interop_tests::https::Https;
use interop_tests::light::{GATEWAY, Light};

use super::{Raw, told};
use crate::gateway::support::light;

const ROOM: &str = "mimi://gw.test/r/nowhere";

fn honest(light: &Light) -> Raw<'static> {
    Raw::honest(light, "update", ROOM, vec![0])
}

#[tokio::test]
async fn h01_h34_the_sender_has_to_be_one_that_its_certificate_names() {
    let light = light("h34").await;
    let cases: [(&[&str], u16, &str); 10] = [
        (&[], 400, "P-001"),
        (&["mimi@a.test", "mimi@a.test"], 400, "P-001"),
        (&["mimi+x@a.test"], 400, "P-002"),
        (&["MIMI@a.test"], 400, "P-002"),
        (&["\"A\" <mimi@a.test>"], 400, "P-002"),
        (&["mimi@"], 400, "P-002"),
        (&["mimi@a.test:443"], 400, "P-002"),
        (&["mimi@b\u{fc}cher.test"], 400, "P-00"),
        (&["mimi@b.test"], 403, "P-006"),
        (&["mimi@x.a.test"], 403, "P-006"),
    ];
    for (from, status, text) in cases {
        told(&Raw { from, ..honest(&light) }.send(&light).await, status, text);
    }
    told(&Raw { identity: None, ..honest(&light) }.send(&light).await, 403, "P-004");
    // Of an honest peer, only the body is wrong.
    told(&honest(&light).send(&light).await, 400, "P-007");
}

#[tokio::test]
async fn h31_the_target_has_to_be_one_of_ours() {
    let light = light("h31").await;
    for host in ["a.test", "x.gw.test", "gw.test.", "localhost"] {
        let answer = Raw { host, ..honest(&light) }.send(&light).await;
        assert!(matches!(answer.status.as_u16(), 421 | 400), "{host}: {}", answer.text());
    }
    told(&Raw { host: "a.test", ..honest(&light) }.send(&light).await, 421, "P-003");
    told(&Raw { host: "gw.test:8443", ..honest(&light) }.send(&light).await, 400, "P-007");
    told(&Raw { host: "GW.test", ..honest(&light) }.send(&light).await, 400, "P-007");
    let client = light.client(&["a.test"]).unwrap();
    let twice = b"POST /v1/update/mimi%3A%2F%2Fgw.test%2Fr%2Fx HTTP/1.1\r\nHost: gw.test\r\nHost: a.test\r\nFrom: mimi@a.test\r\nContent-Length: 1\r\nConnection: close\r\n\r\n0";
    let answer = client.raw(light.mimi_port, GATEWAY, twice).await.unwrap();
    assert!(answer.starts_with(b"HTTP/1.1 400"), "{}", String::from_utf8_lossy(&answer));
    // A URI in absolute form has to be of the same host.
    for (uri, text) in [("a.test", "P-003: Host is not"), ("gw.test", "P-007")] {
        let head =
            format!("POST https://{uri}/v1/update/mimi%3A%2F%2Fgw.test%2Fr%2Fx HTTP/1.1\r\nHost: gw.test\r\nFrom: mimi@a.test\r\n");
        let request = format!("{head}Content-Length: 1\r\nConnection: close\r\n\r\n0");
        let answer = client.raw(light.mimi_port, GATEWAY, request.as_bytes()).await.unwrap();
        let said = String::from_utf8_lossy(&answer);
        assert!(said.starts_with("HTTP/1.1 400") && said.contains(text), "{uri}: {said}");
    }
}

#[tokio::test]
async fn h05_h07_names_in_certificates() {
    let light = light("h05").await;
    // A wildcard names nobody; case does not matter; one of several names is enough.
    let cases: [(&[&str], u16, &str); 6] = [
        (&["*.test"], 403, "P-006"),
        (&["A.Test"], 400, "P-007"),
        (&["b.test", "a.test"], 400, "P-007"),
        (&["127.0.0.1"], 403, "P-006"),
        (&["a.test."], 403, "P-006"),
        (&["a.test\0.b.test"], 403, "P-006"),
    ];
    for (names, status, text) in cases {
        told(&Raw { identity: Some(light.authority.issue(names)), ..honest(&light) }.send(&light).await, status, text);
    }
    // A common name is no name (H6).
    let nameless = light.authority.issue_odd(&["a.test"], |params| params.subject_alt_names.clear());
    told(&Raw { identity: Some(nameless), ..honest(&light) }.send(&light).await, 403, "P-006");
}

#[tokio::test]
async fn h02_h03_certificates_that_do_not_hold_end_the_handshake() {
    let light = light("h02").await;
    let root = light.authority.root_pem();
    let stranger = Authority::generate().issue(&["a.test"]);
    let expired = light.authority.issue_odd(&["a.test"], |params| params.not_after = rcgen::date_time_ymd(2020, 1, 1));
    let early = light.authority.issue_odd(&["a.test"], |params| params.not_before = rcgen::date_time_ymd(2999, 1, 1));
    for (what, identity, alert) in
        [("a stranger's", stranger, "UnknownCA"), ("expired", expired, "CertificateExpired"), ("early", early, "BadCertificate")]
    {
        let client = Https::new(&root, Some(&identity)).unwrap();
        let request = http::Request::post("/v1/update/x").header("host", GATEWAY).body(Vec::new()).unwrap();
        let error = client.send(light.mimi_port, GATEWAY, request).await.unwrap_err();
        let text = format!("{error:#} {error:?}");
        assert!(text.contains(alert) || text.contains("alert") || text.contains("Expired"), "{what}: {text}");
    }
    told(&honest(&light).send(&light).await, 400, "P-007");
}

#[tokio::test]
async fn h10_h11_other_protocols_and_names() {
    let light = light("h10").await;
    let client = light.client(&["a.test"]).unwrap().with(|tls| tls.alpn_protocols = vec![b"http/0.9".to_vec()]);
    assert!(client.connect(light.mimi_port, GATEWAY).await.is_err());
    let client = light.client(&["a.test"]).unwrap().with(|tls| tls.alpn_protocols = vec![b"http/1.1".to_vec()]);
    assert!(client.connect(light.mimi_port, GATEWAY).await.is_ok());
    // Whoever wants another name gets our certificate, and will not have it.
    assert!(client.connect(light.mimi_port, "other.test").await.is_err());
}

#[tokio::test]
async fn h30_h35_unknown_endpoints_methods_and_headers() {
    let light = light("h35").await;
    told(&Raw { path: "/v1/nothing/x".to_owned(), ..honest(&light) }.send(&light).await, 404, "no such endpoint");
    let client = light.client(&["a.test"]).unwrap();
    let request = http::Request::get(super::path("update", ROOM)).header("host", GATEWAY).header("from", "mimi@a.test");
    let answer = client.send(light.mimi_port, GATEWAY, request.body(Vec::new()).unwrap()).await.unwrap();
    assert_eq!(answer.status, 405);
    for endpoint in ["identifierQuery", "reportAbuse", "proxyDownload"] {
        told(&Raw { path: super::path(endpoint, ROOM), ..honest(&light) }.send(&light).await, 501, "this endpoint");
    }
    // What a proxy might say of a client certificate is not believed.
    let anonymous = light.anonymous().unwrap();
    let request = http::Request::post(super::path("update", ROOM))
        .header("host", GATEWAY)
        .header("from", "mimi@a.test")
        .header("x-forwarded-for", "127.0.0.1")
        .header("x-client-cert", "a.test")
        .header("x-forwarded-client-cert", "Subject=\"CN=a.test\"");
    told(&anonymous.send(light.mimi_port, GATEWAY, request.body(vec![0]).unwrap()).await.unwrap(), 403, "P-004");
    // The directory is for everybody.
    let request = http::Request::get("/.well-known/mimi-protocol-directory").header("host", GATEWAY).body(Vec::new()).unwrap();
    assert_eq!(anonymous.send(light.mimi_port, GATEWAY, request).await.unwrap().status, 200);
}

#[tokio::test]
async fn h29_u07_paths_that_name_nothing() {
    let light = light("h29").await;
    for path in [
        "/v1/update/",
        "/v1/update/%FF%FE",
        "/v1/update/mimi%253A%252F%252Fgw.test%252Fr%252Fx",
        "/v1/update/mimi%3A%2F%2Fgw.test%2Fr%2F",
        "/v1/update/mimi%3A%2F%2Fgw.test%2Fu%2Fx",
        "/v1/update/mimi%3A%2F%2Fu%3Ap%40gw.test%2Fr%2Fx",
        "/v1/update/mimi%3A%2F%2Fgw.test%3A443%2Fr%2Fx",
        "/v1/update/mimi%3A%2F%2Fgw.test%2Fr%2Fx%3Fq",
        "/v1/update/mimi%3A%2F%2Fgw.test%2Fr%2Fx%23f",
        "/v1/update/mimi%3A%2F%2Fgw.test%2Fr%2F..%2Fx",
        "/v1/update/https%3A%2F%2Fgw.test%2Fr%2Fx",
        "/v1/update/mimi%3A%2F%2Fgw.test%2Fr%2Fx%00y",
    ] {
        let answer = Raw { path: path.to_owned(), ..honest(&light) }.send(&light).await;
        assert!(matches!(answer.status.as_u16(), 400 | 404), "{path}: {} {}", answer.status, answer.text());
    }
    // A room of another provider is not served here.
    told(&Raw::honest(&light, "update", "mimi://a.test/r/x", vec![0]).send(&light).await, 404, "no such room");
}
