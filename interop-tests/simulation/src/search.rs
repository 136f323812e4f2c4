//! Many seeds, on all cores.

use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;

use crate::outcome::{Failure, Figures, Played};

/// What came of many seeds.
#[derive(Clone, Debug, Default)]
pub struct Summary {
    /// Seeds played.
    pub seeds: u64,
    /// What happened in all of them.
    pub figures: Figures,
    /// The first seed that failed, with its failure.
    pub failure: Option<(u64, Failure)>,
}

/// Plays seeds from `first` on, `count` of them, on so many threads. Stops soon after one has failed; the lowest one that
/// failed is kept. `done` hears of every seed.
pub fn search(
    (first, count): (u64, u64),
    threads: usize,
    play: impl Fn(u64) -> Played + Sync,
    done: impl Fn(u64) + Sync,
) -> Summary {
    let next = AtomicU64::new(first);
    let summary = Mutex::new(Summary::default());
    thread::scope(|scope| {
        for _ in 0..threads.max(1) {
            scope.spawn(|| {
                loop {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    if seed >= first.saturating_add(count) {
                        return;
                    }
                    let played = play(seed);
                    done(seed);
                    let Ok(mut summary) = summary.lock() else { return };
                    summary.seeds += 1;
                    summary.figures += played.figures;
                    if let Err(failure) = played.result {
                        next.store(u64::MAX / 2, Ordering::Relaxed);
                        if summary.failure.as_ref().is_none_or(|(earlier, _)| seed < *earlier) {
                            summary.failure = Some((seed, failure));
                        }
                    }
                }
            });
        }
    });
    summary.into_inner().unwrap_or_default()
}
