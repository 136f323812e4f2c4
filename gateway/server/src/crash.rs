//! Places where a test may have the process die, as `kill -9` would have it: no destructor runs, nothing is flushed.
//! Compiled in with the feature `crash-points` only.
//!
//! A place is named `<when>/<what>`: `before-commit/notify` dies with the transaction open, `after-commit/notify`
//! before anybody has heard that it was stored, `after-request/submit` with the peer's answer in hand.

/// The place where to die.
#[cfg(feature = "crash-points")]
const POINT: &str = "CAUSEWAY_CRASH_POINT";
/// So many passes are survived before.
#[cfg(feature = "crash-points")]
const PASSES: &str = "CAUSEWAY_CRASH_PASSES";

/// Dies, if this is the place.
#[cfg(feature = "crash-points")]
pub(crate) fn point(when: &str, what: &str) {
    use std::sync::atomic::{AtomicU64, Ordering};
    static PASSED: AtomicU64 = AtomicU64::new(0);
    let here = std::env::var(POINT).is_ok_and(|point| point.split_once('/') == Some((when, what)));
    let survived = || std::env::var(PASSES).ok().and_then(|passes| passes.parse().ok()).unwrap_or(0);
    if here && PASSED.fetch_add(1, Ordering::Relaxed) >= survived() {
        std::process::abort();
    }
}

/// Nothing, outside tests.
#[cfg(not(feature = "crash-points"))]
#[inline(always)]
pub(crate) fn point(_: &str, _: &str) {}
