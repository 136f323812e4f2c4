//! The configuration file: one file per section, checked as a whole before anything starts.

mod matrix;
mod mimi;
mod peers;

use std::path::{Path, PathBuf};

use anyhow::Context;
use serde::Deserialize;

pub(crate) use matrix::{MatrixConfig, Network};
pub(crate) use mimi::MimiConfig;
pub(crate) use peers::Peers;

/// What `--config` names.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Config {
    /// Where the master key and the embedded database stand.
    pub(crate) data_directory: PathBuf,
    /// The homeserver.
    pub(crate) matrix: MatrixConfig,
    /// The provider.
    pub(crate) mimi: MimiConfig,
    /// What may be bridged.
    #[serde(default)]
    pub(crate) bridge: BridgeConfig,
    /// The database.
    #[serde(default)]
    pub(crate) database: DatabaseConfig,
    /// How MIMI providers are reached.
    #[serde(default)]
    pub(crate) peers: Peers,
}

/// `[bridge]`
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct BridgeConfig {
    /// Whether conversations in endpoint mode, in which the gateway reads messages, are allowed at all.
    #[serde(default)]
    pub(crate) endpoint_mode: bool,
}

/// `[database]`
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct DatabaseConfig {
    /// `postgres://…` or `sqlite://…`; SQLite in the data directory where it is absent.
    url: Option<String>,
}

impl Config {
    /// Reads a file. Relative paths in it are relative to its folder.
    pub(crate) fn read(path: &Path) -> anyhow::Result<Self> {
        let text = std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
        let mut config: Self = toml::from_str(&text).with_context(|| format!("{} is not a valid configuration", path.display()))?;
        let folder = path.parent().unwrap_or(Path::new("."));
        config.resolve_paths(&std::path::absolute(folder)?);
        config.matrix.check().context("[matrix]")?;
        config.mimi.check().context("[mimi]")?;
        Ok(config)
    }

    fn resolve_paths(&mut self, folder: &Path) {
        self.data_directory = folder.join(&self.data_directory);
        self.matrix.resolve_paths(folder);
        self.mimi.resolve_paths(folder);
    }

    /// The file of the key ring.
    pub(crate) fn master_key(&self) -> PathBuf {
        self.data_directory.join("master.key")
    }

    /// The database's URL.
    pub(crate) fn database_url(&self) -> String {
        match &self.database.url {
            Some(url) => url.clone(),
            None => format!("sqlite://{}", self.data_directory.join("causeway.db").display()),
        }
    }
}

/// Makes each path absolute.
fn resolve_all<'a>(folder: &Path, paths: impl IntoIterator<Item = &'a mut PathBuf>) {
    for path in paths {
        *path = folder.join(&*path);
    }
}
