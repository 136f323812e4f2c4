//! The directory and its templates [mimi-protocol-06 §5.1].

use causeway_drafts::mimi_protocol_06::directory::{Directory, consent_variable, expand, uri_from_path};
use causeway_drafts::mimi_uri::{RoomUri, UserUri};

#[test]
fn a_directory_has_the_drafts_names() {
    let directory = Directory::at("https://a.test", vec!["pem".to_owned()]);
    let json = serde_json::to_value(&directory).unwrap();
    let keys: Vec<_> = json.as_object().unwrap().keys().map(String::as_str).collect();
    let mut expected = vec![
        "keyMaterial",
        "update",
        "notify",
        "submitMessage",
        "groupInfo",
        "requestConsent",
        "updateConsent",
        "identifierQuery",
        "reportAbuse",
        "proxyDownload",
        "mls_credential_roots",
    ];
    expected.sort_unstable();
    let mut keys = keys;
    keys.sort_unstable();
    assert_eq!(keys, expected);
    assert_eq!(serde_json::from_value::<Directory>(json).unwrap(), directory);
    // A peer without our extension, and with others.
    let mut foreign = serde_json::to_value(&directory).unwrap();
    foreign.as_object_mut().unwrap().remove("mls_credential_roots");
    foreign["vendor"] = serde_json::json!({ "x": 1 });
    assert!(serde_json::from_value::<Directory>(foreign).unwrap().mls_credential_roots.is_empty());
    assert!(serde_json::from_str::<Directory>("{}").is_err());
}

/// G-02, G-03: one variable, whatever it is called, filled with one encoded segment.
#[test]
fn g_02_templates_are_filled_and_read_back() {
    let room: RoomUri = "mimi://a.test/r/club%2F1".parse().unwrap();
    for (template, url) in [
        ("https://a.test/v1/update/{roomId}", "https://a.test/v1/update/mimi%3A%2F%2Fa.test%2Fr%2Fclub%252F1"),
        ("https://a.test/{x}/update", "https://a.test/mimi%3A%2F%2Fa.test%2Fr%2Fclub%252F1/update"),
        ("https://a.test/update/", "https://a.test/update/mimi%3A%2F%2Fa.test%2Fr%2Fclub%252F1"),
    ] {
        assert_eq!(expand(template, room.as_str()), url);
    }
    for path in ["mimi%3A%2F%2Fa.test%2Fr%2Fclub%252F1", "a.test/r/club%2F1"] {
        assert_eq!(uri_from_path::<RoomUri>(path).unwrap(), room, "{path}");
    }
    assert!(uri_from_path::<UserUri>("a.test/r/club").is_err());
    assert!(uri_from_path::<RoomUri>("%FF").is_err());
}

#[test]
fn g_03_consent_endpoints_take_a_user_or_a_domain() {
    let domain = "a.test".parse().unwrap();
    assert_eq!(consent_variable("https://a.test/c/{targetUser}", "mimi://a.test/u/x", &domain), "mimi://a.test/u/x");
    assert_eq!(consent_variable("https://a.test/c/{targetDomain}", "mimi://a.test/u/x", &domain), "a.test");
}
