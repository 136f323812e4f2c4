//! Messages through the gateway: a light homeserver on one side, a provider with a device in each room on the other.

use std::time::Instant;

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};
use tokio::task::JoinSet;

use crate::control::Draft;
use crate::https::Line;
use crate::light::{Bridge, Light};

/// As many events as a transaction may have.
const BATCH: usize = 50;
/// A room version that is neither the oldest nor the newest.
const VERSION: &str = "11";

/// Rooms to talk in, and the homeserver's line to the gateway, which stays open like a real one's.
pub(super) struct Rooms<'a> {
    light: &'a Light,
    bridges: Vec<Bridge<'a>>,
    line: Line,
    /// Counts messages and transactions, whose names are new each time.
    count: usize,
}

impl<'a> Rooms<'a> {
    /// So many bridged rooms.
    pub(super) async fn open(light: &'a Light, count: usize) -> Result<Self> {
        let mut bridges = Vec::new();
        for number in 0..count {
            bridges.push(light.bridge(VERSION, &format!(".{number}")).await?);
        }
        let line = light.matrix.line(&light.gateway.server_name).await?;
        Ok(Self { light, bridges, line, count: 0 })
    }

    /// One of them.
    pub(super) fn first(&self) -> Result<&Bridge<'a>> {
        self.bridges.first().context("no room")
    }

    fn room(&self, number: usize) -> Result<&Bridge<'a>> {
        self.bridges.get(number % self.bridges.len().max(1)).context("no room")
    }

    fn text(&mut self) -> String {
        self.count += 1;
        format!("message {}: the quick brown fox jumps over the lazy dog", self.count)
    }

    /// alice's next event in a room, signed.
    fn event(&mut self, number: usize) -> Result<Value> {
        let content = json!({ "msgtype": "m.text", "body": self.text() });
        let bridge = self.room(number)?;
        Ok(self.light.matrix.own(&bridge.room, &bridge.alice, ("m.room.message", None), content)?.json())
    }

    fn transaction(&mut self, events: &[Value]) -> Result<http::Request<Vec<u8>>> {
        self.count += 1;
        self.light.matrix.transaction_request(&self.light.gateway.server_name, &format!("bench-{}", self.count), events)
    }

    /// How much each device has heard and said.
    async fn heard(&self) -> Result<Vec<usize>> {
        let mut counts = Vec::new();
        for bridge in &self.bridges {
            counts.push(self.light.provider.control.messages(&bridge.phone, &bridge.mimi_room).await?.len());
        }
        Ok(counts)
    }

    /// From Matrix to MIMI, one at a time; from sending to decrypted, µs.
    pub(super) async fn alone_to_mimi(&mut self, count: usize) -> Result<Vec<f64>> {
        let (mut heard, mut latencies) = (self.heard().await?, Vec::new());
        for number in 0..count {
            let event = self.event(number)?;
            let request = self.transaction(&[event])?;
            let place = number % heard.len();
            let Self { light, bridges, line, .. } = self;
            let (bridge, known) = (bridges.get(place).context("no room")?, heard.get_mut(place).context("no room")?);
            let began = Instant::now();
            let arrives = async {
                hears(light, bridge, (*known, *known + 1)).await?;
                anyhow::Ok(began.elapsed())
            };
            let ((), elapsed) = tokio::try_join!(taken(line, request), arrives)?;
            *known += 1;
            latencies.push(elapsed.as_secs_f64() * 1e6);
        }
        Ok(latencies)
    }

    /// From MIMI to Matrix, one at a time; from sealing to accepted by the homeserver, µs.
    pub(super) async fn alone_to_matrix(&mut self, count: usize) -> Result<Vec<f64>> {
        let mut latencies = Vec::new();
        for number in 0..count {
            let text = self.text();
            let bridge = self.room(number)?;
            let known = self.light.matrix.count(&bridge.room);
            let began = Instant::now();
            let arrives = async {
                self.light.matrix.wait_for_count(&bridge.room, known + 1).await?;
                anyhow::Ok(began.elapsed())
            };
            let ((), elapsed) = tokio::try_join!(bridge.carol_says(&text), arrives)?;
            latencies.push(elapsed.as_secs_f64() * 1e6);
        }
        Ok(latencies)
    }

    /// Events for [`Self::loaded_to_mimi`], signed before the clock runs.
    pub(super) async fn prepare_to_mimi(&mut self, count: usize) -> Result<Prepared> {
        let mut share = vec![0; self.bridges.len()];
        let mut requests = Vec::new();
        for first in (0..count).step_by(BATCH) {
            let mut events = Vec::new();
            for number in first..count.min(first + BATCH) {
                events.push(self.event(number)?);
                let place = number % share.len().max(1);
                share.get_mut(place).map(|count| *count += 1).context("no room")?;
            }
            requests.push(self.transaction(&events)?);
        }
        Ok(Prepared { requests, share, heard: self.heard().await? })
    }

    /// From Matrix to MIMI, in full transactions one after the other, as a homeserver that is behind sends them. µs until
    /// the last was decrypted.
    pub(super) async fn loaded_to_mimi(&mut self, prepared: Prepared) -> Result<f64> {
        let Prepared { requests, share, heard } = prepared;
        let Self { light, bridges, line, .. } = self;
        let began = Instant::now();
        let sending = async {
            for request in requests {
                taken(line, request).await?;
            }
            anyhow::Ok(())
        };
        let arriving = async {
            for ((bridge, share), heard) in bridges.iter().zip(share).zip(heard) {
                hears(light, bridge, (heard, heard + share)).await?;
            }
            anyhow::Ok(began.elapsed().as_secs_f64() * 1e6)
        };
        let ((), elapsed) = tokio::try_join!(sending, arriving)?;
        Ok(elapsed)
    }

    /// From MIMI to Matrix, in all rooms at once, in each the next when the hub has taken the one before. µs in all.
    pub(super) async fn loaded_to_matrix(&mut self, count: usize) -> Result<f64> {
        let share = count.div_ceil(self.bridges.len().max(1));
        let known: Vec<usize> = self.bridges.iter().map(|bridge| self.light.matrix.count(&bridge.room)).collect();
        let mut speakers = JoinSet::new();
        let began = Instant::now();
        for place in 0..self.bridges.len() {
            let texts: Vec<String> = (0..share).map(|_| self.text()).collect();
            let bridge = self.room(place)?;
            let (control, phone, room) = (self.light.provider.control.clone(), bridge.phone.clone(), bridge.mimi_room.clone());
            speakers.spawn(async move {
                for text in texts {
                    control.send(&phone, &room, Draft { kind: "text", text: &text, ..Draft::default() }).await?;
                }
                anyhow::Ok(())
            });
        }
        while let Some(spoken) = speakers.join_next().await {
            spoken??;
        }
        for (bridge, known) in self.bridges.iter().zip(known) {
            self.light.matrix.wait_for_count(&bridge.room, known + share).await?;
        }
        // As many as asked for, or a few more.
        let sent = (share * self.bridges.len()) as f64;
        Ok(began.elapsed().as_secs_f64() * 1e6 * count as f64 / sent)
    }
}

/// Transactions that wait for the clock.
pub(super) struct Prepared {
    requests: Vec<http::Request<Vec<u8>>>,
    share: Vec<usize>,
    heard: Vec<usize>,
}

/// The gateway takes a transaction with everything in it.
async fn taken(line: &mut Line, request: http::Request<Vec<u8>>) -> Result<()> {
    let answer = line.send(request).await?;
    let results = answer.json();
    let refused = results["pdus"].as_object().context("no results")?.values().find(|result| result["error"].is_string());
    ensure!(answer.status.is_success() && refused.is_none(), "{}: {}", answer.status, answer.text());
    Ok(())
}

/// The device has so many messages, of which it had some.
async fn hears(light: &Light, bridge: &Bridge<'_>, (mut known, wanted): (usize, usize)) -> Result<()> {
    while known < wanted {
        let new = light.provider.control.messages_after(&bridge.phone, &bridge.mimi_room, known).await?;
        ensure!(!new.is_empty(), "{} has {known} messages and waits for {wanted}", bridge.phone);
        known += new.len();
    }
    Ok(())
}
