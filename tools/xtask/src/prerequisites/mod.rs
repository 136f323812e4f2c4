//! What the chores need beside what Cargo builds: Debian packages, Python environments, and promtool.

mod encoder;
mod packages;
mod promtool;
mod python;
mod synapse;

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use crate::cargo;

/// The variable by which the tests find Synapse.
pub(crate) const SYNAPSE_VENV: &str = "CAUSEWAY_SYNAPSE_VENV";

/// Prepares all that the scenarios need; returns where Synapse's Python environment is.
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
    synapse::environment().ensure(&cargo::target()?)
}

/// Prepares the encoder of the vectors, which is in `folder`; returns its Python.
pub(crate) fn prepare_encoder(folder: &Path) -> Result<PathBuf> {
    packages::ensure_python()?;
    let requirements = folder.join("requirements.txt");
    let requirements = std::fs::read_to_string(&requirements).with_context(|| format!("cannot read {}", requirements.display()))?;
    Ok(encoder::environment(&requirements).ensure(&cargo::target()?)?.join("bin/python"))
}
