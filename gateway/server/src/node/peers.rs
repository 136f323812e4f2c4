//! What peers say about rooms without a hub, whichever way it comes: at `causewayPeer`, or in events of a peers' room.

use causeway_core::code::Coded;
use causeway_core::conversation::peers_room::parts::Part;
use causeway_core::conversation::{Conversation, ConversationError, Decision, PeerMessage, PeersNews};
use causeway_core::loss::Feature;
use causeway_core::records::{InboxRow, LossRow};
use causeway_drafts::mimi_uri::{ProviderDomain, RoomUri};
use serde::Deserialize;
use serde_json::Value;

use super::{Find, NodeError, Session, now_ms};
use crate::mimi::digest;

/// A message of a peer, and its name in the inbox: the same however it comes.
pub(crate) struct PeerSaid {
    /// Who says it.
    pub(crate) from: ProviderDomain,
    /// About which room.
    pub(crate) room: RoomUri,
    /// What.
    pub(crate) message: PeerMessage,
    source: String,
    digest: String,
}

impl PeerSaid {
    /// Reads one.
    ///
    /// # Errors
    /// If it is something else.
    pub(crate) fn read(from: &ProviderDomain, room: &RoomUri, body: &[u8]) -> Result<Self, serde_cbor::Error> {
        let message = PeerMessage::from_bytes(body)?;
        let (source, digest) = (format!("mimi:{from}"), digest("causewayPeer", room.as_str(), body));
        Ok(Self { from: from.clone(), room: room.clone(), message, source, digest })
    }

    /// Whether it counts once, however often it comes. A question may be asked again in the same words; and the same answer may be
    /// of no use the first time, and what is waited for the next.
    fn counts_once(&self) -> bool {
        match self.message {
            PeerMessage::Statement(_)
            | PeerMessage::Commit(_)
            | PeerMessage::Application(_)
            | PeerMessage::Welcome { .. }
            | PeerMessage::Following { .. } => true,
            PeerMessage::WantTail
            | PeerMessage::WantNews { .. }
            | PeerMessage::News(_)
            | PeerMessage::WantGroupInfo
            | PeerMessage::Tail { .. }
            | PeerMessage::GroupInfo { .. }
            | PeerMessage::GraphEnded { .. } => false,
        }
    }
}

#[derive(Deserialize)]
struct Content {
    content: Value,
}

impl Session<'_> {
    /// Has a conversation hear what a peer says; none if it has before.
    pub(crate) async fn hear_peer(
        &mut self,
        conversation: &mut Conversation,
        said: &PeerSaid,
    ) -> Result<Option<Decision>, NodeError> {
        if said.counts_once() && self.tx.answer(&said.source, &said.digest).await?.is_some() {
            return Ok(None);
        }
        let welcomes = match &said.message {
            PeerMessage::Welcome { welcome, .. } => self.welcomed_by(welcome).await?,
            _ => Vec::new(),
        };
        let messages = std::slice::from_ref(&said.message);
        let ((), decision) = self.turn(|turn| match conversation.is_peer(turn, &said.from) || !welcomes.is_empty() {
            true => conversation.peer(turn, &said.from, messages, welcomes),
            false => Err(not_a_peer()),
        })?;
        if said.counts_once() {
            let (source, digest) = (said.source.clone(), said.digest.clone());
            self.tx.insert_answer(&InboxRow { source, digest, answer: Vec::new(), received_at: now_ms() as i64 }).await?;
        }
        Ok(Some(decision))
    }

    /// What a peers' room has for the conversation that it serves. What that cannot hear is lost, and holds nothing up; what needs
    /// the roots of a provider that is out of reach for now is asked for again.
    pub(super) async fn pass_on(&mut self, (room, room_id): (&RoomUri, &str), news: Vec<PeersNews>) -> Result<(), NodeError> {
        let find = Find::Mimi(room.to_string());
        let Some(mut served) = self.find(&find).await? else { return Ok(()) };
        for news in &news {
            let heard = self.hear_news(&mut served, (room, room_id), news).await;
            match heard {
                Ok(Some(decision)) => self.store_all(&mut served, decision).await?,
                Ok(None) => {}
                Err(NodeError::Conversation(error)) if self.is_lost_by(&error) => {
                    tracing::warn!(code = %error.code(), %room, %error, "what was said in a peers' room cannot be heard");
                    // What the turn has left in memory has not happened.
                    served = self.conversation(&find).await?;
                    let mut decision = match (NodeError::unknown_provider_of(&error), news) {
                        (Some(_), PeersNews::Said(from, _)) => self.turn(|turn| served.want_news(turn, from))?.1,
                        _ => Decision::default(),
                    };
                    decision.losses.push(lost(served.row.id, news, &error));
                    self.store_all(&mut served, decision).await?;
                }
                Err(error) => return Err(error),
            }
        }
        self.unchanged(served);
        Ok(())
    }

    /// Whether what ends like this is of no use as it is: roots that nobody has asked for yet are fetched first.
    fn is_lost_by(&self, error: &ConversationError) -> bool {
        NodeError::unknown_provider_of(error).is_none_or(|provider| self.out_of_reach.contains(provider))
    }

    async fn hear_news(
        &mut self,
        served: &mut Conversation,
        (room, room_id): (&RoomUri, &str),
        news: &PeersNews,
    ) -> Result<Option<Decision>, NodeError> {
        let PeersNews::Said(from, events) = news else {
            return Ok(Some(self.turn(|turn| served.hear_of_peers_room(turn, room_id, news))?.1));
        };
        let mut contents = Vec::new();
        for id in events {
            let event = self.tx.event(id).await?.ok_or_else(|| NodeError::Stored(format!("the event {id} is missing")))?;
            let Content { content } = serde_json::from_str(&event.json).map_err(|error| NodeError::Stored(error.to_string()))?;
            contents.push(content);
        }
        let said = PeerSaid::read(from, room, &Part::join_contents(&contents)?)
            .map_err(|error| ConversationError::Malformed(format!("SPEC §15.2: not a message of a peer: {error}")))?;
        let heard = self.hear_peer(served, &said).await?;
        tracing::debug!(kind = said.message.kind(), peer = %from, again = heard.is_none(), "a peer's message came by its room");
        Ok(heard)
    }
}

fn lost(conversation_id: i64, news: &PeersNews, error: &ConversationError) -> LossRow {
    let source = match news {
        PeersNews::Said(_, events) => events.first().cloned().unwrap_or_default(),
        _ => "peers' room".to_owned(),
    };
    LossRow {
        conversation_id,
        source,
        direction: "mimi_to_matrix".to_owned(),
        feature: Feature::Discarded.to_string(),
        detail: error.coded(),
        recorded_at: now_ms() as i64,
    }
}

fn not_a_peer() -> ConversationError {
    ConversationError::NotAllowed {
        rule: "DMLS-30",
        why: "the provider has no client in this room, and was not its hub".to_owned(),
    }
}
