//! Roles, base policy and metadata [mimi-room-policy-04], [mimi-protocol-06 §7.6].

use causeway_drafts::mimi_protocol_06::participant_list::{ParticipantListData, UserRolePair};
use causeway_drafts::mimi_protocol_06::room_metadata::{RoomMetadata, Utf8};
use causeway_drafts::mimi_room_policy_04::base_room_policy::BaseRoomPolicy;
use causeway_drafts::mimi_room_policy_04::capability::Capability;
use causeway_drafts::mimi_room_policy_04::roles_list::{Role, RolesList, SingleSourceRoleChangeTargets};
use causeway_drafts::mimi_uri::UserUri;
use causeway_drafts::{decode_exact, encode};

fn roles() -> RolesList {
    RolesList {
        roles: vec![
            Role::new(0, "no_role", vec![], vec![]),
            Role::new(2, "member", vec![Capability::CAN_SEND_MESSAGE], vec![]),
            Role::new(4, "admin", vec![Capability::CAN_BAN], vec![SingleSourceRoleChangeTargets::new(2, vec![0, 4])]),
        ],
    }
}

fn holders(indexes: &[u32]) -> ParticipantListData {
    let domain = "a.test".parse().unwrap();
    let entry = |(number, role_index): (usize, &u32)| UserRolePair {
        user: UserUri::new(&domain, &number.to_string()),
        role_index: *role_index,
    };
    ParticipantListData { participants: indexes.iter().enumerate().map(entry).collect() }
}

#[test]
fn roles_round_trip_and_stand() {
    let bytes = encode(&roles());
    assert_eq!(decode_exact::<RolesList>(&bytes), Ok(roles()));
    for length in 0..bytes.len() {
        assert!(decode_exact::<RolesList>(&bytes[..length]).is_err());
    }
    assert_eq!(roles().validate(), Ok(()));
    assert!(roles().has(2, Capability::CAN_SEND_MESSAGE) && !roles().has(2, Capability::CAN_BAN));
    assert!(!roles().has(9, Capability::CAN_BAN));
}

#[test]
fn r_001_a_role_stands_once() {
    let mut twice = roles();
    twice.roles.push(Role::new(2, "again", vec![], vec![]));
    assert!(twice.validate().unwrap_err().starts_with("R-001"));
}

#[test]
fn r_007_roles_that_are_named_exist() {
    let mut unknown = roles();
    unknown.roles[1].authorized_role_changes = vec![SingleSourceRoleChangeTargets::new(2, vec![9])];
    assert!(unknown.validate().unwrap_err().starts_with("R-007"));
    assert!(roles().validate_participants(&holders(&[3])).unwrap_err().starts_with("R-007"));
    assert!(roles().validate_participants(&holders(&[0])).unwrap_err().starts_with("R-002"));
    assert_eq!(roles().validate_participants(&holders(&[2, 2, 4])), Ok(()));
}

#[test]
fn r_003_roles_have_minimum_and_maximum() {
    let mut bounded = roles();
    bounded.roles[2].minimum_participants_constraint = 1;
    bounded.roles[2].maximum_participants_constraint = Some(2);
    assert_eq!(bounded.validate(), Ok(()));
    assert!(bounded.validate_participants(&holders(&[2])).unwrap_err().starts_with("R-003"));
    assert_eq!(bounded.validate_participants(&holders(&[4, 4])), Ok(()));
    assert!(bounded.validate_participants(&holders(&[4, 4, 4])).unwrap_err().starts_with("R-003"));
    bounded.roles[2].minimum_participants_constraint = 3;
    assert!(bounded.validate().unwrap_err().starts_with("R-003"));
}

#[test]
fn r_060_open_join_is_role_zeros() {
    let mut open = roles();
    open.roles[0].role_capabilities = vec![Capability::CAN_OPEN_JOIN];
    assert_eq!(open.validate(), Ok(()));
    open.roles[1].role_capabilities = vec![Capability::CAN_OPEN_JOIN];
    assert!(open.validate().unwrap_err().starts_with("R-060"));
}

/// G-58: booleans are octets 0 and 1, nothing else.
#[test]
fn g_58_base_policy_round_trips() {
    let policy = BaseRoomPolicy { max_clients: Some(9), ..BaseRoomPolicy::ordinary(vec![0x22, 0x23]) };
    let bytes = encode(&policy);
    assert_eq!(decode_exact::<BaseRoomPolicy>(&bytes), Ok(policy.clone()));
    let mut odd = bytes;
    odd[0] = 2;
    assert!(decode_exact::<BaseRoomPolicy>(&odd).is_err());
    assert_eq!(policy.validate(), Ok(()));
    let orphan = BaseRoomPolicy { parent_dependant: true, ..policy };
    assert!(orphan.validate().unwrap_err().starts_with("R-019"));
}

/// P-124: names are UTF-8 without NUL, avatars https.
#[test]
fn p_124_metadata_is_text() {
    let room = "mimi://a.test/r/club".parse().unwrap();
    let metadata = RoomMetadata::named(&room, "Клуб\0!");
    assert_eq!(metadata.name(), "Клуб!");
    assert_eq!(decode_exact::<RoomMetadata>(&encode(&metadata)), Ok(metadata.clone()));
    assert!(decode_exact::<Utf8>(&[3, b'a', 0, b'b']).is_err());
    assert!(decode_exact::<Utf8>(&[2, 0xC3, 0x28]).is_err());
    for (avatar, fine) in [("", true), ("https://a.test/x.png", true), ("http://a.test/x.png", false), ("javascript:x", false)] {
        let with_avatar = RoomMetadata { room_avatar: Utf8::new(avatar), ..metadata.clone() };
        assert_eq!(with_avatar.validate().is_ok(), fine, "{avatar}");
    }
}
