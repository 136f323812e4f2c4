//! The component `logging_policy` [mimi-room-policy-04 §6.5]: whether somebody keeps a record of the room.

use crate::structure::{choice, empty_or, structure};
use crate::uri::Uri;

/// LoggingPolicy (§6.5).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LoggingPolicy {
    /// Active where a client is named.
    Optional(Logging),
    /// Active; at least one client is named.
    Required(Logging),
    /// Nobody logs.
    Forbidden,
}

/// Who logs, by which rules (§6.5).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Logging {
    /// At most one of each provider.
    pub logging_clients: Vec<Uri>,
    /// The rules for machines; an empty URI is none.
    pub machine_readable_policy: Option<Uri>,
    /// The rules for people; an empty URI is none.
    pub human_readable_policy: Option<Uri>,
}

/// LoggingPolicyUpdate (§6.5).
pub type LoggingPolicyUpdate = LoggingPolicy;

choice!(LoggingPolicy as "logging" { 0 => Optional(logging[flat]), 1 => Required(logging[flat]), 2 => Forbidden });
structure!(Logging {
    logging_clients[],
    machine_readable_policy[empty_or],
    human_readable_policy[empty_or],
});

impl LoggingPolicy {
    /// Whether somebody logs.
    pub fn is_active(&self) -> bool {
        matches!(self, Self::Optional(logging) | Self::Required(logging) if !logging.logging_clients.is_empty())
    }

    /// Whether the policy can stand.
    ///
    /// # Errors
    /// The rule that it breaks.
    pub fn validate(&self) -> Result<(), &'static str> {
        match self {
            Self::Required(logging) if logging.logging_clients.is_empty() => {
                Err("R-043: logging is required, and no client is named")
            }
            _ => Ok(()),
        }
    }
}
