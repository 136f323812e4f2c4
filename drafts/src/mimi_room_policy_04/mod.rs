//! draft-ietf-mimi-room-policy-04: the components in use so far.

pub mod base_room_policy;
pub mod capability;
pub mod roles_list;
