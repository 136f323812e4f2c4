//! The gateway is killed again and again among real peers, or light ones; at the end both sides' records have to agree.

use std::path::Path;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use clap::{Parser, ValueEnum};
use console::{Term, style};
use indicatif::{ProgressBar, ProgressStyle};
use interop_tests::chaos::{Clients, Homeserver, Outcome, Storm};
use interop_tests::environment::{Database, Programs, synapse_venv};
use interop_tests::light::Light;
use interop_tests::matrix::synapse::Synapse;
use interop_tests::postgres::Postgres;
use interop_tests::program::{log_folder, own_folder, say};
use interop_tests::tables::table;
use interop_tests::trio::{Lines, Trio};
use tokio::signal::unix::{SignalKind, signal};

/// A homeserver, a MIMI provider, and a gateway between them that does not live long.
#[derive(Parser)]
struct Arguments {
    /// How often the gateway is killed
    #[arg(long, default_value_t = 200)]
    kills: usize,
    /// Decides the moments and places; printed, so that a run can be repeated
    #[arg(long)]
    seed: Option<u64>,
    /// The gateway's database
    #[arg(long, value_enum, default_value_t = Database::Sqlite)]
    database: Database,
    /// The homeserver that takes part
    #[arg(long, value_enum, default_value_t = Peers::Synapse)]
    peers: Peers,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Peers {
    /// A Synapse
    Synapse,
    /// A homeserver in this process, which is quicker and also sees transactions
    Light,
}

#[tokio::main]
async fn main() -> ExitCode {
    match ending(&Arguments::parse()).await {
        Ok(code) => code,
        Err(error) => {
            Term::stderr().write_line(&format!("{} {error:#}", style("error:").red())).unwrap_or_default();
            ExitCode::FAILURE
        }
    }
}

/// The storm, or a signal: whichever way it ends, dropping the environment ends all of its processes.
async fn ending(arguments: &Arguments) -> Result<ExitCode> {
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    tokio::select! {
        result = run(arguments) => result.map(|()| ExitCode::SUCCESS),
        _ = interrupt.recv() => Ok(ExitCode::from(130)),
        _ = terminate.recv() => Ok(ExitCode::from(143)),
    }
}

async fn run(arguments: &Arguments) -> Result<()> {
    let (programs, folder) = (Programs::in_folder(&own_folder()?)?, log_folder("chaos")?);
    let bar = ProgressBar::new(arguments.kills as u64);
    bar.set_style(ProgressStyle::with_template("{spinner} {msg} ({elapsed})")?);
    bar.enable_steady_tick(Duration::from_millis(120));
    bar.set_message("starting homeserver, provider and gateway");
    let postgres = match arguments.database {
        Database::Postgres => Some(Postgres::start(&folder.join("postgres.log")).await?),
        Database::Sqlite => None,
    };
    let url = postgres.as_ref().map(Postgres::url);
    match arguments.peers {
        Peers::Light => show(arguments, (&Light::start(&folder, &programs, url.as_deref()).await?, &bar)).await,
        Peers::Synapse => {
            let venv = synapse_venv()?;
            let synapse =
                async |authority: &_, folder: &Path| Ok(Clients::of(Synapse::start(&venv, &folder.join("hs1"), authority).await?));
            let trio = Trio::around((&folder, Lines::Tapped), &programs, url.as_deref(), synapse).await?;
            show(arguments, (&trio, &bar)).await
        }
    }
}

async fn show<H: Homeserver>(arguments: &Arguments, (trio, bar): (&Trio<H>, &ProgressBar)) -> Result<()> {
    let (began, seed) = (Instant::now(), arguments.seed.unwrap_or_else(rand::random));
    say(
        bar,
        &format!("The gateway is killed {} times, and starts again each time, while people on Matrix and on MIMI", arguments.kills),
    );
    say(bar, "open rooms, come in, talk and rename them. Then both sides' own records have to agree.");
    bar.set_style(ProgressStyle::with_template("{bar:30} {pos}/{len} kills, {msg} ({elapsed})")?);
    let progress = |outcome: &Outcome| {
        bar.set_position(outcome.kills() as u64);
        let (ours, theirs) = outcome.conversations;
        bar.set_message(match outcome.kills() == arguments.kills {
            false => format!("{} conversations", ours + theirs),
            true => format!("{} conversations; the last ones come to their end", ours + theirs),
        });
    };
    progress(&Outcome::default());
    let outcome = Storm { kills: arguments.kills, seed }.rage(trio, &progress).await;
    bar.finish_and_clear();
    let outcome = outcome.with_context(|| format!("--seed {seed}; logs are in {}", trio.folder.display()))?;
    // A closed stdout does not change the outcome.
    Term::stdout().write_line(&summary(arguments, &outcome, (seed, began.elapsed()))).unwrap_or_default();
    Ok(())
}

fn summary(arguments: &Arguments, outcome: &Outcome, (seed, took): (u64, Duration)) -> String {
    let peers = format!("{:?}, the gateway on {:?}", arguments.peers, arguments.database);
    let mut lines = table(&["Peers", &peers]);
    let (ours, theirs) = outcome.conversations;
    let (on_matrix, on_mimi) = outcome.messages;
    let kills = format!("{}: {} at any moment, {} at a named place", outcome.kills(), outcome.at_any_moment, outcome.at_places);
    lines.add_row(["Kills", &kills]);
    lines.add_row(["Conversations", &format!("{}: {ours} with our hub, {theirs} with a foreign hub", ours + theirs)]);
    lines.add_row(["Messages", &format!("{on_matrix} from Matrix to MIMI, {on_mimi} from MIMI to Matrix")]);
    lines.add_row(["Lost, doubled, reordered", "none"]);
    lines.add_row(["Ratchet generations and KeyPackages used twice", "none"]);
    lines.add_row(["Seed", &seed.to_string()]);
    lines.add_row(["Time", &format!("{:.0} s", took.as_secs_f64())]);
    lines.to_string()
}
