//! Requests to providers.

use std::sync::Arc;

use causeway_core::code::Coded;
use causeway_core::conversation::{Answer, MimiRequest};
use causeway_drafts::decode_exact;
use causeway_drafts::mimi_protocol_06::consent::ConsentEntry;
use causeway_drafts::mimi_protocol_06::group_info::{
    ENCRYPTION_LABEL, GroupInfoRatchetTreeTbe, GroupInfoResponse, GroupInfoStatus,
};
use causeway_drafts::mimi_protocol_06::key_material::KeyMaterialResponse;
use causeway_drafts::mimi_uri::{ProviderDomain, RoomUri};
use causeway_mls::{HpkeKeyPair, JoinableGroupInfo, certify_hub_signature};

use super::Peer;
use super::deliver::Outcome;
use crate::mimi::{ProviderError, Target};
use crate::node::{Node, NodeError, now_ms};

fn stored(error: impl std::fmt::Display) -> NodeError {
    NodeError::Stored(error.to_string())
}

/// Sends a request, and reads the answer.
pub(super) async fn send(node: &Arc<Node>, request: MimiRequest) -> Result<Outcome, NodeError> {
    let (provider, sent) = match request {
        MimiRequest::KeyMaterial(user, body) => {
            let provider = user.provider();
            let ours = node.providers.ours();
            let answer = node.providers.post(&provider, Target::KeyMaterial(&user), (ours, body)).await;
            (provider.clone(), answer.and_then(|answer| key_material(&provider, &answer.body)))
        }
        MimiRequest::Peer(room, provider, body) => {
            let sent = (node.providers.ours(), body);
            let answer = node.providers.post(&provider, Target::CausewayPeer(&room), sent).await;
            (provider, answer.map(|_| Answer::Accepted))
        }
        MimiRequest::RequestConsent(body) => consent(node, body, Consent::Request).await?,
        MimiRequest::UpdateConsent(body) => consent(node, body, Consent::Update).await?,
        MimiRequest::Submit(room, body) => {
            let answer = to_hub(node, (&room, Target::SubmitMessage(&room)), body).await;
            (room.provider(), answer.and_then(|body| decoded(&room.provider(), &body).map(Answer::Submitted)))
        }
        MimiRequest::Update(room, body) => {
            let answer = to_hub(node, (&room, Target::Update(&room)), body).await;
            (room.provider(), answer.and_then(|body| decoded(&room.provider(), &body).map(Answer::Updated)))
        }
        MimiRequest::GroupInfo(room, body, key_pair) => {
            let answer = to_hub(node, (&room, Target::GroupInfo(&room)), body).await;
            let answer = match answer {
                Ok(body) => group_info(node, &room, (&body, &key_pair)).await,
                Err(error) => Err(error),
            };
            (room.provider(), answer)
        }
    };
    Ok(match sent {
        Ok(answer) => Outcome::Answered(answer),
        Err(ProviderError::NoEndpoint { .. }) => Outcome::Answered(Answer::NoEndpoint),
        Err(error) if error.is_final() => Outcome::Answered(Answer::Refused(error.to_string())),
        Err(error) => {
            let retry_after = error.retry_after();
            Outcome::Failed { peer: Peer::Provider(provider), code: error.code(), why: error.coded(), retry_after }
        }
    })
}

type Sent = (ProviderDomain, Result<Answer, ProviderError>);

fn decoded<T: tls_codec::Deserialize>(provider: &ProviderDomain, body: &[u8]) -> Result<T, ProviderError> {
    decode_exact(body).map_err(|error| ProviderError::malformed(provider, error))
}

async fn to_hub(node: &Arc<Node>, (room, target): (&RoomUri, Target<'_>), body: Vec<u8>) -> Result<Vec<u8>, ProviderError> {
    let answer = node.providers.post(&room.provider(), target, (node.providers.ours(), body)).await?;
    Ok(answer.body.to_vec())
}

fn key_material(provider: &ProviderDomain, body: &[u8]) -> Result<Answer, ProviderError> {
    let response: KeyMaterialResponse = decoded(provider, body)?;
    response.validate().map_err(|why| ProviderError::malformed(provider, why))?;
    Ok(Answer::KeyMaterial(response))
}

#[derive(Clone, Copy)]
enum Consent {
    Request,
    Update,
}

async fn consent(node: &Arc<Node>, body: Vec<u8>, kind: Consent) -> Result<Sent, NodeError> {
    let entry: ConsentEntry = decode_exact(&body).map_err(stored)?;
    let (provider, sender, target) = match kind {
        Consent::Request => {
            (entry.target_uri.provider(), entry.requester_uri.provider(), Target::RequestConsent(&entry.target_uri))
        }
        Consent::Update => {
            (entry.requester_uri.provider(), entry.target_uri.provider(), Target::UpdateConsent(&entry.requester_uri))
        }
    };
    let answer = node.providers.post(&provider, target, (&sender, body)).await;
    Ok((provider, answer.map(|_| Answer::Accepted)))
}

/// P-077, P-078: decrypted, and signed by the hub.
async fn group_info(node: &Arc<Node>, room: &RoomUri, (body, key_pair): (&[u8], &HpkeKeyPair)) -> Result<Answer, ProviderError> {
    let hub = room.provider();
    let malformed = |why: &dyn std::fmt::Display| ProviderError::malformed(&hub, why);
    let response: GroupInfoResponse = decoded(&hub, body)?;
    let success = match &response.status {
        GroupInfoStatus::Success(success) => success,
        GroupInfoStatus::NotAuthorized => return Ok(Answer::Refused("notAuthorized".to_owned())),
        GroupInfoStatus::NoSuchRoom => return Ok(Answer::Refused("noSuchRoom".to_owned())),
    };
    if response.room_id.as_slice() != room.as_str().as_bytes() {
        return Err(malformed(&"it answers for another room"));
    }
    check_signature(node, &response, &hub).await.map_err(|error| malformed(&error))?;
    let context = (ENCRYPTION_LABEL, room.as_str().as_bytes());
    let plain = key_pair.open(context, &success.encrypted_groupinfo_and_tree).map_err(|error| malformed(&error))?;
    let plain: GroupInfoRatchetTreeTbe = decoded(&hub, &plain)?;
    Ok(Answer::GroupInfo(JoinableGroupInfo {
        group_info: plain.group_info.bytes().to_vec(),
        ratchet_tree: plain.ratchet_tree.full_bytes().map_err(|error| malformed(&error))?,
        pending_proposals: plain.pending_proposals.iter().map(|pending| pending.proposal.bytes().to_vec()).collect(),
        hub_key: success.hub_sender.signature_key.as_slice().to_vec(),
    }))
}

async fn check_signature(node: &Arc<Node>, response: &GroupInfoResponse, hub: &ProviderDomain) -> Result<(), NodeError> {
    let (response, hub) = (Arc::new(response.clone()), hub.clone());
    node.transaction("check group info", move |session| {
        let (response, hub) = (response.clone(), hub.clone());
        Box::pin(async move {
            let GroupInfoStatus::Success(success) = &response.status else { return Ok(()) };
            let content = response.signed_content().unwrap_or_default();
            let roots = session.node.roots.current();
            certify_hub_signature(
                (&success.hub_sender.credential, success.hub_sender.signature_key.as_slice()),
                (&content, success.signature.as_slice()),
                (&hub, &roots),
                now_ms(),
            )?;
            Ok(())
        })
    })
    .await
}
