//! `causeway config dump`

use std::io::Write;
use std::path::Path;
use std::process::ExitCode;

use crate::config::{Loaded, dump};

/// Prints what is in force. Secrets are never part of it: the configuration names files.
pub(crate) fn run(path: &Path, is_explained: bool) -> anyhow::Result<ExitCode> {
    let Loaded { values, problems, .. } = Loaded::read(path)?;
    if problems.errors() > 0 {
        eprintln!("{problems}");
        return Ok(ExitCode::FAILURE);
    }
    std::io::stdout().write_all(dump::render(&values, path, is_explained).as_bytes())?;
    Ok(ExitCode::SUCCESS)
}
