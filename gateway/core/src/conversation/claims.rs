//! What KeyPackages of ours were claimed for: a Welcome into any other room than that, or by anybody who cannot have got them
//! by that claim, is none that we have asked for.

use causeway_drafts::mimi_uri::{ProviderDomain, RoomUri};
use causeway_mls::{ClientIdentity, KeyPackageBundle};

use super::{ConversationError, Result};

/// To whom a KeyPackage was handed out [mimi-protocol-06 §5.2].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claim {
    /// The provider that asked: the room's hub, perhaps for somebody else, or the provider of who wants to add its user.
    pub by: ProviderDomain,
    /// The room that the user is to be added to.
    pub room: RoomUri,
}

/// A KeyPackage of ours that a Welcome names, with the client it belongs to.
pub struct WelcomeFor {
    /// The KeyPackage with its secrets.
    pub bundle: KeyPackageBundle,
    /// Its client.
    pub identity: ClientIdentity,
    /// To whom it was handed out, if it was.
    pub claim: Option<Claim>,
}

impl WelcomeFor {
    /// A Welcome is for the room that the KeyPackage was claimed for. It comes from the room's hub, which passes on others' Welcomes,
    /// or from who has claimed the KeyPackage, be it through the hub.
    pub(super) fn check_claim(&self, from: &ProviderDomain, room: &RoomUri) -> Result<()> {
        let client = &self.identity.client_uri;
        let claim = self.claim.as_ref().filter(|claim| claim.room == *room);
        let Some(Claim { by, .. }) = claim else {
            return Err(ConversationError::refused("P-020", format!("no KeyPackage of {client} was claimed for this room")));
        };
        let hub = room.provider();
        match *from == hub || *by == hub || by == from {
            true => Ok(()),
            false => Err(ConversationError::refused(
                "DMLS-30",
                format!("the KeyPackage of {client} was claimed by {by}, which is neither who welcomes it nor the room's hub"),
            )),
        }
    }
}
