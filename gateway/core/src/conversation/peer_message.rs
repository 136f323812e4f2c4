//! What gateways say to one another about a room without a hub (SPEC §15.2), CBOR.

use causeway_mls::{Known, News, Tail};
use serde::{Deserialize, Serialize};
use serde_bytes::ByteBuf;

/// One message for a peer.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PeerMessage {
    /// The graph from its anchor on: who gets it may follow, or catch up.
    Tail {
        /// The graph.
        tail: Box<Tail>,
        /// Commits before the anchor, for those who are a little behind.
        earlier: Vec<ByteBuf>,
    },
    /// A signed statement of authority.
    Statement(ByteBuf),
    /// A commit, an MLSMessage.
    Commit(ByteBuf),
    /// An application message, an MLSMessage.
    Application(ByteBuf),
    /// A Welcome for clients of the peer, with the graph that it leads into.
    Welcome {
        /// The Welcome, bare.
        welcome: ByteBuf,
        /// The new epoch's tree.
        ratchet_tree: ByteBuf,
        /// The graph.
        tail: Box<Tail>,
    },
    /// The sender has no graph, or wants another one, and asks for it.
    WantTail,
    /// The sender lacks something.
    WantNews {
        /// What it has.
        known: Known,
        /// Whether it says so because the receiver has just told it the same: then nobody asks back.
        in_return: bool,
    },
    /// What the receiver has said that it lacks.
    News(News),
    /// Clients of the sender are stranded: it wants the head's GroupInfo.
    WantGroupInfo,
    /// The head's GroupInfo and tree.
    GroupInfo {
        /// GroupInfo, bare.
        group_info: ByteBuf,
        /// The tree.
        ratchet_tree: ByteBuf,
    },
    /// The sender takes the hub that orders this term for what it is; all that it had said before has come before.
    Following {
        /// The term.
        term: u64,
    },
    /// The sender's graph has ended: it follows the hub as before, from this epoch on.
    GraphEnded {
        /// The epoch's name.
        at: ByteBuf,
    },
}

impl PeerMessage {
    /// The stable name of the kind, for logs.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Tail { .. } => "tail",
            Self::Statement(_) => "statement",
            Self::Commit(_) => "commit",
            Self::Application(_) => "application",
            Self::Welcome { .. } => "welcome",
            Self::WantTail => "want_tail",
            Self::WantNews { .. } => "want_news",
            Self::News(_) => "news",
            Self::WantGroupInfo => "want_group_info",
            Self::GroupInfo { .. } => "group_info",
            Self::Following { .. } => "following",
            Self::GraphEnded { .. } => "graph_ended",
        }
    }

    /// Whether only somebody who has a graph, and is to be told of ours, says such a thing.
    pub(super) fn comes_from_a_graph(&self) -> bool {
        matches!(
            self,
            Self::Tail { .. }
                | Self::News(_)
                | Self::WantNews { .. }
                | Self::Statement(_)
                | Self::Commit(_)
                | Self::Application(_)
                | Self::Following { .. }
        )
    }

    /// As it travels.
    pub fn to_bytes(&self) -> Vec<u8> {
        serde_cbor::to_vec(self).expect("a PeerMessage has no value that CBOR cannot carry")
    }

    /// Reads one.
    ///
    /// # Errors
    /// If it is something else.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, serde_cbor::Error> {
        serde_cbor::from_slice(bytes)
    }
}
