//! Why something is refused, by whom, and how that is told to whom.

use causeway_drafts::DecodeError;
use causeway_drafts::mimi_uri::ProviderDomain;

/// A refusal or a failure.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Error {
    /// A credential of a provider whose roots are not pinned yet: fetch its directory, then try again.
    #[error("no credential root of {0} is known")]
    RootsNeeded(ProviderDomain),
    /// The body is not what it should be (400).
    #[error("{0}")]
    Malformed(String),
    /// The peer is not who it says, or speaks for somebody else's users (403).
    #[error("{0}")]
    Identity(String),
    /// No such room or user here (404).
    #[error("{0}")]
    NotFound(String),
    /// Made in another epoch than the head.
    #[error("P-041: wrong epoch, the head is {current}")]
    WrongEpoch {
        /// The head's number.
        current: u64,
    },
    /// Made in an epoch that nobody has reached.
    #[error("P-047: the epoch is ahead of the head, {current}")]
    FutureEpoch {
        /// The head's number.
        current: u64,
    },
    /// Against the room's policy.
    #[error("{0}")]
    NotAllowed(String),
    /// Against MLS; the references of the proposals that are to blame, where there are any.
    #[error("{why}")]
    InvalidProposal {
        /// In words.
        why: String,
        /// ProposalRefs.
        references: Vec<Vec<u8>>,
    },
    /// A peer refused.
    #[error("{why}")]
    Peer {
        /// The code of the draft, in its spelling.
        code: String,
        /// In words.
        why: String,
    },
    /// A peer cannot be reached, or does not answer in kind.
    #[error("{0}")]
    Unreachable(String),
    /// A request to the control API that makes no sense.
    #[error("{0}")]
    BadRequest(String),
    /// Broken here.
    #[error("{0}")]
    Internal(String),
}

/// What functions here return.
pub(crate) type Result<T, E = Error> = std::result::Result<T, E>;

impl Error {
    /// A malformed body.
    pub(crate) fn malformed(why: impl std::fmt::Display) -> Self {
        Self::Malformed(why.to_string())
    }

    /// Against MLS, no proposal in particular.
    pub(crate) fn invalid(why: impl std::fmt::Display) -> Self {
        Self::InvalidProposal { why: format!("RFC 9420: {why}"), references: Vec::new() }
    }

    /// Broken here.
    pub(crate) fn internal(why: impl std::fmt::Display) -> Self {
        Self::Internal(why.to_string())
    }

    /// A stable name, for the control API and the log of refusals.
    pub(crate) fn code(&self) -> &str {
        match self {
            Self::RootsNeeded(_) => "rootsNeeded",
            Self::Malformed(_) => "malformed",
            Self::Identity(_) => "identity",
            Self::NotFound(_) => "notFound",
            Self::WrongEpoch { .. } => "wrongEpoch",
            Self::FutureEpoch { .. } | Self::NotAllowed(_) => "notAllowed",
            Self::InvalidProposal { .. } => "invalidProposal",
            Self::Peer { code, .. } => code,
            Self::Unreachable(_) => "unreachable",
            Self::BadRequest(_) => "badRequest",
            Self::Internal(_) => "internal",
        }
    }
}

impl From<DecodeError> for Error {
    fn from(error: DecodeError) -> Self {
        Self::malformed(error)
    }
}
