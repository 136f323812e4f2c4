//! The configuration: one file per section, checked as a whole before anything starts.
//!
//! What may stand in it is data ([`keys`]); values come from defaults, systemd credentials, the file and the
//! environment, each later one over the earlier ([`values`]); all that is wrong is told at once ([`problems`]).

mod admin;
mod bridge;
mod checks;
mod credentials;
mod database;
mod document;
pub(crate) mod dump;
mod environment;
mod files;
mod general;
mod groups;
mod keys;
mod kind;
mod log;
mod matrix;
mod mimi;
mod nearest;
mod peers;
mod problems;
pub(crate) mod sample;
pub(crate) mod schema;
mod values;

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::Context;
use serde::Deserialize;

pub(crate) use admin::AdminConfig;
pub(crate) use bridge::BridgeConfig;
pub(crate) use database::DatabaseConfig;
pub(crate) use groups::GroupsConfig;
pub(crate) use log::{LogConfig, LogFormat};
pub(crate) use matrix::MatrixConfig;
pub(crate) use mimi::MimiConfig;
pub(crate) use peers::Peers;
pub(crate) use problems::Problems;
use problems::{Place, Problem};
use values::Values;

/// What `--config` names.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Config {
    /// Where the gateway keeps what it makes itself.
    pub(crate) data_directory: PathBuf,
    /// The key of the database's secrets.
    master_key: Option<PathBuf>,
    /// The keys of what is to be forgotten.
    slices: Option<PathBuf>,
    slice_minutes: u64,
    /// The homeserver.
    pub(crate) matrix: MatrixConfig,
    /// The provider.
    pub(crate) mimi: MimiConfig,
    /// What may be bridged.
    pub(crate) bridge: BridgeConfig,
    /// The MLS groups.
    pub(crate) groups: GroupsConfig,
    /// The database.
    #[serde(default)]
    database: DatabaseConfig,
    /// The operator's listener.
    pub(crate) admin: AdminConfig,
    /// What is logged.
    pub(crate) log: LogConfig,
    /// How MIMI providers are reached.
    #[serde(default)]
    pub(crate) peers: Peers,
}

/// A file, with what the environment makes of it, and what is wrong with it.
pub(crate) struct Loaded {
    /// All values.
    pub(crate) values: Values,
    /// All problems.
    pub(crate) problems: Problems,
    folder: PathBuf,
}

impl Loaded {
    /// Reads a file, the environment and the credentials, and checks everything.
    ///
    /// # Errors
    /// Only if the file cannot be read.
    pub(crate) fn read(path: &Path) -> anyhow::Result<Self> {
        let text = std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
        let variables: Vec<_> =
            std::env::vars_os().filter_map(|(name, text)| Some((name.into_string().ok()?, text.into_string().ok()?))).collect();
        Self::of(path, &text, &variables)
    }

    fn of(path: &Path, text: &str, variables: &[(String, String)]) -> anyhow::Result<Self> {
        let folder = std::path::absolute(path)?.parent().unwrap_or(Path::new("/")).to_owned();
        let (mut values, mut problems) = (Values::new(&folder), Problems::new(path));
        credentials::read(variables, &mut values);
        let is_whole = document::read(text, &mut values, &mut problems);
        environment::read(variables, &mut values, &mut problems);
        if is_whole {
            checks::complete(&mut values, &mut problems);
        }
        checks::check(&values, &mut problems);
        files::check(&values, &mut problems);
        problems.sort();
        Ok(Self { values, problems, folder })
    }

    /// The configuration, if nothing is wrong with it.
    ///
    /// # Errors
    /// All that is wrong.
    pub(crate) fn config(self) -> Result<Config, Problems> {
        let Self { values, mut problems, folder } = self;
        if problems.errors() > 0 {
            return Err(problems);
        }
        match values.document().try_into::<Config>() {
            Ok(mut config) => {
                config.resolve_paths(&folder);
                Ok(config)
            }
            Err(error) => {
                problems.add(Problem::error(Place::File, error.message()));
                Err(problems)
            }
        }
    }
}

impl Config {
    /// Reads a file that has to be right.
    ///
    /// # Errors
    /// All that is wrong.
    pub(crate) fn read(path: &Path) -> anyhow::Result<Self> {
        Loaded::read(path)?.config().map_err(|problems| anyhow::anyhow!("{problems}"))
    }

    fn resolve_paths(&mut self, folder: &Path) {
        self.data_directory = folder.join(&self.data_directory);
        resolve_all(folder, &mut self.master_key);
        resolve_all(folder, &mut self.slices);
        self.matrix.resolve_paths(folder);
        self.mimi.resolve_paths(folder);
        self.database.resolve_paths(folder);
        self.admin.resolve_paths(folder);
    }

    /// The database's URL.
    ///
    /// # Errors
    /// If the file that holds it cannot be read.
    pub(crate) fn database_url(&self) -> anyhow::Result<String> {
        self.database.url(&self.data_directory)
    }

    /// The file of the key ring, which seals what is secret in the database.
    pub(crate) fn master_key(&self) -> PathBuf {
        self.master_key.clone().unwrap_or_else(|| self.data_directory.join("master.key"))
    }

    /// The file of the slice ring, which seals what is to be forgotten.
    pub(crate) fn slices(&self) -> PathBuf {
        self.slices.clone().unwrap_or_else(|| self.data_directory.join("slices"))
    }

    /// How long a slice is in use.
    pub(crate) fn slice_period(&self) -> Duration {
        Duration::from_secs(60 * self.slice_minutes)
    }

    /// The file with the token of the operator's listener.
    pub(crate) fn admin_token(&self) -> PathBuf {
        self.admin.token_file.clone().unwrap_or_else(|| self.data_directory.join("admin.token"))
    }
}

/// Makes each path absolute.
fn resolve_all<'a>(folder: &Path, paths: impl IntoIterator<Item = &'a mut PathBuf>) {
    for path in paths {
        *path = folder.join(&*path);
    }
}

#[cfg(test)]
mod tests;
