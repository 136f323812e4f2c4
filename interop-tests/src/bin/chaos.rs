//! The gateway is killed again and again among light peers; at the end both sides' records have to agree.

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Instant;

use anyhow::{Context, Result};
use clap::Parser;
use console::{Term, style};
use indicatif::{ProgressBar, ProgressStyle};
use interop_tests::chaos;
use interop_tests::environment::{Database, Programs};
use interop_tests::light::Light;
use interop_tests::postgres::Postgres;
use interop_tests::tables::table;

/// A light homeserver, a MIMI provider, and a gateway that does not live long.
#[derive(Parser)]
struct Arguments {
    /// How often the gateway is killed
    #[arg(long, default_value_t = 200)]
    kills: usize,
    /// Decides the moments; printed, so that a run can be repeated
    #[arg(long)]
    seed: Option<u64>,
    /// The gateway's database
    #[arg(long, value_enum, default_value_t = Database::Sqlite)]
    database: Database,
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
    let (began, seed) = (Instant::now(), arguments.seed.unwrap_or_else(rand::random));
    let (programs, folder) = (Programs::in_folder(&own_folder()?)?, log_folder()?);
    let postgres = match arguments.database {
        Database::Postgres => Some(Postgres::start(&folder.join("postgres.log")).await?),
        Database::Sqlite => None,
    };
    let url = postgres.as_ref().map(Postgres::url);
    let light = Light::start(&folder, &programs, url.as_deref()).await?;
    let bar = ProgressBar::new(arguments.kills as u64);
    bar.set_style(ProgressStyle::with_template("{bar:40} {pos}/{len} kills ({elapsed})")?);
    let storm = chaos::storm(&light, (arguments.kills, seed), &|number| bar.set_position(number as u64)).await;
    bar.finish_and_clear();
    let conversations = storm.with_context(|| format!("--seed {seed}; logs are in {}", folder.display()))?;
    let mut result = table(&["Database", "Kills", "Conversations", "Lost, doubled, reordered", "Seed", "Time"]);
    let took = format!("{:.0} s", began.elapsed().as_secs_f64());
    let counts = [arguments.kills.to_string(), conversations.to_string(), "none".to_owned(), seed.to_string(), took];
    result.add_row([format!("{:?}", arguments.database)].into_iter().chain(counts));
    // A closed stdout does not change the outcome.
    Term::stdout().write_line(&result.to_string()).unwrap_or_default();
    Ok(())
}

fn own_folder() -> Result<PathBuf> {
    let own = std::env::current_exe()?;
    Ok(own.parent().context("this program is in no folder")?.to_owned())
}

/// `chaos` beside the folder of the programs: the logs of the last run.
fn log_folder() -> Result<PathBuf> {
    let folder = own_folder()?.with_file_name("chaos");
    if folder.exists() {
        std::fs::remove_dir_all(&folder).with_context(|| format!("cannot clear {}", folder.display()))?;
    }
    std::fs::create_dir_all(&folder)?;
    Ok(folder)
}
