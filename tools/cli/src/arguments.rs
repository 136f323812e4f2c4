//! What the command line says.

use std::path::PathBuf;

use clap::error::ErrorKind;
use clap::{Args, CommandFactory, Parser, Subcommand, ValueEnum};

/// Looks at a Causeway gateway through its database, whether it runs or not. Changes nothing.
#[derive(Debug, Parser)]
#[command(name = "causewayctl", version, propagate_version = true)]
pub(crate) struct Arguments {
    #[command(flatten)]
    pub(crate) database: Database,
    /// How to print.
    #[arg(short, long, global = true, value_enum, default_value_t = Output::Table)]
    pub(crate) output: Output,
    #[command(subcommand)]
    pub(crate) command: Command,
}

impl Arguments {
    /// From the command line; wrong usage ends the program with code 2.
    pub(crate) fn from_command_line() -> Self {
        let arguments = Self::parse();
        // Given before or after the subcommand, so that the parser cannot demand it.
        if arguments.command.needs_database() && arguments.database.config.is_none() && arguments.database.database.is_none() {
            let why = "name the database: --config <FILE> or --database <URL>";
            Self::command().error(ErrorKind::MissingRequiredArgument, why).exit();
        }
        arguments
    }
}

/// Where the database is.
#[derive(Debug, Args)]
#[group(multiple = false)]
pub(crate) struct Database {
    /// The gateway's configuration file; only `data_directory` and `[database] url` are read.
    #[arg(short, long, global = true, env = "CAUSEWAY_CONFIG", value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
    /// The database itself: `sqlite://<file>` or `postgres://…`.
    #[arg(short, long, global = true, env = "CAUSEWAY_DATABASE", value_name = "URL")]
    pub(crate) database: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Output {
    /// For people.
    Table,
    /// One JSON document.
    Json,
    /// One JSON object a line.
    Ndjson,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Bridged rooms.
    #[command(subcommand)]
    Room(RoomCommand),
    /// MLS groups.
    #[command(subcommand)]
    Group(GroupCommand),
    /// What waits to be sent.
    #[command(subcommand)]
    Queue(QueueCommand),
    /// What translations could not carry.
    #[command(subcommand)]
    Loss(LossCommand),
    /// What could not be processed, and waits for you.
    #[command(subcommand)]
    Parked(ParkedCommand),
    /// The keys that seal what is secret.
    #[command(subcommand)]
    Keys(KeysCommand),
    /// What a code means and what to do, for example `causewayctl explain CW-2005`. Needs no database.
    Explain {
        /// The code, with or without `CW-`; without one, all of them.
        code: Option<String>,
    },
}

impl Command {
    fn needs_database(&self) -> bool {
        !matches!(self, Self::Explain { .. })
    }
}

#[derive(Debug, Subcommand)]
pub(crate) enum RoomCommand {
    /// All conversations.
    List,
    /// One conversation.
    Show {
        /// Matrix room id, MIMI room URI or conversation id.
        room: String,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum GroupCommand {
    /// All groups, with their heads.
    List,
    /// Every epoch of a group.
    Epochs {
        /// Matrix room id, MIMI room URI or conversation id.
        room: String,
    },
    /// Participants and their clients.
    Members {
        /// Matrix room id, MIMI room URI or conversation id.
        room: String,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum QueueCommand {
    /// The outbox, lane by lane.
    List,
}

#[derive(Debug, Subcommand)]
pub(crate) enum ParkedCommand {
    /// All of it, oldest first.
    List,
    /// One of it, with what its code means.
    Show {
        /// Its number.
        id: i64,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum KeysCommand {
    /// How many sealed values are under which key, by table. A key without values is not needed any more.
    Status,
}

#[derive(Debug, Subcommand)]
pub(crate) enum LossCommand {
    /// Losses, oldest first.
    List {
        /// Of this room only: Matrix room id, MIMI room URI or conversation id.
        room: Option<String>,
    },
}
