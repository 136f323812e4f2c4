//! `keyMaterial` [mimi-protocol-06 §5.2]: KeyPackages of our puppets; as hub, those of others' users for our rooms.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use causeway_core::code::{self, Coded};
use causeway_drafts::Verbatim;
use causeway_drafts::decode_exact;
use causeway_drafts::mimi_protocol_06::Protocol;
use causeway_drafts::mimi_protocol_06::key_material::{
    ClientKeyMaterial, ClientKeyMaterialStatus, KeyMaterialRequest, KeyMaterialRequestTbs, KeyMaterialResponse, KeyMaterialUserCode,
};
use causeway_drafts::mimi_uri::UserUri;
use causeway_mls::{CIPHERSUITE, certify_signature};

use super::{answer, answer_with, uri};
use crate::mimi::Target;
use crate::mimi::error::MimiError;
use crate::mimi::identity::FromProvider;
use crate::node::{Find, Node, NodeError, Session, has_consent, now_ms};

pub(super) async fn handler(State(node): State<Arc<Node>>, request: FromProvider) -> Result<Response, MimiError> {
    let decoded: KeyMaterialRequest = decode_exact(&request.body)?;
    let tbs = &decoded.tbs;
    if uri::<UserUri>(&request.path)? != tbs.target_user {
        return Err(MimiError::new(code::USER_NOT_AS_NAMED, "targetUser is not the user in the path"));
    }
    check_route(&node, &request, tbs)?;
    check_signature(&node, &decoded).await?;
    if !node.gateway.names.is_ours(&tbs.target_user.provider()) {
        return relay(&node, &request, tbs).await;
    }
    let (tbs, from) = (Arc::new(decoded.tbs), request.from);
    let response = node.transaction("key material", move |session| {
        let (tbs, from) = (tbs.clone(), from.clone());
        Box::pin(async move { supply(session, &tbs, from.as_str()).await })
    });
    Ok(answer_with(&response.await?))
}

/// P-019: a claim comes from the room's hub, or, where that is us, from the requester's own provider. That one may ask for
/// our own users' even where another provider is hub: the hub may be lost (SPEC §15.3), and consent is asked for anyhow.
fn check_route(node: &Node, request: &FromProvider, tbs: &KeyMaterialRequestTbs) -> Result<(), MimiError> {
    let hub = tbs.room_id.provider();
    let is_requesters = tbs.requesting_user.provider() == request.from;
    let directly = is_requesters && node.gateway.names.is_ours(&tbs.target_user.provider());
    let by_route = if node.gateway.names.is_ours(&hub) { is_requesters } else { hub == request.from };
    match by_route || directly {
        true => Ok(()),
        false => {
            let why = "P-019: neither the room's hub nor, at the hub, the requester's provider";
            Err(MimiError::new(code::NOT_THE_HUB, why))
        }
    }
}

/// P-022. Roots of a provider that is new to us are fetched on the way.
async fn check_signature(node: &Arc<Node>, request: &KeyMaterialRequest) -> Result<(), MimiError> {
    let request = Arc::new(request.clone());
    let checked = node.transaction("check key material request", move |session| {
        let request = request.clone();
        Box::pin(async move {
            let tbs = &request.tbs;
            let client = certify_signature(
                (&tbs.requester_credential, tbs.requester_signature_key.as_slice()),
                (&tbs.signed_content(), request.key_material_request_signature.as_slice()),
                &session.node.roots.current(),
                now_ms(),
            )?;
            Ok(*client.user() == tbs.requesting_user)
        })
    });
    match checked.await? {
        true => Ok(()),
        false => Err(MimiError::new(code::REQUESTER_NOT_CERTIFIED, "P-022: the requester's credential names another user")),
    }
}

/// As hub: the follower's question goes on to the target's provider, and its answer back, as they are.
async fn relay(node: &Arc<Node>, request: &FromProvider, tbs: &KeyMaterialRequestTbs) -> Result<Response, MimiError> {
    if !node.gateway.names.is_ours(&tbs.room_id.provider()) {
        return Err(MimiError::new(code::NO_SUCH_USER, "no such user here"));
    }
    let find = Find::Mimi(tbs.room_id.to_string());
    let requester = tbs.requesting_user.clone();
    let is_participant = node.transaction("relay key material", move |session| {
        let (find, requester) = (find.clone(), requester.clone());
        Box::pin(async move {
            let conversation = session.conversation(&find).await?;
            let is_participant = conversation.may_join(&requester);
            session.unchanged(conversation);
            Ok(is_participant)
        })
    });
    if !is_participant.await? {
        return Err(MimiError::new(code::NOT_A_PARTICIPANT, "the requester is not a participant of the room"));
    }
    let provider = tbs.target_user.provider();
    let sent = (node.providers.ours(), request.body.to_vec());
    let reply = node.providers.post(&provider, Target::KeyMaterial(&tbs.target_user), sent).await;
    reply.map(|reply| answer(reply.body.to_vec())).map_err(|error| MimiError::new(code::RELAY_FAILED, error.coded()))
}

/// P-028: without consent, a user that exists and one that does not are told apart by nothing.
async fn supply(session: &mut Session<'_>, tbs: &KeyMaterialRequestTbs, from: &str) -> Result<KeyMaterialResponse, NodeError> {
    let failure = |code| Ok(KeyMaterialResponse::failure(code, tbs.target_user.clone()));
    let exists = session.node.gateway.names.puppet_to_matrix(&tbs.target_user).is_some();
    if !has_consent(session.tx, &tbs.requesting_user, &tbs.target_user, &tbs.room_id).await? || !exists {
        return failure(KeyMaterialUserCode::NoConsent);
    }
    if !tbs.acceptable_ciphersuites.contains(&CIPHERSUITE) {
        return failure(KeyMaterialUserCode::NoCompatibleMaterial);
    }
    let row = session.claim_key_package(&tbs.target_user, (from, &tbs.room_id)).await?;
    let client_uri = row.client_uri.parse().map_err(|_| NodeError::Stored("a client URI".to_owned()))?;
    let key_package = Verbatim::from_bytes(&row.key_package).map_err(|error| NodeError::Stored(error.to_string()))?;
    Ok(KeyMaterialResponse {
        protocol: Protocol::Mls10,
        user_status: KeyMaterialUserCode::Success,
        user_uri: tbs.target_user.clone(),
        clients: vec![ClientKeyMaterial { client_uri, status: ClientKeyMaterialStatus::Success(key_package) }],
    })
}
