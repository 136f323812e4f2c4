//! draft-ietf-mimi-protocol-06: the bodies of its endpoints, one file per message family.
//!
//! | endpoint | section | request | response |
//! |---|---|---|---|
//! | directory | §5.1 | - | [`directory::Directory`], JSON |
//! | `keyMaterial` | §5.2 | [`key_material::KeyMaterialRequest`] | [`key_material::KeyMaterialResponse`] |
//! | `update` | §5.3 | [`update::UpdateRequest`] | [`update::UpdateRoomResponse`] |
//! | `submitMessage` | §5.4 | [`submit_message::SubmitMessageRequest`] | [`submit_message::SubmitMessageResponse`] |
//! | `notify` | §5.5 | [`notify::FanoutMessage`], one or more | - |
//! | `groupInfo` | §5.6 | [`group_info::GroupInfoRequest`] | [`group_info::GroupInfoResponse`] |
//! | `requestConsent`, `updateConsent` | §5.7 | [`consent::ConsentEntry`] | - |
//! | `identifierQuery` | §5.8 | [`identifier_query::IdentifierRequest`] | [`identifier_query::IdentifierResponse`] |
//! | `reportAbuse` | §5.9 | [`report_abuse::AbuseReport`] | - |
//! | `proxyDownload` | §5.10 | - | the asset |
//!
//! Components of the GroupContext: [`franking::FrankingAgent`] §5.4.1, [`participant_list`] §7.5, [`room_metadata`] §7.6; the
//! others are room policy's. Item of SafeAAD: [`franking::FrankAad`] §5.4.1. Minimal-metadata rooms have
//! [`pseudonymous_credential`] §6.1. MLS messages are kept as received ([`message::Message`]).

pub mod consent;
pub mod directory;
pub mod franking;
pub mod group_info;
pub mod identifier_query;
pub mod key_material;
pub mod message;
pub mod notify;
pub mod participant_list;
pub mod pseudonymous_credential;
pub mod ratchet_tree;
pub mod report_abuse;
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

/// The media type of all request and response bodies (§5); the draft names none (G-01).
pub const BODY_MEDIA_TYPE: &str = "application/octet-stream";
