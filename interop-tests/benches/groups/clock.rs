//! CPU time of this process, and what it is compared with.

use std::time::Duration;

use anyhow::{Context, Result};
use ed25519_dalek::{Signer, SigningKey};
use rustix::time::{ClockId, clock_gettime};

/// What this process has used, in the program and in the kernel.
pub(crate) fn cpu() -> Duration {
    let now = clock_gettime(ClockId::ProcessCPUTime);
    Duration::new(now.tv_sec.unsigned_abs(), u32::try_from(now.tv_nsec).unwrap_or_default())
}

/// What something used.
pub(crate) fn timed<T>(once: impl FnOnce() -> Result<T>) -> Result<(T, Duration)> {
    let start = cpu();
    let done = once()?;
    Ok((done, cpu() - start))
}

/// The one in the middle.
pub(crate) fn median(mut samples: Vec<Duration>) -> Duration {
    samples.sort_unstable();
    samples.get(samples.len() / 2).copied().unwrap_or_default()
}

/// One Ed25519 verification of 256 octets, strict, by the library that we verify with.
pub(crate) fn verification() -> Result<Duration> {
    let key = SigningKey::from_bytes(&[7; 32]);
    let message = [42; 256];
    let signature = key.sign(&message);
    let verifying = key.verifying_key();
    let rounds = (0..21).map(|_| {
        let start = cpu();
        for _ in 0..100 {
            std::hint::black_box(&verifying)
                .verify_strict(std::hint::black_box(&message), &signature)
                .context("the signature does not verify")?;
        }
        Ok((cpu() - start) / 100)
    });
    Ok(median(rounds.collect::<Result<_>>()?))
}
