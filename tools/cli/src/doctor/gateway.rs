//! Does the gateway run, and does it say that it can do its work?

use serde::Deserialize;

use super::finding::{Category, Findings};
use crate::admin;
use crate::config::Configuration;

#[derive(Deserialize)]
struct Readiness {
    checks: Vec<Check>,
}

#[derive(Deserialize)]
struct Check {
    name: String,
    ok: bool,
    error: Option<String>,
}

pub(super) async fn examine(findings: &mut Findings, configuration: &Configuration) {
    let Some(address) = configuration.values.admin.listen else {
        return findings.ok(Category::Gateway, "not asked: the configuration has no [admin] listen");
    };
    let (status, body) = match admin::get(address, "/readyz").await {
        Ok(answer) => answer,
        Err(error) => {
            let cause = format!("no gateway answers at {address}, its admin listener: {error:#}");
            return findings.problem(
                Category::Gateway,
                cause,
                "start it: causeway serve --config <FILE>; its log says why it ends",
            );
        }
    };
    if status.is_success() {
        return findings.ok(Category::Gateway, format!("it runs, and is ready, says {address}"));
    }
    let failed = match serde_json::from_slice::<Readiness>(&body) {
        Ok(Readiness { checks }) => checks.into_iter().filter(|check| !check.ok).map(say).collect::<Vec<_>>().join("; "),
        Err(_) => format!("it answers {status}"),
    };
    findings.problem(Category::Gateway, format!("it runs, but is not ready: {failed}"), "repair that; it recovers by itself");
}

fn say(check: Check) -> String {
    match check.error {
        Some(error) => format!("{}: {error}", check.name),
        None => check.name,
    }
}
