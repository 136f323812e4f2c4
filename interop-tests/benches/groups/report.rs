//! The figures as they are published.

use std::fmt::Write;
use std::time::Duration;

use anyhow::{Context, Result};
use procfs::{CpuInfo, Current, LoadAverage};

use crate::bare_openmls::Bare;
use crate::clock::verification;
use crate::fork::Settled;
use crate::ours::Ours;

const BEGIN: &str =
    "<!-- groups: written by `cargo bench -p interop-tests --bench groups -- --large --write docs/benchmarks.md` -->";
const END: &str = "<!-- end of groups -->";

/// Groups of one size.
pub(crate) struct Row {
    pub(crate) members: usize,
    pub(crate) verification: Duration,
    pub(crate) ours: Ours,
    pub(crate) openmls: Bare,
    pub(crate) mls_rs: Option<Bare>,
}

pub(crate) struct Report {
    load_before: f32,
    pub(crate) rows: Vec<Row>,
    pub(crate) forks: Vec<Settled>,
    /// Members, octets for each of 1,000 groups.
    pub(crate) memory: Vec<(usize, [u64; 2])>,
}

/// Milliseconds, and how many verifications that is.
fn figure(took: Duration, verification: Duration) -> String {
    let (ms, verifications) = (took.as_secs_f64() * 1e3, took.as_secs_f64() / verification.as_secs_f64());
    format!("{ms:.2} ({verifications:.1})")
}

fn times(one: Duration, other: Duration) -> String {
    format!("{:.2} ×", one.as_secs_f64() / other.as_secs_f64())
}

fn table(text: &mut String, header: &[&str], rows: impl IntoIterator<Item = Vec<String>>) {
    let line = |cells: &[String]| format!("| {} |\n", cells.join(" | "));
    *text += &line(&header.iter().map(|cell| (*cell).to_owned()).collect::<Vec<_>>());
    *text += &format!("|{}\n", "---|".repeat(header.len()));
    rows.into_iter().for_each(|row| *text += &line(&row));
    text.push('\n');
}

impl Report {
    pub(crate) fn begin() -> Result<Self> {
        let load_before = LoadAverage::current()?.one;
        Ok(Self { load_before, rows: Vec::new(), forks: Vec::new(), memory: Vec::new() })
    }

    pub(crate) fn finish(&self) -> Result<String> {
        let processor = CpuInfo::current()?;
        let name = processor.model_name(0).unwrap_or("an unnamed processor").trim().to_owned();
        let load_after = LoadAverage::current()?.one;
        let verification = verification()?;
        let mut text = format!(
            "{name}, {} cores; load {:.1} before, {load_after:.1} after. One Ed25519 verification: {:.1} µs.\n\n",
            processor.num_cores(),
            self.load_before,
            verification.as_secs_f64() * 1e6
        );
        self.costs(&mut text);
        self.receiving(&mut text);
        self.octets(&mut text);
        writeln!(text, "### Forks and memory\n")?;
        let forks = self.forks.iter().map(|fork| {
            let cells = [fork.branches, fork.commits, fork.messages].map(|number| number.to_string());
            cells.into_iter().chain([figure(fork.cpu, verification)]).collect()
        });
        table(&mut text, &["branches", "commits that settle", "deliveries", "CPU of all sides, ms (verifications)"], forks);
        let kib = |octets: &u64| format!("{:.1} KiB", *octets as f64 / 1024.0);
        let memory = self.memory.iter().map(|(members, [loaded, used])| vec![members.to_string(), kib(loaded), kib(used)]);
        table(&mut text, &["members", "memory of a loaded group, mean of 1,000", "of one that has just sealed"], memory);
        Ok(text)
    }

    fn costs(&self, text: &mut String) {
        *text += "### Operations, ms of CPU (verifications)\n\n";
        let line = |row: &Row, who: &str, [seal, open, create, process, merge]: [Duration; 5]| {
            let cells = [seal, open, create, process, merge].map(|took| figure(took, row.verification));
            [row.members.to_string(), who.to_owned()].into_iter().chain(cells).collect::<Vec<_>>()
        };
        let lines = self.rows.iter().flat_map(|row| {
            let of = |bare: &Bare| [bare.seal, bare.open, bare.create, bare.process, bare.merge];
            let Ours { seal, open, create, process, merge, .. } = row.ours;
            let mut lines = vec![line(row, "ours", [seal, open, create, process, merge]), line(row, "openmls", of(&row.openmls))];
            lines.extend(row.mls_rs.as_ref().map(|mls_rs| line(row, "mls-rs", of(mls_rs))));
            lines
        });
        table(text, &["members", "engine", "seal", "open", "commit: create", "process", "merge"], lines.collect::<Vec<_>>());
    }

    fn receiving(&self, text: &mut String) {
        *text += "### A received commit, with what is stored of it\n\n";
        let lines = self.rows.iter().map(|row| {
            let Ours { process, merge, sqlite, postgres, load, .. } = row.ours;
            let bare = row.openmls.process + row.openmls.merge;
            vec![
                row.members.to_string(),
                figure(process + merge, row.verification),
                figure(sqlite.0, row.verification),
                format!("{:.2}", sqlite.1.as_secs_f64() * 1e3),
                figure(postgres.0, row.verification),
                format!("{:.2}", postgres.1.as_secs_f64() * 1e3),
                figure(bare, row.verification),
                times(process + merge + sqlite.0, bare),
                figure(load, row.verification),
            ]
        });
        let header = [
            "members",
            "process and merge",
            "+ SQLite, CPU",
            "until it is on the disk, ms",
            "+ PostgreSQL, our CPU",
            "until it is on the disk, ms",
            "openmls: process and merge",
            "ours with SQLite to openmls (aim: 1.6)",
            "load of the group",
        ];
        table(text, &header, lines.collect::<Vec<_>>());
    }

    fn octets(&self, text: &mut String) {
        *text += "### Octets\n\n";
        let lines = self.rows.iter().map(|row| {
            let ours = &row.ours;
            let octets = [
                ours.commit_octets,
                ours.received_octets,
                ours.pending_octets,
                ours.first_message_octets,
                ours.message_octets,
                ours.state_octets,
                row.openmls.state_octets,
            ];
            [row.members].into_iter().chain(octets).map(|number| number.to_string()).collect()
        });
        let header = [
            "members",
            "commit on the wire",
            "written for a received commit (aim at 1,000: 8,192)",
            "for an own one that is pending",
            "for a sender's first message in an epoch (aim: 1,024)",
            "for a later one",
            "state of a group with one client",
            "openmls' state",
        ];
        table(text, &header, lines.collect::<Vec<_>>());
    }
}

/// The document with these figures in it.
pub(crate) fn written_into(document: &str, text: &str) -> Result<String> {
    let (before, rest) = document.split_once(BEGIN).context("the document has no place for figures of groups")?;
    let (_, after) = rest.split_once(END).context("the place for figures of groups does not end")?;
    Ok(format!("{before}{BEGIN}\n\n{}\n\n{END}{after}", text.trim_end()))
}
