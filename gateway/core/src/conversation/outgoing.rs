//! What a conversation wants sent: the bodies of the outbox.
//!
//! The outbox keeps content, not ciphertext: a [`Outgoing::Submit`] is sealed at each attempt, in the epoch that
//! then is the head, with the same salt and hence the same message id.

use serde::{Deserialize, Serialize};

/// One item of the outbox.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Outgoing {
    /// An event of a room for one homeserver, by its id: the event itself stands in the store.
    Pdu {
        /// The event.
        event_id: String,
    },
    /// `PUT /_matrix/federation/v2/invite`: the invited user's server signs first, then the event enters the room.
    MatrixInvite {
        /// The ghost or gateway user that invites.
        sender: String,
        /// The invited user.
        user: String,
    },
    /// Joins a room on another homeserver (make_join, send_join), or sends the join if the gateway is there already.
    MatrixJoin {
        /// The room.
        room_id: String,
        /// The own user that joins.
        user: String,
        /// Homeservers to ask.
        via: Vec<String>,
    },
    /// Declines an invitation to a room that the gateway is not in (make_leave, send_leave).
    MatrixDecline {
        /// The room.
        room_id: String,
        /// The own user that was invited.
        user: String,
        /// The homeserver that invited.
        via: String,
    },
    /// A FanoutMessage for one follower [mimi-protocol-06 §5.5].
    Notify {
        /// The room.
        room: String,
        /// The follower.
        provider: String,
        /// One encoded FanoutMessage.
        #[serde(with = "serde_bytes")]
        message: Vec<u8>,
    },
    /// Claims KeyPackages of a user who is to be added [mimi-protocol-06 §5.2].
    KeyMaterial {
        /// On whose behalf.
        requester: String,
        /// The user whose clients are wanted.
        target: String,
    },
    /// A message of a puppet for the hub [mimi-protocol-06 §5.4].
    Submit {
        /// The puppet.
        user: String,
        /// The encoded MIMI content, salt included.
        #[serde(with = "serde_bytes")]
        content: Vec<u8>,
        /// The Matrix event it came from; empty for the gateway's own notices.
        event_id: String,
    },
    /// A change that a puppet asks the hub for [mimi-protocol-06 §5.3].
    Update {
        /// The puppet.
        user: String,
        /// The change.
        intent: Intent,
        /// The Matrix event that wants it, to be reverted if the hub refuses.
        event_id: String,
    },
    /// A puppet without a leaf joins by an external commit [mimi-protocol-06 §5.6].
    JoinExternally {
        /// The puppet.
        user: String,
        /// The commit, once the hub has given its GroupInfo.
        commit: Option<ExternalCommitBody>,
    },
    /// A ConsentEntry for `requestConsent` [mimi-protocol-06 §5.7].
    RequestConsent {
        /// The encoded ConsentEntry.
        #[serde(with = "serde_bytes")]
        entry: Vec<u8>,
    },
    /// A message for a peer, about a room without a hub.
    Peer {
        /// The room.
        room: String,
        /// The peer.
        provider: String,
        /// The encoded PeerMessage.
        #[serde(with = "serde_bytes")]
        message: Vec<u8>,
    },
    /// A message for peers, to be said in a peers' room.
    InPeersRoom {
        /// The Matrix room.
        room_id: String,
        /// The peers.
        to: Vec<String>,
        /// The encoded PeerMessage.
        #[serde(with = "serde_bytes")]
        message: Vec<u8>,
    },
    /// A peers' room is made.
    OpenPeersRoom,
    /// A provider's directory is asked who speaks for it in a peers' room.
    NamePeer {
        /// The Matrix room.
        room_id: String,
        /// The provider.
        provider: String,
    },
    /// A provider is no peer any more: who speaks for it is sent away from a peers' room of ours.
    DismissPeer {
        /// The Matrix room.
        room_id: String,
        /// The provider.
        provider: String,
    },
    /// In a peers' room: messages that are missing are waited for.
    AwaitPeers,
    /// A peers' room is left.
    LeavePeersRoom {
        /// The Matrix room.
        room_id: String,
    },
    /// In a peers' room that orders commits: what it does not say yet is written there, and what it says is told.
    OrderByRoom {
        /// The Matrix room.
        room_id: String,
        /// Since when, ms.
        since: u64,
    },
    /// What a losing branch has left to do is looked at when it is our turn.
    Settle {
        /// Since when it is left, ms.
        since: u64,
    },
    /// A peer's graph that ours is to begin anew with is waited for.
    AwaitAnew {
        /// Since when, ms.
        since: u64,
    },
    /// The graph of a room that has its hub back ends, once what is under way has come.
    EndGraph {
        /// Since when it could, ms.
        since: u64,
    },
    /// Secrets of past epochs go whose time is up.
    Forget,
    /// A ConsentEntry for `updateConsent`.
    UpdateConsent {
        /// The encoded ConsentEntry.
        #[serde(with = "serde_bytes")]
        entry: Vec<u8>,
    },
}

/// A change of a MIMI room, wanted until the hub has taken or refused it. Intents are durable, commits are attempts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Intent {
    /// The puppet leaves with all its clients.
    Leave,
    /// Removes a participant with all its clients.
    Remove {
        /// The user URI.
        user: String,
    },
    /// Bans a participant, and removes all its clients.
    Ban {
        /// The user URI.
        user: String,
    },
    /// Adds a participant without clients.
    Add {
        /// The user URI.
        user: String,
    },
    /// Renames the room.
    Rename {
        /// The new name.
        name: String,
    },
    /// Commits proposals that the hub has accepted, because nobody else has done it.
    CommitProposals,
    /// At the gateway that was the hub: roles follow the power levels of the Matrix room, as they are then.
    FollowPowerLevels,
}

/// An external commit that waits for the hub.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExternalCommitBody {
    /// The encoded UpdateRequest.
    #[serde(with = "serde_bytes")]
    pub update: Vec<u8>,
    /// The state that its acceptance opens, encoded. A secret.
    #[serde(with = "serde_bytes")]
    pub join: Vec<u8>,
}

impl Outgoing {
    /// The stable name of the kind, the `kind` column of the outbox.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Pdu { .. } => "pdu",
            Self::MatrixInvite { .. } => "matrix_invite",
            Self::MatrixJoin { .. } => "matrix_join",
            Self::MatrixDecline { .. } => "matrix_decline",
            Self::Notify { .. } => "notify",
            Self::KeyMaterial { .. } => "key_material",
            Self::Submit { .. } => "submit",
            Self::Update { .. } => "update",
            Self::JoinExternally { .. } => "join_externally",
            Self::RequestConsent { .. } => "request_consent",
            Self::UpdateConsent { .. } => "update_consent",
            Self::Peer { .. } => "peer",
            Self::InPeersRoom { .. } => "in_peers_room",
            Self::OpenPeersRoom => "open_peers_room",
            Self::NamePeer { .. } => "name_peer",
            Self::DismissPeer { .. } => "dismiss_peer",
            Self::AwaitPeers => "await_peers",
            Self::LeavePeersRoom { .. } => "leave_peers_room",
            Self::OrderByRoom { .. } => "order_by_room",
            Self::Settle { .. } => "settle",
            Self::AwaitAnew { .. } => "await_anew",
            Self::EndGraph { .. } => "end_graph",
            Self::Forget => "forget",
        }
    }

    /// Encodes the item for its row.
    pub fn to_bytes(&self) -> Vec<u8> {
        serde_cbor::to_vec(self).expect("an Outgoing has no value that CBOR cannot carry")
    }

    /// Decodes a row.
    ///
    /// # Errors
    /// If the row was written by something else.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, serde_cbor::Error> {
        serde_cbor::from_slice(bytes)
    }
}

/// Names a lane: what shares one is sent in order, one at a time.
pub mod lane {
    /// PDUs for a homeserver.
    pub fn pdus(server: &str) -> String {
        format!("pdu:{server}")
    }

    /// Requests to a homeserver on behalf of one Matrix room (invites, joins).
    pub fn matrix(server: &str, room_id: &str) -> String {
        format!("matrix:{server}:{room_id}")
    }

    /// Requests to a provider about one MIMI room.
    pub fn mimi(provider: &str, room: &str) -> String {
        format!("mimi:{provider}:{room}")
    }

    /// Commits of what others proposed: they wait for others to be quicker, and hold up nobody meanwhile.
    pub fn proposals(provider: &str, room: &str) -> String {
        format!("mimi:{provider}:{room}#proposals")
    }

    /// Messages for a peer about one room without a hub.
    pub fn peer(provider: &str, room: &str) -> String {
        format!("peer:{provider}:{room}")
    }

    /// Who speaks for a peer in the peers' rooms of one room without a hub.
    pub fn peer_name(provider: &str, room: &str) -> String {
        format!("peer:{provider}:{room}#name")
    }

    /// What is said in the peers' rooms of one room without a hub.
    pub fn peers_room(room: &str) -> String {
        format!("own:{room}#peers")
    }

    /// What is missing there.
    pub fn peers_room_gaps(room: &str) -> String {
        format!("own:{room}#gaps")
    }

    /// What the peers' room that orders says, and is told.
    pub fn matrix_order(room: &str) -> String {
        format!("own:{room}#order")
    }

    /// What we say and change in a room without a hub.
    pub fn own(room: &str) -> String {
        format!("own:{room}")
    }

    /// Settling what a losing branch has left.
    pub fn settlement(room: &str) -> String {
        format!("own:{room}#settlement")
    }

    /// A graph to begin anew with.
    pub fn anew(room: &str) -> String {
        format!("own:{room}#anew")
    }

    /// Secrets whose time will be up.
    pub fn retention(room: &str) -> String {
        format!("own:{room}#retention")
    }

    /// Consent entries for a provider.
    pub fn consent(provider: &str) -> String {
        format!("consent:{provider}")
    }
}
