//! draft-ietf-mimi-protocol-06: the bodies of its endpoints, one file per message family.

pub mod consent;
pub mod directory;
pub mod franking;
pub mod group_info;
pub mod key_material;
pub mod message;
pub mod notify;
pub mod participant_list;
pub mod ratchet_tree;
pub mod room_metadata;
pub mod submit_message;
pub mod update;

use tls_codec::{TlsDeserialize, TlsSerialize, TlsSize};

/// The protocol of a room's end-to-end encryption [mimi-protocol-06 §5.2].
#[derive(Clone, Copy, Debug, PartialEq, Eq, TlsSize, TlsSerialize, TlsDeserialize)]
#[repr(u8)]
pub enum Protocol {
    /// MLS 1.0
    Mls10 = 1,
}

/// The media type of all request and response bodies; the draft names none (G-01).
pub const BODY_MEDIA_TYPE: &str = "application/octet-stream";
