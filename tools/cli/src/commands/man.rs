//! `causewayctl man --directory <folder>`

use std::path::PathBuf;

use anyhow::Context;
use clap::CommandFactory;

use crate::arguments;

/// Writes the manual: one page for each command.
#[derive(Debug, clap::Args)]
#[command(after_long_help = "Example:\n  causewayctl man --directory /usr/local/share/man/man1")]
pub(crate) struct Arguments {
    /// Into this folder, which has to exist.
    #[arg(long, value_name = "FOLDER")]
    directory: PathBuf,
}

pub(crate) fn run(arguments: &Arguments) -> anyhow::Result<String> {
    let command = arguments::Arguments::command();
    clap_mangen::generate_to(command, &arguments.directory)
        .with_context(|| format!("cannot write to {}", arguments.directory.display()))?;
    Ok(String::new())
}
