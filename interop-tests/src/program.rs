//! What the programs of this crate have in common: where they are, where their logs go, and lines beside a bar.

use std::path::PathBuf;

use anyhow::{Context, Result};
use console::Term;
use indicatif::ProgressBar;

/// The folder of this program, where Cargo puts the others, too.
///
/// # Errors
/// If it cannot be found out.
pub fn own_folder() -> Result<PathBuf> {
    let own = std::env::current_exe()?;
    Ok(own.parent().context("this program is in no folder")?.to_owned())
}

/// An empty folder of this name beside that of the programs: the logs of the last run.
///
/// # Errors
/// If what is in it cannot be removed.
pub fn log_folder(name: &str) -> Result<PathBuf> {
    let folder = own_folder()?.with_file_name(name);
    if folder.exists() {
        std::fs::remove_dir_all(&folder).with_context(|| format!("cannot clear {}", folder.display()))?;
    }
    std::fs::create_dir_all(&folder)?;
    Ok(folder)
}

/// Above the bar on a terminal, else plainly.
pub fn say(bar: &ProgressBar, line: &str) {
    // A closed stdout does not change the outcome.
    bar.suspend(|| Term::stdout().write_line(line)).unwrap_or_default();
}
