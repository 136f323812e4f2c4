//! Bounded waiting: whoever waits says for what, and is told what was there instead when the time is over.

use std::fmt::Display;
use std::time::{Duration, Instant};

use anyhow::{Result, bail};

/// How long a scenario waits for one thing to happen. A busy machine with two cores needs seconds where an idle one
/// needs milliseconds.
pub const PATIENCE: Duration = Duration::from_secs(30);
/// How long a process may take to start.
pub const START_UP: Duration = Duration::from_secs(90);
/// How long "nothing happens" is watched before it is believed.
pub const SILENCE: Duration = Duration::from_secs(3);
/// Between two looks.
const INTERVAL: Duration = Duration::from_millis(100);

/// What one look found.
pub enum Look<T> {
    /// It is there.
    Found(T),
    /// Not yet; what is there instead, for the report.
    NotYet(String),
}

impl<T> Look<T> {
    /// Found if there is something; else a description of what is there instead.
    pub fn from_option(found: Option<T>, otherwise: impl FnOnce() -> String) -> Self {
        match found {
            Some(found) => Self::Found(found),
            None => Self::NotYet(otherwise()),
        }
    }
}

/// Looks again and again until it finds something, for [`PATIENCE`] at most. Errors while looking count as "not yet".
///
/// # Errors
/// If the time is over: what was waited for, and what the last look saw.
pub async fn until<T>(what: impl Display, look: impl AsyncFnMut() -> Result<Look<T>>) -> Result<T> {
    until_for(PATIENCE, what, look).await
}

/// [`until`] with another limit.
///
/// # Errors
/// As [`until`].
pub async fn until_for<T>(limit: Duration, what: impl Display, mut look: impl AsyncFnMut() -> Result<Look<T>>) -> Result<T> {
    let deadline = Instant::now() + limit;
    loop {
        let last = match look().await {
            Ok(Look::Found(found)) => return Ok(found),
            Ok(Look::NotYet(state)) => state,
            Err(error) => format!("{error:#}"),
        };
        if Instant::now() >= deadline {
            bail!("waited {} s for {what}; last seen: {last}", limit.as_secs());
        }
        tokio::time::sleep(INTERVAL).await;
    }
}
