//! `mimi://` URIs: one form of each (G-07).

use causeway_drafts::mimi_uri::{ClientUri, GroupUri, IdentifierUri, ProviderDomain, ProviderUri, RoomUri, UriError, UserUri};
use causeway_drafts::{decode_exact, encode};
use proptest::prelude::*;

#[test]
fn uris_are_read() {
    let user: UserUri = "mimi://a.test/u/alice%2Fx%3Ahs.test%3A8448".parse().unwrap();
    assert_eq!((user.user().as_str(), user.provider().as_str()), ("alice/x:hs.test:8448", "a.test"));
    let client: ClientUri = "mimi://a.test/d/alice/phone%201".parse().unwrap();
    assert_eq!((client.user_uri().as_str(), client.client().as_str()), ("mimi://a.test/u/alice", "phone 1"));
    assert_eq!("mimi://a.test/r/club".parse::<RoomUri>().unwrap().id(), "club");
    assert_eq!("mimi://a.test/g/club".parse::<GroupUri>().unwrap().id(), "club");
    assert!("mimi://a.test".parse::<ProviderUri>().is_ok());
    for any in ["mimi://a.test", "mimi://a.test/u/x", "mimi://a.test/d/x/y", "mimi://a.test/r/x", "mimi://a.test/g/x"] {
        assert!(any.parse::<IdentifierUri>().is_ok(), "{any}");
    }
}

#[test]
fn g_07_other_forms_are_refused() {
    for (uri, error) in [
        ("https://a.test/u/x", UriError::Scheme),
        ("MIMI://a.test/u/x", UriError::Scheme),
        ("mimi:a.test/u/x", UriError::Scheme),
        ("mimi://A.test/u/x", UriError::Domain),
        ("mimi://a.test:443/u/x", UriError::Domain),
        ("mimi://u@a.test/u/x", UriError::Domain),
        ("mimi://localhost/u/x", UriError::Domain),
        ("mimi://192.0.2.1/u/x", UriError::Domain),
        ("mimi://[2001:db8::1]/u/x", UriError::Domain),
        ("mimi://a..test/u/x", UriError::Domain),
        ("mimi://-a.test/u/x", UriError::Domain),
        ("mimi://a.test./u/x", UriError::Domain),
        ("mimi:///u/x", UriError::Domain),
        ("mimi://a.test/u/", UriError::Segment),
        ("mimi://a.test/u/x/", UriError::Segment),
        ("mimi://a.test/u/.", UriError::Segment),
        ("mimi://a.test/u/..", UriError::Segment),
        ("mimi://a.test/u/%2E%2E", UriError::Segment),
        ("mimi://a.test/u/%78", UriError::Segment),
        ("mimi://a.test/u/%2f", UriError::Segment),
        ("mimi://a.test/u/%C3%28", UriError::Segment),
        ("mimi://a.test/u/x?y", UriError::Segment),
        ("mimi://a.test/u/x#y", UriError::Segment),
        ("mimi://a.test/u/ä", UriError::Segment),
        ("mimi://a.test/U/x", UriError::Path("/u/<user>")),
        ("mimi://a.test/r/x", UriError::Path("/u/<user>")),
        ("mimi://a.test/u/x/y", UriError::Path("/u/<user>")),
        ("mimi://a.test", UriError::Path("/u/<user>")),
    ] {
        assert_eq!(uri.parse::<UserUri>(), Err(error), "{uri}");
    }
    let long = format!("mimi://a.test/u/{}", "x".repeat(3000));
    assert_eq!(long.parse::<UserUri>(), Err(UriError::TooLong));
}

#[test]
fn names_that_peers_chose_are_checked() {
    let domain: ProviderDomain = "a.test".parse().unwrap();
    for name in ["", ".", ".."] {
        assert!(UserUri::checked(&domain, name).is_err(), "{name:?}");
    }
    assert!(ClientUri::checked(&UserUri::new(&domain, "x"), "").is_err());
}

/// URIs on the wire are strings<V>, checked when they are read.
#[test]
fn uris_are_checked_on_the_wire() {
    let user: UserUri = "mimi://a.test/u/alice".parse().unwrap();
    assert_eq!(decode_exact::<UserUri>(&encode(&user)), Ok(user));
    let odd = b"\x15mimi://a.test/u/Alice".map(|byte| if byte == b'A' { b'%' } else { byte });
    assert!(decode_exact::<UserUri>(&odd).is_err());
    assert!(serde_json::from_str::<UserUri>("\"mimi://a.test/r/x\"").is_err());
}

proptest! {
    #[test]
    fn any_name_comes_back(name in ".{1,60}") {
        let domain = "a.test".parse().unwrap();
        if let Ok(uri) = UserUri::checked(&domain, &name) {
            prop_assert_eq!(uri.user(), name);
            prop_assert!(uri.as_str().is_ascii());
        }
    }

    /// What the other kinds are made of comes back, too, and is one form of one kind.
    #[test]
    fn any_client_room_and_group_comes_back(user in ".{1,20}", client in ".{1,20}", id in ".{1,20}") {
        let domain: ProviderDomain = "a.test".parse().unwrap();
        let fits = |name: &str| UserUri::checked(&domain, name).is_ok();
        prop_assume!(fits(&user) && fits(&client) && fits(&id));
        let user = UserUri::new(&domain, &user);
        let client_uri = ClientUri::checked(&user, &client).unwrap();
        prop_assert_eq!((client_uri.user_uri(), client_uri.client()), (user.clone(), client));
        let (room, group) = (RoomUri::new(&domain, &id), GroupUri::new(&domain, &id));
        prop_assert_eq!((room.id(), group.id()), (id.clone(), id));
        for uri in [user.as_str(), client_uri.as_str(), room.as_str(), group.as_str()] {
            let any: IdentifierUri = uri.parse().unwrap();
            prop_assert_eq!(any.as_str(), uri);
            let kinds = [
                uri.parse::<UserUri>().is_ok(),
                uri.parse::<ClientUri>().is_ok(),
                uri.parse::<RoomUri>().is_ok(),
                uri.parse::<GroupUri>().is_ok(),
                uri.parse::<ProviderUri>().is_ok(),
            ];
            prop_assert_eq!(kinds.into_iter().filter(|kind| *kind).count(), 1);
        }
    }

    #[test]
    fn arbitrary_text_does_not_panic(text in "mimi://[a-z.%:/0-9A-F]{0,40}") {
        if let Ok(uri) = text.parse::<UserUri>() {
            prop_assert_eq!(uri.as_str(), text);
        }
    }
}
