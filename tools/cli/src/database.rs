//! Which database, and how it is opened: for reading only.

use anyhow::Context;
use causeway_store::{Store, StoreError};

use crate::arguments::Database;
use crate::config::Configuration;
use crate::outcome::{Unreachable, Usage};

/// Opens the database that the command line names.
pub(crate) async fn open(named: &Database) -> anyhow::Result<Store> {
    let url = match (&named.database, &named.config) {
        (Some(url), _) => url.clone(),
        (None, Some(file)) => Configuration::read(file)?.database_url()?,
        (None, None) => return Err(Usage("name the database: --config or --database".to_owned()).into()),
    };
    let failed = || format!("cannot open {}", without_password(&url));
    match Store::connect_read_only(&url).await {
        Err(error @ StoreError::Database(_)) => Err(error).context(Unreachable(failed())),
        other => other.with_context(failed),
    }
}

/// Passwords belong in no error message.
pub(crate) fn without_password(url: &str) -> String {
    let url = url.split_once('?').map_or(url, |(url, _)| url);
    let Some((scheme, rest)) = url.split_once("://") else { return url.to_owned() };
    match rest.rsplit_once('@') {
        Some((_, host)) => format!("{scheme}://…@{host}"),
        None => url.to_owned(),
    }
}
