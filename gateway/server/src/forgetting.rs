//! Forgetting what is past: each period the keys of epochs that are kept move to a new slice, and the old slice is
//! destroyed. All processes of a deployment look; the database lets one of them do each step.

use std::sync::Arc;
use std::time::Duration;

use causeway_core::code::Coded;
use causeway_store::{Store, StoreError};
use tokio_util::sync::CancellationToken;

use crate::crash;
use crate::node::{Node, now_ms};

/// How often it is looked whether a slice is due, or one waits for its end.
const LOOK: Duration = Duration::from_secs(30);
/// The database is left so long to others between two batches.
const PAUSE: Duration = Duration::from_millis(50);

/// Rotates slices until `stop`.
pub(crate) async fn keep_up(node: Arc<Node>, period: Duration, stop: CancellationToken) {
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            done = rotate(&node.store, period) => {
                if let Err(error) = done {
                    tracing::error!(code = %error.code(), %error, "cannot rotate slices: what is past stays decipherable for longer");
                }
            }
        }
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(LOOK) => {}
        }
    }
}

async fn rotate(store: &Store, period: Duration) -> Result<(), StoreError> {
    if let Some(slice) = store.open_slice(now_ms() as i64, period).await? {
        tracing::info!(%slice, "a new slice");
    }
    crash::point("rotation", "opened");
    let carried = store.rewrap(PAUSE).await?;
    crash::point("rotation", "rewrapped");
    if carried.rewrapped > 0 {
        tracing::info!(keys = carried.rewrapped, busy = carried.busy, "keys of epochs are under the new slice");
    }
    for slice in store.destroy_slices(now_ms() as i64).await? {
        tracing::info!(%slice, "a slice is destroyed");
    }
    crash::point("rotation", "destroyed");
    Ok(())
}
