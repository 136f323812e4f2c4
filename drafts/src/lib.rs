#![doc = include_str!("../README.md")]
//!
//! # Where to begin
//!
//! | draft | module | begin with |
//! |---|---|---|
//! | draft-ietf-mimi-protocol-06 §5 to §7 | [`mimi_protocol_06`] | [`decode_exact`], and the body that the table there names |
//! | … §3 | [`mimi_uri`] | [`mimi_uri::UserUri`], [`mimi_uri::RoomUri`] |
//! | draft-ietf-mimi-content-09 | [`mimi_content_09`] | [`mimi_content_09::MimiContent::decode`], [`mimi_content_09::message_id`] |
//! | … §6 | [`cbor`] | [`cbor::validate`] |
//! | draft-mimi-content-more-extensions-00 | [`mimi_content_more_extensions_00`] | [`mimi_content_09::Extension`] |
//! | draft-mahy-mimi-message-status-01 | [`mimi_message_status_01`] | [`mimi_message_status_01::MessageStatusReport::decode`] |
//! | draft-ietf-mimi-room-policy-04 | [`mimi_room_policy_04`] | [`mimi_room_policy_04::roles_list::RolesList`], [`mimi_room_policy_04::presets`] |
//! | draft-mahy-mls-ratchet-tree-options-04 | [`mimi_protocol_06::ratchet_tree`] | [`mimi_protocol_06::ratchet_tree::RatchetTreeOption`] |
//! | draft-ietf-mls-extensions-09 §6.2 | [`application`] | [`application::frame`], [`application::unframe`] |
//! | all of their code points | [`numbers`] | [`numbers::CODE_POINTS`] |
//!
//! # A body, and what is wrong with one
//!
//! ```
//! use causeway_drafts::mimi_room_policy_04::Optionality;
//! use causeway_drafts::mimi_room_policy_04::status_notification_policy::StatusNotificationPolicy;
//! use causeway_drafts::{DecodeError, decode_exact, encode};
//!
//! # fn main() -> Result<(), DecodeError> {
//! let policy: StatusNotificationPolicy = decode_exact(&[0, 2])?;
//! assert_eq!(policy.read_receipts, Optionality::Forbidden);
//! assert_eq!(encode(&policy), [0, 2]);
//!
//! let error = decode_exact::<StatusNotificationPolicy>(&[0, 3]).unwrap_err();
//! let DecodeError::Malformed(fault) = &error else { panic!("{error}") };
//! assert_eq!((fault.offset, fault.path.as_str()), (1, "read_receipts"));
//! assert_eq!(error.to_string(), "P-007: at byte 1, in read_receipts: 3 is none of the values that the draft names");
//! # Ok(())
//! # }
//! ```
//!
//! # A message, and its id
//!
//! ```
//! use causeway_drafts::mimi_content_09::{Extensions, MimiContent, NestedPart, message_id};
//!
//! # fn main() -> Result<(), causeway_drafts::cbor::DocumentError> {
//! let (alice, club) = ("mimi://a.example/u/alice", "mimi://a.example/r/club");
//! let sent = MimiContent {
//!     salt: [7; 16], // random, in earnest
//!     replaces: None,
//!     topic_id: Vec::new(),
//!     expires: None,
//!     in_reply_to: None,
//!     extensions: Extensions::with_sender_and_room(alice, club),
//!     nested_part: NestedPart::text("text/plain;charset=utf-8", "Hi"),
//! };
//! let received = sent.encode();
//! assert_eq!(MimiContent::decode(&received)?, sent);
//! assert_eq!(message_id(alice, club, &received, &sent.salt).as_bytes()[0], 1);
//!
//! // The length of the salt in two octets, though one would do.
//! let other_form = [&received[..1], &[0x58, 16], &received[2..]].concat();
//! let error = MimiContent::decode(&other_form).unwrap_err();
//! assert_eq!(error.to_string(), "at byte 1: C-040: not in the shortest form");
//! # Ok(())
//! # }
//! ```

#![deny(missing_docs)]

mod structure;

pub mod application;
pub mod cbor;
pub mod decode;
pub mod mimi_content_09;
pub mod mimi_content_more_extensions_00;
pub mod mimi_message_status_01;
pub mod mimi_protocol_06;
pub mod mimi_room_policy_04;
pub mod mimi_uri;
pub mod numbers;
pub mod text;
pub mod uri;
pub mod verbatim;

pub use decode::{DecodeError, Fault, decode_exact, encode};
pub use verbatim::Verbatim;
