//! Which database, and how it is opened: for reading only.

use std::path::Path;

use anyhow::{Context, bail};
use causeway_store::Store;
use serde::Deserialize;

use crate::arguments::Database;

/// What of the gateway's configuration is read; the rest is the gateway's business.
#[derive(Deserialize)]
struct Configuration {
    data_directory: Option<String>,
    #[serde(default)]
    database: Section,
}

#[derive(Default, Deserialize)]
struct Section {
    url: Option<String>,
}

pub(crate) async fn open(named: &Database) -> anyhow::Result<Store> {
    let url = match (&named.database, &named.config) {
        (Some(url), _) => url.clone(),
        (None, Some(file)) => url_of(file)?,
        (None, None) => bail!("name the database: --config or --database"),
    };
    Store::connect_read_only(&url).await.with_context(|| format!("cannot open {}", without_password(&url)))
}

fn url_of(file: &Path) -> anyhow::Result<String> {
    let text = std::fs::read_to_string(file).with_context(|| format!("cannot read {}", file.display()))?;
    let configuration: Configuration = toml::from_str(&text).with_context(|| format!("cannot read {}", file.display()))?;
    let folder = file.parent().unwrap_or_else(|| Path::new(""));
    match (configuration.database.url, configuration.data_directory) {
        (Some(url), _) => Ok(resolved(&url, folder)),
        (None, Some(data)) => Ok(format!("sqlite://{}", folder.join(data).join("causeway.db").display())),
        (None, None) => bail!("{} has neither data_directory nor [database] url", file.display()),
    }
}

/// Relative paths are relative to the configuration's folder.
fn resolved(url: &str, folder: &Path) -> String {
    match url.strip_prefix("sqlite://") {
        Some(path) => format!("sqlite://{}", folder.join(path).display()),
        None => url.to_owned(),
    }
}

/// Passwords belong in no error message.
fn without_password(url: &str) -> String {
    let Some((scheme, rest)) = url.split_once("://") else { return url.to_owned() };
    match rest.rsplit_once('@') {
        Some((_, host)) => format!("{scheme}://…@{host}"),
        None => url.to_owned(),
    }
}
