//! The public parts of MLS structures [RFC 9420].

mod group;
mod leaf;
mod message;

pub(super) use group::{EXTENSION, EXTERNAL_SENDER, GROUP_INFO, HPKE_CIPHERTEXT, RATCHET_TREE, WELCOME};
pub(super) use leaf::{CAPABILITIES, CREDENTIAL, KEY_PACKAGE, REQUIRED_CAPABILITIES};
pub(super) use message::MESSAGE;

use super::layout::Part::{self, Enum};

const VERSION: Part = Enum(2, &[(1, "mls10")]);
