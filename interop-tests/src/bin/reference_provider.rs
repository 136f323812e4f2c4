//! The reference MIMI provider as a process.

use std::io::{IsTerminal, Write};
use std::path::PathBuf;

use anyhow::Context;
use clap::Parser;
use interop_tests::provider::Bound;
use interop_tests::provider::config::Config;
use tokio::signal::unix::{SignalKind, signal};

/// A MIMI provider to test against. All state is in memory.
#[derive(Parser)]
struct Arguments {
    /// The configuration file, TOML.
    #[arg(long)]
    config: PathBuf,
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let filter = tracing_subscriber::EnvFilter::try_from_default_env().unwrap_or_else(|_| "info".into());
    let colours = std::io::stderr().is_terminal();
    tracing_subscriber::fmt().with_env_filter(filter).with_ansi(colours).with_writer(std::io::stderr).init();
    let config = Config::load(&Arguments::parse().config)?;
    let provider = Bound::new(&config).await?;
    let mut terminated = signal(SignalKind::terminate())?;
    writeln!(std::io::stdout(), "reference-provider is ready").context("cannot write to stdout")?;
    tokio::select! {
        served = provider.serve() => served,
        _ = terminated.recv() => Ok(()),
        interrupted = tokio::signal::ctrl_c() => Ok(interrupted?),
    }
}
