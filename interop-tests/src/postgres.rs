//! A private PostgreSQL cluster for one environment: in its own folder, on a Unix socket, ended with it.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Mutex, PoisonError};

use anyhow::{Context, Result, bail};

use crate::process::Process;
use crate::small_disk::SmallDisk;

const MISSING: &str = "PostgreSQL's server programs are missing: apt-get install -y postgresql";

/// The folder that may be a disk of its own.
const DISK: &str = "disk";
/// Whether a commit waits for the disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fsync {
    /// It does, as an operator's.
    On,
    /// It does not: no test pulls the plug.
    Off,
}

impl Fsync {
    fn setting(self) -> &'static str {
        match self {
            Self::On => "fsync=on",
            Self::Off => "fsync=off",
        }
    }
}

/// A running cluster; dropping it ends it.
pub struct Postgres {
    // Declared first, so that the server ends before its folder goes.
    server: Mutex<Process>,
    programs: PathBuf,
    fsync: Fsync,
    as_postgres: bool,
    log: PathBuf,
    disk: Option<SmallDisk>,
    folder: tempfile::TempDir,
}

impl Postgres {
    /// Makes and starts a cluster. Its log is `log`.
    ///
    /// # Errors
    /// If PostgreSQL is not installed, with the command that installs it, or does not start.
    pub async fn start(log: &Path) -> Result<Self> {
        Self::begin(log, Fsync::Off, None).await
    }

    /// The same; with [`Fsync::On`], what is committed is on the disk.
    ///
    /// # Errors
    /// As [`Self::start`].
    pub async fn start_with(fsync: Fsync, log: &Path) -> Result<Self> {
        Self::begin(log, fsync, None).await
    }

    /// The same, with its tables on a disk of so many mebibytes. Its journal is elsewhere: without room for that, PostgreSQL
    /// ends itself, which is [`Self::stop`] to the gateway.
    ///
    /// # Errors
    /// As [`Self::start`], or if there cannot be such a disk.
    pub async fn start_on_small_disk(log: &Path, mebibytes: usize) -> Result<Self> {
        Self::begin(log, Fsync::Off, Some(mebibytes)).await
    }

    async fn begin(log: &Path, fsync: Fsync, mebibytes: Option<usize>) -> Result<Self> {
        let programs = programs()?;
        let as_postgres = rustix::process::getuid().is_root();
        // A short path: Unix sockets have at most 107 octets. And one that the user postgres may enter.
        let folder = tempfile::Builder::new().prefix("causeway-pg").tempdir_in("/tmp")?;
        if as_postgres {
            let owned = Command::new("chown").arg("postgres").arg(folder.path()).status()?;
            anyhow::ensure!(owned.success(), "cannot give {} to the user postgres", folder.path().display());
        }
        let disk = mebibytes.map(|mebibytes| SmallDisk::mount(&folder.path().join(DISK), mebibytes)).transpose()?;
        let made = command(programs.join("initdb"), as_postgres)
            .args(["--locale=C", "--encoding=UTF8", "--auth=trust", "--username=causeway", "--no-sync", "-D"])
            .arg(data(folder.path()))
            .arg("--waldir")
            .arg(folder.path().join("journal"))
            .output()
            .context("initdb")?;
        if !made.status.success() {
            bail!("initdb: {}", String::from_utf8_lossy(&made.stderr));
        }
        let server = Mutex::new(serve((&programs, fsync), as_postgres, (folder.path(), log)).await?);
        Ok(Self { server, programs, fsync, as_postgres, log: log.to_owned(), disk, folder })
    }

    /// The small disk, if it is on one.
    pub fn disk(&self) -> Option<&SmallDisk> {
        self.disk.as_ref()
    }

    /// Ends the server with all its connections, whatever they are doing.
    ///
    /// # Errors
    /// If it cannot be waited for.
    pub fn stop(&self) -> Result<()> {
        self.server.lock().unwrap_or_else(PoisonError::into_inner).interrupt().map(|_| ())
    }

    /// Starts it again, with the data that it had.
    ///
    /// # Errors
    /// If it does not become ready, with the end of its log.
    pub async fn start_again(&self) -> Result<()> {
        let log = self.log.with_extension("again.log");
        let started = serve((&self.programs, self.fsync), self.as_postgres, (self.folder.path(), &log)).await?;
        *self.server.lock().unwrap_or_else(PoisonError::into_inner) = started;
        Ok(())
    }

    /// Cuts all connections of the gateway.
    ///
    /// # Errors
    /// If the server does not do it.
    pub fn cut_connections(&self) -> Result<()> {
        let statement = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'causeway'";
        let mut psql = command(self.programs.join("psql"), self.as_postgres);
        let done = psql.args(["--quiet", "--username=causeway", "--dbname=postgres", "--command", statement, "--host"]);
        let done = done.arg(self.folder.path()).output().context("psql")?;
        anyhow::ensure!(done.status.success(), "psql: {}", String::from_utf8_lossy(&done.stderr));
        Ok(())
    }

    /// The process id of the server; its backends are its children.
    pub fn id(&self) -> u32 {
        self.server.lock().unwrap_or_else(PoisonError::into_inner).id()
    }

    /// The URL of its database.
    pub fn url(&self) -> String {
        format!("postgres://causeway@localhost/postgres?host={}", self.folder.path().display())
    }
}

/// Where its tables are.
fn data(folder: &Path) -> PathBuf {
    folder.join(DISK).join("data")
}

async fn serve((programs, fsync): (&Path, Fsync), as_postgres: bool, (folder, log): (&Path, &Path)) -> Result<Process> {
    let mut server = command(programs.join("postgres"), as_postgres);
    server.arg("-D").arg(data(folder)).args(["-c", "listen_addresses=", "-c", fsync.setting(), "-k"]).arg(folder);
    let mut server = Process::start("postgres", server, log)?;
    // Its socket is there before it takes connections.
    let is_ready = || Command::new(programs.join("pg_isready")).args(["--quiet", "--host"]).arg(folder).status();
    server.ready("to take connections", async || is_ready().is_ok_and(|status| status.success())).await?;
    Ok(server)
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
