#![doc = include_str!("../README.md")]

mod admin;
mod arguments;
mod commands;
mod config;
mod database;
mod decode;
mod doctor;
mod find;
mod forks;
mod lane;
mod outcome;
mod peers;
mod printing;
mod probe;
mod render;
mod time;
mod verify;

use std::io::Write;
use std::process::ExitCode;

use crate::arguments::{
    Arguments, AuditCommand, Command, GroupCommand, KeysCommand, LossCommand, ParkedCommand, PeerCommand, QueueCommand, RoomCommand,
};
use crate::outcome::{FINDING, OK, Outcome};

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    match run(Arguments::from_command_line()).await {
        Ok(outcome) => print(&outcome),
        Err(error) => {
            // What peers or files say stands in errors, too.
            eprintln!("causewayctl: {}", render::escaped_lines(&format!("{error:#}")));
            ExitCode::from(outcome::code(&error))
        }
    }
}

async fn run(arguments: Arguments) -> anyhow::Result<Outcome> {
    let style = arguments.printing.style();
    let named = &arguments.database;
    let open = || database::open(named);
    let text = match arguments.command {
        Command::Room(RoomCommand::List) => commands::room_list::run(&open().await?, style).await,
        Command::Room(RoomCommand::Show(name)) => commands::room_show::run(&open().await?, &name.room, style).await,
        Command::Group(GroupCommand::List) => commands::group_list::run(&open().await?, style).await,
        Command::Group(GroupCommand::Show(name)) => commands::group_show::run(&open().await?, &name.room, style).await,
        Command::Group(GroupCommand::Epochs(name)) => commands::group_epochs::run(&open().await?, &name.room, style).await,
        Command::Group(GroupCommand::Forks(name)) => commands::group_forks::run(&open().await?, &name, &arguments.printing).await,
        Command::Group(GroupCommand::HubLost(arguments)) => commands::group_order::lost(named, &arguments, style).await,
        Command::Group(GroupCommand::Retain(arguments)) => commands::group_retain::run(named, &arguments, style).await,
        Command::Group(GroupCommand::Harden(arguments)) => commands::group_harden::run(named, &arguments, style).await,
        Command::Group(GroupCommand::HubBack(arguments)) => commands::group_order::back(named, &arguments, style).await,
        Command::Group(GroupCommand::OrderByRoom(arguments)) => commands::group_order::by_room(named, &arguments, style).await,
        Command::Group(GroupCommand::Override(arguments)) => {
            commands::group_recovery::override_anchor(named, &arguments, style).await
        }
        Command::Group(GroupCommand::Expel(arguments)) => commands::group_recovery::expel(named, &arguments, style).await,
        Command::Group(GroupCommand::BeginAnew(arguments)) => commands::group_recovery::begin_anew(named, &arguments, style).await,
        Command::Group(GroupCommand::Members(name)) => commands::group_members::run(&open().await?, &name.room, style).await,
        Command::Group(GroupCommand::Verify(name)) => return commands::group_verify::run(&open().await?, &name.room, style).await,
        Command::Queue(QueueCommand::List) => commands::queue_list::run(&open().await?, style).await,
        Command::Queue(QueueCommand::Show(arguments)) => commands::queue_show::run(&open().await?, &arguments, style).await,
        Command::Queue(QueueCommand::Retry(arguments)) => commands::queue_retry::run(named, &arguments, style).await,
        Command::Queue(QueueCommand::Drop(arguments)) => commands::queue_drop::run(named, &arguments, style).await,
        Command::Loss(LossCommand::List { room }) => commands::loss_list::run(&open().await?, room.as_deref(), style).await,
        Command::Parked(ParkedCommand::List) => commands::parked_list::run(&open().await?, style).await,
        Command::Parked(ParkedCommand::Show { id }) => commands::parked_show::run(&open().await?, id, style).await,
        Command::Keys(KeysCommand::Slices) => commands::keys_slices::run(&open().await?, style).await,
        Command::Keys(KeysCommand::Status) => commands::keys_status::run(&open().await?, style).await,
        Command::Parked(ParkedCommand::Replay(arguments)) => commands::parked_replay::run(named, &arguments, style).await,
        Command::Peer(PeerCommand::List) => commands::peer_list::run(&open().await?, style).await,
        Command::Peer(PeerCommand::Show(arguments)) => commands::peer_show::run(&open().await?, &arguments, style).await,
        Command::Peer(PeerCommand::Probe(arguments)) => return commands::peer_probe::run(named, &arguments, style).await,
        Command::Audit(AuditCommand::List(arguments)) => commands::audit_list::run(&open().await?, &arguments, style).await,
        Command::Trace(arguments) => commands::trace::run(&open().await?, &arguments, style).await,
        Command::Doctor(arguments) => return commands::doctor::run(named, &arguments, style).await,
        Command::Explain { code } => commands::explain::run(code.as_deref(), style),
        Command::Decode(arguments) => commands::decode::run(&arguments, style),
        Command::Completions(arguments) => commands::completions::run(&arguments),
        Command::Man(arguments) => commands::man::run(&arguments),
    };
    text.map(Outcome::from)
}

/// A reader that has gone away (`| head`) is no failure.
fn print(outcome: &Outcome) -> ExitCode {
    match std::io::stdout().write_all(outcome.text.as_bytes()) {
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => ExitCode::from(FINDING),
        _ if outcome.is_finding => ExitCode::from(FINDING),
        _ => ExitCode::from(OK),
    }
}
