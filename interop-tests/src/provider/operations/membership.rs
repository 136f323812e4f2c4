//! Users leave, devices join.

use causeway_drafts::mimi_uri::{ClientUri, RoomUri};

use super::{ATTEMPTS, COMMIT_PATIENCE};
use crate::provider::Provider;
use crate::provider::error::{Error, Result};

impl Provider {
    /// A user leaves with all its devices.
    ///
    /// # Errors
    /// The hub's refusal.
    pub(crate) async fn leave(&self, by: &ClientUri, room: &RoomUri) -> Result<()> {
        let turn = self.turn(room);
        let _turn = turn.lock().await;
        let mut refusal = Error::Internal("no attempt".to_owned());
        for _ in 0..ATTEMPTS {
            let request = self.with(|state| state.device_mut(by)?.leave(room))?;
            match self.update(room, &request).await {
                Ok(_) => return Ok(()),
                Err(error) => refusal = error,
            }
            self.with(|state| state.device_mut(by).map(|device| device.withdraw_proposals(room)))?;
            match &refusal {
                Error::WrongEpoch { current } => self.await_epoch(by, room, *current).await,
                _ => return Err(refusal),
            }
        }
        Err(refusal)
    }

    /// A device joins by an external commit.
    ///
    /// # Errors
    /// The hub's refusal.
    pub(crate) async fn join(&self, by: &ClientUri, room: &RoomUri) -> Result<()> {
        let turn = self.turn(room);
        let _turn = turn.lock().await;
        let mut refusal = Error::Internal("no attempt".to_owned());
        for attempt in 0..ATTEMPTS {
            let info = self.group_info(by, room).await?;
            // An external commit cannot include all that is proposed (P-119): somebody in the group commits it first.
            if !info.pending_proposals.is_empty() && attempt < ATTEMPTS / 2 {
                tokio::time::sleep(COMMIT_PATIENCE).await;
                continue;
            }
            let request = self
                .resolving(|state| {
                    let device = state.devices.get_mut(by).ok_or_else(|| Error::NotFound(format!("there is no device {by}")))?;
                    device.join_externally(room, &info, &state.trust)
                })
                .await?;
            match self.update(room, &request).await {
                Ok(_) => return Ok(()),
                Err(error) => refusal = error,
            }
            self.with(|state| state.device_mut(by).map(|device| device.abandon(room)))?;
            if !matches!(refusal, Error::WrongEpoch { .. }) {
                return Err(refusal);
            }
        }
        Err(refusal)
    }
}
