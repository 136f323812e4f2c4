//! The master key: there, private, and the right one.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use causeway_store::{Keyring, Store, StoreError};

use super::files::mode;
use super::finding::{Category, Findings};
use crate::config::Configuration;

const RESTORE: &str = "restore it from its copy: without it nothing that is sealed in the database can be opened";
/// Every gateway that has started once has sealed this.
const SEALED: &str = "matrix_signing_key";

pub(super) async fn examine(findings: &mut Findings, configuration: &Configuration, with_key: bool) {
    let Some(file) = configuration.master_key() else { return };
    let shown = file.display();
    match std::fs::metadata(&file) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            return findings.problem(Category::Keys, format!("the master key {shown} is missing"), RESTORE);
        }
        Err(error) => return findings.problem(Category::Keys, format!("the master key {shown}: {error}"), RESTORE),
        Ok(metadata) if metadata.permissions().mode() & 0o077 != 0 => {
            let cause = format!("others than its owner may read the master key {shown} (mode {})", mode(&metadata));
            findings.problem(Category::Keys, cause, format!("chmod 600 {shown}"));
        }
        Ok(_) => {}
    }
    private_slices(findings, configuration);
    if with_key {
        open(findings, configuration, &file).await;
    }
    if findings.is_good(Category::Keys) {
        let tried = if with_key { "and opens what is sealed" } else { "not tried; --with-key does" };
        findings.ok(Category::Keys, format!("the master key {shown} is there and private, {tried}"));
    }
}

/// That the gateway has not made it yet, or that it is another's, is found at start.
fn private_slices(findings: &mut Findings, configuration: &Configuration) {
    let Some(file) = configuration.slices() else { return };
    let Ok(metadata) = std::fs::metadata(&file) else { return };
    if metadata.permissions().mode() & 0o077 != 0 {
        let cause = format!("others than its owner may read the slice ring {} (mode {})", file.display(), mode(&metadata));
        findings.problem(Category::Keys, cause, format!("chmod 600 {}", file.display()));
    }
}

async fn open(findings: &mut Findings, configuration: &Configuration, file: &Path) {
    let keyring = match Keyring::read(file) {
        Ok(Some(keyring)) => keyring,
        Ok(None) => return,
        Err(error) => return findings.problem(Category::Keys, format!("the master key cannot be used: {error}"), RESTORE),
    };
    let Ok(url) = configuration.database_url() else { return };
    // That it does not open is the database's finding.
    let Ok(store) = Store::connect_read_only_with(&url, keyring).await else { return };
    let opened = store.transaction("open a sealed value", |tx| Box::pin(async move { tx.secret(SEALED).await.map(|_| ()) }));
    match opened.await {
        Err(StoreError::DoesNotOpen { .. }) => {
            let cause = format!("the master key {} is not the one that the database was sealed with", file.display());
            findings.problem(Category::Keys, cause, RESTORE);
        }
        Err(error) => findings.problem(Category::Keys, format!("no sealed value can be read: {error}"), RESTORE),
        Ok(()) => {}
    }
}
