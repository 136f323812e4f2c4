//! `causeway config check`

use std::io::Write;
use std::path::Path;
use std::process::ExitCode;

use crate::config::Loaded;

/// Tells all that is wrong. Fails if the gateway would not start.
pub(crate) fn run(path: &Path) -> anyhow::Result<ExitCode> {
    let problems = Loaded::read(path)?.problems;
    writeln!(std::io::stdout(), "{problems}")?;
    Ok(if problems.errors() > 0 { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}
