//! `submitMessage` [mimi-protocol-06 §5.4].

use causeway_drafts::mimi_protocol_06::franking::{Frank, ServerFrankingContext, server_frank};
use causeway_drafts::mimi_protocol_06::message::{Message, MessageKind};
use causeway_drafts::mimi_room_policy_04::capability::Capability;
use causeway_drafts::mimi_uri::{ProviderDomain, UserUri};
use causeway_drafts::numbers::COMPONENT_FRANK_AAD;
use openmls::framing::SafeAad;
use openmls::prelude::{MlsMessageBodyIn, ProtocolMessage};
use tls_codec::Deserialize;

use super::HubRoom;
use crate::provider::credentials::Identity;
use crate::provider::crypto::SUITE_NUMBER;
use crate::provider::error::{Error, Result};

impl HubRoom {
    /// Takes an application message or refuses it. Returns when, and the Frank.
    ///
    /// # Errors
    /// The epoch or the rule against it.
    pub(crate) fn accept_message(
        &mut self,
        (from, sender): (&ProviderDomain, &UserUri),
        message: &Message,
        (hub, hub_key): (&Identity, &[u8; 32]),
    ) -> Result<(u64, Option<Frank>)> {
        if sender.provider() != *from {
            return Err(Error::NotAllowed(format!("P-045: {sender} is not a user of {from}, which sent the message")));
        }
        let state = self.effective_state()?;
        if state.participants.find(sender).is_none() || !self.is_active(sender)? {
            return Err(Error::NotAllowed(format!("P-044: {sender} is not an active participant")));
        }
        if !state.has(sender, Capability::CAN_SEND_MESSAGE) {
            return Err(Error::NotAllowed(format!("R-072: {sender} lacks canSendMessage")));
        }
        if message.value().kind() != MessageKind::Application {
            return Err(Error::NotAllowed("P-043: not application data in a PrivateMessage".to_owned()));
        }
        let MlsMessageBodyIn::PrivateMessage(private) = message.value().mls().clone().extract() else {
            return Err(Error::NotAllowed("P-043: not a PrivateMessage".to_owned()));
        };
        let tag = franking_tag_in(private.aad());
        let header = ProtocolMessage::from(private);
        self.check_place(header.group_id(), header.epoch().as_u64())?;
        let at = self.tick();
        if state.franking_agent.is_none() {
            return Ok((at, None));
        }
        let tag = tag.ok_or_else(|| Error::NotAllowed("P-054, P-127: no franking tag in the SafeAAD".to_owned()))?;
        let context = ServerFrankingContext { sender_uri: sender.clone(), room_uri: self.room.clone(), accepted_timestamp: at };
        let server_frank = server_frank(hub_key, &tag, &context);
        let frank = Frank::sign(server_frank, SUITE_NUMBER, &context, |content| hub.sign(content))?;
        Ok((at, Some(frank)))
    }
}

fn franking_tag_in(authenticated_data: &[u8]) -> Option<[u8; 32]> {
    let mut rest = authenticated_data;
    let aad = SafeAad::tls_deserialize(&mut rest).ok().filter(|_| rest.is_empty())?;
    let item = aad.items().iter().find(|item| item.component_id() == COMPONENT_FRANK_AAD)?;
    item.data().try_into().ok()
}
