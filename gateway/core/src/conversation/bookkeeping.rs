//! A conversation's own memory: what is wanted but not done yet, and what was said once.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use serde_bytes::ByteBuf;

use super::peers_room::{KnownRoom, PeersBook};

/// Notices that end in the name of a head, and begin like that.
const ABOUT_A_HEAD: [&str; 3] = ["want_group_info:", "other_group_info:", "apart:"];

/// Persisted as CBOR in the conversation's row, sealed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Bookkeeping {
    /// Ghosts invited on Matrix, by user id: they stay invited until their user grants consent.
    pub invitations: BTreeMap<String, Invitation>,
    /// MIMI users whose KeyPackages have been asked for.
    pub claiming: BTreeSet<String>,
    /// As hub: proposals that the next commit must include, with the time of acceptance (P-119).
    pub pending_proposals: Vec<AcceptedProposal>,
    /// As hub: the GroupInfo of the head, without ratchet tree, for joiners [mimi-protocol-06 §5.6].
    #[serde(with = "serde_bytes", default)]
    pub group_info: Vec<u8>,
    /// Users whose puppet is about to join by external commit.
    pub joining: BTreeSet<String>,
    /// External commits that have been sent, by user, with the state that their acceptance opens: the hub's order may
    /// bring them back before its answer comes, and its answer before what the hub had accepted earlier.
    #[serde(default)]
    pub sent_joins: BTreeMap<String, ByteBuf>,
    /// Own commits at a foreign hub, by client: kept until the hub's order brings them back, or another one.
    #[serde(default)]
    pub sent_commits: BTreeMap<String, SentCommit>,
    /// Users who have come on Matrix, and whom a foreign hub is asked to add: what they say meanwhile follows them.
    #[serde(default)]
    pub coming: BTreeSet<String>,
    /// The own message at a foreign hub whose answer has not come yet.
    #[serde(default)]
    pub sent_message: Option<SentMessage>,
    /// Notices already given, by a stable name, so that none is repeated.
    pub told: BTreeSet<String>,
    /// The Matrix user a consent room asks, and who asks.
    pub question: Option<Question>,
    /// As follower: the newest accepted timestamp of the hub's stream. It may not run backwards (G-36).
    pub hub_clock: u64,
    /// Commits from before the group was forkable, for peers who have missed them.
    #[serde(default)]
    pub earlier_commits: Vec<ByteBuf>,
    /// Peers that were asked for what we lack, and have not answered yet: when, ms.
    #[serde(default)]
    pub asked: BTreeMap<String, u64>,
    /// Messages of peers whose epoch is not known yet.
    #[serde(default)]
    pub early_messages: Vec<ByteBuf>,
    /// In a room without a hub: providers that hear of it by the fan-out of the hub that its URI names only.
    #[serde(default)]
    pub by_fan_out: BTreeSet<String>,
    /// Whose graph we begin anew with, once it comes.
    #[serde(default)]
    pub anew_from: Option<String>,
    /// Since when, ms.
    #[serde(default)]
    pub anew_since: u64,
    /// Epochs whose secrets are kept though they are not the head, by the hexadecimal name, with the time at which they were
    /// superseded, ms.
    #[serde(default)]
    pub superseded: BTreeMap<String, u64>,
    /// Whether an item waits in the outbox for one of them to be due.
    #[serde(default)]
    pub is_forgetting: bool,
    /// What a losing branch has left to do and an item in the outbox waits for, if one does.
    #[serde(default)]
    pub settling: Option<Settling>,
    /// Peers that follow the hub which is back, with its term.
    #[serde(default)]
    pub following: BTreeMap<String, u64>,
    /// Whether the graph's end is queued.
    #[serde(default)]
    pub is_ending: bool,
    /// What opened the terms of a graph that has ended: a graph that begins anew counts on from there.
    #[serde(default)]
    pub terms: Vec<ByteBuf>,
    /// The last of them; 0 if there never was a graph.
    #[serde(default)]
    pub term: u64,
    /// Peers' rooms that serve this conversation, by their Matrix room ids.
    #[serde(default)]
    pub peers_rooms: BTreeMap<String, KnownRoom>,
    /// Those that are to be left, since what we counted there is not to be trusted.
    #[serde(default)]
    pub stale_rooms: BTreeSet<String>,
    /// Whether one is about to be made.
    #[serde(default)]
    pub is_opening: bool,
    /// Whether an item waits in the outbox for the Matrix room that orders.
    #[serde(default)]
    pub is_ordering: bool,
    /// How many messages wait in the outbox for each peer's `causewayPeer`.
    #[serde(default)]
    pub owed: BTreeMap<String, u64>,
    /// Answers to peers' questions that are among these, by a digest of peer and answer.
    #[serde(default)]
    pub answers: BTreeSet<String>,
    /// How often each peer has refused at its `causewayPeer` since it last took something.
    #[serde(default)]
    pub refusals: BTreeMap<String, u32>,
    /// What a peers' room itself keeps in mind.
    #[serde(default)]
    pub peers: Option<PeersBook>,
    /// As follower: since when proposals wait for somebody's commit, ms.
    pub proposals_since: u64,
}

/// What a losing branch has left to do.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Settling {
    /// Since when it is that, ms.
    pub since: u64,
    /// A digest of it.
    pub left: String,
}

/// A ghost's invitation to a Matrix room.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Invitation {
    /// Who invites.
    pub inviter: String,
    /// A homeserver in the room.
    pub via: String,
    /// Granted, so that the ghost may join.
    pub granted: bool,
}

/// An own commit on its way through a foreign hub. It counts where the hub's order brings it, not when the hub answers:
/// what the hub accepted before may still be on its way to us.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SentCommit {
    /// The UpdateRequest, to be repeated exactly if its answer is lost.
    #[serde(with = "serde_bytes")]
    pub update: Vec<u8>,
    /// When the hub said that it has taken it, ms; 0 before.
    pub taken_at: u64,
}

/// An own message on its way through a foreign hub. If its answer is lost, exactly the same is sent again, which uses no
/// second generation and which the hub, or every receiver's MLS, knows as a repetition; or nothing is, if the hub's order
/// has brought the message meanwhile.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SentMessage {
    /// The content, by its salt unlike any other.
    #[serde(with = "serde_bytes")]
    pub content: Vec<u8>,
    /// In which epoch it is sealed. In a later one it is sealed again: what the hub has accepted before that epoch ended,
    /// its order would have brought.
    pub epoch: u64,
    /// The MLSMessage.
    #[serde(with = "serde_bytes")]
    pub sealed: Vec<u8>,
    /// Whether the hub's order has brought it.
    pub is_taken: bool,
}

/// A proposal that the hub has accepted [mimi-protocol-06 §5.6 PendingProposal].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AcceptedProposal {
    /// The MLSMessage.
    #[serde(with = "serde_bytes")]
    pub message: Vec<u8>,
    /// When, ms.
    pub accepted_at: u64,
}

/// Who asks whom in a consent room.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Question {
    /// The MIMI user URI that asks.
    pub requester: String,
    /// The puppet URI asked for.
    pub target: String,
    /// The Matrix user asked.
    pub matrix_user: String,
    /// For one room only, or empty.
    pub room: String,
}

impl Bookkeeping {
    /// Says once: true the first time `notice` is asked for.
    pub fn first_time(&mut self, notice: &str) -> bool {
        self.told.insert(notice.to_owned())
    }

    /// Forgets what was said about other heads than this one.
    pub fn forget_other_heads(&mut self, head: &str) {
        let is_about_a_head = |notice: &String| ABOUT_A_HEAD.iter().any(|about| notice.starts_with(about));
        self.told.retain(|notice| !is_about_a_head(notice) || notice.ends_with(head));
    }

    /// Encodes for the row.
    pub fn to_bytes(&self) -> Vec<u8> {
        serde_cbor::to_vec(self).expect("bookkeeping has no value that CBOR cannot carry")
    }

    /// Decodes a row; an empty one is a new conversation's.
    ///
    /// # Errors
    /// If the row was written by something else.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, serde_cbor::Error> {
        if bytes.is_empty() { Ok(Self::default()) } else { serde_cbor::from_slice(bytes) }
    }
}
