//! The tables, for a terminal and for the documentation.

use anyhow::{Context, Result};
use comfy_table::{ContentArrangement, Table, presets};
use serde::Serialize;

use super::Extent;
use super::figures::{Figure, Way};
use super::gateway::{Measured, Space};
use super::machine::Machine;
use crate::tables::table;

/// Between these lines of a document stand the tables.
const BEGIN: &str = "<!-- figures: written by `cargo xtask bench --write` -->";
const END: &str = "<!-- end of figures -->";

/// All figures of one run.
#[derive(Clone, Debug, Serialize)]
pub struct Report {
    /// Where they were made.
    pub machine: Machine,
    /// Whether the programs are built as an operator's.
    pub optimised: bool,
    /// Of how many messages.
    pub extent: Extent,
    /// What a message costs.
    pub ways: Vec<Way>,
    /// What the gateway and its databases take.
    pub space: Vec<Space>,
}

/// A table with its title.
struct Titled {
    title: &'static str,
    header: Vec<&'static str>,
    rows: Vec<Vec<String>>,
}

impl Report {
    pub(super) fn new(machine: Machine, extent: Extent) -> Self {
        Self { machine, optimised: !cfg!(debug_assertions), extent, ways: Vec::new(), space: Vec::new() }
    }

    pub(super) fn add_gateway(&mut self, measured: Measured) {
        self.ways.extend(measured.ways);
        self.space.push(measured.space);
    }

    pub(super) fn add_hop(&mut self, hop: Way) {
        self.ways.push(hop);
    }

    pub(super) fn finish(&mut self) -> Result<()> {
        self.machine.look_again()
    }

    fn hop(&self) -> Option<&Way> {
        self.ways.iter().find(|way| way.name.starts_with("Synapse"))
    }

    /// The floor under a way; none under a floor or a hop.
    fn floor(&self, way: &Way) -> Option<&Way> {
        self.ways.iter().find(|floor| floor.name.strip_prefix("floor: ") == Some(way.name) && floor.database == way.database)
    }

    /// How often the floor's CPU goes into this CPU, and how much of a hop's it is.
    fn ratios(&self, way: &Way, cpu: Figure, of_hop: impl Fn(&Way) -> Option<Figure>) -> [String; 2] {
        let over_floor = self.floor(way).map(|floor| format!("{:.1} ×", cpu.median / floor.cpu_alone.median));
        let is_hop = way.name.starts_with("Synapse");
        let share = self.hop().filter(|_| !is_hop).and_then(of_hop).map(|hop| format!("{:.1} %", 100.0 * cpu.median / hop.median));
        [over_floor.unwrap_or_default(), share.unwrap_or_default()]
    }

    fn tables(&self) -> [Titled; 3] {
        let alone = self.ways.iter().map(|way| {
            let [floor, hop] = self.ratios(way, way.cpu_alone, |hop| Some(hop.cpu_alone));
            let mut row = vec![way.name.to_owned(), way.database.to_owned(), ms(way.cpu_alone), floor, hop];
            row.extend([way.database_alone, way.p50, way.p95].map(ms));
            row
        });
        let loaded = self.ways.iter().filter_map(|way| {
            let (cpu, database, wall) = (way.cpu_loaded?, way.database_loaded?, way.wall_loaded?);
            let [floor, hop] = self.ratios(way, cpu, |hop| hop.cpu_loaded);
            let mut row = vec![way.name.to_owned(), way.database.to_owned(), ms(cpu), floor, hop];
            row.extend([ms(database), ms(wall), format!("{:.0}", 1e6 / wall.median)]);
            Some(row)
        });
        let space = self.space.iter().map(|space| {
            let mut row = vec![space.database.to_owned()];
            row.extend(
                [space.memory_idle, space.memory_loaded].map(|bytes| format!("{:.0} MiB", bytes as f64 / f64::from(1 << 20))),
            );
            row.extend([space.kept_per_message, space.kept_per_epoch, space.written_per_epoch].map(bytes));
            row
        });
        let shares = ["CPU", "to the floor", "of a Synapse hop", "database's CPU"];
        let columns = |more: &[&'static str]| [&["Message", "Database"], &shares[..], more].concat();
        [
            Titled { title: "One message at a time", header: columns(&["p50", "p95"]), rows: alone.collect() },
            Titled { title: "Under load", header: columns(&["time", "messages/s"]), rows: loaded.collect() },
            Titled {
                title: "Space",
                header: vec![
                    "Database",
                    "memory, idle",
                    "memory, after the load",
                    "kept per message",
                    "kept per epoch",
                    "written per epoch",
                ],
                rows: space.collect(),
            },
        ]
    }

    /// What was done, and where.
    fn lines(&self) -> String {
        let Extent { rounds, alone, loaded, rooms, hop_alone, hop_loaded, epochs } = self.extent;
        let warning = if self.optimised { "" } else { "\n\nNot optimised: these figures mean nothing." };
        format!(
            "{machine}.\n\nMedians of {rounds} rounds (least–most), ms per message. A round has {alone} messages one at a time and {loaded} \
             under load, each way, in {rooms} rooms; between Synapses {hop_alone} and {hop_loaded}. {epochs} epochs.{warning}",
            machine = self.machine.line(),
        )
    }

    /// For a terminal.
    pub fn text(&self) -> String {
        let tables = self.tables().into_iter().map(|Titled { title, header, rows }| {
            let mut table = table(&header);
            table.add_rows(rows);
            format!("\n{title}\n{table}")
        });
        format!("{}\n{}", self.lines(), tables.collect::<Vec<_>>().join("\n"))
    }

    /// For a document.
    pub fn markdown(&self) -> String {
        let tables = self.tables().into_iter().map(|Titled { title, header, rows }| {
            let mut table = Table::new();
            table.load_preset(presets::ASCII_MARKDOWN).set_content_arrangement(ContentArrangement::Disabled);
            table.set_header(header).add_rows(rows);
            format!("### {title}\n\n{table}\n")
        });
        format!("{}\n\n{}", self.lines(), tables.collect::<Vec<_>>().join("\n"))
    }

    /// A document with these figures instead of those that it has.
    ///
    /// # Errors
    /// If it has no place for them.
    pub fn written_into(&self, document: &str) -> Result<String> {
        let (before, rest) = document.split_once(BEGIN).with_context(|| format!("no line {BEGIN}"))?;
        let (_, after) = rest.split_once(END).with_context(|| format!("no line {END}"))?;
        Ok(format!("{before}{BEGIN}\n\n{}\n{END}{after}", self.markdown()))
    }
}

fn ms(Figure { median, least, most }: Figure) -> String {
    match most > 0.0 {
        true => format!("{:.2} ({:.2}–{:.2})", median / 1e3, least / 1e3, most / 1e3),
        false => String::new(),
    }
}

fn bytes(count: f64) -> String {
    format!("{count:.0} B")
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test that cannot unwrap has failed")]
mod tests {
    use super::super::figures::Round;
    use super::{BEGIN, END, Extent, Machine, Report, Way};

    fn report() -> Report {
        let mut report = Report::new(Machine::look().unwrap(), Extent::QUICK);
        let round = |cpu_alone| [Round { cpu_alone, ..Round::default() }];
        report.ways = vec![
            Way::of("Matrix → MIMI", "SQLite", &round(3_000.0)),
            Way::of("floor: Matrix → MIMI", "SQLite", &round(1_000.0)),
            Way::of("floor: Matrix → MIMI", "PostgreSQL", &round(2_000.0)),
            Way::of("Synapse → Synapse", "SQLite", &round(60_000.0)),
        ];
        report
    }

    #[test]
    fn a_way_is_compared_with_its_own_floor_and_with_the_hop() {
        let report = report();
        let line = report.markdown().lines().find(|line| line.starts_with("| Matrix → MIMI")).unwrap().to_owned();
        assert!(line.contains("3.0 ×") && line.contains("5.0 %"), "{line}");
    }

    #[test]
    fn figures_replace_figures_and_nothing_else() {
        let document = format!("# Title\n{BEGIN}\nold\n{END}\nmore\n");
        let written = report().written_into(&document).unwrap();
        assert!(written.starts_with(&format!("# Title\n{BEGIN}\n")) && written.ends_with(&format!("{END}\nmore\n")));
        assert!(!written.contains("old") && written.contains("Synapse → Synapse"));
        assert_eq!(report().written_into(&written).unwrap().matches(BEGIN).count(), 1);
        assert!(report().written_into("no place").is_err());
    }
}
