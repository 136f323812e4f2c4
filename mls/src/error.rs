//! What the engine refuses, and whose fault that is.

use causeway_drafts::mimi_uri::{ClientUri, ProviderDomain};

use crate::graph::{Conflict, Refusal};
use crate::policy::NotAllowed;

/// Why an operation was refused. Nothing has changed then.
#[derive(Debug, thiserror::Error)]
pub enum MlsError {
    /// The message does not decode, or is of the wrong kind.
    #[error("not a usable MLS message: {0}")]
    Malformed(String),
    /// The handshake was made in another epoch than the head.
    #[error("P-041: wrong epoch, the head is {current}")]
    WrongEpoch {
        /// The head's number.
        current: u64,
    },
    /// The message belongs to an epoch whose secrets are gone.
    #[error("P-047: the epoch is over, the head is {current}")]
    TooOld {
        /// The head's number.
        current: u64,
    },
    /// The message belongs to an epoch that we have not reached.
    #[error("P-047: the epoch is ahead of the head, {current}")]
    FutureEpoch {
        /// The head's number.
        current: u64,
    },
    /// The message has been opened before: its generation is used up.
    #[error("a repeated message")]
    Repeated,
    /// Our own message came back.
    #[error("an own message")]
    OwnMessage,
    /// The room's policy forbids it.
    #[error(transparent)]
    NotAllowed(#[from] NotAllowed),
    /// The graph of epochs has no place for it.
    #[error(transparent)]
    NotPlaced(#[from] Refusal),
    /// Two sides of the group have gone too far apart; nothing is sent until somebody decides.
    #[error("DMLS-18: in conflict: {} is final here, and {} elsewhere", .0.ours, .0.theirs)]
    Conflict(Conflict),
    /// The client belongs to the epoch and holds no secrets there: it has to rejoin.
    #[error("{0} is stranded: it has to rejoin by an external commit")]
    Stranded(ClientUri),
    /// MLS forbids it.
    #[error("RFC 9420: {0}")]
    Invalid(String),
    /// No credential root of this provider is known: its directory has to be asked first, then again.
    #[error("no credential root of {0} is pinned")]
    UnknownProvider(ProviderDomain),
    /// A credential is not what it has to be.
    #[error("credential refused: {0}")]
    CredentialRefused(String),
    /// Asked for a client that has no leaf here.
    #[error("{0} is not a client of ours in this group")]
    NoSuchClient(ClientUri),
    /// Our own rows are not what they should be.
    #[error("stored group state: {0}")]
    Stored(String),
}

impl MlsError {
    pub(crate) fn invalid(error: impl std::fmt::Display) -> Self {
        Self::Invalid(error.to_string())
    }

    pub(crate) fn stored(error: impl std::fmt::Display) -> Self {
        Self::Stored(error.to_string())
    }

    pub(crate) fn malformed(error: impl std::fmt::Display) -> Self {
        Self::Malformed(error.to_string())
    }
}
