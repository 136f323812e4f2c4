//! Measures the gateway beside its floor and beside Synapse; see `docs/benchmarks.md`.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context, Result};
use clap::{Parser, ValueEnum};
use console::{Term, style};
use indicatif::{ProgressBar, ProgressStyle};
use interop_tests::bench::{self, Extent};
use interop_tests::environment::Programs;
use interop_tests::program::{log_folder, own_folder};

/// What a message costs on its way through the gateway.
#[derive(Parser)]
struct Arguments {
    /// Only a few messages: to see that it works
    #[arg(long)]
    quick: bool,
    /// How the figures are shown
    #[arg(long, value_enum, default_value_t = Output::Table)]
    output: Output,
    /// Also puts the figures into this document
    #[arg(long, value_name = "FILE")]
    write: Option<PathBuf>,
}

#[derive(Clone, Copy, ValueEnum)]
enum Output {
    Table,
    Json,
}

#[tokio::main]
async fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let result = tokio::select! {
        result = run(&arguments) => result,
        _ = tokio::signal::ctrl_c() => return ExitCode::from(130),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            Term::stderr().write_line(&format!("{} {error:#}", style("error:").red())).unwrap_or_default();
            ExitCode::FAILURE
        }
    }
}

async fn run(arguments: &Arguments) -> Result<()> {
    let extent = if arguments.quick { Extent::QUICK } else { Extent::FULL };
    let (programs, folder) = (Programs::in_folder(&own_folder()?)?, log_folder("bench")?);
    let bar = ProgressBar::new(extent.steps() as u64);
    bar.set_style(ProgressStyle::with_template("{bar:30} {pos}/{len} {msg} ({elapsed})")?);
    let begins = |what: &str| {
        bar.set_message(what.to_owned());
        bar.inc(1);
    };
    let report = bench::run(&extent, &programs, &folder, &begins).await;
    bar.finish_and_clear();
    let report = report?;
    let shown = match arguments.output {
        Output::Table => report.text(),
        Output::Json => serde_json::to_string_pretty(&report)?,
    };
    // A closed stdout does not change the outcome.
    Term::stdout().write_line(&shown).unwrap_or_default();
    if let Some(file) = &arguments.write {
        let document = std::fs::read_to_string(file).with_context(|| format!("cannot read {}", file.display()))?;
        std::fs::write(file, report.written_into(&document)?).with_context(|| format!("cannot write {}", file.display()))?;
    }
    Ok(())
}
