//! How fast events go to a homeserver. Matrix has no back-pressure: a Synapse that has more than a hundred events of a
//! room waiting drops the queue and asks for the gap, so a sender has to stay below that by itself.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use ruma::OwnedServerName;

/// So many seconds' events may be on their way before the rate counts.
const BURST: f64 = 2.0;

/// The pace of every homeserver.
pub(crate) struct Pace {
    /// Events per second.
    rate: f64,
    buckets: Mutex<HashMap<OwnedServerName, Bucket>>,
}

struct Bucket {
    tokens: f64,
    filled: Instant,
}

impl Pace {
    /// So many events a second to each homeserver.
    pub(crate) fn new(rate: u32) -> Self {
        Self { rate: f64::from(rate), buckets: Mutex::default() }
    }

    /// Takes `count` events out of a homeserver's bucket; gives how long to wait before sending them.
    pub(super) fn reserve(&self, server: &OwnedServerName, count: usize) -> Duration {
        let (now, burst) = (Instant::now(), self.rate * BURST);
        let mut buckets = self.buckets.lock().unwrap_or_else(PoisonError::into_inner);
        let bucket = buckets.entry(server.clone()).or_insert(Bucket { tokens: burst, filled: now });
        let refill = now.duration_since(bucket.filled).as_secs_f64() * self.rate;
        bucket.tokens = (bucket.tokens + refill).min(burst) - count as f64;
        bucket.filled = now;
        match bucket.tokens {
            tokens if tokens >= 0.0 => Duration::ZERO,
            missing => Duration::from_secs_f64(-missing / self.rate),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test that cannot unwrap has failed")]

    use super::{Duration, Pace};

    #[test]
    fn a_burst_passes_and_what_follows_waits() {
        let pace = Pace::new(25);
        let server = "hs.example".try_into().unwrap();
        assert_eq!(pace.reserve(&server, 50), Duration::ZERO);
        let wait = pace.reserve(&server, 25);
        assert!(wait > Duration::from_millis(900) && wait <= Duration::from_secs(1), "{wait:?}");
        let other = "other.example".try_into().unwrap();
        assert_eq!(pace.reserve(&other, 1), Duration::ZERO);
    }
}
