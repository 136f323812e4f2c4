//! Deliveries.

use std::collections::BTreeSet;
use std::sync::{Mutex, PoisonError};

use causeway_core::records::OutboxRow;

use super::names::{DELIVERIES, PEER_DELIVERIES, RETRIES};

/// So many peers that are not configured have a label of their own.
const MAX_NAMED: usize = 32;
const OTHER: &str = "other";

/// What came of a delivery.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Delivery {
    /// The peer has taken it.
    Delivered,
    /// It is tried again.
    Postponed,
    /// The peer does not want it.
    Refused,
}

impl Delivery {
    /// What a result means, given which errors are final.
    pub(crate) fn of<T, E>(result: &Result<T, E>, is_final: impl Fn(&E) -> bool) -> Self {
        match result {
            Ok(_) => Self::Delivered,
            Err(error) if is_final(error) => Self::Refused,
            Err(_) => Self::Postponed,
        }
    }

    fn as_str(self) -> &'static str {
        match self {
            Self::Delivered => "delivered",
            Self::Postponed => "postponed",
            Self::Refused => "refused",
        }
    }
}

/// Which peers have a label of their own.
pub(crate) struct PeerLabels {
    configured: BTreeSet<String>,
    others: Mutex<BTreeSet<String>>,
}

impl PeerLabels {
    /// With the configured ones.
    pub(crate) fn new<'a>(configured: impl Iterator<Item = &'a str>) -> Self {
        Self { configured: configured.map(str::to_owned).collect(), others: Mutex::default() }
    }

    /// Counts a delivery of a lane's rows.
    pub(crate) fn delivery(&self, rows: &[OutboxRow], outcome: Delivery) {
        let Some(head) = rows.first() else { return };
        let Some((peer_kind, peer)) = peer_of(&head.lane) else { return };
        let (count, kind) = (rows.len() as u64, head.kind.clone());
        metrics::counter!(DELIVERIES, "peer_kind" => peer_kind, "kind" => kind.clone(), "outcome" => outcome.as_str())
            .increment(count);
        metrics::counter!(PEER_DELIVERIES, "peer" => self.label(peer), "outcome" => outcome.as_str()).increment(count);
        if head.attempts > 1 {
            metrics::counter!(RETRIES, "kind" => kind).increment(count);
        }
    }

    fn label(&self, peer: &str) -> String {
        if self.configured.contains(peer) {
            return peer.to_owned();
        }
        let mut others = self.others.lock().unwrap_or_else(PoisonError::into_inner);
        if others.contains(peer) {
            return peer.to_owned();
        }
        match others.len() < MAX_NAMED {
            true => {
                others.insert(peer.to_owned());
                peer.to_owned()
            }
            false => OTHER.to_owned(),
        }
    }
}

/// The peer that a lane leads to: its kind, and its name.
fn peer_of(lane: &str) -> Option<(&'static str, &str)> {
    let (kind, rest) = lane.split_once(':')?;
    match kind {
        "pdu" => Some(("homeserver", rest)),
        // `<server>:!<room>`, and the server may have a port.
        "matrix" => Some(("homeserver", rest.split_once(":!").map_or(rest, |(server, _)| server))),
        "mimi" | "peer" => Some(("provider", rest.split_once(':').map_or(rest, |(provider, _)| provider))),
        "consent" => Some(("provider", rest)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::{MAX_NAMED, PeerLabels, peer_of};

    #[test]
    fn lanes_lead_to_peers() {
        for (lane, expected) in [
            ("pdu:localhost:8448", Some(("homeserver", "localhost:8448"))),
            ("matrix:hs.example:8448:!room:hs.example", Some(("homeserver", "hs.example:8448"))),
            ("mimi:a.example:mimi://a.example/r/1#proposals", Some(("provider", "a.example"))),
            ("peer:a.example:mimi://a.example/r/1#name", Some(("provider", "a.example"))),
            ("consent:a.example", Some(("provider", "a.example"))),
            ("unknown", None),
        ] {
            assert_eq!(peer_of(lane), expected, "{lane}");
        }
    }

    #[test]
    fn few_peers_have_labels() {
        let labels = PeerLabels::new(["configured.example"].into_iter());
        for number in 0..MAX_NAMED {
            assert_ne!(labels.label(&format!("{number}.example")), "other");
        }
        assert_eq!(labels.label("late.example"), "other");
        assert_eq!(labels.label("0.example"), "0.example");
        assert_eq!(labels.label("configured.example"), "configured.example");
    }
}
