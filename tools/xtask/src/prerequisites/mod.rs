//! What the scenarios need beside what Cargo builds: Debian packages, and Synapse in a Python environment of its own.

mod packages;
mod promtool;
mod synapse;

use std::path::PathBuf;

use anyhow::Result;

use crate::cargo;

/// The variable by which the tests find Synapse.
pub(crate) const SYNAPSE_VENV: &str = "CAUSEWAY_SYNAPSE_VENV";

/// Prepares everything; returns where Synapse's Python environment is.
pub(crate) fn prepare() -> Result<PathBuf> {
    let venv = software()?;
    cargo::build_programs()?;
    Ok(venv)
}

/// Prepares everything, and what only tests need; returns where Synapse's Python environment is.
pub(crate) fn prepare_tests() -> Result<PathBuf> {
    promtool::ensure(&cargo::target()?)?;
    prepare()
}

/// Prepares what Cargo does not build; returns where Synapse's Python environment is.
pub(crate) fn software() -> Result<PathBuf> {
    packages::ensure_installed()?;
    synapse::ensure_venv(&cargo::target()?)
}
