//! A hop between two Synapses, as the demo starts them: a message is sent at one, and its receiver sees it at the other.

use std::path::Path;
use std::time::Instant;

use anyhow::Result;
use serde_json::json;

use super::figures::{Loaded, Round, Way};
use super::usage::Usage;
use super::{Extent, Progress};
use crate::certificates::Authority;
use crate::environment::homeservers;
use crate::matrix::client::MatrixClient;

/// Who talks, and where.
struct Hop {
    alice: MatrixClient,
    bob: MatrixClient,
    room: String,
    meters: [Usage; 2],
    count: usize,
}

/// Runs both homeservers in a folder.
///
/// # Errors
/// If one does not start, or a message does not arrive.
pub(super) async fn measure(extent: &Extent, folder: &Path, progress: Progress<'_>) -> Result<Way> {
    progress("two Synapses: start");
    std::fs::create_dir_all(folder)?;
    let (first, second) = homeservers(&folder.canonicalize()?, &Authority::generate()).await?;
    let (alice, bob) = (first.register("alice").await?, second.register("bob").await?);
    let room = alice.create_room(&json!({ "preset": "private_chat", "invite": [bob.user_id] })).await?;
    bob.wait_for_invite("alice's invite", |invite| invite.room_id == room).await?;
    bob.join(&room).await?;
    let mut hop = Hop { alice, bob, room, meters: [Usage::of(first.id())?, Usage::of(second.id())?], count: 0 };
    hop.alone(extent.hop_alone / 2 + 1).await?;
    let mut rounds = Vec::new();
    for number in 1..=extent.rounds {
        progress(&format!("two Synapses: messages, round {number} of {}", extent.rounds));
        rounds.push(hop.round(extent).await?);
    }
    Ok(Way::of("Synapse → Synapse", "SQLite", &rounds))
}

impl Hop {
    /// CPU of both homeservers.
    fn cpu(&self) -> Result<f64> {
        self.meters.iter().map(|meter| meter.cpu()).sum()
    }

    /// CPU of both homeservers since then when they rest, per message.
    async fn since(&self, before: f64, count: usize) -> Result<f64> {
        for meter in self.meters {
            meter.rests().await?;
        }
        Ok((self.cpu()? - before) / count.max(1) as f64)
    }

    async fn round(&mut self, extent: &Extent) -> Result<Round> {
        let before = self.cpu()?;
        let latencies = self.alone(extent.hop_alone).await?;
        let cpu_alone = self.since(before, extent.hop_alone).await?;
        let before = self.cpu()?;
        let wall = self.loaded(extent.hop_loaded).await? / extent.hop_loaded.max(1) as f64;
        let loaded = Loaded { cpu: self.since(before, extent.hop_loaded).await?, database: 0.0, wall };
        Ok(Round { cpu_alone, database_alone: 0.0, latencies, loaded: Some(loaded) })
    }

    fn texts(&mut self, count: usize) -> Vec<String> {
        let first = self.count + 1;
        self.count += count;
        (first..first + count).map(|number| format!("message {number}: the quick brown fox jumps over the lazy dog")).collect()
    }

    /// One at a time; from sending to seeing, µs.
    async fn alone(&mut self, count: usize) -> Result<Vec<f64>> {
        let mut latencies = Vec::new();
        for text in self.texts(count) {
            let began = Instant::now();
            let sees = async {
                self.sees(&text).await?;
                anyhow::Ok(began.elapsed())
            };
            let (_, elapsed) = tokio::try_join!(self.alice.say(&self.room, &text), sees)?;
            latencies.push(elapsed.as_secs_f64() * 1e6);
        }
        Ok(latencies)
    }

    async fn sees(&self, text: &str) -> Result<()> {
        self.bob.wait_for(&self.room, text, |event| event.body() == text).await.map(|_| ())
    }

    /// Four at a time; µs until the last was seen.
    async fn loaded(&mut self, count: usize) -> Result<f64> {
        let texts = self.texts(count);
        let began = Instant::now();
        let speak = async |part: usize| {
            for text in texts.iter().skip(part).step_by(4) {
                self.alice.say(&self.room, text).await?;
            }
            anyhow::Ok(())
        };
        tokio::try_join!(speak(0), speak(1), speak(2), speak(3))?;
        for text in &texts {
            self.sees(text).await?;
        }
        Ok(began.elapsed().as_secs_f64() * 1e6)
    }
}
