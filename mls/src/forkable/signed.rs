//! Authority statements on the wire (SPEC §14.4), in the TLS presentation language.
//!
//! ```text
//! struct { opaque provider<V>; opaque signature_key<V>; } HubAuthority;
//! enum { members(0), hub(1), matrix_room(2) } AuthorityType;
//! struct {
//!     AuthorityType authority_type;
//!     select (Authority.authority_type) {
//!         case members:     struct {};
//!         case hub:         HubAuthority hub;
//!         case matrix_room: opaque room_id<V>;
//!     };
//! } Authority;
//! struct {
//!     opaque group_id<V>;
//!     uint8 statement_type;               // 1 hub_term, 2 anchor_override, 3 acceptance
//!     uint64 term;
//!     opaque epoch_id[32]; uint64 epoch;  // where it applies
//!     Authority authority;                // hub_term; hub: acceptance in a term that a hub_term has opened; else members
//!     uint64 position;                    // acceptance only, else 0
//!     opaque signer<V>;                   // a client's URI; empty for an acceptance
//! } StatementTBS;
//! struct { StatementTBS tbs; opaque signature<V>; } SignedStatement;
//! ```
//!
//! The signature is SignWithLabel(., "CausewayDMLSStatement", StatementTBS) [RFC 9420 §5.1.2].

use causeway_drafts::mimi_protocol_06::franking::sign_content;
use causeway_drafts::mimi_uri::{ClientUri, ProviderDomain};
use causeway_drafts::{decode_exact, encode};
use tls_codec::{TlsDeserialize, TlsSerialize, TlsSize, VLBytes};

use crate::graph::{Acceptance, AnchorOverride, Authority, HubTerm, Statement};
use crate::{EpochId, EpochRef, MlsError};

const LABEL: &str = "CausewayDMLSStatement";
const HUB_TERM: u8 = 1;
const ANCHOR_OVERRIDE: u8 = 2;
const ACCEPTANCE: u8 = 3;
/// No statement has more: names have 2048 octets at most. What waits for its epoch is kept unchecked.
const MAX_OCTETS: usize = 16 << 10;

#[derive(Clone, Debug, PartialEq, Eq, TlsSize, TlsSerialize, TlsDeserialize)]
struct HubAuthority {
    provider: VLBytes,
    signature_key: VLBytes,
}

/// Members and hubs have the octets that an `optional<HubAuthority>` had, before rooms could order.
#[derive(Clone, Debug, PartialEq, Eq, TlsSize, TlsSerialize, TlsDeserialize)]
#[repr(u8)]
enum WireAuthority {
    #[tls_codec(discriminant = 0)]
    Members,
    #[tls_codec(discriminant = 1)]
    Hub(HubAuthority),
    #[tls_codec(discriminant = 2)]
    MatrixRoom(VLBytes),
}

#[derive(Clone, Debug, PartialEq, Eq, TlsSize, TlsSerialize, TlsDeserialize)]
pub(super) struct StatementTbs {
    group_id: VLBytes,
    statement_type: u8,
    term: u64,
    epoch_id: [u8; 32],
    epoch: u64,
    authority: WireAuthority,
    position: u64,
    signer: VLBytes,
}

#[derive(Clone, Debug, PartialEq, Eq, TlsSize, TlsSerialize, TlsDeserialize)]
struct Wire {
    tbs: StatementTbs,
    signature: VLBytes,
}

/// A statement as it travels.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignedStatement {
    wire: Wire,
    statement: Statement,
    signer: Option<ClientUri>,
}

impl StatementTbs {
    /// The bytes of a statement about a group, by a client of its signer.
    pub(super) fn of(statement: &Statement, group_id: &[u8], number: u64, signer: Option<&ClientUri>) -> Self {
        let (statement_type, term, epoch_id, authority, position) = match statement {
            Statement::HubTerm(term) => (HUB_TERM, term.term, term.from.id, WireAuthority::of(&term.authority), 0),
            Statement::AnchorOverride(anchor) => (ANCHOR_OVERRIDE, anchor.term, anchor.anchor.id, WireAuthority::Members, 0),
            Statement::Acceptance(accepted) => {
                let authority = accepted.authority.as_ref().map_or(WireAuthority::Members, WireAuthority::of);
                (ACCEPTANCE, accepted.term, accepted.epoch, authority, accepted.position)
            }
        };
        Self {
            group_id: group_id.to_vec().into(),
            statement_type,
            term,
            epoch_id: *epoch_id.as_bytes(),
            epoch: number,
            authority,
            position,
            signer: signer.map(|signer| signer.as_str().as_bytes().to_vec()).unwrap_or_default().into(),
        }
    }

    /// What is signed.
    pub(super) fn signed_content(&self) -> Vec<u8> {
        sign_content(LABEL, &encode(self))
    }

    fn statement(&self, signer: Option<&ClientUri>) -> Result<Statement, MlsError> {
        let epoch = EpochRef { id: EpochId::from_bytes(self.epoch_id), number: self.epoch };
        let by = || signer.map(ClientUri::user_uri).ok_or_else(|| malformed("a statement of a term has to name its signer"));
        let named = Some(self.authority.authority()?).filter(|authority| *authority != Authority::Members);
        let has_authority = match &named {
            None => true,
            // What a room accepts is in its state: nobody signs it.
            Some(Authority::MatrixRoom { .. }) => self.statement_type == HUB_TERM,
            Some(_) => self.statement_type == HUB_TERM || (self.statement_type == ACCEPTANCE && self.term > 0),
        };
        if !has_authority || (self.position != 0 && self.statement_type != ACCEPTANCE) {
            return Err(malformed("a field that this type of statement has not"));
        }
        Ok(match self.statement_type {
            HUB_TERM => {
                let authority = named.unwrap_or(Authority::Members);
                Statement::HubTerm(HubTerm { term: self.term, from: epoch, authority, signer: by()? })
            }
            ANCHOR_OVERRIDE => Statement::AnchorOverride(AnchorOverride { term: self.term, anchor: epoch, signer: by()? }),
            ACCEPTANCE if signer.is_none() => {
                let (term, position) = (self.term, self.position);
                Statement::Acceptance(Acceptance { term, epoch: epoch.id, position, authority: named })
            }
            _ => return Err(malformed("not a type of statement")),
        })
    }
}

impl WireAuthority {
    fn of(authority: &Authority) -> Self {
        match authority {
            Authority::Members => Self::Members,
            Authority::Hub { provider, signature_key } => Self::Hub(HubAuthority {
                provider: provider.as_str().as_bytes().to_vec().into(),
                signature_key: signature_key.clone().into(),
            }),
            Authority::MatrixRoom { room_id } => Self::MatrixRoom(room_id.as_bytes().to_vec().into()),
        }
    }

    fn authority(&self) -> Result<Authority, MlsError> {
        match self {
            Self::Members => Ok(Authority::Members),
            Self::Hub(HubAuthority { provider, signature_key }) => {
                let provider = text(provider)?.parse::<ProviderDomain>().map_err(MlsError::malformed)?;
                Ok(Authority::Hub { provider, signature_key: signature_key.as_slice().to_vec() })
            }
            Self::MatrixRoom(room_id) => match text(room_id)? {
                room_id if Authority::is_room_id(room_id) => Ok(Authority::MatrixRoom { room_id: room_id.to_owned() }),
                _ => Err(malformed("not the id of a Matrix room")),
            },
        }
    }
}

fn text(bytes: &VLBytes) -> Result<&str, MlsError> {
    std::str::from_utf8(bytes.as_slice()).map_err(MlsError::malformed)
}

fn malformed(why: &str) -> MlsError {
    MlsError::Malformed(format!("SPEC §14.4: {why}"))
}

impl SignedStatement {
    pub(super) fn new(tbs: StatementTbs, signature: Vec<u8>) -> Result<Self, MlsError> {
        Self::of(Wire { tbs, signature: signature.into() })
    }

    fn of(wire: Wire) -> Result<Self, MlsError> {
        let signer = text(&wire.tbs.signer)?;
        let signer = (!signer.is_empty()).then(|| signer.parse::<ClientUri>()).transpose().map_err(MlsError::malformed)?;
        Ok(Self { statement: wire.tbs.statement(signer.as_ref())?, signer, wire })
    }

    /// Reads a statement. Whether it holds is another question.
    ///
    /// # Errors
    /// If it does not decode.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, MlsError> {
        if bytes.len() > MAX_OCTETS {
            return Err(malformed("a statement of more octets than any has"));
        }
        Self::of(decode_exact(bytes).map_err(MlsError::malformed)?)
    }

    /// As it travels.
    pub fn to_bytes(&self) -> Vec<u8> {
        encode(&self.wire)
    }

    /// The term that it is about.
    pub fn term(&self) -> u64 {
        self.wire.tbs.term
    }

    /// What it says.
    pub fn statement(&self) -> &Statement {
        &self.statement
    }

    /// The client that signed it; none where the authority itself has.
    pub fn signer(&self) -> Option<&ClientUri> {
        self.signer.as_ref()
    }

    /// The group that it is about.
    pub fn group_id(&self) -> &[u8] {
        self.wire.tbs.group_id.as_slice()
    }

    /// The epoch where it applies.
    pub fn epoch(&self) -> EpochRef {
        EpochRef { id: EpochId::from_bytes(self.wire.tbs.epoch_id), number: self.wire.tbs.epoch }
    }

    pub(super) fn signed_content(&self) -> Vec<u8> {
        self.wire.tbs.signed_content()
    }

    pub(super) fn signature(&self) -> &[u8] {
        self.wire.signature.as_slice()
    }
}
