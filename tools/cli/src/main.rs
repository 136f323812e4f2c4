#![doc = include_str!("../README.md")]

mod arguments;
mod commands;
mod database;
mod find;
mod render;
mod time;

use std::io::Write;
use std::process::ExitCode;

use crate::arguments::{Arguments, Command, GroupCommand, KeysCommand, LossCommand, ParkedCommand, QueueCommand, RoomCommand};

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    match run(Arguments::from_command_line()).await {
        Ok(text) => print(&text),
        Err(error) => {
            eprintln!("causewayctl: {error:#}");
            ExitCode::from(1)
        }
    }
}

async fn run(arguments: Arguments) -> anyhow::Result<String> {
    let output = arguments.output;
    if let Command::Explain { code } = &arguments.command {
        return commands::explain::run(code.as_deref(), output);
    }
    let store = database::open(&arguments.database).await?;
    match arguments.command {
        Command::Explain { code } => commands::explain::run(code.as_deref(), output),
        Command::Room(RoomCommand::List) => commands::room_list::run(&store, output).await,
        Command::Room(RoomCommand::Show { room }) => commands::room_show::run(&store, &room, output).await,
        Command::Group(GroupCommand::List) => commands::group_list::run(&store, output).await,
        Command::Group(GroupCommand::Epochs { room }) => commands::group_epochs::run(&store, &room, output).await,
        Command::Group(GroupCommand::Members { room }) => commands::group_members::run(&store, &room, output).await,
        Command::Queue(QueueCommand::List) => commands::queue_list::run(&store, output).await,
        Command::Parked(ParkedCommand::List) => commands::parked_list::run(&store, output).await,
        Command::Parked(ParkedCommand::Show { id }) => commands::parked_show::run(&store, id, output).await,
        Command::Keys(KeysCommand::Status) => commands::keys_status::run(&store, output).await,
        Command::Loss(LossCommand::List { room }) => commands::loss_list::run(&store, room.as_deref(), output).await,
    }
}

/// A reader that has gone away (`| head`) is no failure.
fn print(text: &str) -> ExitCode {
    match std::io::stdout().write_all(text.as_bytes()) {
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => ExitCode::from(1),
        _ => ExitCode::SUCCESS,
    }
}
