//! The tables of code points.

use std::collections::BTreeSet;

use causeway_drafts::mimi_room_policy_04::capability::{Capability, REGISTRY};
use causeway_drafts::mimi_room_policy_04::roles_list::Role;
use causeway_drafts::numbers::{self, CODE_POINTS, Registry, Standing, code_point};
use causeway_drafts::{decode_exact, encode};

#[test]
fn a_code_point_stands_once() {
    let values: BTreeSet<_> = CODE_POINTS.iter().map(|point| (point.registry, point.value)).collect();
    assert_eq!(values.len(), CODE_POINTS.len());
    let names: BTreeSet<_> = CODE_POINTS.iter().map(|point| (point.registry, point.name)).collect();
    assert_eq!(names.len(), CODE_POINTS.len());
}

/// IANA has RFC 9420's, and none of the drafts'.
#[test]
fn what_is_assigned_is_rfc_9420s() {
    for point in CODE_POINTS {
        let expected = match point.source {
            source if source.starts_with("RFC 9420 §17.") => Standing::Assigned,
            _ if point.value >= 0xF000 => Standing::PrivateUse,
            _ => Standing::Requested,
        };
        assert_eq!(point.standing, expected, "{point:?}");
    }
}

#[test]
fn code_points_are_found_by_value() {
    assert_eq!(code_point(Registry::Component, numbers::COMPONENT_ROLES_LIST).unwrap().name, "roles_list");
    assert_eq!(code_point(Registry::Proposal, 0x000A).unwrap().name, "self_remove");
    assert_eq!(code_point(Registry::Extension, 0x000A), None);
    for component in numbers::ROOM_COMPONENTS {
        assert!(code_point(Registry::Component, component).is_some());
    }
}

/// mimi-protocol-06 has four components, mimi-room-policy-04 thirteen, without a gap.
#[test]
fn all_components_of_the_drafts_are_there() {
    let of = |draft: &str| -> Vec<u16> {
        let points = CODE_POINTS.iter().filter(|point| point.registry == Registry::Component && point.source.starts_with(draft));
        points.map(|point| point.value).collect()
    };
    assert_eq!(of("mimi-protocol-06"), (0x20..=0x23).collect::<Vec<_>>());
    assert_eq!(of("mimi-room-policy-04"), (0x24..=0x30).collect::<Vec<_>>());
}

/// reserved capabilities are known as such, others are not known at all.
#[test]
fn r_076_the_registry_knows_what_is_reserved() {
    assert!(REGISTRY.is_sorted_by_key(|entry| entry.capability));
    assert_eq!(REGISTRY.len(), 77);
    assert_eq!(REGISTRY.iter().filter(|entry| entry.is_reserved).count(), 18);
    let knock = Capability::CAN_KNOCK.entry().unwrap();
    assert_eq!((knock.name, knock.is_reserved), ("canKnock", true));
    assert!(!Capability::CAN_BAN.entry().unwrap().is_reserved);
    for unknown in [0x0012, 0x0112, 0x0700, 0xF000, 0xFFFF] {
        assert_eq!(Capability(unknown).entry(), None);
        let role = Role::new(2, "role", vec![Capability(unknown)], Vec::new());
        assert_eq!(decode_exact::<Role>(&encode(&role)).as_ref(), Ok(&role));
        assert!(REGISTRY.iter().all(|entry| !role.has(entry.capability)));
    }
}
