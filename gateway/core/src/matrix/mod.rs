//! Matrix rooms, sans-IO: events, signatures, authorisation and state resolution, all by ruma; the graph around
//! them is ours.

mod pdu;
mod room;
mod signing;

pub use pdu::{MAX_PDU_OCTETS, Pdu, PduError};
pub use room::{
    EventDraft, Outcome, Refused, Room, RoomChanges, RoomParts, StateDraft, StateMap, StoredEvent, Template, Thresholds,
};
pub use signing::{Checked, SigningKeys, check_signatures, required_servers};

use ruma::RoomVersionId;

/// The room versions that we join and host.
pub const ROOM_VERSIONS: [RoomVersionId; 3] = [RoomVersionId::V10, RoomVersionId::V11, RoomVersionId::V12];

/// Whether we support a room version.
pub fn supports(version: &RoomVersionId) -> bool {
    ROOM_VERSIONS.contains(version)
}
