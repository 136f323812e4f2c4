#![doc = include_str!("../README.md")]

mod authority;
mod credential;
mod epoch_id;
mod error;
mod forkable;
pub mod graph;
mod group;
mod hardening;
mod hpke;
mod key_package;
mod matrix_entry;
mod octets;
mod plain;
#[cfg(feature = "planted-bugs")]
pub mod planted;
#[cfg(not(feature = "planted-bugs"))]
mod planted;
pub mod policy;
mod provider;
mod room_state;
mod rows;
mod storage;
mod weak_key;

pub use authority::{ClientIdentity, CredentialAuthority, HubIdentity};
pub use credential::{CertifiedClient, TrustRoots, certify, certify_hub_signature, certify_signature};
pub use epoch_id::{EpochId, EpochOrigin, EpochRecord, EpochRef};
pub use error::MlsError;
pub use forkable::{
    Abandoned, CommitOutcome, EpochRows, ForkableChanges, ForkableGroup, ForkableSnapshot, HeadChange, Intent, IntentKind, Judge,
    Known, KnownEpoch, News, Placed, Prepared, Received, Settlement, Sha256Digest, SignedStatement, StatementOutcome, Tail,
};
pub use group::{
    ApplicationHeader, CommitPlan, CommitSummary, CreateGroup, ExternalJoin, Group, JoinableGroupInfo, MAX_PAST_EPOCHS, Member,
    Opened, PAST_EPOCHS, PendingCommit, ProposalSummary, StagedEpoch,
};
pub use hardening::Hardening;
pub use hpke::{HpkeKeyPair, seal_to};
pub use key_package::{KeyPackageBundle, VerifiedKeyPackage, new_key_package, verify_key_package, welcome_references};
pub use matrix_entry::MatrixEntry;
#[cfg(feature = "planted-bugs")]
pub use provider::seed;
pub use room_state::RoomState;
pub use rows::{EpochChanges, GroupChanges, GroupSnapshot, PastEpoch, RowChanges, Rows};
#[cfg(feature = "planted-bugs")]
pub use storage::Provider as LibraryProvider;
pub use storage::node::{Node, Nodes};

/// The ciphersuite of all our groups: MLS_128_DHKEMX25519_AES128GCM_SHA256_Ed25519, mandatory in RFC 9420 (G-67).
pub const CIPHERSUITE: u16 = 0x0001;
