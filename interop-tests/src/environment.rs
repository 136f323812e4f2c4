//! Everything that a scenario runs in: two homeservers, two MIMI providers, and the gateway between them.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, anyhow, ensure};

use crate::certificates::Authority;
use crate::gateway::{Gateway, Settings};
use crate::matrix::synapse::Synapse;
use crate::ports;
use crate::postgres::Postgres;
use crate::reference::{Peer, Provider};

/// The variable that says where Synapse's Python environment is.
pub const SYNAPSE_VENV: &str = "CAUSEWAY_SYNAPSE_VENV";

/// The database of the gateway.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Database {
    /// A file in the gateway's data directory.
    Sqlite,
    /// A cluster of the environment's own.
    Postgres,
}

/// The programs under test.
#[derive(Clone, Debug)]
pub struct Programs {
    /// `causeway`
    pub causeway: PathBuf,
    /// `causewayctl`
    pub causewayctl: PathBuf,
    /// `reference-provider`
    pub reference_provider: PathBuf,
    /// What the gateway finds in its environment.
    pub environment: Vec<(&'static str, &'static str)>,
}

/// A test that has failed wants to know everything.
const VERBOSE: (&str, &str) = ("CAUSEWAY_LOG", "info,causeway=debug,ruma_state_res=warn");

impl Programs {
    /// The programs in the folder in which Cargo builds them.
    ///
    /// # Errors
    /// If one is missing.
    pub fn in_folder(folder: &Path) -> Result<Self> {
        let find = |name: &str| {
            let program = folder.join(name);
            ensure!(program.exists(), "{} is not built: run `cargo xtask test` or `cargo xtask demo`", program.display());
            Ok(program)
        };
        let (causeway, causewayctl, reference_provider) = (find("causeway")?, find("causewayctl")?, find("reference-provider")?);
        Ok(Self { causeway, causewayctl, reference_provider, environment: vec![VERBOSE] })
    }
}

/// The running environment; dropping it ends it.
pub struct Environment {
    /// The gateway. Ended first.
    pub gateway: Gateway,
    /// A provider.
    pub a: Provider,
    /// Another.
    pub b: Provider,
    /// A homeserver.
    pub hs1: Synapse,
    /// Another.
    pub hs2: Synapse,
    /// Where configurations and logs are.
    pub folder: PathBuf,
    _postgres: Option<Postgres>,
}

/// Synapse's Python environment, from [`SYNAPSE_VENV`].
///
/// # Errors
/// If the variable is not set: how to set it.
pub fn synapse_venv() -> Result<PathBuf> {
    std::env::var_os(SYNAPSE_VENV)
        .map(PathBuf::from)
        .ok_or_else(|| anyhow!("{SYNAPSE_VENV} is not set: run `cargo xtask test`, which prepares Synapse and sets it"))
}

/// Two homeservers that trust the authority, started side by side.
///
/// # Errors
/// If one does not start.
pub async fn homeservers(folder: &Path, authority: &Authority) -> Result<(Synapse, Synapse)> {
    let venv = synapse_venv()?;
    let (first, second) = (folder.join("hs1"), folder.join("hs2"));
    tokio::try_join!(Synapse::start(&venv, &first, authority), Synapse::start(&venv, &second, authority))
}

impl Environment {
    /// Starts everything in `folder`, side by side. `progress` is told what has started.
    ///
    /// # Errors
    /// If something does not start, with the end of its log.
    pub async fn start(folder: &Path, programs: &Programs, database: Database, progress: &dyn Fn(&str)) -> Result<Self> {
        std::fs::create_dir_all(folder)?;
        let folder = folder.canonicalize()?;
        let authority = Authority::generate();
        let [a, b, gateway, control_a, control_b] = ports::free()?;
        let peer = |domain: &str, port| Peer { domain: domain.to_owned(), port };
        let peers = [peer("a.test", a), peer("b.test", b), peer("gw.test", gateway)];
        let mimi = async {
            let (folder_a, folder_b) = (folder.join("a.test"), folder.join("b.test"));
            let (a, b) = tokio::try_join!(
                Provider::start(programs, &folder_a, &authority, (&peers[0], control_a), &peers),
                Provider::start(programs, &folder_b, &authority, (&peers[1], control_b), &peers),
            )?;
            progress("providers a.test and b.test");
            let postgres = match database {
                Database::Postgres => Some(Postgres::start(&folder.join("postgres.log")).await?),
                Database::Sqlite => None,
            };
            let url = postgres.as_ref().map(Postgres::url);
            let settings = Settings { database_url: url.as_deref(), ..Settings::default() };
            let gateway = Gateway::start(programs, &folder.join("gateway"), &authority, (&peers[2], &peers), settings).await?;
            progress("gateway");
            anyhow::Ok((a, b, postgres, gateway))
        };
        let matrix = async {
            let started = homeservers(&folder, &authority).await?;
            progress("homeservers hs1 and hs2");
            Ok(started)
        };
        let ((a, b, postgres, gateway), (hs1, hs2)) =
            tokio::try_join!(mimi, matrix).with_context(|| format!("logs are in {}", folder.display()))?;
        Ok(Self { gateway, a, b, hs1, hs2, folder, _postgres: postgres })
    }
}

impl Drop for Environment {
    /// All are asked to end at once; then each is waited for.
    fn drop(&mut self) {
        self.gateway.terminate();
        self.a.terminate();
        self.b.terminate();
        self.hs1.terminate();
        self.hs2.terminate();
    }
}
