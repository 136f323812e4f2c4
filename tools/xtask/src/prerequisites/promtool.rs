//! Prometheus' own tool, which checks rules and metrics. Of Debian's package only the program is taken: no server is
//! installed, and none started.

use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result};

use super::packages;
use crate::progress::{quietly, step};

/// Puts `promtool` into `target/tools/bin`, where the tests look for it if it is not installed.
///
/// # Errors
/// If there is no such package.
pub(super) fn ensure(target: &Path) -> Result<()> {
    let bin = target.join("tools/bin");
    let program = bin.join("promtool");
    let works = |program: &Path| quietly(Command::new(program).arg("--version")).is_ok();
    if works(Path::new("promtool")) || works(&program) {
        return Ok(());
    }
    step("promtool, of Debian's package prometheus", || {
        let folder = target.join(format!("tools/promtool.partial-{}", std::process::id()));
        fs::create_dir_all(&folder)?;
        fs::create_dir_all(&bin)?;
        packages::download("prometheus", &folder).context("install Prometheus: the tests of what ships for it need promtool")?;
        let archives = fs::read_dir(&folder)?.filter_map(Result::ok).map(|entry| entry.path());
        let archive = archives.into_iter().find(|path| path.extension().is_some_and(|extension| extension == "deb"));
        let archive = archive.context("apt-get has downloaded nothing")?;
        quietly(Command::new("dpkg-deb").arg("-x").arg(archive).arg(&folder))?;
        fs::rename(folder.join("usr/bin/promtool"), &program)?;
        Ok(fs::remove_dir_all(&folder)?)
    })
}
