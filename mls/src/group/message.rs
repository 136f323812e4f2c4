//! Application messages.

use causeway_drafts::Verbatim;
use causeway_drafts::mimi_protocol_06::franking::{Frank, ServerFrankingContext};
use causeway_drafts::mimi_protocol_06::message::{KnownMessage, MessageKind};
use causeway_drafts::mimi_uri::{ClientUri, UserUri};
use causeway_drafts::numbers::COMPONENT_FRANK_AAD;
use openmls::framing::errors::MessageDecryptionError;
use openmls::framing::{SafeAad, SafeAadItem};
use openmls::group::{ProcessMessageError, ValidationError};
use openmls::prelude::{MlsMessageBodyIn, ProcessedMessage, ProcessedMessageContent, ProtocolMessage};
use tls_codec::Deserialize;

use super::{Group, number_of};
use crate::credential::{TrustRoots, certify_provider, named_client, verify_signature};
use crate::planted::planted;
use crate::{CIPHERSUITE, ClientIdentity, EpochId, EpochRef, MlsError};

/// An opened message.
#[derive(Clone)]
pub struct Opened {
    /// The sender's client.
    pub client: ClientUri,
    /// The sender.
    pub user: UserUri,
    /// The plaintext.
    pub application_data: Vec<u8>,
    /// From the SafeAAD.
    pub franking_tag: Option<[u8; 32]>,
    /// The epoch that was the head when it was opened.
    pub epoch: EpochRef,
}

/// What a server sees of a sealed message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ApplicationHeader {
    /// Its epoch.
    pub epoch: u64,
    /// From the SafeAAD.
    pub franking_tag: [u8; 32],
}

fn application(bytes: &[u8]) -> Result<KnownMessage, MlsError> {
    let message: Verbatim<KnownMessage> = Verbatim::from_bytes(bytes).map_err(MlsError::malformed)?;
    match message.value().kind() {
        MessageKind::Application => Ok(message.into_value()),
        _ => Err(MlsError::Malformed("P-043: not application data in a PrivateMessage".to_owned())),
    }
}

/// The number of the epoch that a sealed message of a group names.
pub(crate) fn application_epoch(message: &[u8], group_id: &[u8]) -> Result<u64, MlsError> {
    let message = application(message)?.mls().clone().try_into_protocol_message().map_err(MlsError::malformed)?;
    match message.group_id().as_slice() == group_id {
        true => Ok(message.epoch().as_u64()),
        false => Err(MlsError::Invalid("P-008: the message is for another group".to_owned())),
    }
}

fn tag_in(authenticated_data: &[u8]) -> Option<[u8; 32]> {
    let aad = SafeAad::tls_deserialize(&mut &authenticated_data[..]).ok()?;
    let item = aad.items().iter().find(|item| item.component_id() == COMPONENT_FRANK_AAD)?;
    item.data().try_into().ok()
}

fn unopened<E: std::fmt::Display>(error: ProcessMessageError<E>) -> MlsError {
    match error {
        // openmls keeps the type of the reason to itself.
        ProcessMessageError::ValidationError(ValidationError::UnableToDecrypt(why))
            if format!("{why:?}").contains("SecretReuseError") =>
        {
            MlsError::Repeated
        }
        error => MlsError::invalid(error),
    }
}

/// Whether a message was made in an epoch that a client holds, with a generation whose secret is gone.
fn is_used_up<E>(error: &ProcessMessageError<E>) -> bool {
    use MessageDecryptionError::SecretTreeError;
    matches!(error, ProcessMessageError::ValidationError(ValidationError::UnableToDecrypt(SecretTreeError(_))))
}

impl Group {
    /// Seals a message as an own client. The generation counts as used at once: store before sending. Nobody franks in a
    /// plain group, so the tag is not carried there.
    ///
    /// # Errors
    /// If the client is not in the group.
    pub fn seal(
        &mut self,
        identity: &ClientIdentity,
        application_data: &[u8],
        franking_tag: [u8; 32],
    ) -> Result<Vec<u8>, MlsError> {
        let _operation = super::operation!("seal");
        let client = &identity.client_uri;
        let mut view = self.member_group(client)?;
        let group = &mut view.library;
        if !self.state.is_plain() {
            let item = SafeAadItem::new(COMPONENT_FRANK_AAD, franking_tag.to_vec());
            group.set_safe_aad(vec![item]).map_err(MlsError::invalid)?;
        }
        let message = group.create_message(&view.provider, &identity.signer(), application_data).map_err(MlsError::invalid)?;
        if !planted!(GenerationNotKept) {
            self.keep_private(client, view)?;
        }
        message.to_bytes().map_err(MlsError::invalid)
    }

    /// What a hub needs to know of a sealed message before it accepts it: that it is for this group and epoch.
    ///
    /// # Errors
    /// If it is not.
    pub fn inspect_application(&self, message: &[u8]) -> Result<ApplicationHeader, MlsError> {
        let MlsMessageBodyIn::PrivateMessage(private) = application(message)?.mls().clone().extract() else {
            return Err(MlsError::Malformed("P-043: not a PrivateMessage".to_owned()));
        };
        let franking_tag = tag_in(private.aad()).ok_or_else(|| MlsError::Invalid("P-054: no franking tag".to_owned()))?;
        let message = ProtocolMessage::from(private);
        if message.group_id().as_slice() != self.group_id() {
            return Err(MlsError::Invalid("P-008: the message is for another group".to_owned()));
        }
        self.check_epoch(message.epoch().as_u64())?;
        Ok(ApplicationHeader { epoch: message.epoch().as_u64(), franking_tag })
    }

    /// Opens a message with the first own client that can, and once: what one of them has opened, no other one opens.
    ///
    /// # Errors
    /// [`MlsError::OwnMessage`] for what an own client sent, [`MlsError::Repeated`] for what has been opened, else why nobody
    /// can open it.
    pub fn open(&mut self, message: &[u8]) -> Result<Opened, MlsError> {
        let _operation = super::operation!("open");
        let protocol_message = application(message)?.mls().clone().try_into_protocol_message().map_err(MlsError::malformed)?;
        let (current, number) = (self.snapshot.head.number, protocol_message.epoch().as_u64());
        if number > current {
            return Err(MlsError::FutureEpoch { current });
        }
        let mut failure = MlsError::TooOld { current };
        for (id, client) in self.holders(number) {
            let mut view = self.member_group_in(&id, &client)?;
            match view.library.process_message(&view.provider, protocol_message.clone()) {
                Ok(processed) => {
                    if matches!(processed.content(), ProcessedMessageContent::OwnPrivateMessage) {
                        return Err(MlsError::OwnMessage);
                    }
                    self.keep_private_in(&id, &client, view)?;
                    return self.opened(processed);
                }
                // Who opened it first has used up what opens it; with another one it would open a second time.
                Err(error) if self.number_of_state(&id) == Some(number) && is_used_up(&error) && !planted!(EachClientOpens) => {
                    return Err(unopened(error));
                }
                Err(error) if self.number_of_state(&id) == Some(number) => failure = unopened(error),
                // A later state, which may hold what an earlier version left there.
                Err(_) => {}
            }
        }
        Err(failure)
    }

    /// Who may hold the secrets of the epoch with this number, and in which state: its own. Of an epoch that the earlier
    /// version has left, the secrets may be in the states of the next ones.
    fn holders(&self, number: u64) -> Vec<(EpochId, ClientUri)> {
        let mut states = vec![(self.snapshot.head.number, self.snapshot.head.id, &self.snapshot.clients)];
        for (id, past) in self.snapshot.past.iter().filter(|_| number < self.snapshot.head.number) {
            states.extend(self.number_of_state(id).map(|state| (state, *id, &past.clients)));
        }
        states.retain(|(state, ..)| *state >= number);
        states.sort_by_key(|(state, ..)| *state);
        states.into_iter().flat_map(|(_, id, clients)| clients.keys().map(move |client| (id, client.clone()))).collect()
    }

    fn number_of_state(&self, id: &EpochId) -> Option<u64> {
        match self.snapshot.past.get(id) {
            Some(past) => number_of(&self.snapshot.public_of(&past.public)).ok(),
            None => Some(self.snapshot.head.number),
        }
    }

    fn opened(&self, processed: ProcessedMessage) -> Result<Opened, MlsError> {
        let (client, user) = named_client(processed.credential())?;
        let franking_tag = processed.safe_aad_item(COMPONENT_FRANK_AAD).and_then(|item| item.try_into().ok());
        match processed.into_content() {
            ProcessedMessageContent::ApplicationMessage(message) => {
                Ok(Opened { client, user, application_data: message.into_bytes(), franking_tag, epoch: self.snapshot.head })
            }
            _ => Err(MlsError::Malformed("P-043: not application data".to_owned())),
        }
    }

    /// Verifies a hub's Frank: the agent is the hub, the suite is the group's, the signature holds (P-059).
    ///
    /// # Errors
    /// The check that fails.
    pub fn verify_frank(
        &self,
        frank: &Frank,
        context: &ServerFrankingContext,
        roots: &TrustRoots,
        now_ms: u64,
    ) -> Result<(), MlsError> {
        let agent = self.state.franking_agent.as_ref().ok_or_else(|| MlsError::Invalid("P-048: no franking_agent".to_owned()))?;
        let key = agent.franking_signature_key.as_slice();
        certify_provider(&agent.credential, key, (&context.room_uri.provider(), roots), now_ms)?;
        if frank.franking_signature_ciphersuite != CIPHERSUITE {
            return Err(MlsError::Invalid("P-049: the frank's ciphersuite is not the group's".to_owned()));
        }
        verify_signature(key, &frank.signed_content(context), frank.franking_integrity_signature.as_slice())
    }
}
