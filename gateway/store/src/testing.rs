//! A private PostgreSQL cluster, for tests: in a temporary directory, on a socket of its own, ended by process id.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use tempfile::TempDir;

/// A running cluster; dropping it ends it.
pub struct Postgres {
    directory: TempDir,
    server: Child,
}

const MISSING: &str = "PostgreSQL's server programs are missing: apt-get install -y postgresql";

fn programs() -> Result<PathBuf, String> {
    let versions = std::fs::read_dir("/usr/lib/postgresql").map_err(|_| MISSING.to_owned())?;
    let mut found: Vec<PathBuf> = versions.filter_map(Result::ok).map(|entry| entry.path().join("bin")).collect();
    found.retain(|path| path.join("initdb").exists());
    found.sort();
    found.pop().ok_or_else(|| MISSING.to_owned())
}

/// PostgreSQL refuses to run as root: then it runs as its own user.
fn command(program: PathBuf, as_postgres: bool) -> Command {
    if !as_postgres {
        return Command::new(program);
    }
    let mut command = Command::new("runuser");
    command.args(["-u", "postgres", "--"]).arg(program);
    command
}

fn is_root() -> bool {
    let id = Command::new("id").arg("-u").output();
    id.is_ok_and(|output| output.stdout.starts_with(b"0\n"))
}

impl Postgres {
    /// Starts a cluster.
    ///
    /// # Errors
    /// If PostgreSQL is not installed, with the command that installs it, or does not start.
    pub fn start() -> Result<Self, String> {
        let bin = programs()?;
        let root = is_root();
        let directory = TempDir::new().map_err(|error| error.to_string())?;
        if root {
            let owned = Command::new("chown").arg("postgres").arg(directory.path()).status();
            owned.map_err(|error| error.to_string())?;
        }
        let data = directory.path().join("data");
        let made = command(bin.join("initdb"), root)
            .args(["--locale=C", "--encoding=UTF8", "--auth=trust", "--username=causeway", "--no-sync", "-D"])
            .arg(&data)
            .current_dir("/")
            .output()
            .map_err(|error| error.to_string())?;
        if !made.status.success() {
            return Err(String::from_utf8_lossy(&made.stderr).into_owned());
        }
        let server = command(bin.join("postgres"), root)
            .arg("-D")
            .arg(&data)
            .args(["-c", "listen_addresses=", "-c", "fsync=off", "-k"])
            .arg(directory.path())
            .current_dir("/")
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .map_err(|error| error.to_string())?;
        let postgres = Self { directory, server };
        postgres.wait()?;
        Ok(postgres)
    }

    /// The cluster that all tests of a process share. It ends with the process, however that ends.
    ///
    /// # Errors
    /// As [`Self::start`].
    pub fn shared() -> Result<&'static Self, String> {
        static CLUSTER: OnceLock<Result<(Postgres, Child), String>> = OnceLock::new();
        let cluster = CLUSTER.get_or_init(|| {
            let postgres = Self::start()?;
            let watchdog = postgres.end_with_this_process()?;
            Ok((postgres, watchdog))
        });
        cluster.as_ref().map(|(postgres, _)| postgres).map_err(Clone::clone)
    }

    /// Statics are never dropped: a shell whose input ends with this process ends the cluster.
    fn end_with_this_process(&self) -> Result<Child, String> {
        Command::new("sh")
            .args(["-c", "cat > /dev/null; kill -QUIT \"$1\"; sleep 0.2; rm -rf \"$2\"", "sh", &self.pid()])
            .arg(self.directory.path())
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .map_err(|error| error.to_string())
    }

    /// Where the cluster has its data and its logs.
    pub fn data(&self) -> PathBuf {
        self.directory.path().join("data")
    }

    /// A backup of the whole cluster, into a folder that is not there yet.
    ///
    /// # Errors
    /// What `pg_basebackup` says.
    pub fn base_backup(&self, to: &Path) -> Result<(), String> {
        let mut backup = Command::new(programs()?.join("pg_basebackup"));
        backup.args(["--username=causeway", "--checkpoint=fast", "--wal-method=stream", "--host"]).arg(self.directory.path());
        let made = backup.arg("--pgdata").arg(to).output().map_err(|error| error.to_string())?;
        if made.status.success() { Ok(()) } else { Err(String::from_utf8_lossy(&made.stderr).into_owned()) }
    }

    fn pid(&self) -> String {
        let file = std::fs::read_to_string(self.directory.path().join("data/postmaster.pid")).unwrap_or_default();
        file.lines().next().unwrap_or_default().to_owned()
    }

    fn wait(&self) -> Result<(), String> {
        // Its socket is there before it takes connections.
        let is_ready = || {
            let mut asked = Command::new(programs()?.join("pg_isready"));
            let asked = asked.args(["--quiet", "--host"]).arg(self.directory.path()).status();
            asked.map(|status| status.success()).map_err(|error| error.to_string())
        };
        let deadline = Instant::now() + Duration::from_secs(30);
        while Instant::now() < deadline {
            if is_ready()? {
                return Ok(());
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        Err("PostgreSQL did not start".to_owned())
    }

    /// The URL of the cluster's first database.
    pub fn url(&self) -> String {
        format!("postgres://causeway@localhost/postgres?host={}", self.directory.path().display())
    }

    /// The URL of a new, empty database.
    ///
    /// # Errors
    /// If it cannot be made.
    pub async fn database(&self, name: &str) -> Result<String, String> {
        use sqlx::Connection;
        let mut connection = sqlx::PgConnection::connect(&self.url()).await.map_err(|error| error.to_string())?;
        let statement = format!("CREATE DATABASE {name}");
        sqlx::query(sqlx::AssertSqlSafe(statement)).execute(&mut connection).await.map_err(|error| error.to_string())?;
        Ok(format!("postgres://causeway@localhost/{name}?host={}", self.directory.path().display()))
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        let pid = self.pid();
        if !pid.is_empty() {
            let ended = Command::new("kill").args(["-QUIT", &pid]).status();
            drop(ended);
        }
        drop(self.server.wait());
    }
}
