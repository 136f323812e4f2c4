//! The rows of the database as plain values: the contract between the core, which decides what is stored, and
//! `causeway-store`, the only crate with SQL.
//!
//! Times are milliseconds since the UNIX epoch. Fields marked *sealed* are secrets or plaintext: the store
//! encrypts them under a key outside the database, bound to table, row and column, before they reach a row.

use serde::{Deserialize, Serialize};

/// A conversation: one bridged room, or the room in which a Matrix user is asked for consent. The unit of
/// ordering, locking and recovery.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConversationRow {
    /// Assigned by the database on insert (0 before).
    pub id: i64,
    /// Counts the stored changes; a cached conversation is current while its version equals the row's.
    pub version: i64,
    /// `bridge` or `consent`.
    pub kind: String,
    /// `waiting`, `active`, `paused` or `closed`.
    pub status: String,
    /// `our_hub` or `foreign_hub`, once the MIMI room exists.
    pub topology: Option<String>,
    /// The Matrix room, once there is one.
    pub matrix_room_id: Option<String>,
    /// The Matrix room's version.
    pub room_version: Option<String>,
    /// The `mimi://…/r/…` URI of the MIMI room, once there is one.
    pub mimi_room: Option<String>,
    /// The provider domain that orders the room's events.
    pub hub: Option<String>,
    /// The MLS group id.
    pub group_id: Option<Vec<u8>>,
    /// The epoch that new messages use: its `EpochId` (32 octets).
    pub head_epoch_id: Option<Vec<u8>>,
    /// The head's number.
    pub head_number: Option<i64>,
    /// When the conversation began.
    pub created_at: i64,
    /// Own clients have to join anew before anything is sealed: what they knew came from a restored database.
    pub resync: bool,
    /// The rest of the conversation's own state, CBOR: what is wanted but not done yet, notices given, invitations. *Sealed*.
    pub bookkeeping: Vec<u8>,
}

/// How long a conversation keeps secrets of past epochs, as far as that is set for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RetentionRow {
    /// The conversation.
    pub conversation_id: i64,
    /// So many epochs.
    pub epochs: Option<i64>,
    /// So many ms; 0 for as long as the number of epochs says.
    pub age_ms: Option<i64>,
    /// The window of its graph of epochs, while there is one.
    pub graph_window: Option<i64>,
}

/// Which way a peer of a room without a hub is told something.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PeerPathRow {
    /// The peer.
    pub provider: String,
    /// `causewayPeer`, `peers' room` or `fan-out`.
    pub path: String,
    /// The peers' room.
    pub matrix_room_id: Option<String>,
}

/// Whose graph a conversation's group begins anew with, while it has been asked for and has not come.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AnewRow {
    /// The peer.
    pub provider: String,
    /// Since when, ms.
    pub since: i64,
}

/// An event of a Matrix room, exactly as signed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EventRow {
    /// `$…`
    pub event_id: String,
    /// The room.
    pub room_id: String,
    /// Order of arrival, assigned by the database on insert (0 before).
    pub stream: i64,
    /// The event's type.
    pub event_type: String,
    /// Present for state events.
    pub state_key: Option<String>,
    /// The sender.
    pub sender: String,
    /// Depth in the room's graph.
    pub depth: i64,
    /// The sender's clock.
    pub origin_server_ts: i64,
    /// The event, canonical JSON.
    pub json: String,
    /// Hash of the state map before the event ([`StateMapRow::hash`]); `None` for outliers.
    pub state_before: Option<Vec<u8>>,
    /// The rule that rejected it.
    pub rejected: Option<String>,
    /// Valid at its place in the graph, but not against the current state.
    pub soft_failed: bool,
    /// Known only as a member of an auth chain.
    pub outlier: bool,
}

/// A state map `(type, state_key) → event id`, stored once under the hash of its body.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StateMapRow {
    /// SHA-256 of `body`.
    pub hash: Vec<u8>,
    /// The encoded map.
    pub body: Vec<u8>,
}

/// A forward extremity of a room, with the state after it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExtremityRow {
    /// The room.
    pub room_id: String,
    /// The event without successors.
    pub event_id: String,
    /// Hash of the state map after it.
    pub state_after: Vec<u8>,
}

/// An epoch of a conversation's MLS group. Never deleted: it is the public history of the group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EpochRow {
    /// The conversation.
    pub conversation_id: i64,
    /// The `EpochId`, 32 octets.
    pub epoch_id: Vec<u8>,
    /// The epoch it was committed in; `None` where this gateway's knowledge begins.
    pub parent_epoch_id: Option<Vec<u8>>,
    /// RFC 9420's number; repeats in a fork.
    pub number: i64,
    /// RFC 9420 §8.1.
    pub confirmation_tag: Vec<u8>,
    /// `head` or `past`.
    pub status: String,
    /// `created`, `committed`, `joined_by_welcome`, `joined_externally`.
    pub origin: String,
    /// The committer's client URI.
    pub committer: Option<String>,
    /// The commit, an MLSMessage; empty where there was none.
    pub commit: Vec<u8>,
    /// When it was stored.
    pub created_at: i64,
}

/// One row of openmls' storage for a group in one of its epochs.
#[derive(Clone, PartialEq, Eq)]
pub struct GroupValueRow {
    /// The conversation.
    pub conversation_id: i64,
    /// The `EpochId`, 32 octets.
    pub epoch_id: Vec<u8>,
    /// The own client (leaf) whose secret it is, or empty for the public part that all share.
    pub client_uri: String,
    /// The key, unique in (conversation, epoch, client).
    pub key: Vec<u8>,
    /// The value. *Sealed* where `client_uri` is not empty.
    pub value: Vec<u8>,
}

/// An MLS client of a puppet or of the listener.
#[derive(Clone, PartialEq, Eq)]
pub struct ClientRow {
    /// `mimi://<gateway>/d/<user>/<client>`
    pub client_uri: String,
    /// `mimi://<gateway>/u/<user>`
    pub user_uri: String,
    /// Signature key and certificate chain. *Sealed*.
    pub identity: Vec<u8>,
}

/// A KeyPackage of a puppet's client. Its row stays after the claim, so that it cannot be handed out twice and
/// so that the Welcome finds its client.
#[derive(Clone, PartialEq, Eq)]
pub struct KeyPackageRow {
    /// RFC 9420 §5.2 KeyPackageRef.
    pub reference: Vec<u8>,
    /// The user.
    pub user_uri: String,
    /// The client.
    pub client_uri: String,
    /// The KeyPackage.
    pub key_package: Vec<u8>,
    /// Its private parts. *Sealed*; emptied when the Welcome has been used.
    pub private: Vec<u8>,
    /// End of its lifetime, ms.
    pub not_after: i64,
    /// The provider it was handed to.
    pub claimed_by: Option<String>,
    /// The room it was claimed for.
    pub claimed_room: Option<String>,
    /// When it was claimed.
    pub claimed_at: Option<i64>,
}

/// A Matrix event and the MIMI message (or part of one) that are the same thing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MessageRow {
    /// The conversation.
    pub conversation_id: i64,
    /// The Matrix event.
    pub event_id: String,
    /// The MIMI message id, 32 octets.
    pub message_id: Vec<u8>,
    /// Index of the part, for messages that became several events.
    pub part: i32,
    /// The first version's message id (the message's own, unless this is an edit).
    pub first_message_id: Vec<u8>,
    /// The original event (the event itself, unless this is an edit).
    pub first_event_id: String,
    /// `message`, `reaction`, `edit` or `retraction`.
    pub kind: String,
    /// The Matrix sender.
    pub matrix_sender: String,
    /// The MIMI sender's user URI.
    pub mimi_sender: String,
    /// `matrix_to_mimi` or `mimi_to_matrix`.
    pub direction: String,
    /// The hub's accepted timestamp.
    pub hub_timestamp: Option<i64>,
    /// The epoch it was sent in.
    pub epoch_id: Option<Vec<u8>>,
    /// The Frank and its context as received, for a later report [mimi-protocol-06 §5.4.1.3].
    pub frank: Option<Vec<u8>>,
}

/// Consent, one row for a scope [mimi-protocol-06 §5.7].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConsentRow {
    /// Who asks to talk.
    pub requester: String,
    /// Whom.
    pub target: String,
    /// For this room only, or empty.
    pub room: String,
    /// `requested`, `granted`, `rejected`, `revoked` or `cancelled`.
    pub status: String,
    /// Where the question is put, if the target is a Matrix user.
    pub conversation_id: Option<i64>,
    /// Last change.
    pub updated_at: i64,
}

/// Something to be sent. It leaves the process only after the transaction that stored it.
#[derive(Clone, PartialEq, Eq)]
pub struct OutboxRow {
    /// Assigned by the database; the order in a lane.
    pub id: i64,
    /// What is in one lane is sent in order, one at a time.
    pub lane: String,
    /// What it is (`pdu`, `notify`, …).
    pub kind: String,
    /// The conversation it belongs to.
    pub conversation_id: Option<i64>,
    /// The content. *Sealed*.
    pub body: Vec<u8>,
    /// Attempts so far.
    pub attempts: i32,
    /// Since when it waits, ms; 0 if that was not noted yet.
    pub queued_at: i64,
    /// Not to be tried before.
    pub not_before: i64,
    /// Leased by a worker until.
    pub leased_until: i64,
    /// Rows of one lane that were sent together keep their batch, so that a retry repeats it exactly.
    pub batch: Option<i64>,
    /// Why the last attempt failed.
    pub last_error: Option<String>,
}

/// What was received before, and what was answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InboxRow {
    /// `matrix:<server>` or `mimi:<provider>`.
    pub source: String,
    /// The transaction id, or the body's SHA-256 in hex.
    pub digest: String,
    /// The answer given.
    pub answer: Vec<u8>,
    /// When.
    pub received_at: i64,
}

/// A verification key of another homeserver.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServerKeyRow {
    /// The homeserver.
    pub server_name: String,
    /// `ed25519:…`
    pub key_id: String,
    /// 32 octets.
    pub public_key: Vec<u8>,
    /// `valid_until_ts`.
    pub valid_until: i64,
    /// `expired_ts` of an old key.
    pub expired_at: Option<i64>,
}

/// A profile of a user behind the gateway.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProfileRow {
    /// The Matrix user id.
    pub user_id: String,
    /// The MIMI user URI that it stands for, or that stands for it.
    pub mimi_user: String,
    /// `ghost` or `puppet`.
    pub kind: String,
    /// The display name.
    pub display_name: Option<String>,
}

/// A root of a provider's credentials, pinned.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PinnedRootRow {
    /// The provider.
    pub domain: String,
    /// The certificate, DER.
    pub root: Vec<u8>,
    /// When it was first seen.
    pub first_seen: i64,
    /// When it was last seen in the directory.
    pub last_seen: i64,
}

/// A feature that a translation could not carry.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LossRow {
    /// The conversation.
    pub conversation_id: i64,
    /// The event id or message id (hex) concerned.
    pub source: String,
    /// `matrix_to_mimi` or `mimi_to_matrix`.
    pub direction: String,
    /// The feature, a stable name.
    pub feature: String,
    /// What was lost.
    pub detail: String,
    /// When.
    pub recorded_at: i64,
}

/// An operator's command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuditRow {
    /// When.
    pub at: i64,
    /// What: the admin API's path, `queue/drop`.
    pub action: String,
    /// On what: a lane, `item 17`.
    pub subject: String,
    /// With what, and why: the operator's reason.
    pub detail: String,
}

/// Something that could not be processed, through no fault of who sent it.
#[derive(Clone, PartialEq, Eq)]
pub struct ParkedRow {
    /// Assigned by the database.
    pub id: i64,
    /// `event`: a Matrix event that could not even be taken into its room. `effect`: one that is in its room, but not
    /// acted upon. `fanout`: a body of a hub. `delivery`: an item of the outbox.
    pub kind: String,
    /// The homeserver or provider it came from, or the lane it was in.
    pub source: String,
    /// The event, the room, or the kind of the item.
    pub subject: String,
    /// The conversation it belongs to.
    pub conversation_id: Option<i64>,
    /// What is needed to process it. *Sealed*.
    pub body: Vec<u8>,
    /// Why: the code,
    pub code: String,
    /// in words; never content.
    pub reason: String,
    /// Since when, ms.
    pub parked_at: i64,
    /// Whether later inputs of the conversation have to wait for it.
    pub holds_back: bool,
    /// How often it has been replayed in vain.
    pub replays: i64,
}
