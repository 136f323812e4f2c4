//! What a message cannot cost less than with the libraries and the database that the gateway uses: the event is checked
//! (signature and hashes) or made, the content is sealed or opened, one row is on the disk, one request goes over an open
//! TLS connection. Nothing is decided, looked up, translated, or kept for a restart. Both ends of the request are in
//! this process, as the gateway takes one request and makes another.

mod event;
mod group;
mod request;
mod row;

use std::time::Instant;

use anyhow::Result;

use super::figures::Round;
use super::usage::{Usage, own_cpu};
use event::Events;
use group::Groups;
use request::Requests;
use row::Rows;

pub(super) use row::Place;

/// As large as what the gateway stores and sends for a short text.
const PAYLOAD: usize = 1024;
/// As large as the content of a short text.
const CONTENT: usize = 256;

/// All parts.
pub(super) struct Floor {
    events: Events,
    groups: Groups,
    rows: Rows,
    requests: Requests,
    database: Option<Usage>,
}

impl Floor {
    /// Parts that are ready; a database of their own at this place, whose processes are these.
    ///
    /// # Errors
    /// If a part does not work.
    pub(super) async fn new(place: &Place, database: Option<Usage>) -> Result<Self> {
        Ok(Self {
            events: Events::new()?,
            groups: Groups::new()?,
            rows: Rows::open(place).await?,
            requests: Requests::start().await?,
            database,
        })
    }

    /// From Matrix to MIMI: check, seal, store, send.
    ///
    /// # Errors
    /// If a part does not work.
    pub(super) async fn messages_to_mimi(&mut self, count: usize) -> Result<Round> {
        let started = self.start()?;
        let mut latencies = Vec::new();
        for _ in 0..count {
            let began = Instant::now();
            self.events.check()?;
            let sealed = self.groups.seal()?;
            self.rows.store(&padded(sealed)).await?;
            self.requests.send(PAYLOAD).await?;
            latencies.push(began.elapsed().as_secs_f64() * 1e6);
        }
        self.round(started, latencies)
    }

    /// From MIMI to Matrix: open, make and sign, store, send.
    ///
    /// # Errors
    /// If a part does not work.
    pub(super) async fn messages_to_matrix(&mut self, count: usize) -> Result<Round> {
        let sealed = (0..count).map(|_| self.groups.sealed_by_peer()).collect::<Result<Vec<_>>>()?;
        let started = self.start()?;
        let mut latencies = Vec::new();
        for message in sealed {
            let began = Instant::now();
            let content = self.groups.open(&message)?;
            let event = self.events.make(&content)?;
            self.rows.store(&padded(event)).await?;
            self.requests.send(PAYLOAD).await?;
            latencies.push(began.elapsed().as_secs_f64() * 1e6);
        }
        self.round(started, latencies)
    }

    fn start(&self) -> Result<(f64, f64)> {
        Ok((own_cpu(), self.database.map_or(Ok(0.0), Usage::cpu)?))
    }

    fn round(&self, (own, database): (f64, f64), latencies: Vec<f64>) -> Result<Round> {
        let count = latencies.len().max(1) as f64;
        let (own_now, database_now) = self.start()?;
        let (cpu_alone, database_alone) = ((own_now - own) / count, (database_now - database) / count);
        Ok(Round { cpu_alone, database_alone, latencies, loaded: None })
    }
}

fn padded(mut bytes: Vec<u8>) -> Vec<u8> {
    bytes.resize(PAYLOAD, 0);
    bytes
}
