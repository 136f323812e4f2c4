//! Which error has which code. The errors of the server and of the store say theirs beside themselves.

use std::fmt::Display;

use causeway_drafts::DecodeError;
use causeway_mls::MlsError;
use causeway_mls::graph::Refusal;

use super::{Code, *};
use crate::conversation::ConversationError;
use crate::loss::Feature;
use crate::matrix::{PduError, Refused};

/// What has a code.
pub trait Coded: Display {
    /// The code.
    fn code(&self) -> Code;

    /// The text, with the code before it.
    fn coded(&self) -> String {
        self.code().with(self)
    }
}

impl Coded for DecodeError {
    fn code(&self) -> Code {
        match self {
            Self::Malformed(_) => BODY_MALFORMED,
            Self::Trailing { .. } => BODY_TRAILING,
            Self::SemiPrivateMessage => SEMI_PRIVATE_MESSAGE,
            Self::UnknownWireFormat(_) => WIRE_FORMAT,
            Self::PartialGroupInfo => PARTIAL_GROUP_INFO,
            Self::RatchetTreeRepresentation => RATCHET_TREE_FORM,
            Self::UnexpectedMessage(_) => UNEXPECTED_MESSAGE,
        }
    }
}

impl Coded for MlsError {
    fn code(&self) -> Code {
        match self {
            Self::Malformed(_) => MLS_MALFORMED,
            Self::WrongEpoch { .. } => WRONG_EPOCH,
            Self::TooOld { .. } => EPOCH_TOO_OLD,
            Self::FutureEpoch { .. } => EPOCH_AHEAD,
            Self::OwnMessage => OWN_MESSAGE,
            Self::Repeated => REPEATED_MESSAGE,
            Self::NotAllowed(_) => ROOM_POLICY,
            Self::Invalid(_) => MLS_INVALID,
            Self::UnknownProvider(_) => UNKNOWN_PROVIDER,
            Self::CredentialRefused(_) => CREDENTIAL_REFUSED,
            Self::NoSuchClient(_) => NO_SUCH_CLIENT,
            Self::Stored(_) => GROUP_STATE,
            Self::NotPlaced(Refusal::Final) => EPOCH_FINAL,
            Self::NotPlaced(_) => NO_PLACE_IN_GRAPH,
            Self::Conflict(_) => GROUP_CONFLICT,
            Self::Stranded(_) => STRANDED,
        }
    }
}

impl Coded for ConversationError {
    fn code(&self) -> Code {
        match self {
            Self::Mls(error) => error.code(),
            Self::Malformed(_) => MESSAGE_MALFORMED,
            Self::Unsupported(error) => error.code(),
            Self::NotAllowed { rule, .. } => of_rule(rule),
            Self::WrongEpoch { .. } => WRONG_EPOCH,
            Self::MatrixRefused(_) => MATRIX_REFUSED,
            Self::Locked(_) => RESYNC_REQUIRED,
            Self::Missing(_) => STORED_STATE,
        }
    }
}

/// Rules that are refused often enough to have a code of their own.
fn of_rule(rule: &str) -> Code {
    match rule {
        "P-044" => SENDER_NOT_ACTIVE,
        "P-045" => SENDER_NOT_OF_PROVIDER,
        "P-084" | "P-085" => CONSENT_PARTIES,
        "R-056" => MATRIX_RULE,
        _ => RULE,
    }
}

impl Coded for PduError {
    fn code(&self) -> Code {
        match self {
            Self::Version(_) => ROOM_VERSION,
            Self::Format(_) => EVENT_MALFORMED,
            Self::References => EVENT_REFERENCES,
            Self::Signature(_) => EVENT_SIGNATURE,
        }
    }
}

impl Coded for Refused {
    fn code(&self) -> Code {
        match self {
            Self::Rule(_) => MATRIX_REFUSED,
            Self::Pdu(error) => error.code(),
            Self::TooLarge => EVENT_TOO_LARGE,
        }
    }
}

impl Coded for Feature {
    fn code(&self) -> Code {
        match self {
            Self::Media => LOST_MEDIA,
            Self::Poll => LOST_POLL,
            Self::Location => LOST_LOCATION,
            Self::UnknownType => LOST_UNKNOWN_TYPE,
            Self::NoticeStyle => LOST_NOTICE_STYLE,
            Self::EmoteStyle => LOST_EMOTE_STYLE,
            Self::Markup => LOST_MARKUP,
            Self::Mention => LOST_MENTION,
            Self::UnknownReplyTarget => LOST_REPLY_TARGET,
            Self::UnknownTarget => LOST_TARGET,
            Self::Alternatives => LOST_ALTERNATIVES,
            Self::Language => LOST_LANGUAGE,
            Self::Expiration => LOST_EXPIRATION,
            Self::Topic => LOST_TOPIC,
            Self::RedactionReason => LOST_REDACTION_REASON,
            Self::TooLong => LOST_TOO_LONG,
            Self::Untranslatable => LOST_UNTRANSLATABLE,
            Self::SenderNotParticipant => LOST_SENDER,
            Self::Unreadable => LOST_UNREADABLE,
            Self::Discarded => LOST_DISCARDED,
            Self::Paused => LOST_PAUSED,
            Self::RefusedByMatrix => LOST_REFUSED_BY_MATRIX,
            Self::RefusedByHub => LOST_REFUSED_BY_HUB,
            Self::HubClockRegressed => LOST_HUB_CLOCK,
            Self::CommitRefused => LOST_COMMIT_REFUSED,
            Self::GraphApart => LOST_GRAPH_APART,
            Self::GraphConflict => LOST_GRAPH_CONFLICT,
            Self::GraphOrderUnseen => LOST_GRAPH_ORDER_UNSEEN,
            Self::ProposalRefused => LOST_PROPOSAL_REFUSED,
            Self::JoinRefused => LOST_JOIN,
            Self::KeyPackageRefused => LOST_KEY_PACKAGE,
            Self::NoKeyMaterial => LOST_NO_KEY_MATERIAL,
        }
    }
}
