//! `keyMaterial`, as hub: relayed to the target's provider, or answered here (P-019).

use causeway_drafts::mimi_protocol_06::Protocol;
use causeway_drafts::mimi_protocol_06::key_material::{
    ClientKeyMaterialStatus, KeyMaterialRequest, KeyMaterialRequestTbs, KeyMaterialResponse, KeyMaterialUserCode,
};
use causeway_drafts::mimi_uri::{ClientUri, ProviderDomain, RoomUri, UserUri};
use causeway_drafts::{decode_exact, encode};
use openmls::prelude::{KeyPackage, KeyPackageIn, ProtocolVersion};
use openmls_rust_crypto::OpenMlsRustCrypto;
use openmls_traits::OpenMlsProvider;

use super::Provider;
use super::crypto::SUITE_NUMBER;
use super::device::{reference, required_capabilities};
use super::error::{Error, Result};

impl Provider {
    /// A claim that came to this provider, as hub of the room or as the target's provider.
    ///
    /// # Errors
    /// If the peer may not ask so.
    pub(crate) async fn key_material(&self, from: &ProviderDomain, request: &KeyMaterialRequest) -> Result<KeyMaterialResponse> {
        let tbs = &request.tbs;
        let (hub, target) = (tbs.room_id.provider(), tbs.target_user.provider());
        if hub == self.domain {
            return self.claim_as_hub(from, request).await;
        }
        // P-019: claims come through the hub of the room.
        if hub != *from || target != self.domain {
            return Err(Error::Identity(format!("P-019: {from} is not the hub of {}, or the target not ours", tbs.room_id)));
        }
        self.resolving(|state| state.answer_claim(request)).await
    }

    async fn claim_as_hub(&self, from: &ProviderDomain, request: &KeyMaterialRequest) -> Result<KeyMaterialResponse> {
        let tbs = &request.tbs;
        if tbs.requesting_user.provider() != *from {
            return Err(Error::Identity(format!("P-019: {} is not a user of {from}", tbs.requesting_user)));
        }
        self.resolving(|state| {
            state.check_requester(request)?;
            let effective = state.room_mut(&tbs.room_id)?.effective_state()?;
            match effective.participants.find(&tbs.requesting_user) {
                Some(_) => Ok(()),
                None => Err(Error::Identity(format!("P-125: {} is not a participant of {}", tbs.requesting_user, tbs.room_id))),
            }
        })
        .await?;
        let target = tbs.target_user.provider();
        let response = match target == self.domain {
            true => self.resolving(|state| state.answer_claim(request)).await?,
            false => self.post_claim(&target, request).await?,
        };
        self.with(|state| {
            let room = state.room_mut(&tbs.room_id)?;
            for client in &response.clients {
                if let ClientKeyMaterialStatus::Success(key_package) = &client.status
                    && let Ok(key_package) = validate(key_package.value().clone())
                {
                    room.claimed(reference(&key_package)?, target.clone());
                }
            }
            Ok(response)
        })
    }

    async fn post_claim(&self, to: &ProviderDomain, request: &KeyMaterialRequest) -> Result<KeyMaterialResponse> {
        let target = request.tbs.target_user.to_string();
        let body = self.post(to, |directory| &directory.key_material, |_| target.clone(), encode(request)).await?;
        let response: KeyMaterialResponse = decode_exact(&body).map_err(|error| Error::Unreachable(error.to_string()))?;
        response.validate().map_err(|rule| Error::Unreachable(rule.to_owned()))?;
        Ok(response)
    }

    /// Claims KeyPackages of a user for one of our devices, through the hub of the room, and checks them (G-15).
    ///
    /// # Errors
    /// The target's refusal, or a KeyPackage that does not hold.
    pub(crate) async fn claim(&self, client: &ClientUri, room: &RoomUri, target: &UserUri) -> Result<Vec<KeyPackage>> {
        let request = self.claim_request(client, room, target)?;
        let hub = room.provider();
        let response = match hub == self.domain {
            true => self.key_material(&self.domain, &request).await?,
            false => self.post_claim(&hub, &request).await?,
        };
        let code = user_code(response.user_status);
        if !matches!(response.user_status, KeyMaterialUserCode::Success | KeyMaterialUserCode::PartialSuccess) {
            return Err(Error::Peer { code: code.to_owned(), why: format!("no KeyPackages of {target}: {code}") });
        }
        self.check_supplied(target, &response).await
    }

    fn claim_request(&self, client: &ClientUri, room: &RoomUri, target: &UserUri) -> Result<KeyMaterialRequest> {
        self.with(|state| {
            let device = state.device(client)?;
            KeyMaterialRequestTbs {
                protocol: Protocol::Mls10,
                requesting_user: client.user_uri(),
                target_user: target.clone(),
                room_id: room.clone(),
                acceptable_ciphersuites: vec![SUITE_NUMBER],
                required_capabilities: required_capabilities(),
                requester_signature_key: device.identity.public().into(),
                requester_credential: device.identity.credential(),
            }
            .sign(|content| device.identity.sign(content))
        })
    }

    /// G-15: the response is unsigned, so each KeyPackage has to speak for itself.
    async fn check_supplied(&self, target: &UserUri, response: &KeyMaterialResponse) -> Result<Vec<KeyPackage>> {
        self.resolving(|state| {
            let supplied = response.clients.iter().filter_map(|client| match &client.status {
                ClientKeyMaterialStatus::Success(key_package) => Some((&client.client_uri, key_package.value())),
                _ => None,
            });
            let checked = supplied.map(|(client, key_package)| {
                let key_package = validate(key_package.clone())?;
                let leaf = key_package.leaf_node();
                let named = state.trust.certify(leaf.credential(), leaf.signature_key().as_slice())?;
                match named == *client && named.user_uri() == *target {
                    true => Ok(key_package),
                    false => Err(Error::NotAllowed(format!("G-15: the KeyPackage of {client} is {named}'s"))),
                }
            });
            checked.collect()
        })
        .await
    }
}

fn validate(key_package: KeyPackageIn) -> Result<KeyPackage> {
    key_package.validate(OpenMlsRustCrypto::default().crypto(), ProtocolVersion::Mls10).map_err(Error::invalid)
}

fn user_code(code: KeyMaterialUserCode) -> &'static str {
    match code {
        KeyMaterialUserCode::Success => "success",
        KeyMaterialUserCode::PartialSuccess => "partialSuccess",
        KeyMaterialUserCode::IncompatibleProtocol => "incompatibleProtocol",
        KeyMaterialUserCode::NoCompatibleMaterial => "noCompatibleMaterial",
        KeyMaterialUserCode::UserUnknown => "userUnknown",
        KeyMaterialUserCode::NoConsent => "noConsent",
        KeyMaterialUserCode::NoConsentForThisRoom => "noConsentForThisRoom",
        KeyMaterialUserCode::UserDeleted => "userDeleted",
    }
}
