//! Synapse, from PyPI, pinned.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};

use crate::progress::{quietly, step};

/// The version that the scenarios are known to pass with.
const VERSION: &str = "1.163.2";
/// Its presence says that the environment is complete.
const MARKER: &str = ".complete";

/// Makes the Python environment with Synapse, once. It is built beside its place and then renamed, so that an
/// interrupted download leaves nothing that looks finished. (Only `bin/python -m …` works after the renaming: scripts
/// carry the old path.)
///
/// # Errors
/// If Python or PyPI refuse.
pub(super) fn ensure_venv(target: &Path) -> Result<PathBuf> {
    let venv = target.join(format!("synapse-venv-{VERSION}"));
    if venv.join(MARKER).exists() && runs(&venv) {
        return Ok(venv);
    }
    let partial = target.join(format!("synapse-venv-{VERSION}.partial-{}", std::process::id()));
    step("Python environment for Synapse", || {
        fs::create_dir_all(target)?;
        quietly(Command::new("python3").args(["-m", "venv"]).arg(&partial))
    })?;
    step(&format!("pip install matrix-synapse=={VERSION}"), || {
        let mut pip = Command::new(partial.join("bin/python"));
        pip.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check"]);
        quietly(pip.arg(format!("matrix-synapse=={VERSION}")))
    })?;
    fs::write(partial.join(MARKER), VERSION)?;
    if venv.exists() {
        fs::remove_dir_all(&venv).with_context(|| format!("cannot replace {}", venv.display()))?;
    }
    fs::rename(&partial, &venv)?;
    Ok(venv)
}

/// A cached environment may outlive the Python that made it.
fn runs(venv: &Path) -> bool {
    quietly(Command::new(venv.join("bin/python")).args(["-c", "import synapse.app.homeserver"])).is_ok()
}
