//! Conversations: the pure core of the gateway. It decides; the shell stores, then sends.
//!
//! # What the shell calls, in which order
//!
//! 1. Lock the conversation's row, and build a [`Conversation`] from what the store holds ([`Conversation::restore`]),
//!    or begin one ([`Conversation::invited`], [`Conversation::welcomed`], [`Conversation::asked`]).
//! 2. Call exactly one of the handlers with a fresh [`Turn`]:
//!    * Matrix: [`Conversation::matrix_event`] for each event that the room has accepted, [`Conversation::entered`] after a join;
//!    * MIMI, as hub: [`Conversation::update`], [`Conversation::submit`], [`Conversation::give_group_info`];
//!    * MIMI, as follower: [`Conversation::notify`];
//!    * a room without a hub: [`Conversation::hub_lost`], [`Conversation::hub_back`], [`Conversation::peer`];
//!    * a peers' room: [`Conversation::open_peers_room`], [`Conversation::follow_to_peers_room`], [`Conversation::name_peer`],
//!      [`Conversation::say_in_peers_room`]; its [`Decision::news`] are for the conversation that it serves, in the same
//!      transaction: [`Conversation::hear_of_peers_room`], [`Conversation::peer`];
//!    * consent: [`Conversation::granted`], [`Conversation::revoked`];
//!    * the outbox: [`Conversation::prepare`] before a request leaves, [`Conversation::answered`] with its answer.
//! 3. Store the conversation and the turn's [`Decision`] in one transaction. If that fails, drop both: nothing has happened.
//! 4. Only then answer the peer and wake the outbox.
//!
//! Time, randomness and keys are in the [`Turn`]; a handler does no I/O.

mod activation;
mod anew;
mod answers;
mod bookkeeping;
mod claims;
mod consent;
mod delivery;
mod effects;
mod emit;
mod follower;
mod following_matrix;
mod hardening;
mod hub;
mod hub_again;
mod leaderless;
mod matrix_event;
mod matrix_order;
mod messages;
mod mirror;
pub mod notices;
pub mod outgoing;
mod peer_message;
mod peers;
pub mod peers_room;
mod prepare;
mod recovery;
mod retention;
pub mod roles;
mod settling;
mod speak;

use std::collections::{BTreeMap, BTreeSet};

use causeway_drafts::mimi_uri::{ClientUri, ProviderDomain, RoomUri, UserUri};
use causeway_mls::{ClientIdentity, CredentialAuthority, ForkableGroup, Group, HubIdentity, TrustRoots};
use rand::CryptoRng;
use ruma::{OwnedRoomId, OwnedUserId, UserId};
use zeroize::Zeroizing;

pub use answers::{Answer, Next};
pub use bookkeeping::{AcceptedProposal, Bookkeeping, Invitation, Question, SentCommit, SentMessage, Settling};
pub use claims::{Claim, WelcomeFor};
pub use emit::ghost_display_name;
pub use hub::Submitted;
pub use messages::MessageIndex;
pub use outgoing::{Intent, Outgoing};
pub use peer_message::PeerMessage;
pub use peers_room::PeersNews;
pub use prepare::{MimiRequest, Prepared};
pub use retention::{MOST_EPOCHS, Retention};

use crate::identity::Names;
use crate::loss::Loss;
use crate::matrix::{Room, SigningKeys};
use crate::records::{AnewRow, ClientRow, ConsentRow, ConversationRow, LossRow, MessageRow, PeerPathRow};

/// What the gateway is, to every conversation.
pub struct Gateway {
    /// Its names on both sides.
    pub names: Names,
    /// The homeserver's signing keys.
    pub keys: SigningKeys,
    /// The provider's credential authority.
    pub authority: CredentialAuthority,
    /// The hub's own signature key and certificate.
    pub hub: HubIdentity,
    /// The secret under which the hub franks (P-061).
    pub hub_key: Zeroizing<[u8; 32]>,
    /// Whether the operator allows conversations in endpoint mode.
    pub endpoint_mode_allowed: bool,
    /// How long secrets of past epochs are kept, where a conversation has no setting of its own.
    pub retention: Retention,
    /// Whether rooms without a hub have peers' rooms.
    pub peers_room: bool,
}

/// One call of the core: what it may use, and what it has decided.
pub struct Turn<'a> {
    /// The gateway.
    pub gateway: &'a Gateway,
    /// The pinned credential roots of all known providers, our own included.
    pub roots: &'a TrustRoots,
    /// Now, in ms since the UNIX epoch.
    pub now: u64,
    /// Randomness for salts, room ids and keys.
    pub rng: &'a mut dyn CryptoRng,
    /// What is decided so far.
    pub decision: Decision,
}

/// What a turn wants stored beside the conversation itself.
#[derive(Default)]
pub struct Decision {
    /// To be sent, in order.
    pub outbox: Vec<(String, Outgoing)>,
    /// Pairs of Matrix event and MIMI message.
    pub messages: Vec<MessageRow>,
    /// What could not be carried.
    pub losses: Vec<LossRow>,
    /// Clients that came to be.
    pub clients: Vec<ClientRow>,
    /// Consents that changed.
    pub consents: Vec<ConsentRow>,
    /// KeyPackages whose Welcome has been used: their secrets go.
    pub spent_key_packages: Vec<Vec<u8>>,
    /// What became of commits in a room without a hub, by the outcomes' names.
    pub placements: Vec<&'static str>,
    /// What a peers' room has for the conversation that it serves, in order.
    pub news: Vec<PeersNews>,
}

/// Why a turn was refused. Nothing of it is stored.
#[derive(Debug, thiserror::Error)]
pub enum ConversationError {
    /// The group refused.
    #[error(transparent)]
    Mls(#[from] causeway_mls::MlsError),
    /// The peer's message does not decode.
    #[error("a malformed message: {0}")]
    Malformed(String),
    /// The peer's message says what we do not support (G-22, G-23).
    #[error(transparent)]
    Unsupported(#[from] causeway_drafts::DecodeError),
    /// A rule forbids it.
    #[error("not allowed ({rule}): {why}")]
    NotAllowed {
        /// The rule's id.
        rule: &'static str,
        /// In words.
        why: String,
    },
    /// The epoch is not the head.
    #[error("wrong epoch: the current one is {current}")]
    WrongEpoch {
        /// The head's number.
        current: u64,
    },
    /// The Matrix room refused an event of ours.
    #[error("the Matrix room refuses the event: {0}")]
    MatrixRefused(String),
    /// What the client knew of the group came from a restored database, and is forgotten.
    #[error("the group is locked: {0} has to join anew before anything is sealed")]
    Locked(ClientUri),
    /// The conversation is not in a state for this.
    #[error("the conversation has no {0}")]
    Missing(&'static str),
}

impl ConversationError {
    /// A refusal by rule.
    pub(crate) fn refused(rule: &'static str, why: impl Into<String>) -> Self {
        Self::NotAllowed { rule, why: why.into() }
    }
}

/// Result of a handler.
pub type Result<T, E = ConversationError> = std::result::Result<T, E>;

/// Who orders the room's events.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Topology {
    /// The gateway is hub.
    OurHub,
    /// Another provider is hub; the Matrix room mirrors the MIMI room.
    ForeignHub,
}

/// A conversation in memory.
pub struct Conversation {
    /// Its row. `bookkeeping` is written from `book` on saving.
    pub row: ConversationRow,
    /// Its own memory.
    pub book: Bookkeeping,
    /// The Matrix room, once the gateway is in it.
    pub room: Option<Room>,
    /// The MLS group, once there is one. In a room without a hub this is what the head was when it was last looked at, to
    /// be read only.
    pub group: Option<Group>,
    /// The graph of epochs, in a room without a hub.
    pub forkable: Option<ForkableGroup>,
    /// The identities of own clients.
    pub clients: BTreeMap<ClientUri, ClientIdentity>,
    /// Pairs of events and messages.
    pub messages: MessageIndex,
    /// How long secrets of past epochs are kept, as far as that is set for this conversation.
    pub retention: Retention,
    /// The same as it is stored, with the window of the graph.
    pub stored_retention: (Retention, Option<u64>),
    /// The ways to its peers as they are stored.
    pub stored_paths: Vec<PeerPathRow>,
    /// Whose graph it begins anew with, as it is stored.
    pub stored_anew: Option<AnewRow>,
}

impl<'a> Turn<'a> {
    /// A fresh turn.
    pub fn new(gateway: &'a Gateway, roots: &'a TrustRoots, now: u64, rng: &'a mut dyn CryptoRng) -> Self {
        Self { gateway, roots, now, rng, decision: Decision::default() }
    }

    /// A name that nothing else has.
    fn random_name(&mut self) -> String {
        let mut name = [0u8; 16];
        self.rng.fill_bytes(&mut name);
        hex::encode(name)
    }

    fn send(&mut self, lane: String, item: Outgoing) {
        self.decision.outbox.push((lane, item));
    }
}

impl Conversation {
    /// A conversation that the store has given back.
    pub fn restore(row: ConversationRow, room: Option<Room>, group: Option<Group>, messages: MessageIndex) -> Result<Self> {
        let book = Bookkeeping::from_bytes(&row.bookkeeping).map_err(|_| ConversationError::Missing("readable bookkeeping"))?;
        let (clients, retention, stored_retention, stored_paths, stored_anew) = Default::default();
        Ok(Self {
            row,
            book,
            room,
            group,
            forkable: None,
            clients,
            messages,
            retention,
            stored_retention,
            stored_paths,
            stored_anew,
        })
    }

    /// How many members its group has.
    pub fn members(&self) -> usize {
        self.group.as_ref().map_or(0, |group| group.members().len())
    }

    /// Lets go of what a group in use holds beside its rows, which is built again when it is needed.
    pub fn rest(&mut self) {
        self.group.iter_mut().for_each(Group::rest);
        self.forkable.iter_mut().for_each(ForkableGroup::rest);
    }

    fn begin(kind: &str, now: u64) -> Self {
        Self {
            row: ConversationRow {
                id: 0,
                version: 0,
                kind: kind.to_owned(),
                status: "waiting".to_owned(),
                topology: None,
                matrix_room_id: None,
                room_version: None,
                mimi_room: None,
                hub: None,
                group_id: None,
                head_epoch_id: None,
                head_number: None,
                created_at: now as i64,
                resync: false,
                bookkeeping: Vec::new(),
            },
            book: Bookkeeping::default(),
            room: None,
            group: None,
            forkable: None,
            clients: BTreeMap::new(),
            messages: MessageIndex::default(),
            retention: Retention::default(),
            stored_retention: Default::default(),
            stored_paths: Vec::new(),
            stored_anew: None,
        }
    }

    /// A room on another homeserver that one of our users was invited to.
    pub fn invited(room_id: &OwnedRoomId, room_version: &str, now: u64) -> Self {
        let mut conversation = Self::begin("bridge", now);
        conversation.row.matrix_room_id = Some(room_id.to_string());
        conversation.row.room_version = Some(room_version.to_owned());
        conversation
    }

    /// Copies what other tables are keyed by into the row, and the bookkeeping with it; after [`Self::note_head`].
    pub fn seal_row(&mut self) {
        self.row.bookkeeping = self.book.to_bytes();
        if let Some(room) = &self.room {
            self.row.matrix_room_id = Some(room.room_id().to_string());
            self.row.room_version = Some(room.version().to_string());
        }
        if let Some(group) = &self.group {
            let head = group.epoch();
            self.row.group_id = Some(group.group_id().to_vec());
            self.row.head_epoch_id = Some(head.id.as_bytes().to_vec());
            self.row.head_number = Some(head.number as i64);
        }
    }

    /// Who orders the room's events, once it exists.
    pub fn topology(&self) -> Option<Topology> {
        match self.row.topology.as_deref() {
            Some("our_hub") => Some(Topology::OurHub),
            Some("foreign_hub") => Some(Topology::ForeignHub),
            _ => None,
        }
    }

    /// Messages flow.
    pub fn is_active(&self) -> bool {
        self.row.status == "active"
    }

    /// The MIMI room.
    pub fn mimi_room(&self) -> Result<RoomUri> {
        let uri = self.row.mimi_room.as_deref().ok_or(ConversationError::Missing("MIMI room"))?;
        uri.parse().map_err(|_| ConversationError::Missing("valid MIMI room URI"))
    }

    fn hub(&self) -> Result<ProviderDomain> {
        Ok(self.mimi_room()?.provider())
    }

    fn room(&self) -> Result<&Room> {
        self.room.as_ref().ok_or(ConversationError::Missing("Matrix room"))
    }

    fn group(&self) -> Result<&Group> {
        self.group.as_ref().ok_or(ConversationError::Missing("MLS group"))
    }

    fn group_mut(&mut self) -> Result<&mut Group> {
        self.group.as_mut().ok_or(ConversationError::Missing("MLS group"))
    }

    fn identity(&self, client: &ClientUri) -> Result<&ClientIdentity> {
        self.clients.get(client).ok_or(ConversationError::Missing("identity of the client"))
    }

    /// Whether the user is in the participant list, and not as banned.
    fn is_participant(&self, user: &UserUri) -> bool {
        self.group.as_ref().is_some_and(|group| group.room_state().is_present(user))
    }

    /// Whether the user is in the participant list as banned.
    fn is_banned(&self, user: &UserUri) -> bool {
        self.group.as_ref().is_some_and(|group| group.room_state().is_banned(user))
    }

    /// A user of ours whose leaf is there, but not what its client knew: the database was restored, and adopted.
    fn is_locked_out(&self, user: &UserUri) -> bool {
        let holds = |group: &Group| group.own_clients().any(|own| own.user_uri() == *user);
        self.row.resync && self.has_leaf(user) && !self.group.as_ref().is_some_and(holds)
    }

    /// Nothing is sealed, and nothing committed, for a client that has to join anew.
    fn refuse_locked(&self, client: &ClientUri) -> Result<()> {
        match self.is_locked_out(&client.user_uri()) {
            true => Err(ConversationError::Locked(client.clone())),
            false => Ok(()),
        }
    }

    /// Once all of our users that have a leaf have joined anew, nothing is locked any more.
    fn unlock_if_all_are_back(&mut self, turn: &Turn<'_>) {
        let members = self.group.as_ref().map(Group::members).unwrap_or_default();
        let ours = members.iter().filter(|member| turn.gateway.names.is_ours(&member.user.provider()));
        let is_locked = self.row.resync && ours.clone().any(|member| self.is_locked_out(&member.user));
        if std::mem::replace(&mut self.row.resync, is_locked) && !is_locked {
            self.distrust_peers_rooms();
        }
    }

    /// All participants but the banned.
    fn participants(&self) -> Result<Vec<UserUri>> {
        let state = self.group()?.room_state();
        let listed = state.participants.participants.iter().map(|participant| &participant.user);
        Ok(listed.filter(|user| state.is_present(user)).cloned().collect())
    }

    /// Whether the user has a leaf.
    fn has_leaf(&self, user: &UserUri) -> bool {
        self.group.as_ref().is_some_and(|group| group.members().iter().any(|member| member.user == *user))
    }

    /// The providers whose participants have clients in the group, ours left out.
    fn active_providers(&self, ours: &ProviderDomain) -> BTreeSet<ProviderDomain> {
        let members = self.group.as_ref().map(|group| group.members()).unwrap_or_default();
        members.iter().map(|member| member.user.provider()).filter(|provider| provider != ours).collect()
    }

    /// The MIMI user behind a Matrix user of this room: a ghost's own, or a puppet.
    fn mimi_user(&self, turn: &Turn<'_>, user: &UserId) -> Result<UserUri> {
        match turn.gateway.names.ghost_to_mimi(user) {
            Some(uri) => Ok(uri),
            None => turn.gateway.names.puppet(user).map_err(|error| ConversationError::refused("identity", error.to_string())),
        }
    }

    /// The Matrix user of a MIMI user: the puppet's own, or a ghost.
    fn matrix_user(&self, turn: &Turn<'_>, user: &UserUri) -> OwnedUserId {
        turn.gateway.names.puppet_to_matrix(user).unwrap_or_else(|| turn.gateway.names.ghost(user))
    }

    fn lose(&self, turn: &mut Turn<'_>, source: &str, direction: &str, losses: Vec<Loss>) {
        let recorded_at = turn.now as i64;
        turn.decision.losses.extend(losses.into_iter().map(|loss| LossRow {
            conversation_id: self.row.id,
            source: source.to_owned(),
            direction: direction.to_owned(),
            feature: loss.feature.to_string(),
            detail: loss.detail,
            recorded_at,
        }));
    }
}
