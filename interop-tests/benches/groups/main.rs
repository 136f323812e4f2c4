//! What groups cost: our engine with what it stores, beside openmls and mls-rs alone.
//!
//! `cargo bench -p interop-tests --bench groups -- --write docs/benchmarks.md` puts the figures into the document;
//! `--large` adds groups of 10,000.

mod bare_mls_rs;
mod bare_openmls;
mod clock;
mod fork;
mod memory;
mod ours;
mod report;
mod room;
mod stored;

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use clap::Parser;
use console::Term;
use interop_tests::postgres::{Fsync, Postgres};

use crate::report::{Report, Row};
use crate::stored::Stored;

#[derive(Parser)]
struct Arguments {
    /// Only groups of up to 100
    #[arg(long)]
    quick: bool,
    /// Groups of 10,000, too
    #[arg(long)]
    large: bool,
    /// Also puts the figures into this document
    #[arg(long, value_name = "FILE")]
    write: Option<PathBuf>,
    /// What cargo says to benchmarks.
    #[arg(long, hide = true)]
    bench: bool,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<()> {
    let arguments = Arguments::parse();
    let folder = tempfile::tempdir()?;
    let postgres = Postgres::start_with(Fsync::On, &folder.path().join("postgres.log")).await?;
    let mut stores = [
        Stored::connect(&format!("sqlite://{}", folder.path().join("causeway.db").display())).await?,
        Stored::connect(&postgres.url()).await?,
    ];
    let mut report = Report::begin()?;
    let sizes = [(2, 60), (10, 60), (100, 30), (1_000, 12), (10_000, 3)];
    let most = if arguments.quick { 100 } else { 1_000 };
    for (members, rounds) in sizes.into_iter().filter(|(members, _)| *members <= most || arguments.large) {
        Term::stderr().write_line(&format!("{members} members"))?;
        let verification = clock::verification()?;
        let ours = ours::measure(members, rounds, &mut stores).await?;
        let openmls = bare_openmls::measure(members, rounds)?;
        // Its trees of 10,000 take minutes to build.
        let mls_rs = (members <= 1_000).then(|| bare_mls_rs::measure(members, rounds)).transpose()?;
        report.rows.push(Row { members, verification, ours, openmls, mls_rs });
    }
    for branches in [2, 10] {
        report.forks.push(fork::settle(branches)?);
    }
    for members in [10, 100] {
        report.memory.push((members, memory::per_group(1_000, members)?));
    }
    let text = report.finish()?;
    Term::stdout().write_line(&text)?;
    if let Some(file) = &arguments.write {
        // cargo runs benchmarks in the package's folder.
        let file = &Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(file);
        let document = std::fs::read_to_string(file).with_context(|| format!("cannot read {}", file.display()))?;
        std::fs::write(file, report::written_into(&document, &text)?)
            .with_context(|| format!("cannot write {}", file.display()))?;
    }
    Ok(())
}
