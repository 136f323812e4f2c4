//! Is the database there, and is it one that this version reads?

use causeway_store::{Store, StoreError};

use super::finding::{Category, Findings};
use crate::config::Configuration;
use crate::database::without_password;

pub(super) async fn examine(findings: &mut Findings, configuration: &Configuration) -> Option<Store> {
    let url = match configuration.database_url() {
        Ok(url) => url,
        Err(error) => {
            findings.problem(Category::Database, format!("{error:#}"), "name it in [database]");
            return None;
        }
    };
    match Store::connect_read_only(&url).await {
        Ok(store) => {
            findings
                .ok(Category::Database, format!("{} opens, for reading only, and its schema is current", without_password(&url)));
            Some(store)
        }
        Err(error) => {
            let hint = match error {
                StoreError::Database(_) if url.starts_with("sqlite") => "the gateway makes it at its first start",
                StoreError::Database(_) => "does the database server run, and may we in?",
                StoreError::NewerSchema { .. } => "use the version of causeway that has written it",
                StoreError::OlderSchema { .. } => "start the gateway once: it brings the schema up to date",
                _ => "see [database] in the configuration",
            };
            findings.problem(Category::Database, format!("cannot open {}: {error}", without_password(&url)), hint);
            None
        }
    }
}
