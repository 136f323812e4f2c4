use causeway_core::identity::Names;
use causeway_drafts::mimi_uri::UserUri;
use proptest::prelude::*;
use ruma::UserId;

use crate::support::links::names;

fn same_name() -> Names {
    Names::new("gw.own.test", "own.test".parse().unwrap(), vec!["own.test".parse().unwrap()])
}

/// Any name that a peer may give a user.
fn mimi_user() -> impl Strategy<Value = UserUri> {
    let domain = prop_oneof![Just("a.test"), Just("b.a.test"), Just("xn--nxasmq6b.test")];
    let name = prop_oneof![".{1,60}", "[a-z0-9./_=:-]{1,40}", "(=[0-9a-f]{2}|%[0-9A-F]{2}|[A-Z]){1,20}"];
    (domain, name).prop_filter_map("a name without URI", |(domain, name)| UserUri::checked(&domain.parse().unwrap(), &name).ok())
}

/// Any Matrix user, historical ones included.
fn matrix_user() -> impl Strategy<Value = ruma::OwnedUserId> {
    let server = prop_oneof![Just("hs.test"), Just("hs.test:8448"), Just("own.test"), Just("[2001:db8::1]:1"), Just("192.0.2.7")];
    let name = prop_oneof!["[a-z0-9./_=+-]{1,60}", "[!-9;-~]{1,60}"];
    (name, server).prop_filter_map("no user id", |(name, server)| UserId::parse(format!("@{name}:{server}")).ok())
}

proptest! {
    #[test]
    fn a_ghost_leads_back_to_its_user(user in mimi_user()) {
        let names = names();
        let ghost = names.ghost(&user);
        prop_assert!(names.is_ghost(&ghost));
        prop_assert!(ghost.as_str().len() <= 255);
        prop_assert!(names.puppet(&ghost).is_err());
        prop_assert!(UserId::parse(ghost.as_str()).is_ok_and(|id| id.validate_strict().is_ok()), "{}", ghost);
        match names.ghost_to_mimi(&ghost) {
            Some(back) => prop_assert_eq!(back, user),
            None => prop_assert!(ghost.localpart().contains("/==")),
        }
    }

    #[test]
    fn a_puppet_leads_back_to_its_user(user in matrix_user(), shares_name in any::<bool>()) {
        let names = if shares_name { same_name() } else { names() };
        if let Ok(puppet) = names.puppet(&user) {
            prop_assert_eq!(puppet.as_str().parse::<UserUri>(), Ok(puppet.clone()));
            prop_assert_eq!(names.puppet_to_matrix(&puppet), Some(user.clone()));
            prop_assert_eq!(names.ghost_to_mimi(&names.ghost(&puppet)), None, "a puppet has no ghost");
        } else {
            prop_assert!(user.localpart().starts_with("_") || user.localpart().starts_with("."), "{}", user);
        }
    }

    /// What a Matrix user can write as ghost is either our own spelling or nobody.
    #[test]
    fn a_ghost_has_one_spelling(localpart in "_mimi_a\\.test/[a-z0-9=._-]{0,12}") {
        let names = names();
        if let Ok(ghost) = UserId::parse(format!("@{localpart}:gw.test"))
            && let Some(user) = names.ghost_to_mimi(&ghost)
        {
            prop_assert_eq!(names.ghost(&user), ghost);
            prop_assert_eq!(user.as_str().parse::<UserUri>(), Ok(user.clone()));
        }
    }
}
