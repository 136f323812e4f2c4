//! The gateway with one of its databases.

use std::path::Path;

use anyhow::{Context, Result};
use serde::Serialize;
use serde_json::json;

use super::disk::Disk;
use super::figures::{Loaded, Round, Way};
use super::floor::{Floor, Place};
use super::load::Rooms;
use super::usage::Usage;
use super::{Extent, Progress};
use crate::environment::{Database, Programs};
use crate::light::{Light, Lines, PROVIDER};
use crate::patience::{self, Look};
use crate::postgres::{Fsync, Postgres};

/// What an operator's gateway has, but for the pace, which would be all that is measured.
const ENVIRONMENT: [(&str, &str); 2] =
    [("CAUSEWAY_LOG", "info,ruma_state_res=warn"), ("CAUSEWAY_MATRIX__EVENTS_PER_SECOND", "1000000")];

/// What was measured with one database.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Measured {
    /// The gateway both ways, then the floor both ways.
    pub(super) ways: Vec<Way>,
    /// What it takes.
    pub(super) space: Space,
}

/// Memory and disk, bytes.
#[derive(Clone, Debug, Serialize)]
pub struct Space {
    /// With which database.
    pub database: &'static str,
    /// Resident memory of the gateway after its start.
    pub memory_idle: u64,
    /// And after all messages.
    pub memory_loaded: u64,
    /// Messages that were sent in all.
    pub messages: usize,
    /// What stays in the database for a message.
    pub kept_per_message: f64,
    /// Epochs that were made.
    pub epochs: u64,
    /// What stays in the database for an epoch.
    pub kept_per_epoch: f64,
    /// What was written to the disk for it.
    pub written_per_epoch: f64,
}

/// Whose counters are read.
#[derive(Clone, Copy)]
struct Meters {
    gateway: Usage,
    database: Option<Usage>,
}

impl Meters {
    /// CPU of the gateway and of its database.
    fn read(self) -> Result<(f64, f64)> {
        Ok((self.gateway.cpu()?, self.database.map_or(Ok(0.0), Usage::cpu)?))
    }

    /// What both have used since, when all is done, per message.
    async fn since(self, (gateway, database): (f64, f64), count: usize) -> Result<(f64, f64)> {
        self.gateway.rests().await?;
        let (gateway_now, database_now) = self.read()?;
        let count = count.max(1) as f64;
        Ok(((gateway_now - gateway) / count, (database_now - database) / count))
    }
}

/// Runs the gateway between light peers, in a folder.
///
/// # Errors
/// If something does not start, or a message does not arrive.
pub(super) async fn measure(
    extent: &Extent,
    (programs, database): (&Programs, Database),
    folder: &Path,
    progress: Progress<'_>,
) -> Result<Measured> {
    let name = match database {
        Database::Sqlite => "SQLite",
        Database::Postgres => "PostgreSQL",
    };
    progress(&format!("{name}: start, {} rooms", extent.rooms));
    std::fs::create_dir_all(folder)?;
    let programs = Programs { environment: ENVIRONMENT.to_vec(), ..programs.clone() };
    let postgres = match database {
        Database::Postgres => Some(Postgres::start_with(Fsync::On, &folder.join("postgres.log")).await?),
        Database::Sqlite => None,
    };
    let url = postgres.as_ref().map(Postgres::url);
    let light = Light::start_on(Lines::Direct, folder, &programs, url.as_deref()).await?;
    let gateway = Usage::of(light.gateway.id())?;
    let meters = Meters { gateway, database: postgres.as_ref().map(|server| Usage::of(server.id())).transpose()? };
    let (disk, place) = match &url {
        Some(url) => (Disk::Postgres(url.clone()), Place::Postgres(url.clone())),
        None => {
            let data = light.folder.join("gateway/data");
            (Disk::Sqlite(data.join("causeway.db"), gateway), Place::Sqlite(data.join("floor.db")))
        }
    };
    gateway.rests().await?;
    let memory_idle = gateway.memory()?;
    let mut rooms = Rooms::open(&light, extent.rooms).await?;
    let mut floor = Floor::new(&place, meters.database).await?;
    // Caches fill, connections open.
    let warm_up = (extent.alone / 4).max(extent.rooms);
    rounds(&mut rooms, &mut floor, meters, &Extent { alone: warm_up, loaded: warm_up * 2, ..*extent }).await?;

    let kept = disk.kept().await?;
    let mut measured: Vec<[Round; 4]> = Vec::new();
    for number in 1..=extent.rounds {
        progress(&format!("{name}: messages, round {number} of {}", extent.rounds));
        measured.push(rounds(&mut rooms, &mut floor, meters, extent).await?);
    }
    let memory_loaded = gateway.memory()?;
    let messages = extent.rounds * 2 * (extent.alone + extent.loaded);
    let kept_per_message = grown(kept, disk.kept().await?) / messages as f64;
    progress(&format!("{name}: {} epochs", extent.epochs));
    let [epochs, kept_per_epoch, written_per_epoch] = epochs(&light, &rooms, &disk, extent.epochs).await?;
    let way = |place: usize, what| {
        let rounds: Vec<Round> = measured.iter().filter_map(|round| round.get(place).cloned()).collect();
        Way::of(what, name, &rounds)
    };
    Ok(Measured {
        ways: vec![
            way(0, "Matrix → MIMI"),
            way(1, "MIMI → Matrix"),
            way(2, "floor: Matrix → MIMI"),
            way(3, "floor: MIMI → Matrix"),
        ],
        space: Space {
            database: name,
            memory_idle,
            memory_loaded,
            messages,
            kept_per_message,
            epochs: epochs as u64,
            kept_per_epoch,
            written_per_epoch,
        },
    })
}

/// One round of everything: the gateway both ways, the floor both ways.
async fn rounds(rooms: &mut Rooms<'_>, floor: &mut Floor, meters: Meters, extent: &Extent) -> Result<[Round; 4]> {
    let before = meters.read()?;
    let latencies = rooms.alone_to_mimi(extent.alone).await?;
    let mut to_mimi = alone(latencies, meters.since(before, extent.alone).await?);
    let before = meters.read()?;
    let latencies = rooms.alone_to_matrix(extent.alone).await?;
    let mut to_matrix = alone(latencies, meters.since(before, extent.alone).await?);
    let prepared = rooms.prepare_to_mimi(extent.loaded).await?;
    let before = meters.read()?;
    let wall = rooms.loaded_to_mimi(prepared).await?;
    to_mimi.loaded = Some(loaded(wall, extent.loaded, meters.since(before, extent.loaded).await?));
    let before = meters.read()?;
    let wall = rooms.loaded_to_matrix(extent.loaded).await?;
    to_matrix.loaded = Some(loaded(wall, extent.loaded, meters.since(before, extent.loaded).await?));
    Ok([to_mimi, to_matrix, floor.messages_to_mimi(extent.loaded).await?, floor.messages_to_matrix(extent.loaded).await?])
}

fn alone(latencies: Vec<f64>, (cpu_alone, database_alone): (f64, f64)) -> Round {
    Round { cpu_alone, database_alone, latencies, loaded: None }
}

fn loaded(wall: f64, count: usize, (cpu, database): (f64, f64)) -> Loaded {
    Loaded { cpu, database, wall: wall / count.max(1) as f64 }
}

fn grown(before: u64, after: u64) -> f64 {
    after as f64 - before as f64
}

/// alice renames a room again and again: each name is an event and an epoch. How many epochs that made, and what stays
/// of one and was written for one.
async fn epochs(light: &Light, rooms: &Rooms<'_>, disk: &Disk, count: usize) -> Result<[f64; 3]> {
    let bridge = rooms.first()?;
    let view = async || {
        let views = light.provider.control.rooms(&bridge.phone).await?;
        views.into_iter().find(|view| view.room == bridge.mimi_room).context("the room is gone")
    };
    let (first, kept, written) = (view().await?.epoch, disk.kept().await?, disk.written().await?);
    for number in 1..=count {
        let name = json!({ "name": format!("Name {number}") });
        light.matrix.set_state(&bridge.room, &bridge.alice, ("m.room.name", ""), name)?;
        light.matrix.flush(&light.gateway.server_name).await?;
    }
    let wanted = format!("Name {count}");
    let last = patience::until(format!("{wanted} at {PROVIDER}"), async || {
        let view = view().await?;
        Ok(Look::from_option((view.name == wanted).then_some(view.epoch), || view.name.clone()))
    });
    let made = grown(first, last.await?).max(1.0);
    let written = grown(written, disk.written().await?);
    Ok([made, grown(kept, disk.kept().await?) / made, written / made])
}
