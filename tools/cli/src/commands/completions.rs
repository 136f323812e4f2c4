//! `causewayctl completions <shell>`

use clap::CommandFactory;
use clap_complete::Shell;

use crate::arguments;

/// A script that completes this program's command lines.
#[derive(Debug, clap::Args)]
#[command(after_long_help = "Example:\n  causewayctl completions bash > /etc/bash_completion.d/causewayctl")]
pub(crate) struct Arguments {
    /// For this shell.
    #[arg(value_enum)]
    shell: Shell,
}

pub(crate) fn run(arguments: &Arguments) -> anyhow::Result<String> {
    let mut script = Vec::new();
    clap_complete::generate(arguments.shell, &mut arguments::Arguments::command(), "causewayctl", &mut script);
    Ok(String::from_utf8(script)?)
}
