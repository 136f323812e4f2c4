//! The gateway as a process.

use std::fs::{self, OpenOptions};
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use anyhow::{Context, Result};
use http::{Method, StatusCode};

use crate::certificates::Authority;
use crate::environment::Programs;
use crate::http_client::HttpClient;
use crate::patience::{self, Look};
use crate::ports;
use crate::process::Process;
use crate::reference::Peer;

/// What of a gateway's configuration is not the same everywhere.
#[derive(Clone, Copy, Default)]
pub struct Settings<'a> {
    /// A database other than the embedded one.
    pub database_url: Option<&'a str>,
    /// Ports of its homeserver: the one of its name, by which a tap is reached, and the one behind that.
    pub tapped: Option<(u16, u16)>,
    /// Whether it has Matrix rooms with its peers.
    pub peers_room: bool,
}

/// A running gateway.
pub struct Gateway {
    /// Its homeserver name.
    pub server_name: String,
    /// Its provider domain.
    pub domain: String,
    /// Its configuration file.
    pub configuration: PathBuf,
    admin: HttpClient,
    database_url: String,
    programs: Programs,
    process: Mutex<Process>,
    starts: AtomicU32,
}

impl Gateway {
    /// Writes its configuration into `folder` and starts it.
    ///
    /// # Errors
    /// If it does not become ready, with the end of its log.
    pub async fn start(
        programs: &Programs,
        folder: &Path,
        authority: &Authority,
        (own, peers): (&Peer, &[Peer]),
        settings: Settings<'_>,
    ) -> Result<Self> {
        fs::create_dir_all(folder)?;
        let [free_port, admin_port] = ports::free()?;
        let (matrix_port, listening_port) = settings.tapped.unwrap_or((free_port, free_port));
        for (name, issued) in
            [("gateway", authority.issue(&["localhost", "127.0.0.1"])), ("provider", authority.issue(&[&own.domain]))]
        {
            fs::write(folder.join(format!("{name}.pem")), issued.certificate_pem)?;
            write_private(&folder.join(format!("{name}.key")), &issued.private_key_pem)?;
        }
        fs::write(folder.join("ca.pem"), authority.root_pem())?;
        let file = folder.join("causeway.toml");
        let settings = Settings { tapped: Some((matrix_port, listening_port)), ..settings };
        fs::write(&file, configuration(own, peers, admin_port, settings))?;
        let process = serve(programs, &file, &folder.with_extension("log"), &[]).await?;
        Ok(Self {
            server_name: format!("localhost:{matrix_port}"),
            domain: own.domain.clone(),
            configuration: file,
            admin: HttpClient::new(admin_port),
            database_url: settings
                .database_url
                .map_or_else(|| format!("sqlite://{}", folder.join("data/causeway.db").display()), str::to_owned),
            programs: programs.clone(),
            process: Mutex::new(process),
            starts: AtomicU32::new(1),
        })
    }

    /// The gateway's own Matrix user.
    pub fn own_user(&self) -> String {
        format!("@_causeway:{}", self.server_name)
    }

    /// The ghost of a MIMI user with a plain name.
    pub fn ghost(&self, domain: &str, user: &str) -> String {
        format!("@_mimi_{domain}/{user}:{}", self.server_name)
    }

    /// The MIMI URI of a Matrix user.
    pub fn puppet(&self, matrix_user: &str) -> String {
        let name = matrix_user.trim_start_matches('@').replace(':', "%3A");
        format!("mimi://{}/u/{name}", self.domain)
    }

    /// Its operator's listener.
    pub fn admin(&self) -> &HttpClient {
        &self.admin
    }

    /// Waits until it says that it is ready; or that it is not, and that this check is the reason.
    ///
    /// # Errors
    /// If it does not say so in time: what it says.
    pub async fn says_ready(&self, not_because: Option<&str>) -> Result<()> {
        patience::until(format!("/readyz, failing: {not_because:?}"), async || {
            let answer = self.admin.request(Method::GET, "/readyz", None).await?;
            let is_so = match not_because {
                None => answer.status == StatusCode::OK,
                Some(name) => {
                    let checks = answer.body["checks"].as_array().into_iter().flatten();
                    let failing = checks.filter(|check| check["ok"] == false).any(|check| check["name"] == name);
                    answer.status == StatusCode::SERVICE_UNAVAILABLE && failing
                }
            };
            Ok(Look::from_option(is_so.then_some(()), || format!("{} {}", answer.status, answer.body)))
        })
        .await
    }

    fn process(&self) -> MutexGuard<'_, Process> {
        self.process.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Ends it the way a crash does.
    ///
    /// # Errors
    /// If it cannot be waited for.
    pub fn crash(&self) -> Result<()> {
        self.process().kill().map(|_| ())
    }

    /// Has it die at these places, each after so many passes, in whatever order it comes by; it needs the feature
    /// `crash-points`. What was planned before is forgotten.
    ///
    /// # Errors
    /// If the plan cannot be written.
    pub fn plan_deaths(&self, deaths: &[(&str, u64)]) -> Result<()> {
        let lines: String = deaths.iter().map(|(place, passes)| format!("{place} {passes}\n")).collect();
        Ok(fs::write(crash_plan(&self.configuration), lines)?)
    }

    /// What of the plan it has not come by yet.
    pub fn planned_deaths(&self) -> Vec<String> {
        let plan = fs::read_to_string(crash_plan(&self.configuration)).unwrap_or_default();
        plan.lines().map(str::to_owned).collect()
    }

    /// Whether it has ended.
    ///
    /// # Errors
    /// If that cannot be found out.
    pub fn is_dead(&self) -> Result<bool> {
        self.process().has_ended()
    }

    /// Adds a line to its configuration, behind the head of a table.
    ///
    /// # Errors
    /// If there is no such table, or the file cannot be written.
    pub fn configure(&self, table: &str, line: &str) -> Result<()> {
        let text = fs::read_to_string(&self.configuration)?;
        let (before, after) = text.split_once(&format!("{table}\n")).with_context(|| format!("no {table}"))?;
        Ok(fs::write(&self.configuration, format!("{before}{table}\n{line}\n{after}"))?)
    }

    /// How much memory it has, in octets.
    ///
    /// # Errors
    /// If the system does not tell.
    pub fn memory(&self) -> Result<u64> {
        let status = fs::read_to_string(format!("/proc/{}/status", self.process().id()))?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).context("no VmRSS")?;
        Ok(line.trim().trim_end_matches(" kB").parse::<u64>()? * 1024)
    }

    /// Starts it again, with the configuration and data that it had. It gets a log of its own.
    ///
    /// # Errors
    /// If it does not become ready, with the end of its log.
    pub async fn start_again(&self) -> Result<()> {
        self.start_again_with(&[]).await
    }

    /// The same with something more in its environment.
    ///
    /// # Errors
    /// As [`Self::start_again`].
    pub async fn start_again_with(&self, environment: &[(&str, &str)]) -> Result<()> {
        let number = self.starts.fetch_add(1, Ordering::Relaxed) + 1;
        let log = self.folder().with_extension(format!("{number}.log"));
        let started = serve(&self.programs, &self.configuration, &log, environment).await?;
        *self.process() = started;
        Ok(())
    }

    /// Runs `causewayctl` on it.
    ///
    /// # Errors
    /// If it cannot be run.
    pub async fn causewayctl(&self, arguments: &[&str]) -> Result<Output> {
        let mut command = tokio::process::Command::new(&self.programs.causewayctl);
        command.arg("--config").arg(&self.configuration).args(arguments).kill_on_drop(true);
        command.output().await.context("cannot run causewayctl")
    }

    /// All that it has logged, start by start.
    ///
    /// # Errors
    /// If a log cannot be read.
    pub fn log(&self) -> Result<String> {
        let folder = self.folder();
        let first = fs::read_to_string(folder.with_extension("log"))?;
        let later = 2..=self.starts.load(Ordering::Relaxed);
        let later = later.map(|number| fs::read_to_string(folder.with_extension(format!("{number}.log"))));
        Ok(first + &later.collect::<Result<String, _>>()?)
    }

    /// Where its database is.
    pub fn database_url(&self) -> &str {
        &self.database_url
    }

    /// Where its configuration and its data are.
    pub fn folder(&self) -> &Path {
        self.configuration.parent().unwrap_or(Path::new("."))
    }

    /// The process id.
    pub fn id(&self) -> u32 {
        self.process().id()
    }

    /// Asks it to end, without waiting for it.
    pub fn terminate(&self) {
        self.process().terminate();
    }
}

fn write_private(file: &Path, text: &str) -> Result<()> {
    let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(file)?;
    Ok(file.write_all(text.as_bytes())?)
}

fn crash_plan(configuration: &Path) -> PathBuf {
    configuration.with_file_name("crash-plan")
}

async fn serve(programs: &Programs, file: &Path, log: &Path, environment: &[(&str, &str)]) -> Result<Process> {
    let mut command = Command::new(&programs.causeway);
    command.args(["serve", "--config"]).arg(file).envs(programs.environment.iter().copied());
    command.env("CAUSEWAY_CRASH_PLAN", crash_plan(file)).envs(environment.iter().copied());
    let mut process = Process::start("causeway", command, log)?;
    process.ready_line("causeway is ready").await?;
    Ok(process)
}

fn configuration(own: &Peer, peers: &[Peer], admin_port: u16, settings: Settings<'_>) -> String {
    let (matrix_port, listening_port) = settings.tapped.unwrap_or_default();
    let mut text = format!(
        r#"data_directory = "data"

[matrix]
server_name = "localhost:{matrix_port}"
listen = "127.0.0.1:{listening_port}"
certificate = "gateway.pem"
private_key = "gateway.key"
trusted_roots = ["ca.pem"]
allowed_networks = ["127.0.0.0/8", "::1/128"]

[mimi]
provider = "{domain}"
listen = "127.0.0.1:{port}"
certificate = "provider.pem"
private_key = "provider.key"
trusted_roots = ["ca.pem"]

[bridge]
endpoint_mode = true

[groups]
peers_room = {peers_room}

[admin]
listen = "127.0.0.1:{admin_port}"

[log]
format = "json"

"#,
        domain = own.domain,
        port = own.port,
        peers_room = settings.peers_room,
    );
    if let Some(url) = settings.database_url {
        text.push_str(&format!("[database]\nurl = \"{url}\"\n\n"));
    }
    for peer in peers.iter().filter(|peer| peer.domain != own.domain) {
        text.push_str(&peer.table());
    }
    text
}
