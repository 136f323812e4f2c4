//! The gateway's configuration file as its tools read it: what they need of it, and tolerant of the rest, so that they
//! still help where the gateway refuses to start.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use anyhow::Context;
use serde::Deserialize;
use toml::{Table, Value};

/// A file that has been read.
pub(crate) struct Configuration {
    /// Where it stands.
    pub(crate) file: PathBuf,
    /// All of it.
    pub(crate) table: Table,
    /// What tools need of it.
    pub(crate) values: Values,
    folder: PathBuf,
}

#[derive(Default, Deserialize)]
pub(crate) struct Values {
    pub(crate) data_directory: Option<PathBuf>,
    master_key: Option<PathBuf>,
    slices: Option<PathBuf>,
    #[serde(default)]
    database: Database,
    #[serde(default)]
    pub(crate) matrix: Side,
    #[serde(default)]
    pub(crate) mimi: Side,
    #[serde(default)]
    pub(crate) admin: Admin,
    #[serde(default)]
    pub(crate) peers: BTreeMap<String, Peer>,
}

#[derive(Default, Deserialize)]
struct Database {
    url: Option<String>,
    url_file: Option<PathBuf>,
}

/// `[matrix]` or `[mimi]`.
#[derive(Default, Deserialize)]
pub(crate) struct Side {
    pub(crate) server_name: Option<String>,
    pub(crate) provider: Option<String>,
    pub(crate) certificate: Option<PathBuf>,
    pub(crate) private_key: Option<PathBuf>,
    #[serde(default)]
    pub(crate) trusted_roots: Vec<PathBuf>,
    #[serde(default)]
    pub(crate) allowed_networks: Vec<String>,
    #[serde(default)]
    pub(crate) own_homeservers: Vec<String>,
}

#[derive(Default, Deserialize)]
pub(crate) struct Admin {
    pub(crate) listen: Option<SocketAddr>,
    token_file: Option<PathBuf>,
}

#[derive(Deserialize)]
pub(crate) struct Peer {
    pub(crate) address: SocketAddr,
}

impl Configuration {
    /// Reads a file, and what the environment overrides in it.
    pub(crate) fn read(file: &Path) -> anyhow::Result<Self> {
        let text = std::fs::read_to_string(file).with_context(|| format!("cannot read {}", file.display()))?;
        let mut table: Table = toml::from_str(&text).with_context(|| format!("{} is not TOML", file.display()))?;
        override_by(std::env::vars(), &mut table);
        let values = table.clone().try_into().with_context(|| format!("cannot read {}", file.display()))?;
        let folder = file.parent().unwrap_or_else(|| Path::new("")).to_owned();
        Ok(Self { file: file.to_owned(), table, values, folder })
    }

    /// A path as the gateway understands it: relative to the file's folder.
    pub(crate) fn path(&self, path: &Path) -> PathBuf {
        self.folder.join(path)
    }

    /// The data directory.
    pub(crate) fn data_directory(&self) -> Option<PathBuf> {
        self.values.data_directory.as_deref().map(|path| self.path(path))
    }

    /// The database's URL.
    pub(crate) fn database_url(&self) -> anyhow::Result<String> {
        let database = &self.values.database;
        if let Some(url) = &database.url {
            return Ok(self.resolved(url));
        }
        if let Some(file) = &database.url_file {
            let file = self.path(file);
            let text = std::fs::read_to_string(&file).with_context(|| format!("cannot read {}", file.display()))?;
            return Ok(self.resolved(text.trim()));
        }
        let data = self.data_directory();
        let data = data.with_context(|| format!("{} has neither data_directory nor [database] url", self.file.display()))?;
        Ok(format!("sqlite://{}", data.join("causeway.db").display()))
    }

    /// Relative paths are relative to the configuration's folder.
    fn resolved(&self, url: &str) -> String {
        match url.strip_prefix("sqlite://") {
            Some(path) => format!("sqlite://{}", self.folder.join(path).display()),
            None => url.to_owned(),
        }
    }

    /// The file with the master key.
    pub(crate) fn master_key(&self) -> Option<PathBuf> {
        self.beside(self.values.master_key.as_deref(), "master.key")
    }

    /// Where the slices are.
    pub(crate) fn slices(&self) -> Option<PathBuf> {
        self.beside(self.values.slices.as_deref(), "slices")
    }

    /// The file with the admin listener's token.
    pub(crate) fn token_file(&self) -> Option<PathBuf> {
        self.beside(self.values.admin.token_file.as_deref(), "admin.token")
    }

    fn beside(&self, named: Option<&Path>, default: &str) -> Option<PathBuf> {
        match named {
            Some(path) => Some(self.path(path)),
            None => Some(self.data_directory()?.join(default)),
        }
    }
}

/// `CAUSEWAY_<SECTION>__<KEY>` stands above the file, as for the gateway.
fn override_by(variables: impl Iterator<Item = (String, String)>, table: &mut Table) {
    for (name, text) in variables {
        let Some((section, key)) = name.strip_prefix("CAUSEWAY_").and_then(|name| name.split_once("__")) else { continue };
        let parsed = toml::from_str::<Table>(&format!("value = {text}")).ok().and_then(|mut table| table.remove("value"));
        let value = match parsed {
            Some(value @ (Value::Boolean(_) | Value::Array(_))) => value,
            _ => Value::String(text),
        };
        let section = table.entry(section.to_lowercase()).or_insert_with(|| Value::Table(Table::new()));
        if let Value::Table(section) = section {
            section.insert(key.to_lowercase(), value);
        }
    }
}
