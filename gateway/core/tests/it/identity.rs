use causeway_core::identity::{IdentityError, Names};
use causeway_drafts::mimi_uri::UserUri;
use ruma::{OwnedUserId, UserId};

use crate::support::links::names;

fn uri(text: &str) -> UserUri {
    text.parse().unwrap()
}

fn user(text: &str) -> OwnedUserId {
    UserId::parse(text).unwrap()
}

/// The grammar by example. What changes here renames users that exist.
#[test]
fn ghosts_by_example() {
    for (mimi, ghost) in [
        ("mimi://a.test/u/bob", "@_mimi_a.test/bob:gw.test"),
        ("mimi://a.test/u/Bob", "@_mimi_a.test/=42ob:gw.test"),
        ("mimi://a.test/u/bob.smith_1-x", "@_mimi_a.test/bob.smith_1-x:gw.test"),
        ("mimi://a.test/u/a%3Db", "@_mimi_a.test/a=3db:gw.test"),
        ("mimi://a.test/u/a%2Fb", "@_mimi_a.test/a=2fb:gw.test"),
        ("mimi://a.test/u/a%3Ab", "@_mimi_a.test/a=3ab:gw.test"),
        ("mimi://a.test/u/a%20b~", "@_mimi_a.test/a=20b=7e:gw.test"),
        ("mimi://a.test/u/%C3%BCn%C3%AF", "@_mimi_a.test/=c3=bcn=c3=af:gw.test"),
        ("mimi://sub.a.test/u/%3D%3D", "@_mimi_sub.a.test/=3d=3d:gw.test"),
        ("mimi://a.test/u/%00", "@_mimi_a.test/=00:gw.test"),
    ] {
        assert_eq!(names().ghost(&uri(mimi)), ghost);
        assert_eq!(names().ghost_to_mimi(&user(ghost)), Some(uri(mimi)), "{ghost}");
    }
}

#[test]
fn puppets_by_example() {
    for (matrix, puppet) in [
        ("@alice:hs.test", "mimi://gw.test/u/alice%3Ahs.test"),
        ("@alice:hs.test:8448", "mimi://gw.test/u/alice%3Ahs.test%3A8448"),
        ("@alice:192.0.2.1:8448", "mimi://gw.test/u/alice%3A192.0.2.1%3A8448"),
        ("@alice:[2001:db8::1]", "mimi://gw.test/u/alice%3A%5B2001%3Adb8%3A%3A1%5D"),
        ("@Alice/=40:hs.test", "mimi://gw.test/u/Alice%2F%3D40%3Ahs.test"),
        ("@alice:own.test", "mimi://own.test/u/alice"),
        ("@a/b=c:own.test", "mimi://own.test/u/a%2Fb%3Dc"),
        ("@_causeway:gw.test", "mimi://gw.test/u/_causeway"),
    ] {
        assert_eq!(names().puppet(&user(matrix)), Ok(uri(puppet)));
        assert_eq!(names().puppet_to_matrix(&uri(puppet)), Some(user(matrix)), "{puppet}");
    }
}

/// No loops: a ghost is never puppeted, another gateway's included, nor is a puppet ghosted back.
#[test]
fn ghosts_are_never_puppeted() {
    let names = names();
    let own = user("@_mimi_a.test/bob:gw.test");
    assert_eq!(names.puppet(&own), Err(IdentityError::OwnUser(own.clone())));
    let foreign = user("@_mimi_a.test/bob:othergw.test");
    assert_eq!(names.puppet(&foreign), Err(IdentityError::ForeignGhost(foreign.clone())));
    assert_eq!(names.ghost_to_mimi(&foreign), None);
    // A ghost that stands for a puppet of ours.
    assert_eq!(names.ghost_to_mimi(&user("@_mimi_gw.test/alice=3ahs.test:gw.test")), None);
    assert_eq!(names.ghost_to_mimi(&user("@_mimi_own.test/alice:gw.test")), None);
    assert_eq!(names.puppet_to_matrix(&uri("mimi://gw.test/u/_mimi_a.test%2Fbob%3Agw.test")), None);
    assert_eq!(names.puppet_to_matrix(&uri("mimi://a.test/u/bob")), None);
}

/// One spelling a user: another one names nobody.
#[test]
fn other_spellings_of_a_ghost_name_nobody() {
    for ghost in [
        "@_mimi_a.test/=62ob:gw.test",
        "@_mimi_a.test/a=2Fb:gw.test",
        "@_mimi_a.test/Bob:gw.test",
        "@_mimi_A.test/bob:gw.test",
        "@_mimi_a.test/bob=:gw.test",
        "@_mimi_a.test/bob=4:gw.test",
        "@_mimi_a.test/bob=+4:gw.test",
        "@_mimi_a.test/=ff:gw.test",
        "@_mimi_a.test/:gw.test",
        "@_mimi_a.test:gw.test",
        "@_mimi_a/bob:gw.test",
        "@_mimi_/bob:gw.test",
        "@_mimi_a.test/a/b:gw.test",
        "@_mimi_a.test/bob:hs.test",
    ] {
        assert_eq!(names().ghost_to_mimi(&user(ghost)), None, "{ghost}");
    }
}

/// A name that has no URI must not become a user: whoever is asked about it refuses the whole request.
#[test]
fn g_07_dot_segments_name_nobody() {
    assert_eq!(names().ghost_to_mimi(&user("@_mimi_a.test/.:gw.test")), None);
    assert_eq!(names().ghost_to_mimi(&user("@_mimi_a.test/..:gw.test")), None);
    for matrix in ["@.:own.test", "@..:own.test"] {
        let refused = names().puppet(&user(matrix));
        assert!(refused.is_err(), "{matrix}: {refused:?}");
    }
}

#[test]
fn a_long_name_has_a_hashed_ghost() {
    let names = names();
    // "@_mimi_a.test/" and ":gw.test" take 22 of 255 octets.
    let fits = uri(&format!("mimi://a.test/u/{}", "x".repeat(233)));
    assert_eq!(names.ghost(&fits).as_str().len(), 255);
    assert_eq!(names.ghost_to_mimi(&names.ghost(&fits)), Some(fits));
    let long = uri(&format!("mimi://a.test/u/{}", "x".repeat(234)));
    let ghost = names.ghost(&long);
    assert!(ghost.localpart().starts_with("_mimi_a.test/=="), "{ghost}");
    assert_eq!(ghost.localpart().len(), "_mimi_a.test/==".len() + 64);
    assert!(names.is_ghost(&ghost));
    // Only the mapping table can undo it; nobody else has the name.
    assert_eq!(self::names().ghost_to_mimi(&ghost), None);
    assert_eq!(names.ghost_to_mimi(&ghost), Some(long.clone()));
    assert_eq!(names.hashed_ghosts(), vec![(ghost.clone(), long)]);
    assert_ne!(ghost, names.ghost(&uri(&format!("mimi://a.test/u/{}", "x".repeat(235)))));
}

/// A peer chooses its own domain: the longest one that DNS has still gets ghosts.
#[test]
fn a_long_provider_domain_has_ghosts() {
    let names = names();
    let domain = format!("{0}.{0}.{0}.{1}.test", "a".repeat(60), "b".repeat(50));
    assert!(domain.len() > 230);
    let bob = uri(&format!("mimi://{domain}/u/bob"));
    let ghost = names.ghost(&bob);
    assert!(ghost.as_str().len() <= 255);
    assert!(names.is_ghost(&ghost));
    assert_eq!(names.ghost_to_mimi(&ghost), Some(bob));
    assert_ne!(ghost, names.ghost(&uri(&format!("mimi://{domain}/u/eve"))));
}

/// The gateway's provider domain may be the name of the homeserver that it serves.
#[test]
fn a_provider_that_shares_its_homeservers_name_keeps_everybody_apart() {
    let names = Names::new("gw.own.test", "own.test".parse().unwrap(), vec!["own.test".parse().unwrap()]);
    for (matrix, puppet) in
        [("@alice:own.test", "mimi://own.test/u/alice"), ("@alice:hs.test", "mimi://own.test/u/alice%3Ahs.test")]
    {
        assert_eq!(names.puppet(&user(matrix)), Ok(uri(puppet)));
        assert_eq!(names.puppet_to_matrix(&uri(puppet)), Some(user(matrix)), "{puppet}");
    }
    // The listener's name is taken.
    assert_eq!(names.puppet(&names.gateway_user()), Ok(names.listener_uri()));
    assert!(names.puppet(&user("@_causeway:own.test")).is_err());
}
