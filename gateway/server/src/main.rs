//! `causeway`, the gateway.

mod admin;
mod certificates;
mod commands;
mod config;
mod crash;
mod forgetting;
mod http;
mod keys;
mod logging;
mod matrix;
mod mimi;
mod node;
mod outbox;
mod startup;
mod telemetry;

use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::commands::{config_check, config_dump, init, serve};
use crate::config::{sample, schema};
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
    /// Runs the gateway until it is told to stop (SIGTERM, SIGINT). SIGHUP reloads certificates.
    Serve {
        #[command(flatten)]
        file: File,
    },
    /// Writes a configuration that works, with its keys.
    #[command(after_help = "Example: causeway init --directory gateway --development")]
    Init(init::Arguments),
    /// Looks at the configuration.
    #[command(subcommand)]
    Config(ConfigCommand),
    /// The keys that seal what is secret in the database.
    Keys {
        #[command(flatten)]
        file: File,
        #[command(subcommand)]
        command: KeysCommand,
    },
}

#[derive(Subcommand)]
enum ConfigCommand {
    /// Tells all that is wrong with it, and exits with 1 if the gateway would not start.
    #[command(after_help = "Example: causeway config check --config causeway.toml")]
    Check {
        #[command(flatten)]
        file: File,
    },
    /// Prints what is in force.
    #[command(after_help = "Example: causeway config dump --explain --config causeway.toml")]
    Dump {
        #[command(flatten)]
        file: File,
        /// Says where each value comes from.
        #[arg(long)]
        explain: bool,
    },
    /// Prints the JSON schema of the file.
    Schema,
    /// Prints a commented sample of the file.
    Sample,
}

#[derive(clap::Args)]
struct File {
    /// The configuration file.
    #[arg(long, env = "CAUSEWAY_CONFIG")]
    config: PathBuf,
}

#[tokio::main]
async fn main() -> ExitCode {
    match run(Arguments::parse().command).await {
        Ok(code) => code,
        Err(error) => {
            eprintln!("causeway: {error:#}");
            ExitCode::FAILURE
        }
    }
}

async fn run(command: Command) -> anyhow::Result<ExitCode> {
    match command {
        Command::Serve { file } => serve::run(&file.config).await,
        Command::Init(arguments) => init::run(&arguments),
        Command::Config(ConfigCommand::Check { file }) => config_check::run(&file.config),
        Command::Config(ConfigCommand::Dump { file, explain }) => config_dump::run(&file.config, explain),
        Command::Keys { file, command } => commands::keys::run(&file.config, command).await,
        Command::Config(ConfigCommand::Schema) => print(&schema::render()),
        Command::Config(ConfigCommand::Sample) => print(&sample::render(&sample::Chosen::new())),
    }
}

fn print(text: &str) -> anyhow::Result<ExitCode> {
    std::io::stdout().write_all(text.as_bytes())?;
    Ok(ExitCode::SUCCESS)
}
