#![doc = include_str!("../README.md")]

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
