//! Lanes of the outbox by the peer at their other end.

use std::fmt;

use serde::Serialize;

/// The two kinds of peers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Side {
    /// A Matrix server.
    Homeserver,
    /// A MIMI domain.
    Provider,
}

impl fmt::Display for Side {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Homeserver => "homeserver",
            Self::Provider => "provider",
        })
    }
}

/// A homeserver or a provider.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Peer {
    /// Which of both.
    pub(crate) side: Side,
    /// Its name.
    pub(crate) name: String,
}

impl Peer {
    /// The peer at the end of a lane; none for a lane of no known form.
    pub(crate) fn of_lane(lane: &str) -> Option<Self> {
        let (kind, rest) = lane.split_once(':')?;
        // A server name may have a port, so the room's sigil ends it.
        let (side, name) = match kind {
            "pdu" => (Side::Homeserver, rest),
            "matrix" => (Side::Homeserver, rest.split_once(":!").map_or(rest, |(server, _)| server)),
            "consent" => (Side::Provider, rest),
            "mimi" | "peer" => (Side::Provider, rest.split_once(":mimi:").map_or(rest, |(provider, _)| provider)),
            _ => return None,
        };
        Some(Self { side, name: name.to_owned() })
    }
}

#[cfg(test)]
mod tests {
    use super::{Peer, Side};

    #[test]
    fn lanes_name_their_peers() {
        for (lane, side, name) in [
            ("pdu:hs.test:8448", Side::Homeserver, "hs.test:8448"),
            ("pdu:[::1]:8448", Side::Homeserver, "[::1]:8448"),
            ("matrix:hs.test:8448:!club:hs.test:8448", Side::Homeserver, "hs.test:8448"),
            ("matrix:hs.test:!club", Side::Homeserver, "hs.test"),
            ("consent:a.test", Side::Provider, "a.test"),
            ("mimi:a.test:mimi://gw.test/r/club", Side::Provider, "a.test"),
            ("peer:a.test:mimi://gw.test/r/club", Side::Provider, "a.test"),
            ("mimi:a.test:mimi://gw.test/r/club#proposals", Side::Provider, "a.test"),
        ] {
            assert_eq!(Peer::of_lane(lane), Some(Peer { side, name: name.to_owned() }), "{lane}");
        }
        assert_eq!(Peer::of_lane("elsewhere"), None);
    }
}
