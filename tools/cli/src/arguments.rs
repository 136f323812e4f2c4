//! What the command line says.

use std::path::PathBuf;

use clap::error::ErrorKind;
use clap::{Args, CommandFactory, Parser, Subcommand};

use crate::commands::{
    self, completions, decode, doctor, group_forks, group_harden, group_order, group_recovery, group_retain, man, parked_replay,
    peer_probe, queue_drop, queue_retry,
};
use crate::outcome::EXIT_CODES;
use crate::printing::Printing;
use crate::render::escaped_lines;

/// Looks after a Causeway gateway.
///
/// Commands that only look read the database, whether the gateway runs or not, and change nothing. Commands that change
/// something ask the running gateway, at its admin listener.
#[derive(Debug, Parser)]
#[command(name = "causewayctl", version, propagate_version = true, after_long_help = EXIT_CODES, max_term_width = 100)]
pub(crate) struct Arguments {
    #[command(flatten)]
    pub(crate) database: Database,
    #[command(flatten)]
    pub(crate) printing: Printing,
    #[command(subcommand)]
    pub(crate) command: Command,
}

impl Arguments {
    /// From the command line; wrong usage ends the program with code 2.
    pub(crate) fn from_command_line() -> Self {
        let arguments = Self::try_parse().unwrap_or_else(|error| refuse(&error));
        // Given before or after the subcommand, so that the parser cannot demand it.
        let missing = match arguments.command.needs() {
            Needs::Nothing => None,
            Needs::Database if arguments.database.config.is_some() || arguments.database.database.is_some() => None,
            Needs::Database => Some("name the database: --config <FILE> or --database <URL>"),
            Needs::Configuration if arguments.database.config.is_some() => None,
            Needs::Configuration => Some("name the gateway's configuration: --config <FILE>"),
        };
        if let Some(why) = missing {
            refuse(&Self::command().error(ErrorKind::MissingRequiredArgument, why));
        }
        let draws = matches!(arguments.command, Command::Group(GroupCommand::Forks(_)));
        if let (false, Some(name)) = (draws, arguments.printing.format().drawing()) {
            refuse(&Self::command().error(ErrorKind::ArgumentConflict, format!("-o {name}: only `group forks` draws")));
        }
        arguments
    }
}

/// Prints what the parser has to say, and ends. Wrong usage may be a copied name: it is written out.
fn refuse(error: &clap::Error) -> ! {
    if !error.use_stderr() {
        error.exit();
    }
    eprint!("{}", escaped_lines(&error.render().to_string()));
    std::process::exit(error.exit_code());
}

/// Where the database is.
#[derive(Debug, Args)]
#[group(multiple = false)]
pub(crate) struct Database {
    /// The gateway's configuration file.
    #[arg(short, long, global = true, env = "CAUSEWAY_CONFIG", hide_env_values = true, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
    /// The database itself: `sqlite://<file>` or `postgres://…`.
    #[arg(short, long, global = true, env = "CAUSEWAY_DATABASE", hide_env_values = true, value_name = "URL")]
    pub(crate) database: Option<String>,
}

/// What a command cannot do without.
enum Needs {
    Nothing,
    Database,
    Configuration,
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
    /// Homeservers and providers.
    #[command(subcommand)]
    Peer(PeerCommand),
    /// The keys that seal what is secret.
    #[command(subcommand)]
    Keys(KeysCommand),
    /// What operators have had the gateway do.
    #[command(subcommand)]
    Audit(AuditCommand),
    Trace(commands::trace::Arguments),
    Doctor(doctor::Arguments),
    /// What a code means and what to do. Needs no database.
    #[command(after_long_help = "Example:\n  causewayctl explain CW-2005")]
    Explain {
        /// The code, with or without `CW-`; without one, all of them.
        code: Option<String>,
    },
    Decode(decode::Arguments),
    Completions(completions::Arguments),
    Man(man::Arguments),
}

impl Command {
    fn needs(&self) -> Needs {
        match self {
            Self::Explain { .. } | Self::Decode(_) | Self::Completions(_) | Self::Man(_) | Self::Peer(PeerCommand::Probe(_)) => {
                Needs::Nothing
            }
            Self::Doctor(_)
            | Self::Queue(QueueCommand::Retry(_) | QueueCommand::Drop(_))
            | Self::Parked(ParkedCommand::Replay(_))
            | Self::Group(
                GroupCommand::HubLost(_)
                | GroupCommand::HubBack(_)
                | GroupCommand::OrderByRoom(_)
                | GroupCommand::Override(_)
                | GroupCommand::Expel(_)
                | GroupCommand::BeginAnew(_)
                | GroupCommand::Retain(_)
                | GroupCommand::Harden(_),
            ) => Needs::Configuration,
            _ => Needs::Database,
        }
    }
}

#[derive(Debug, Subcommand)]
pub(crate) enum RoomCommand {
    /// All conversations.
    #[command(after_long_help = "Example:\n  causewayctl --config gateway.toml room list")]
    List,
    /// One conversation.
    #[command(after_long_help = "Example:\n  causewayctl --config gateway.toml room show '!club:matrix.example'")]
    Show(RoomName),
}

/// A room, by any of its names.
#[derive(Debug, Args)]
pub(crate) struct RoomName {
    /// Matrix room id, MIMI room URI or conversation id.
    pub(crate) room: String,
}

#[derive(Debug, Subcommand)]
pub(crate) enum GroupCommand {
    /// All groups, with their heads.
    #[command(after_long_help = "Example:\n  causewayctl --config gateway.toml group list")]
    List,
    /// One group, at its head.
    #[command(after_long_help = "Example:\n  causewayctl --config gateway.toml group show mimi://gateway.example/r/club")]
    Show(RoomName),
    /// Every epoch of a group.
    #[command(after_long_help = "Example:\n  causewayctl --config gateway.toml group epochs 1 -o ndjson")]
    Epochs(RoomName),
    Forks(group_forks::Arguments),
    /// Participants and their clients.
    #[command(after_long_help = "Example:\n  causewayctl --config gateway.toml group members '!club:matrix.example'")]
    Members(RoomName),
    /// Replays a group's epochs: is the chain whole, and does it lead to the stored state?
    ///
    /// Each epoch's name is recomputed from its parent's name and its commit, on branches that have lost a fork, too. Where
    /// the public state of the parent is kept, or has been replayed, the commit is judged there once more, all but its
    /// credentials; what comes of it has to be what is stored of the epoch. Where that cannot be done, the last column says
    /// why. The head has to be the one that the conversation names, and its confirmation tag the one of the stored public
    /// state. Ends with code 1 if anything does not fit, and names the epoch.
    #[command(after_long_help = "Example:\n  causewayctl --config gateway.toml group verify '!club:matrix.example'")]
    Verify(RoomName),
    HubLost(group_order::Lost),
    HubBack(group_order::Back),
    OrderByRoom(group_order::ByRoom),
    Override(group_recovery::Override),
    Expel(group_recovery::Expel),
    BeginAnew(group_recovery::BeginAnew),
    Retain(group_retain::Arguments),
    Harden(group_harden::Arguments),
}

#[derive(Debug, Subcommand)]
pub(crate) enum QueueCommand {
    /// The outbox, lane by lane.
    #[command(after_long_help = "Example:\n  causewayctl --config gateway.toml queue list")]
    List,
    Show(commands::queue_show::Arguments),
    Retry(queue_retry::Arguments),
    Drop(queue_drop::Arguments),
}

#[derive(Debug, Subcommand)]
pub(crate) enum LossCommand {
    /// Losses, oldest first.
    #[command(after_long_help = "Example:\n  causewayctl --config gateway.toml loss list '!club:matrix.example'")]
    List {
        /// Of this room only: Matrix room id, MIMI room URI or conversation id.
        room: Option<String>,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum ParkedCommand {
    /// All of it, oldest first.
    #[command(after_long_help = "Example:\n  causewayctl --config gateway.toml parked list")]
    List,
    /// One of it, with what its code means.
    #[command(after_long_help = "Example:\n  causewayctl --config gateway.toml parked show 3")]
    Show {
        /// Its number.
        id: i64,
    },
    Replay(parked_replay::Arguments),
}

#[derive(Debug, Subcommand)]
pub(crate) enum KeysCommand {
    /// How many sealed values are under which key, by table. A key without values is not needed any more.
    #[command(after_long_help = "Example:\n  causewayctl --config gateway.toml keys status")]
    Status,
    /// The slices that are there: how old, and how many epochs' keys are under each. One that is destroyed is not listed.
    #[command(after_long_help = "Example:\n  causewayctl --config gateway.toml keys slices")]
    Slices,
}

#[derive(Debug, Subcommand)]
pub(crate) enum AuditCommand {
    List(commands::audit_list::Arguments),
}

#[derive(Debug, Subcommand)]
pub(crate) enum PeerCommand {
    /// Every homeserver and provider that the database knows.
    #[command(after_long_help = "Example:\n  causewayctl --config gateway.toml peer list")]
    List,
    Show(commands::peer_show::Arguments),
    Probe(peer_probe::Arguments),
}
