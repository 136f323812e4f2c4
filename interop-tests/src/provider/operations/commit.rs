//! Commits: made, taken by the hub or made again, and then applied.

use std::time::{Duration, Instant};

use causeway_drafts::mimi_uri::{ClientUri, RoomUri};

use super::{ATTEMPTS, COMMIT_PATIENCE, PATIENCE};
use crate::provider::Provider;
use crate::provider::device::{Device, Plan};
use crate::provider::error::{Error, Result};
use crate::provider::state::State;

/// A commit of nothing but what waits for one.
fn what_is_proposed(room: &RoomUri) -> impl Fn(&Device) -> Result<Plan> {
    |device| match device.has_proposals(room) {
        true => Ok(Plan::default()),
        false => Err(Error::BadRequest("nothing is proposed any more".to_owned())),
    }
}

impl Provider {
    /// Makes a commit, has the hub take it, and makes it again when the hub has moved on.
    pub(super) async fn commit(&self, by: &ClientUri, room: &RoomUri, plan: impl Fn(&Device) -> Result<Plan>) -> Result<()> {
        let mut refusal = Error::Internal("no attempt".to_owned());
        for _ in 0..ATTEMPTS {
            let request = self.with(|state| {
                let device = state.device_mut(by)?;
                let plan = plan(device)?;
                device.commit(room, &plan)
            })?;
            let answer = self.update(room, &request).await;
            match answer {
                Ok(_) => return self.with(|state| state.device_mut(by)?.merge(room)),
                // The hub may have taken it all the same: then it fans it out, and the pending commit is merged.
                Err(error @ Error::Unreachable(_)) => return Err(error),
                Err(error) => refusal = error,
            }
            self.with(|state| state.device_mut(by).map(|device| device.withdraw(room)))?;
            match &refusal {
                Error::WrongEpoch { current } => self.await_epoch(by, room, *current).await,
                _ => return Err(refusal),
            }
        }
        Err(refusal)
    }

    /// Waits until a device has heard what the hub has done.
    pub(super) async fn await_epoch(&self, client: &ClientUri, room: &RoomUri, epoch: u64) {
        let began = Instant::now();
        let behind = || self.with(|state| state.device(client).and_then(|device| device.epoch(room)).is_ok_and(|at| at < epoch));
        while began.elapsed() < PATIENCE && behind() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// MLS forbids to send while proposals wait: somebody else commits them, or this device does.
    pub(super) async fn settle(&self, by: &ClientUri, room: &RoomUri) {
        let began = Instant::now();
        let waiting = || self.with(|state| state.device(by).is_ok_and(|device| device.has_proposals(room)));
        while began.elapsed() < COMMIT_PATIENCE && waiting() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        if waiting()
            && let Err(error) = self.commit(by, room, what_is_proposed(room)).await
        {
            tracing::warn!(%room, client = %by, %error, "could not commit what was proposed");
        }
    }

    /// As follower: what the hub's own client does not commit in time, one of our devices does.
    pub(crate) fn commit_later(&self, room: &RoomUri) {
        let waiting = |state: &mut State| {
            let able = |device: &&Device| device.has_proposals(room) && !device.proposes(room);
            state.devices.values().find(able).map(|device| device.client.clone())
        };
        let Some(client) = self.with(waiting) else { return };
        let (Some(provider), room) = (self.this.upgrade(), room.clone()) else { return };
        tokio::spawn(async move {
            tokio::time::sleep(COMMIT_PATIENCE).await;
            let turn = provider.turn(&room);
            let _turn = turn.lock().await;
            if provider.with(|state| state.device(&client).is_ok_and(|device| device.has_proposals(&room))) {
                provider.settle(&client, &room).await;
            }
        });
    }
}
