//! Consent [mimi-protocol-06 §5.7]: who may claim whose KeyPackages.

use causeway_drafts::mimi_protocol_06::consent::{ConsentEntry, ConsentOperation};
use causeway_drafts::mimi_uri::{ProviderDomain, RoomUri, UserUri};
use serde::Serialize;

use super::error::{Error, Result};

/// How a question stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Status {
    /// Asked.
    Requested,
    /// Agreed.
    Granted,
    /// Agreed before, or refused.
    Revoked,
    /// Not asked any more.
    Cancelled,
}

/// Who asks whom, seen from here.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Direction {
    /// A user of another provider asks one of ours.
    Incoming,
    /// One of ours asks.
    Outgoing,
}

/// A question with its answer.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Consent {
    /// Who asks.
    pub(crate) requester: UserUri,
    /// Who is asked.
    pub(crate) target: UserUri,
    /// For one room only.
    pub(crate) room: Option<RoomUri>,
    /// How it stands.
    pub(crate) status: Status,
    /// Whose user asks.
    pub(crate) direction: Direction,
}

/// All questions.
#[derive(Default)]
pub(crate) struct Consents(Vec<Consent>);

impl Consents {
    /// All of them.
    pub(crate) fn all(&self) -> &[Consent] {
        &self.0
    }

    /// Whether a target has consented: in general or for this room. Users of one provider always have.
    pub(crate) fn allow(&self, requester: &UserUri, target: &UserUri, room: &RoomUri) -> bool {
        let applies = |consent: &Consent| {
            let scope = consent.room.as_ref().is_none_or(|scope| scope == room);
            consent.requester == *requester && consent.target == *target && scope && consent.status == Status::Granted
        };
        requester.provider() == target.provider() || self.0.iter().any(applies)
    }

    /// Enters what one of the two sides says.
    pub(crate) fn enter(&mut self, entry: &ConsentEntry, direction: Direction) {
        let scope = (&entry.requester_uri, &entry.target_uri, entry.room_id.as_ref());
        let known = self.0.iter_mut().find(|consent| {
            consent.direction == direction && (&consent.requester, &consent.target, consent.room.as_ref()) == scope
        });
        let status = match (entry.operation, known.as_ref().map(|consent| consent.status)) {
            // Asking again does not undo an answer.
            (ConsentOperation::Request, Some(Status::Granted)) => Status::Granted,
            (ConsentOperation::Request, _) => Status::Requested,
            // P-083, P-087: only an open question of the same scope is cancelled.
            (ConsentOperation::Cancel, Some(Status::Requested)) => Status::Cancelled,
            (ConsentOperation::Cancel, _) => return,
            (ConsentOperation::Grant, _) => Status::Granted,
            (ConsentOperation::Revoke, _) => Status::Revoked,
        };
        match known {
            Some(consent) => consent.status = status,
            None => self.0.push(Consent {
                requester: entry.requester_uri.clone(),
                target: entry.target_uri.clone(),
                room: entry.room_id.clone(),
                status,
                direction,
            }),
        }
    }
}

/// P-084: `requestConsent` is about a target of ours, in the name of a requester of the peer's.
///
/// # Errors
/// If it is not.
pub(crate) fn check_request(own: &ProviderDomain, from: &ProviderDomain, entry: &ConsentEntry) -> Result<()> {
    check(entry, [ConsentOperation::Request, ConsentOperation::Cancel])?;
    match entry.target_uri.provider() == *own && entry.requester_uri.provider() == *from {
        true => Ok(()),
        false => Err(Error::Identity("P-084: the target is not ours, or the requester not the peer's".to_owned())),
    }
}

/// P-085: `updateConsent` is about a requester of ours, in the name of a target of the peer's.
///
/// # Errors
/// If it is not.
pub(crate) fn check_update(own: &ProviderDomain, from: &ProviderDomain, entry: &ConsentEntry) -> Result<()> {
    check(entry, [ConsentOperation::Grant, ConsentOperation::Revoke])?;
    match entry.requester_uri.provider() == *own && entry.target_uri.provider() == *from {
        true => Ok(()),
        false => Err(Error::Identity("P-085: the requester is not ours, or the target not the peer's".to_owned())),
    }
}

fn check(entry: &ConsentEntry, operations: [ConsentOperation; 2]) -> Result<()> {
    match operations.contains(&entry.operation) {
        true => Ok(()),
        false => Err(Error::malformed(format!("{:?} does not belong to this endpoint", entry.operation))),
    }
}
