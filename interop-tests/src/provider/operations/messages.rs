//! Users say something.

use causeway_drafts::mimi_protocol_06::submit_message::SubmitMessageRequest;
use causeway_drafts::mimi_uri::{ClientUri, RoomUri};

use super::ATTEMPTS;
use crate::provider::Provider;
use crate::provider::error::{Error, Result};
use crate::provider::messages::{Draft, Sealed};

/// A message that the hub has taken.
pub(crate) struct Said {
    /// Its id, hex.
    pub(crate) message_id: String,
    /// When, ms.
    pub(crate) accepted_timestamp: u64,
    /// In which epoch.
    pub(crate) epoch: u64,
}

impl Provider {
    /// Says something. The same content, with the same id, is sealed again when the hub has moved on.
    ///
    /// # Errors
    /// The hub's refusal.
    pub(crate) async fn say(&self, by: &ClientUri, room: &RoomUri, draft: &Draft) -> Result<Said> {
        let turn = self.turn(room);
        let _turn = turn.lock().await;
        let mut refusal = Error::Internal("no attempt".to_owned());
        for _ in 0..ATTEMPTS {
            if self.with(|state| state.device(by).map(|device| device.has_proposals(room)))? {
                self.settle(by, room).await;
            }
            let Sealed { message, epoch } = self.with(|state| state.device_mut(by)?.seal(room, draft))?;
            let request = SubmitMessageRequest::new(&message, by.user_uri())?;
            match self.submit(room, &request).await {
                Ok((at, frank)) => {
                    self.resolving(|state| {
                        let device =
                            state.devices.get_mut(by).ok_or_else(|| Error::NotFound(format!("there is no device {by}")))?;
                        device.said(room, draft, epoch, (frank.as_ref(), at), &state.trust);
                        Ok(())
                    })
                    .await?;
                    return Ok(Said { message_id: draft.message_id.to_string(), accepted_timestamp: at, epoch });
                }
                Err(Error::WrongEpoch { current }) => {
                    refusal = Error::WrongEpoch { current };
                    self.await_epoch(by, room, current).await;
                }
                Err(error) => return Err(error),
            }
        }
        Err(refusal)
    }
}
