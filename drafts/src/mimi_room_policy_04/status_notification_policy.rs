//! The component `status_notification_policy` [mimi-room-policy-04 §6.1]: who tells that a message arrived or was read.

use super::Optionality;
use crate::structure::structure;

/// StatusNotificationPolicy (§6.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StatusNotificationPolicy {
    /// That a message arrived.
    pub delivery_notifications: Optionality,
    /// That it was read.
    pub read_receipts: Optionality,
}

/// StatusNotificationPolicyUpdate (§6.1).
pub type StatusNotificationPolicyUpdate = StatusNotificationPolicy;

structure!(StatusNotificationPolicy { delivery_notifications, read_receipts });
