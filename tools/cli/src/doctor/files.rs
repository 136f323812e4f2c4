//! Directories that have to be writable, secrets that have to be secret.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use super::finding::{Category, Findings};
use crate::config::Configuration;

pub(super) fn examine(findings: &mut Findings, configuration: &Configuration) {
    if let Some(data) = configuration.data_directory() {
        data_directory(findings, &data);
    }
    let values = &configuration.values;
    for key in [&values.matrix.private_key, &values.mimi.private_key].into_iter().flatten() {
        private(findings, &configuration.path(key));
    }
    if findings.is_good(Category::Files) {
        findings.ok(Category::Files, "the data directory is writable, and private keys are private");
    }
}

/// The gateway's user is the directory's owner: whether root, who may be asking, could write says nothing.
fn data_directory(findings: &mut Findings, data: &Path) {
    let shown = data.display();
    match std::fs::metadata(data) {
        Err(error) => {
            let hint = "the gateway makes it at its first start, if it may write to the folder above";
            findings.problem(Category::Files, format!("the data directory {shown} cannot be used: {error}"), hint);
        }
        Ok(metadata) if !metadata.is_dir() => {
            findings.problem(Category::Files, format!("the data directory {shown} is no directory"), "name another data_directory");
        }
        Ok(metadata) if metadata.permissions().mode() & 0o300 != 0o300 => {
            let cause = format!("the data directory {shown} is not writable for its owner (mode {})", mode(&metadata));
            findings.problem(Category::Files, cause, format!("chmod u+rwx {shown}"));
        }
        Ok(_) => {}
    }
}

/// That a key is missing or broken is a matter of its certificate.
fn private(findings: &mut Findings, key: &Path) {
    let Ok(metadata) = std::fs::metadata(key) else { return };
    if metadata.permissions().mode() & 0o007 != 0 {
        let cause = format!("everybody may read the private key {} (mode {})", key.display(), mode(&metadata));
        findings.warning(Category::Files, cause, format!("chmod o-rwx {}", key.display()));
    }
}

/// Permissions as `chmod` takes them.
pub(super) fn mode(metadata: &std::fs::Metadata) -> String {
    format!("{:04o}", metadata.permissions().mode() & 0o7777)
}
