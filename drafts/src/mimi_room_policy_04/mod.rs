//! draft-ietf-mimi-room-policy-04: what a room allows to whom.
//!
//! Each component of §§3-7 has a file by its registered name. All of them stand in the GroupContext's
//! `app_data_dictionary` [mls-extensions-09 §4.6] and change by AppDataUpdate proposals [mls-extensions-09 §4.7], whose
//! content is the component's whole new value; only `join_links` has an update of its own. `…Update` names it.
//!
//! | component | section | file |
//! |---|---|---|
//! | `mls_operational_policy` | §7 | [`mls_operational_policy`] |
//! | `roles_list` | §3, §8 | [`roles_list`], [`capability`], [`presets`] |
//! | `preauth_list` | §4 | [`preauth_list`] |
//! | `base_room_policy` | §5 | [`base_room_policy`] |
//! | `status_notification_policy` | §6.1 | [`status_notification_policy`] |
//! | `join_link_policy`, `join_links` | §6.2 | [`join_links`] |
//! | `link_preview_policy` | §6.3 | [`link_preview_policy`] |
//! | `asset_policy` | §6.4 | [`asset_policy`] |
//! | `logging_policy` | §6.5 | [`logging_policy`] |
//! | `chat_history_policy` | §6.6 | [`chat_history_policy`] |
//! | `bot_policy` | §6.7 | [`bot_policy`] |
//! | `message_expiration_policy` | §6.8 | [`message_expiration_policy`] |
//!
//! A `validate` beside a structure names the rule (R-…) that a well-formed value can still break. Several arms of the
//! draft's syntax are written `mandatory`, which no enumeration has: `required` is meant (G-59). An `optional` before a
//! type has RFC 9420's presence octet, before a vector as well (G-58).

pub mod asset_policy;
pub mod base_room_policy;
pub mod bot_policy;
pub mod capability;
pub mod chat_history_policy;
pub mod join_links;
pub mod link_preview_policy;
pub mod logging_policy;
pub mod message_expiration_policy;
pub mod mls_operational_policy;
pub mod preauth_list;
pub mod presets;
pub mod roles_list;
pub mod status_notification_policy;

use tls_codec::{TlsDeserialize, TlsSerialize, TlsSize};

/// Optionality [mimi-room-policy-04 §6.1].
#[derive(Clone, Copy, Debug, PartialEq, Eq, TlsSize, TlsSerialize, TlsDeserialize)]
#[repr(u8)]
pub enum Optionality {
    /// As the client likes.
    Optional = 0,
    /// Always.
    Required = 1,
    /// Never.
    Forbidden = 2,
}
