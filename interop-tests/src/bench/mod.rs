//! Figures: what a message costs on its way through the gateway, beside what it cannot cost less than, and beside a hop
//! between two Synapses; all in one run on one machine, because only the ratios mean anything elsewhere.
//!
//! `gateway` measures the gateway with one of its databases, with the messages of `load`, and after each round the
//! `floor` on the same database; `disk` sees what stays in the database, `hop` is the one between Synapses. `usage` reads what
//! processes have used, `figures` makes medians, `report` the tables.

mod disk;
mod figures;
mod floor;
mod gateway;
mod hop;
mod load;
mod machine;
mod report;
mod usage;

use std::path::Path;

use anyhow::{Context, Result};
use serde::Serialize;

use crate::environment::{Database, Programs};

pub use report::Report;

/// How much is measured.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Extent {
    /// Everything is measured so many times.
    pub rounds: usize,
    /// Rooms that messages are spread over.
    pub rooms: usize,
    /// Messages a round, each sent when the one before it has arrived.
    pub alone: usize,
    /// Messages a round, sent as fast as they are taken.
    pub loaded: usize,
    /// The same between Synapses, which are slower.
    pub hop_alone: usize,
    /// The same between Synapses.
    pub hop_loaded: usize,
    /// Epochs whose size is measured.
    pub epochs: usize,
}

impl Extent {
    /// What the published figures are made of.
    pub const FULL: Self = Self { rounds: 5, rooms: 8, alone: 60, loaded: 500, hop_alone: 40, hop_loaded: 60, epochs: 100 };
    /// Enough to see that it works.
    pub const QUICK: Self = Self { rounds: 1, rooms: 2, alone: 4, loaded: 20, hop_alone: 2, hop_loaded: 4, epochs: 3 };

    /// For whoever watches: how many steps [`run`] takes.
    pub fn steps(&self) -> usize {
        2 * (self.rounds + 2) + self.rounds + 1
    }
}

/// Who hears of the progress: what begins now. Called [`Extent::steps`] times.
pub type Progress<'a> = &'a dyn Fn(&str);

/// Measures everything, in folders below `folder`.
///
/// # Errors
/// If something does not start, or a message does not arrive.
pub async fn run(extent: &Extent, programs: &Programs, folder: &Path, progress: Progress<'_>) -> Result<Report> {
    let machine = machine::Machine::look()?;
    let mut report = Report::new(machine, *extent);
    for database in [Database::Sqlite, Database::Postgres] {
        let own = folder.join(format!("{database:?}").to_lowercase());
        let measured = gateway::measure(extent, (programs, database), &own, progress).await;
        report.add_gateway(measured.with_context(|| format!("logs are in {}", own.display()))?);
    }
    let own = folder.join("hop");
    report.add_hop(hop::measure(extent, &own, progress).await.with_context(|| format!("logs are in {}", own.display()))?);
    report.finish()?;
    Ok(report)
}
