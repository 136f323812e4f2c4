//! Python environments below `target`, made once each.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};

use crate::progress::{quietly, step};

/// Its presence says that the environment is complete.
const MARKER: &str = ".complete";

/// An environment.
pub(super) struct Environment<'a> {
    /// For whoever watches.
    pub(super) what: &'a str,
    /// The name of its folder, which says what is in it.
    pub(super) folder: String,
    /// Packages with their versions, in pip's words.
    pub(super) packages: Vec<String>,
    /// A module that can be imported if all is well.
    pub(super) module: &'a str,
}

impl Environment<'_> {
    /// Makes it, unless it is there. It is built beside its place and then renamed, so that an interrupted download leaves
    /// nothing that looks finished. (Only `bin/python -m …` works after the renaming: scripts carry the old path.)
    ///
    /// # Errors
    /// If Python or PyPI refuse.
    pub(super) fn ensure(&self, target: &Path) -> Result<PathBuf> {
        let venv = target.join(&self.folder);
        if venv.join(MARKER).exists() && self.runs(&venv) {
            return Ok(venv);
        }
        let partial = target.join(format!("{}.partial-{}", self.folder, std::process::id()));
        step(&format!("Python environment for {}", self.what), || {
            fs::create_dir_all(target)?;
            quietly(Command::new("python3").args(["-m", "venv"]).arg(&partial))
        })?;
        step(&format!("pip install {}", self.packages.join(" ")), || {
            let mut pip = Command::new(partial.join("bin/python"));
            pip.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check"]);
            quietly(pip.args(&self.packages))
        })?;
        fs::write(partial.join(MARKER), self.packages.join("\n"))?;
        if venv.exists() {
            fs::remove_dir_all(&venv).with_context(|| format!("cannot replace {}", venv.display()))?;
        }
        fs::rename(&partial, &venv)?;
        Ok(venv)
    }

    /// A cached environment may outlive the Python that made it.
    fn runs(&self, venv: &Path) -> bool {
        quietly(Command::new(venv.join("bin/python")).args(["-c", &format!("import {}", self.module)])).is_ok()
    }
}
