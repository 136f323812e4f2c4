//! Whoever dies is started again.

use std::time::Duration;

use anyhow::Result;

use crate::gateway::Gateway;

/// How soon a death is noticed.
const PULSE: Duration = Duration::from_millis(20);

/// Does something through which the gateway dies any number of times; returns how often it did.
///
/// # Errors
/// What the doing ends with, or that the gateway does not start again.
pub async fn survive(gateway: &Gateway, doing: impl Future<Output = Result<()>>) -> Result<usize> {
    tokio::pin!(doing);
    let mut deaths = 0;
    loop {
        tokio::select! {
            biased;
            revived = revive(gateway) => revived?,
            done = &mut doing => {
                done?;
                break;
            }
        }
        deaths += 1;
    }
    if gateway.is_dead()? {
        gateway.start_again().await?;
        deaths += 1;
    }
    Ok(deaths)
}

/// Waits for its death, and starts it again.
async fn revive(gateway: &Gateway) -> Result<()> {
    while !gateway.is_dead()? {
        tokio::time::sleep(PULSE).await;
    }
    gateway.start_again().await
}
