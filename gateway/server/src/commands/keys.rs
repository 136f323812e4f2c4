//! `causeway keys`

use std::io::Write;
use std::path::Path;
use std::process::ExitCode;

use crate::config::Config;
use crate::keys::{self, KeysCommand};
use crate::logging;

/// Carries out a command on the key ring.
pub(crate) async fn run(path: &Path, command: KeysCommand) -> anyhow::Result<ExitCode> {
    let config = Config::read(path)?;
    logging::start(&config.log)?;
    let told = keys::run(command, &config).await?;
    writeln!(std::io::stdout(), "{told}")?;
    Ok(ExitCode::SUCCESS)
}
