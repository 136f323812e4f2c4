//! `causeway`, the gateway.

mod config;
mod crash;
mod http;
mod keys;
mod matrix;
mod mimi;
mod node;
mod outbox;
mod startup;

use std::io::IsTerminal;
use std::path::PathBuf;

use clap::{Parser, Subcommand};
use tracing_subscriber::EnvFilter;

use crate::config::Config;
use crate::keys::KeysCommand;

/// A gateway between the Matrix federation and MIMI.
#[derive(Parser)]
#[command(name = "causeway", version, about)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Runs the gateway until it is told to stop (SIGTERM, SIGINT).
    Serve {
        /// The configuration file.
        #[arg(long, env = "CAUSEWAY_CONFIG")]
        config: PathBuf,
    },
    /// The keys that seal what is secret in the database.
    Keys {
        /// The configuration file.
        #[arg(long, env = "CAUSEWAY_CONFIG")]
        config: PathBuf,
        #[command(subcommand)]
        command: KeysCommand,
    },
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let filter = EnvFilter::try_from_env("CAUSEWAY_LOG").unwrap_or_else(|_| EnvFilter::new("info,ruma_state_res=warn"));
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).with_ansi(std::io::stderr().is_terminal()).init();
    match Arguments::parse().command {
        Command::Serve { config } => serve(&config).await,
        Command::Keys { config, command } => {
            let told = keys::run(command, &Config::read(&config)?).await?;
            #[expect(clippy::print_stdout, reason = "the answer to whoever gave the command")]
            {
                println!("{told}");
            }
            Ok(())
        }
    }
}

async fn serve(path: &std::path::Path) -> anyhow::Result<()> {
    let config = Config::read(path)?;
    let gateway = startup::prepare(&config).await?;
    let listeners = gateway.bind(&config).await?;
    #[expect(clippy::print_stdout, reason = "whoever started the process waits for this line")]
    {
        println!("causeway is ready");
    }
    listeners.run_until(stopped()).await;
    tracing::info!("stopped");
    Ok(())
}

/// Completes when the process is told to stop.
async fn stopped() {
    use tokio::signal::unix::{SignalKind, signal};
    let interrupt = tokio::signal::ctrl_c();
    match signal(SignalKind::terminate()) {
        Ok(mut terminate) => tokio::select! {
            _ = interrupt => {}
            _ = terminate.recv() => {}
        },
        Err(error) => {
            tracing::warn!(%error, "cannot listen for SIGTERM");
            interrupt.await.unwrap_or_default();
        }
    }
}
