//! The component `message_expiration_policy` [mimi-room-policy-04 §6.8]: how long messages live.

use crate::structure::{choice, optional, structure};

/// MessageExpiration (§6.8).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MessageExpiration {
    /// As the sender likes.
    Optional(Expiration),
    /// Always.
    Required(Expiration),
    /// Never.
    Forbidden,
}

/// Seconds (§6.8).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Expiration {
    /// At least.
    pub min_expiration_duration: u32,
    /// At most.
    pub max_expiration_duration: u32,
    /// Where the sender has no opinion.
    pub default_expiration_duration: Option<u32>,
}

/// MessageExpirationUpdate (§6.8).
pub type MessageExpirationUpdate = MessageExpiration;

choice!(MessageExpiration as "expiring_messages" { 0 => Optional(expiration[flat]), 1 => Required(expiration[flat]), 2 => Forbidden });
structure!(Expiration { min_expiration_duration, max_expiration_duration, default_expiration_duration[optional] });

impl MessageExpiration {
    /// Whether a message may live so long; `None` is for ever.
    pub fn allows(&self, seconds: Option<u32>) -> bool {
        let in_range = |expiration: &Expiration, seconds: u32| {
            (expiration.min_expiration_duration..=expiration.max_expiration_duration).contains(&seconds)
        };
        match (self, seconds) {
            (Self::Optional(_) | Self::Forbidden, None) => true,
            (Self::Required(_), None) | (Self::Forbidden, Some(_)) => false,
            (Self::Optional(expiration) | Self::Required(expiration), Some(seconds)) => in_range(expiration, seconds),
        }
    }
}
