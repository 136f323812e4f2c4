//! A private PostgreSQL cluster for one environment: in its own folder, on a Unix socket, ended with it.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::process::Process;

const MISSING: &str = "PostgreSQL's server programs are missing: apt-get install -y postgresql";

/// A running cluster; dropping it ends it.
pub struct Postgres {
    // Declared first, so that the server ends before its folder goes.
    _server: Process,
    folder: tempfile::TempDir,
}

impl Postgres {
    /// Makes and starts a cluster. Its log is `log`.
    ///
    /// # Errors
    /// If PostgreSQL is not installed, with the command that installs it, or does not start.
    pub async fn start(log: &Path) -> Result<Self> {
        let programs = programs()?;
        let as_postgres = rustix::process::getuid().is_root();
        // A short path: Unix sockets have at most 107 octets. And one that the user postgres may enter.
        let folder = tempfile::Builder::new().prefix("causeway-pg").tempdir_in("/tmp")?;
        if as_postgres {
            let owned = Command::new("chown").arg("postgres").arg(folder.path()).status()?;
            anyhow::ensure!(owned.success(), "cannot give {} to the user postgres", folder.path().display());
        }
        let data = folder.path().join("data");
        let made = command(programs.join("initdb"), as_postgres)
            .args(["--locale=C", "--encoding=UTF8", "--auth=trust", "--username=causeway", "--no-sync", "-D"])
            .arg(&data)
            .output()
            .context("initdb")?;
        if !made.status.success() {
            bail!("initdb: {}", String::from_utf8_lossy(&made.stderr));
        }
        let mut server = command(programs.join("postgres"), as_postgres);
        server.arg("-D").arg(&data).args(["-c", "listen_addresses=", "-c", "fsync=off", "-k"]).arg(folder.path());
        let mut server = Process::start("postgres", server, log)?;
        // Its socket is there before it takes connections.
        let is_ready = || Command::new(programs.join("pg_isready")).args(["--quiet", "--host"]).arg(folder.path()).status();
        server.ready("to take connections", async || is_ready().is_ok_and(|status| status.success())).await?;
        Ok(Self { _server: server, folder })
    }

    /// The URL of its database.
    pub fn url(&self) -> String {
        format!("postgres://causeway@localhost/postgres?host={}", self.folder.path().display())
    }
}

fn programs() -> Result<PathBuf> {
    let versions = std::fs::read_dir("/usr/lib/postgresql").context(MISSING)?;
    let mut found: Vec<PathBuf> = versions.filter_map(Result::ok).map(|entry| entry.path().join("bin")).collect();
    found.retain(|path| path.join("initdb").exists());
    found.sort();
    found.pop().context(MISSING)
}

/// PostgreSQL refuses to run as root: then it runs as its own user.
fn command(program: PathBuf, as_postgres: bool) -> Command {
    let mut command = Command::new(if as_postgres { PathBuf::from("setpriv") } else { program.clone() });
    if as_postgres {
        command.args(["--reuid=postgres", "--regid=postgres", "--init-groups", "--"]).arg(program);
    }
    command.current_dir("/");
    command
}
