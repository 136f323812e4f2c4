//! Examines a set-up: what is wrong, why, and what to do about it. One file per category.
//!
//! Findings come in the order in which one follows from another, so that the first problem is the cause.

mod certificates;
mod clock;
mod configuration;
mod database;
mod files;
mod finding;
mod gateway;
mod keys;
mod losses;
mod peers;
mod queue;
mod slices;

use causeway_store::Store;

use finding::{Category, Findings};
pub(crate) use finding::{Finding, Severity};

use crate::config::Configuration;
use crate::probe::{Probe, Setup};

/// All findings about the set-up that a configuration describes.
pub(crate) async fn examine(configuration: &Configuration, with_key: bool) -> Vec<Finding> {
    let mut findings = Findings::default();
    configuration::examine(&mut findings, configuration);
    files::examine(&mut findings, configuration);
    certificates::examine(&mut findings, configuration);
    let probes = probes(&mut findings, configuration).await;
    clock::examine(&mut findings, &probes);
    let store = database::examine(&mut findings, configuration).await;
    keys::examine(&mut findings, configuration, with_key).await;
    gateway::examine(&mut findings, configuration).await;
    peers::examine(&mut findings, &probes);
    if let Some(store) = store
        && let Err(error) = from_rows(&mut findings, &store).await
    {
        findings.problem(Category::Database, format!("the database cannot be read: {error}"), "look into the database's log");
    }
    findings.into_sorted()
}

/// What there is to say if the configuration cannot be read.
pub(crate) fn unreadable(error: &anyhow::Error) -> Finding {
    let cause = format!("{error:#}").replace('\n', " ");
    let hint = Some("`causeway config check` names the line; `causeway init` writes a new file".to_owned());
    Finding { category: Category::Configuration, severity: Severity::Problem, cause, hint }
}

async fn from_rows(findings: &mut Findings, store: &Store) -> Result<(), causeway_store::StoreError> {
    queue::examine(findings, store).await?;
    slices::examine(findings, store).await?;
    losses::examine(findings, store).await
}

/// Every provider that the configuration has an address for.
async fn probes(findings: &mut Findings, configuration: &Configuration) -> Vec<(String, Probe)> {
    let setup = match Setup::new(Some(configuration)) {
        Ok(setup) => setup,
        Err(error) => {
            let cause = format!("peers cannot be reached: {error:#}");
            findings.problem(Category::Peers, cause, "repair the file that [matrix] or [mimi] names");
            return Vec::new();
        }
    };
    let mut probes = Vec::new();
    for name in configuration.values.peers.keys() {
        probes.push((name.clone(), crate::probe::provider(&setup, name).await));
    }
    probes
}
