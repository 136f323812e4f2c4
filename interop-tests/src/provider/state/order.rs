//! As hub: what is accepted, and in which order everybody hears of it.

use std::collections::BTreeSet;

use causeway_drafts::mimi_protocol_06::franking::Frank;
use causeway_drafts::mimi_protocol_06::message::Message;
use causeway_drafts::mimi_protocol_06::notify::FanoutMessage;
use causeway_drafts::mimi_protocol_06::ratchet_tree::RatchetTreeOption;
use causeway_drafts::mimi_protocol_06::update::UpdateRequest;
use causeway_drafts::mimi_uri::{ClientUri, ProviderDomain, RoomUri, UserUri};

use super::State;
use crate::provider::device::{Device, Plan};
use crate::provider::error::{Error, Result};
use crate::provider::hub::HubRoom;

impl State {
    /// A handshake for a room of ours [mimi-protocol-06 §5.3]. Returns when it was accepted.
    ///
    /// # Errors
    /// The epoch or the rule against it; then nothing has changed.
    pub(crate) fn update(&mut self, from: &ProviderDomain, room: &RoomUri, request: &UpdateRequest) -> Result<u64> {
        let known = self.rooms.get_mut(room).ok_or_else(|| Error::NotFound(format!("there is no room {room}")))?;
        match request {
            UpdateRequest::Commit(bundle) => {
                let accepted = known.accept_commit(from, bundle, &self.trust)?;
                tracing::info!(%room, author = %accepted.view.author, "accepted a commit");
                let commit = FanoutMessage::commit(accepted.at, bundle.commit.bytes(), &[])?;
                self.distribute(room, &commit, &accepted.before);
                if let Some(welcome) = &bundle.welcome {
                    let tree = RatchetTreeOption::full(&accepted.tree)?;
                    let welcome = FanoutMessage::welcome(accepted.at, welcome.bytes(), tree)?;
                    self.distribute(room, &welcome, &accepted.welcomed);
                }
                Ok(accepted.at)
            }
            UpdateRequest::Proposals(bundle) => {
                let at = known.accept_proposals(from, bundle, &self.trust)?;
                let providers = known.providers()?;
                let more: Vec<&[u8]> = bundle.more.iter().map(|message| message.bytes()).collect();
                let proposals = FanoutMessage::proposals(at, bundle.first.bytes(), &more)?;
                self.distribute(room, &proposals, &providers);
                self.commit_pending(room);
                Ok(at)
            }
        }
    }

    /// An application message for a room of ours [mimi-protocol-06 §5.4]. Exactly the same again is answered the same, and
    /// goes to nobody a second time (G-57).
    ///
    /// # Errors
    /// The epoch or the rule against it.
    pub(crate) fn submit(
        &mut self,
        from: &ProviderDomain,
        room: &RoomUri,
        (sender, message): (&UserUri, &Message),
    ) -> Result<(u64, Option<Frank>)> {
        let repetition = (from.clone(), message.bytes().to_vec());
        if let Some(answer) = self.submitted.get(&repetition) {
            return Ok(answer.clone());
        }
        let known = self.rooms.get_mut(room).ok_or_else(|| Error::NotFound(format!("there is no room {room}")))?;
        let (at, frank) = known.accept_message((from, sender), message, (&self.hub, &self.hub_key))?;
        let providers = known.providers()?;
        let fanout = FanoutMessage::application(at, message.bytes(), frank.clone())?;
        self.distribute(room, &fanout, &providers);
        self.submitted.insert(repetition, (at, frank.clone()));
        Ok((at, frank))
    }

    /// In order, to all providers and to our own devices (P-062).
    fn distribute(&mut self, room: &RoomUri, message: &FanoutMessage, providers: &BTreeSet<ProviderDomain>) {
        let encoded = message.to_bytes();
        for provider in providers.iter().filter(|provider| **provider != self.domain) {
            self.lanes.send(provider, room, encoded.clone());
        }
        if providers.contains(&self.domain)
            && let Err(error) = self.hear(room, message)
        {
            tracing::warn!(%room, %error, "an own device could not use what the hub accepted");
        }
    }

    /// Somebody has to commit what was proposed; if one of our devices can, it does.
    fn commit_pending(&mut self, room: &RoomUri) {
        let proposers = self.rooms.get(room).map(HubRoom::proposers).unwrap_or_default();
        let users: BTreeSet<UserUri> = proposers.iter().map(ClientUri::user_uri).collect();
        let able = |device: &&Device| device.is_in(room) && device.has_proposals(room) && !users.contains(&device.user());
        let able: Vec<ClientUri> = self.devices.values().filter(able).map(|device| device.client.clone()).collect();
        for client in able {
            let domain = self.domain.clone();
            let request = self.device_mut(&client).and_then(|device| device.commit(room, &Plan::default()));
            match request.and_then(|request| self.update(&domain, room, &request)) {
                Ok(_) => return,
                Err(error) => {
                    tracing::warn!(%room, %client, %error, "could not commit what was proposed");
                    self.devices.entry(client).and_modify(|device| device.withdraw(room));
                }
            }
        }
    }
}
