//! As target of a claim: KeyPackages of our users [mimi-protocol-06 §5.2].

use causeway_drafts::mimi_protocol_06::Protocol;
use causeway_drafts::mimi_protocol_06::key_material::{
    ClientKeyMaterial, ClientKeyMaterialStatus, KeyMaterialRequest, KeyMaterialResponse, KeyMaterialUserCode,
};
use causeway_drafts::{Verbatim, encode};

use super::State;
use crate::provider::crypto::SUITE_NUMBER;
use crate::provider::device::{capabilities, reference, required_capabilities};
use crate::provider::error::{Error, Result};

impl State {
    /// Answers a claim of one of our users' KeyPackages [mimi-protocol-06 §5.2].
    ///
    /// # Errors
    /// If the request is not the requester's, or [`Error::RootsNeeded`].
    pub(crate) fn answer_claim(&mut self, request: &KeyMaterialRequest) -> Result<KeyMaterialResponse> {
        let tbs = &request.tbs;
        self.check_requester(request)?;
        let failure = |code| Ok(KeyMaterialResponse::failure(code, tbs.target_user.clone()));
        // P-028: whoever has no consent does not learn who exists.
        if !self.consents.allow(&tbs.requesting_user, &tbs.target_user, &tbs.room_id) {
            return failure(KeyMaterialUserCode::NoConsent);
        }
        let Some(clients) = self.users.get(&tbs.target_user).filter(|clients| !clients.is_empty()) else {
            return failure(KeyMaterialUserCode::UserUnknown);
        };
        let compatible = self.fits(request);
        let mut answers = Vec::new();
        for client_uri in clients {
            let device = self.devices.get(client_uri).filter(|_| compatible);
            let status = match device {
                None => ClientKeyMaterialStatus::NothingCompatible(Some(capabilities())),
                Some(device) => {
                    // P-025: a fresh one for each answer.
                    let key_package = device.key_package()?;
                    self.key_packages.insert(reference(&key_package)?, client_uri.clone());
                    ClientKeyMaterialStatus::Success(Verbatim::from_bytes(&encode(&key_package))?)
                }
            };
            answers.push(ClientKeyMaterial { client_uri: client_uri.clone(), status });
        }
        let user_status = if compatible { KeyMaterialUserCode::Success } else { KeyMaterialUserCode::NoCompatibleMaterial };
        Ok(KeyMaterialResponse { protocol: Protocol::Mls10, user_status, user_uri: tbs.target_user.clone(), clients: answers })
    }

    /// P-022: the request is signed by a client of the requesting user.
    ///
    /// # Errors
    /// If it is not.
    pub(crate) fn check_requester(&self, request: &KeyMaterialRequest) -> Result<()> {
        let tbs = &request.tbs;
        let credential = (&tbs.requester_credential, tbs.requester_signature_key.as_slice());
        let signature = request.key_material_request_signature.as_slice();
        let client = match self.trust.certify_signature(credential, &tbs.signed_content(), signature) {
            Err(Error::NotAllowed(why)) => return Err(Error::Identity(format!("P-022: {why}"))),
            other => other?,
        };
        match client.user_uri() == tbs.requesting_user {
            true => Ok(()),
            false => Err(Error::Identity(format!("P-022: {client} is not a client of {}", tbs.requesting_user))),
        }
    }

    fn fits(&self, request: &KeyMaterialRequest) -> bool {
        let (wanted, ours) = (&request.tbs.required_capabilities, required_capabilities());
        let suite = request.tbs.acceptable_ciphersuites.contains(&SUITE_NUMBER);
        suite
            && wanted.extension_types().iter().all(|kind| ours.extension_types().contains(kind))
            && wanted.proposal_types().iter().all(|kind| ours.proposal_types().contains(kind))
            && wanted.credential_types().iter().all(|kind| ours.credential_types().contains(kind))
    }
}
